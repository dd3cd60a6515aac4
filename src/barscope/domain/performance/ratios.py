"""Return for risk. The risk-free rate is zero unless given, per period. A ratio without risk is NaN."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray


def sharpe(returns: FloatArray, periods_per_year: float, risk_free: float = 0.0) -> float:
    """Mean excess return / its sample standard deviation × √(periods per year).

    Source: W. F. Sharpe, The Sharpe Ratio, Journal of Portfolio Management, 1994.
    """
    if len(returns) < 2:
        return math.nan
    excess = returns - risk_free
    return _ratio(float(np.mean(excess)), float(np.std(excess, ddof=1))) * math.sqrt(periods_per_year)


def sortino(returns: FloatArray, periods_per_year: float, required: float = 0.0) -> float:
    """Mean return above the required one / downside deviation × √(periods per year).

    The downside deviation is √mean(min(return − required, 0)²) over all periods.

    Source: F. A. Sortino and L. N. Price, Performance Measurement in a Downside Risk Framework, 1994.
    """
    if len(returns) < 2:
        return math.nan
    excess = returns - required
    downside = math.sqrt(float(np.mean(np.minimum(excess, 0.0) ** 2)))
    return _ratio(float(np.mean(excess)), downside) * math.sqrt(periods_per_year)


def calmar(annual_return: float, max_drawdown: float) -> float:
    """Annual return / largest drawdown, both as fractions, over the whole run.

    Source: T. W. Young, Calmar Ratio: A Smoother Tool, Futures, 1991 (there over 36 months).
    """
    return _ratio(annual_return, max_drawdown)


def _ratio(gain: float, risk: float) -> float:
    return gain / risk if risk > 1e-12 else math.nan  # below that it is rounding of constant returns
