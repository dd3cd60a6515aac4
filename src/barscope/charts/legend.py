"""The legend: annotations and a hover label for a static figure, facts for the crosshair script of a live one."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.charts.clock import moment_text
from barscope.charts.lod import last
from barscope.charts.markers import KINDS
from barscope.charts.text import bold, coloured, compact, escape, label_template, plain, stacked
from barscope.charts.traces import compared_colours, drawn_series, series_colours, trace_count
from barscope.domain.periods import BarPeriod

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.charts.data import ChartData, ChartSeries, ChartSpec
    from barscope.charts.drawing import Drawing, View
    from barscope.charts.panes import PaneBox
    from barscope.charts.theme import Palette
    from barscope.domain.bars import FloatArray

_VARIANT = re.compile(r"(\w+)\((.*)\)(?:\.(\w+))?")
"""The name of a series of an indicator: `BBANDS(20, 2.0, 2.0, 0, CLOSE).upperband`."""
_MOST_PARAMETERS = 12


def legend_meta(drawing: Drawing, spec: ChartSpec, boxes: tuple[PaneBox, ...], palette: Palette) -> dict[str, Any]:
    """What the crosshair script needs beyond the traces; it shows every text as text."""
    data = drawing.data
    first, counts = 3 if spec.show_volume else 1, [trace_count(s) for s in drawn_series(data)]
    end = first + sum(counts)
    return {
        "title": plain(data.title or data.symbol),
        "period": data.bar_length.label,
        "clock": {BarPeriod.DAY: 0, BarPeriod.SECOND: 2}.get(data.period, 1),
        "decimals": drawing.decimals,
        "volume": spec.show_volume,
        "markers": [end + len(data.compared) + i for i in range(len(KINDS))] if data.markers else [],
        "colours": {
            name: getattr(palette, name) for name in ("paper", "text", "muted", "border", "crosshair", "up", "down")
        },
        "compared": [
            {"traces": [end + i], "name": plain(other.symbol), "colour": colour}
            for i, (other, colour) in enumerate(zip(data.compared, compared_colours(data, palette), strict=True))
        ],
        "panes": [
            {"key": plain(box.key), "axis": box.layout_key, "series": _entries(data, box, first, palette)}
            for box in boxes
        ],
    }


def _entries(data: ChartData, box: PaneBox, first: int, palette: Palette) -> list[dict[str, Any]]:
    """The series of a pane, each with its traces, counted from the `first` trace of any series."""
    colours, names = series_colours(data, palette), short_names([s.name for s in data.series])
    found, place = [], first
    for s in drawn_series(data):
        traces = list(range(place, place + trace_count(s)))
        place += len(traces)
        if s.pane_key == box.key and not s.hidden:
            texts = {"name": plain(names[s.name]), "full": plain(s.name)}
            found.append({"traces": traces, **texts, "colour": colours[s.name]})
    return found


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Each name with as few of its parameters as tell it from the others: `BBANDS(20) upperband`."""
    parts = {name: found for name in names if (found := _VARIANT.fullmatch(name))}
    shown = {name: name for name in names}
    for count in range(_MOST_PARAMETERS, 0, -1):
        shorter = {name: _with_parameters(found, count) for name, found in parts.items()}
        many = Counter((shown | shorter).values())
        shown |= {name: text for name, text in shorter.items() if many[text] == 1 and len(text) < len(shown[name])}
    return shown


def _with_parameters(found: re.Match[str], count: int) -> str:
    head, parameters, key = found.groups()
    return f"{head}({', '.join(parameters.split(', ')[:count])}){f' {key}' if key else ''}"


def legend_annotations(reading: Reading, view: View, boxes: tuple[PaneBox, ...]) -> list[dict[str, Any]]:
    """For each pane, its series with the values of the last visible candle."""
    i = max(int(np.searchsorted(view.buckets.x, view.visible[1], "right")) - 1, 0)
    found = []
    for box in boxes:
        lines = [reading.prices(i), reading.compared(i)] if box.key == "price" else []
        text = stacked(filter(None, [*lines, reading.series(i, box.key)]))
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
        "hovertemplate": label_template("%{text}"),
        "showlegend": False,
    }


class Reading:
    """What a view says at each of its candles, as text."""

    def __init__(self, drawing: Drawing, spec: ChartSpec, view: View, palette: Palette) -> None:
        self._has_volume = spec.show_volume
        self._view, self._palette, self._data = view, palette, drawing.data
        self._decimals, self._local = drawing.decimals, drawing.local
        shown = [s for s in drawn_series(drawing.data) if not s.hidden]
        self._values = [(s, last(s.values, view.buckets)) for s in shown]
        self._names = short_names([s.name for s in drawing.data.series])
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
            f"{coloured(self._names[s.name], self._colours[s.name])} {self._value(s, y, i)}"
            for s, y in self._values
            if s.pane_key == pane
        )

    def compared(self, i: int) -> str:
        """The compared symbols with how far each is from where it began."""
        first = 1 + 2 * self._has_volume + sum(trace_count(s) for s in drawn_series(self._data))
        colours = compared_colours(self._data, self._palette)
        lines = zip(self._data.compared, colours, self._view.arrays[first:], strict=False)
        percent = self._view.scale.percent
        return "  ".join(
            f"{coloured(other.symbol, colour)} {_signed(percent(float(line['y'][i])))}" for other, colour, line in lines
        )

    def label(self, i: int) -> str:
        """Everything at a candle, line by line."""
        values = [f"{escape(s.name)}  {self._value(s, y, i)}" for s, y in self._values]
        volume = f"V {compact(float(self._view.candles.volume[i]))}"
        return stacked([bold(self._moment(i)), self._ohlc(i), volume, *self._trades.get(i, ()), *values])

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


def _signed(percent: float) -> str:
    return f"{percent:+.2f}%" if percent == percent else "–"
