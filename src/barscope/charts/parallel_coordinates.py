"""The combinations of a sweep as lines across one upright axis per parameter, coloured by a metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.charts.axis import NARROW_PX
from barscope.charts.data import ChartSpec
from barscope.charts.description import Description
from barscope.charts.figure import MARGINS
from barscope.charts.sheet import calm_figure
from barscope.charts.sweep_metrics import Metric, colour_scale, metric_of
from barscope.charts.text import bold, coloured, escape, label_template, plain, stacked
from barscope.charts.theme import PALETTES, template
from barscope.charts.traces import faded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import plotly.graph_objects as go

    from barscope.charts.theme import Palette
    from barscope.domain.bars import FloatArray, IntArray
    from barscope.domain.sweeps import SweepLines

MOST_LINES = 2000
"""Lines a browser draws and highlights without lagging."""
_BINS = 9
"""Colours; the lines of one colour are one trace."""
_MOST_TICKS = 8
_MARGIN_PX = 46
_HEAD_PX = 70
_ROW_PX = 15
_CHAR_PX = 7.2
_FOOT_PX = 14


@dataclass(frozen=True, slots=True)
class Brush:
    """A stretch of one axis; lines outside of it are greyed.

    Attributes:
        axis: Which axis, from 0; the metric is the last.
        low: Where it begins, as a share of the height of the axis.
        high: Where it ends.
    """

    axis: int
    low: float
    high: float


def parallel_figure(
    lines: SweepLines,
    metric: str,
    spec: ChartSpec | None = None,
    *,
    labels: Mapping[str, Sequence[object]] | None = None,
    brushes: Sequence[Brush] = (),
) -> go.Figure:
    """A line per combination that has a value of the metric, at most `MOST_LINES`; the best are drawn on top.

    Args:
        lines: The combinations.
        metric: The name of the metric.
        spec: Theme, height and width.
        labels: Of parameters that are no numbers: what the values at positions 0, 1, … are.
        brushes: What was brushed; a line is kept where it passes all of them, of one axis any.
    """
    from barscope.charts.static import StaticFigure

    spec = spec or ChartSpec()
    there = np.flatnonzero(np.isfinite(lines.metric))
    if not len(there) or not lines.names:
        return calm_figure(spec, "Parallel coordinates", "no combination has a value yet")
    known, p = metric_of(metric), PALETTES[spec.theme]
    axes = _axes(lines, there, known, labels or {})
    shown = _bounded(there, lines.metric)
    heights = np.column_stack([axis.places(values[shown]) for axis, values in zip(axes, _columns(lines), strict=True)])
    kept = inside(heights, brushes)
    traces = [*_drawn(lines.metric[shown], heights, kept, known, p), *_rails(axes, brushes, p)]
    traces.append(_hover(lines, shown[kept], heights[kept], axes, known))
    head = _head(known, len(there), len(shown), int(kept.sum()) if brushes else None, p)
    return StaticFigure({"data": traces, "layout": _layout(axes, spec, head, p)})


def describe_parallel(lines: SweepLines, metric: str) -> Description:
    """Parallel coordinates in words: the parameters with their spans, and those of the best tenth."""
    known, there = metric_of(metric), np.isfinite(lines.metric)
    facts = [("Combinations", f"{int(there.sum()):,} with a value, of {len(lines):,}")]
    if there.any():
        values, score = lines.values[there], lines.metric[there] * (-1 if known.is_cost else 1)
        best = values[score >= np.quantile(score, 0.9)]
        facts += [(plain(name), _span(values[:, i], best[:, i])) for i, name in enumerate(lines.names)]
        facts.append((known.label, f"{known.text(float(lines.metric[there].min()))} to "
                      f"{known.text(float(lines.metric[there].max()))}"))  # fmt: skip
    return Description(f"{known.label} by combination", tuple(facts))


def inside(heights: FloatArray, brushes: Sequence[Brush]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which lines, of shape (lines, axes) in shares of the height, pass the brushes."""
    kept = np.ones(len(heights), np.bool_)
    for axis in {brush.axis for brush in brushes}:
        at = heights[:, axis]
        kept &= np.any([(at >= b.low) & (at <= b.high) for b in brushes if b.axis == axis], axis=0)
    return kept


