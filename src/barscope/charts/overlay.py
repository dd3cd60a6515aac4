"""What lies over and under the traces of a view: shaded stretches, lines, reference levels, and what a person drew."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from barscope.charts.axis import LABEL_PX, NARROW_PX
from barscope.charts.shading import Stretches, path, runs
from barscope.charts.text import escape
from barscope.charts.theme import Palette, text_on
from barscope.charts.timeline import Timeline
from barscope.charts.traces import faded, series_colours

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from barscope.charts.data import ChartData, ChartSpec
    from barscope.charts.lod import Buckets
    from barscope.charts.panes import PaneBox
    from barscope.charts.scale import PriceScale
    from barscope.domain.annotations import Annotation

Part = dict[str, Any]
MOST_LABELS = 16
"""Labels of stretches and marks that a view shows; more would hide the candles."""
_ACROSS = {"type": "line", "xref": "paper", "x0": 0, "x1": 1}


@dataclass(frozen=True, eq=False)
class _Shade:
    """Stretches of one look: which colour of the theme or of a series, how strong, and in which pane (None is all)."""

    stretches: Stretches
    look: Literal["condition", "session", "warning", "series", "below"]
    series: str = ""
    pane: str | None = None


@dataclass(frozen=True, eq=False)
class _Label:
    """A text at the foot of the prices, from a place on."""

    place: float
    text: str


@dataclass(eq=False)
class Overlay:
    """The overlay of a chart, placed on its bars once; `shapes` and `texts` draw a view of it."""

    data: ChartData
    shades: list[_Shade] = field(default_factory=list)
    labels: list[_Label] = field(default_factory=list)
    marks: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.timeline = Timeline(self.data.bars.ts, self.data.bar_length.length_ns)
        self._place_highlights()
        self._place_marks()
        self._place_backgrounds()
        self.labels.sort(key=lambda label: label.place)

    def _place_highlights(self) -> None:
        for kind in dict.fromkeys(h.kind for h in self.data.highlights):
            mine = [h for h in self.data.highlights if h.kind == kind]
            first, last = (np.array([getattr(h, end) for h in mine], np.int64) for end in ("first_ns", "last_ns"))
            self.shades.append(_Shade(Stretches(*self.timeline.spans(first, last)), kind))
            self.labels += [_Label(self._edge(h.first_ns), h.label) for h in mine if h.label]

    def _place_marks(self) -> None:
        n = len(self.timeline)
        for mark in self.data.marks:
            place = self._edge(mark.ts_ns)
            if -0.5 <= place < n - 0.5:
                self.marks.append(place)
                self.labels += [_Label(place, mark.label)] if mark.label else []

    def _edge(self, ns: int) -> float:
        """The left edge of the bar a moment falls into, or of the next one where it falls between two."""
        return float(np.ceil(self.timeline.place(ns))) - 0.5

    def _place_backgrounds(self) -> None:
        for s in self.data.shown:
            if s.is_background:
                pane = s.pane_key if s.draw == "background" else None
                found = (
                    _Shade(runs(s.values, 1), "series", s.name, pane),
                    _Shade(runs(s.values, -1), "below", s.name, pane),
                )
                self.shades += [shade for shade in found if len(shade.stretches)]

    # ---- shapes of a view

    def shapes(
        self, b: Buckets, visible: tuple[float, float], boxes: tuple[PaneBox, ...], palette: Palette
    ) -> list[Part]:
        """Shaded stretches lowest, then lines between and across the panes, then what a person drew."""
        drawn = (float(b.start[0]), float(b.stop[-1] - 1)) if len(b) else visible
        price = next(box for box in boxes if box.key == "price")
        return [
            *self._shaded(drawn, visible, boxes, palette),
            *([_vertical(self.marks, palette)] if self.marks else []),
            _last_price_line(self.data, price, palette),
            *separators(boxes, palette),
            *_levels(self.data, boxes, palette),
            *(_shape(a, self.timeline, price, palette) for a in self.data.annotations if a.kind != "text"),
        ]

    def _shaded(
        self, drawn: tuple[float, float], visible: tuple[float, float], boxes: Sequence[PaneBox], palette: Palette
    ) -> list[Part]:
        axes, colours = {box.key: box.axis for box in boxes}, series_colours(self.data, palette)
        looks = {
            "condition": (palette.lines[0], 0.16),
            "session": (palette.muted, 0.09),
            "warning": (palette.down, 0.16),
        }
        found = []
        for shade in self.shades:
            colour, opacity = looks.get(shade.look, (palette.down, 0.14))
            if shade.look == "series":
                colour = colours[shade.series]
            drawing = path(shade.stretches, drawn, visible)
            where = "paper" if shade.pane is None else f"{axes[shade.pane]} domain"
            if drawing is not None:
                look = {"fillcolor": faded(colour, opacity), "line": {"width": 0}, "layer": "below"}
                found.append({"type": "path", "xref": "x", "yref": where, "path": drawing, **look})
        return found

    # ---- texts of a view

    def texts(self, visible: tuple[float, float], spec: ChartSpec, scale: PriceScale, palette: Palette) -> list[Part]:
        """The tag of the last price, labels where there is room, and the texts a person wrote."""
        close = float(self.data.bars.close[-1])
        last = value_tag("y", scale.on_axis(close), scale.text(close), _direction(self.data, palette))
        gap = LABEL_PX * (visible[1] - visible[0]) / (spec.width or NARROW_PX)
        return [
            *([last] if last["y"] is not None else []),
            *(_foot(label, palette) for label in _with_room(self.labels, visible, gap)),
            *(_text(a, self.timeline, scale, palette) for a in self.data.annotations if a.kind == "text"),
        ]


def _with_room(labels: Iterable[_Label], visible: tuple[float, float], gap: float) -> list[_Label]:
    """The labels in view, left to right, that keep a gap; none of them where there are far too many."""
    chosen: list[_Label] = []
    for label in labels:
        if visible[0] <= label.place <= visible[1] - gap / 2 and (
            not chosen or label.place - chosen[-1].place >= gap * max(1.0, len(label.text) / 10)
        ):
            chosen.append(label)
    return chosen if len(chosen) <= MOST_LABELS else chosen[:: -(-len(chosen) // MOST_LABELS)]


def _foot(label: _Label, palette: Palette) -> Part:
    place = {"xref": "x", "x": label.place, "xanchor": "left", "yref": "y domain", "y": 0, "yanchor": "bottom"}
    return {**place, "text": escape(label.text), "showarrow": False, "font": {"size": 11, "color": palette.muted}}


def _text(annotation: Annotation, timeline: Timeline, scale: PriceScale, palette: Palette) -> Part:
    point = annotation.points[0]
    look = {"font": {"size": 12, "color": annotation.colour or palette.text}, "bgcolor": faded(palette.paper, 0.7)}
    return {
        "xref": "x",
        "x": timeline.place(point.ts_ns),
        "yref": "y",
        "y": scale.on_axis(point.price),
        "xanchor": "left",
        "text": escape(annotation.text),
        "showarrow": False,
        "borderpad": 2,
        **look,
    }


def _shape(annotation: Annotation, timeline: Timeline, price: PaneBox, palette: Palette) -> Part:
    """A line or box at its prices; Plotly wants them as they are, also on a logarithmic axis."""
    colour = annotation.colour or palette.text
    first, last = annotation.points[0], annotation.points[-1]
    ends = {"yref": price.axis, "y0": first.price, "y1": last.price, "line": {"color": colour, "width": 1.5}}
    text = {"text": escape(annotation.text), "font": {"size": 11, "color": colour}} if annotation.text else {}
    if annotation.kind == "level":
        return {**_ACROSS, **ends, **({"label": {**text, "textposition": "start"}} if text else {})}
    span = {"xref": "x", "x0": timeline.place(first.ts_ns), "x1": timeline.place(last.ts_ns)}
    if annotation.kind == "trend":
        return {"type": "line", **span, **ends, **({"label": {**text, "textposition": "start"}} if text else {})}
    label = {"label": {**text, "textposition": "top left"}} if text else {}
    return {"type": "rect", **span, **ends, "fillcolor": faded(colour, 0.1), "layer": "below", **label}


def _vertical(marks: Iterable[float], palette: Palette) -> Part:
    drawing = "".join(f"M{place:.9g},0V1" for place in marks)
    line = {"color": palette.crosshair, "width": 1, "dash": "4px,3px"}
    return {"type": "path", "xref": "x", "yref": "paper", "path": drawing, "line": line, "layer": "below"}


def _last_price_line(data: ChartData, price: PaneBox, palette: Palette) -> Part:
    close = float(data.bars.close[-1])
    line = {"color": _direction(data, palette), "width": 1, "dash": "1px,3px"}
    return {**_ACROSS, "yref": price.axis, "y0": close, "y1": close, "line": line}


def value_tag(axis: str, y: float | None, text: str, colour: str) -> Part:
    """A value on a ground of its colour, beside its axis."""
    return {
        "xref": "paper",
        "x": 1,
        "xanchor": "left",
        "yref": axis,
        "y": y,
        "text": text,
        "showarrow": False,
        "font": {"color": text_on(colour), "size": 11},
        "bgcolor": colour,
        "borderpad": 2,
        "xshift": 1,
    }


def _direction(data: ChartData, palette: Palette) -> str:
    return palette.up if data.bars.close[-1] >= data.bars.open[-1] else palette.down


def separators(boxes: tuple[PaneBox, ...], palette: Palette) -> list[Part]:
    """A line between each two panes."""
    line = {"color": palette.border, "width": 1}
    return [{**_ACROSS, "yref": "paper", "y0": y, "y1": y, "line": line} for y in (box.domain[1] for box in boxes[1:])]


def _levels(data: ChartData, boxes: tuple[PaneBox, ...], palette: Palette) -> list[Part]:
    axis = {box.key: box.axis for box in boxes}
    look = {"line": {"color": palette.muted, "width": 1, "dash": "3px,4px"}, "opacity": 0.6}
    wanted = dict.fromkeys((axis[s.pane_key], level) for s in data.shown for level in s.levels)
    return [{**_ACROSS, "yref": where, "y0": y, "y1": y, **look} for where, y in wanted]
