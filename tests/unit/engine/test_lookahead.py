"""Catching strategies that know the future."""

import itertools

import numpy as np
import pytest

from barscope.domain.orders import OrderSide, OrderType
from barscope.domain.periods import BarPeriod
from barscope.engine.configuration import configured
from barscope.engine.lookahead import first_lookahead
from barscope.engine.strategies import BuyAndHold, DonchianBreakout, RSIMeanReversion, SMACrossover
from barscope.engine.strategy import Strategy
from barscope.indicators import Indicator

MARKET, BUY, SELL = OrderType.MARKET, OrderSide.BUY, OrderSide.SELL


@pytest.fixture
def walk(engine):
    """400 bars of a random walk."""
    rng = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, 400)))
    rows = [(c, c * 1.01, c * 0.99, c) for c in close]
    return engine.bars_of(*rows, period=BarPeriod.MINUTE)


class _Tomorrow(Indicator, registered=False):
    """The next close: what nobody can know."""

    def compute(self, bars):
        return np.append(bars.close[1:], np.nan)


class _Prophet(Strategy):
    """Buys before a rise."""

    symbols = ("A",)

    def setup(self):
        self.next = self.add_indicator(_Tomorrow())

    def on_bar(self, event):
        if self.next.latest("A") > event.close and not self.position:
            self.submit_order(MARKET, BUY, 1)
        elif self.position:
            self.submit_order(MARKET, SELL, self.position)


class _Fickle(Strategy):
    """Does something else each time it is run."""

    symbols = ("A",)
    runs = itertools.count()

    def setup(self):
        self.quantity = 1 + next(self.runs)

    def on_bar(self, event):
        self.submit_order(MARKET, BUY, self.quantity)


@pytest.mark.parametrize(
    "strategy",
    [
        configured(SMACrossover, fast_period=5, slow_period=20),
        configured(RSIMeanReversion, period=5),
        configured(DonchianBreakout, channel_period=10, allow_short=True),
        BuyAndHold,
    ],
)
def test_the_shipped_strategies_do_not_look_ahead(strategy, walk):
    """On every prefix they did what they did on the whole."""
    assert first_lookahead([configured(strategy, symbols=["A"])], {"A": walk}, bar_period=BarPeriod.MINUTE) is None


def test_a_strategy_that_knows_the_next_close_is_caught(walk):
    """The difference names the moment and both requests."""
    found = first_lookahead([_Prophet], {"A": walk}, bar_period=BarPeriod.MINUTE)
    assert found is not None
    assert found.with_later_bars != found.without
    assert found.known_ns <= int(walk.ts[-1])


def test_a_strategy_that_does_not_repeat_itself_is_caught(walk):
    """Chance and leftovers of earlier runs show as well."""
    assert first_lookahead([_Fickle], {"A": walk}, bar_period=BarPeriod.MINUTE) is not None


def test_several_symbols_and_periods_are_cut_at_one_moment(engine, walk):
    """A strategy over minutes and hours is examined as it is played."""
    rows = [(100, 101, 99, 100)] * 7
    hours = engine.bars_of(*rows, period=BarPeriod.HOUR)
    strategy = configured(
        SMACrossover, symbols=["A"], fast_period=5, slow_period=20, bar_periods=[BarPeriod.MINUTE, BarPeriod.HOUR]
    )
    bars = {("A", BarPeriod.MINUTE): walk, ("A", BarPeriod.HOUR): hours}
    assert first_lookahead([strategy], bars) is None
