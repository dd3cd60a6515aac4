"""A metric over two parameters of a sweep as a heat map, with the pick and its plateau marked."""

from __future__ import annotations

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
from barscope.domain.sweeps import NO_COMBINATION

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import plotly.graph_objects as go

    from barscope.charts.theme import Palette
    from barscope.domain.bars import FloatArray
    from barscope.domain.sweeps import SweepGrid

_HEAD_PX = 46
_FOOT_PX = 44
_BAR_PX = 70
"""Room for the colour bar beside the cells."""
_CHAR_PX = 6.6
_TEXT_PX = (50, 20)
"""A cell at least that wide and high has its value written in it."""
_MOST_WITH_GAPS = 1600

Mask = np.ndarray[Any, np.dtype[np.bool_]]


def heatmap_figure(
    grid: SweepGrid, spec: ChartSpec | None = None, *, pick: int | None = None, plateau: Collection[int] = ()
) -> go.Figure:
    """One cell per pair of values; cells count from 0 at the bottom left, so a click can be told.

    The traces are always as many, so that another state of the same sweep can take the place of this one.

    Args:
        grid: What to draw; cells without a value stay empty.
        spec: Theme, height and width.
        pick: The combination to mark.
        plateau: The combinations to draw a line around.
    """
    from barscope.charts.static import StaticFigure

    spec = spec or ChartSpec()
    if not grid.values.size:
        return calm_figure(spec, "Heat map", "no combinations of two parameters to draw")
    metric, p = metric_of(grid.metric), PALETTES[spec.theme]
    marked = _cells_of(grid, pick)
    flat = np.isin(grid.combinations, list(plateau))
    traces = [_cells(grid, metric, spec), _empty(grid, p), *_marks(marked, flat, p)]
    return StaticFigure({"data": traces, "layout": _layout(grid, spec, _head(grid, metric, marked, flat, p))})


def describe_heatmap(grid: SweepGrid, pick: int | None = None) -> Description:
    """A heat map in words: what it spans, how many cells have a value, the best, the worst and the pick."""
    metric, there = metric_of(grid.metric), np.isfinite(grid.values)
    facts = [
        (plain(grid.x_name), _span(grid.x_values)),
        (plain(grid.y_name), _span(grid.y_values)),
        ("Cells with a value", f"{int(there.sum()):,} of {grid.values.size:,}"),
    ]
    if there.any():
        best, worst = _extremes(grid.values, metric)
        facts += [("Best", _said(grid, metric, best)), ("Worst", _said(grid, metric, worst))]
        facts.append(("Median", metric.text(float(np.median(grid.values[there])))))
    for row, column in _cells_of(grid, pick):
        facts.append(("Picked", _said(grid, metric, (row, column))))
    return Description(f"{metric.label} by {plain(grid.x_name)} and {plain(grid.y_name)}", tuple(facts))


def value_text(value: object) -> str:
    """A value of a parameter as an axis shows it."""
    return f"{value:.6g}" if isinstance(value, float) else plain(value)


def _cells(grid: SweepGrid, metric: Metric, spec: ChartSpec) -> dict[str, Any]:
    scale = colour_scale(metric, grid.values, PALETTES[spec.theme])
    rows, columns = grid.values.shape
    gap = 1 if grid.values.size <= _MOST_WITH_GAPS else 0
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x": np.arange(columns, dtype=np.float64),
        "y": np.arange(rows, dtype=np.float64),
        "z": grid.values,
        "zmin": scale.low,
        "zmax": scale.high,
        "colorscale": [list(stop) for stop in scale.stops],
        "hoverongaps": False,
        "xgap": gap,
        "ygap": gap,
        "text": _names(grid),
        "hovertemplate": label_template("%{text}", bold(f"{metric.label} %{{z:{metric.d3}}}")),
        "colorbar": _colour_bar(metric, PALETTES[spec.theme]),
    }
    across, up = _cell_px(grid, spec)
    if across >= _TEXT_PX[0] and up >= _TEXT_PX[1]:
        trace |= {"texttemplate": f"%{{z:{metric.d3}}}", "textfont": {"size": 11}}
    return trace


