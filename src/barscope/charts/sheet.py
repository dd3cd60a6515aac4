"""What the figures of a backtest have in common: panes on one sheet, values on the right, a legend in each pane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.charts.figure import MARGINS, spikes
from barscope.charts.overlay import separators, value_tag
from barscope.charts.panes import PaneBox, stack
from barscope.charts.text import bold, escape, label_template, stacked
from barscope.charts.theme import PALETTES, Palette, template

if TYPE_CHECKING:
    from collections.abc import Mapping

    import plotly.graph_objects as go

    from barscope.charts.data import ChartSpec

NUMBERS = np.ndarray[Any, Any]


@dataclass
class Sheet:
    """A figure in the making.

    Attributes:
        spec: Its theme, height and width.
        shares: Pane → its share of the height, from top to bottom; a pane without a name stays empty.
        traces: What is drawn so far.
        annotations: Texts so far.
        shapes: Lines so far.
        axes: Axis → what sets it apart from the others.
    """

    spec: ChartSpec
    shares: Mapping[str, float]
    traces: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    shapes: list[dict[str, Any]] = field(default_factory=list)
    axes: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def palette(self) -> Palette:
        """The colours."""
        return PALETTES[self.spec.theme]

    @property
    def boxes(self) -> tuple[PaneBox, ...]:
        """The panes, from top to bottom."""
        return stack(self.shares, self.spec.height)

    def box(self, key: str) -> PaneBox:
        """A pane."""
        return next(box for box in self.boxes if box.key == key)

    def draw(self, key: str, **trace: Any) -> None:  # noqa: ANN401  # as Plotly
        """Adds a trace to a pane."""
        common = {"xaxis": "x", "yaxis": self.box(key).axis, "showlegend": False, "hoverinfo": "skip"}
        self.traces.append(common | trace)

    def line(self, key: str, x: NUMBERS, y: NUMBERS, colour: str, **more: Any) -> None:  # noqa: ANN401  # as Plotly
        """Adds a line to a pane; a single point is a dot."""
        look = {"color": colour, "width": 1.6, **more.pop("line", {})}
        self.draw(
            key,
            type="scatter",
            mode="lines" if len(x) > 1 else "markers",
            x=x,
            y=y,
            line=look,
            connectgaps=False,
            **more,
        )

    def say(self, key: str, *lines: str) -> None:
        """The legend of a pane; the lines are markup."""
        place = {"xref": "paper", "x": 0, "xanchor": "left", "yref": "paper", "y": self.box(key).domain[1]}
        look = {"yanchor": "top", "align": "left", "showarrow": False, "font": {"size": 12}, "borderpad": 3}
        self.annotations.append({**place, **look, "text": stacked(lines)})

    def tag(self, key: str, y: float, text: str, colour: str) -> None:
        """A value beside the axis of a pane."""
        self.annotations.append(value_tag(self.box(key).axis, y, text, colour))

    def zero(self, key: str) -> None:
        """A line at zero across a pane."""
        line = {"color": self.palette.crosshair, "width": 1}
        where = {"xref": "paper", "x0": 0, "x1": 1, "yref": self.box(key).axis, "y0": 0, "y1": 0}
        self.shapes.append({"type": "line", **where, "line": line, "layer": "below"})

    def hover(self, key: str, x: NUMBERS, y: NUMBERS, texts: Sequence[str], **more: Any) -> None:  # noqa: ANN401  # as Plotly
        """The label at each position of a pane and of those that share its x axis, on an unseen trace."""
        shown = {"hovertemplate": label_template("%{text}"), "text": list(texts)}
        label = {"hoverinfo": None, **shown, "name": "values"}
        self.draw(key, type="scatter", mode="markers", marker={"size": 1, "opacity": 0}, x=x, y=y, **label, **more)

    def scale(
        self,
        key: str,
        values: Sequence[NUMBERS],
        *,
        above: float = 0.2,
        below: float = 0.08,
        **axis: Any,  # noqa: ANN401  # as Plotly
    ) -> None:
        """Fits the axis of a pane to values, with shares of their height to spare."""
        ends = [number for v in values for number in _ends(v)]
        low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
        height = (high - low) or abs(high) * 0.01 or 1.0
        self.axes[self.box(key).layout_key] = {"range": [low - height * below, high + height * above], **axis}

    def figure(self, right: int, xaxis: Mapping[str, Any], **layout: Any) -> go.Figure:  # noqa: ANN401  # as Plotly
        """The figure; `right` is the room for the values beside the axes, pixels."""
        from barscope.charts.static import StaticFigure

        whole: dict[str, Any] = {
            "template": template(self.spec.theme),
            "height": self.spec.height,
            "margin": {**MARGINS, "r": right},
            "dragmode": "pan",
            "uirevision": "barscope",
            "showlegend": False,
            "annotations": self.annotations,
            "shapes": [*self.shapes, *separators(tuple(box for box in self.boxes if box.key), self.palette)],
            "xaxis": {**_LINE, "anchor": self.boxes[-1].axis, **TICKS, **xaxis},
        }
        for box in self.boxes:
            own = self.axes.get(box.layout_key, {}) if box.key else {"visible": False}
            whole[box.layout_key] = self._value_axis(box) | own
        whole |= layout
        spikes(whole, self.palette, self.boxes)
        return StaticFigure({"data": self.traces, "layout": whole})

    def _value_axis(self, box: PaneBox) -> dict[str, Any]:
        pixels = (box.domain[1] - box.domain[0]) * self.spec.height
        place = {"anchor": "x", "side": "right", "domain": list(box.domain), "fixedrange": True, "automargin": False}
        return {**_LINE, **place, "nticks": max(2, int(pixels / 46)), "ticklabelposition": "outside"}


_LINE = {"showline": True, "tickangle": 0}
TICKS = {"ticks": "outside", "ticklen": 4, "showgrid": False}
"""How an x axis shows its values."""


def calm_figure(spec: ChartSpec, title: str, reason: str) -> go.Figure:
    """A figure of nothing that says why, in the colours and the height of what would be there."""
    from barscope.charts.static import StaticFigure

    p = PALETTES[spec.theme]
    middle = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False, "align": "center"}
    text = stacked([bold(title), escape(reason)])
    hidden = {"visible": False, "fixedrange": True}
    layout = {
        "template": template(spec.theme),
        "height": spec.height,
        "margin": {**MARGINS, "r": MARGINS["l"]},
        "hovermode": False,
        "annotations": [{**middle, "text": text, "font": {"size": 13, "color": p.muted}}],
        "xaxis": hidden,
        "yaxis": hidden,
    }
    return StaticFigure({"data": [], "layout": layout})


def numbered(first: int, n: int) -> dict[str, Any]:
    """An x axis of n trades by number; a few of them stand apart in the middle instead of filling the sheet."""
    middle, half = first + (n - 1) / 2, max(n * 1.02, 12) / 2
    whole = {"tickmode": "array", "tickvals": list(range(first, first + n))} if n < 12 else {}
    return {"type": "linear", "range": [middle - half, middle + half], "tickformat": ",d", "nticks": 12, **whole}


def room(*texts: str) -> int:
    """Pixels beside the axes for the longest of some labels."""
    return max(56, 14 + 7 * max(map(len, texts), default=0))


def round_width(width: float) -> float:
    """The least 1, 2 or 5 times a power of ten that is not smaller: how wide a bin is."""
    power = 10.0 ** np.floor(np.log10(width))
    return float(next(n * power for n in (1, 2, 5, 10) if n * power >= width * (1 - 1e-9)))


def _ends(values: NUMBERS) -> list[float]:
    numbers = values[np.isfinite(values)]
    return [float(numbers.min()), float(numbers.max())] if len(numbers) else []
