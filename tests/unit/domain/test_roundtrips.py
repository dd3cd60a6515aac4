"""Round trips from a ledger of fills."""

import math
from uuid import UUID

import numpy as np
import pytest

from barscope.domain.bars import Bars
from barscope.domain.events import FillEvent
from barscope.domain.orders import OrderSide
from barscope.domain.roundtrips import Direction, round_trips

DAY = 86_400 * 10**9


def bars_of(*rows):
    """Daily bars of (open, high, low, close)."""
    o, h, low, c = np.array(rows, dtype=float).T
    return Bars(np.arange(len(rows)) * DAY, o, h, low, c, np.full(len(rows), 100))


def flat_bars(n, price=100.0):
    """Bars that do not move."""
    return bars_of(*[(price, price, price, price)] * n)


def fill(bar, quantity, price, commission=0.0, symbol="A"):
    """A fill of signed units on a bar."""
    return FillEvent(
        ts_event_ns=bar * DAY,
        ts_created_ns=(bar + 1) * DAY,
        ts_broker_ns=(bar + 1) * DAY,
        associated_order_id=UUID(int=bar + 1),
        symbol=symbol,
        fill_id=UUID(int=0),
        side=OrderSide.BUY if quantity > 0 else OrderSide.SELL,
        quantity_filled=abs(quantity),
        fill_price=price,
        commission=commission,
    )


def test_a_round_trip_counts_every_exit_and_every_commission():
    """BUY 2 @100, SELL 1 @110, SELL 1 @90 made nothing before commission, and all three are charged."""
    (trip,) = round_trips([fill(0, 2, 100, 1), fill(1, -1, 110, 1), fill(2, -1, 90, 1)], "A", flat_bars(3))
    assert trip.pnl_before_commission == 0
    assert trip.commission == 3
    assert trip.pnl_after_commission == -3
    assert (trip.max_position, trip.quantity, trip.entry_price, trip.exit_price) == (2, 2, 100, 100)
    assert (trip.entry_ts, trip.exit_ts, trip.duration_bars, trip.is_open) == (0, 2 * DAY, 2, False)


def test_a_fill_across_zero_ends_one_round_trip_and_begins_another():
    """LONG 1 @100, SELL 2 @110, BUY 1 @105 are two trades, +10 and +5; the commission between is shared."""
    first, second = round_trips([fill(0, 1, 100, 1), fill(1, -2, 110, 4), fill(2, 1, 105, 1)], "A", flat_bars(3))
    assert (first.direction, first.pnl_before_commission, first.commission) == (Direction.LONG, 10, 3)
    assert (second.direction, second.pnl_before_commission, second.commission) == (Direction.SHORT, 5, 3)
    assert second.entry_ts == DAY


def test_an_open_position_is_marked_at_the_last_close():
    """What was never closed is reported as open, up to the last bar."""
    bars = bars_of((100, 101, 99, 100), (100, 106, 99, 105), (105, 112, 104, 111))
    (trip,) = round_trips([fill(0, 2, 100, 1)], "A", bars)
    assert trip.is_open
    assert (trip.exit_ts, trip.exit_price, trip.duration_bars) == (2 * DAY, 111, 2)
    assert (trip.pnl_before_commission, trip.pnl_after_commission) == (22, 21)


def test_watermarks_follow_the_closes_and_excursions_the_highs_and_lows():
    """A long at the open of bar 0, out at 103 on bar 3: closes +2, −4, +6 and extremes 92 to 108 between."""
    bars = bars_of((100, 104, 98, 102), (102, 103, 92, 96), (96, 108, 96, 106), (106, 107, 101, 102))
    (trip,) = round_trips([fill(0, 1, 100), fill(3, -1, 103)], "A", bars)
    assert (trip.high_watermark, trip.low_watermark, trip.max_drawdown) == (6, -4, 6)
    assert (trip.mae, trip.mfe) == (-8, 8)
    assert trip.pnl_before_commission == 3


def test_a_short_has_its_excursions_the_other_way_round():
    """A rise hurts a short: its adverse excursion is at the high."""
    bars = bars_of((100, 104, 98, 102), (102, 103, 92, 96), (96, 96, 96, 96))
    (trip,) = round_trips([fill(0, -1, 100), fill(2, 1, 96)], "A", bars)
    assert (trip.direction, trip.mae, trip.mfe, trip.pnl_before_commission) == (Direction.SHORT, -4, 8, 4)


def test_a_bar_entered_in_its_middle_does_not_count_its_high_and_low():
    """They may have been before the entry: only the price of the fill and the close count."""
    bars = bars_of((100, 110, 90, 104), (104, 105, 104, 105))
    (trip,) = round_trips([fill(0, 1, 103), fill(1, -1, 105)], "A", bars)
    assert (trip.mae, trip.mfe) == (0, 2)


def test_a_round_trip_within_one_bar():
    """Entry and exit on the same bar last 0 bars."""
    (trip,) = round_trips([fill(1, 1, 100), fill(1, -1, 95)], "A", flat_bars(3))
    assert (trip.duration_bars, trip.pnl_before_commission, trip.mae) == (0, -5, -5)


def test_fills_of_other_symbols_are_passed_over():
    """A ledger is of one symbol."""
    assert round_trips([fill(0, 1, 100, symbol="B")], "A", flat_bars(1)) == ()


def test_without_a_stop_loss_there_is_no_r():
    """R is not made up."""
    (trip,) = round_trips([fill(0, 1, 100), fill(1, -1, 101)], "A", flat_bars(2))
    assert math.isnan(trip.r)


@pytest.mark.parametrize("scale", [1.0, 0.1, 1e-3])
def test_fractions_of_a_unit_close_completely(scale):
    """Rounding of fractions does not leave a round trip open."""
    fills = [fill(0, 3 * scale, 100), fill(1, -scale, 101), fill(2, -scale, 101), fill(3, -scale, 101)]
    (trip,) = round_trips(fills, "A", flat_bars(5))
    assert not trip.is_open
    assert trip.pnl_before_commission == pytest.approx(3 * scale)
