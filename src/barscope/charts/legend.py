"""The legend: annotations and a hover label for a static figure, facts for the crosshair script of a live one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.charts.clock import moment_text
from barscope.charts.lod import last
from barscope.charts.markers import KINDS
from barscope.charts.text import coloured, compact, escape, plain
from barscope.charts.traces import drawn_series, series_colours, trace_count
from barscope.domain.periods import BarPeriod

if TYPE_CHECKING:
    from barscope.charts.data import ChartSeries, ChartSpec
    from barscope.charts.drawing import Drawing, View
    from barscope.charts.panes import PaneBox
    from barscope.charts.theme import Palette
    from barscope.domain.bars import FloatArray


def legend_meta(drawing: Drawing, spec: ChartSpec, boxes: tuple[PaneBox, ...], palette: Palette) -> dict[str, Any]:
    """What the crosshair script needs beyond the traces; it shows every text as text."""
    data, colours = drawing.data, series_colours(drawing.data, palette)
    first, counts = 3 if spec.show_volume else 1, [trace_count(s) for s in drawn_series(data)]
    place = {s.name: first + sum(counts[:i]) for i, s in enumerate(drawn_series(data))}
    return {
        "title": plain(data.title or data.symbol),
        "period": data.period.label,
        "clock": {BarPeriod.DAY: 0, BarPeriod.SECOND: 2}.get(data.period, 1),
        "decimals": drawing.decimals,
        "volume": spec.show_volume,
        "markers": [first + sum(counts) + i for i in range(len(KINDS))] if data.markers else [],
        "colours": {
            name: getattr(palette, name) for name in ("paper", "text", "muted", "border", "crosshair", "up", "down")
        },
        "panes": [
            {
                "key": plain(box.key),
                "axis": box.layout_key,
                "series": [
                    {
                        "traces": [place[s.name] + i for i in range(trace_count(s))],
                        "name": plain(s.name),
                        "colour": colours[s.name],
                    }
                    for s in drawn_series(data)
                    if box.key == s.pane_key
                ],
            }
            for box in boxes
        ],
    }


def legend_annotations(reading: Reading, view: View, boxes: tuple[PaneBox, ...]) -> list[dict[str, Any]]:
    """For each pane, its series with the values of the last visible candle."""
    i = max(int(np.searchsorted(view.buckets.x, view.visible[1], "right")) - 1, 0)
    found = []
    for box in boxes:
        lines = [reading.prices(i)] if box.key == "price" else []
        text = "<br>".join(filter(None, [*lines, reading.series(i, box.key)]))
        place = {"xref": "paper", "x": 0, "xanchor": "left", "yref": "paper", "y": box.domain[1], "yanchor": "top"}
        look = {"align": "left", "showarrow": False, "font": {"size": 12}, "borderpad": 3}
        found += [{**place, **look, "text": text}] if text else []
    return found


def hover_trace(reading: Reading, view: View) -> dict[str, Any]:
    """An unseen trace on the closes whose label reads all panes: one calm label in place of one per trace."""
    return {
        "type": "scatter",
        "mode": "markers",
        "marker": {"size": 1, "opacity": 0},
        "name": "values",
        "x": view.buckets.x,
        "y": view.candles.close,
        "text": [reading.label(i) for i in range(len(view.buckets))],
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": False,
    }


class Reading:
    """What a view says at each of its candles, as text."""

    def __init__(self, drawing: Drawing, view: View, palette: Palette) -> None:
        self._view, self._palette, self._data = view, palette, drawing.data
        self._decimals, self._local = drawing.decimals, drawing.local
        self._values = [(s, last(s.values, view.buckets)) for s in drawn_series(drawing.data)]
        self._colours = series_colours(drawing.data, palette)
        self._trades: dict[int, list[str]] = {}
        for marks in view.marks:
            for candle, text in zip(marks.candle.tolist(), marks.texts, strict=True):
                self._trades.setdefault(candle, []).append(escape(text))

    def prices(self, i: int) -> str:
        """Symbol, candle, time, prices, change and volume on one line."""
        c, palette, decimals = self._view.candles, self._palette, self._decimals
        before = c.close[i - 1] if i else c.open[i]
        change = c.close[i] - before
        share = f"({change / before:+.2%})" if before else ""
        parts = [
            coloured(self._data.title or self._data.symbol, palette.text, bold=True),
            coloured(f"{self._view.buckets.label}  {self._moment(i)}", palette.muted),
            coloured(self._ohlc(i), palette.up if c.close[i] >= c.open[i] else palette.down),
            coloured(f"{change:+,.{decimals}f} {share}", palette.up if change >= 0 else palette.down),
            coloured(f"V {compact(float(c.volume[i]))}", palette.muted),
        ]
        return "  ".join(parts)

    def series(self, i: int, pane: str) -> str:
        """The series of a pane with their values, in their colours."""
        return "  ".join(
            f"{coloured(s.name, self._colours[s.name])} {self._value(s, y, i)}"
            for s, y in self._values
            if s.pane_key == pane
        )

    def label(self, i: int) -> str:
        """Everything at a candle, line by line."""
        values = [f"{escape(s.name)}  {self._value(s, y, i)}" for s, y in self._values]
        volume = f"V {compact(float(self._view.candles.volume[i]))}"
        return "<br>".join([f"<b>{self._moment(i)}</b>", self._ohlc(i), volume, *self._trades.get(i, ()), *values])

    def _moment(self, i: int) -> str:
        is_dated = self._view.buckets.label[-1] in "dwoy"  # candles of a day or more have no time of day
        period = BarPeriod.DAY if is_dated else self._data.period
        return moment_text(int(self._local[self._view.buckets.start[i]]), period)

    def _ohlc(self, i: int) -> str:
        c = self._view.candles
        prices = zip("OHLC", (c.open, c.high, c.low, c.close), strict=True)
        return " ".join(f"{name} {compact(float(column[i]), self._decimals)}" for name, column in prices)

    def _value(self, s: ChartSeries, y: FloatArray, i: int) -> str:
        return compact(float(y[i]), self._decimals if s.pane == "price" else None)
