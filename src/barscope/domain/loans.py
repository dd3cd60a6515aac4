"""A loan secured by units of an asset: loan-to-value, margin call and its price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from barscope.errors import InvalidParameterError

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan with an asset as its collateral.

    Attributes:
        amount: What is owed, in the currency of the prices; at least 0.
        units: Units of the asset pledged; above 0.
        margin_call_ltv: The loan-to-value ratio at which the lender calls, between 0 and 1.

    Raises:
        InvalidParameterError: If a number is out of its bounds or not finite.
    """

    amount: float
    units: float
    margin_call_ltv: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.amount) and self.amount >= 0):
            raise InvalidParameterError(f"loan_amount {self.amount} is not a sum of money: at least 0")
        if not (np.isfinite(self.units) and self.units > 0):
            raise InvalidParameterError(f"underlying_units {self.units} is not a number of units: above 0")
        if not 0 < self.margin_call_ltv < 1:
            remedy = "a share between 0 and 1, such as 0.75"
            raise InvalidParameterError(
                f"margin_call_ltv {self.margin_call_ltv} is not a loan-to-value ratio: {remedy}"
            )

    @property
    def margin_call_price(self) -> float:
        """The price of a unit at which the lender calls when nothing but the units is pledged."""
        return self.amount / (self.margin_call_ltv * self.units)

    def ltv(self, collateral: FloatArray) -> FloatArray:
        """Loan-to-value of collateral worth so much, same shape; infinite where it is worth nothing or less."""
        worth = np.asarray(collateral, dtype=np.float64)
        if self.amount == 0:
            return np.zeros_like(worth)
        return np.divide(self.amount, worth, out=np.full_like(worth, np.inf), where=worth > 0)

    def is_called(self, ltv: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Whether the lender calls at these ratios."""
        return np.asarray(ltv) >= self.margin_call_ltv

    def check_start(self, spot: float) -> None:
        """Refuses a loan that its collateral does not cover at the first price.

        Raises:
            InvalidParameterError: If the loan is at least the value of the units.
        """
        collateral = self.units * spot
        if self.amount >= collateral:
            raise InvalidParameterError(
                f"Historical scenario starts undercollateralized: loan ${self.amount:,.2f} exceeds initial collateral "
                f"${collateral:,.2f} at entry spot ${spot:,.2f}. Reduce loan amount or increase underlying units."
            )
