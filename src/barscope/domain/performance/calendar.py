"""The calendar of a run: the periods its returns are measured over, and how many of them make a year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.time import NS_PER_DAY

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray, IntArray

DAYS_PER_YEAR = 365.25
_NS_PER_YEAR = DAYS_PER_YEAR * NS_PER_DAY


def daily(ts: IntArray, equity: FloatArray) -> tuple[IntArray, FloatArray]:
    """The last value of each UTC day; values that stand a day or more apart stay as they are.

    Returns of minutes multiplied up to a year mean little: their noise is not that of a year. So intraday
    curves are measured day by day, as statements of funds are.
    """
    days = ts // NS_PER_DAY
    last = np.append(days[1:] != days[:-1], True) if len(ts) else np.empty(0, np.bool_)
    return ts[last], equity[last]


def years_spanned(ts: IntArray) -> float:
    """Years of 365.25 days from the first to the last timestamp."""
    return float(ts[-1] - ts[0]) / _NS_PER_YEAR if len(ts) else 0.0


def periods_per_year(ts: IntArray) -> float:
    """Periods a year has, as the timestamps of the bars tell: about 252 for days of a stock, 52 for weeks.

    NaN for fewer than two.
    """
    years = years_spanned(ts)
    return (len(ts) - 1) / years if years > 0 else np.nan
