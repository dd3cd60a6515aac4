"""Between the websocket of a page and the sockets of its kernel: the filter of messages, both ways."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from tornado.iostream import StreamBufferFullError, StreamClosedError
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError

from barscope.dashboard.messages import SUBPROTOCOL, TO_PAGE, read_message
from barscope.errors import cut

if TYPE_CHECKING:
    from barscope.dashboard.places import Places

LONGEST_MESSAGE = 64 * 1024
"""Bytes of a message of a page; its longest are the ticked rows of a table."""

_LONGEST_LINE = 400


class Connection(ZMQChannelsWebsocketConnection):  # type: ignore[misc]  # carries no types
    """Lets through what `messages` knows, and nothing else."""

    limit_rate = False  # its answer to a flood is a text on stderr; a viewer floods only the own page

    def handle_incoming_message(self, incoming_msg: str | bytes) -> None:
        """Write a page's message anew for the kernel, or drop it."""
        message = read_message(incoming_msg)
        if message is None or not self.channels:
            return
        header = self.session.msg_header(message.kind) | {"msg_id": message.msg_id, "session": message.session}
        told = {"header": header, "parent_header": {}, "metadata": {}, "content": message.content}
        self.session.send(self.channels["shell"], told | {"msg_id": message.msg_id, "msg_type": message.kind})

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:  # noqa: ANN401  # of ZeroMQ
        """Pass on what a page needs, or drop it; a page that does not read is let go."""
        _identities, parts = self.session.feed_identities(outgoing_msg)
        kind = self.session.unpack(parts[1])["msg_type"]
        if kind not in TO_PAGE:
            self._tell_owner(kind, self.session.unpack(parts[4]))
            return
        try:
            self._on_zmq_reply(stream, parts[1:])
        except (WebSocketClosedError, StreamClosedError, StreamBufferFullError):
            self.websocket_handler.close()

    def _tell_owner(self, kind: str, content: dict[str, Any]) -> None:
        """What went wrong in a kernel is for the log of the server, and for no page."""
        if kind == "error":
            self.log.error("%s", "\n".join(cut(line, _LONGEST_LINE) for line in content["traceback"]))
        elif kind == "stream" and content["name"] == "stderr":
            self.log.error("%s", "\n".join(cut(line, _LONGEST_LINE) for line in content["text"].splitlines()))


class Channels(KernelWebsocketHandler):  # type: ignore[misc]  # carries no types
    """The websocket of a page."""

    connection: Connection | None = None
    _is_counted = False

    @property
    def _places(self) -> Places:
        places: Places = self.settings["places"]
        return places

    async def pre_get(self) -> None:
        """Connect to the kernel of a viewer's page."""
        offered = self.request.headers.get("Sec-WebSocket-Protocol", "")
        if SUBPROTOCOL not in (name.strip() for name in offered.split(",")):
            raise HTTPError(HTTPStatus.BAD_REQUEST)
        if self.kernel_id not in self._places:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        if not self._places.connect(self.kernel_id, self.close):
            raise HTTPError(HTTPStatus.TOO_MANY_REQUESTS)
        self._is_counted = True
        kernel = self.kernel_manager.get_kernel(self.kernel_id)
        self.connection = Connection(parent=kernel, websocket_handler=self, config=self.config)
        await self.connection.prepare()

    def on_message(self, ws_message: str | bytes) -> None:
        """Take a message of the page."""
        self._places.hear(self.kernel_id)
        if self.connection is not None:
            self.connection.handle_incoming_message(ws_message)

    def on_close(self) -> None:
        """The page is gone, or was told to go."""
        if self.connection is not None:
            super().on_close()

    def on_finish(self) -> None:
        """Count a request out that did not become a websocket."""
        if self.get_status() != HTTPStatus.SWITCHING_PROTOCOLS:
            self._count_out()

    def on_connection_close(self) -> None:
        """Count the websocket out."""
        super().on_connection_close()
        self._count_out()

    def _count_out(self) -> None:
        if self._is_counted:
            self._is_counted = False
            self._places.disconnect(self.kernel_id, self.close)
