"""Signals computed over all bars at once come to what the event engine makes of them: every fill, every metric."""

from typing import ClassVar

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from barscope.domain.bars import Bars
from barscope.domain.orders import OrderSide, OrderType
from barscope.domain.parameters import ParamSpec
from barscope.domain.performance.measures import METRICS
from barscope.domain.periods import BarPeriod
from barscope.domain.sampling import Combinations
from barscope.domain.signal_trades import fills_of, signal_equity
from barscope.domain.signals import Signals, decisions, next_state
from barscope.engine.configuration import configured
from barscope.engine.datafeed import SimulatedDatafeed
from barscope.engine.lookahead import first_lookahead
from barscope.engine.orchestrator import Orchestrator
from barscope.engine.recorder import MemoryRecorder
from barscope.engine.signal_strategy import SignalStrategy
from barscope.engine.simulated_broker import SimulatedBroker
from barscope.engine.strategies import RSIMeanReversion, SMACrossover
from barscope.engine.strategy import Strategy
from barscope.indicators import indicator_class
from barscope.studies.sweep_frame import EVENTS, VECTORISED
from barscope.studies.sweep_work import SweepDesk, SweepWork, SymbolBars, children_of, trades_of

MINUTE = BarPeriod.MINUTE
HOURS = 3_600 * 10**9

cents = st.integers(500, 2000).map(lambda c: c / 100)
codes_of_bars = st.one_of(
    st.lists(st.sampled_from([0, 0, 0, 1, 2, 3]), min_size=1, max_size=40),  # long only
    st.lists(st.sampled_from([0, 0, 0, 4, 8, 12]), min_size=1, max_size=40),  # short only
    st.lists(st.integers(0, 15), min_size=1, max_size=40),
)
costs = st.fixed_dictionaries(
    {
        "commission_per_unit": st.sampled_from([0.0, 0.25]),
        "commission_per_order": st.sampled_from([0.0, 0.5]),
        "commission_pct": st.sampled_from([0.0, 0.5]),
        "minimum_commission_per_order": st.sampled_from([0.0, 2.0]),
        "slippage_bps": st.sampled_from([0.0, 7.0]),
        "slippage_per_unit": st.sampled_from([0.0, 0.01, 50.0]),  # the last one reaches a price of zero
        "starting_cash": st.sampled_from([100_000.0, 10.0]),
    }
)
quantities = st.sampled_from([1.0, 2.0, 0.1, 3.7])


@st.composite
def bars_of(draw, n):
    """Any n bars, minutes or hours apart, so that they may span some days."""
    rows = draw(st.lists(st.tuples(cents, cents, cents, cents), min_size=n, max_size=n))
    steps = draw(st.lists(st.sampled_from([MINUTE.length_ns, 7 * HOURS]), min_size=n, max_size=n))
    o, a, b, c = np.array(rows).T
    return Bars(np.cumsum(steps), o, np.maximum.reduce([o, a, b, c]), np.minimum.reduce([o, a, b, c]), c, np.full(n, 9))


@st.composite
def signals_on_bars(draw):
    """Signals, the bars they are on, and what trading costs."""
    codes = np.array(draw(codes_of_bars), np.uint8)
    return codes, draw(bars_of(len(codes))), draw(costs), draw(quantities)


class _Told(SignalStrategy):
    """Gives the signals it was told."""

    parameters: ClassVar = {"quantity": ParamSpec(1.0, min=0.0001)}
    codes: np.ndarray = np.empty(0)
    quantity: float

    def signals(self, symbol, bars):
        return Signals(*(self.codes & code > 0 for code in (1, 2, 4, 8)))


def desk_of(target, way, bars, broker):
    """Where children of a sweep over these bars are computed."""
    work = SweepWork(target, way, MINUTE, {}, broker)
    return SweepDesk(work, SymbolBars("A", {MINUTE: bars}, {MINUTE: bars.ts + MINUTE.length_ns}))


