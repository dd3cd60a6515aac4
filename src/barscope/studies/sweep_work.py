"""The work of a sweep, free of stores and threads: what is to be computed, and the rows that come out.

Everything here travels to other processes and machines, so it holds classes, numbers and columns, and nothing open.
"""

from __future__ import annotations

import threading
import traceback
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, fields
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import polars as pl

from barscope.domain.bars import Bars
from barscope.domain.commissions import Commission
from barscope.domain.performance.measures import ReturnPeriods, Trading, block_sums, measures, period_returns
from barscope.domain.signal_trades import Costs, SignalTrades, cash_and_worth, signal_equity, signal_trades
from barscope.engine.bus import EventBus
from barscope.engine.channel import Channel
from barscope.engine.clock import SimulatedClock
from barscope.engine.configuration import configured
from barscope.engine.datafeed import SimulatedDatafeed
from barscope.engine.orchestrator import Orchestrator
from barscope.engine.recorder import MemoryRecorder
from barscope.engine.series import IndicatorBoard
from barscope.engine.signal_strategy import SignalStrategy
from barscope.engine.simulated_broker import SimulatedBroker
from barscope.errors import cut
from barscope.studies.predictive_power import predictive_power
from barscope.studies.sweep_frame import DONE, EVENTS, FAILED, INDICATOR, PARAM, VECTORISED, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.domain.bars import FloatArray, IntArray
    from barscope.domain.equity import EquityCurve
    from barscope.domain.periods import BarPeriod
    from barscope.domain.sampling import Combinations
    from barscope.engine.strategy import Strategy
    from barscope.indicators import Indicator

_INDICATOR_BYTES = 512 << 20


@dataclass(frozen=True, slots=True)
class SweepWork:
    """What is the same for all children of a sweep.

    Attributes:
        target: The class of the strategy or indicator.
        way: `vectorised`, `events` or `indicator`.
        period: The period of its bars.
        fixed: Parameters that are the same in all combinations.
        broker: Settings of the broker.
    """

    target: type[Strategy] | type[Indicator]
    way: str
    period: BarPeriod
    fixed: Mapping[str, Any]
    broker: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class SymbolBars:
    """The bars of one symbol over one stretch.

    Attributes:
        symbol: The symbol.
        bars: Its bars by period; more than one where a strategy asks for more.
        known: When each of them is known, ns UTC.
    """

    symbol: str
    bars: Mapping[BarPeriod, Bars]
    known: Mapping[BarPeriod, IntArray]

    def columns(self) -> dict[BarPeriod, tuple[FloatArray | IntArray, ...]]:
        """By period the columns of the bars, then when each bar is known."""
        return {
            period: (*(getattr(of_period, column.name) for column in fields(Bars)), self.known[period])
            for period, of_period in self.bars.items()
        }

    @classmethod
    def of_columns(cls, symbol: str, columns: Mapping[BarPeriod, Sequence[Any]]) -> SymbolBars:
        """From what `columns` gives."""
        bars = {period: Bars(*of_period[:-1]) for period, of_period in columns.items()}
        return cls(symbol, bars, {period: of_period[-1] for period, of_period in columns.items()})


