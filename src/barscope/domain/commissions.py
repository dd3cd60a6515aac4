"""What a broker charges."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Commission:
    """A schedule of charges; all zero is free.

    Attributes:
        per_unit: For each unit traded, currency.
        per_order: For each order that is filled at all, currency.
        pct: Percent of the traded value.
        minimum_per_order: Least charge of an order, currency.
    """

    per_unit: float = 0.0
    per_order: float = 0.0
    pct: float = 0.0
    minimum_per_order: float = 0.0

    def of_order(self, quantity: float, value: float) -> float:
        """The charge of an order, from what it has filled so far in units and in currency; 0 while that is nothing."""
        if quantity <= 0:
            return 0.0
        charge = quantity * self.per_unit + self.per_order + value * self.pct / 100
        return max(charge, self.minimum_per_order)
