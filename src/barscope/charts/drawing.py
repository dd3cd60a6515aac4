"""A chart's data made ready for drawing, and any view of it: arrays for the traces, ranges and labels for the axes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.charts.axis import ticks
from barscope.charts.clock import local_ns
from barscope.charts.heikin_ashi import heikin_ashi
from barscope.charts.lod import Buckets, Candles, Levels, candles, extremes
from barscope.charts.lod import last as last_values
from barscope.charts.markers import MARKER_BYTES, Marks, PlacedMarkers, marker_arrays
from barscope.charts.overlay import Overlay
from barscope.charts.panes import PaneBox, label_count, panes
from barscope.charts.scale import PriceScale
from barscope.charts.shading import SHADE_BYTES
from barscope.charts.text import short
from barscope.charts.theme import PALETTES
from barscope.charts.traces import (
    Arrays,
    bytes_per_candle,
    compared_arrays,
    drawn_series,
    price_arrays,
    series_arrays,
    volume_arrays,
)
from barscope.domain.annotations import Point
from barscope.errors import MissingBarsError, cut

if TYPE_CHECKING:
    from barscope.charts.data import ChartData, ChartSeries, ChartSpec
    from barscope.domain.bars import Bars, FloatArray, IntArray

    Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

WIRE_BYTES = 52_000
"""Arrays of one zoom step on the wire, margins included; labels and message headers come on top."""
MARGIN = 0.25
"""Bars drawn on each side of the view, as a share of it: panning inside it needs no new data."""


@dataclass(frozen=True, eq=False)
class View:
    """What a zoom step changes.

    Attributes:
        visible: First and last visible position.
        scale: Of the prices.
        buckets: The candles drawn, margins included.
        candles: Their prices and volumes.
        arrays: Arrays of each trace, in the order of `traces.styles`, then of `markers.marker_styles`.
        marks: The marks of trades, by kind; none where the chart has no markers.
        layout: Plotly layout values by dotted path: ranges, labels, shapes and texts.
    """

    visible: tuple[float, float]
    scale: PriceScale
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
        self._levels: Levels = shared._levels if shared else Levels(self.local, data.bar_length)

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
    def _lowest(self) -> float:
        return float(np.nanmin(self.data.bars.low))

    @cached_property
    def _heikin_ashi(self) -> Bars:
        return heikin_ashi(self.data.bars)

    @cached_property
    def _overlay(self) -> Overlay:
        return Overlay(self.data)

    @cached_property
    def _markers(self) -> PlacedMarkers:
        return PlacedMarkers(self.data.markers, self.data.bars.ts, self.data.bar_length.length_ns)

    def max_candles(self, spec: ChartSpec, *, single: bool) -> int:
        """Most candles of a view whose zoom steps keep within `WIRE_BYTES`; `single` where each is one bar."""
        each = bytes_per_candle(self.data, spec, single=single, kind=self.price_type)
        budget = WIRE_BYTES - (MARKER_BYTES if self.data.markers else 0) - SHADE_BYTES * len(self._overlay.shades)
        return max(10, min(spec.max_candles, int(budget / (each * (1 + 2 * MARGIN)))))

    def point(self, place: float, price: float) -> Point:
        """The bar at a place on the axis and a price, rounded to the decimals that prices have."""
        return Point(self._overlay.timeline.moment(place), round(price, self.decimals))

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
        visible = self.clamp(*(spec.visible or self.everything))
        b, scale = self.buckets(spec, wire=wire), self.scale(spec)
        bars = candles(self._heikin_ashi if spec.chart_type == "heikin-ashi" else self.data.bars, b)
        arrays: list[Arrays] = [price_arrays(bars, b, self.local, self.price_type, spec.chart_type, scale)]
        if spec.show_volume:
            arrays += volume_arrays(bars, b)
        for s in drawn_series(self.data):
            arrays += series_arrays(s, b, self.price_type if s.pane == "price" else np.float32)
        for other, factor in zip(self.data.compared, self._factors(spec, scale), strict=True):
            arrays.append(compared_arrays(other.closes, factor, b, self.price_type))
        marks = self._markers.marks(b, visible[1] - visible[0]) if self.data.markers else ()
        if marks:
            arrays += marker_arrays(marks, bars, b, self.price_type)
        boxes, palette = panes(self.data, spec), PALETTES[spec.theme]
        layout = self._ranges(b, bars, visible, boxes, spec) | self._labels(b, visible, spec)
        layout["shapes"] = self._overlay.shapes(b, visible, boxes, palette)
        layout["annotations"] = self._overlay.texts(visible, spec, scale, palette)
        return View(visible, scale, b, bars, tuple(arrays), marks, layout)

    def scale(self, spec: ChartSpec) -> PriceScale:
        """The scale of the prices in a view; compared symbols make sense in percent only."""
        kind = "percent" if self.data.compared else spec.scale
        if self._lowest <= 0:
            kind = "linear"
        base = float(self.data.bars.close[self._base_bar(spec)]) if kind == "percent" else 0.0
        return PriceScale(kind, base, self.decimals)

    def _base_bar(self, spec: ChartSpec) -> int:
        """The bar that is 0 percent."""
        if spec.percent_from is None:
            place = self.clamp(*(spec.visible or self.everything))[0]
        else:
            place = self._overlay.timeline.place(spec.percent_from)
        return min(max(int(np.ceil(place)), 0), len(self.data.bars) - 1)

    def _factors(self, spec: ChartSpec, scale: PriceScale) -> list[float]:
        """What brings the closes of each compared symbol to the base at the base bar."""
        bar = self._base_bar(spec) if self.data.compared else 0
        closes = (other.close_at(bar) for other in self.data.compared)
        return [scale.base / close if close > 0 and scale.base > 0 else float("nan") for close in closes]

    def _labels(self, b: Buckets, visible: tuple[float, float], spec: ChartSpec) -> dict[str, Any]:
        labels = ticks(self.local[b.start], b.x, *visible, spec.width)
        return {
            "xaxis.range": list(visible),
            "xaxis.tickvals": list(labels.positions),
            "xaxis.ticktext": list(labels.texts),
        }

    def _ranges(
        self, b: Buckets, c: Candles, visible: tuple[float, float], boxes: tuple[PaneBox, ...], spec: ChartSpec
    ) -> dict[str, Any]:
        """Fits each pane to what is visible in it."""
        shown = (b.stop - 0.5 > visible[0]) & (b.start - 0.5 < visible[1])
        inside = Buckets(b.start[shown], b.stop[shown], b.label)
        found: dict[str, Any] = {}
        for box in boxes:
            axis = box.layout_key
            mine = [s for s in self.data.shown if s.pane_key == box.key and not s.is_background]
            if box.key == "price":
                ends = self._price_ends(inside, c, shown, mine, spec)
                found[f"{axis}.range"] = ends
                labels = self.scale(spec).labels(ends, label_count(box, spec))
                found |= {f"{axis}.{name}": value for name, value in labels.items()}
            elif box.key == "volume":
                top = float(c.volume[shown].max())
                found[f"{axis}.range"] = [0.0, (top or 1.0) * 1.2]
                found |= _one_label(axis, top)
            else:
                found[f"{axis}.range"] = _own_range(mine, inside)
        return found

    def _price_ends(
        self, inside: Buckets, c: Candles, shown: Mask, mine: list[ChartSeries], spec: ChartSpec
    ) -> list[float]:
        """The ends of the price axis: all visible prices and compared symbols, and overlays as far as they fit."""
        scale = self.scale(spec)
        low, high = (c.close, c.close) if spec.chart_type == "close" else (c.low, c.high)
        others = [
            last_values(other.closes, inside) * factor
            for other, factor in zip(self.data.compared, self._factors(spec, scale), strict=True)
        ]
        wanted = scale.places(np.concatenate((low[shown], high[shown], *others)))
        overlays = [scale.places(last_values(s.values, inside)) for s in mine]
        return _fitted(float(wanted.min()), float(wanted.max()), overlays, 0.1 if self.data.markers else 0.05)


def _same_bars(one: ChartData, other: ChartData) -> bool:
    return one.bars is other.bars and one.zone == other.zone and one.period is other.period


def _fitted(low: float, high: float, overlays: list[FloatArray], below: float) -> list[float]:
    """The visible prices, and overlays as far as half their height more; room for the legend on top, a share below."""
    height = (high - low) or abs(high) * 0.01 or 1.0
    least, most = low - height / 2, high + height / 2
    for y in overlays:
        if len(y):
            low, high = min(low, max(float(y.min()), least)), max(high, min(float(y.max()), most))
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
