"""Returns and how they vary. Returns are simple: 0.01 is one percent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray


def simple_returns(equity: FloatArray) -> FloatArray:
    """equity[t] / equity[t−1] − 1, shape (n − 1,); NaN after an equity that is not positive."""
    before = equity[:-1]
    change: FloatArray = np.divide(equity[1:], before, out=np.full(len(before), np.nan), where=before > 0)
    return change - 1


def total_return(equity: FloatArray) -> float:
    """Last / first − 1; NaN where there is no equity to begin with."""
    return float(equity[-1] / equity[0] - 1) if len(equity) and equity[0] > 0 else math.nan


def annual_return(total: float, years: float) -> float:
    """The constant yearly return that compounds to the total: (1 + total)^(1 / years) − 1.

    −1 where everything was lost, NaN where no time passed.

    Source: CFA Institute, Global Investment Performance Standards, annualised return.
    """
    if not years > 0 or math.isnan(total):
        return math.nan
    if total <= -1:
        return -1.0
    exponent = math.log1p(total) / years
    return math.expm1(exponent) if exponent < 700 else math.inf


def volatility(returns: FloatArray, periods_per_year: float) -> float:
    """Sample standard deviation of the returns × √(periods per year); NaN for fewer than two.

    Source: J. C. Hull, Options, Futures, and Other Derivatives, estimating volatility from historical data.
    """
    return float(np.std(returns, ddof=1)) * math.sqrt(periods_per_year) if len(returns) > 1 else math.nan
