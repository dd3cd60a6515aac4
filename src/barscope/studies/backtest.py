"""Backtests as jobs: a request checked whole, played by the engine over bars in memory, recorded in runs.db."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from barscope.domain.parameters import parse_parameters
from barscope.engine.channel import Channel
from barscope.engine.configuration import configured
from barscope.engine.datafeed import SimulatedDatafeed
from barscope.engine.monitor import STAGES as ENGINE_STAGES
from barscope.engine.orchestrator import Orchestrator, new_run_id
from barscope.engine.recorder import RunRecorder
from barscope.engine.registry import strategy_class
from barscope.engine.simulated_broker import SimulatedBroker
from barscope.errors import InvalidParameterError, UnknownRunError, cut
from barscope.jobs import Job, JobContext, JobRunner, Stage
from barscope.studies.bar_source import accounts, known_at
from barscope.studies.choice import ResolvedChoice, resolve_choice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from barscope.domain.bars import Bars, IntArray
    from barscope.domain.periods import BarPeriod
    from barscope.store.runs import RunStore
    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.bar_cache import BarCache
    from barscope.studies.bar_source import BarSource
    from barscope.studies.calendar_book import CalendarBook
    from barscope.studies.request import BacktestRequest

STAGES = tuple(Stage(label, weight) for label, weight in ENGINE_STAGES)


class CachedDatafeed(SimulatedDatafeed):
    """Bars of the security master that other work of the workspace may have read already.

    Attributes:
        sources: Symbol and period → where its bars come from.
        cache: Bars in memory.
    """

    sources: ClassVar[Mapping[Channel, BarSource]] = MappingProxyType({})
    cache: ClassVar[BarCache | None] = None

    def connect(self) -> None:
        """Nothing to open: the workspace has."""

    def load(self, on_rows: Callable[[int], None]) -> dict[Channel, Bars]:
        """The bars of every channel."""
        assert self.cache is not None  # noqa: S101  # every configured class has one
        loaded: dict[Channel, Bars] = {}
        for channel in self._channels:
            done = sum(map(len, loaded.values()))
            tell = partial(_after, on_rows, done)
            loaded[channel] = self.sources[channel].load(self.cache, tell).bars
        return loaded

    def known(self, channel: Channel, bars: Bars) -> IntArray:
        """When each bar is known: longer bars made of the stored ones at their own end."""
        assert self.cache is not None  # noqa: S101  # every configured class has one
        return known_at(self.sources[channel], bars, channel.bar_period, self.cache)


def _after(on_rows: Callable[[int], None], before: int, rows: int) -> None:
    on_rows(before + rows)


class Backtests:
    """Runs backtests in the background.

    Args:
        secmaster: Where the bars are.
        runs: Where the results go.
        bars: Bars in memory.
        calendars: The calendars of symbols.
        runner: Runs the jobs.
        open_run: Makes what `job.result()` gives, from a run id.
        now_ns: Tells the time, nanoseconds since the epoch, UTC.
    """

    def __init__(
        self,
        secmaster: SecurityMaster,
        runs: RunStore,
        bars: BarCache,
        calendars: CalendarBook,
        runner: JobRunner,
        open_run: Callable[[str], Any],
        *,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._secmaster = secmaster
        self._runs = runs
        self._bars = bars
        self._calendars = calendars
        self._runner = runner
        self._open_run = open_run
        self._now_ns = now_ns
        self._lock = threading.Lock()

    def enqueue(self, request: BacktestRequest) -> Job[Any]:
        """Queue a backtest.

        Returns:
            A job whose result is the run.

        Raises:
            BarscopeError: If the request does not hold; nothing is written then.
        """
        strategy = strategy_class(request.strategy)
        self._orchestrator(request).check()
        with self._lock:
            run_id = new_run_id(self._now_ns(), [strategy.name], self._is_taken)
            return self._runner.submit(run_id, lambda context: self._work(context, request, run_id), STAGES)

    def _work(self, context: JobContext, request: BacktestRequest, run_id: str) -> Any:  # noqa: ANN401  # as open_run
        self._orchestrator(request, run_id).run(context)
        return self._open_run(run_id)

    def _orchestrator(self, request: BacktestRequest, run_id: str | None = None) -> Orchestrator:
        """The configured classes of a request, put together."""
        strategy = strategy_class(request.strategy)
        parse_parameters(strategy.name, strategy.parameters, request.strategy_params)
        resolved = resolve_choice(request, self._secmaster, self._calendars)
        made = accounts(resolved.sources, self._bars) if run_id else {}
        names = {} if resolved.timeframe is None else {resolved.period: resolved.timeframe.label}
        return Orchestrator(
            [configured(strategy, symbols=request.symbols, **request.strategy_params)],
            configured(SimulatedBroker, **request.broker),
            configured(
                CachedDatafeed,
                bar_period=resolved.period,
                publisher_id=request.publisher_id,
                symbol_type=request.symbol_type,
                start_date=request.start_date,
                end_date=request.end_date,
                sources=self._sources(request, resolved, strategy.bar_periods),
                cache=self._bars,
            ),
            configured(RunRecorder, store=self._runs, period_names=names),
            config={"request": request.recorded(), **made},
            run_id=run_id,
            now_ns=self._now_ns,
        )

    def _sources(
        self, request: BacktestRequest, resolved: ResolvedChoice, periods: Sequence[BarPeriod]
    ) -> dict[Channel, BarSource]:
        """Where the bars of every channel come from: those of the request, and of other periods of the strategy."""
        if request.timeframe is not None and set(periods) - {resolved.period}:
            raise InvalidParameterError(
                f"strategy {cut(request.strategy)} names the periods of its bars itself: leave out the timeframe"
            )
        choices = {resolved.period: resolved}
        for period in set(periods) - choices.keys():
            choices[period] = resolve_choice(
                request.model_copy(update={"rtype": period.rtype}), self._secmaster, self._calendars
            )
        return {
            Channel(symbol, period): source
            for period, choice in choices.items()
            for symbol, source in choice.sources.items()
        }

    def _is_taken(self, run_id: str) -> bool:
        if self._runner.get(run_id) is not None:
            return True
        try:
            self._runs.get(run_id)
        except UnknownRunError:
            return False
        return True
