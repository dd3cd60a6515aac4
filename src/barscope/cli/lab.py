"""`barscope lab`: JupyterLab on the current folder."""

from __future__ import annotations

from pathlib import Path

from barscope.cli.jupyter import open_lab
from barscope.cli.options import Browser, Port, WorkspaceFolder


def lab(workspace: WorkspaceFolder = Path("data"), port: Port = None, browser: Browser = True) -> None:
    """Open JupyterLab on the current folder; `bs.Workspace()` is the workspace chosen here.

    Example: `barscope lab --workspace data`
    """
    folder = Path.cwd()
    document = "notebooks" if (folder / "notebooks").is_dir() else None
    open_lab(folder, document, workspace, port=port, browser=browser)
