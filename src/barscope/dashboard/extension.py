"""The endpoints inside Jupyter: a server extension that comes with the package, at `/barscope/…` behind its token.

It loads nothing when Jupyter starts: the workspace (BARSCOPE_WORKSPACE, or `data`) is opened, for reading only, when
an endpoint is first asked for.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError, RequestHandler, authenticated

from barscope.dashboard.endpoints import Caller, Endpoint, handlers

if TYPE_CHECKING:
    from barscope.dashboard.answers import StateSource


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Where Jupyter Server finds the extension."""
    return [{"module": "barscope.dashboard.extension"}]


def _load_jupyter_server_extension(server: Any) -> None:  # noqa: ANN401  # jupyter_server.serverapp.ServerApp
    """Add the endpoints to a Jupyter Server."""
    from jupyter_server.base.handlers import JupyterHandler

    class JupyterEndpoint(Endpoint, JupyterHandler):  # type: ignore[misc]  # untyped there
        """An endpoint for callers that Jupyter knows."""

        @authenticated
        async def get(self) -> None:  # type: ignore[override]  # the decorator is loosely typed
            """Answer."""
            await super().get()

        @authenticated
        async def head(self) -> None:  # type: ignore[override]  # the decorator is loosely typed
            """Answer without the content."""
            await super().get()

        def get_login_url(self) -> str:
            """A program cannot log in: it gives the token."""
            raise HTTPError(HTTPStatus.FORBIDDEN)

    base = str(server.web_app.settings["base_url"]).rstrip("/")
    rules = handlers(_open_workspace, f"{re.escape(base)}/barscope", _of_jupyter)
    server.web_app.add_handlers(".*$", [(pattern, JupyterEndpoint, given) for pattern, _kind, given in rules])


def _of_jupyter(handler: RequestHandler) -> Caller | None:
    return Caller.OWNER if handler.current_user else None


def _open_workspace() -> StateSource:
    from barscope.workspace.read_only import ReadOnlyWorkspace

    return ReadOnlyWorkspace.of_live()