def child(target, way, bars, broker, params):
    """The one child of a sweep."""
    (row,) = children_of(
        desk_of(target, way, bars, broker), [0], Combinations({name: [value] for name, value in params.items()})
    ).rows(named=True)
    assert (row.pop("state"), row.pop("error")) == ("done", None)
    return row


def played(target, bars, broker, params):
    """The result of the event engine."""
    feed = configured(SimulatedDatafeed, bars={"A": bars}, bar_period=MINUTE)
    strategy = configured(target, symbols=("A",), **params)
    return Orchestrator([strategy], configured(SimulatedBroker, **broker), feed, MemoryRecorder).run()


def fills_in(result, bars):
    """Place, signed units, price and commission of each fill."""
    sign = {OrderSide.BUY: 1, OrderSide.SELL: -1}
    return [
        (int(np.searchsorted(bars.ts, fill.ts_event_ns, "right")) - 1, sign[fill.side] * fill.quantity_filled,
         fill.fill_price, fill.commission)
        for fill in result.fills
    ]  # fmt: skip


def assert_same(found, expected):
    """Equal but for the order in which floats were added up."""
    assert set(found) == set(expected)
    for name in found:
        assert found[name] == pytest.approx(expected[name], rel=1e-9, abs=1e-9, nan_ok=True), name


@given(signals_on_bars())
@settings(max_examples=60)
def test_computed_trades_are_those_of_the_event_engine(told):
    """Places, sides, prices and commissions of the fills, profit of each round trip, the account at each bar."""
    codes, bars, broker, quantity = told
    target = configured(_Told, codes=codes)
    desk = desk_of(target, VECTORISED, bars, broker)
    trades = trades_of(desk, {"quantity": quantity})
    result = played(target, bars, broker, {"quantity": quantity})
    computed = list(zip(*(column.tolist() for column in fills_of(trades, desk.costs)), strict=True))
    assert computed == [pytest.approx(fill, rel=1e-12) for fill in fills_in(result, bars)]
    trips = result.round_trips
    assert trades.is_open == any(trip.is_open for trip in trips)
    assert trades.pnl.tolist() == pytest.approx([trip.pnl_after_commission for trip in trips], abs=1e-9)
    curve = signal_equity(trades, bars, desk.costs)
    for name in ("ts", "equity", "cash", "exposure", "traded"):
        np.testing.assert_allclose(getattr(curve, name), getattr(result.equity, name), rtol=1e-12, atol=1e-9)


@given(signals_on_bars())
@settings(max_examples=40)
def test_a_computed_child_has_the_metrics_of_a_played_one_and_of_its_run(told):
    """Every column is equal, and each metric is what the summary of the run says."""
    codes, bars, broker, quantity = told
    target = configured(_Told, codes=codes)
    computed, by_events = (child(target, way, bars, broker, {"quantity": quantity}) for way in (VECTORISED, EVENTS))
    assert_same(computed, by_events)
    summary = played(target, bars, broker, {"quantity": quantity}).summary()
    for name in METRICS:
        assert computed[name] == pytest.approx(getattr(summary, name), rel=1e-9, abs=1e-9, nan_ok=True), name


@given(st.lists(st.integers(0, 15), max_size=60))
@example([1, 1, 6, 6, 9])
def test_decisions_are_those_of_a_reader_of_one_bar_after_the_other(codes):
    """The state of every bar, followed one by one."""
    state, expected = 0, []
    for place, code in enumerate(codes):
        after = next_state(state, code)
        if after != state:
            expected.append((place, after))
        state = after
    places, states = decisions(np.array(codes, np.uint8))
    assert list(zip(places.tolist(), states.tolist(), strict=True)) == expected


class _AveragesBarByBar(Strategy):
    """What SMACrossover says, written for one bar after the other."""

    parameters: ClassVar = SMACrossover.parameters

    def setup(self):
        average = indicator_class("SimpleMovingAverage")
        self.fast = self.add_indicator(average(period=self.fast_period))
        self.slow = self.add_indicator(average(period=self.slow_period))

    def on_bar(self, event):
        fast, slow = self.fast.latest("A"), self.slow.latest("A")
        if self.position and not fast > slow:
            self.submit_order(OrderType.MARKET, OrderSide.SELL, self.position)
        elif not self.position and fast > slow and self.fast["A", -2] <= self.slow["A", -2]:
            self.submit_order(OrderType.MARKET, OrderSide.BUY, self.quantity)


