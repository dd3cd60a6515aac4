"""What came out of a backtest: its fills and bars, and everything that follows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from barscope.domain.account import Account
from barscope.domain.equity import EquityCurve, equity_curve
from barscope.domain.events import FillEvent, OrderSubmissionRequest
from barscope.domain.performance import Summary, summarize
from barscope.domain.positions import QUANTITY_NOISE, Position
from barscope.domain.roundtrips import RoundTrip, round_trips
from barscope.engine.broker import Assumption
from barscope.engine.clock import nth_id
from barscope.engine.strategy import order_kind

if TYPE_CHECKING:
    from barscope.domain.bars import Bars, FloatArray


@dataclass(frozen=True, eq=False)
class BacktestResult:
    """The results of a run. Everything is computed from the fills and the bars when it is first asked for.

    Attributes:
        run_id: The run.
        strategies: The names of its strategies.
        starting_cash: What the account began with.
        bars: Symbol → the bars its orders were matched on.
        series: Symbol → series name → the indicators of those bars.
        orders: The orders submitted.
        fills: The fills.
        assumptions: Where the bars did not tell what came first; a record has the first 100.
        assumption_count: How many there were.
    """

    run_id: str
    strategies: tuple[str, ...]
    starting_cash: float
    bars: Mapping[str, Bars]
    series: Mapping[str, Mapping[str, FloatArray]]
    orders: Sequence[OrderSubmissionRequest]
    fills: Sequence[FillEvent]
    assumptions: Sequence[Assumption] = ()
    assumption_count: int = 0

    def __repr__(self) -> str:
        return f"BacktestResult({self.run_id}: {len(self.orders)} orders, {len(self.fills)} fills)"

    @cached_property
    def equity(self) -> EquityCurve:
        """The account at each bar."""
        return equity_curve(self.fills, self.bars, self.starting_cash)

    @cached_property
    def round_trips(self) -> tuple[RoundTrip, ...]:
        """The round trips of each strategy and symbol, by their entry; open ones are marked at the last close."""
        owners = owner_of_orders(self.strategies, len(self.orders))
        by_owner: dict[tuple[str, str], list[FillEvent]] = {}
        for fill in self.fills:
            by_owner.setdefault((owners.get(fill.associated_order_id, ""), fill.symbol), []).append(fill)
        orders = {order.system_order_id: order for order in self.orders}
        stops = _stop_losses(self.orders, owners)
        trips = [
            _with_r(trip, orders, stops.get(key, []))
            for key, fills in by_owner.items()
            for trip in round_trips(fills, key[1], self.bars[key[1]], strategy=key[0])
        ]
        return tuple(sorted(trips, key=lambda trip: trip.entry_ts))

    @property
    def open_trips(self) -> tuple[RoundTrip, ...]:
        """The round trips that were still open at the last bar."""
        return tuple(trip for trip in self.round_trips if trip.is_open)

    @cached_property
    def positions(self) -> Mapping[str, Position]:
        """What the account holds after the last bar: symbol → position."""
        account = Account(self.starting_cash)
        for fill in self.fills:
            account.book(fill)
        return {symbol: held for symbol, held in account.positions.items() if abs(held.quantity) > QUANTITY_NOISE}

    def summary(self) -> Summary:
        """All metrics; prints itself."""
        return summarize(self.run_id, self.equity, self.round_trips, self.starting_cash, self.assumption_count)


def owner_of_orders(strategies: Sequence[str], orders: int) -> dict[UUID, str]:
    """Which strategy an order is of: order id → name.

    The id of an order follows from the name of its strategy and its place among that strategy's orders, so a
    record tells it without a column for it.

    Args:
        strategies: The names of the strategies of a run.
        orders: Orders of all of them together.
    """
    return {nth_id(order_kind(name), n): name for name in strategies for n in range(1, orders + 1)}


def _stop_losses(
    orders: Sequence[OrderSubmissionRequest], owners: Mapping[UUID, str]
) -> dict[tuple[str, str], list[OrderSubmissionRequest]]:
    """The stop-loss orders of each strategy and symbol, oldest first."""
    found: dict[tuple[str, str], list[OrderSubmissionRequest]] = {}
    for order in orders:
        if order.action is not None and order.action.is_stop_loss and order.stop_price is not None:
            found.setdefault((owners.get(order.system_order_id, ""), order.symbol), []).append(order)
    return found


def _with_r(
    trip: RoundTrip, orders: Mapping[UUID, OrderSubmissionRequest], stops: Sequence[OrderSubmissionRequest]
) -> RoundTrip:
    """The round trip in units of its risk: up to the first stop loss submitted with its entry or while it was on."""
    entry = None if trip.entry_order_id is None else orders.get(trip.entry_order_id)
    if entry is None:
        return trip
    for stop in stops:
        if entry.ts_event_ns <= stop.ts_event_ns <= trip.exit_ts and stop.stop_price is not None:
            risk = trip.direction.value * (trip.entry_price - stop.stop_price) * trip.quantity
            return replace(trip, r=trip.pnl_after_commission / risk if risk > 0 else math.nan)
    return trip
