"""Equity: what the account is worth at each bar, and how far it has fallen from its highest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from barscope.domain.bars import Bars, FloatArray, IntArray
    from barscope.domain.events import FillEvent


@dataclass(frozen=True, eq=False, slots=True)
class EquityCurve:
    """The account at each bar of the run, columns of shape (times,).

    Attributes:
        ts: Open of each bar of any symbol, ns UTC, increasing; the values are those at its close.
        equity: Cash plus positions at the latest closes, currency.
        cash: Cash.
        exposure: Value of the positions, short ones counted as positive.
        traded: Value traded on the bar.
    """

    ts: IntArray
    equity: FloatArray
    cash: FloatArray
    exposure: FloatArray
    traded: FloatArray

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def drawdown(self) -> FloatArray:
        """The fall from the highest equity so far as a fraction of it, 0 or negative."""
        peak = np.maximum.accumulate(self.equity)
        return np.divide(self.equity - peak, peak, out=np.zeros_like(peak), where=peak > 0)


def equity_curve(fills: Sequence[FillEvent], bars: Mapping[str, Bars], starting_cash: float) -> EquityCurve:
    """The equity marked at each bar.

    A fill counts from the bar it was executed on. Symbols whose bars do not stand at the same times are valued at
    their latest close.

    Args:
        fills: All fills of the run, in order.
        bars: The bars of every symbol that was traded.
        starting_cash: What the account began with.
    """
    ts = _all_times(bars)
    cash = np.full(len(ts), float(starting_cash))
    value, exposure, traded = np.zeros(len(ts)), np.zeros(len(ts)), np.zeros(len(ts))
    for symbol, of_symbol in bars.items():
        own = [fill for fill in fills if fill.symbol == symbol]
        if not own:
            continue
        at = np.searchsorted(ts, [fill.ts_event_ns for fill in own])
        quantity = np.array([fill.side.sign * fill.quantity_filled for fill in own])
        price = np.array([fill.fill_price for fill in own])
        charged = np.array([fill.commission for fill in own])
        held = np.cumsum(np.bincount(at, quantity, len(ts)))
        held[np.abs(held) < 1e-9] = 0.0  # what rounding left of nothing
        cash -= np.cumsum(np.bincount(at, quantity * price + charged, len(ts)))
        traded += np.bincount(at, np.abs(quantity) * price, len(ts))
        latest = np.maximum(np.searchsorted(of_symbol.ts, ts, side="right") - 1, 0)
        worth = held * of_symbol.close[latest]
        value += worth
        exposure += np.abs(worth)
    return EquityCurve(ts, cash + value, cash, exposure, traded)


def buy_and_hold(bars: Mapping[str, Bars], starting_cash: float) -> EquityCurve:
    """What the account would be worth had it bought every symbol for equal cash at its first open and kept it.

    Cash set aside for a symbol waits for its first bar. Fractions of a unit are bought, free of charge.
    """
    ts = _all_times(bars)
    cash = np.full(len(ts), float(starting_cash))
    value, traded = np.zeros(len(ts)), np.zeros(len(ts))
    share = starting_cash / max(len(bars), 1)
    for of_symbol in bars.values():
        latest = np.searchsorted(of_symbol.ts, ts, side="right") - 1
        held = latest >= 0
        value += np.where(held, share / of_symbol.open[0] * of_symbol.close[np.maximum(latest, 0)], 0.0)
        cash -= np.where(held, share, 0.0)
        traded[np.searchsorted(ts, of_symbol.ts[0])] += share
    return EquityCurve(ts, cash + value, cash, value, traded)


def _all_times(bars: Mapping[str, Bars]) -> IntArray:
    """Every time at which a symbol has a bar, once, in order."""
    columns = [np.empty(0, np.int64), *(of_symbol.ts for of_symbol in bars.values())]
    ts: IntArray = np.sort(np.concatenate(columns), kind="stable")  # which merges columns in order
    is_new: NDArray[np.bool_] = np.diff(ts, prepend=ts[:1] - 1) != 0
    return ts[is_new]
