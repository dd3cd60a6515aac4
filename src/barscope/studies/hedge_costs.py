"""What protection costs by maturity and by the day it is rolled, over the prices of a scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.hedge_path import hedge_path
from barscope.domain.hedges import HedgeLeg, HedgeTemplate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from barscope.domain.hedge_path import DailyPrices, HedgeTerms
    from barscope.domain.loans import Loan

STRETCHES = {
    "2000–2002": ("2000-03-10", "2002-10-09"),
    "2008": ("2007-10-09", "2009-03-09"),
}
"""Named stretches of the sample data, from the highest close of the S&P 500 to the lowest after it."""

MATURITIES = (3, 6, 9, 12, 18, 24)
ROLL_DAYS = (None, 7, 14, 30, 60, 90)
_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class HedgeCost:
    """What one way to protect came to.

    Attributes:
        months: Maturity of the puts.
        roll_days_before: When they were rolled; None held them to expiry.
        first_premium_pct_per_year: The first premium by the year, as a share of the asset.
        net_cost_pct_per_year: Premiums and interest less proceeds and what is left, likewise.
        survived: Whether the lender never called.
        max_ltv: The greatest ratio at a close.
    """

    months: int
    roll_days_before: int | None
    first_premium_pct_per_year: float
    net_cost_pct_per_year: float
    survived: bool
    max_ltv: float


@dataclass(frozen=True, slots=True)
class HedgeCosts:
    """What protection would have cost over the same prices.

    Attributes:
        by_maturity: Puts of each maturity, held to expiry and renewed.
        by_roll: Puts of one maturity by the day they are rolled, the recommended way first.
    """

    by_maturity: tuple[HedgeCost, ...]
    by_roll: tuple[HedgeCost, ...]


def hedge_costs(
    prices: DailyPrices,
    loan: Loan,
    terms: HedgeTerms,
    *,
    strike_pct: float = 1.0,
    months: int = 12,
    on_day: Callable[[int], None] = lambda _day: None,
) -> HedgeCosts:
    """Both studies over the same prices.

    Args:
        prices: The asset.
        loan: What is owed on it.
        terms: What protection costs.
        strike_pct: Strike as a share of the price at purchase.
        months: Maturity of the puts that are rolled.
        on_day: As of `hedge_path`.
    """
    return HedgeCosts(
        cost_by_maturity(prices, loan, terms, strike_pct=strike_pct, on_day=on_day),
        cost_by_roll(prices, loan, terms, strike_pct=strike_pct, months=months, on_day=on_day),
    )


def cost_by_maturity(
    prices: DailyPrices,
    loan: Loan,
    terms: HedgeTerms,
    *,
    strike_pct: float = 1.0,
    maturities: Iterable[int] = MATURITIES,
    on_day: Callable[[int], None] = lambda _day: None,
) -> tuple[HedgeCost, ...]:
    """Puts of each maturity, held to expiry and renewed, over the same prices; `on_day` is as of `hedge_path`."""
    legs = (HedgeLeg(strike_pct, months) for months in maturities)
    return tuple(_cost(prices, loan, terms, leg, None, on_day) for leg in legs)


def cost_by_roll(
    prices: DailyPrices,
    loan: Loan,
    terms: HedgeTerms,
    *,
    strike_pct: float = 1.0,
    months: int = 12,
    on_day: Callable[[int], None] = lambda _day: None,
) -> tuple[HedgeCost, ...]:
    """Puts of one maturity, rolled so many days before expiry or held to it; the recommended way comes first.

    Survived comes before called, then the least net cost. It is what would have been best over these prices, and no
    more than that.
    """
    days = [n for n in ROLL_DAYS if n is None or n < 28 * months]
    found = [_cost(prices, loan, terms, HedgeLeg(strike_pct, months), n, on_day) for n in days]
    return tuple(sorted(found, key=lambda cost: (not cost.survived, cost.net_cost_pct_per_year)))


def _cost(
    prices: DailyPrices,
    loan: Loan,
    terms: HedgeTerms,
    leg: HedgeLeg,
    roll_days_before: int | None,
    on_day: Callable[[int], None],
) -> HedgeCost:
    path = hedge_path(prices, HedgeTemplate("put", (leg,), roll_days_before=roll_days_before), loan, terms, on_day)
    worth = float(path.underlying_value[0])
    held = leg.months / 12 - (roll_days_before or 0) / _DAYS_PER_YEAR
    return HedgeCost(
        months=leg.months,
        roll_days_before=roll_days_before,
        first_premium_pct_per_year=path.puts[0].premium / worth / held,
        net_cost_pct_per_year=path.net_cost / worth / _years(prices),
        survived=not path.margin_call_hedged.any(),
        max_ltv=float(path.ltv_hedged.max()),
    )


def _years(prices: DailyPrices) -> float:
    days = (prices.dates[-1] - prices.dates[0]) / np.timedelta64(1, "D")
    return float(days) / _DAYS_PER_YEAR
