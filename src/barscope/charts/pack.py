"""The columns of a chart packed small enough to travel in a page, at the finest detail a budget allows.

A column is whole numbers (a value times `per_unit`, rounded), differenced `deltas` times, zigzagged into uint32, and
laid out byte plane by byte plane; all columns together are gzipped. Bars of a random walk take one to two bytes a
value this way, a third of float32.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.charts.lod import Buckets, candles, extremes, last
from barscope.domain.time import NS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.charts.data import ChartSeries
    from barscope.charts.drawing import Drawing
    from barscope.domain.bars import FloatArray, IntArray

_LARGEST = 2**29
"""Of a whole number in a column, so that its differences and their differences fit into 32 bits."""
_DIGITS = 5
"""Significant digits of a series in a pane of its own, counted from its largest value."""
_SAMPLE = 20_000


@dataclass(frozen=True, eq=False)
class Pack:
    """Packed columns.

    Attributes:
        step: Bars of the finest candle; the last one may have fewer.
        bars: How many bars there are.
        columns: Of each column in the order they are packed, how to read it.
        blob: All of them.
    """

    step: int
    bars: int
    columns: tuple[dict[str, Any], ...]
    blob: bytes


def pack(drawing: Drawing, series: Sequence[ChartSeries], budget: int) -> Pack:
    """The bars and some series of a chart, every bar by itself or, beyond the budget, in runs of 2, 4, 8 … bars.

    Args:
        drawing: The chart.
        series: Which of its series, in the order they are wanted.
        budget: Bytes of the blob.
    """
    n = len(drawing.data.bars)
    step = _step_for(drawing, series, budget)
    while True:
        packed = _pack(drawing, series, step, n)
        if len(packed.blob) <= budget or step >= n:
            return packed
        step *= 2


def _step_for(drawing: Drawing, series: Sequence[ChartSeries], budget: int) -> int:
    """The step that a sample of the bars promises to fit; packing all of them at every step would take seconds."""
    n = len(drawing.data.bars)
    if n <= 2 * _SAMPLE:
        return 1
    step = 1
    while step < n:
        sample = min(n, _SAMPLE * step)
        if len(_pack(drawing, series, step, sample).blob) * n / sample <= budget:
            return step
        step *= 2
    return step


def _pack(drawing: Drawing, series: Sequence[ChartSeries], step: int, n: int) -> Pack:
    start = np.arange(0, n, step)
    b = Buckets(start, np.minimum(start + step, n), "")
    columns = _columns(drawing, series, b)
    planes = [np.ascontiguousarray(_zigzag(c.values, c.deltas).view(np.uint8).reshape(-1, 4).T).data for c in columns]
    heads = tuple({"name": c.name, "perUnit": c.per_unit, "deltas": c.deltas, "base": c.base} for c in columns)
    return Pack(step, n, heads, gzip.compress(b"".join(planes), 6, mtime=0))


@dataclass(frozen=True, eq=False)
class _Column:
    name: str
    values: IntArray
    per_unit: float
    deltas: int
    base: int = 0  # to be added to every value


def _columns(drawing: Drawing, series: Sequence[ChartSeries], b: Buckets) -> list[_Column]:
    bars, found = candles(drawing.data.bars, b), []
    seconds = drawing.local[b.start] // NS_PER_SECOND
    found.append(_Column("time", seconds - seconds[0], 1, 2, int(seconds[0])))
    per_price = _per_unit(bars.high, 10.0**drawing.decimals)
    o, h, low, c = (_whole(values, per_price) for values in (bars.open, bars.high, bars.low, bars.close))
    found.append(_Column("close", c, per_price, 1))
    found.append(_Column("open", o - np.concatenate((c[:1], c[:-1])), per_price, 0))  # from the close before
    found.append(_Column("high", h - np.maximum(o, c), per_price, 0))  # above the body
    found.append(_Column("low", np.minimum(o, c) - low, per_price, 0))  # below the body
    volume = bars.volume.astype(np.float64)
    per_share = _per_unit(volume, 1.0)
    found.append(_Column("volume", _whole(volume, per_share), per_share, 0))
    for i, s in enumerate(series):
        found += _series_columns(f"series{i}", s, b, per_price)
    return found


def _series_columns(name: str, s: ChartSeries, b: Buckets, per_price: float) -> list[_Column]:
    values = _value_of_each(s, b)
    known = np.isfinite(values)
    wanted = per_price if s.pane == "price" else _power(_DIGITS, values[known])
    per_unit = _per_unit(values, wanted)
    columns = [_Column(name, _whole(_held(values, known), per_unit), per_unit, 1)]
    if not known.all():
        columns.append(_Column(f"{name} known", known.astype(np.int64), 1, 1))
    return columns


def _value_of_each(s: ChartSeries, b: Buckets) -> FloatArray:
    """The last value of each run, or of a histogram the one furthest from zero."""
    if s.draw != "histogram" or b.single:
        return last(s.values, b)
    low, high = extremes(s.values, b)
    return np.where(-low > high, low, high)


def _held(values: FloatArray, known: np.ndarray[Any, Any]) -> FloatArray:
    """Every unknown value as the known one before it: no difference, no bytes."""
    place = np.maximum.accumulate(np.where(known, np.arange(len(values)), 0))
    return np.where(known[place], values[place], 0.0)


def _power(digits: int, values: FloatArray) -> float:
    largest = float(np.abs(values).max(initial=0.0))
    return float(10.0 ** (digits - 1 - np.floor(np.log10(largest)))) if largest > 0 else 1.0


def _per_unit(values: FloatArray, wanted: float) -> float:
    """As many whole numbers to a unit as wanted, or the power of ten fewer at which the largest value fits."""
    largest = float(np.nanmax(np.abs(values), initial=0.0, where=np.isfinite(values)))
    while largest * wanted > _LARGEST:
        wanted /= 10
    return wanted


def _whole(values: FloatArray, per_unit: float) -> IntArray:
    return np.rint(np.nan_to_num(values) * per_unit).astype(np.int64)


def _zigzag(values: IntArray, deltas: int) -> np.ndarray[Any, np.dtype[np.uint32]]:
    for _ in range(deltas):
        values = np.diff(values, prepend=np.int64(0))
    small = values.astype(np.int32)
    return ((small << 1) ^ (small >> 31)).astype("<u4")
