"""`barscope sweep`: one strategy or indicator with many parameters, from a request in JSON or from options."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from barscope.cli.backtest import settings_of
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
    SymbolType,
    WorkspaceFolder,
    chosen,
    open_workspace,
    tell_failures,
    value_of,
)
from barscope.errors import ExecutorLostError, InvalidParameterError, cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barscope.studies.sweep_request import ParameterRange, Stretch, SweepRequest
    from barscope.studies.sweeps import SweepEstimate
    from barscope.workspace import Workspace

_SCHEDULERS = ("tcp://", "tls://")
_PATIENCE_S = 10


def sweep(
    target: Annotated[
        str | None, typer.Argument(metavar="STRATEGY", help="The strategy, by the name of its class.")
    ] = None,
    symbols: Annotated[list[str] | None, typer.Argument(metavar="SYMBOL", help="The symbols.")] = None,
    request: RequestFile = None,
    indicator: Annotated[bool, typer.Option("--indicator", help="The name is that of an indicator.")] = False,
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param",
            "-p",
            metavar="NAME=LOW:HIGH:STEP",
            help="The range of a parameter, or its values as NAME=1,2,3; can be repeated.",
        ),
    ] = None,
    fixed: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A parameter that is the same everywhere; can be repeated."),
    ] = None,
    sampling: Annotated[str | None, typer.Option(help="grid, random or latin_hypercube.", show_default="grid")] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="How many combinations a sample takes.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random numbers of a sample.")] = 0,
    stretch: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FROM:TO", help="Days with a name; can be repeated. The first is to choose in."),
    ] = None,
    split: Annotated[str | None, typer.Option(help="A saved split: its train, dev and test.")] = None,
    rtype: Rtype = None,
    publisher_id: PublisherId = None,
    start: Start = None,
    end: End = None,
    symbol_type: SymbolType = None,
    hours: Hours = None,
    timeframe: Longer = None,
    broker: BrokerSettings = None,
    executor: Annotated[
        str | None,
        typer.Option(
            help="threads, processes, inline, or a Dask scheduler such as tcp://10.0.0.1:8786.",
            show_default="threads, or processes where bars are played one by one for long",
        ),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads or processes.", show_default="one per core")] = (
        None
    ),
    metric: Annotated[
        str | None, typer.Option(help="What to choose by.", show_default="sharpe, or ic_1 of an indicator")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many of the best to show.")] = 10,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write all children as CSV there.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Compute as many as there are without asking.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print id, counts and picks as JSON.")] = False,
    workspace: WorkspaceFolder = Path("data"),
) -> None:
    """Try a strategy with many parameters, record what each came to, and print the id of the run.

    What was computed before is not computed again. Ctrl-C cancels: what was whole by then stays.

    Example: `barscope sweep SMACrossover AAPL IBM -p fast_period=5:50:5 -p slow_period=20:200:10`
    """
    from barscope.cli.sweep_report import as_text, check_metric, report

    given = {
        "strategy": None if indicator else target,
        "indicator": target if indicator else None,
        "symbols": symbols,
        "parameters": param,
        "fixed": fixed,
        "sampling": sampling,
        "samples": samples,
        "seed": seed,
        "stretches": stretch,
        "split": split,
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
    _check_folder(csv)
    with open_workspace(workspace) as ws:
        tell_failures(ws)
        asked = _from_options(ws, options) if request is None else _from_json(request.read())
        estimate = ws.sweeps.estimate(asked)
        check_metric(metric, estimate.way)
        _agree(estimate, yes=yes)
        with _crew(executor) as crew:
            run = finish(ws.sweep(asked, crew, confirmed=True, workers=workers), "sweeping")
        if csv is not None:
            run.sweep.table().to_csv(csv, index=False)
        if as_json:
            print(as_text(run.run_id, run.sweep, metric, top))
        else:
            answer(run.run_id)
            report(run.sweep, metric, top)


def _from_json(text: bytes) -> SweepRequest:
    from barscope.studies.sweep_request import SweepRequest

    return SweepRequest.from_json(text)


def _from_options(ws: Workspace, options: dict[str, Any]) -> SweepRequest:
    from barscope.studies.sweep_request import Stretch, SweepRequest

    if "strategy" not in options and "indicator" not in options:
        raise InvalidParameterError("No strategy selected: name one before the symbols, or give a whole --request")
    split = options.pop("split", None)
    if bool(split) + ("stretches" in options) + bool(options.keys() & {"start_date", "end_date"}) > 1:
        raise typer.BadParameter("--split, --stretch, and --start or --end all say which days: keep one of them")
    for option, name in (
        ("--param", "parameters"),
        ("--fixed", "fixed"),
        ("--broker", "broker"),
        ("--stretch", "stretches"),
    ):
        options[name] = settings_of(option, options.get(name, ()))
    options["parameters"] = {name: axis_of(name, value) for name, value in options["parameters"].items()}
    if split is None:
        options["stretches"] = [stretch_of(name, days) for name, days in options["stretches"].items()]
    else:
        options["stretches"] = [Stretch.of(region) for region in ws.data_splits.get(split).regions]
    return SweepRequest(**{**DEFAULTS, **options})


def axis_of(name: str, value: Any) -> ParameterRange | list[Any]:  # noqa: ANN401  # as `value_of` gives it
    """The values of a parameter: `5:50:5` is a range, `1,2,3` a list, and so is one value.

    Raises:
        InvalidParameterError: If a range has other than two or three numbers.
    """
    from barscope.studies.sweep_request import ParameterRange

    if not isinstance(value, str):
        return value if isinstance(value, list) else [value]
    if ":" not in value:
        return [value_of(part) for part in value.split(",")]
    numbers = [value_of(part) for part in value.split(":")]
    if len(numbers) not in (2, 3) or not all(type(number) in (int, float) for number in numbers):
        raise InvalidParameterError(
            f"--param {cut(name)}={cut(value)} cannot be read: write NAME=LOW:HIGH:STEP, or the values as NAME=1,2,3"
        )
    return ParameterRange(*numbers)


def stretch_of(name: str, days: Any) -> Stretch:  # noqa: ANN401  # as `value_of` gives it
    """A stretch from `2000-01-01:2006-12-31`; a side that is left out is open.

    Raises:
        InvalidParameterError: If it has another form.
    """
    from barscope.studies.sweep_request import Stretch

    first, colon, last = str(days).partition(":")
    if not colon:
        raise InvalidParameterError(f"--stretch {cut(name)}={cut(days)} cannot be read: write NAME=FROM:TO")
    return Stretch(name=name, start_date=first.strip() or None, end_date=last.strip() or None)


def _check_folder(csv: Path | None) -> None:
    if csv is not None and not csv.absolute().parent.is_dir():
        raise typer.BadParameter(f"--csv {cut(csv)}: there is no folder {cut(csv.parent)}, make it first")


def _agree(estimate: SweepEstimate, *, yes: bool) -> None:
    """Tell what it would take, and ask where that is much.

    Raises:
        Abort: If it is not meant.
    """
    from barscope.studies.sweeps import ASK_ABOVE
    from barscope.widgets.formats import count, duration

    skipped = f" ({estimate.skipped:,} of them skipped)" if estimate.skipped else ""
    time = f"about {duration(round(estimate.seconds * 1e9))} of one core"
    say(f"{count(estimate.combinations, 'combination')}{skipped}, {estimate.children:,} to compute, {time}")
    if estimate.children > ASK_ABOVE and not yes:
        typer.confirm("Compute them all?", abort=True, err=True)


@contextmanager
def _crew(executor: str | None) -> Iterator[object]:
    """What computes the sweep: the executor itself, or a client of the cluster that it names.

    Raises:
        InvalidParameterError: If Dask is not installed.
        ExecutorLostError: If no scheduler answers there.
    """
    if executor is None or not executor.startswith(_SCHEDULERS):
        yield executor
        return
    try:
        from distributed import Client
    except ImportError:
        raise InvalidParameterError("a cluster needs Dask: pip install 'barscope[distributed]'") from None
    try:
        client = Client(executor, timeout=_PATIENCE_S)
    except (OSError, TimeoutError, ValueError) as error:
        raise ExecutorLostError(
            f"no Dask scheduler answers at {cut(executor)} ({type(error).__name__}): start one with `dask scheduler`"
        ) from error
    with client:
        yield client
