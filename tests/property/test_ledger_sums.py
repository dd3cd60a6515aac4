"""The ledger of round trips against a plain count of money."""

from itertools import pairwise
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barscope.domain.bars import Bars
from barscope.domain.events import FillEvent
from barscope.domain.orders import OrderSide
from barscope.domain.roundtrips import round_trips

N = 12
PRICES = np.linspace(90, 110, N)
BARS = Bars(np.arange(N), PRICES, PRICES + 1, PRICES - 1, PRICES, np.ones(N, np.int64))

lots = st.lists(
    st.tuples(st.integers(0, N - 1), st.integers(-50, 50).filter(bool), st.integers(80, 120), st.integers(0, 5)),
    max_size=15,
)


def fills_of(rows, unit):
    """Fills in the order of their bars; units are multiples of `unit`."""
    return [
        FillEvent(
            ts_event_ns=bar,
            ts_created_ns=bar,
            ts_broker_ns=bar,
            associated_order_id=UUID(int=n),
            symbol="A",
            fill_id=UUID(int=n),
            side=OrderSide.BUY if units > 0 else OrderSide.SELL,
            quantity_filled=abs(units) * unit,
            fill_price=float(price),
            commission=float(charge),
        )
        for n, (bar, units, price, charge) in enumerate(sorted(rows, key=lambda row: row[0]))
    ]


@given(lots, st.sampled_from([1.0, 0.1, 0.001]))
def test_round_trips_sum_to_the_money_that_moved(rows, unit):
    """Their profits are cash flow plus what is held at the last close; their commissions are all that was paid."""
    fills = fills_of(rows, unit)
    trips = round_trips(fills, "A", BARS)
    flow = -sum(fill.side.sign * fill.quantity_filled * fill.fill_price for fill in fills)
    held = sum(fill.side.sign * fill.quantity_filled for fill in fills)
    assert sum(t.pnl_before_commission for t in trips) == pytest.approx(flow + held * PRICES[-1], abs=1e-6)
    assert sum(t.commission for t in trips) == pytest.approx(sum(fill.commission for fill in fills))


@given(lots, st.sampled_from([1.0, 0.1, 0.001]))
def test_round_trips_follow_each_other_without_overlap(rows, unit):
    """Each begins no earlier than the one before ended, at most the last is open, and all have opened something."""
    fills = fills_of(rows, unit)
    trips = round_trips(fills, "A", BARS)
    for before, after in pairwise(trips):
        assert before.exit_ts <= after.entry_ts
        assert not before.is_open
    for trip in trips:
        assert 0 < trip.max_position <= trip.quantity + 1e-9
        assert trip.duration_bars >= 0
        assert trip.max_drawdown >= 0
    held = sum(fill.side.sign * fill.quantity_filled for fill in fills)
    assert (bool(trips) and trips[-1].is_open) == (abs(held) > 1e-9)
