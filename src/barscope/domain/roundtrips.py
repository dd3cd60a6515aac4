"""Round trips: from flat to flat, from a ledger of fills.

A fill that crosses zero ends one round trip and begins the next; its commission is shared between the two by
quantity. What is still open at the last bar is reported as open, marked at the last close.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np

from barscope.domain.positions import QUANTITY_NOISE

if TYPE_CHECKING:
    from barscope.domain.bars import Bars, FloatArray
    from barscope.domain.events import FillEvent


class Direction(Enum):
    """Which way a round trip earns; the value is its sign."""

    LONG = 1
    SHORT = -1


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A position from its first fill to the one that closed it.

    Profit and loss is in currency. The running profit and loss is that of the closes of its bars, before
    commission, beginning with 0 at entry and ending with the profit at exit.

    Attributes:
        symbol: What was traded.
        direction: Long or short.
        entry_ts: The bar of the first fill, ns UTC.
        exit_ts: The bar of the last fill; of the last bar while open.
        is_open: Whether it was still open at the last bar; it is then marked at the last close.
        entry_price: Average price of what was opened.
        exit_price: Average price of what was closed; the last close counts for what is open.
        quantity: Units opened in total.
        max_position: Most units held at once.
        duration_bars: Bars from the entry bar to the exit bar; 0 when both are the same.
        high_watermark: Highest running profit and loss, at least 0.
        low_watermark: Lowest running profit and loss, at most 0.
        max_drawdown: Largest fall of the running profit and loss from its highest so far, at least 0.
        pnl_before_commission: Profit and loss of the prices.
        commission: What was charged for its fills.
        pnl_after_commission: The difference of the two.
        mae: Maximum adverse excursion: lowest profit and loss at the highs and lows of its bars, at most 0.
        mfe: Maximum favourable excursion: the highest, at least 0.
        r: Profit and loss after commission in units of the risk at entry; NaN where no stop loss said it.
        entry_order_id: The order of the first fill.
        strategy: Whose it is; empty where that is not known.
    """

    symbol: str
    direction: Direction
    entry_ts: int
    exit_ts: int
    is_open: bool
    entry_price: float
    exit_price: float
    quantity: float
    max_position: float
    duration_bars: int
    high_watermark: float
    low_watermark: float
    max_drawdown: float
    pnl_before_commission: float
    commission: float
    pnl_after_commission: float
    mae: float
    mfe: float
    r: float = math.nan
    entry_order_id: UUID | None = None
    strategy: str = ""


@dataclass(slots=True)
class _Lot:
    """A part of a fill that belongs to one round trip: signed units, price, commission, bar."""

    quantity: float
    price: float
    commission: float
    ts: int


@dataclass(slots=True)
class _Trip:
    """A round trip in the making."""

    direction: Direction
    entry_order_id: UUID
    lots: list[_Lot] = field(default_factory=list)


def round_trips(fills: Iterable[FillEvent], symbol: str, bars: Bars, *, strategy: str = "") -> tuple[RoundTrip, ...]:
    """The round trips of one symbol and one owner, oldest first, the open one last.

    Args:
        fills: The fills of the owner in order; those of other symbols are passed over.
        symbol: The symbol.
        bars: Its bars.
        strategy: The owner.
    """
    trips: list[_Trip] = []
    held = 0.0
    for fill in fills:
        if fill.symbol != symbol:
            continue
        for quantity in _split(held, fill.side.sign * fill.quantity_filled):
            if abs(held) < QUANTITY_NOISE:
                held = 0.0
                trips.append(_Trip(Direction.LONG if quantity > 0 else Direction.SHORT, fill.associated_order_id))
            share = fill.commission * abs(quantity) / fill.quantity_filled
            trips[-1].lots.append(_Lot(quantity, fill.fill_price, share, fill.ts_event_ns))
            held += quantity
    open_trip = trips[-1] if trips and abs(held) >= QUANTITY_NOISE else None
    return tuple(_round_trip(trip, symbol, bars, strategy, is_open=trip is open_trip) for trip in trips)


def _split(held: float, quantity: float) -> Sequence[float]:
    """A fill in two where it crosses zero: what closes, and what opens the other way."""
    if abs(held) < QUANTITY_NOISE or held * quantity > 0 or abs(quantity) <= abs(held) + QUANTITY_NOISE:
        return (quantity,)
    return (-held, quantity + held)


def _round_trip(trip: _Trip, symbol: str, bars: Bars, strategy: str, *, is_open: bool) -> RoundTrip:
    sign = trip.direction.value
    places = np.searchsorted(bars.ts, [lot.ts for lot in trip.lots]).tolist()
    last = len(bars) - 1 if is_open else places[-1]
    last_close = float(bars.close[-1]) if is_open else 0.0
    opened = [lot for lot in trip.lots if lot.quantity * sign > 0]
    closed = [lot for lot in trip.lots if lot.quantity * sign < 0]
    left = sum(lot.quantity for lot in trip.lots) if is_open else 0.0
    gross = left * last_close - math.fsum(lot.quantity * lot.price for lot in trip.lots)
    commission = math.fsum(lot.commission for lot in trip.lots)
    quantity = math.fsum(abs(lot.quantity) for lot in opened)
    curve, worst, best, most = _running(trip.lots, places, last, bars, gross)
    peaks = np.maximum.accumulate(curve)
    closing_value = math.fsum(abs(lot.quantity) * lot.price for lot in closed) + abs(left) * last_close
    return RoundTrip(
        symbol=symbol,
        direction=trip.direction,
        entry_ts=trip.lots[0].ts,
        exit_ts=int(bars.ts[last]) if is_open else trip.lots[-1].ts,
        is_open=is_open,
        entry_price=math.fsum(abs(lot.quantity) * lot.price for lot in opened) / quantity,
        exit_price=closing_value / quantity,
        quantity=quantity,
        max_position=most,
        duration_bars=last - places[0],
        high_watermark=float(curve.max()),
        low_watermark=float(curve.min()),
        max_drawdown=float((peaks - curve).max()),
        pnl_before_commission=gross,
        commission=commission,
        pnl_after_commission=gross - commission,
        mae=worst,
        mfe=best,
        entry_order_id=trip.entry_order_id,
        strategy=strategy,
    )


def _running(
    lots: Sequence[_Lot], places: Sequence[int], last: int, bars: Bars, gross: float
) -> tuple[FloatArray, float, float, float]:
    """The running profit and loss at each close, its extremes at highs and lows, and the most units held.

    A bar inside which a fill took place does not tell what of it came before: it counts with the price of the
    fill and its close alone. A bar entered at its open counts whole.
    """
    curve = [np.zeros(1)]
    low, high, most, held, cash = 0.0, 0.0, 0.0, 0.0, 0.0
    for k, (lot, place) in enumerate(zip(lots, places, strict=True)):
        held += lot.quantity
        cash -= lot.quantity * lot.price
        most = max(most, abs(held))
        at_fill = cash + held * lot.price
        low, high = min(low, at_fill), max(high, at_fill)
        end = places[k + 1] if k + 1 < len(places) else last + 1
        if end == place or abs(held) < QUANTITY_NOISE:
            continue
        curve.append(cash + held * bars.close[place:end])
        whole = place if lot.price == bars.open[place] else place + 1
        extremes = [curve[-1], cash + held * bars.low[whole:end], cash + held * bars.high[whole:end]]
        low = min(low, *(float(values.min()) for values in extremes if len(values)))
        high = max(high, *(float(values.max()) for values in extremes if len(values)))
    curve.append(np.array([gross]))
    return np.concatenate(curve), low, high, most
