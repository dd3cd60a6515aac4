"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from barscope.errors import StoreError

if TYPE_CHECKING:
    from barscope.workspace import Workspace

WorkspaceFolder = Annotated[
    Path, typer.Option("--workspace", "-w", envvar="BARSCOPE_WORKSPACE", help="The folder of the workspace.")
]
Port = Annotated[int | None, typer.Option(min=1, max=65_535, help="The port of 127.0.0.1.", show_default="a free one")]
Browser = Annotated[bool, typer.Option(" /--no-browser", help="Print the URL and open no browser.", show_default=False)]


def open_workspace(folder: Path) -> Workspace:
    """The workspace in a folder, which has to be one: a mistyped name must not make a new one.

    Raises:
        StoreError: If there is none.
    """
    from barscope.workspace import Workspace
    from barscope.workspace.paths import WorkspacePaths

    if not WorkspacePaths.of(folder).secmaster.exists():
        remedy = "make one with `barscope ingest` or `barscope demo`, or name another with --workspace"
        raise StoreError(f"there is no workspace in {folder}: {remedy}")
    return Workspace(folder)
