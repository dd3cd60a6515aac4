"""The equity curve by hand."""

from uuid import UUID

import numpy as np
import pytest

from barscope.domain.bars import Bars
from barscope.domain.equity import equity_curve
from barscope.domain.events import FillEvent
from barscope.domain.orders import OrderSide


def bars_of(ts, close):
    """Bars with these closes."""
    close = np.asarray(close, dtype=float)
    return Bars(np.asarray(ts), close, close, close, close, np.ones(len(close), np.int64))


def fill(ts, quantity, price, commission=0.0, symbol="A"):
    """A fill of signed units."""
    return FillEvent(
        ts_event_ns=ts,
        ts_created_ns=ts,
        ts_broker_ns=ts,
        associated_order_id=UUID(int=1),
        symbol=symbol,
        fill_id=UUID(int=1),
        side=OrderSide.BUY if quantity > 0 else OrderSide.SELL,
        quantity_filled=abs(quantity),
        fill_price=price,
        commission=commission,
    )


def test_equity_is_marked_at_each_close():
    """Buy 2 at 100 on bar 1 for a commission of 1, sell at 130 on bar 3."""
    fills = [fill(1, 2, 100, 1), fill(3, -2, 130, 1)]
    curve = equity_curve(fills, {"A": bars_of([0, 1, 2, 3], [100, 105, 90, 120])}, 1000)
    assert curve.equity.tolist() == [1000, 1009, 979, 1058]
    assert curve.cash.tolist() == [1000, 799, 799, 1058]
    assert curve.exposure.tolist() == [0, 210, 180, 0]
    assert curve.traded.tolist() == [0, 200, 0, 260]
    assert curve.drawdown.tolist() == pytest.approx([0, 0, 979 / 1009 - 1, 0])


def test_symbols_with_other_times_count_at_their_latest_close():
    """A short in B is marked between its bars at the close before."""
    bars = {"A": bars_of([0, 1, 2], [10, 11, 12]), "B": bars_of([0, 2], [50, 40])}
    curve = equity_curve([fill(0, 1, 10), fill(0, -1, 50, symbol="B")], bars, 100)
    assert curve.ts.tolist() == [0, 1, 2]
    assert curve.equity.tolist() == [100, 101, 112]


def test_without_fills_the_cash_lies_still():
    """And a run without bars has an empty curve."""
    assert equity_curve([], {"A": bars_of([0, 1], [1, 2])}, 7).equity.tolist() == [7, 7]
    assert len(equity_curve([], {}, 7)) == 0
