"""The orchestrator: puts a run together, plays it, records it, and takes it apart again."""

from __future__ import annotations

import datetime as dt
import inspect
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import chain
from itertools import count as count_from
from typing import TYPE_CHECKING, Any
from uuid import UUID

from barscope.domain.events import FillEvent, OrderSubmissionRequest
from barscope.domain.instruments import check_symbol
from barscope.domain.periods import BarPeriod
from barscope.domain.time import iso
from barscope.engine.broker import Broker
from barscope.engine.bus import EventBus, Subscriber
from barscope.engine.channel import Channel, matched_channels
from barscope.engine.clock import SimulatedClock
from barscope.engine.datafeed import Datafeed, SimulatedDatafeed
from barscope.engine.manifest import backtest_manifest, data_fingerprint
from barscope.engine.monitor import Monitor, SilentMonitor
from barscope.engine.position_counters import position_counters
from barscope.engine.recorder import MemoryRecorder, RunRecorder
from barscope.engine.replay import replay
from barscope.engine.results import BacktestResult
from barscope.engine.series import IndicatorBoard, computed
from barscope.engine.signal_strategy import SignalStrategy
from barscope.engine.simulated_broker import SimulatedBroker
from barscope.engine.strategy import Strategy
from barscope.errors import DataError, InvalidParameterError, JobCancelledError, StoreError, StrategyError, cut
from barscope.indicators.outputs import recorded_outputs
from barscope.store.named_table import check_name

if TYPE_CHECKING:
    from barscope.domain.bars import Bars
    from barscope.engine.series import Compute

_SHOWN_ASSUMPTIONS = 100


