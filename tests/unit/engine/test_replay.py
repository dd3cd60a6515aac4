"""The order in which several symbols, periods and strategies meet."""

import numpy as np
import pytest

from barscope.domain import events
from barscope.domain.bars import Bars
from barscope.domain.orders import OrderSide, OrderType
from barscope.domain.periods import BarPeriod
from barscope.errors import StrategyError
from barscope.indicators import Close

MARKET, BUY = OrderType.MARKET, OrderSide.BUY
MINUTE, HOUR, DAY = BarPeriod.MINUTE, BarPeriod.HOUR, BarPeriod.DAY
QUIET = (100, 101, 99, 100)


def bars_at(ts, price=100.0):
    """Bars that open at given times and do not move."""
    flat = np.full(len(ts), price)
    return Bars(np.array(ts, dtype=np.int64), flat, flat, flat, flat, np.full(len(ts), 100))


def test_a_longer_bar_comes_after_the_shorter_ones_it_is_made_of(engine):
    """A bar is shown when it is known: the hour after its sixty minutes, not at its open."""
    minutes, hours = bars_at(np.arange(120) * MINUTE.length_ns), bars_at(np.arange(2) * HOUR.length_ns)
    seen = []
    strategy = engine.strategy_of(lambda s, bar, n: seen.append((bar.bar_period, s.now_ns)), bar_periods=[MINUTE, HOUR])
    engine.play(strategy, {("A", MINUTE): minutes, ("A", HOUR): hours})
    assert [period for period, _ in seen] == ([MINUTE] * 60 + [HOUR]) * 2
    assert [now for period, now in seen if period is HOUR] == [HOUR.length_ns, 2 * HOUR.length_ns]
    assert [now for _, now in seen] == sorted(now for _, now in seen)


def test_orders_are_matched_on_the_shortest_period_of_their_symbol(engine):
    """An order placed on a daily bar fills at the next minute, not at the next day."""
    minutes = bars_at(np.arange(2 * 1440) * MINUTE.length_ns)

    def act(s, bar, n):
        if bar.bar_period is DAY and not s.position:
            s.submit_order(MARKET, BUY, 1)

    strategy = engine.strategy_of(act, bar_periods=[MINUTE, DAY])
    run = engine.play(strategy, {("A", MINUTE): minutes, ("A", DAY): bars_at([0])})
    assert [fill.ts_event_ns for fill in run.result.fills] == [DAY.length_ns]


def test_a_bar_that_opened_before_the_order_never_fills_it(engine):
    """An order in an hourly symbol, placed at 10:05 on another symbol's minute, waits for the hour that opens at 11."""
    minute, hour = MINUTE.length_ns, HOUR.length_ns

    def act(s, bar, n):
        if bar.symbol == "M" and bar.ts_event_ns == 10 * hour + 4 * minute:
            s.submit_order(MARKET, BUY, 1, symbol="H")

    strategies = [
        engine.strategy_of(act, name="Minutes", symbols=["M"], bar_periods=[MINUTE]),
        engine.strategy_of(lambda s, bar, n: None, name="Hours", symbols=["H"], bar_periods=[HOUR]),
    ]
    bars = {("M", MINUTE): bars_at(10 * hour + np.arange(120) * minute), ("H", HOUR): bars_at(np.arange(13) * hour)}
    run = engine.play(strategies, bars)
    assert [fill.ts_event_ns for fill in run.result.fills] == [11 * hour]


def test_days_of_23_hours_do_not_cost_a_bar(engine):
    """Where the clocks change a daily bar opens before the one before it counts as known; it still fills its orders."""
    day, hour = DAY.length_ns, HOUR.length_ns
    bars = bars_at([0, day, 2 * day - hour, 3 * day - hour])
    run = engine.play(engine.strategy_of(lambda s, bar, n: n == 1 and s.submit_order(MARKET, BUY, 1)), bars)
    assert [fill.ts_event_ns for fill in run.result.fills] == [2 * day - hour]


def test_at_one_moment_all_bars_come_first_then_the_strategies_see_them(engine):
    """Both symbols are matched before either is shown, in the order of their names."""
    both = engine.bars_of(QUIET, QUIET)
    seen = []

    def act(s, bar, n):
        seen.append((bar.symbol, {symbol: s.position_in(symbol).quantity for symbol in "AB"}))
        if n < 2:
            s.submit_order(MARKET, BUY, 1, symbol="B" if bar.symbol == "A" else "A")

    run = engine.play(engine.strategy_of(act, symbols=["B", "A"]), {"A": both, "B": both})
    kinds = [(type(e).__name__, e.symbol) for e in run.log if isinstance(e, events.BarReceived | events.BarProcessed)]
    moment = [("BarReceived", "A"), ("BarReceived", "B"), ("BarProcessed", "A"), ("BarProcessed", "B")]
    assert kinds == moment * 2
    assert seen[2:] == [("A", {"A": 1, "B": 1}), ("B", {"A": 1, "B": 1})]
    assert {fill.ts_event_ns for fill in run.result.fills} == {DAY.length_ns}


def test_symbols_with_bars_at_different_times_keep_the_order_of_time(engine):
    """Gaps in one symbol do not hold up the other."""
    day = DAY.length_ns
    seen = []
    strategy = engine.strategy_of(
        lambda s, bar, n: seen.append((bar.ts_event_ns // day, bar.symbol)), symbols=["A", "B"]
    )
    engine.play(strategy, {"A": bars_at([0, 3 * day]), "B": bars_at([0, day, 2 * day, 3 * day])})
    assert seen == [(0, "A"), (0, "B"), (1, "B"), (2, "B"), (3, "A"), (3, "B")]


def test_indicators_of_a_second_period_are_computed_on_its_bars(engine):
    """An hourly value is there from the moment its hour is known: with the hour's last minute, not before."""
    minutes = bars_at(np.arange(120) * MINUTE.length_ns)
    hours = Bars(np.array([0, HOUR.length_ns]), *[np.array([7.0, 8.0])] * 4, np.array([1, 1]))
    seen = []

    def act(s, bar, n):
        seen.append(s.hourly.latest("A"))

    cls = engine.strategy_of(act, bar_periods=[MINUTE, HOUR])
    setup = cls.setup
    cls.setup = lambda self: (setup(self), setattr(self, "hourly", self.add_indicator(Close(), HOUR)))
    engine.play(cls, {("A", MINUTE): minutes, ("A", HOUR): hours})
    np.testing.assert_equal(seen, [np.nan] * 59 + [7.0] * 61 + [8.0] * 2)


def test_an_indicator_on_a_period_the_strategy_does_not_have_is_refused(engine):
    """The message names its periods."""
    cls = engine.strategy_of(lambda s, bar, n: None)
    cls.setup = lambda self: self.add_indicator(Close(), HOUR)
    with pytest.raises(StrategyError, match=r"on 1h bars: add it in setup, on one of its periods \(1d\)"):
        engine.play(cls, engine.bars_of(QUIET))
