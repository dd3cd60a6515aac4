"""The work of one exploration: validate, load, compute, show, record."""

from __future__ import annotations

import time
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from barscope.errors import IndicatorError
from barscope.jobs import JobContext, Stage
from barscope.studies.bar_source import accounts, known_at
from barscope.studies.higher_period import HigherPeriod
from barscope.studies.manifest import exploration_manifest, indicator_sources, own_certificates, plan_fingerprint
from barscope.studies.plan import ExplorationPlan, plan_exploration
from barscope.studies.recording import recording
from barscope.studies.results import RunColumns, SymbolColumns
from barscope.studies.session_log import entry_of, label_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.domain.bars import Bars, FloatArray, IntArray
    from barscope.store.run_writer import RunWriter
    from barscope.store.runs import RunStore
    from barscope.store.secmaster import SecurityMaster
    from barscope.store.state_writer import StateWriter
    from barscope.studies.bar_cache import BarCache, LoadedBars
    from barscope.studies.calendar_book import CalendarBook
    from barscope.studies.plan import AnyIndicator
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
        calendars: The calendars of symbols.
        clock_ns: Nanoseconds since the epoch, UTC.
    """

    secmaster: SecurityMaster
    runs: RunStore
    bars: BarCache
    calendars: CalendarBook
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
    failures: dict[str, IndicatorError]
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
    plan = plan_exploration(request, desk.secmaster, desk.calendars)
    manifest = exploration_manifest(plan, session_id)
    writer = desk.runs.begin(run_id, _name(plan), desk.clock_ns(), manifest, clock_ns=desk.clock_ns)
    with recording(writer, desk.clock_ns):
        on_begin(plan)
        writer.state.source = indicator_sources(plan.indicators)
        loaded = _load(context, plan, desk)
        bars = {symbol: _PlannedBars.of(plan, symbol, found.bars, desk.bars) for symbol, found in loaded.items()}
        writer.state.feed(max(int(of_symbol.known[-1]) for of_symbol in bars.values()))
        columns, failures = _compute(context, plan, bars, writer.state)
        context.publish(columns)
        proven = own_certificates(context, plan)
        _record(context, plan, bars, columns, writer)
        fingerprint = plan_fingerprint(plan, loaded)
        made = {"data_fingerprint": fingerprint, **accounts(plan.bars.sources, desk.bars)}
        context.seal()
        told = {label: str(error) for label, error in failures.items()}
        details = {"failed_indicators": told} if told else {}
        writer.complete(desk.clock_ns(), details, {**manifest, **proven, **made})
    return Outcome(columns, failures, fingerprint)


def _name(plan: ExplorationPlan) -> str:
    shown = ", ".join(plan.request.symbols[:3]) + (" …" if len(plan.request.symbols) > 3 else "")
    return f"{shown} {plan.bars.bar_length.label}: {', '.join(i.class_name for i in plan.indicators)}"


def _load(context: JobContext, plan: ExplorationPlan, desk: Desk) -> dict[str, LoadedBars]:
    context.enter("loading bars")
    total = sum(source.count(desk.bars) for source in plan.bars.sources.values())
    loaded: dict[str, LoadedBars] = {}
    done = 0
    for symbol, source in plan.bars.sources.items():
        tell = partial(_tell, context, "bars", total, done)
        loaded[symbol] = source.load(desk.bars, tell)
        done += len(loaded[symbol].bars)
    return loaded


def _tell(context: JobContext, what: str, total: int, before: int, more: int) -> None:
    done = before + more
    context.report(min(1.0, done / max(1, total)), f"{done:,} of {total:,} {what}")


@dataclass(frozen=True, slots=True)
class _PlannedBars:
    """The bars of one symbol, and what indicators of longer bars need to know of them.

    Attributes:
        bars: The bars.
        known: When each is complete, ns UTC.
        calendar: The calendar of the symbol, where one is needed.
        regular: Whether they are those of regular hours only.
    """

    bars: Bars
    known: IntArray
    calendar: str | None
    regular: bool

    @classmethod
    def of(cls, plan: ExplorationPlan, symbol: str, bars: Bars, cache: BarCache) -> _PlannedBars:
        """Those of a symbol of a plan."""
        known = known_at(plan.bars.sources[symbol], bars, plan.bars.period, cache)
        return cls(bars, known, plan.calendars.get(symbol), plan.request.hours == "regular")

    def series(self, indicator: AnyIndicator) -> dict[str, FloatArray]:
        """The series of an indicator over these bars."""
        if isinstance(indicator, HigherPeriod):
            return indicator.compute(self.bars, self.known, self.calendar, regular=self.regular)
        return indicator.compute(self.bars)


def _compute(
    context: JobContext, plan: ExplorationPlan, bars: dict[str, _PlannedBars], state: StateWriter
) -> tuple[RunColumns, dict[str, IndicatorError]]:
    """All series of all symbols; an indicator that fails on one symbol is left out for all, and only it."""
    context.enter("computing indicators")
    series: dict[str, dict[str, FloatArray]] = {symbol: {} for symbol in bars}
    failures: dict[str, IndicatorError] = {}
    for position, indicator in enumerate(plan.indicators):
        context.report(position / len(plan.indicators), indicator.class_name)
        try:
            computed = _of_all_symbols(context, indicator, bars)
        except IndicatorError as error:
            failures[label_of(entry_of(indicator))] = error
            state.log.note(f"{indicator.class_name} failed")
            continue
        for symbol, values in computed.items():
            series[symbol].update(values)
        state.count(cycles=position + 1 - len(failures), completed_cycle=position + 1)
    if len(failures) == len(plan.indicators):
        raise list(failures.values())[-1]
    return {symbol: SymbolColumns(bars[symbol].bars, series[symbol]) for symbol in bars}, failures


def _of_all_symbols(
    context: JobContext, indicator: AnyIndicator, bars: dict[str, _PlannedBars]
) -> dict[str, dict[str, FloatArray]]:
    computed = {}
    for symbol, of_symbol in bars.items():
        context.check()
        computed[symbol] = copy_context().run(of_symbol.series, indicator)  # what it sets ends with it
    return computed


def _record(
    context: JobContext, plan: ExplorationPlan, bars: dict[str, _PlannedBars], columns: RunColumns, writer: RunWriter
) -> None:
    context.enter("recording")
    name = plan.bars.period.name if plan.bars.timeframe is None else plan.bars.timeframe.label
    total = sum(len(of_symbol.bars) for of_symbol in columns.values())
    done = 0
    for symbol, of_symbol in columns.items():
        tell = partial(_tell, context, "rows", total, done)
        writer.append_processed(
            symbol, name, of_symbol.bars, of_symbol.series, bars[symbol].known - of_symbol.bars.ts, on_rows=tell
        )
        done += len(of_symbol.bars)
