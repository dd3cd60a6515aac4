"""`barscope explore`: an exploration from a request in JSON or from options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from barscope.cli.console import answer, fail, progress_bar, say
from barscope.cli.options import WorkspaceFolder, open_workspace

if TYPE_CHECKING:
    from barscope.jobs import Job
    from barscope.studies.request import ExplorerRequest, IndicatorConfig
    from barscope.workspace import Run

_POLL_S = 0.1


def explore(
    request: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(metavar="FILE", help="The whole request as JSON, - for stdin; takes the place of the others."),
    ] = None,
    symbol: Annotated[list[str] | None, typer.Option("--symbol", "-s", help="A symbol; can be repeated.")] = None,
    indicator: Annotated[
        list[str] | None,
        typer.Option(
            "--indicator",
            "-i",
            help='An indicator: SMA, SMA:timeperiod=20 or {"class_name": "SMA", "params": …}; can be repeated.',
        ),
    ] = None,
    rtype: Annotated[int | None, typer.Option(help="32 second, 33 minute, 34 hour, 35 day.", show_default="35")] = None,
    publisher_id: Annotated[int | None, typer.Option(help="The publisher of the bars.", show_default="1")] = None,
    start: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="First day.", show_default="that of the first bar")
    ] = None,
    end: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Last day, included.", show_default="that of the last bar")
    ] = None,
    symbol_type: Annotated[
        str | None, typer.Option(help="raw_symbol, continuous or ticker.", show_default="raw_symbol")
    ] = None,
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
    }
    options = {name: value for name, value in given.items() if value}
    if request is not None and options:
        raise typer.BadParameter("--request says it all: leave out the options that say a part of it")
    asked = _from_options(options) if request is None else _from_json(request.read())
    with open_workspace(workspace) as ws:
        for failure in ws.load_failures:
            fail(f"{failure.source} is left out: {failure.error}")
        answer(finish(ws.explore(asked, fresh=fresh)).run_id)


def finish(job: Job[Run]) -> Run:
    """The result of an exploration, with a progress bar until it is there; Ctrl-C cancels it.

    Raises:
        KeyboardInterrupt: If the job was cancelled.
        BarscopeError: If the job failed.
    """
    try:
        _follow(job)
    except KeyboardInterrupt:
        if job.cancel():
            say(f"cancelling run {job.run_id}")
            job.wait()
            raise
    return job.result()


def _follow(job: Job[Run]) -> None:
    with progress_bar(f"exploring {job.run_id}") as tell:
        while not job.wait(_POLL_S):
            now = job.snapshot
            tell(now.progress, f"{now.stage} {now.message}")
        tell(job.snapshot.progress, job.snapshot.stage)


def _from_json(text: bytes) -> ExplorerRequest:
    from barscope.studies.request import ExplorerRequest

    return ExplorerRequest.from_json(text)


def _from_options(options: dict[str, Any]) -> ExplorerRequest:
    from barscope.studies.request import ExplorerRequest

    indicators = [indicator_of(text) for text in options.pop("indicators", ())]
    return ExplorerRequest(**{"symbols": [], "rtype": 35, "publisher_id": 1, "indicators": indicators, **options})


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
    return IndicatorConfig(class_name=name, params={key.strip(): _value(value) for key, _, value in pairs})


def _value(text: str) -> Any:  # noqa: ANN401  # any JSON
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()
