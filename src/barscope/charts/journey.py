"""The journey of trades: each from its worst to its best, where it ended, and one of them among its bars."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from barscope.charts.data import ChartData, ChartSpec, Highlight
from barscope.charts.markers import trade_markers
from barscope.charts.sheet import Sheet, calm_figure, numbered, room
from barscope.charts.text import bold, coloured, escape, plain, price, stacked
from barscope.charts.traces import faded
from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from barscope.domain.bars import IntArray
    from barscope.domain.roundtrips import RoundTrip

Order = Literal["entry", "pnl"]
PAGE = 500
"""Most trades that can be told apart beside each other."""


def journey_figure(
    trips: Sequence[RoundTrip], spec: ChartSpec | None = None, *, order: Order = "entry", page: int = 1
) -> go.Figure:
    """Each trade as a span from its worst to its best profit and loss before commission, its exit marked.

    Args:
        trips: Round trips in the order they are numbered, from 0; open ones end at the last close.
        spec: Theme, height and width.
        order: By entry, or from the greatest loss to the greatest profit.
        page: Which 500 of them, from 1.

    Raises:
        InvalidParameterError: If there is no such order or page.
    """
    spec = spec or ChartSpec()
    if order not in get_args(Order):
        raise InvalidParameterError(f"unknown order {cut(repr(order))}: use one of {', '.join(get_args(Order))}")
    known = [n for n, t in enumerate(trips) if np.isfinite([t.mae, t.mfe, t.pnl_before_commission]).all()]
    pages = max(1, -(-len(known) // PAGE))
    if not 1 <= page <= pages:
        raise InvalidParameterError(f"no page {cut(repr(page))}: there are {pages} of {PAGE} trades")
    if not known:
        return calm_figure(spec, "Trade journey", "no trades" if not len(trips) else "no trade has a known result")
    known.sort(key=lambda n: trips[n].entry_ts if order == "entry" else trips[n].pnl_before_commission)
    first = (page - 1) * PAGE
    drawn = [(n, trips[n]) for n in known[first : first + PAGE]]
    sheet = Sheet(spec, {"journey": 1.0})
    x = np.arange(first, first + len(drawn))
    _draw_spans(sheet, x, [trip for _, trip in drawn])
    sheet.say("journey", *_legend(sheet, [trip for _, trip in drawn], len(known), order, (page, pages)))
    worst, best = (np.array([getattr(trip, name) for _, trip in drawn]) for name in ("mae", "mfe"))
    sheet.hover("journey", x, best, [_label(n, trip) for n, trip in drawn])
    sheet.scale("journey", [worst, best, np.zeros(1)], above=0.16, tickformat=",~g")
    return sheet.figure(
        room(f"{best.max():,.0f}", f"{worst.min():,.0f}"), numbered(first, len(drawn)), barmode="overlay", bargap=0.0
    )


def trade_data(data: ChartData, trip: RoundTrip, context: int = 30) -> ChartData:
    """The bars of one trade with some before and after it, its entry and its exit marked.

    Args:
        data: The chart of its symbol.
        trip: The trade.
        context: Bars on each side.
    """
    first, last = _extent(data, trip, context)
    start, stop = max(first, 0), min(last + 1, len(data.bars))
    series = tuple(replace(s, values=s.values[start:stop]) for s in data.series)
    return replace(
        data,
        bars=data.bars.rows(start, stop),
        series=series,
        markers=trade_markers([trip]),
        title=f"{plain(data.symbol)}  {_what(trip)}",
    )


def trade_spec(data: ChartData, trip: RoundTrip, context: int = 30, spec: ChartSpec | None = None) -> ChartSpec:
    """The view of a whole chart that shows one trade with some bars before and after it."""
    first, last = _extent(data, trip, context)
    return replace(spec or ChartSpec(), visible=(first - 0.5, last + 0.5))


def marked_trade(data: ChartData, trip: RoundTrip, place: int) -> ChartData:
    """The chart with the stretch of one trade shaded; `place` is its number."""
    shade = Highlight(trip.entry_ts, trip.exit_ts, f"Trade {place} {trip.pnl_after_commission:+,.2f}")
    return replace(data, highlights=(*data.highlights, shade))


def _extent(data: ChartData, trip: RoundTrip, context: int) -> tuple[int, int]:
    """The first and the last bar to show, which may lie outside the bars.

    Raises:
        InvalidParameterError: If the context is negative, or the trade is not of these bars.
    """
    if context < 0:
        raise InvalidParameterError(f"context {context} is negative: give a number of bars")
    ts = data.bars.ts
    if trip.symbol != data.symbol or not len(ts) or not ts[0] <= trip.entry_ts <= trip.exit_ts <= ts[-1]:
        raise InvalidParameterError(
            f"the trade of {cut(trip.symbol)} is not among the bars of {cut(data.symbol)}: give the chart of its run"
        )
    entry, leave = (int(np.searchsorted(ts, moment, "right")) - 1 for moment in (trip.entry_ts, trip.exit_ts))
    return entry - context, leave + context


def _draw_spans(sheet: Sheet, x: IntArray, trips: Sequence[RoundTrip]) -> None:
    """Below zero how far a trade was against its owner, above zero how far for, and a mark where it ended."""
    p = sheet.palette
    for name, colour in (("mae", p.down_candle), ("mfe", p.up_candle)):
        fill = {"color": faded(colour, 0.5), "line": {"width": 0}}
        ends = np.array([getattr(trip, name) for trip in trips])
        sheet.draw("journey", type="bar", x=x, y=ends, width=0.62, marker=fill)
    sheet.zero("journey")
    size = float(np.clip(900 / len(trips), 4, 10))
    exits = np.array([trip.pnl_before_commission for trip in trips])
    is_open = np.array([trip.is_open for trip in trips])
    for mine, colour, symbol in (
        ((exits > 0) & ~is_open, p.up, "circle"),
        ((exits <= 0) & ~is_open, p.down, "diamond"),
        (is_open, p.text, "circle-open"),
    ):
        look: dict[str, Any] = {
            "symbol": symbol,
            "size": size,
            "color": colour,
            "line": {"color": p.paper, "width": int(size > 6)},
        }
        if symbol.endswith("open"):
            look["line"] = {"color": colour, "width": 2}
        sheet.draw("journey", type="scatter", mode="markers", x=x[mine], y=exits[mine], marker=look)


def _legend(sheet: Sheet, trips: Sequence[RoundTrip], total: int, order: Order, page: tuple[int, int]) -> list[str]:
    p, by = sheet.palette, "by entry" if order == "entry" else "by profit and loss"
    count = f"{total:,} trades {by}" if total > 1 else "1 trade"
    if page[1] > 1:
        count = f"{len(trips):,} of {total:,} trades {by}, page {page[0]:,} of {page[1]:,}"
    key = [
        coloured("▎to the worst", p.down),
        coloured("▎to the best", p.up),
        coloured("● exit with a profit", p.up),
        coloured("◆ exit without", p.down),
    ]
    key += [coloured("○ still open", p.text)] if any(trip.is_open for trip in trips) else []
    return ["  ".join([coloured("Trade journey", p.text, bold=True), coloured(count, p.muted)]), "  ".join(key)]


def _label(n: int, trip: RoundTrip) -> str:
    lines = [f"{bold(f'Trade {n:,}')}  {escape(trip.symbol)} {_what(trip)}"]
    lines += [f"{price(trip.entry_price)} → {price(trip.exit_price)}, {trip.duration_bars:,} bars"]
    lines += [f"Worst {trip.mae:+,.2f}   best {trip.mfe:+,.2f}"]
    ended = "At the last close" if trip.is_open else "Exit"
    return stacked([*lines, f"{ended} {trip.pnl_before_commission:+,.2f}"])


def _what(trip: RoundTrip) -> str:
    """Direction, size and result of a trade."""
    state = "open " if trip.is_open else ""
    return f"{trip.direction.name.lower()} {trip.quantity:,.6g}  {state}{trip.pnl_after_commission:+,.2f}"
