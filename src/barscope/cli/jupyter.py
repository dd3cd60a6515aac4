"""JupyterLab as a child process: on 127.0.0.1 only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import quote

from barscope.cli.serving import LOCAL, Server, free_port, serve

_SETTINGS = Path(__file__).parent / "lab_settings"


def open_lab(
    folder: Path, document: str | None, workspace: Path, *, port: int | None = None, browser: bool = True
) -> None:
    """Serve JupyterLab until Ctrl-C or SIGTERM.

    Args:
        folder: What Lab shows; nothing outside of it.
        document: What it opens, relative to the folder.
        workspace: What `barscope.Workspace()` means in its notebooks.
        port: Of 127.0.0.1; None is a free one.
        browser: Whether to open a browser where there is a display. The URL is printed in any case.

    Raises:
        BarscopeError: If the port is taken or JupyterLab does not start.
    """
    port = free_port(port)
    token = secrets.token_urlsafe(24)
    url = f"http://{LOCAL}:{port}/lab{f'/tree/{quote(document)}' if document else ''}?token={token}"
    environment = {**os.environ, "JUPYTER_TOKEN": token, "BARSCOPE_WORKSPACE": str(workspace.absolute())}
    serve(Server("JupyterLab", _arguments(folder, port), environment, (LOCAL, port), url), browser=browser)


def _arguments(folder: Path, port: int) -> list[str]:
    return [
        "jupyterlab",
        f"--ServerApp.ip={LOCAL}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.open_browser=False",
        f"--ServerApp.allow_root={os.geteuid() == 0}",
        f"--LabApp.app_settings_dir={_SETTINGS}",
        "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.log_level=ERROR",
        "--ServerApp.log_level=ERROR",
    ]
