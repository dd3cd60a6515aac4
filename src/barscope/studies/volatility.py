"""The volatility that options are priced at, day by day: constant, realised, or given."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.time import date_of
from barscope.errors import InvalidParameterError
from barscope.studies.scenario_request import ConstantVolatility, RealisedVolatility

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray
    from barscope.studies.price_source import PriceHistory
    from barscope.studies.scenario_request import GivenVolatility

TRADING_DAYS = 252


def daily_volatility(
    choice: ConstantVolatility | RealisedVolatility | GivenVolatility, history: PriceHistory
) -> FloatArray:
    """Volatility a year on each day from the first day of the scenario, known at the close of the day.

    Raises:
        InvalidParameterError: If it is zero on a day, or the first days have none.
    """
    days = len(history.bars) - history.before
    if isinstance(choice, ConstantVolatility):
        return np.full(days, choice.value)
    if isinstance(choice, RealisedVolatility):
        return _realised(history, choice.window)
    return _given(history, choice)


def _realised(history: PriceHistory, window: int) -> FloatArray:
    if history.before < window:
        remedy = f"start {window - history.before} bars later, or shorten the window"
        raise InvalidParameterError(
            f"a realised volatility of {window} returns needs {window} bars before the first day, "
            f"there are {history.before}: {remedy}"
        )
    returns = np.diff(np.log(history.bars.close[history.before - window :]))
    windows = np.lib.stride_tricks.sliding_window_view(returns, window)
    found: FloatArray = windows.std(axis=1, ddof=1) * math.sqrt(TRADING_DAYS)
    if not (found > 0).all():
        day = date_of(history.bars.ts[history.before + int(np.argmin(found > 0))])
        raise InvalidParameterError(f"the realised volatility is zero on {day}: prices stood still; give a constant")
    return found


def _given(history: PriceHistory, choice: GivenVolatility) -> FloatArray:
    ts = history.bars.ts[history.before :]
    known = sorted(choice.by_date.items())
    dates = np.array([day for day, _value in known], dtype="datetime64[D]")
    at = np.searchsorted(dates, ts.astype("datetime64[ns]").astype("datetime64[D]"), "right") - 1
    if at[0] < 0:
        first = date_of(ts[0])
        raise InvalidParameterError(
            f"no volatility is given for {first}, the first day: the earliest is of {known[0][0]}"
        )
    return np.array([value for _day, value in known], dtype=np.float64)[at]
