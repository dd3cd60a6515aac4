"""`barscope backtest`: a backtest from a request in JSON or from options."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from barscope.cli.console import answer, say
from barscope.cli.following import finish
from barscope.cli.options import (
    DEFAULTS,
    BrokerSettings,
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
from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.studies.request import BacktestRequest
    from barscope.workspace import Run


def backtest(
    request: RequestFile = None,
    strategy: Annotated[str | None, typer.Option(help="The strategy, by the name of its class.")] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", metavar="NAME=VALUE", help="A parameter of the strategy; can be repeated."),
    ] = None,
    symbol: Symbols = None,
    rtype: Rtype = None,
    publisher_id: PublisherId = None,
    start: Start = None,
    end: End = None,
    symbol_type: SymbolType = None,
    hours: Hours = None,
    timeframe: Longer = None,
    broker: BrokerSettings = None,
    summary: Annotated[bool, typer.Option("--summary", help="Print the metrics too, on stderr.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print id and metrics as JSON for another program.")] = False,
    workspace: WorkspaceFolder = Path("data"),
) -> None:
    """Test a strategy over bars, record what it did, and print the id of the run.

    Ctrl-C cancels: the run is then `cancelled`, and the exit status 130.

    Example: `barscope backtest --strategy SMACrossover --param fast_period=20 --symbol AAPL --summary`
    """
    given = {
        "strategy": strategy,
        "strategy_params": param,
        "symbols": symbol,
        "rtype": rtype,
        "publisher_id": publisher_id,
        "start_date": start,
        "end_date": end,
        "symbol_type": symbol_type,
        "hours": hours,
        "timeframe": timeframe,
        "broker": broker,
    }
    options = chosen(request, given)
    asked = _from_options(options) if request is None else _from_json(request.read())
    with open_workspace(workspace) as ws:
        tell_failures(ws)
        run = finish(ws.backtest(asked), "testing")
        if summary:
            for line in str(run.summary()).splitlines():
                say(line)
        if as_json:
            print(_as_json(run))
        else:
            answer(run.run_id)


def _from_json(text: bytes) -> BacktestRequest:
    from barscope.studies.request import BacktestRequest

    return BacktestRequest.from_json(text)


def _from_options(options: dict[str, Any]) -> BacktestRequest:
    from barscope.studies.request import BacktestRequest

    if "strategy" not in options:
        raise InvalidParameterError("No strategy selected: name one with --strategy, or give a whole --request")
    for option, name in (("--param", "strategy_params"), ("--broker", "broker")):
        options[name] = settings_of(option, options.get(name, ()))
    return BacktestRequest(**{**DEFAULTS, **options})


def settings_of(option: str, texts: Sequence[str]) -> dict[str, Any]:
    """Name → value, from texts `NAME=VALUE`; a value that is no JSON is text.

    Raises:
        InvalidParameterError: If a text has another form, or a name is given twice.
    """
    settings: dict[str, Any] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not name or not equals:
            raise InvalidParameterError(f"{option} {cut(text)} cannot be read: write NAME=VALUE")
        if name in settings:
            raise InvalidParameterError(f"{option} {cut(name)} is given twice: leave out one of them")
        settings[name] = value_of(value)
    return settings


def _as_json(run: Run) -> str:
    """Id and metrics; a metric that is no finite number is null."""
    metrics = asdict(run.summary())
    finite = {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in metrics.items()}
    return json.dumps({"run_id": run.run_id, "summary": finite}, indent=2)
