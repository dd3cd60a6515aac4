"""Backtests as jobs: a request checked whole, played by the engine over bars in memory, recorded in runs.db."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from barscope.domain.parameters import parse_parameters
from barscope.engine.configuration import configured
from barscope.engine.datafeed import SimulatedDatafeed
from barscope.engine.monitor import STAGES as ENGINE_STAGES
from barscope.engine.orchestrator import Orchestrator, new_run_id
from barscope.engine.recorder import RunRecorder
from barscope.engine.registry import strategy_class
from barscope.engine.simulated_broker import SimulatedBroker
from barscope.errors import UnknownRunError
from barscope.jobs import Job, JobContext, JobRunner, Stage
from barscope.studies.choice import resolve_choice

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.domain.bars import Bars
    from barscope.domain.instruments import SymbolMapping
    from barscope.engine.channel import Channel
    from barscope.store.runs import RunStore
    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.bar_cache import BarCache
    from barscope.studies.request import BacktestRequest

STAGES = tuple(Stage(label, weight) for label, weight in ENGINE_STAGES)


class CachedDatafeed(SimulatedDatafeed):
    """Bars of the security master that other work of the workspace may have read already.

    Attributes:
        mappings: Symbol → its instruments.
        cache: Bars in memory.
    """

    mappings: ClassVar[Mapping[str, tuple[SymbolMapping, ...]]] = MappingProxyType({})
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
            loaded[channel] = self.cache.load(self.mappings[channel.symbol], channel.bar_period.rtype, tell).bars
        return loaded


def _after(on_rows: Callable[[int], None], before: int, rows: int) -> None:
    on_rows(before + rows)


class Backtests:
    """Runs backtests in the background.

    Args:
        secmaster: Where the bars are.
        runs: Where the results go.
        bars: Bars in memory.
        runner: Runs the jobs.
        open_run: Makes what `job.result()` gives, from a run id.
        now_ns: Tells the time, nanoseconds since the epoch, UTC.
    """

    def __init__(
        self,
        secmaster: SecurityMaster,
        runs: RunStore,
        bars: BarCache,
        runner: JobRunner,
        open_run: Callable[[str], Any],
        *,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._secmaster = secmaster
        self._runs = runs
        self._bars = bars
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
        for period in strategy.bar_periods:  # bars of the request's own are there
            resolve_choice(request.model_copy(update={"rtype": period.rtype}), self._secmaster)
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
        resolved = resolve_choice(request, self._secmaster)
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
                mappings=resolved.mappings,
                cache=self._bars,
            ),
            configured(RunRecorder, store=self._runs),
            config={"request": request.model_dump(mode="json")},
            run_id=run_id,
            now_ns=self._now_ns,
        )

    def _is_taken(self, run_id: str) -> bool:
        if self._runner.get(run_id) is not None:
            return True
        try:
            self._runs.get(run_id)
        except UnknownRunError:
            return False
        return True