def _names(grid: SweepGrid) -> list[list[str]]:
    across = [f"{escape(grid.x_name)} {escape(value_text(value))}" for value in grid.x_values]
    up = [f"{escape(grid.y_name)} {escape(value_text(value))}" for value in grid.y_values]
    return [[stacked((x, y)) for x in across] for y in up]


def _colour_bar(metric: Metric, p: Palette) -> dict[str, Any]:
    short = {"percent": ".3~p", "amount": ".3~s", "count": ",d"}.get(metric.form, "")
    look = {"thickness": 10, "outlinewidth": 0, "ticklen": 3, "tickcolor": p.border, "nticks": 8}
    place = {"x": 1, "xpad": 8, "y": 0.5, "len": 1, "ypad": 0}
    return {**look, **place, "tickformat": short, "tickfont": {"size": 11, "color": p.muted}}


def _empty(grid: SweepGrid, p: Palette) -> dict[str, Any]:
    """A dot in each cell without a value."""
    rows, columns = np.nonzero(~np.isfinite(grid.values))
    names = _names(grid) if len(rows) else []
    return {
        "type": "scatter",
        "mode": "markers",
        "x": columns.astype(np.float64),
        "y": rows.astype(np.float64),
        "marker": {"size": 3, "color": p.muted, "opacity": 0.6},
        "text": [names[row][column] for row, column in zip(rows, columns, strict=True)],
        "hovertemplate": label_template("%{text}", "no result"),
        "showlegend": False,
    }


def _cells_of(grid: SweepGrid, pick: int | None) -> list[tuple[int, int]]:
    """Row and column of the cells that show the pick: one of a grid of parameters, one per symbol beside symbols."""
    if pick is None or pick == NO_COMBINATION:
        return []
    return [(int(row), int(column)) for row, column in np.argwhere(grid.combinations == pick)]


def _marks(marked: Sequence[tuple[int, int]], flat: Mask, p: Palette) -> tuple[dict[str, Any], ...]:
    """The line around the plateau, and the frame of the pick with the seam that sets it off."""
    common = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "showlegend": False}
    x, y = _outline(flat)
    around = {**common, "x": x, "y": y, "line": {"color": p.text, "width": 1.6, "dash": "5px,3px"}}
    x = y = np.empty(0)
    if marked:
        (bottom, left), (top, right) = np.min(marked, axis=0) - 0.5, np.max(marked, axis=0) + 0.5
        x, y = np.array([left, right, right, left, left]), np.array([bottom, bottom, top, top, bottom])
    looks = ({"color": p.paper, "width": 5}, {"color": p.text, "width": 2.5})
    return around, *({**common, "x": x, "y": y, "line": look} for look in looks)


def _outline(mask: Mask) -> tuple[FloatArray, FloatArray]:
    """The edges between cells of the mask and others, as lines with gaps between them."""
    padded = np.pad(mask, 1)
    x: list[float] = []
    y: list[float] = []
    row, column = np.nonzero(padded[:, 1:] != padded[:, :-1])  # upright edges
    for r, c in zip(row - 1, column, strict=True):
        x += [c - 0.5, c - 0.5, np.nan]
        y += [r - 0.5, r + 0.5, np.nan]
    row, column = np.nonzero(padded[1:, :] != padded[:-1, :])  # level edges
    for r, c in zip(row, column - 1, strict=True):
        x += [c - 0.5, c + 0.5, np.nan]
        y += [r - 0.5, r - 0.5, np.nan]
    return np.array(x), np.array(y)


