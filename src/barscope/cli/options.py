"""The options that several commands share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from barscope.cli.console import fail
from barscope.errors import StoreError

if TYPE_CHECKING:
    from barscope.workspace import Workspace

WorkspaceFolder = Annotated[
    Path, typer.Option("--workspace", "-w", envvar="BARSCOPE_WORKSPACE", help="The folder of the workspace.")
]
Port = Annotated[int | None, typer.Option(min=1, max=65_535, help="The port of 127.0.0.1.", show_default="a free one")]
Browser = Annotated[bool, typer.Option(" /--no-browser", help="Print the URL and open no browser.", show_default=False)]

RequestFile = Annotated[
    typer.FileBinaryRead | None,
    typer.Option(metavar="FILE", help="The whole request as JSON, - for stdin; takes the place of the others."),
]
Symbols = Annotated[list[str] | None, typer.Option("--symbol", "-s", help="A symbol; can be repeated.")]
Rtype = Annotated[int | None, typer.Option(help="32 second, 33 minute, 34 hour, 35 day.", show_default="35")]
PublisherId = Annotated[int | None, typer.Option(help="The publisher of the bars.", show_default="1")]
Start = Annotated[
    str | None, typer.Option(metavar="YYYY-MM-DD", help="First day.", show_default="that of the first bar")
]
End = Annotated[
    str | None, typer.Option(metavar="YYYY-MM-DD", help="Last day, included.", show_default="that of the last bar")
]
SymbolType = Annotated[str | None, typer.Option(help="raw_symbol, continuous or ticker.", show_default="raw_symbol")]
Hours = Annotated[
    str | None, typer.Option(help="all, or the regular or extended hours of the exchange.", show_default="all")
]
Longer = Annotated[
    str | None,
    typer.Option(metavar="LENGTH", help="Bars to make of them: 5min, 1h, 1d, 1w.", show_default="as stored"),
]

BrokerSettings = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE", help="A setting of the broker, such as commission_per_unit=0.005; can be repeated."
    ),
]

DEFAULTS: dict[str, Any] = {"symbols": [], "rtype": 35, "publisher_id": 1}
"""What a request takes where no option says it."""


def chosen(request: object, options: dict[str, Any]) -> dict[str, Any]:
    """The options that were given.

    Raises:
        BadParameter: If there are any beside a whole request.
    """
    given = {name: value for name, value in options.items() if value}
    if request is not None and given:
        raise typer.BadParameter("--request says it all: leave out the options that say a part of it")
    return given


def value_of(text: str) -> Any:  # noqa: ANN401  # any JSON
    """A value as it is written on the command line: what is no JSON is text."""
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


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


def tell_failures(ws: Workspace) -> None:
    """Name the user's own files that could not be loaded; what they define is not there."""
    for failure in (*ws.load_failures, *ws.strategy_failures):
        fail(f"{failure.source} is left out: {failure.error}")
