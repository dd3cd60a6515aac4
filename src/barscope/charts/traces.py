"""Plotly traces of a chart in two halves: how each looks (fixed for a chart) and its arrays (new at every zoom)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.charts.lod import Buckets, Candles, extremes, last
from barscope.charts.text import escape
from barscope.domain.time import NS_PER_SECOND

if TYPE_CHECKING:
    from barscope.charts.data import ChartData, ChartSeries, ChartSpec, ChartType
    from barscope.charts.panes import PaneBox
    from barscope.charts.scale import PriceScale
    from barscope.charts.theme import Palette
    from barscope.domain.bars import FloatArray, IntArray

Arrays = dict[str, Any]
"""Arrays of one trace by Plotly's name; None removes what an earlier zoom set."""

INT32_MAX = 2**31 - 1
DASHES = {"dashed": "5px,4px", "dotted": "1.5px,3px"}


def drawn_series(data: ChartData) -> tuple[ChartSeries, ...]:
    """The series in the order they are drawn, hidden copies among them.

    Plotly fills up to the trace before, so the first series that is filled up to another follows it; any other comes
    after a hidden copy of what it is filled up to.
    """
    lines = {s.name: s for s in data.series if not s.is_background}
    leads = {s.name: s.band for s in data.shown if s.band and s.name in lines and _can_fill(s, lines.get(s.band))}
    followers: dict[str, str] = {}
    for name, partner in leads.items():
        if partner not in leads and not lines[partner].hidden:
            followers.setdefault(partner, name)
    drawn: list[ChartSeries] = []
    for s in data.shown:
        if s.name in followers.values():
            continue
        if s.name in leads:
            drawn.append(replace(lines[leads[s.name]], name=f"{s.name} fill", band=None, hidden=True))
        drawn.append(s if s.name in leads else replace(s, band=None) if s.band else s)
        drawn += [lines[followers[s.name]]] if s.name in followers else []
    return tuple(drawn)


def _can_fill(s: ChartSeries, partner: ChartSeries | None) -> bool:
    """Whether the area between two series can be filled: both are lines or dots of one pane."""
    return (
        partner is not None
        and partner.name != s.name
        and partner.pane_key == s.pane_key
        and "histogram" not in (s.draw, partner.draw)
    )


def styles(data: ChartData, spec: ChartSpec, boxes: tuple[PaneBox, ...], palette: Palette) -> list[dict[str, Any]]:
    """What stays the same at every zoom, for the prices, volume, each series and each compared symbol."""
    axis = {box.key: box.axis for box in boxes}
    found = [_price_style(data, spec.chart_type, palette)]
    if "volume" in axis:
        found += [{"name": "Volume", "yaxis": axis["volume"], **bar} for bar in _bars(palette, palette.volume_opacity)]
    colours = series_colours(data, palette)
    for s in drawn_series(data):
        where = {"name": escape(s.name), "yaxis": axis[s.pane_key]}
        found += [where | style for style in _series_styles(s, colours.get(s.name, palette.muted), palette)]
    for other, colour in zip(data.compared, compared_colours(data, palette), strict=True):
        look = {"type": "scatter", "mode": "lines", "line": {"color": colour, "width": 1.6}, "connectgaps": False}
        found.append({"name": escape(other.symbol), "yaxis": "y", **look})
    return unlisted(found)


