"""At which price a bar executes an order: pure rules, one function per order type.

A bar tells its first, highest, lowest and last price, not their order. A price that the open already
passed is executed at the open; any other one where it is touched.
"""

from __future__ import annotations

from typing import Protocol

from barscope.domain.orders import OrderSide, OrderType


class Prices(Protocol):
    """Anything with the four prices of a bar."""

    @property
    def open(self) -> float: ...  # noqa: D102
    @property
    def high(self) -> float: ...  # noqa: D102
    @property
    def low(self) -> float: ...  # noqa: D102
    @property
    def close(self) -> float: ...  # noqa: D102


def is_stop_touched(side: OrderSide, stop: float, bar: Prices) -> bool:
    """Whether a bar touches the stop price: a buy from below, a sell from above."""
    return bar.high >= stop if side is OrderSide.BUY else bar.low <= stop


def is_limit_touched(side: OrderSide, limit: float, bar: Prices) -> bool:
    """Whether a bar offers the limit price or a better one."""
    return bar.low <= limit if side is OrderSide.BUY else bar.high >= limit


def stop_price(side: OrderSide, stop: float, bar: Prices) -> float | None:
    """The price of a stop order; None where the bar does not touch it."""
    if not is_stop_touched(side, stop, bar):
        return None
    return max(stop, bar.open) if side is OrderSide.BUY else min(stop, bar.open)


def limit_price(side: OrderSide, limit: float, bar: Prices) -> float | None:
    """The price of a limit order; None where the bar does not touch it."""
    if not is_limit_touched(side, limit, bar):
        return None
    return min(limit, bar.open) if side is OrderSide.BUY else max(limit, bar.open)


def stop_limit_price(side: OrderSide, stop: float, limit: float, bar: Prices) -> float | None:
    """The price of a stop-limit order on the bar that triggers it; None where the limit is out of reach.

    From the next bar on it is a limit order.
    """
    triggered_at = stop_price(side, stop, bar)
    if triggered_at is None:
        return None
    price = min(limit, triggered_at) if side is OrderSide.BUY else max(limit, triggered_at)
    return price if is_limit_touched(side, price, bar) else None


def execution_price(
    order_type: OrderType,
    side: OrderSide,
    bar: Prices,
    *,
    limit: float | None = None,
    stop: float | None = None,
    triggered: bool = False,
) -> float | None:
    """The price at which a bar executes an order; None where it does not.

    Args:
        order_type: Type of the order.
        side: Buy or sell.
        bar: The bar.
        limit: Limit price, where the type has one.
        stop: Stop price, where the type has one.
        triggered: Whether an earlier bar touched the stop of a stop-limit order.
    """
    if order_type is OrderType.MARKET:
        return bar.open
    if order_type is OrderType.STOP and stop is not None:
        return stop_price(side, stop, bar)
    if limit is None:
        return None
    if order_type is OrderType.STOP_LIMIT and stop is not None and not triggered:
        return stop_limit_price(side, stop, limit, bar)
    return limit_price(side, limit, bar)


def slipped(price: float, side: OrderSide, bps: float = 0.0, per_unit: float = 0.0) -> float:
    """A price moved against the order by basis points of itself and by an amount; never below zero."""
    return max(0.0, price + side.sign * (price * bps / 10_000 + per_unit))
