"""How far an indicator tells what prices do next: its rank correlation with the returns that follow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from barscope.studies.forward_returns import HORIZONS, forward_returns

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray

POWER_METRICS = (*(f"{kind}_{horizon}" for kind in ("ic", "t") for horizon in HORIZONS), "first_bar")
"""The names of what `predictive_power` gives."""


def predictive_power(values: FloatArray, close: FloatArray) -> dict[str, float]:
    """The information coefficient of an indicator at each horizon: Spearman's rank correlation of its value with the
    return from the close of that bar over the bars that follow.

    Args:
        values: The indicator, shape (bars,).
        close: The closes of the same bars.

    Returns:
        `ic_1`, `ic_5`, `ic_20`; `t_1`, … its t statistic, with the number of returns divided by the horizon because
        they overlap; `first_bar`, the place of the first value. NaN where it cannot be said.

    Source: R. C. Grinold and R. N. Kahn, Active Portfolio Management, 1999, ch. 6.
    """  # noqa: D205
    finite = np.flatnonzero(np.isfinite(values))
    found = {"first_bar": float(finite[0]) if len(finite) else math.nan}
    for horizon in HORIZONS:
        after = forward_returns(close, horizon) if len(close) > horizon else np.full(len(close), np.nan)
        both = np.isfinite(values) & np.isfinite(after)
        ic = rank_correlation(values[both], after[both])
        independent = np.count_nonzero(both) / horizon
        found[f"ic_{horizon}"] = ic
        found[f"t_{horizon}"] = t_statistic(ic, independent)
    return found


def rank_correlation(left: FloatArray, right: FloatArray) -> float:
    """Spearman's rank correlation, equal values sharing the mean of their ranks; NaN where one of them is constant."""
    import polars as pl

    if len(left) < 3:
        return math.nan
    ranks = [pl.Series(values).rank("average").to_numpy() for values in (left, right)]
    centred = [of_one - of_one.mean() for of_one in ranks]
    scale = math.sqrt(float(centred[0] @ centred[0]) * float(centred[1] @ centred[1]))
    return float(centred[0] @ centred[1]) / scale if scale > 0 else math.nan


def t_statistic(correlation: float, n: float) -> float:
    """How far a correlation of n pairs is from none, in standard errors: r √((n − 2) / (1 − r²))."""
    if math.isnan(correlation) or n <= 2:
        return math.nan
    if abs(correlation) >= 1:
        return math.copysign(math.inf, correlation)
    return correlation * math.sqrt((n - 2) / (1 - correlation**2))