def unlisted(traces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Traces on the time axis without an entry in Plotly's legend and without a hover label of their own."""
    common = {"xaxis": "x", "showlegend": False, "hoverinfo": "skip"}
    return [trace | common for trace in traces]


def trace_count(s: ChartSeries) -> int:
    """How many traces draw a series; a background is a shape."""
    return 0 if s.is_background else 2 if s.draw == "histogram" and not s.hidden else 1


def series_colours(data: ChartData, palette: Palette) -> dict[str, str]:
    """A colour per series: its own, or the next of the theme; the two edges of a band share one."""
    colours: dict[str, str] = {}
    for s in data.series:
        colours[s.name] = palette.lines[len(set(colours.values())) % len(palette.lines)]
    colours |= {s.name: colours[s.band] for s in data.series if s.band in colours}
    return colours | {s.name: s.colour for s in data.series if s.colour}


def compared_colours(data: ChartData, palette: Palette) -> list[str]:
    """A colour per compared symbol: those of the theme that no series has taken, first."""
    taken = set(series_colours(data, palette).values())
    free = [colour for colour in palette.lines if colour not in taken] or list(palette.lines)
    return [free[i % len(free)] for i in range(len(data.compared))]


def _price_style(data: ChartData, chart_type: ChartType, p: Palette) -> dict[str, Any]:
    where = {"name": escape(data.symbol), "yaxis": "y"}
    if chart_type == "close":
        line = {"color": p.text, "width": 1.5}
        return {**where, "type": "scatter", "mode": "lines", "line": line, "connectgaps": False}
    up, down = ({"line": {"color": colour, "width": 1}} for colour in (p.up_candle, p.down_candle))
    if chart_type == "ohlc":
        return {**where, "type": "ohlc", "increasing": _thick(up), "decreasing": _thick(down), "tickwidth": 0.32}
    # Line and body of one colour: Plotly draws a median line just inside the body.
    bodies = {"increasing": up | {"fillcolor": p.up_candle}, "decreasing": down | {"fillcolor": p.down_candle}}
    return {**where, "type": "candlestick", **bodies, "whiskerwidth": 0}


def _thick(direction: dict[str, Any]) -> dict[str, Any]:
    return {"line": direction["line"] | {"width": 1.5}}


def _bars(p: Palette, opacity: float) -> list[dict[str, Any]]:
    """Bars up and bars down: a colour per bar in one trace would be parsed bar by bar in the browser."""
    return [_bar(colour, opacity) for colour in (p.up_candle, p.down_candle)]


def _bar(colour: str, opacity: float) -> dict[str, Any]:
    return {"type": "bar", "marker": {"color": colour, "line": {"width": 0}}, "opacity": opacity}


def _series_styles(s: ChartSeries, colour: str, p: Palette) -> list[dict[str, Any]]:
    if s.is_background:
        return []
    fill = {"fill": "tonexty", "fillcolor": faded(colour, s.opacity)} if s.band else {}
    if s.hidden:
        return [{"type": "scatter", "mode": "lines", "line": {"width": 0}, "connectgaps": False, **fill}]
    if s.draw == "histogram":
        return [_bar(colour, 0.6)] * 2 if s.colour else _bars(p, 0.6)
    if s.draw == "dots":
        return [{"type": "scatter", "mode": "markers", "marker": {"size": 1.6 + s.width, "color": colour}, **fill}]
    line = {"color": colour, "width": s.width, "dash": DASHES.get(s.draw, "solid")}
    return [{"type": "scatter", "mode": "lines", "line": line, "connectgaps": False, **fill}]


def faded(colour: str, alpha: float) -> str:
    """A `#rrggbb` colour with an opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def price_arrays(
    c: Candles, b: Buckets, local: IntArray, kind: type[np.floating[Any]], chart_type: ChartType, scale: PriceScale
) -> Arrays:
    """Arrays of the prices.

    `customdata` is the exchange-local opening in seconds, `meta` what a candle stands for; on a scale in percent also
    which price is 0 percent.
    """
    columns = {"y": "close"} if chart_type == "close" else {name: name for name in ("open", "high", "low", "close")}
    prices = {name: getattr(c, column).astype(kind) for name, column in columns.items()}
    opens = _small_ints(local[b.start] // NS_PER_SECOND)
    said = [b.label, scale.base] if scale.kind == "percent" else b.label
    return {"x": wire_x(b.x), **prices, "customdata": opens, "meta": said}


def volume_arrays(c: Candles, b: Buckets) -> list[Arrays]:
    """Arrays of the volume bars: of candles up, of candles down."""
    return _split(b, c.volume.astype(np.float32), c.close >= c.open)


def series_arrays(s: ChartSeries, b: Buckets, kind: type[np.floating[Any]]) -> list[Arrays]:
    """Arrays of the traces of a series.

    A line is the last value of each bucket; one in a pane of its own has the least and the greatest value instead
    where a bucket is several bars, so that spikes stay visible, and the last value in `customdata`. A histogram is the
    value furthest from zero.
    """
    if s.is_background:
        return []
    if s.draw == "histogram" and not s.hidden:
        low, high = extremes(s.values, b)
        y = np.where(-low > high, low, high)
        return _split(b, y.astype(kind), y >= 0)
    if b.single:  # evenly spaced: two numbers say where they are
        first = float(b.x[0]) if len(b) else 0.0
        return [{"x": None, "x0": first, "dx": 1, "y": s.values[b.start].astype(kind), "customdata": None}]
    if s.pane == "price":
        return [{"x": wire_x(b.x), "y": last(s.values, b).astype(kind)}]
    return [_spiky(s.values, b, kind)]


def compared_arrays(closes: FloatArray, factor: float, b: Buckets, kind: type[np.floating[Any]]) -> Arrays:
    """Arrays of a compared symbol: its last close in each bucket, times what brings it to the price it begins at."""
    return {"x": wire_x(b.x), "y": (last(closes, b) * factor).astype(kind)}


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


def bytes_per_candle(data: ChartData, spec: ChartSpec, *, single: bool, kind: type[np.floating[Any]]) -> int:
    """What one candle and all that is drawn with it takes on the wire; `single` where a candle is one bar."""
    size = np.dtype(kind).itemsize
    total = 8 + (size if spec.chart_type == "close" else 4 * size) + (8 if spec.show_volume else 0)
    total += len(data.compared) * (4 + size)
    for s in drawn_series(data):
        value = size if s.pane == "price" else 4
        if trace_count(s) == 2:
            total += 4 + value
        elif trace_count(s) and single:
            total += value
        elif trace_count(s):
            total += 4 + value if s.pane == "price" else 8 + 3 * value
    return total
