"""What a fill makes of a position, what it costs, and what the account is worth."""

import pytest

from barscope.domain.commissions import Commission
from barscope.domain.orders import OrderSide
from barscope.domain.positions import FLAT, Position

BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.mark.parametrize(
    ("before", "side", "quantity", "price", "after"),
    [
        (FLAT, BUY, 5, 100, Position(5, 100)),
        (Position(5, 100), BUY, 5, 110, Position(10, 105)),
        (Position(-5, 100), SELL, 15, 120, Position(-20, 115)),
        (Position(10, 105), SELL, 4, 200, Position(6, 105)),
        (Position(5, 100), SELL, 8, 120, Position(-3, 120)),
        (Position(-5, 100), BUY, 8, 90, Position(3, 90)),
        (Position(5, 100), SELL, 5, 120, FLAT),
    ],
)
def test_a_fill_moves_a_position(before, side, quantity, price, after):
    """Adding averages by quantity, reducing keeps the average, crossing zero takes the fill's price, flat is 0."""
    moved = before.after(side, quantity, price)
    assert moved.quantity == pytest.approx(after.quantity)
    assert moved.avg_price == pytest.approx(after.avg_price)


def test_rounding_never_leaves_a_position_behind():
    """Three tenths bought apart and sold together are flat."""
    position = FLAT
    for _ in range(3):
        position = position.after(BUY, 0.1, 10)
    assert position.after(SELL, 0.3, 11) == FLAT


@pytest.mark.parametrize(
    ("commission", "charge"),
    [
        (Commission(), 0),
        (Commission(per_unit=0.005), 0.5),
        (Commission(per_unit=0.005, minimum_per_order=1), 1),
        (Commission(per_order=2), 2),
        (Commission(pct=0.1), 10),
        (Commission(per_unit=0.01, per_order=1, pct=0.1), 12),
    ],
)
def test_commission_of_an_order(commission, charge):
    """100 units for 10,000: by unit with its minimum, by order, by percent, and all together."""
    assert commission.of_order(100, 10_000) == pytest.approx(charge)


def test_an_order_without_a_fill_is_free():
    """The minimum is for orders that traded."""
    assert Commission(per_order=2, minimum_per_order=5).of_order(0, 0) == 0