@dataclass(frozen=True, eq=False, slots=True)
class _Axis:
    """One upright axis.

    Attributes:
        name: What stands above it.
        low: The value at its foot.
        high: The value at its head.
        ticks: Value and text of its labels.
    """

    name: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    def places(self, values: FloatArray) -> FloatArray:
        """Values as shares of the height; in the middle where there is only one."""
        height = self.high - self.low
        return (values - self.low) / height if height > 0 else np.full(len(values), 0.5)


def _columns(lines: SweepLines) -> Iterator[FloatArray]:
    """The parameters, and the metric last."""
    yield from lines.values.T
    yield lines.metric


def _axes(
    lines: SweepLines, there: IntArray, metric: Metric, labels: Mapping[str, Sequence[object]]
) -> tuple[_Axis, ...]:
    parameters = tuple(
        _axis(name, column[there], labels.get(name)) for name, column in zip(lines.names, lines.values.T, strict=True)
    )
    low, high = float(lines.metric[there].min()), float(lines.metric[there].max())
    return *parameters, _Axis(metric.label, low, high, _spread(low, high, metric.text))


def _axis(name: str, values: FloatArray, labels: Sequence[object] | None) -> _Axis:
    low, high = float(values.min()), float(values.max())
    if labels is not None:
        ticks = tuple((float(i), plain(label)) for i, label in enumerate(labels) if low <= i <= high)
        return _Axis(name, low, high, ticks)
    tried = np.unique(values)
    if len(tried) <= _MOST_TICKS:
        return _Axis(name, low, high, tuple((float(v), f"{v:.6g}") for v in tried))
    is_whole = bool((tried == np.rint(tried)).all())
    return _Axis(name, low, high, _spread(low, high, lambda v: f"{v:.3g}", whole=is_whole))


def _spread(
    low: float, high: float, text: Callable[[float], str], *, whole: bool = False
) -> tuple[tuple[float, str], ...]:
    """A few labels between two ends, the ends included."""
    values = np.linspace(low, high, 5 if high > low else 1)
    return tuple((value, text(value)) for value in (np.rint(values) if whole else values).tolist())


def _bounded(there: IntArray, metric: FloatArray) -> IntArray:
    """At most `MOST_LINES` of the combinations, evenly by rank of the metric, so the best and the worst among them."""
    if len(there) <= MOST_LINES:
        return there
    by_rank = there[np.argsort(metric[there], kind="stable")]
    return by_rank[np.linspace(0, len(by_rank) - 1, MOST_LINES).round().astype(np.int64)]


def _drawn(
    metric: FloatArray, heights: FloatArray, kept: np.ndarray[Any, np.dtype[np.bool_]], known: Metric, p: Palette
) -> Iterator[dict[str, Any]]:
    """The greyed lines, then one trace per colour, from the worst to the best."""
    scale = colour_scale(known, metric, p, lines=True)
    share = np.clip((metric - scale.low) / (scale.high - scale.low), 0, 1)
    place = np.minimum((share * _BINS).astype(np.int64), _BINS - 1)
    order = range(_BINS - 1, -1, -1) if known.is_cost else range(_BINS)
    strength = float(np.clip(40 / max(kept.sum(), 1), 0.35, 1.0))
    yield _line(heights[~kept], p.muted, 0.12, 0.8)
    for n in order:
        middle = scale.low + (n + 0.5) / _BINS * (scale.high - scale.low)
        yield _line(heights[kept & (place == n)], scale.colour(middle), strength, 1.2)


def _line(heights: FloatArray, colour: str, opacity: float, width: float) -> dict[str, Any]:
    """Lines as one trace, with gaps between them."""
    n, axes = heights.shape
    x = np.tile(np.append(np.arange(axes, dtype=np.float64), np.nan), n)
    y = np.column_stack([heights, np.full(n, np.nan)]).ravel()
    look = {"color": colour, "width": width}
    return {**_PLAIN, "mode": "lines", "x": x, "y": y, "line": look, "opacity": opacity, "hoverinfo": "skip"}


_PLAIN = {"type": "scatter", "showlegend": False}