class SweepDesk:
    """One symbol's bars with what its children share: each indicator is computed once, by whichever child is first.

    Args:
        work: What is to be computed.
        given: The bars.
        max_bytes: Indicators kept; the least recently used go first.

    Attributes:
        computed: How many indicators were computed.
    """

    def __init__(self, work: SweepWork, given: SymbolBars, max_bytes: int = _INDICATOR_BYTES) -> None:
        self.work = work
        self.given = given
        self.bars = given.bars[work.period]
        self.computed = 0
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Indicator, int], Mapping[str, FloatArray]] = OrderedDict()
        self._computing: dict[tuple[Indicator, int], threading.Lock] = {}

    @cached_property
    def periods(self) -> ReturnPeriods:
        """The periods returns are measured by."""
        return ReturnPeriods.of(self.bars.ts)

    @cached_property
    def costs(self) -> Costs:
        """What trading costs."""
        broker = configured(SimulatedBroker, **self.work.broker)
        commission = Commission(
            broker.commission_per_unit,
            broker.commission_per_order,
            broker.commission_pct,
            broker.minimum_commission_per_order,
        )
        return Costs(commission, broker.slippage_bps, broker.slippage_per_unit, broker.starting_cash)

    def compute(self, indicator: Indicator, bars: Bars) -> Mapping[str, FloatArray]:
        """The series of an indicator, computed once."""
        key = (indicator, len(bars))  # bars of two periods of one symbol differ in number
        with self._lock:
            computing = self._computing.setdefault(key, threading.Lock())
        with computing:
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            found = indicator.compute(bars)
            self._keep(key, found)
        return found

    def _keep(self, key: tuple[Indicator, int], found: Mapping[str, FloatArray]) -> None:
        with self._lock:
            self._kept[key] = found
            self.computed += 1
            while len(self._kept) > 1 and sum(map(_nbytes, self._kept.values())) > self._max_bytes:
                old, _series = self._kept.popitem(last=False)
                self._computing.pop(old, None)


def _nbytes(series: Mapping[str, FloatArray]) -> int:
    return sum(values.nbytes for values in series.values())


