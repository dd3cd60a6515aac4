"""The round trips of a backtest as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barscope.charts.clock import local_ns
from barscope.charts.text import price
from barscope.domain.periods import BarPeriod
from barscope.widgets.data_table import Column, DataTable, TableRow
from barscope.widgets.formats import day, moment, money, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.domain.roundtrips import RoundTrip
    from barscope.widgets.guard import Guard

_SYMBOL = Column("symbol", "Symbol", str, "left", 70, 0.5)


def _columns(*, daily: bool, several: bool) -> tuple[Column, ...]:
    """The columns; times are dates for daily bars, and the symbol is told where there are several."""
    show, width = (day, 88) if daily else (moment, 130)
    return (
        Column("n", "#", str, "right", 44, 0.1),
        *((_SYMBOL,) if several else ()),
        Column("side", "Side", str, "left", 46, 0.3),
        Column("quantity", "Quantity", number, "right", 64, 0.4, spare=4),
        Column("entry_ts", "Entry", show, "left", width, 0.4),
        Column("entry_price", "At", price, "right", 66, 0.4, spare=2),
        Column("exit_ts", "Exit", show, "left", width, 0.4, spare=1),
        Column("exit_price", "At", price, "right", 66, 0.4, spare=2),
        Column("pnl", "P&L", money, "right", 80, 0.6, toned=True),
        Column("duration_bars", "Bars", number, "right", 52, 0.2, spare=3),
        Column("mae", "MAE", money, "right", 70, 0.4, spare=5),
        Column("mfe", "MFE", money, "right", 72, 0.4, spare=5),
        Column("r", "R", lambda value: f"{value:+.2f}", "right", 50, 0.2, spare=6),
    )


class TradesTable(DataTable):
    """One row per round trip; its key is the number of the trip, from 0.

    An open round trip has no exit, and is marked at the last close. MAE and MFE are the worst and the best it stood
    at, R is its result in units of its risk at entry.
    """

    def __init__(self, guard: Guard) -> None:
        nothing = "No trades: the strategy never entered the market."
        super().__init__(_columns(daily=True, several=False), guard, label="Trades", nothing=nothing)

    def show_trips(self, trips: Sequence[RoundTrip], period: BarPeriod, zone: str) -> None:
        """Other round trips, on bars of a period; times are those of a clock in the zone, as in the chart."""
        self.current = ""
        times = np.unique(np.array([(trip.entry_ts, trip.exit_ts) for trip in trips], np.int64))
        local = dict(zip(times.tolist(), local_ns(times, zone, period).tolist(), strict=True))
        rows = [_row(n, trip, local[trip.entry_ts], local[trip.exit_ts]) for n, trip in enumerate(trips)]
        with self.hold_sync():
            several = len({trip.symbol for trip in trips}) > 1
            self.show_columns(_columns(daily=period is BarPeriod.DAY, several=several))
            self.show(rows)


def _row(place: int, trip: RoundTrip, entered: int, left: int) -> TableRow:
    pnl = trip.pnl_after_commission
    values = {
        "n": place,
        "symbol": trip.symbol,
        "side": trip.direction.name.lower(),
        "quantity": trip.quantity,
        "entry_ts": entered,
        "entry_price": trip.entry_price,
        "exit_ts": None if trip.is_open else left,
        "exit_price": trip.exit_price,
        "duration_bars": trip.duration_bars,
        "mae": trip.mae,
        "mfe": trip.mfe,
        "r": trip.r,
        "pnl": pnl,
    }
    return TableRow(str(place), values, "good" if pnl > 0 else "bad" if pnl < 0 else "")