def _rails(axes: Sequence[_Axis], brushes: Sequence[Brush], p: Palette) -> Iterator[dict[str, Any]]:
    """The axes themselves, and what is brushed of them."""
    n = len(axes)
    x, y = np.repeat(np.arange(n, dtype=np.float64), 3), np.tile([0.0, 1.0, np.nan], n)
    yield {**_PLAIN, "mode": "lines", "x": x, "y": y, "line": {"color": p.muted, "width": 1}, "hoverinfo": "skip"}
    x = np.array([v for b in brushes for v in (b.axis, b.axis, np.nan)], np.float64)
    y = np.array([v for b in brushes for v in (b.low, b.high, np.nan)], np.float64)
    look = {"color": faded(p.lines[0], 0.75), "width": 8}
    yield {**_PLAIN, "mode": "lines", "x": x, "y": y, "line": look, "hoverinfo": "skip"}


def _hover(lines: SweepLines, shown: IntArray, heights: FloatArray, axes: Sequence[_Axis], metric: Metric) -> Any:  # noqa: ANN401  # a trace
    """The label of each line, where it ends on the axis of the metric."""
    texts = [
        stacked(
            [
                bold(f"{metric.label} {metric.text(float(lines.metric[i]))}"),
                *(f"{escape(a.name)} {_value(a, v)}" for a, v in zip(axes[:-1], lines.values[i].tolist(), strict=True)),
            ]
        )
        for i in shown
    ]
    dots = {"size": 9, "opacity": 0}
    x = np.full(len(shown), len(axes) - 1, np.float64)
    label = {"text": texts, "hovertemplate": label_template("%{text}")}
    return {**_PLAIN, "mode": "markers", "x": x, "y": heights[:, -1], "marker": dots, **label}


def _value(axis: _Axis, value: float) -> str:
    named = dict(axis.ticks)
    return escape(named.get(value, f"{value:.6g}"))


def _head(metric: Metric, there: int, shown: int, kept: int | None, p: Palette) -> str:
    count = f"{there:,} combinations" if shown == there else f"{shown:,} of {there:,} combinations, evenly by rank"
    parts = [coloured(f"By {metric.label}", p.text, bold=True), coloured(count, p.muted)]
    parts += [coloured(f"{kept:,} brushed", p.lines[0])] if kept is not None else []
    return "  ".join(parts)


def _layout(axes: Sequence[_Axis], spec: ChartSpec, head: str, p: Palette) -> dict[str, Any]:
    n = len(axes)
    room = (spec.width or NARROW_PX) / max(n - 1, 1)
    rows = 2 if max(len(axis.name) for axis in axes) * _CHAR_PX > room else 1
    corner = {"xref": "paper", "x": 0, "yref": "paper", "y": 1, "xanchor": "left", "yanchor": "bottom"}
    shift = {"xshift": 8 - _MARGIN_PX, "yshift": 2 * _ROW_PX + 8}
    notes = [{**corner, **shift, "showarrow": False, "text": head, "font": {"size": 12}}]
    for i, axis in enumerate(axes):
        above = {"x": i, "y": 1, "yanchor": "bottom", "showarrow": False, "font": {"size": 12}, "text": bold(axis.name)}
        notes.append({**above, "yshift": 5 + _ROW_PX * (i % rows)})
        heights = axis.places(np.array([value for value, _text in axis.ticks])).tolist()
        for (_at, text), y in zip(axis.ticks, heights, strict=True):
            beside = {"x": i, "y": y, "xanchor": "left", "xshift": 4, "showarrow": False, "borderpad": 1}
            look = {"bgcolor": faded(p.paper, 0.78), "font": {"size": 11, "color": p.text}}
            notes.append({**beside, **look, "text": escape(text)})
    hidden = {"visible": False, "fixedrange": True}
    return {
        "template": template(spec.theme),
        "height": spec.height,
        "margin": {**MARGINS, "l": _MARGIN_PX, "r": _MARGIN_PX, "t": _HEAD_PX, "b": _FOOT_PX},
        "dragmode": False,
        "hovermode": "closest",
        "uirevision": "barscope",
        "showlegend": False,
        "annotations": notes,
        "xaxis": {**hidden, "range": [-0.02 * n, n - 1 + 0.02 * n]},
        "yaxis": {**hidden, "range": [-0.02, 1.02]},
    }


def _span(values: FloatArray, best: FloatArray) -> str:
    low, high = values.min(), values.max()
    return f"{low:.4g} to {high:.4g}, of the best tenth {best.min():.4g} to {best.max():.4g}"
