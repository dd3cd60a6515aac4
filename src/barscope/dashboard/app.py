"""The server: what it answers at which address, and how it begins and ends."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tornado.httpserver import HTTPServer
from tornado.ioloop import PeriodicCallback
from tornado.web import Application, HTTPError, RequestHandler

from barscope.dashboard import files
from barscope.dashboard.connection import LONGEST_MESSAGE, Channels
from barscope.dashboard.endpoints import Caller, handlers
from barscope.dashboard.guarded import VISITOR, guarded
from barscope.dashboard.pages import Kernels, Pages
from barscope.dashboard.places import Places
from barscope.workspace.read_only import ReadOnlyWorkspace

if TYPE_CHECKING:
    from tornado.iostream import IOStream

    from barscope.dashboard.environment import Folders
    from barscope.dashboard.settings import Settings

_SWEEP_MS = 1_000
_MOST_CONNECTIONS = 400
_LONGEST_HEADER = 16 * 1024
_LONGEST_BODY = 16 * 1024
_SLOWEST_REQUEST_S = 10.0
_MOST_UNREAD = 32 * 2**20
"""Bytes kept for a browser that does not read them; a page with its charts is a tenth of that."""

_KERNEL_ID = r"([0-9a-f-]{36})"
_ENTER = f"""<!doctype html><meta charset="utf-8"><title>barscope</title>
<noscript><meta http-equiv="refresh" content="0; url=/"></noscript>
<script src="/voila/templates/{files.TEMPLATE}/static/enter.js"></script>
"""


class Start(RequestHandler):
    """The dashboard's page."""

    async def get(self) -> None:
        """Give a viewer a place, and the page that goes with it."""
        if self.get_query_argument("token", None) is not None:
            self._enter()
            return
        places: Places = self.settings["places"]
        if places.are_taken:
            raise HTTPError(HTTPStatus.SERVICE_UNAVAILABLE)
        with places.coming():
            page = await self.settings["pages"].take()
            places.take(page.kernel_id)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        with places.connected(page.kernel_id):
            async for piece in page.read():
                self.write(piece)
                await self.flush()

    def _enter(self) -> None:
        """Change the token of the link for a cookie.

        The page itself goes on, and not a redirect: after one from another site a browser would keep a strict cookie.
        """
        cookie = self.cookie_name  # type: ignore[attr-defined]  # of Guarded
        self.set_signed_cookie(cookie, VISITOR, expires_days=None, httponly=True, samesite="Strict", path="/")
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(_ENTER)


class KernelModel(RequestHandler):
    """What a page asks of its kernel before it connects."""

    def get(self, kernel_id: str) -> None:
        """Whether it is there."""
        if kernel_id not in self.settings["places"]:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        self.finish({"id": kernel_id, "name": "barscope"})


class Leave(RequestHandler):
    """What a page says when it is closed."""

    async def post(self, kernel_id: str) -> None:
        """Free the place at once."""
        if kernel_id not in self.settings["places"]:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        self.settings["places"].free(kernel_id)
        await self.settings["kernels"].end(kernel_id)
        self.set_status(HTTPStatus.NO_CONTENT)


class Nothing(RequestHandler):
    """Every other address."""

    def get(self) -> None:
        """Say so."""
        raise HTTPError(HTTPStatus.NOT_FOUND)

    head = post = get


class Server(HTTPServer):
    """Refuses connections beyond a number, and lets go of browsers that do not read."""

    def handle_stream(self, stream: IOStream, address: Any) -> None:  # noqa: ANN401  # as in Tornado
        """Take a connection."""
        if len(self._connections) >= _MOST_CONNECTIONS:
            stream.close()
            return
        stream.max_write_buffer_size = _MOST_UNREAD
        super().handle_stream(stream, address)


class Dashboard:
    """A running dashboard: its application, kernels and places."""

    def __init__(self, settings: Settings, folders: Folders, log: logging.Logger) -> None:
        self._settings = settings
        self.kernels = Kernels(folders, settings)
        self.places = Places(settings.places, settings.away_s, settings.idle_s, asyncio.get_running_loop().time)
        self.pages = Pages(self.kernels, settings, log)

    def application(self) -> Application:
        """The addresses, each behind the same checks."""
        rules: list[tuple[Any, ...]] = [
            (r"/", Start),
            (rf"/api/kernels/{_KERNEL_ID}", KernelModel),
            (rf"/api/kernels/{_KERNEL_ID}/channels", Channels),
            (rf"/voila/api/shutdown/{_KERNEL_ID}", Leave),
            files.rule(files.served_files()),
            *handlers(self._source, authenticate=self._caller),
        ]
        return Application(
            [(pattern, guarded(handler), *rest) for pattern, handler, *rest in rules],
            default_handler_class=guarded(Nothing),
            log_function=lambda _handler: None,
            cookie_secret=secrets.token_bytes(32),
            websocket_max_message_size=LONGEST_MESSAGE,
            allow_origin="",
            dashboard=self._settings,
            kernel_manager=self.kernels,
            kernels=self.kernels,
            places=self.places,
            pages=self.pages,
        )

    def _source(self) -> ReadOnlyWorkspace:
        """What the endpoints tell of, opened when the first of them is asked."""
        if self._settings.snapshot is not None:
            return ReadOnlyWorkspace.of_snapshot(self._settings.snapshot)
        return ReadOnlyWorkspace.of_live(self._settings.workspace)

    def _caller(self, _handler: RequestHandler) -> Caller:
        """The live workspace is served to its owner alone; who sees a snapshot may be anybody."""
        return Caller.OWNER if self._settings.workspace is not None else Caller.ANONYMOUS

    async def run(self, stopped: asyncio.Event) -> None:
        """Serve until told to stop, then end all kernels."""
        server = Server(
            self.application(),
            max_header_size=_LONGEST_HEADER,
            max_body_size=_LONGEST_BODY,
            body_timeout=_SLOWEST_REQUEST_S,
            idle_connection_timeout=_SLOWEST_REQUEST_S,
        )
        server.listen(self._settings.port, self._settings.host)
        sweeping = PeriodicCallback(self._sweep, _SWEEP_MS)
        sweeping.start()
        self.pages.prepare()
        try:
            await stopped.wait()
        finally:
            sweeping.stop()
            server.stop()
            await self.pages.close()

    async def _sweep(self) -> None:
        """Free the places of viewers who are gone, and of kernels that are."""
        for kernel_id in self.places.kernel_ids:
            if not await self.kernels.is_running(kernel_id):
                self.places.free(kernel_id)
        for kernel_id in self.places.overdue():
            self.places.free(kernel_id)
            await self.kernels.end(kernel_id)


def serve(settings: Settings, folders: Folders) -> None:
    """Serve until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.ERROR, format="%(name)s: %(message)s")
    logging.getLogger("tornado.general").setLevel(logging.CRITICAL)  # of what strangers send
    log = logging.getLogger("barscope.dashboard")

    async def run() -> None:
        stopped = asyncio.Event()
        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, stopped.set)
        await Dashboard(settings, folders, log).run(stopped)

    asyncio.run(run())
