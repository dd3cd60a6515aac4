"""What holds for every request, whoever answers it: who may ask, what the answer's headers are, how errors look."""

from __future__ import annotations

import hmac
import json
from http import HTTPStatus
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError, RequestHandler

from barscope.charts.text import block, escape

if TYPE_CHECKING:
    from barscope.dashboard.settings import Settings

_SCRIPTS = "script-src 'self' blob:"  # blob: the code of anywidget and the bundle of Plotly
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; {_SCRIPTS}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), clipboard-read=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "barscope",
}
VISITOR = "visitor"

_NOTICE = Template((Path(__file__).parent / "notice.html").read_text(encoding="utf-8"))
_WORDS = {
    HTTPStatus.UNAUTHORIZED: ("This link is not complete", "Open the dashboard with the whole link you were given."),
    HTTPStatus.NOT_FOUND: ("There is nothing here", "The dashboard is at the address without anything after it."),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "All places are taken",
        "As many people as this dashboard serves at a time are looking at it. This page tries again by itself.",
    ),
}
_OTHERWISE = ("This did not work", "Open the dashboard again with the link you were given.")
TRY_AGAIN_S = 20


class Guarded(RequestHandler):
    """Mixed in before every handler; asks nothing of it."""

    def set_default_headers(self) -> None:
        """The strict headers, on errors too."""
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        """Refuse a request that is not for this server, not from its own pages, or without the token."""
        settings: Settings = self.settings["dashboard"]
        if self.request.method not in ("GET", "HEAD", "POST"):
            raise HTTPError(HTTPStatus.METHOD_NOT_ALLOWED)
        if len(self.request.headers.get_list("Host")) != 1 or self.request.host not in settings.hosts:
            raise HTTPError(HTTPStatus.MISDIRECTED_REQUEST)
        origins = self.request.headers.get_list("Origin") + self.request.headers.get_list("Sec-WebSocket-Origin")
        if not {f"{scheme}://{self.request.host}" for scheme in ("http", "https")}.issuperset(origins):
            raise HTTPError(HTTPStatus.FORBIDDEN)
        if not self._knows_token(settings.token):
            raise HTTPError(HTTPStatus.UNAUTHORIZED)
        self.current_user = VISITOR

    def write_error(self, status_code: int, **_kwargs: Any) -> None:  # noqa: ANN401  # those of Tornado
        """A page where a person would see it, JSON elsewhere; never what went wrong inside."""
        if status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            self.set_header("Retry-After", TRY_AGAIN_S)
        if "text/html" in self.request.headers.get("Accept", ""):
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.finish(notice(status_code))
        else:
            self.set_header("Content-Type", "application/json")
            self.finish(json.dumps({"error": _words(status_code)[0]}))

    @property
    def cookie_name(self) -> str:
        """Of this server: cookies do not tell ports apart."""
        return f"barscope-{self.settings['dashboard'].port}"

    def _knows_token(self, token: str) -> bool:
        if not token or self.get_signed_cookie(self.cookie_name) == VISITOR.encode():
            return True
        scheme, _, told = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in ("bearer", "token"):
            told = self.get_query_argument("token", "")
        return hmac.compare_digest(told.strip().encode(), token.encode())


def guarded(handler: type[RequestHandler]) -> type[RequestHandler]:
    """The handler behind the checks."""
    return type(handler.__name__, (Guarded, handler), {})


def notice(status: int) -> str:
    """A page that says why the dashboard is not shown."""
    title, advice = _words(status)
    again = f'<meta http-equiv="refresh" content="{TRY_AGAIN_S}">' if status == HTTPStatus.SERVICE_UNAVAILABLE else ""
    return _NOTICE.substitute(title=escape(title), advice=block(advice), head=again)


def _words(status: int) -> tuple[str, str]:
    return _WORDS.get(HTTPStatus(status), _OTHERWISE)
