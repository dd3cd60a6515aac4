"""`barscope presets`: what is kept by name, and files to carry it elsewhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from barscope.cli.console import answer, fail, say
from barscope.cli.options import WorkspaceFolder, open_workspace

if TYPE_CHECKING:
    from barscope.workspace import Workspace


class Action(StrEnum):
    """What to do."""

    LIST = "list"
    EXPORT = "export"
    IMPORT = "import"


def presets(
    action: Annotated[Action, typer.Argument(help="List them, write them to a file, or load them from one.")],
    file: Annotated[Path | None, typer.Argument(help="The JSON file.", show_default=False)] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind; can be repeated.")] = None,
    name: Annotated[list[str] | None, typer.Option(help="Only this name; can be repeated.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of presets with the same name.")] = False,
    workspace: WorkspaceFolder = Path("data"),
) -> None:
    """List, export or import watchlists, layouts and all else that is kept by name.

    Example: `barscope presets export presets.json --kind watchlists`
    """
    if (file is None) != (action is Action.LIST):
        raise typer.BadParameter("name a file to export or import, and none to list")
    with open_workspace(workspace) as ws:
        if action is Action.EXPORT and file is not None:
            say(f"written to {ws.saved.export(file, kind or None, name or None)}")
        elif action is Action.IMPORT and file is not None:
            report = ws.saved.import_(file, replace=replace)
            for problem in report.problems:
                fail(problem)
            say(report)
        else:
            _list(ws, kind)


def _list(ws: Workspace, kinds: list[str] | None) -> None:
    for key, found in ws.saved.kinds.items():
        for name in found.names() if not kinds or key in kinds else ():
            answer(f"{found.kind}: {name}")
    for problem in ws.saved.problems():
        fail(problem)