class Orchestrator:
    """One backtest. It takes classes; each is configured by its class attributes.

        result = Orchestrator([configured(SMACrossover, symbols=["AAPL"])]).run()
        result.summary()

    Args:
        strategies: Classes of strategies, each of its own name.
        broker: Class of the broker.
        datafeed: Class of the datafeed.
        recorder: Class of the recorder; `MemoryRecorder` leaves nothing behind.
        config: What else the manifest of the run has to say; wins over what is there.
        run_id: The id of the run; None makes one of the time and the names of the strategies.
        now_ns: Tells the time of day, for when the run began and ended.
        compute: Computes an indicator; runs that share bars may share what it keeps.
    """

    def __init__(
        self,
        strategies: Sequence[type[Strategy]],
        broker: type[Broker] = SimulatedBroker,
        datafeed: type[Datafeed] = SimulatedDatafeed,
        recorder: type[MemoryRecorder] = RunRecorder,
        *,
        config: Mapping[str, Any] | None = None,
        run_id: str | None = None,
        now_ns: Callable[[], int] = time.time_ns,
        compute: Compute = computed,
    ) -> None:
        self._strategies = tuple(strategies)
        self._broker = broker
        self._datafeed = datafeed
        self._recorder = recorder
        self._config = dict(config or {})
        self._run_id = run_id
        self._now_ns = now_ns
        self._compute = compute

    def run(self, monitor: Monitor | None = None) -> BacktestResult:
        """Play the backtest and record it.

        Args:
            monitor: Told of the progress; cancels the run by raising `JobCancelledError`.

        Raises:
            InvalidParameterError: If something is configured wrong; nothing was recorded.
            JobCancelledError: If the monitor cancelled; the run is `cancelled`.
            DataError: If there are no bars; the run is `failed`.
            StoreError: If a database cannot be used.
            StrategyError: If anything raised while an event was delivered; the run is `failed`.
        """
        monitor = SilentMonitor() if monitor is None else monitor
        monitor.enter("validating")
        self.check()
        config = backtest_manifest(self._strategies, self._broker, self._datafeed) | self._config
        recorder = self._recorder(bus := EventBus(clock := SimulatedClock()))
        parts: list[Subscriber] = [recorder]  # shut down in reverse
        try:
            run_id = self._begin(recorder, config)
            run = _Run(run_id, config, clock, bus, recorder, parts, monitor)
            try:
                return self._play(run)
            except BaseException as error:  # sys.exit of a strategy too ends its run, not the program
                of_user = bus.delivering is not None  # the bus is idle where bars are loaded, told of and recorded
                if isinstance(error, KeyboardInterrupt) or (isinstance(error, JobCancelledError) and not of_user):
                    recorder.cancel(self._now_ns())
                    raise
                failure = run.failure(error)
                recorder.fail(self._now_ns(), _failure_metadata(failure, error))
                if isinstance(error, DataError | StoreError) and not of_user:
                    raise
                raise failure from error
        finally:
            with ExitStack() as stack:
                for part in parts:
                    stack.callback(part.shutdown)  # the last one first, each whatever becomes of the others

    def check(self) -> None:
        """Check the classes and their settings, as `run` does before anything else.

        Raises:
            InvalidParameterError: If something is configured wrong.
        """
        if not self._strategies:
            raise InvalidParameterError("No strategies selected")
        for strategy in self._strategies:
            _check_strategy(strategy)
        for name, count in Counter(strategy.name for strategy in self._strategies).items():
            if count > 1:
                raise InvalidParameterError(f"{count} strategies are named {cut(name)}: give each a name of its own")
        self._broker.check_settings([symbol for strategy in self._strategies for symbol in strategy.symbols])
        self._datafeed.check_settings()

    def _begin(self, recorder: MemoryRecorder, config: dict[str, Any]) -> str:
        now = self._now_ns()
        names = [strategy.name for strategy in self._strategies]
        run_id = self._run_id or new_run_id(now, names, recorder.is_taken)
        recorder.begin(run_id, ", ".join(names), now, config)
        return run_id

    def _play(self, run: _Run) -> BacktestResult:
        board = IndicatorBoard(self._compute)
        broker, strategies, datafeed = self._assemble(run, board)
        run.enter("fetching prices")
        bars = datafeed.load(lambda rows: run.monitor.report(0.0, f"{rows:,} bars"))
        known = {channel: datafeed.known(channel, of_channel) for channel, of_channel in bars.items()}
        total = sum(map(len, bars.values()))
        run.enter("calculating")
        board.compute(bars, run.monitor.check)
        for strategy in strategies:
            if isinstance(strategy, SignalStrategy):
                strategy.decide(bars)
        replay(run.bus, run.clock, bars, known, board, lambda done: run.played(done, total))
        result = self._result(run, broker, bars, board)
        run.recorder.count(**position_counters(run.recorder, result))
        run.monitor.publish(result)
        run.enter("recording")
        run.recorder.write(bars, known, board, lambda rows: run.report(rows, total, "rows"))
        found = {
            "data_fingerprint": data_fingerprint(bars),
            "outputs": recorded_outputs(board.indicators),
            "source_hashes": {indicator.variant: indicator.source_hash() for indicator in board.indicators},
        }
        run.monitor.seal()
        run.recorder.complete(self._now_ns(), _metadata(result), run.config | found)
        return result

    def _assemble(self, run: _Run, board: IndicatorBoard) -> tuple[Broker, list[Strategy], Datafeed]:
        """Broker, strategies and datafeed, connected and subscribed."""
        run.parts.append(broker := self._broker(run.bus))
        strategies: list[Strategy] = []
        for strategy_class in self._strategies:
            strategies.append(strategy_class(run.bus, board, self._periods(strategy_class)))
            run.parts.insert(1, strategies[-1])  # shut down after the broker
        run.parts.append(datafeed := self._datafeed(run.bus))
        broker.connect()
        datafeed.connect()
        for strategy in strategies:
            strategy.setup()
            for period in self._periods(type(strategy)):
                for symbol in strategy.symbols:
                    broker.subscribe(symbol, period)
                    datafeed.subscribe(symbol, period)
        return broker, strategies, datafeed

    def _periods(self, strategy: type[Strategy]) -> Sequence[BarPeriod]:
        return strategy.bar_periods or (self._datafeed.bar_period,)

    def _result(self, run: _Run, broker: Broker, bars: Mapping[Channel, Bars], board: IndicatorBoard) -> BacktestResult:
        matched = matched_channels(bars)
        return BacktestResult(
            run_id=run.run_id,
            strategies=tuple(strategy.name for strategy in self._strategies),
            starting_cash=self._broker.starting_cash,
            bars={channel.symbol: bars[channel] for channel in matched},
            series={channel.symbol: board.columns(channel) for channel in matched},
            orders=tuple(run.recorder.events(OrderSubmissionRequest)),
            fills=tuple(run.recorder.events(FillEvent)),
            assumptions=tuple(broker.assumptions),
            assumption_count=len(broker.assumptions),
        )


