"""A position in one symbol and what a fill makes of it."""

from __future__ import annotations

from dataclasses import dataclass

from barscope.domain.orders import OrderSide

QUANTITY_NOISE = 1e-9
"""A quantity smaller than this is what rounding left of nothing."""


@dataclass(frozen=True, slots=True)
class Position:
    """Units held and their average price; short is negative, flat is 0 at 0."""

    quantity: float = 0.0
    avg_price: float = 0.0

    def after(self, side: OrderSide, quantity: float, price: float) -> Position:
        """The position after a fill.

        The same direction averages by quantity, reducing keeps the average, a change of sign sets it to the
        price of the fill, and flat is 0.
        """
        signed = side.sign * quantity
        total = self.quantity + signed
        if abs(total) < QUANTITY_NOISE:
            return FLAT
        if self.quantity * signed >= 0:
            return Position(total, (self.quantity * self.avg_price + signed * price) / total)
        return Position(total, self.avg_price if total * self.quantity > 0 else price)


FLAT = Position()
