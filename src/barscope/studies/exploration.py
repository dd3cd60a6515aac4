"""The work of one exploration: validate, load, compute, show, record."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from barscope.errors import IndicatorError, JobCancelledError
from barscope.jobs import JobContext, Stage
from barscope.studies.manifest import data_fingerprint, exploration_manifest
from barscope.studies.plan import ExplorationPlan, plan_exploration
from barscope.studies.results import RunColumns, SymbolColumns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from barscope.domain.bars import Bars, FloatArray
    from barscope.indicators.core import Indicator
    from barscope.store.run_writer import RunWriter
    from barscope.store.runs import RunStore
    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.bar_cache import BarCache, LoadedBars
    from barscope.studies.request import ExplorerRequest

STAGES = (
    Stage("validating", 1),
    Stage("loading bars", 20),
    Stage("computing indicators", 9),
    Stage("recording", 70),
)


@dataclass(frozen=True, slots=True)
class Desk:
    """What an exploration works with.

    Attributes:
        secmaster: Where the bars are.
        runs: Where the results go.
        bars: Bars in memory.
        clock_ns: Nanoseconds since the epoch, UTC.
    """

    secmaster: SecurityMaster
    runs: RunStore
    bars: BarCache
    clock_ns: Callable[[], int] = time.time_ns


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an exploration came to.

    Attributes:
        columns: Symbol → bars and the series that could be computed.
        failures: Indicator class → why it could not; empty when all could.
        fingerprint: Of the bars it used.
    """

    columns: RunColumns
    failures: dict[str, str]
    fingerprint: str


def explore(
    context: JobContext,
    request: ExplorerRequest,
    run_id: str,
    session_id: str,
    desk: Desk,
    on_begin: Callable[[ExplorationPlan], None],
) -> Outcome:
    """Run an exploration and record it.

    The columns are published to the job as soon as they are computed; the recording is a stage of its own.

    Args:
        context: The worker's end of the job.
        request: What to explore.
        run_id: The id of the run, free in runs.db.
        session_id: The session it belongs to.
        desk: The stores and the clock.
        on_begin: Called once the run is in runs.db, before the work.

    Raises:
        IndicatorError: If every indicator failed; the run is `failed` and holds nothing.
        BarscopeError: If the request does not hold or a store cannot be used.
    """
    context.enter("validating")
    plan = plan_exploration(request, desk.secmaster)
    manifest = exploration_manifest(plan, session_id)
    writer = desk.runs.begin(run_id, _name(plan), desk.clock_ns(), manifest)
    with _recording(writer, desk.clock_ns):
        on_begin(plan)
        loaded = _load(context, plan, desk)
        columns, failures = _compute(context, plan, {symbol: found.bars for symbol, found in loaded.items()})
        context.publish(columns)
        _record(context, plan, columns, writer)
        fingerprint = data_fingerprint({symbol: found.fingerprint for symbol, found in loaded.items()})
        context.seal()
        details = {"failed_indicators": failures} if failures else {}
        writer.complete(desk.clock_ns(), details, {**manifest, "data_fingerprint": fingerprint})
    return Outcome(columns, failures, fingerprint)


@contextmanager
def _recording(writer: RunWriter, clock_ns: Callable[[], int]) -> Iterator[None]:
    """Give the run its final status whatever ends the work; nothing is swallowed."""
    try:
        yield
    except JobCancelledError:
        writer.cancel(clock_ns())
        raise
    except BaseException as error:
        writer.fail(clock_ns(), {"reason": "error", "error": f"{type(error).__name__}: {error}"})
        raise


def _name(plan: ExplorationPlan) -> str:
    shown = ", ".join(plan.request.symbols[:3]) + (" …" if len(plan.request.symbols) > 3 else "")
    return f"{shown} {plan.bars.period.label}: {', '.join(i.class_name for i in plan.indicators)}"


def _load(context: JobContext, plan: ExplorationPlan, desk: Desk) -> dict[str, LoadedBars]:
    context.enter("loading bars")
    rtype = plan.request.rtype
    total = sum(desk.secmaster.count_bars(mappings, rtype) for mappings in plan.bars.mappings.values())
    loaded: dict[str, LoadedBars] = {}
    done = 0
    for symbol, mappings in plan.bars.mappings.items():
        tell = partial(_tell, context, "bars", total, done)
        loaded[symbol] = desk.bars.load(mappings, rtype, tell)
        done += len(loaded[symbol].bars)
    return loaded


def _tell(context: JobContext, what: str, total: int, before: int, more: int) -> None:
    done = before + more
    context.report(min(1.0, done / max(1, total)), f"{done:,} of {total:,} {what}")


def _compute(context: JobContext, plan: ExplorationPlan, bars: dict[str, Bars]) -> tuple[RunColumns, dict[str, str]]:
    """All series of all symbols; an indicator that fails on one symbol is left out for all, and only it."""
    context.enter("computing indicators")
    series: dict[str, dict[str, FloatArray]] = {symbol: {} for symbol in bars}
    failures: dict[str, str] = {}
    for position, indicator in enumerate(plan.indicators):
        context.report(position / len(plan.indicators), indicator.class_name)
        try:
            computed = _of_all_symbols(context, indicator, bars)
        except IndicatorError as error:
            failures[f"{indicator.class_name} {indicator.canonical_params()}"] = str(error)
            failure = error
            continue
        for symbol, values in computed.items():
            series[symbol].update(values)
    if len(failures) == len(plan.indicators):
        raise failure
    return {symbol: SymbolColumns(bars[symbol], series[symbol]) for symbol in bars}, failures


def _of_all_symbols(
    context: JobContext, indicator: Indicator, bars: dict[str, Bars]
) -> dict[str, dict[str, FloatArray]]:
    computed = {}
    for symbol, of_symbol in bars.items():
        context.check()
        computed[symbol] = indicator.compute(of_symbol)
    return computed


def _record(context: JobContext, plan: ExplorationPlan, columns: RunColumns, writer: RunWriter) -> None:
    context.enter("recording")
    period = plan.bars.period
    total = sum(len(of_symbol.bars) for of_symbol in columns.values())
    done = 0
    for symbol, of_symbol in columns.items():
        tell = partial(_tell, context, "rows", total, done)
        writer.append_processed(symbol, period.name, of_symbol.bars, of_symbol.series, period.length_ns, on_rows=tell)
        done += len(of_symbol.bars)