def children_of(
    desk: SweepDesk,
    numbers: Sequence[int],
    combinations: Combinations,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> pl.DataFrame:
    """Compute some combinations on one symbol.

    Args:
        desk: The work and the bars.
        numbers: The numbers of the combinations.
        combinations: Their values, in the same order.
        is_cancelled: Asked before each; what is not computed by then is left out.

    Returns:
        A row per combination; one that raised has no metrics, but its error.
    """
    rows: list[dict[str, Any]] = []
    for place, number in enumerate(numbers):
        if is_cancelled():
            break
        rows.append({"combination": number, **_child(desk, combinations[place])})
    return frame_of(rows, combinations, desk.work.way)


def _child(desk: SweepDesk, params: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = copy_context().run(_WAYS[desk.work.way], desk, params)  # what it sets, such as np.seterr, ends with it
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # code of users: one that fails leaves the others alone
        return {"state": FAILED, "error": _told(error)}
    return {"state": DONE, "error": None, **found}


def _told(error: BaseException) -> str:
    """The error that began it, and where it was raised."""
    root, seen = error, {id(error)}  # an exception may be its own cause
    while root.__cause__ is not None and id(root.__cause__) not in seen:
        root = root.__cause__
        seen.add(id(root))
    frames = traceback.extract_tb(root.__traceback__)
    where = f" ({frames[-1].name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(root).__name__}: {cut(root, 300)}{where}"


def _signal_child(desk: SweepDesk, params: Mapping[str, Any]) -> dict[str, Any]:
    trades = trades_of(desk, params)
    cash, worth = cash_and_worth(trades, desk.bars, desk.costs)
    cash += worth
    return _measured(desk, Trading(
        cash, desk.costs.starting_cash, trades.closed_pnl, trades.held_bars, float(trades.commission.sum())
    ))  # fmt: skip


def trades_of(desk: SweepDesk, params: Mapping[str, Any]) -> SignalTrades:
    """The round trips of a signal strategy, computed over all bars at once."""
    channel = Channel(desk.given.symbol, desk.work.period)
    settings = {"symbols": (channel.symbol,), **desk.work.fixed, **params}
    board = IndicatorBoard(desk.compute)
    strategy = configured(desk.work.target, **settings)(EventBus(SimulatedClock()), board, (channel.bar_period,))
    assert isinstance(strategy, SignalStrategy)  # noqa: S101  # the plan chose the way by it
    strategy.setup()
    board.compute({channel: desk.bars}, _no_check)
    codes = strategy.signals(channel.symbol, desk.bars).codes(len(desk.bars))
    return signal_trades(codes, desk.bars, strategy.quantity, desk.costs)


def _no_check() -> None:
    """Nobody cancels in the middle of a child."""


class _GivenDatafeed(SimulatedDatafeed):
    """Bars in memory with the moments they are known."""

    moments: ClassVar[Mapping[Channel, Any]] = MappingProxyType({})

    def known(self, channel: Channel, bars: Bars) -> IntArray:
        """As given."""
        found: IntArray = self.moments[channel]
        return found


def _event_child(desk: SweepDesk, params: Mapping[str, Any]) -> dict[str, Any]:
    result = _replayed(desk, params)
    closed = [trip for trip in result.round_trips if not trip.is_open]
    curve = result.equity
    return _measured(desk, Trading(
        curve.equity,
        result.starting_cash,
        np.array([trip.pnl_after_commission for trip in closed], np.float64),
        int(np.count_nonzero(curve.exposure > 0)),
        sum(trip.commission for trip in result.round_trips),
    ))  # fmt: skip


def _replayed(desk: SweepDesk, params: Mapping[str, Any]) -> Any:  # noqa: ANN401  # a BacktestResult
    symbol = desk.given.symbol
    feed = configured(
        _GivenDatafeed,
        bar_period=desk.work.period,
        bars={Channel(symbol, period): bars for period, bars in desk.given.bars.items()},
        moments={Channel(symbol, period): known for period, known in desk.given.known.items()},
    )
    strategy = configured(desk.work.target, symbols=(symbol,), **{**desk.work.fixed, **params})
    broker = configured(SimulatedBroker, **desk.work.broker)
    return Orchestrator([strategy], broker, feed, MemoryRecorder, compute=desk.compute).run()  # type: ignore[list-item]  # a strategy, as the way says


def equity_of(desk: SweepDesk, params: Mapping[str, Any]) -> EquityCurve:
    """The account of one combination at each bar."""
    if desk.work.way == VECTORISED:
        return signal_equity(trades_of(desk, params), desk.bars, desk.costs)
    found: EquityCurve = _replayed(desk, params).equity
    return found


def _measured(desk: SweepDesk, trading: Trading) -> dict[str, Any]:
    changes = period_returns(trading, desk.periods)
    return {**measures(trading, desk.periods), **block_sums(changes)}


def _indicator_child(desk: SweepDesk, params: Mapping[str, Any]) -> dict[str, Any]:
    indicator = desk.work.target(**{**desk.work.fixed, **params})  # an indicator takes its parameters
    series = desk.compute(indicator, desk.bars)  # type: ignore[arg-type]  # as the way says
    values = series[indicator.outputs[0].name]  # type: ignore[union-attr]
    return predictive_power(values, desk.bars.close)


_WAYS: Mapping[str, Callable[[SweepDesk, Mapping[str, Any]], dict[str, Any]]] = {
    VECTORISED: _signal_child,
    EVENTS: _event_child,
    INDICATOR: _indicator_child,
}


def frame_of(rows: Sequence[Mapping[str, Any]], combinations: Combinations, way: str) -> pl.DataFrame:
    """Rows of children as a frame, every column there whether or not a row has it."""
    schema = schema_of(combinations, way)
    columns: dict[str, Any] = {}
    for name, kind in schema.items():
        if name.startswith(PARAM):
            column = combinations.columns[name.removeprefix(PARAM)][: len(rows)]
            columns[name] = pl.Series(name, column, dtype=kind)
        else:
            columns[name] = pl.Series(name, [_listed(row.get(name)) for row in rows], dtype=kind)
    return pl.DataFrame(columns).cast(pl.Schema(schema))


def _listed(value: object) -> object:
    """A value as polars takes it beside None, which it does not with an array."""
    return value.tolist() if isinstance(value, np.ndarray) else value
