"""What prices did after given bars, and how that is spread.

The return over a horizon is measured from the close of a bar, the first moment at which the bar is known, to the close
so many bars later. An order placed on what that bar shows is filled at the next open at the earliest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.domain.bars import FloatArray

HORIZONS = (1, 5, 20)
"""Bars after a signal, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class ReturnSpread:
    """How returns are spread; fractions of 1, NaN where there are too few of them.

    Attributes:
        count: How many there are; those whose horizon ends after the last bar are not counted.
        mean: Arithmetic mean.
        median: The middle one.
        std: Sample standard deviation.
        hit_rate: The share that is above zero.
        q05, q25, q75, q95: Quantiles.
    """

    count: int
    mean: float
    median: float
    std: float
    hit_rate: float
    q05: float
    q25: float
    q75: float
    q95: float


def check_horizons(horizons: Sequence[int]) -> tuple[int, ...]:
    """The horizons, without repetitions.

    Raises:
        InvalidParameterError: If there is none, or one is not a whole number from 1.
    """
    wrong = [h for h in horizons if not isinstance(h, int) or isinstance(h, bool) or h < 1]
    if wrong or not horizons:
        raise InvalidParameterError(f"horizons {cut(list(horizons))} must be whole numbers of bars from 1")
    return tuple(dict.fromkeys(horizons))


def forward_returns(close: FloatArray, horizon: int) -> FloatArray:
    """The return from each close to the one `horizon` bars later.

    Returns:
        Shape (bars,); NaN in the last `horizon` bars, and where a close is not above zero.
    """
    returns = np.full(len(close), np.nan)
    before, after = close[:-horizon], close[horizon:]
    np.divide(after, before, out=returns[: len(after)], where=(before > 0) & (after > 0))
    return returns - 1.0


def spread(returns: FloatArray) -> ReturnSpread:
    """How the returns that are not NaN are spread."""
    r = returns[~np.isnan(returns)]
    if not len(r):
        return ReturnSpread(0, *[np.nan] * 8)
    q05, q25, median, q75, q95 = np.quantile(r, (0.05, 0.25, 0.5, 0.75, 0.95)).tolist()
    std = float(r.std(ddof=1)) if len(r) > 1 else np.nan
    return ReturnSpread(len(r), float(r.mean()), median, std, float((r > 0).mean()), q05, q25, q75, q95)
