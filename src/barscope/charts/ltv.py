"""Loan-to-value day by day: the collateral bare and under each template, the lender's line, the days it is crossed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from barscope.charts.data import ChartSpec
from barscope.charts.sheet import Sheet, calm_figure, room
from barscope.charts.text import bold, coloured, escape, stacked
from barscope.charts.time_axis import TimeAxis
from barscope.domain.periods import BarPeriod

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from barscope.domain.bars import FloatArray, IntArray

_PANE = "ltv"
_MOST_LEGEND_LINES = 7
_HIGHEST = 2.0
"""Ratios beyond this many times the lender's would flatten all others."""


@dataclass(frozen=True, eq=False)
class LtvCurve:
    """The loan-to-value ratio of one collateral.

    Attributes:
        name: What the legend calls it.
        at_close: Shape (days,); NaN where the collateral is worth nothing.
        at_low: The same at the day's low.
        called: Whether the lender calls, shape (days,), bool.
    """

    name: str
    at_close: FloatArray
    at_low: FloatArray
    called: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def ltv_figure(
    ts: IntArray, curves: Sequence[LtvCurve], margin_call_ltv: float, spec: ChartSpec | None = None
) -> go.Figure:
    """Ratios at the close as lines, and a dot at the low of each day the lender calls.

    Args:
        ts: Days, ns UTC, shape (days,).
        curves: The bare collateral first, which is drawn in grey.
        margin_call_ltv: The ratio at which the lender calls.
        spec: The view; positions are those of the days.
    """
    spec = spec or ChartSpec()
    if not len(ts) or not any(np.isfinite(curve.at_close).any() for curve in curves):
        return calm_figure(spec, "Loan-to-value", "no ratios to draw")
    time, sheet = TimeAxis(ts, "UTC", BarPeriod.DAY, spec), Sheet(spec, {_PANE: 1.0})
    p = sheet.palette
    colours = [p.muted, *(p.lines[n % len(p.lines)] for n in range(len(curves) - 1))]
    shown = time.turning_points([curve.at_close for curve in curves])
    calls = [_worst_calls(curve, time) for curve in curves]
    for curve, colour, days in zip(curves, colours, calls, strict=True):
        sheet.line(_PANE, shown, curve.at_close[shown], colour, name=escape(curve.name), line={"width": 1.5})
        dots = {"size": 5, "color": colour, "line": {"color": p.down, "width": 1}}
        sheet.draw(
            _PANE, type="scatter", mode="markers", x=days, y=_within(curve.at_low[days], margin_call_ltv), marker=dots
        )
    _draw_line(sheet, margin_call_ltv)
    sheet.say(_PANE, *_legend(sheet, curves, colours, time))
    line = np.full(len(shown), margin_call_ltv)
    sheet.hover(_PANE, shown, line, [_label(time.moment(i), curves, i) for i in shown])
    seen = [_within(values, margin_call_ltv) for values in _seen(curves, shown, calls)]
    sheet.scale(_PANE, [*seen, line], above=0.12 + 0.05 * min(len(curves), _MOST_LEGEND_LINES), tickformat=".2f")
    return sheet.figure(room("0.00"), time.axis(shown))


def _worst_calls(curve: LtvCurve, time: TimeAxis) -> IntArray:
    """The called days; where many share a place on the screen, the one with the greatest ratio there."""
    height = np.where(curve.called, np.nan_to_num(curve.at_low, nan=np.inf), -np.inf)
    b = time.buckets
    worst = [start + int(np.argmax(height[start:stop])) for start, stop in zip(b.start, b.stop, strict=True)]
    days = np.array(worst, dtype=np.int64)
    return days[curve.called[days]]


def _within(values: FloatArray, margin_call_ltv: float) -> FloatArray:
    """Ratios with the greatest of them cut, so that the rest can be told apart."""
    return np.minimum(values, _HIGHEST * max(margin_call_ltv, 0.5))


def _seen(curves: Sequence[LtvCurve], shown: IntArray, calls: Sequence[IntArray]) -> list[FloatArray]:
    lines = [curve.at_close[shown] for curve in curves]
    return [*lines, *(curve.at_low[days] for curve, days in zip(curves, calls, strict=True))]


def _draw_line(sheet: Sheet, margin_call_ltv: float) -> None:
    axis = sheet.box(_PANE).axis
    where = {"xref": "paper", "x0": 0, "x1": 1, "yref": axis, "y0": margin_call_ltv, "y1": margin_call_ltv}
    sheet.shapes.append(
        {"type": "line", **where, "line": {"color": sheet.palette.down, "width": 1.2, "dash": "6px,4px"}}
    )
    sheet.tag(_PANE, margin_call_ltv, f"{margin_call_ltv:.2f}", sheet.palette.down)


def _legend(sheet: Sheet, curves: Sequence[LtvCurve], colours: Sequence[str], time: TimeAxis) -> list[str]:
    p = sheet.palette
    lines = []
    for curve, colour in list(zip(curves, colours, strict=True))[:_MOST_LEGEND_LINES]:
        most, called = np.nanmax(curve.at_close), np.flatnonzero(curve.called)
        said = f"called on {len(called):,} day{'' if len(called) == 1 else 's'}" if len(called) else "never called"
        first = f", first {time.moment(int(called[0]))}" if len(called) else ""
        parts = [coloured(curve.name, colour, bold=True), coloured(f"max {most:.3f}", p.text)]
        lines.append("  ".join([*parts, coloured(said + first, p.down if len(called) else p.muted)]))
    more = len(curves) - _MOST_LEGEND_LINES
    return [*lines, coloured(f"and {more} more", p.muted)] if more > 0 else lines


def _label(moment: str, curves: Sequence[LtvCurve], i: int) -> str:
    lines = [
        f"{escape(curve.name)} {_ratio(curve.at_close[i])}, at the low {_ratio(curve.at_low[i])}"
        + (", called" if curve.called[i] else "")
        for curve in curves
    ]
    return stacked([bold(moment), *lines])


def _ratio(value: float) -> str:
    return f"{value:.3f}" if value == value else "–"
