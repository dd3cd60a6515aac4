"""What programs ask of runs over HTTP: status, source, picture, metrics, log. For reading only, strict JSON.

The handlers know nothing of tokens: whoever mounts them says who a caller is. What has to be read is read on a
thread, for a limited time, so that neither a slow disk nor a slow caller holds up anybody else.
"""

from __future__ import annotations

import asyncio
import enum
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError, RequestHandler

from barscope.dashboard.answer import error_answer, json_answer

if TYPE_CHECKING:
    from barscope.dashboard.answer import Answer
    from barscope.dashboard.answers import StateSource

NAMES = ("ping", "status", "source", "visualisation", "summary", "metadata", "state", "logs")
ANSWER_SECONDS = 10.0
_THREADS = 2
_MOST_WAITING = 32
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "barscope",
}


class Caller(enum.Enum):
    """Who asks: the owner sees everything, a stranger only how runs are doing."""

    OWNER = enum.auto()
    ANONYMOUS = enum.auto()


Authenticate = Callable[[RequestHandler], Caller | None]
"""Tells who a caller is; None refuses to answer."""


def anonymous(_handler: RequestHandler) -> Caller | None:
    """Everybody may ask, as a stranger."""
    return Caller.ANONYMOUS


def handlers(
    source: StateSource | Callable[[], StateSource], prefix: str = "", authenticate: Authenticate = anonymous
) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """The rules of the endpoints for a Tornado application.

    Args:
        source: Where the runs are, or what opens it: called once, on a thread, when it is first needed.
        prefix: Stands before every address, such as `/barscope`.
        authenticate: Tells who a caller is.
    """
    desk = Desk(source, authenticate)
    return [(rf"{prefix}/{name}", Endpoint, {"desk": desk, "name": name}) for name in NAMES]


class Desk:
    """What the handlers of one mount share: the source, who may ask, and the threads that read."""

    def __init__(self, source: StateSource | Callable[[], StateSource], authenticate: Authenticate) -> None:
        self.authenticate = authenticate
        self._given = source
        self._opening = threading.Lock()
        self._opened: StateSource | None = None
        self._answers: dict[str, Any] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="barscope-endpoint")
        self._waiting = 0

    async def answer(self, name: str, query: dict[str, str], caller: Caller) -> Answer:
        """What to answer, read on a thread.

        Raises:
            HTTPError: 503 if too many wait already, 504 if it takes too long.
        """
        if name == "ping":
            return json_answer({"ping": "pong"})
        if self._waiting >= _MOST_WAITING:
            raise HTTPError(HTTPStatus.SERVICE_UNAVAILABLE, reason="too many requests wait already, ask again later")
        self._waiting += 1
        is_owner = caller is Caller.OWNER
        reading = asyncio.get_running_loop().run_in_executor(self._threads, self._read, name, query, is_owner)
        reading.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(reading), ANSWER_SECONDS)
        except TimeoutError:
            raise HTTPError(HTTPStatus.GATEWAY_TIMEOUT, reason="reading takes too long, ask again later") from None

    def _done(self, reading: asyncio.Future[Answer]) -> None:
        self._waiting -= 1
        if not reading.cancelled():
            reading.exception()  # taken notice of, also where nobody waits for it any more

    def _read(self, name: str, query: dict[str, str], is_owner: bool) -> Answer:
        from barscope.dashboard.answers import Asked, check_query, endpoints
        from barscope.errors import BarscopeError, StoreBusyError, UnknownRunError

        with self._opening:
            self._answers = self._answers or endpoints()
        try:
            check_query(name, query)
            return self._answers[name](Asked(self._source, query, is_owner))
        except UnknownRunError as error:
            return error_answer(HTTPStatus.NOT_FOUND, error)
        except StoreBusyError:
            return error_answer(HTTPStatus.SERVICE_UNAVAILABLE, "the runs are being written, ask again later")
        except BarscopeError as error:
            if isinstance(error, ValueError):
                return error_answer(HTTPStatus.BAD_REQUEST, error)
            said = str(error) if is_owner else "the runs cannot be read"
            missing = self._opened is None
            return error_answer(HTTPStatus.NOT_FOUND if missing else HTTPStatus.INTERNAL_SERVER_ERROR, said)

    def _source(self) -> StateSource:
        with self._opening:
            if self._opened is None:
                self._opened = self._given() if callable(self._given) else self._given
            return self._opened


class Endpoint(RequestHandler):
    """One address: GET and HEAD. Every error is JSON with its status and says nothing of what is inside."""

    def initialize(self, desk: Desk, name: str) -> None:
        """Takes what `handlers` gave."""
        self._desk = desk
        self._name = name

    def set_default_headers(self) -> None:
        """The strict headers, on errors too."""
        for header, value in _HEADERS.items():
            self.set_header(header, value)

    async def get(self) -> None:
        """Answer."""
        try:
            caller = self._desk.authenticate(self)
            if caller is None:
                raise HTTPError(HTTPStatus.FORBIDDEN, reason="give the token")
            answer = await self._desk.answer(self._name, self._query(), caller)
        except HTTPError as error:
            answer = error_answer(error.status_code, error.reason or HTTPStatus(error.status_code).phrase)
        self._send(answer)

    async def head(self) -> None:
        """Answer without the content."""
        await self.get()

    def _query(self) -> dict[str, str]:
        given = {name: self.get_query_arguments(name) for name in self.request.query_arguments if name != "token"}
        if any(len(values) != 1 for values in given.values()):
            raise HTTPError(HTTPStatus.BAD_REQUEST, reason="a parameter has several values, give one")
        if self._name == "visualisation" and "format" not in given and _wants_png(self.request.headers.get("Accept")):
            given["format"] = ["png"]
        return {name: values[0] for name, values in given.items()}

    def _send(self, answer: Answer) -> None:
        self.set_status(answer.status)
        self.set_header("Content-Type", answer.content_type)
        self.set_header("Cache-Control", "private, no-cache" if answer.kept else "no-store")
        if self._name == "visualisation":
            self.set_header("Vary", "Accept")
        self.finish(answer.body or None)

    def write_error(self, status_code: int, **_details: Any) -> None:  # noqa: ANN401  # those of Tornado
        """An error as JSON, without what caused it."""
        if status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", "GET, HEAD")
        self._send(error_answer(status_code, HTTPStatus(status_code).phrase))

    def check_xsrf_cookie(self) -> None:
        """There is nothing to forge: GET changes nothing, and all else is refused."""


def _wants_png(accept: str | None) -> bool:
    """Whether a caller takes PNG and not SVG; a browser takes every kind of picture."""
    kinds = {part.partition(";")[0].strip() for part in (accept or "").split(",")}
    return "image/png" in kinds and kinds.isdisjoint({"image/svg+xml", "image/*", "*/*"})
