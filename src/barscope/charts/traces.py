"""Plotly traces of a chart in two halves: how each looks (fixed for a chart) and its arrays (new at every zoom)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.charts.lod import Buckets, Candles, extremes, last
from barscope.charts.text import escape
from barscope.domain.time import NS_PER_SECOND

if TYPE_CHECKING:
    from barscope.charts.data import ChartData, ChartSeries
    from barscope.charts.panes import PaneBox
    from barscope.charts.theme import Palette
    from barscope.domain.bars import FloatArray, IntArray

Arrays = dict[str, Any]
"""Arrays of one trace by Plotly's name; None removes what an earlier zoom set."""

INT32_MAX = 2**31 - 1


def drawn_series(data: ChartData) -> tuple[ChartSeries, ...]:
    """The series in the order they are drawn: one that shades a band follows its partner, as Plotly's fill wants."""
    by_name = {s.name: s for s in data.series}
    followers: dict[str, list[ChartSeries]] = {}
    for s in data.series:
        if s.band in by_name and s.band != s.name and by_name[s.band].band not in by_name:
            followers.setdefault(s.band, []).append(s)
    placed = {s.name for group in followers.values() for s in group}
    return tuple(t for s in data.series if s.name not in placed for t in (s, *followers.get(s.name, ())))


def styles(data: ChartData, boxes: tuple[PaneBox, ...], palette: Palette) -> list[dict[str, Any]]:
    """What stays the same at every zoom, for candles, volume and each series; none has a hover label of its own."""
    axis = {box.key: box.axis for box in boxes}
    found = [_candle_style(data, palette)]
    if "volume" in axis:
        found += [{"name": "Volume", "yaxis": axis["volume"], **bar} for bar in _bars(palette, palette.volume_opacity)]
    colours = series_colours(data, palette)
    for s in drawn_series(data):
        where = {"name": escape(s.name), "yaxis": axis[s.pane_key]}
        found += [where | style for style in _series_styles(s, colours[s.name], palette)]
    return unlisted(found)


