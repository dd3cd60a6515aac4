"""What signals come to on bars: fills at the next open, round trips and equity as columns, without an event each.

The rules of fills, slippage and commission are those of the simulated broker; what is computed here bar by bar there
is computed for all bars at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.commissions import Commission
from barscope.domain.equity import EquityCurve
from barscope.domain.positions import QUANTITY_NOISE
from barscope.domain.signals import decisions

if TYPE_CHECKING:
    from barscope.domain.bars import Bars, FloatArray, IntArray
    from barscope.domain.signals import Codes


@dataclass(frozen=True, slots=True)
class Costs:
    """What trading costs, and what the account begins with.

    Attributes:
        commission: What a filled order is charged.
        slippage_bps: Fills are worse by this share of the price.
        slippage_per_unit: And by this amount, currency.
        starting_cash: Cash before the first bar.
    """

    commission: Commission = field(default_factory=Commission)
    slippage_bps: float = 0.0
    slippage_per_unit: float = 0.0
    starting_cash: float = 0.0

    def prices(self, opens: FloatArray, signs: IntArray) -> FloatArray:
        """What orders fill at, given the open and the side (1 buy, −1 sell) of each."""
        if not self.slippage_bps and not self.slippage_per_unit:
            return opens
        return np.maximum(0.0, opens + signs * (opens * self.slippage_bps / 10_000 + self.slippage_per_unit))

    def charges(self, quantity: float, prices: FloatArray) -> FloatArray:
        """What orders of one quantity are charged, given the price of each."""
        c = self.commission
        charge: FloatArray = quantity * c.per_unit + c.per_order + quantity * prices * c.pct / 100
        return np.maximum(charge, c.minimum_per_order)


@dataclass(frozen=True, eq=False, slots=True)
class SignalTrades:
    """The round trips of one symbol as columns of shape (trips,), oldest first; the last one may be open.

    Attributes:
        direction: 1 long, −1 short.
        entry: The place of the bar of the entry's fill.
        exit: The place of the bar of the exit's fill; of the last bar while open.
        entry_price: What the entry filled at.
        exit_price: What the exit filled at; the last close while open.
        commission: What both fills were charged.
        pnl: Profit and loss after commission, currency.
        is_open: Whether the last round trip is still open.
        quantity: Units of each round trip.
    """

    direction: IntArray
    entry: IntArray
    exit: IntArray
    entry_price: FloatArray
    exit_price: FloatArray
    commission: FloatArray
    pnl: FloatArray
    is_open: bool
    quantity: float

    def __len__(self) -> int:
        return len(self.entry)

    @property
    def held_bars(self) -> int:
        """Bars at whose close something was held."""
        return int((self.exit - self.entry).sum()) + self.is_open

    @property
    def closed_pnl(self) -> FloatArray:
        """Profit and loss after commission of those that are closed."""
        return self.pnl[: len(self) - self.is_open]


def signal_trades(codes: Codes, bars: Bars, quantity: float, costs: Costs) -> SignalTrades:
    """The round trips that signals lead to.

    A decision at the close of a bar fills at the open of the next one; at the last bar it does not fill.

    Args:
        codes: The signals of each bar, as `Signals.codes` gives them.
        bars: The bars.
        quantity: Units of each position, above 0.
        costs: What trading costs.
    """
    n = len(bars)
    places, states = decisions(codes)
    if len(places) and places[-1] == n - 1:
        places, states = places[:-1], states[:-1]
    holds = states != 0
    entry = places[holds] + 1
    direction = states[holds]
    exits = np.append(places[1:] + 1, n - 1)[holds] if len(places) else places
    is_open = bool(len(states) and holds[-1])
    entry_price = costs.prices(bars.open[entry], direction)
    exit_price = costs.prices(bars.open[exits], -direction)
    entry_charge, exit_charge = costs.charges(quantity, entry_price), costs.charges(quantity, exit_price)
    if is_open:
        exit_price = _with_last(exit_price, float(bars.close[-1]))
        exit_charge = _with_last(exit_charge, 0.0)
    commission = entry_charge + exit_charge
    pnl = direction * quantity * (exit_price - entry_price) - commission
    return SignalTrades(direction, entry, exits, entry_price, exit_price, commission, pnl, is_open, quantity)


def signal_equity(trades: SignalTrades, bars: Bars, costs: Costs) -> EquityCurve:
    """The account at each bar, as `equity_curve` gives it for the same fills."""
    n = len(bars)
    at, signed, price, _charged = fills_of(trades, costs)
    cash, worth = cash_and_worth(trades, bars, costs)
    traded = np.bincount(at, np.abs(signed) * price, n).astype(np.float64)
    return EquityCurve(bars.ts, cash + worth, cash, np.abs(worth), traded)


def cash_and_worth(trades: SignalTrades, bars: Bars, costs: Costs) -> tuple[FloatArray, FloatArray]:
    """Cash, and the value of the position, at the close of each bar; each of shape (bars,)."""
    at, signed, price, charged = fills_of(trades, costs)
    lengths = np.diff(at, prepend=0, append=len(bars))
    held_after = np.append(0.0, np.cumsum(signed))
    held_after[np.abs(held_after) < QUANTITY_NOISE] = 0.0
    cash_after = costs.starting_cash - np.append(0.0, np.cumsum(signed * price + charged))
    worth = np.repeat(held_after, lengths)
    worth *= bars.close
    return np.repeat(cash_after, lengths), worth


def fills_of(trades: SignalTrades, costs: Costs) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """The fills in order: the place of the bar, signed units, price and commission of each."""
    k = len(trades)
    at = np.column_stack([trades.entry, trades.exit]).ravel()
    signed = np.column_stack([trades.direction, -trades.direction]).ravel() * trades.quantity
    price = np.column_stack([trades.entry_price, trades.exit_price]).ravel()
    charged = costs.charges(trades.quantity, price)
    stop = 2 * k - trades.is_open
    return at[:stop], signed[:stop], price[:stop], charged[:stop]


def _with_last(values: FloatArray, last: float) -> FloatArray:
    changed = values.copy()
    changed[-1] = last
    return changed
