"""A chart's data made ready for drawing, and any view of it: arrays for the traces, ranges and labels for the axes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.charts.axis import ticks
from barscope.charts.clock import local_ns
from barscope.charts.lod import Buckets, Candles, Levels, candles, extremes
from barscope.charts.lod import last as last_values
from barscope.charts.markers import MARKER_BYTES, Marks, PlacedMarkers, marker_arrays
from barscope.charts.panes import PaneBox, panes
from barscope.charts.text import short
from barscope.charts.traces import (
    Arrays,
    bytes_per_candle,
    candle_arrays,
    drawn_series,
    series_arrays,
    volume_arrays,
)
from barscope.errors import MissingBarsError, cut

if TYPE_CHECKING:
    from barscope.charts.data import ChartData, ChartSeries, ChartSpec
    from barscope.domain.bars import FloatArray, IntArray

WIRE_BYTES = 52_000
"""Arrays of one zoom step on the wire, margins included; labels and message headers come on top."""
MARGIN = 0.25
"""Bars drawn on each side of the view, as a share of it: panning inside it needs no new data."""


@dataclass(frozen=True, eq=False)
class View:
    """What a zoom step changes.

    Attributes:
        visible: First and last visible position.
        buckets: The candles drawn, margins included.
        candles: Their prices and volumes.
        arrays: Arrays of each trace, in the order of `traces.styles`, then of `markers.marker_styles`.
        marks: The marks of trades, by kind; none where the chart has no markers.
        layout: Plotly layout values by dotted path: ranges and labels.
    """

    visible: tuple[float, float]
    buckets: Buckets
    candles: Candles
    arrays: tuple[Arrays, ...]
    marks: tuple[Marks, ...]
    layout: dict[str, Any]


class Drawing:
    """The data of a chart with what every view of it shares: local time, zoom levels, number formats."""

    def __init__(self, data: ChartData, like: Drawing | None = None) -> None:
        """Takes any data with at least one bar; a drawing of the same bars lends what was worked out for them.

        Raises:
            MissingBarsError: If there are no bars to draw.
        """
        if not len(data.bars):
            raise MissingBarsError(f"no bars of {cut(data.symbol)} to draw: choose a range that holds bars")
        self.data: ChartData = data
        shared = like if like is not None and _same_bars(like.data, data) else None
        self.local: IntArray = shared.local if shared else local_ns(data.bars.ts, data.zone, data.period)
        self.decimals: int = shared.decimals if shared else price_decimals(data.bars.close)
        self._levels: Levels = shared._levels if shared else Levels(self.local, data.period)

    @cached_property
    def everything(self) -> tuple[float, float]:
        """The positions that show all bars."""
        return -0.5, len(self.data.bars) - 0.5

    @cached_property
    def price_type(self) -> type[np.floating[Any]]:
        """float32 where it still rounds to the right price, else float64."""
        largest = float(np.nanmax(np.abs(self.data.bars.high)))
        return np.float32 if largest * 2.0**-24 < 0.4 * 10.0**-self.decimals else np.float64

    @cached_property
    def _markers(self) -> PlacedMarkers:
        return PlacedMarkers(self.data.markers, self.data.bars.ts, self.data.period.length_ns)

    def max_candles(self, spec: ChartSpec, *, single: bool) -> int:
        """Most candles of a view whose zoom steps keep within `WIRE_BYTES`; `single` where each is one bar."""
        each = bytes_per_candle(self.data, volume=spec.show_volume, single=single, kind=self.price_type)
        budget = WIRE_BYTES - (MARKER_BYTES if self.data.markers else 0)
        return max(10, min(spec.max_candles, int(budget / (each * (1 + 2 * MARGIN)))))

    def clamp(self, first: float, last: float) -> tuple[float, float]:
        """A range of at least three bars that shows at least one of them."""
        first, last = min(first, last), max(first, last)
        if last - first < 3:
            first, last = (first + last) / 2 - 1.5, (first + last) / 2 + 1.5
        left, right = self.everything
        shift = max(left + 1 - last, 0.0) + min(right - 1 - first, 0.0)
        return first + shift, last + shift

    def buckets(self, spec: ChartSpec, *, wire: bool) -> Buckets:
        """The candles of the visible range and its margins; `wire` where zoom steps have to stay small."""
        bars = self.max_candles(spec, single=True) if wire else spec.max_candles
        candles = self.max_candles(spec, single=False) if wire else spec.max_candles
        return self._levels.buckets(self.clamp(*(spec.visible or self.everything)), bars, candles, MARGIN)

    def view(self, spec: ChartSpec, *, wire: bool = True) -> View:
        """The visible range of a spec, drawn; `wire` as in `buckets`."""
        first, last = self.clamp(*(spec.visible or self.everything))
        b = self.buckets(spec, wire=wire)
        bars = candles(self.data.bars, b)
        arrays: list[Arrays] = [candle_arrays(bars, b, self.local, self.price_type)]
        if spec.show_volume:
            arrays += volume_arrays(bars, b)
        for s in drawn_series(self.data):
            arrays += series_arrays(s, b, self.price_type if s.pane == "price" else np.float32)
        marks = self._markers.marks(b, last - first) if self.data.markers else ()
        if marks:
            arrays += marker_arrays(marks, bars, b, self.price_type)
        layout = self._ranges(b, bars, (first, last), panes(self.data, spec)) | self._labels(b, (first, last), spec)
        return View((first, last), b, bars, tuple(arrays), marks, layout)

    def _labels(self, b: Buckets, visible: tuple[float, float], spec: ChartSpec) -> dict[str, Any]:
        labels = ticks(self.local[b.start], b.x, *visible, spec.width)
        return {
            "xaxis.range": list(visible),
            "xaxis.tickvals": list(labels.positions),
            "xaxis.ticktext": list(labels.texts),
        }

    def _ranges(
        self, b: Buckets, c: Candles, visible: tuple[float, float], boxes: tuple[PaneBox, ...]
    ) -> dict[str, Any]:
        """Fits each pane to what is visible in it."""
        shown = (b.stop - 0.5 > visible[0]) & (b.start - 0.5 < visible[1])
        inside = Buckets(b.start[shown], b.stop[shown], b.label)
        ranges: dict[str, list[float]] = {}
        extra: dict[str, Any] = {}
        for box in boxes:
            if box.key == "price":
                overlays = [last_values(s.values, inside) for s in self.data.series if s.pane == "price"]
                ranges[box.layout_key] = _price_range(
                    float(c.low[shown].min()), float(c.high[shown].max()), overlays, 0.1 if self.data.markers else 0.05
                )
            elif box.key == "volume":
                ranges[box.layout_key] = [0.0, (float(c.volume[shown].max()) or 1.0) * 1.2]
                extra = _one_label(box.layout_key, float(c.volume[shown].max()))
            else:
                mine = [s for s in self.data.series if s.pane_key == box.key]
                ranges[box.layout_key] = _own_range(mine, inside)
        return {f"{axis}.range": bounds for axis, bounds in ranges.items()} | extra


def _same_bars(one: ChartData, other: ChartData) -> bool:
    return one.bars is other.bars and one.zone == other.zone and one.period is other.period


def _price_range(low: float, high: float, overlays: list[FloatArray], below: float) -> list[float]:
    """The visible prices, and overlays as far as half their height more; room for the legend on top, a share below."""
    height = (high - low) or abs(high) * 0.01 or 1.0
    least, most = low - height / 2, high + height / 2
    for y in overlays:
        numbers = y[np.isfinite(y)]
        if len(numbers):
            low, high = min(low, max(float(numbers.min()), least)), max(high, min(float(numbers.max()), most))
    return [low - height * below, high + height * 0.15]


def _one_label(axis: str, top: float) -> dict[str, Any]:
    """A label at the greatest 1, 2 or 5 times a power of ten below the top; Plotly would write G for a billion."""
    power = 10.0 ** np.floor(np.log10(top)) if top > 0 else 1.0
    value = max((n * power for n in (1, 2, 5) if n * power <= top), default=power)
    return {f"{axis}.tickvals": [float(value)], f"{axis}.ticktext": [short(float(value))]}


def _own_range(mine: list[ChartSeries], inside: Buckets) -> list[float]:
    """The visible values of a pane with its reference lines, and zero under a histogram."""
    ends = [level for s in mine for level in s.levels]
    ends += [0.0] if any(s.draw == "histogram" for s in mine) else []
    for s in mine:
        for values in extremes(s.values, inside):
            numbers = values[np.isfinite(values)]
            ends += [float(numbers.min()), float(numbers.max())] if len(numbers) else []
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    height = (high - low) or abs(high) * 0.01 or 1.0
    return [low - height * 0.08, high + height * 0.22]


def price_decimals(close: FloatArray) -> int:
    """How many decimals prices have, 2 to 6, judged by nine in ten of the last 500."""
    recent = close[-500:]
    recent = recent[np.isfinite(recent)]
    if not len(recent):
        return 2
    noise = 1e-12 * max(1.0, float(np.abs(recent).max()))
    for decimals in range(2, 7):
        if np.mean(np.abs(recent - np.round(recent, decimals)) < noise) >= 0.9:
            return decimals
    return 2 if float(np.abs(recent).max()) >= 50 else 4