def unlisted(traces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Traces on the time axis without an entry in Plotly's legend and without a hover label of their own."""
    common = {"xaxis": "x", "showlegend": False, "hoverinfo": "skip"}
    return [trace | common for trace in traces]


def trace_count(s: ChartSeries) -> int:
    """How many traces draw a series."""
    return 2 if s.draw == "histogram" else 1


def series_colours(data: ChartData, palette: Palette) -> dict[str, str]:
    """A colour per series; the two edges of a band share one."""
    colours: dict[str, str] = {}
    for s in data.series:
        colours[s.name] = palette.lines[len(set(colours.values())) % len(palette.lines)]
    return colours | {s.name: colours[s.band] for s in data.series if s.band in colours}


def _candle_style(data: ChartData, p: Palette) -> dict[str, Any]:
    return {
        "type": "candlestick",
        "name": escape(data.symbol),
        "yaxis": "y",
        # Line and body of one colour: Plotly draws a median line just inside the body.
        "increasing": {"line": {"color": p.up_candle, "width": 1}, "fillcolor": p.up_candle},
        "decreasing": {"line": {"color": p.down_candle, "width": 1}, "fillcolor": p.down_candle},
        "whiskerwidth": 0,
    }


def _bars(p: Palette, opacity: float) -> list[dict[str, Any]]:
    """Bars up and bars down: a colour per bar in one trace would be parsed bar by bar in the browser."""
    colours = (p.up_candle, p.down_candle)
    return [{"type": "bar", "marker": {"color": c, "line": {"width": 0}}, "opacity": opacity} for c in colours]


def _series_styles(s: ChartSeries, colour: str, p: Palette) -> list[dict[str, Any]]:
    if s.draw == "histogram":
        return _bars(p, 0.6)
    if s.draw == "dots":
        return [{"type": "scatter", "mode": "markers", "marker": {"size": 3, "color": colour}}]
    line = {"color": colour, "width": 1.4, "dash": "5px,4px" if s.draw == "dashed" else "solid"}
    fill = {"fill": "tonexty", "fillcolor": faded(colour, 0.08)} if s.band else {}
    return [{"type": "scatter", "mode": "lines", "line": line, "connectgaps": False, **fill}]


def faded(colour: str, alpha: float) -> str:
    """A `#rrggbb` colour with an opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def candle_arrays(c: Candles, b: Buckets, local: IntArray, kind: type[np.floating[Any]]) -> Arrays:
    """Arrays of the candles; `customdata` is the exchange-local opening in seconds, `meta` what a candle stands for."""
    prices = {name: getattr(c, name).astype(kind) for name in ("open", "high", "low", "close")}
    opens = _small_ints(local[b.start] // NS_PER_SECOND)
    return {"x": wire_x(b.x), **prices, "customdata": opens, "meta": b.label}


def volume_arrays(c: Candles, b: Buckets) -> list[Arrays]:
    """Arrays of the volume bars: of candles up, of candles down."""
    return _split(b, c.volume.astype(np.float32), c.close >= c.open)


def series_arrays(s: ChartSeries, b: Buckets, kind: type[np.floating[Any]]) -> list[Arrays]:
    """Arrays of the traces of a series.

    A line is the last value of each bucket; one in a pane of its own has the least and the greatest value instead
    where a bucket is several bars, so that spikes stay visible, and the last value in `customdata`. A histogram is the
    value furthest from zero.
    """
    if s.draw == "histogram":
        low, high = extremes(s.values, b)
        y = np.where(-low > high, low, high)
        return _split(b, y.astype(kind), y >= 0)
    if b.single:  # evenly spaced: two numbers say where they are
        first = float(b.x[0]) if len(b) else 0.0
        return [{"x": None, "x0": first, "dx": 1, "y": s.values[b.start].astype(kind), "customdata": None}]
    if s.pane == "price":
        return [{"x": wire_x(b.x), "y": last(s.values, b).astype(kind)}]
    return [_spiky(s.values, b, kind)]


def _split(b: Buckets, y: np.ndarray[Any, Any], up: np.ndarray[Any, Any]) -> list[Arrays]:
    x = wire_x(b.x)
    return [{"x": x[mine], "y": y[mine]} for mine in (up, ~up)]


def _spiky(values: FloatArray, b: Buckets, kind: type[np.floating[Any]]) -> Arrays:
    low, high = extremes(values, b)
    close = last(values, b)
    rising = close - low >= high - close  # the extreme nearer to the last value comes second
    y = np.stack([np.where(rising, low, high), np.where(rising, high, low)], axis=1).ravel()
    return {"x": np.repeat(wire_x(b.x), 2), "y": y.astype(kind), "customdata": close.astype(kind)}


def wire_x(x: FloatArray) -> np.ndarray[Any, Any]:
    """Bar positions in the smallest float that holds halves exactly."""
    return x.astype(np.float32 if not len(x) or x[-1] < 2**22 else np.float64)


def _small_ints(values: IntArray) -> np.ndarray[Any, Any]:
    fits = not len(values) or (values[0] > -INT32_MAX and values[-1] < INT32_MAX)
    return values.astype(np.int32 if fits else np.float64)  # int64 would travel as JSON text


def bytes_per_candle(data: ChartData, *, volume: bool, single: bool, kind: type[np.floating[Any]]) -> int:
    """What one candle and all that is drawn with it takes on the wire; `single` where a candle is one bar."""
    size = np.dtype(kind).itemsize
    total = 8 + 4 * size + (8 if volume else 0)
    for s in data.series:
        value = size if s.pane == "price" else 4
        if s.draw == "histogram":
            total += 4 + value
        elif single:
            total += value
        else:
            total += 4 + value if s.pane == "price" else 8 + 3 * value
    return total