class _IndexBarByBar(Strategy):
    """What RSIMeanReversion says, likewise."""

    parameters: ClassVar = RSIMeanReversion.parameters

    def setup(self):
        self.rsi = self.add_indicator(indicator_class("RSI")(period=self.period))

    def on_bar(self, event):
        rsi = self.rsi.latest("A")
        if self.position and rsi > self.exit_level:
            self.submit_order(OrderType.MARKET, OrderSide.SELL, self.position)
        elif not self.position and rsi < self.oversold:
            self.submit_order(OrderType.MARKET, OrderSide.BUY, self.quantity)


def walk(seed, n=120):
    """A random walk of n minutes, on a grid so coarse that averages meet."""
    rng = np.random.default_rng(seed)
    close = 100 + rng.integers(-2, 3, n).cumsum() / 2
    opens = close + rng.integers(-1, 2, n) / 2
    ts = np.arange(1, n + 1) * MINUTE.length_ns
    return Bars(ts, opens, np.maximum(opens, close), np.minimum(opens, close), close, np.full(n, 100))


@given(st.integers(0, 2**32), st.integers(5, 9), st.integers(10, 14), costs)
@settings(max_examples=20)
def test_the_crossover_is_what_is_written_bar_by_bar(seed, fast, slow, broker):
    """Vectorised, by events, and as a reader would write it: one child."""
    bars, params = walk(seed), {"fast_period": fast, "slow_period": slow, "quantity": 2.0}
    expected = child(_AveragesBarByBar, EVENTS, bars, broker, params)
    assert_same(child(SMACrossover, VECTORISED, bars, broker, params), expected)
    assert_same(child(SMACrossover, EVENTS, bars, broker, params), expected)


@given(st.integers(0, 2**32), st.integers(2, 9), st.sampled_from([20.0, 30.0, 45.0]), costs)
@settings(max_examples=20)
def test_the_mean_reversion_is_what_is_written_bar_by_bar(seed, period, oversold, broker):
    """Vectorised, by events, and as a reader would write it: one child."""
    bars, params = walk(seed), {"period": period, "oversold": oversold, "exit_level": 50.0, "quantity": 2.0}
    expected = child(_IndexBarByBar, EVENTS, bars, broker, params)
    assert_same(child(RSIMeanReversion, VECTORISED, bars, broker, params), expected)
    assert_same(child(RSIMeanReversion, EVENTS, bars, broker, params), expected)


def test_the_walks_do_trade():
    """The two properties above compare something: these parameters open several round trips."""
    crossing = child(SMACrossover, VECTORISED, walk(1), {}, {"fast_period": 5, "slow_period": 10})
    reverting = child(RSIMeanReversion, VECTORISED, walk(1), {}, {"period": 3, "oversold": 45.0})
    assert min(crossing["round_trips"], reverting["round_trips"]) >= 3


class _Peeking(SignalStrategy):
    """Long before a rise, which nobody can know."""

    symbols = ("A",)

    def signals(self, symbol, bars):
        rises = np.append(bars.close[1:] > bars.close[:-1], False)
        return Signals(entries=rises, exits=~rises)


class _Honest(SignalStrategy):
    """Long after a rise."""

    symbols = ("A",)

    def signals(self, symbol, bars):
        rises = np.append(False, bars.close[1:] > bars.close[:-1])
        return Signals(entries=rises, exits=~rises)


def test_signals_that_look_ahead_are_caught():
    """The strategy that reads the next close is found, the one that reads the last is not."""
    assert first_lookahead([_Peeking], {"A": walk(3)}, bar_period=MINUTE) is not None
    assert first_lookahead([_Honest], {"A": walk(3)}, bar_period=MINUTE) is None
