"""What a Sharpe ratio is worth: its probability, and how high luck alone drives the best of many.

Sharpe ratios are per period here, never annualised: `per_period` and `annualized` convert.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from barscope.errors import InvalidParameterError

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray

_NORMAL = NormalDist()
_EULER_MASCHERONI = 0.5772156649015329


def annualized(sharpe: float, periods_per_year: float) -> float:
    """A Sharpe ratio per period as one per year: × √(periods per year).

    Source: A. W. Lo, The Statistics of Sharpe Ratios, Financial Analysts Journal, 2002 (for independent returns).
    """
    return sharpe * math.sqrt(periods_per_year)


def per_period(sharpe: float, periods_per_year: float) -> float:
    """An annualised Sharpe ratio as one per period: / √(periods per year)."""
    return sharpe / math.sqrt(periods_per_year)


def probabilistic_sharpe(
    sharpe: float, observations: float, skewness: float = 0.0, kurtosis: float = 3.0, benchmark: float = 0.0
) -> float:
    """The probability that the true Sharpe ratio is above a benchmark, given the one that was measured.

    Args:
        sharpe: As measured, per period.
        observations: Returns it was measured on, at least 2.
        skewness: Of those returns.
        kurtosis: Of those returns; 3 for a normal distribution.
        benchmark: To be above, per period.

    Returns:
        0 to 1; NaN where one of the values is NaN.

    Raises:
        InvalidParameterError: If there are fewer than 2 observations, or no distribution has such moments.

    Source: D. H. Bailey and M. López de Prado, The Sharpe Ratio Efficient Frontier, Journal of Risk, 2012.
    """
    values = (sharpe, observations, skewness, kurtosis, benchmark)
    if any(math.isnan(value) for value in values):
        return math.nan
    if observations < 2:
        raise InvalidParameterError(f"{observations:g} observations say nothing of a Sharpe ratio: 2 are the least")
    if kurtosis < (1 + skewness**2) * (1 - 1e-9):
        raise InvalidParameterError(
            f"no returns have skewness {skewness:g} and kurtosis {kurtosis:g}: kurtosis is at least 1 + skewness², "
            "and 3, not 0, for a normal distribution"
        )
    variance = max(1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2, 1e-12)
    return _NORMAL.cdf((sharpe - benchmark) * math.sqrt((observations - 1) / variance))


def expected_maximum_sharpe(trials: float, variance: float) -> float:
    """The highest Sharpe ratio to expect of independent trials whose true Sharpe ratios are all zero.

    Args:
        trials: How many, at least 1; need not be whole.
        variance: Of the Sharpe ratios of the trials, per period.

    Returns:
        Per period; 0 for one trial, where nothing was selected. The formula is an approximation for many trials; below
        two it is kept from becoming negative.

    Raises:
        InvalidParameterError: If there is less than one trial or the variance is negative.

    Source: D. H. Bailey and M. López de Prado, The Deflated Sharpe Ratio, Journal of Portfolio Management, 2014, eq. 1.
    """
    if not trials >= 1:
        raise InvalidParameterError(f"trials is {trials}: it has to be 1 or more")
    if not variance >= 0:
        raise InvalidParameterError(f"the variance of the trials is {variance}: it has to be 0 or more")
    if trials == 1:
        return 0.0
    usual, rare = (_NORMAL.inv_cdf(1 - 1 / n) for n in (trials, trials * math.e))
    return math.sqrt(variance) * max(0.0, (1 - _EULER_MASCHERONI) * usual + _EULER_MASCHERONI * rare)


def deflated_sharpe(
    sharpe: float,
    observations: float,
    skewness: float = 0.0,
    kurtosis: float = 3.0,
    *,
    trials: float,
    variance: float,
) -> float:
    """The probability that the best of many trials has a true Sharpe ratio above what luck alone would reach.

    The probabilistic Sharpe ratio against the expected maximum of the trials. Above 0.95 it is usually called
    significant.

    Args:
        sharpe: Of the best trial, per period.
        observations: Returns it was measured on.
        skewness: Of those returns.
        kurtosis: Of those returns; 3 for a normal distribution.
        trials: How many independent trials it was chosen from. The number of all trials is the cautious choice;
            `independent_trials` estimates fewer.
        variance: Of the Sharpe ratios of all trials, per period.

    Source: D. H. Bailey and M. López de Prado, The Deflated Sharpe Ratio, Journal of Portfolio Management, 2014, eq. 2.
    """
    return probabilistic_sharpe(sharpe, observations, skewness, kurtosis, expected_maximum_sharpe(trials, variance))


def independent_trials(trials: int, average_correlation: float) -> float:
    """How many independent trials so many correlated ones are worth: ρ + (1 − ρ) × trials.

    Args:
        trials: At least 1.
        average_correlation: Of the returns of all pairs of trials; below 0 it counts as 0.

    Source: D. H. Bailey and M. López de Prado, The Deflated Sharpe Ratio, 2014, appendix 3.
    """
    shared = min(max(average_correlation, 0.0), 1.0)
    return shared + (1 - shared) * trials


def average_correlation(series: FloatArray) -> float:
    """The mean correlation of all pairs of series, without looking at the pairs.

    The square of the sum of unit vectors is their number plus twice the sum of their products.

    Args:
        series: Shape (series, observations); those that do not vary or hold NaN are left out.

    Returns:
        −1 to 1; NaN for fewer than two series.
    """
    deviations = series - series.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(deviations, axis=1)
    varies = lengths > 1e-12 * np.linalg.norm(series, axis=1)
    n = int(varies.sum())
    if n < 2:
        return math.nan
    together = (deviations[varies] / lengths[varies, np.newaxis]).sum(axis=0)
    return float((together @ together - n) / (n * (n - 1)))
