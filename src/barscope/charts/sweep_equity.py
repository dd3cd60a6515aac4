"""The best, the median and the worst account of a sweep over time, in percent since each began."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from barscope.charts.data import ChartSpec
from barscope.charts.description import Description
from barscope.charts.equity import last_number, percent, percent_returns, values_at
from barscope.charts.sheet import Sheet, calm_figure, room
from barscope.charts.text import bold, coloured, escape, plain, stacked
from barscope.charts.time_axis import TimeAxis

if TYPE_CHECKING:
    from collections.abc import Mapping

    import plotly.graph_objects as go

    from barscope.domain.bars import FloatArray, IntArray
    from barscope.domain.equity import EquityCurve
    from barscope.domain.periods import BarPeriod

Rank = Literal["best", "median", "worst"]
_PANE = "return"
_TAG_SHARE = 0.06
"""How far apart two values have to be for both to be written beside the axis, as a share of what all span."""
MOST_POINTS = 2000
"""Points of a curve, however many bars there are."""


def sweep_equity_figure(
    curves: Mapping[Rank, tuple[str, EquityCurve]],
    spec: ChartSpec | None = None,
    *,
    period: BarPeriod,
    zone: str = "UTC",
) -> go.Figure:
    """Each curve by the highs and lows of its own, at most `MOST_POINTS` of them.

    Args:
        curves: Which of the sweep → what it is called, and its account; all over the same bars.
        spec: The view; positions are those of the curves' times.
        period: Length of a bar.
        zone: IANA time zone of the labels.
    """
    spec = spec or ChartSpec()
    drawn = {rank: (name, curve) for rank, (name, curve) in curves.items() if np.isfinite(curve.equity).any()}
    if not drawn:
        return calm_figure(spec, "Equity", "no combination has an account to draw")
    ts = np.unique(np.concatenate([curve.ts for _name, curve in drawn.values()]))
    time = TimeAxis(ts, zone, period, replace(spec, max_candles=min(spec.max_candles, MOST_POINTS // 2 - 1)))
    sheet = Sheet(spec, {_PANE: 1.0})
    returns = {rank: _returns(curve, ts) for rank, (_name, curve) in drawn.items()}
    p = sheet.palette
    colours = {"best": p.up, "median": p.lines[0], "worst": p.down}
    points = {rank: time.turning_points([values]) for rank, values in returns.items()}
    for rank, values in returns.items():
        name = f"{rank.capitalize()}: {drawn[rank][0]}"
        look = {"width": 2.0 if rank == "median" else 1.5}
        sheet.line(_PANE, points[rank], values[points[rank]], colours[rank], name=escape(name), line=look)
    _tag(sheet, {colours[rank]: last_number(values) for rank, values in returns.items()})
    sheet.zero(_PANE)
    sheet.say(
        _PANE,
        *(
            f"{coloured(rank.capitalize(), colours[rank], bold=True)}  {coloured(name, p.muted)}  "
            f"{coloured(percent(last_number(returns[rank])), p.text)}"
            for rank, (name, _curve) in drawn.items()
        ),
    )
    shown = points[next(iter(points))]
    sheet.hover(_PANE, shown, np.zeros(len(shown)), [_label(time.moment(int(i)), returns, int(i)) for i in shown])
    sheet.scale(_PANE, [values[points[rank]] for rank, values in returns.items()], above=0.24, ticksuffix="%")
    return sheet.figure(room("+00,000.00%"), time.axis(_all(points)))


def describe_sweep_equity(curves: Mapping[Rank, tuple[str, EquityCurve]]) -> Description:
    """Best, median and worst in words."""
    facts = tuple(
        (rank.capitalize(), f"{plain(name)}: {percent(last_number(_returns(curve, curve.ts)))}")
        for rank, (name, curve) in curves.items()
    )
    return Description("Equity of the best, the median and the worst combination", facts or (("Curves", "none"),))


def _returns(curve: EquityCurve, ts: IntArray) -> FloatArray:
    """Percent since the first value at some times."""
    return percent_returns(values_at(curve, ts)) if len(curve) else np.full(len(ts), np.nan)


def _tag(sheet: Sheet, ends: Mapping[str, float]) -> None:
    """Where each curve of a colour ends, as far as the texts do not hide each other."""
    room = (max(ends.values()) - min(ends.values()) or 1.0) * _TAG_SHARE
    tagged: list[float] = []
    for colour, last in ends.items():
        if all(abs(last - other) > room for other in tagged):
            sheet.tag(_PANE, last, percent(last), colour)
            tagged.append(last)


def _all(points: Mapping[Rank, IntArray]) -> IntArray:
    return np.unique(np.concatenate(list(points.values())))


def _label(moment: str, returns: Mapping[Rank, FloatArray], i: int) -> str:
    lines = [f"{rank.capitalize()} {percent(float(values[i]))}" for rank, values in returns.items()]
    return stacked([bold(moment), *lines])