@dataclass(slots=True)
class _Run:
    """A run that has begun, and what it is made of so far."""

    run_id: str
    config: dict[str, Any]
    clock: SimulatedClock
    bus: EventBus
    recorder: MemoryRecorder
    parts: list[Subscriber]
    monitor: Monitor
    stage: str = "setting up"

    def enter(self, stage: str) -> None:
        """Begin a stage."""
        self.stage = stage
        self.monitor.enter(stage)

    def played(self, done: int, total: int) -> None:
        """Tell how many bars were played."""
        if done:
            self.recorder.count(cycles=done, completed_cycle=done)
        self.report(done, total, "bars")

    def report(self, done: int, total: int, what: str) -> None:
        """Tell how much of the stage is done."""
        self.monitor.report(min(1.0, done / max(1, total)), f"{done:,} of {total:,} {what}")

    def failure(self, error: BaseException) -> StrategyError:
        """The error that says where the run failed."""
        event = self.bus.delivering
        what = f"{type(error).__name__}: {cut(error, 500)}"
        if event is None:
            return StrategyError(f"run {self.run_id} failed while {self.stage}: {what}", self.run_id)
        symbol: str | None = getattr(event, "symbol", None) or self._symbol_of(
            getattr(event, "associated_order_id", None)
        )
        where = " ".join(filter(None, [symbol and cut(symbol), iso(event.ts_event_ns), type(event).__name__]))
        return StrategyError(f"run {self.run_id} failed at {where}: {what}", self.run_id, event.ts_event_ns, symbol)

    def _symbol_of(self, order_id: UUID | None) -> str | None:
        """What an order is for: the broker's replies name the order only."""
        orders = self.recorder.events(OrderSubmissionRequest)
        return next((order.symbol for order in orders if order.system_order_id == order_id), None)


def new_run_id(now_ns: int, names: Sequence[str], is_taken: Callable[[str], bool]) -> str:
    """The id of a backtest: when it began, UTC, and the names of its strategies; numbered when that is taken."""
    moment = dt.datetime.fromtimestamp(now_ns // 1_000_000_000, dt.UTC)
    plain = f"{moment:%Y-%m-%d_%H-%M-%S}_{'_'.join(names)}"
    numbered = (f"{plain}-{n}" for n in count_from(2))
    return next(run_id for run_id in chain([plain], numbered) if not is_taken(run_id))


def _check_strategy(strategy: type[Strategy]) -> None:
    if not (inspect.isclass(strategy) and issubclass(strategy, Strategy)):
        raise InvalidParameterError(
            f"{cut(repr(strategy))} is not a class of strategy: give the class, not an instance"
        )
    if {"/", "\\"} & set(check_name(strategy.name)):
        raise InvalidParameterError(f"strategy name {cut(repr(strategy.name))} holds a slash: ids of runs have none")
    if inspect.isabstract(strategy):
        raise InvalidParameterError(f"{strategy.name} does not define on_bar")
    if isinstance(strategy.symbols, str) or not strategy.symbols:
        raise InvalidParameterError(f"{strategy.name}: No symbols selected: set symbols to a list of them")
    if len(set(strategy.symbols)) < len(strategy.symbols):
        raise InvalidParameterError(f"{strategy.name} has a symbol twice: {cut(', '.join(strategy.symbols))}")
    for symbol in strategy.symbols:
        check_symbol(symbol)
    for period in strategy.bar_periods:
        if not isinstance(period, BarPeriod):
            raise InvalidParameterError(f"{strategy.name}: {cut(repr(period))} is not a member of BarPeriod")
    strategy.parameter_values()


def _failure_metadata(failure: StrategyError, error: BaseException) -> dict[str, Any]:
    return {
        "reason": "error",
        "error": f"{type(error).__name__}: {cut(error, 500)}",
        "traceback": "".join(traceback.format_exception(error)),
        "symbol": failure.symbol,
        "ts_event_ns": failure.ts_event_ns,
    }


def _metadata(result: BacktestResult) -> dict[str, Any]:
    shown = [asdict(assumption) for assumption in result.assumptions[:_SHOWN_ASSUMPTIONS]]
    return {
        "orders": len(result.orders),
        "fills": len(result.fills),
        "final_equity": float(result.equity.equity[-1]),
        "assumptions": {"count": result.assumption_count, "first": shown},
    }
