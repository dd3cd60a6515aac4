"""The account over time: equity above, drawdown below, at any number of bars; and several accounts compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barscope.charts.data import ChartSpec
from barscope.charts.sheet import Sheet, calm_figure, room
from barscope.charts.text import bold, coloured, escape, stacked
from barscope.charts.time_axis import TimeAxis
from barscope.charts.traces import faded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import plotly.graph_objects as go

    from barscope.domain.bars import FloatArray, IntArray
    from barscope.domain.equity import EquityCurve
    from barscope.domain.periods import BarPeriod

_PANES = {"equity": 0.68, "drawdown": 0.32}


def equity_figure(
    curve: EquityCurve,
    spec: ChartSpec | None = None,
    *,
    period: BarPeriod,
    zone: str = "UTC",
    benchmark: EquityCurve | None = None,
) -> go.Figure:
    """Equity above and drawdown below. Highs and lows of every stretch are drawn, so the largest drawdown is too.

    Args:
        curve: The account at each bar.
        spec: The view; positions are those of the curve's times.
        period: Length of a bar.
        zone: IANA time zone of the labels.
        benchmark: Another curve beside it, such as buy and hold; dashed.
    """
    spec = spec or ChartSpec()
    if not np.isfinite(curve.equity).any():
        return calm_figure(spec, "Equity", "no bars, so there is no account to draw")
    time, sheet = TimeAxis(curve.ts, zone, period, spec), Sheet(spec, _PANES)
    colour, equity, drawdown = sheet.palette.lines[0], curve.equity, curve.drawdown * 100
    others = [values_at(benchmark, curve.ts)] if benchmark is not None and len(benchmark) else []
    shown = time.turning_points([equity, drawdown, *others])
    decimals = 0 if np.nanmax(np.abs(equity)) >= 10_000 else 2
    for other in others:
        sheet.line("equity", shown, other[shown], sheet.palette.muted, line={"dash": "5px,4px", "width": 1.4})
    sheet.line("equity", shown, equity[shown], colour)
    _draw_underwater(sheet, shown, drawdown[shown])
    last = f"{last_number(equity):,.{decimals}f}"
    sheet.tag("equity", last_number(equity), last, colour)
    sheet.say("equity", *_equity_legend(sheet, equity, others, decimals))
    sheet.say("drawdown", _drawdown_legend(sheet, drawdown, time))
    sheet.hover(
        "equity", shown, equity[shown], [_label(time.moment(i), equity[i], drawdown[i], others, i) for i in shown]
    )
    sheet.scale("equity", [y[shown] for y in (equity, *others)], tickformat=f",.{decimals}f")
    sheet.scale("drawdown", [drawdown[shown], np.zeros(1)], above=0.35, ticksuffix="%")
    return sheet.figure(room(last), time.axis(shown))


def comparison_figure(
    curves: Mapping[str, EquityCurve],
    spec: ChartSpec | None = None,
    *,
    period: BarPeriod,
    zone: str = "UTC",
) -> go.Figure:
    """Several accounts by their return since each began, percent, above; their drawdowns below.

    Args:
        curves: Name → account; drawn at the times of all of them together.
        spec: The view; positions are those of these times.
        period: Length of the shortest bar.
        zone: IANA time zone of the labels.
    """
    spec = spec or ChartSpec()
    drawn = {name: curve for name, curve in curves.items() if len(curve)}
    if not drawn:
        return calm_figure(spec, "Returns", "no bars, so there are no accounts to compare")
    ts = np.unique(np.concatenate([curve.ts for curve in drawn.values()]))
    time, sheet = TimeAxis(ts, zone, period, spec), Sheet(spec, _PANES)
    returns = {name: percent_returns(values_at(curve, ts)) for name, curve in drawn.items()}
    falls = {name: values_at(curve, ts, curve.drawdown) * 100 for name, curve in drawn.items()}
    shown = time.turning_points([*returns.values(), *falls.values()])
    lines = sheet.palette.lines
    colours = {name: lines[i % len(lines)] for i, name in enumerate(drawn)}
    for name, colour in colours.items():
        dash = {"dash": "solid" if list(drawn).index(name) < len(lines) else "5px,4px"}
        sheet.line("equity", shown, returns[name][shown], colour, name=escape(name), line=dash)
        sheet.line("drawdown", shown, falls[name][shown], colour, name=escape(name), line={**dash, "width": 1.2})
    sheet.zero("equity")
    sheet.say("equity", *_rows([f"{coloured(n, c)} {percent(last_number(returns[n]))}" for n, c in colours.items()], 4))
    worst = [f"{coloured(n, c)} {percent(_least(falls[n]))}" for n, c in colours.items()]
    sheet.say("drawdown", *_rows([coloured("Max drawdown", sheet.palette.muted), *worst], 5))
    texts = [stacked([bold(time.moment(i)), *_at_moment(returns, falls, i)]) for i in shown]
    sheet.hover("equity", shown, np.zeros(len(shown)), texts)
    sheet.scale(
        "equity", [y[shown] for y in returns.values()], above=0.1 + 0.08 * (1 + len(drawn) // 4), ticksuffix="%"
    )
    sheet.scale("drawdown", [*(y[shown] for y in falls.values()), np.zeros(1)], above=0.35, ticksuffix="%")
    return sheet.figure(room("−100.00%"), time.axis(shown))


def values_at(curve: EquityCurve, ts: IntArray, values: FloatArray | None = None) -> FloatArray:
    """The latest value of a curve at other times; NaN before it begins and after it ends."""
    latest = np.searchsorted(curve.ts, ts, "right") - 1
    column = curve.equity if values is None else values
    inside = (latest >= 0) & (ts <= curve.ts[-1])
    return np.where(inside, column[np.maximum(latest, 0)], np.nan)


def percent_returns(equity: FloatArray) -> FloatArray:
    """Percent since the first value; NaN where that is not above zero."""
    numbers = equity[np.isfinite(equity)]
    first = numbers[0] if len(numbers) and numbers[0] > 0 else np.nan
    return (equity / first - 1) * 100


def _draw_underwater(sheet: Sheet, x: IntArray, drawdown: FloatArray) -> None:
    p = sheet.palette
    sheet.line("drawdown", x, drawdown, p.down, line={"width": 1.2}, fill="tozeroy", fillcolor=faded(p.down, 0.18))
    if _least(drawdown) < 0:
        i = int(np.nanargmin(drawdown))
        dot = {"size": 7, "color": p.down, "line": {"color": p.paper, "width": 1.5}}
        sheet.draw("drawdown", type="scatter", mode="markers", x=x[i : i + 1], y=drawdown[i : i + 1], marker=dot)


def _equity_legend(sheet: Sheet, equity: FloatArray, others: Sequence[FloatArray], decimals: int) -> list[str]:
    p = sheet.palette
    gain = last_number(percent_returns(equity))
    parts = [
        coloured("Equity", p.lines[0], bold=True),
        coloured(f"{last_number(equity):,.{decimals}f}", p.text),
        coloured(percent(gain), p.down if gain < 0 else p.up),
    ]
    for other in others:
        parts += [coloured("Buy and hold", p.muted), coloured(percent(last_number(percent_returns(other))), p.muted)]
    return ["  ".join(parts)]


def _drawdown_legend(sheet: Sheet, drawdown: FloatArray, time: TimeAxis) -> str:
    p, worst = sheet.palette, _least(drawdown)
    if not worst < 0:
        return coloured("Drawdown", p.muted) + "  " + coloured("none", p.text)
    when = time.moment(int(np.nanargmin(drawdown)))
    said = [coloured("Drawdown", p.down, bold=True), coloured(percent(float(drawdown[-1])), p.text)]
    return "  ".join([*said, coloured(f"deepest {percent(worst)} on {when}", p.muted)])


def _label(moment: str, equity: float, drawdown: float, others: Sequence[FloatArray], i: int) -> str:
    lines = [bold(moment), f"Equity {equity:,.2f}", f"Drawdown {percent(drawdown)}"]
    return stacked([*lines, *(f"Buy and hold {other[i]:,.2f}" for other in others)])


def _at_moment(returns: Mapping[str, FloatArray], falls: Mapping[str, FloatArray], i: int) -> list[str]:
    return [f"{escape(n)} {percent(returns[n][i])}, drawdown {percent(falls[n][i])}" for n in returns]


def _rows(parts: Sequence[str], most: int) -> list[str]:
    """Parts on lines of a few each."""
    return ["  ".join(parts[i : i + most]) for i in range(0, len(parts), most)]


def percent(value: float) -> str:
    """Percent with its sign; `–` where there is none."""
    return f"{value:+,.2f}%" if value == value else "–"


def last_number(values: FloatArray) -> float:
    """The last value that is a number; NaN where none is."""
    numbers = values[np.isfinite(values)]
    return float(numbers[-1]) if len(numbers) else float("nan")


def _least(values: FloatArray) -> float:
    numbers = values[np.isfinite(values)]
    return float(numbers.min()) if len(numbers) else float("nan")
