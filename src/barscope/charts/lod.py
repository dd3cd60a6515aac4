"""Level of detail: which bars become one candle at a zoom, and exact candles of them.

Candles follow the clock of the exchange (5m, 1h, 1d, 1w …), so none spans two days unless it spans whole ones, and
the same bars make the same candle wherever the view is panned. No Plotly here, and no drawing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from barscope.domain.time import NS_PER_DAY, NS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barscope.domain.bars import Bars, FloatArray, IntArray
    from barscope.domain.periods import BarPeriod
    from barscope.domain.timeframes import Timeframe

Number = TypeVar("Number", np.float64, np.int64)

MAX_CANDLES = 2000
"""Candles a browser draws without lagging; no window holds more."""

_STEPS = {
    **{f"{n}s": n * NS_PER_SECOND for n in (2, 5, 10, 15, 30)},
    **{f"{n}m": n * 60 * NS_PER_SECOND for n in (1, 2, 5, 10, 15, 30)},
    **{f"{n}h": n * 3600 * NS_PER_SECOND for n in (1, 2, 4, 12)},
    **{
        label: days * NS_PER_DAY
        for label, days in (("1d", 1), ("1w", 7), ("2w", 14), ("1mo", 31), ("3mo", 92), ("1y", 366))
    },
}
"""The longest time a candle of each clock step can stand for, ns; finest first."""


@dataclass(frozen=True, eq=False)
class Buckets:
    """Consecutive runs of bars, one candle each.

    Attributes:
        start: First bar of each run, shape (candles,).
        stop: One past its last bar.
        label: What a candle stands for: `5m`, `1d`, `64 bars`; the bars' own period where each is one bar.
    """

    start: IntArray
    stop: IntArray
    label: str

    def __len__(self) -> int:
        return len(self.start)

    @cached_property
    def single(self) -> bool:
        """Whether every candle is one bar."""
        return bool(np.array_equal(self.stop, self.start + 1))

    @cached_property
    def x(self) -> FloatArray:
        """Centre of each run, in bar positions."""
        return (self.start + self.stop - 1) / 2


@dataclass(frozen=True, eq=False)
class Candles:
    """Open, high, low, close and volume of each bucket, exact; arrays of shape (candles,)."""

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: IntArray


class Levels:
    """The zoom levels of one series of bars; a level is worked out when first looked at and then kept."""

    def __init__(self, local: IntArray, period: BarPeriod | Timeframe) -> None:
        """Args: `local` is the exchange-local wall clock of the bars in ns; `period` their length."""
        self._local = local
        self._period = period
        self._starts: dict[str, IntArray] = {}

    def buckets(self, view: tuple[float, float], max_bars: int, max_candles: int, margin: float) -> Buckets:
        """The candles of a view and of a margin on each side.

        The level depends on the width of the view alone, so panning never changes it, except where that
        would draw more than `MAX_CANDLES`.

        Args:
            view: First and last visible position, in bars.
            max_bars: Most bars of a view that shows every bar.
            max_candles: Most candles of a view that shows larger ones.
            margin: Share of the view added on each side.
        """
        first, last = view
        n, pad = len(self._local), (last - first) * margin
        begin = int(np.clip(np.floor(first - pad), 0, n))
        end = int(np.clip(np.ceil(last + pad) + 1, begin, n))
        width = min(round(last - first), n)
        if width <= max_bars and end - begin <= MAX_CANDLES:
            start = np.arange(begin, end)
            return Buckets(start, start + 1, self._period.label)
        for label, starts in self._levels(width, max_candles):
            i, j = int(np.searchsorted(starts, begin, "right")) - 1, int(np.searchsorted(starts, end))
            if j - i <= MAX_CANDLES:
                return Buckets(starts[i:j], np.append(starts[i + 1 : j], starts[j] if j < len(starts) else n), label)
        raise AssertionError("buckets of ever more bars end with a single one")

    def _levels(self, width: int, max_candles: int) -> Iterator[tuple[str, IntArray]]:
        """Levels that draw at most `max_candles` in a view of `width` bars, finest first."""
        n, own = len(self._local), self._period.length_ns
        for label, step in _STEPS.items():
            if step <= own or width * own > max_candles * step:  # a candle holds at most step / own bars
                continue
            starts = self._clock_starts(label)
            if width * len(starts) <= max_candles * n:
                yield label, starts
        k = 1
        while k < 2 * n:
            if width <= max_candles * k:
                yield f"{k} bars", np.arange(0, n, k)
            k *= 2

    def _clock_starts(self, label: str) -> IntArray:
        if label not in self._starts:
            found = (
                self._calendar_starts(label) if _STEPS[label] > NS_PER_DAY else changes(self._local // _STEPS[label])
            )
            self._starts[label] = join_slivers(found, len(self._local))
        return self._starts[label]

    def _calendar_starts(self, label: str) -> IntArray:
        """Weeks and months begin where a day does, and there are far fewer days than bars."""
        first_of_day = changes(self._local // NS_PER_DAY)
        day = self._local[first_of_day] // NS_PER_DAY
        if label.endswith("w"):
            key = (day + 3) // (7 * int(label[:-1]))  # 1970-01-01 was a Thursday, weeks begin on Monday
        else:
            month = day.astype("M8[D]").astype("M8[M]").astype(np.int64)
            key = month // {"1mo": 1, "3mo": 3, "1y": 12}[label]
        return first_of_day[changes(key)]


def changes(key: IntArray) -> IntArray:
    """Positions at which a run of equal values begins."""
    return np.concatenate(([0], np.flatnonzero(key[1:] != key[:-1]) + 1))


def join_slivers(starts: IntArray, n: int) -> IntArray:
    """Starts of runs of n bars in which neighbours far shorter than usual are one run.

    On an axis of bar numbers the closest two candles decide how wide all can be drawn, so two slivers side by
    side (a day of three trades after another) would make every candle a hair.
    """
    size = np.diff(starts, append=n)
    least = int(np.median(size)) // 3
    sliver = size < least
    inner = sliver & np.roll(sliver, 1)
    inner[0] = False
    if not inner.any():
        return starts
    head: IntArray = starts[np.maximum.accumulate(np.where(inner, 0, np.arange(len(starts))))]
    part = (starts - head) // max(least, 1)
    kept: IntArray = starts[~inner | (part != np.roll(part, 1))]
    return kept


def candles(bars: Bars, b: Buckets) -> Candles:
    """First open, highest high, lowest low, last close and summed volume of each bucket."""
    if not len(b):
        return Candles(bars.open[:0], bars.high[:0], bars.low[:0], bars.close[:0], bars.volume[:0])
    return Candles(
        open=bars.open[b.start],
        high=_reduce(np.maximum, bars.high, b),
        low=_reduce(np.minimum, bars.low, b),
        close=bars.close[b.stop - 1],
        volume=_reduce(np.add, bars.volume, b),
    )


def last(values: FloatArray, b: Buckets) -> FloatArray:
    """The last value of each bucket that is a number; NaN where a bucket has none."""
    y = values[b.stop - 1]
    for i in np.flatnonzero(np.isnan(y)):
        run = values[b.start[i] : b.stop[i]]
        numbers = run[~np.isnan(run)]
        if len(numbers):
            y[i] = numbers[-1]
    return y


def extremes(values: FloatArray, b: Buckets) -> tuple[FloatArray, FloatArray]:
    """The least and the greatest value of each bucket, NaN aside; NaN where a bucket has none."""
    if not len(b):
        return values[:0], values[:0]
    return _reduce(np.fmin, values, b), _reduce(np.fmax, values, b)


def turning_points(values: FloatArray, b: Buckets) -> IntArray:
    """Positions of the least and of the greatest value of each bucket, increasing; the first of equal ones."""
    if not len(b):
        return np.empty(0, np.int64)
    first, size = int(b.start[0]), b.stop - b.start
    run = values[first : int(b.stop[-1])]
    found = []
    for extreme in extremes(values, b):
        at = np.flatnonzero(run == np.repeat(extreme, size))
        bucket = np.searchsorted(b.start - first, at, "right")
        found.append(at[np.flatnonzero(np.diff(bucket, prepend=-1))] + first)
    return np.unique(np.concatenate(found))


def _reduce(ufunc: np.ufunc, values: NDArray[Number], b: Buckets) -> NDArray[Number]:
    """A ufunc over each bucket; the buckets follow each other without a gap."""
    first = int(b.start[0])
    return ufunc.reduceat(values[first : int(b.stop[-1])], b.start - first)
