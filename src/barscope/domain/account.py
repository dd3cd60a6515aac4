"""The account of a run: cash, positions, and what they are worth."""

from __future__ import annotations

from collections.abc import Mapping

from barscope.domain.events import FillEvent
from barscope.domain.positions import FLAT, Position


class Account:
    """Cash and positions; a fill moves value between the two.

    Attributes:
        cash: In currency; negative where more was spent than there was.
        positions: Symbol → position; flat ones may be missing.
    """

    def __init__(self, cash: float) -> None:
        self.cash = cash
        self.positions: dict[str, Position] = {}

    def position(self, symbol: str) -> Position:
        """The position in a symbol."""
        return self.positions.get(symbol, FLAT)

    def book(self, fill: FillEvent) -> None:
        """Take in a fill and its commission."""
        position = self.position(fill.symbol)
        self.positions[fill.symbol] = position.after(fill.side, fill.quantity_filled, fill.fill_price)
        self.cash -= fill.side.sign * fill.quantity_filled * fill.fill_price + fill.commission

    def equity(self, prices: Mapping[str, float]) -> float:
        """Cash plus positions at these prices; a held symbol without one counts at its average price."""
        return self.cash + sum(p.quantity * prices.get(s, p.avg_price) for s, p in self.positions.items())

    def exposure(self, prices: Mapping[str, float]) -> float:
        """The value of all positions, short ones counted as positive."""
        return sum(abs(p.quantity) * prices.get(s, p.avg_price) for s, p in self.positions.items())
