"""What the shipped strategies do on bars made for them."""

import numpy as np

from barscope.domain.orders import ActionType
from barscope.engine.configuration import configured
from barscope.engine.strategies import BuyAndHold, DonchianBreakout, RSIMeanReversion, SMACrossover


def moves(engine, *prices):
    """Bars with these closes that open at the close before."""
    opens = (prices[0], *prices[:-1])
    return engine.bars_of(*[(o, max(o, c) + 0.5, min(o, c) - 0.5, c) for o, c in zip(opens, prices, strict=True)])


def test_buy_and_hold_buys_each_symbol_once(engine):
    """At the second open, and never again."""
    bars = moves(engine, 100, 101, 102, 103)
    run = engine.play(configured(BuyAndHold, symbols=["A", "B"], quantity=2), {"A": bars, "B": bars})
    assert run.fills == [(1, 2, 100), (1, 2, 100)]


def test_the_crossover_enters_and_leaves_on_the_crossing(engine):
    """Down, up, down: one round trip, entered on the bar after the fast mean rose above the slow one."""
    prices = [*np.linspace(120, 100, 15), *np.linspace(101, 130, 15), *np.linspace(129, 100, 15)]
    run = engine.play(configured(SMACrossover, symbols=["A"], fast_period=5, slow_period=10), moves(engine, *prices))
    fast, slow = (np.convolve(prices, np.ones(n) / n, "full")[: len(prices)] for n in (5, 10))
    above = (fast > slow) & (np.arange(len(prices)) >= 9)
    entry = int(np.flatnonzero(above)[0])
    leave = int(np.flatnonzero(~above[entry:])[0]) + entry
    assert run.fills == [(entry + 1, 1, prices[entry]), (leave + 1, -1, prices[leave])]


def test_the_crossover_does_not_enter_on_averages_that_stood_apart_from_the_start(engine):
    """Without a crossing there is nothing to follow."""
    run = engine.play(
        configured(SMACrossover, symbols=["A"], fast_period=5, slow_period=10), moves(engine, *range(100, 140))
    )
    assert run.fills == []


def test_mean_reversion_buys_the_fall_and_sells_the_recovery(engine):
    """Oversold in, back in the middle out."""
    prices = [100, 99, 98, 97, 96, 97, 99, 101, 103, 103]
    run = engine.play(configured(RSIMeanReversion, symbols=["A"], period=3), moves(engine, *prices))
    (trip,) = run.result.round_trips
    assert not trip.is_open
    assert trip.entry_price < trip.exit_price
    assert [order.signal for order in run.result.orders] == ["oversold", "recovered"]


def test_the_breakout_brackets_its_entry(engine):
    """Out of the channel upwards: in at the next open, stop and target at multiples of the average true range."""
    prices = [100.0] * 8 + [103.0, 104.0, 110.0, 120.0, 130.0]
    run = engine.play(
        configured(DonchianBreakout, symbols=["A"], channel_period=5, atr_period=3, stop_atr=1, target_atr=3),
        moves(engine, *prices),
    )
    entry, stop, target = run.result.orders[:3]
    assert [o.action for o in (entry, stop, target)] == [
        ActionType.ENTRY_LONG,
        ActionType.STOP_LOSS_LONG,
        ActionType.TAKE_PROFIT_LONG,
    ]
    assert entry.ts_event_ns == 8 * 86_400 * 10**9
    assert (103 - stop.stop_price) * 3 == target.limit_price - 103
    assert run.result.round_trips[0].r > 0


def test_the_breakout_goes_short_only_when_told(engine):
    """A fall out of the channel is passed over by default."""
    prices = [100.0] * 8 + [97.0, 96.0, 95.0]
    settings = {"symbols": ["A"], "channel_period": 5, "atr_period": 3}
    assert engine.play(configured(DonchianBreakout, **settings), moves(engine, *prices)).fills == []
    run = engine.play(configured(DonchianBreakout, **settings, allow_short=True), moves(engine, *prices))
    assert run.fills[0][1] == -1
