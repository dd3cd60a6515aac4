"""Order, repetition and spacing of rows."""

import numpy as np
import pytest

from barscope.errors import InvalidParameterError
from barscope.ingest.rows import Reason, Rows, accepted_bars, reject_disorder, reject_repeated_times
from barscope.ingest.spacing import settle_period

S, M, H, D = 10**9, 60 * 10**9, 3600 * 10**9, 86_400 * 10**9


def rows_at(ts, instrument=None, close=None):
    """Rows of price 1 at these times."""
    n = len(ts)
    one = np.ones(n, dtype=np.int64)
    names = np.zeros(n, dtype=np.int64) if instrument is None else np.array(instrument)
    last = one if close is None else np.array(close)
    return Rows(np.zeros(n, dtype=np.uint8), names, np.array(ts, dtype=np.int64), one, one, one, last, one)


def test_order_is_judged_by_instrument():
    """Rows of several instruments may be interleaved: each is judged by its own times."""
    rows = rows_at([1, 1, 2, 2, 1, 3], [0, 1, 0, 1, 1, 1], close=[1, 1, 1, 1, 1, 1])
    reject_repeated_times(rows)
    assert rows.reason.tolist() == [0, 0, 0, 0, Reason.DUPLICATE_ROW, 0]
    assert reject_disorder(rows, sort=False) is None
    assert [(i, bars.ts.tolist()) for i, bars in accepted_bars(rows)] == [(0, [1, 2]), (1, [1, 2, 3])]


def test_rows_that_go_back_are_rejected_against_the_latest_time_so_far():
    """Every row before the latest time so far is out of order, and of its own instrument only."""
    rows = rows_at([5, 3, 4, 6, 1, 9], [0, 0, 0, 0, 1, 1])
    assert reject_disorder(rows, sort=False) is None
    assert rows.reason.tolist() == [0, Reason.OUT_OF_ORDER, Reason.OUT_OF_ORDER, 0, 0, 0]


def test_first_reason_stays():
    """A row that is rejected keeps its first reason."""
    rows = rows_at([1, 2])
    rows.reject(np.array([True, False]), Reason.NEGATIVE_PRICE)
    rows.reject(np.array([True, True]), Reason.OUT_OF_ORDER)
    assert rows.reason.tolist() == [Reason.NEGATIVE_PRICE, Reason.OUT_OF_ORDER]
    assert rows.reasons() == {"negative price": 1, "out of order": 1}


def test_no_rows_give_no_bars():
    """Of no rows there are no bars."""
    assert list(accepted_bars(rows_at([]))) == []


@pytest.mark.parametrize(
    ("ts", "rtype"),
    [
        ([0, S, 2 * S, 900 * S], 32),
        ([0, M, 2 * M, 5 * M, D], 33),
        ([0, H, 2 * H, 20 * H], 34),
        ([0, D, 4 * D, 5 * D], 35),
        ([5 * H, D + 5 * H, 2 * D + 4 * H, 3 * D + 4 * H], 35),
        ([*range(0, 500 * M, M), 500 * M + S], 33),
    ],
)
def test_period_is_inferred(ts, rtype):
    """The smallest common spacing names the period, also of days that begin at midnight in a zone."""
    found, note = settle_period(rows_at(ts), None, "x")
    assert found == rtype
    assert f"rtype {rtype}" in note


@pytest.mark.parametrize(
    ("ts", "message"),
    [
        ([0], "no two rows to tell the period from"),
        ([0, 5 * M, 10 * M], "5 minutes apart"),
        ([0, 7 * D], "7 days apart"),
        ([0, S // 2, S], "0.5 seconds apart"),
    ],
)
def test_period_that_has_to_be_told(ts, message):
    """Spacing that is of no stored period is refused with the choices, and accepted where it is told and fits."""
    with pytest.raises(InvalidParameterError, match=rf"{message}; pass rtype=32 \(1 second\)"):
        settle_period(rows_at(ts), None, "x")


def test_told_period():
    """A period longer than the spacing is refused; a shorter one is kept, with a note."""
    assert settle_period(rows_at([0, 5 * M, 10 * M]), 33, "x") == (
        33,
        "rows are 5 minutes apart, kept as bars of 1m as told",
    )
    assert settle_period(rows_at([0]), 33, "x") == (33, None)
    assert settle_period(rows_at([0, D]), 36, "x") == (36, None)
    with pytest.raises(InvalidParameterError, match="rtype 35 means bars of 1d, but its rows are 1 minute apart"):
        settle_period(rows_at([0, M, 2 * M]), 35, "x")


def test_rows_within_a_period_of_each_other():
    """Of two rows in one period the one off the grid of the others is rejected."""
    rows = rows_at([0, M, M + 30 * S, 2 * M, 3 * M])
    assert settle_period(rows, 33, "x") == (33, "rows are 30 seconds apart, kept as bars of 1m as told")
    assert rows.reason.tolist() == [0, 0, Reason.WITHIN_THE_PERIOD_OF_ANOTHER_ROW, 0, 0]
