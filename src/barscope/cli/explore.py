"""`barscope explore`: an exploration from a request in JSON or from options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from barscope.cli.console import answer
from barscope.cli.following import finish
from barscope.cli.options import (
    DEFAULTS,
    End,
    Hours,
    Longer,
    PublisherId,
    RequestFile,
    Rtype,
    Start,
    Symbols,
    SymbolType,
    WorkspaceFolder,
    chosen,
    open_workspace,
    tell_failures,
    value_of,
)

if TYPE_CHECKING:
    from barscope.studies.request import ExplorerRequest, IndicatorConfig


def explore(
    request: RequestFile = None,
    symbol: Symbols = None,
    indicator: Annotated[
        list[str] | None,
        typer.Option(
            "--indicator",
            "-i",
            help='An indicator: SMA, SMA:timeperiod=20 or {"class_name": "SMA", "params": …}; can be repeated.',
        ),
    ] = None,
    rtype: Rtype = None,
    publisher_id: PublisherId = None,
    start: Start = None,
    end: End = None,
    symbol_type: SymbolType = None,
    hours: Hours = None,
    timeframe: Longer = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute again what was recorded before.")] = False,
    workspace: WorkspaceFolder = Path("data"),
) -> None:
    """Compute indicators over bars, record them, and print the id of the run.

    Ctrl-C cancels: the run is then `cancelled`, and the exit status 130.

    Example: `barscope explore --symbol AAPL --indicator SMA:timeperiod=20 --start 2010-01-01`
    """
    given = {
        "symbols": symbol,
        "indicators": indicator,
        "rtype": rtype,
        "publisher_id": publisher_id,
        "start_date": start,
        "end_date": end,
        "symbol_type": symbol_type,
        "hours": hours,
        "timeframe": timeframe,
    }
    options = chosen(request, given)
    asked = _from_options(options) if request is None else _from_json(request.read())
    with open_workspace(workspace) as ws:
        tell_failures(ws)
        answer(finish(ws.explore(asked, fresh=fresh), "exploring").run_id)


def _from_json(text: bytes) -> ExplorerRequest:
    from barscope.studies.request import ExplorerRequest

    return ExplorerRequest.from_json(text)


def _from_options(options: dict[str, Any]) -> ExplorerRequest:
    from barscope.studies.request import ExplorerRequest

    indicators = [indicator_of(text) for text in options.pop("indicators", ())]
    return ExplorerRequest(**{**DEFAULTS, "indicators": indicators, **options})


def indicator_of(text: str) -> IndicatorConfig:
    """An indicator as it is written on the command line.

    The short form is `NAME` or `NAME:key=value,key=value`; a value that is no JSON is text.

    Raises:
        InvalidParameterError: If the text is neither form.
    """
    from barscope.errors import InvalidParameterError, cut
    from barscope.studies.request import IndicatorConfig

    if text.lstrip().startswith("{"):
        return IndicatorConfig.from_json(text)
    name, _, listed = text.partition(":")
    pairs = [pair.partition("=") for pair in listed.split(",")] if listed else []
    if not all(key.strip() and equals for key, equals, _ in pairs):
        raise InvalidParameterError(f"indicator {cut(text)} cannot be read: write NAME:parameter=value,parameter=value")
    return IndicatorConfig(class_name=name, params={key.strip(): value_of(value) for key, _, value in pairs})
