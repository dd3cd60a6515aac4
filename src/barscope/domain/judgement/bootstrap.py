"""Bootstrap intervals: how far the metrics of a return series could have come out otherwise.

Blocks of random length are drawn from the series and put together anew, so that returns keep their neighbours and with
them streaks and calm times.

Source: D. N. Politis and J. P. Romano, The Stationary Bootstrap, Journal of the American Statistical Association, 1994.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.performance import calendar, returns
from barscope.errors import InvalidParameterError

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray, IntArray
    from barscope.domain.equity import EquityCurve

METRICS = ("total_return", "annual_return", "volatility", "sharpe", "sortino", "max_drawdown")
_LEAST = 10  # returns
_CELLS = 500_000  # resampled returns in memory at once


@dataclass(frozen=True, slots=True)
class Interval:
    """A metric as measured, and the interval that holds the middle of its resamples.

    Attributes:
        metric: Its name, as in a summary.
        estimate: Of the series itself.
        low: Lower end; NaN where no resample has the metric.
        high: Upper end.
    """

    metric: str
    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.metric:<14} {self.estimate:>9.4f}   {self.low:>9.4f} to {self.high:>9.4f}"


@dataclass(frozen=True, slots=True)
class Intervals:
    """Percentile intervals of all metrics from the same resamples.

    Attributes:
        level: The share of resamples that an interval holds, such as 0.95.
        resamples: How many were drawn.
        block: Mean length of a block, in returns.
        rows: One for each metric.
    """

    level: float
    resamples: int
    block: float
    rows: tuple[Interval, ...]

    def __getitem__(self, metric: str) -> Interval:
        """The interval of a metric.

        Raises:
            InvalidParameterError: If there is none of that name.
        """
        for row in self.rows:
            if row.metric == metric:
                return row
        raise InvalidParameterError(f"no interval of {metric!r}: there are {', '.join(METRICS)}")

    def __str__(self) -> str:
        title = f"{self.level:.0%} of {self.resamples:,} resamples, blocks of {self.block:.1f} returns"
        return "\n".join([title, *map(str, self.rows)])

    __repr__ = __str__


def intervals(
    changes: FloatArray,
    periods_per_year: float,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    block: float | None = None,
    seed: int = 0,
) -> Intervals:
    """Percentile intervals of the metrics of a return series. The same arguments give the same intervals.

    They say how sure the metrics of this one series are; they know nothing of how many others it was chosen from.

    Args:
        changes: Simple returns per period, at least 10. One of −100 % or less ends everything.
        periods_per_year: Periods a year has.
        level: The share of resamples an interval holds, between 0 and 1.
        resamples: How many to draw, at least 100.
        block: Mean length of a block in returns, at least 1; None takes `block_length`.
        seed: Of the random numbers.

    Raises:
        InvalidParameterError: If a value is out of range, or a return is not finite.
    """
    _check(changes, level, resamples, block)
    mean_length = block_length(changes) if block is None else block
    rng = np.random.default_rng(seed)
    step = max(1, _CELLS // len(changes))
    sizes = [min(step, resamples - start) for start in range(0, resamples, step)]
    drawn = np.concatenate(
        [_metrics(changes[_resample(len(changes), size, mean_length, rng)], periods_per_year) for size in sizes]
    )
    measured = _metrics(changes[np.newaxis], periods_per_year)[0]
    rows = (
        Interval(name, float(own), *_middle(column, level))
        for name, own, column in zip(METRICS, measured, drawn.T, strict=True)
    )
    return Intervals(level, resamples, float(mean_length), tuple(rows))


def intervals_of_curve(
    curve: EquityCurve,
    starting_cash: float,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    block: float | None = None,
    seed: int = 0,
) -> Intervals:
    """Percentile intervals of the metrics of a run, measured day by day as its summary is.

    Args:
        curve: Its equity.
        starting_cash: The equity before the first bar.
        level: As in `intervals`, like those that follow.
        resamples: How many to draw.
        block: Mean length of a block in returns.
        seed: Of the random numbers.
    """
    ts, equity = calendar.daily(curve.ts, curve.equity)
    changes = returns.simple_returns(np.concatenate([[starting_cash], equity]))
    per_year = calendar.periods_per_year(ts)
    return intervals(changes, per_year, level=level, resamples=resamples, block=block, seed=seed)


def block_length(changes: FloatArray) -> float:
    """The mean length of blocks that keeps the error of the variance of the mean smallest.

    Returns:
        In returns, at least 1 (nothing is alike from one return to the next) and at most 3 √n or n / 3.

    Source: D. N. Politis and H. White, Automatic Block-Length Selection for the Dependent Bootstrap, Econometric
    Reviews, 2004, with the correction of A. Patton, D. N. Politis and H. White, 2009.
    """
    n = len(changes)
    in_a_row = max(5, math.ceil(math.sqrt(math.log10(n))))
    most = min(math.ceil(math.sqrt(n)) + in_a_row, n - 1)
    x = changes - changes.mean()
    covariance = np.array([float(x[: n - lag] @ x[lag:]) / n for lag in range(most + 1)])
    if covariance[0] <= 1e-24 * float(np.max(np.abs(changes))) ** 2 or covariance[0] == 0:
        return 1.0
    small = np.abs(covariance[1:] / covariance[0]) < 2 * math.sqrt(math.log10(n) / n)
    reach = min(2 * _last_telling_lag(small, in_a_row), most)
    lags = np.arange(-reach, reach + 1)
    kept = covariance[np.abs(lags)] * np.clip(2 * (1 - np.abs(lags) / max(reach, 1)), 0.0, 1.0)  # a flat-top window
    spectrum, spread = float(kept.sum()), float((kept * np.abs(lags)).sum())
    if spectrum <= 0:
        return 1.0
    length = (spread**2 / spectrum**2 * n) ** (1 / 3)
    return float(min(max(length, 1.0), math.ceil(min(3 * math.sqrt(n), n / 3))))


def _last_telling_lag(small: FloatArray, in_a_row: int) -> int:
    """The lag after which so many autocorrelations in a row are small; else the last that is not."""
    quiet = np.convolve(small, np.ones(in_a_row), "valid") == in_a_row
    if quiet.any():
        return max(int(quiet.argmax()), 1)
    large = np.flatnonzero(~small.astype(bool))
    return int(large[-1]) + 1 if len(large) else 1


def _resample(n: int, count: int, mean_length: float, rng: np.random.Generator) -> IntArray:
    """Places in the series, shape (count, n): the series moved round its end, by another amount in each block."""
    begins = rng.random((count, n)) < 1 / mean_length  # so that lengths are geometric
    amounts = rng.integers(n, size=(count, n))
    place = np.arange(n)
    began = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    return (place + np.take_along_axis(amounts, began, axis=1)) % n


def _metrics(changes: FloatArray, per_year: float) -> FloatArray:
    """The metrics of series of returns, shape (series, metrics), as the formulas of `performance` have them."""
    n = changes.shape[1]
    growth = np.cumprod(np.maximum(1 + changes, 0.0), axis=1)
    last = growth[:, -1]
    highest = np.maximum(np.maximum.accumulate(growth, axis=1), 1.0)
    fall = (1 - growth / highest).max(axis=1)
    mean, deviation = changes.mean(axis=1), changes.std(axis=1, ddof=1)
    downside = np.sqrt((np.minimum(changes, 0.0) ** 2).mean(axis=1))
    year = math.sqrt(per_year)
    sharpe, sortino = (year * _over(mean, risk) for risk in (deviation, downside))
    return np.stack([last - 1, last ** (per_year / n) - 1, deviation * year, sharpe, sortino, fall], axis=1)


def _over(gain: FloatArray, risk: FloatArray) -> FloatArray:
    ratio: FloatArray = np.divide(gain, risk, out=np.full(len(gain), np.nan), where=risk > 1e-12)
    return ratio


def _middle(drawn: FloatArray, level: float) -> tuple[float, float]:
    known = drawn[~np.isnan(drawn)]
    if not len(known):
        return math.nan, math.nan
    low, high = np.quantile(known, ((1 - level) / 2, (1 + level) / 2)).tolist()
    return low, high


def _check(changes: FloatArray, level: float, resamples: int, block: float | None) -> None:
    if changes.ndim != 1 or len(changes) < _LEAST:
        raise InvalidParameterError(f"{changes.shape} returns cannot be resampled: a row of {_LEAST} is the least")
    unknown = np.flatnonzero(~np.isfinite(changes))
    if len(unknown):
        raise InvalidParameterError(
            f"return {unknown[0]} is {changes[unknown[0]]}: leave out what comes after all equity was lost"
        )
    for name, value, fits, expected in (
        ("level", level, 0 < level < 1, "between 0 and 1"),
        ("resamples", resamples, resamples >= 100, "100 or more"),
        ("block", block, block is None or block >= 1, "1 or more"),
    ):
        if not fits:
            raise InvalidParameterError(f"{name} is {value}: it has to be {expected}")
