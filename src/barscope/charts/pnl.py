"""What trades earned: the sum so far, each trade, and how the results are spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barscope.charts.data import ChartSpec
from barscope.charts.lod import Buckets, turning_points
from barscope.charts.sheet import TICKS, Sheet, calm_figure, numbered, room, round_width
from barscope.charts.text import bold, coloured, escape, price, stacked
from barscope.charts.traces import faded

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from barscope.domain.bars import FloatArray, IntArray
    from barscope.domain.roundtrips import RoundTrip

MAX_BARS = 600
"""Bars beside each other; more trades than that are summed in runs."""
_FORMAT = ",~g"
_PANES = {"total": 0.4, "each": 0.26, "": 0.06, "spread": 0.28}


def pnl_figure(trips: Sequence[RoundTrip], spec: ChartSpec | None = None) -> go.Figure:
    """Profit and loss after commission: its sum by trade, each trade, and its distribution.

    Args:
        trips: Round trips in the order they are numbered, from 0; open ones count as marked.
        spec: Theme, height and width.
    """
    spec = spec or ChartSpec()
    pnl = np.array([trip.pnl_after_commission for trip in trips], np.float64)
    counted = np.isfinite(pnl)
    if not counted.any():
        return calm_figure(spec, "Profit and loss", "no trades" if not len(trips) else "no trade has a known result")
    pnl = np.where(counted, pnl, 0.0)
    sheet, total = Sheet(spec, _PANES), np.cumsum(pnl)
    run = -(-len(pnl) // MAX_BARS)
    start = np.arange(0, len(pnl), run)
    _draw_total(sheet, total, start)
    _draw_each(sheet, np.add.reduceat(pnl, start), start, run)
    spread = _draw_spread(sheet, pnl[counted])
    stop = np.append(start[1:], len(pnl)) - 1
    texts = [_label(trips, int(a), int(b), pnl, total) for a, b in zip(start, stop, strict=True)]
    sheet.hover("total", (start + stop) / 2, total[stop], texts)
    sheet.say("total", _total_legend(sheet, trips, total))
    sheet.say("each", _each_legend(sheet, pnl[counted], run))
    sheet.say("spread", _spread_legend(sheet, pnl[counted]))
    return _arranged(sheet, len(pnl), spread, f"{total[-1]:+,.2f}")


def _draw_total(sheet: Sheet, total: FloatArray, start: IntArray) -> None:
    """The sum, with the highest and the lowest point of each run of trades."""
    p = sheet.palette
    b = Buckets(start, np.append(start[1:], len(total)), "trades")
    x = np.unique(np.append(turning_points(total, b), len(total) - 1))
    look = {"line": {"shape": "hvh" if len(x) < 200 else "linear"}, "fill": "tozeroy"}
    sheet.line("total", x, total[x], p.lines[0], fillcolor=faded(p.lines[0], 0.1), **look)
    sheet.zero("total")
    sheet.tag("total", float(total[-1]), f"{total[-1]:+,.2f}", p.lines[0])
    sheet.scale("total", [total[x], np.zeros(1)], tickformat=_FORMAT)


def _draw_each(sheet: Sheet, sums: FloatArray, start: IntArray, run: int) -> None:
    p, x = sheet.palette, start + (run - 1) / 2
    for mine, colour in ((sums > 0, p.up_candle), (sums <= 0, p.down_candle)):
        look = {"color": colour, "line": {"width": 0}}
        sheet.draw("each", type="bar", x=x[mine], y=sums[mine], marker=look, width=run * 0.7)
    sheet.zero("each")
    sheet.scale("each", [sums, np.zeros(1)], above=0.45, tickformat=_FORMAT)


def _draw_spread(sheet: Sheet, pnl: FloatArray) -> list[float]:
    """How many trades earned how much; zero is the edge of a bin, so a bin won or lost. Gives the range."""
    ends = np.append(pnl, 0.0)
    width = round_width((float(np.ptp(ends)) or 1.0) / np.clip(4 * np.sqrt(len(pnl)), 12, 60))
    place = np.floor(pnl / width).astype(np.int64)
    bins, counts = np.unique(place, return_counts=True)
    for mine, colour in ((bins >= 0, sheet.palette.up_candle), (bins < 0, sheet.palette.down_candle)):
        look = {"color": colour, "line": {"width": 0}}
        x = (bins[mine] + 0.5) * width
        sheet.draw("spread", type="bar", x=x, y=counts[mine], xaxis="x2", marker=look, width=width * 0.9)
    texts = [
        stacked([bold(f"{a * width:+,.6g} to {(a + 1) * width:+,.6g}"), f"{n:,} of {len(pnl):,} trades"])
        for a, n in zip(bins.tolist(), counts.tolist(), strict=True)
    ]
    sheet.hover("spread", (bins + 0.5) * width, counts, texts, xaxis="x2")
    whole = {"dtick": 1} if counts.max() < 4 else {}
    sheet.scale("spread", [counts, np.zeros(1)], below=0.0, above=0.45, tickformat=",d", **whole)
    low, high = min(float(bins[0]), 0.0) - 0.5, max(float(bins[-1]) + 1, 0.0) + 0.5
    spare = max(0.0, 12 - (high - low)) / 2  # a lone bin does not fill the sheet
    return [(low - spare) * width, (high + spare) * width]


def _arranged(sheet: Sheet, n: int, amounts_range: list[float], last: str) -> go.Figure:
    each, spread = sheet.box("each").axis, sheet.box("spread").axis
    amounts = {"anchor": spread, "range": amounts_range, "showline": True, "tickformat": _FORMAT, "nticks": 12}
    sheet.axes[sheet.box("spread").layout_key]["anchor"] = "x2"
    return sheet.figure(
        room(last), {**numbered(0, n), "anchor": each}, xaxis2={**TICKS, **amounts}, barmode="overlay", bargap=0.1
    )


def _label(trips: Sequence[RoundTrip], first: int, last: int, pnl: FloatArray, total: FloatArray) -> str:
    if first == last:
        trip = trips[first]
        what = f"{trip.direction.name.lower()} {trip.quantity:,.6g} {escape(trip.symbol)}"
        how = f"{price(trip.entry_price)} → {price(trip.exit_price)}{', still open' if trip.is_open else ''}"
        lines = [f"{bold(f'Trade {first}')}  {what}", how, f"P&L {pnl[first]:+,.2f}"]
    else:
        lines = [bold(f"Trades {first:,} to {last:,}"), f"P&L {pnl[first : last + 1].sum():+,.2f}"]
    return stacked([*lines, f"Sum so far {total[last]:+,.2f}"])


def _total_legend(sheet: Sheet, trips: Sequence[RoundTrip], total: FloatArray) -> str:
    p, still_open = sheet.palette, sum(trip.is_open for trip in trips)
    parts = [coloured("P&L after commission", p.lines[0], bold=True)]
    parts += [coloured(f"{total[-1]:+,.2f}", p.down if total[-1] < 0 else p.up)]
    parts += [coloured(f"commission {sum(trip.commission for trip in trips):,.2f}", p.muted)]
    parts += [coloured(f"{still_open:,} still open, at the last close", p.muted)] if still_open else []
    return "  ".join(parts)


def _each_legend(sheet: Sheet, pnl: FloatArray, run: int) -> str:
    p, wins = sheet.palette, int((pnl > 0).sum())
    title = "Each trade" if run == 1 else f"Each {run:,} trades together"
    said = [coloured(f"{wins:,} won", p.up), coloured(f"{len(pnl) - wins:,} did not", p.down)]
    return "  ".join([coloured(title, p.text, bold=True), *said])


def _spread_legend(sheet: Sheet, pnl: FloatArray) -> str:
    p = sheet.palette
    facts = {"mean": pnl.mean(), "median": np.median(pnl), "best": pnl.max(), "worst": pnl.min()}
    said = [f"{len(pnl):,} trade{'s' if len(pnl) > 1 else ''}", *(f"{name} {x:+,.2f}" for name, x in facts.items())]
    return "  ".join([coloured("Distribution", p.text, bold=True), *(coloured(text, p.muted) for text in said)])
