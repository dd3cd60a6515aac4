"""At which price a bar executes an order."""

from collections import namedtuple

import pytest

from barscope.domain.matching import execution_price, slipped
from barscope.domain.orders import OrderSide, OrderType

Prices = namedtuple("Prices", "open high low close")
UP = Prices(100, 107, 99, 106)
DOWN = Prices(100, 101, 90, 91)
BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.mark.parametrize(
    ("order_type", "side", "stop", "limit", "bar", "price"),
    [
        (OrderType.STOP, BUY, 105, None, UP, 105),
        (OrderType.LIMIT, BUY, None, 99.5, UP, 99.5),
        (OrderType.LIMIT, BUY, None, 103, UP, 100),
        (OrderType.STOP, BUY, 98, None, UP, 100),
        (OrderType.STOP_LIMIT, BUY, 105, 106, UP, 105),
        (OrderType.STOP_LIMIT, SELL, 95, 94, DOWN, 95),
        (OrderType.MARKET, BUY, None, None, UP, 100),
        (OrderType.MARKET, SELL, None, None, DOWN, 100),
        (OrderType.STOP, SELL, 95, None, DOWN, 95),
        (OrderType.STOP, SELL, 102, None, DOWN, 100),
        (OrderType.LIMIT, SELL, None, 105, UP, 105),
        (OrderType.LIMIT, SELL, None, 99, UP, 100),
        (OrderType.STOP, BUY, 107, None, UP, 107),
        (OrderType.STOP, BUY, 107.01, None, UP, None),
        (OrderType.LIMIT, BUY, None, 98.99, UP, None),
        (OrderType.LIMIT, SELL, None, 107.01, UP, None),
        (OrderType.STOP, SELL, 89.99, None, DOWN, None),
        (OrderType.STOP_LIMIT, BUY, 108, 109, UP, None),
    ],
)
def test_a_bar_executes_each_order_type_at_the_promised_price(order_type, side, stop, limit, bar, price):
    """The vectors of the contract and their mirror images."""
    assert execution_price(order_type, side, bar, limit=limit, stop=stop) == price


def test_a_stop_limit_that_gaps_over_its_limit_waits_for_it():
    """A buy triggered at an open beyond its limit fills at the limit only if the bar comes back to it."""
    back = Prices(108, 109, 105.5, 108)
    away = Prices(108, 109, 106.5, 108)
    assert execution_price(OrderType.STOP_LIMIT, BUY, back, limit=106, stop=105) == 106
    assert execution_price(OrderType.STOP_LIMIT, BUY, away, limit=106, stop=105) is None


def test_a_triggered_stop_limit_is_a_limit_order():
    """Once its stop was touched only the limit counts."""
    bar = Prices(103, 104, 102, 103)
    assert execution_price(OrderType.STOP_LIMIT, BUY, bar, limit=106, stop=105) is None
    assert execution_price(OrderType.STOP_LIMIT, BUY, bar, limit=106, stop=105, triggered=True) == 103


def test_slippage_always_hurts():
    """A buy pays more and a sell gets less, by basis points and by an amount; a price never falls below zero."""
    assert slipped(100, BUY, bps=10, per_unit=0.05) == pytest.approx(100.15)
    assert slipped(100, SELL, bps=10, per_unit=0.05) == pytest.approx(99.85)
    assert slipped(100, BUY) == 100
    assert slipped(1, SELL, per_unit=2) == 0