def _head(
    grid: SweepGrid, metric: Metric, marked: Sequence[tuple[int, int]], flat: Mask, p: Palette
) -> tuple[str, str]:
    there = np.isfinite(grid.values)
    first = [coloured(metric.label, p.text, bold=True)]
    if there.any():
        best, _worst = _extremes(grid.values, metric)
        first.append(coloured(f"best {_said(grid, metric, best)}", p.muted))
    second = []
    if marked:
        column = value_text(grid.x_values[marked[0][1]])
        what = metric.text(float(grid.values[marked[0]])) if len(marked) == 1 else f"{grid.x_name} {column}"
        second.append(coloured(f"▢ picked {what}", p.text))
    if flat.any():
        second.append(coloured("┄ plateau", p.text))
    if not there.all():
        second.append(coloured(f"· {int((~there).sum()):,} without a result", p.muted))
    return "  ".join(first), "  ".join(second)


def _layout(grid: SweepGrid, spec: ChartSpec, head: tuple[str, str]) -> dict[str, Any]:
    rows, columns = grid.values.shape
    across, up = _cell_px(grid, spec)
    place = {"xref": "paper", "x": 0, "xanchor": "left", "yref": "paper", "y": 1, "yanchor": "bottom"}
    note = {**place, "align": "left", "showarrow": False, "font": {"size": 12}, "text": stacked(filter(None, head))}
    look = {"showgrid": False, "fixedrange": True, "ticks": "outside", "ticklen": 3, "tickangle": 0, "showline": False}
    widest = max(len(value_text(value)) for value in grid.x_values)
    every = _stride((widest * _CHAR_PX + 10) / max(across, 1))
    title = {"font": {"size": 12}, "standoff": 6}
    return {
        "template": template(spec.theme),
        "height": spec.height,
        "margin": {**MARGINS, "l": _left_px(grid), "r": _BAR_PX, "t": _HEAD_PX, "b": _FOOT_PX},
        "dragmode": False,
        "hovermode": "closest",
        "uirevision": "barscope",
        "showlegend": False,
        "annotations": [note],
        "xaxis": {
            **look,
            "range": [-0.5, columns - 0.5],
            "title": {**title, "text": escape(grid.x_name)},
            **_ticks(grid.x_values, every),
        },
        "yaxis": {
            **look,
            "range": [-0.5, rows - 0.5],
            "title": {**title, "text": escape(grid.y_name)},
            **_ticks(grid.y_values, _stride(18 / max(up, 1))),
        },
    }


def _ticks(values: Sequence[object], every: int) -> dict[str, Any]:
    shown = range(0, len(values), every)
    return {"tickmode": "array", "tickvals": list(shown), "ticktext": [escape(value_text(values[i])) for i in shown]}


def _stride(cells: float) -> int:
    """How many cells from label to label where one takes so many."""
    return next(n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000) if n >= cells or n == 10_000)


def _cell_px(grid: SweepGrid, spec: ChartSpec) -> tuple[float, float]:
    rows, columns = grid.values.shape
    return (spec.width or NARROW_PX) / columns, (spec.height - _HEAD_PX - _FOOT_PX) / rows


def _left_px(grid: SweepGrid) -> int:
    return round(30 + max(len(value_text(value)) for value in grid.y_values) * _CHAR_PX)


def _extremes(values: FloatArray, metric: Metric) -> tuple[tuple[int, int], tuple[int, int]]:
    """The cells of the best and of the worst value."""
    least, most = (divmod(int(at(values)), values.shape[1]) for at in (np.nanargmin, np.nanargmax))
    return (least, most) if metric.is_cost else (most, least)


def _said(grid: SweepGrid, metric: Metric, cell: tuple[int, int]) -> str:
    row, column = cell
    at = f"{value_text(grid.x_values[column])} × {value_text(grid.y_values[row])}"
    return f"{metric.text(float(grid.values[cell]))} at {at}"


def _span(values: Sequence[object]) -> str:
    first, last = value_text(values[0]), value_text(values[-1])
    return f"{first} to {last}" if len(values) > 1 else first
