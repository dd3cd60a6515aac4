"""`barscope dashboard`: what a colleague may see, in a browser."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Annotated

import typer

from barscope.cli.console import say
from barscope.cli.options import Browser, Port, WorkspaceFolder
from barscope.cli.serving import LOCAL, Server, free_port, serve
from barscope.errors import BarscopeError, StoreError

_TOKEN = re.compile(r"[\w.~-]{16,200}")
_ANY_ADDRESS = ("0.0.0.0", "::", "*", "")  # noqa: S104  # what is refused


def dashboard(
    workspace: WorkspaceFolder = Path("data"),
    snapshot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Show a published snapshot instead of the workspace.")
    ] = None,
    share: Annotated[
        str | None, typer.Option(metavar="HOST", help="Let others in: the name or address of this machine they use.")
    ] = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Let in whoever comes, without a token.")] = False,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the token.", show_default="a new one")
    ] = None,
    port: Port = None,
    places: Annotated[int, typer.Option(min=1, max=64, help="Viewers at a time, each a process of its own.")] = 4,
    browser: Browser = True,
) -> None:
    """Serve the read-only dashboard; the live workspace is shown on 127.0.0.1 only, others see a snapshot.

    Example: `barscope dashboard --snapshot published.db --share 192.0.2.10`
    """
    if snapshot is None and (share or anonymous):
        raise typer.BadParameter(
            "others see a published snapshot only: write one with `barscope publish` and name it with --snapshot"
        )
    if anonymous and token_file:
        raise typer.BadParameter("--anonymous asks for no token: leave out --token-file")
    if share in _ANY_ADDRESS:
        raise typer.BadParameter("--share takes the one name or address that others will use, as 192.0.2.10")
    token = "" if anonymous else _read_token(token_file) if token_file else secrets.token_urlsafe(24)
    if snapshot is not None:
        _say_what_is_visible(snapshot, share, anonymous=anonymous)
    serve_dashboard(
        workspace, snapshot, host=(share or LOCAL).lower(), token=token, port=port, places=places, browser=browser
    )


def serve_dashboard(
    workspace: Path,
    snapshot: Path | None = None,
    *,
    host: str = LOCAL,
    token: str,
    port: int | None,
    places: int = 4,
    browser: bool,
) -> None:
    """Serve the dashboard until Ctrl-C or SIGTERM.

    Args:
        workspace: Shown if there is no snapshot.
        snapshot: A published file.
        host: Where to listen, and what browsers have to call it.
        token: What a visitor has to know; empty lets everyone in.
        port: None is a free one.
        places: Viewers at a time.
        browser: Whether to open a browser where there is a display.

    Raises:
        StoreError: If there is nothing to show.
        BarscopeError: If the port is taken or the server does not start.
    """
    source = (
        ("--workspace", str(_workspace(workspace))) if snapshot is None else ("--snapshot", str(snapshot.absolute()))
    )
    port = free_port(port, host)
    arguments = ["barscope.dashboard", *source, "--host", host, "--port", str(port), "--places", str(places)]
    name = f"[{host}]" if ":" in host else host
    url = f"http://{name}:{port}/{f'?token={token}' if token else ''}"
    environment = {**os.environ, "BARSCOPE_DASHBOARD_TOKEN": token}
    serve(Server("The dashboard", arguments, environment, (host, port), url), browser=browser)


def _workspace(folder: Path) -> Path:
    from barscope.workspace.paths import WorkspacePaths

    paths = WorkspacePaths.of(folder)
    if not paths.runs.exists():
        remedy = "make some with `barscope explore` or `barscope demo`, or name another folder with --workspace"
        raise StoreError(f"there are no runs in {folder}: {remedy}")
    return paths.folder


def _read_token(path: Path) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BarscopeError(f"the token cannot be read from {path}: {error}") from None
    if not _TOKEN.fullmatch(token):
        raise BarscopeError(f"{path} holds no token: write 16 to 200 letters and digits that nobody can guess")
    return token


def _say_what_is_visible(snapshot: Path, share: str | None, *, anonymous: bool) -> None:
    from barscope.workspace.read_only import ReadOnlyWorkspace

    with ReadOnlyWorkspace.of_snapshot(snapshot) as published:
        count = len(published.runs_store.list_runs())
        say(f"visible: {published.title!r}, {count} runs with their charts, as of {published.published_at:%F %T} UTC")
    who = "everyone who reaches it" if anonymous else "whoever has the link"
    say(f"to: {who}" + ("" if share else ", on this machine"))
