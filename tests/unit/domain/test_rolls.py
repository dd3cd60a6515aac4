"""Roll rules with answers worked out by hand. Contracts, prices and volumes are made up."""

import math

import numpy as np
import pytest

from barscope.domain.bars import Bars
from barscope.domain.futures import parse_continuous
from barscope.domain.rolls import Chain, Contract, Roll, Step, adjusted, gap_between, pieces, steps
from barscope.domain.time import NS_PER_DAY, TimeRange
from barscope.errors import InvalidParameterError, MissingBarsError

MONDAY = 19_723  # 2024-01-01
WEEK = MONDAY + np.array([0, 1, 2, 3, 4, 7, 8, 9, 10, 11])  # Monday to Friday, twice


def chain(ends, known=None, reason="expiration", bars=None, days=WEEK):
    """A chain of contracts A, B, C … that end on these day numbers of `days`; each has bars until its end."""
    last = [int(days[end]) if end < len(days) else int(days[-1]) + 30 for end in ends]
    contracts = tuple(Contract(chr(65 + i), TimeRange(), day, reason) for i, day in enumerate(last))
    has_bars = days <= np.array(last)[:, np.newaxis] if bars is None else np.array(bars, dtype=bool)
    return Chain(contracts, days, has_bars, None if known is None else np.array(known))


def taken(of, symbol):
    """The contract of each day, and `.` where there is none."""
    name, letters = parse_continuous(symbol), ["."] * len(of.days)
    for step in steps(of, name):
        letter = "." if step.contract is None else of.contracts[step.contract].symbol
        letters[int(np.searchsorted(of.days, step.day)) :] = letter * (len(letters))
    return "".join(letters[: len(of.days)])


def test_the_calendar_holds_a_contract_to_its_last_day():
    """The next contract comes on the first day after the last one; of rank 1 it is the one behind."""
    of = chain([3, 7, 20])
    assert taken(of, "X.c.0") == "AAAABBBBCC"
    assert taken(of, "X.c.1") == "BBBBCCCC.."
    assert taken(of, "X.c.2") == "CCCC......"
    assert steps(of, parse_continuous("X.c.0"))[1] == Step(int(WEEK[4]), 1, "expiration of A")


def test_business_days_before_the_end():
    """Counted are Mondays to Fridays: one day before is the day before the last, and a week-end in between is none."""
    of = chain([3, 7, 20])
    assert taken(of, "X.c.0+1d") == "AAABBBBCCC"
    assert taken(of, "X.c.0+3d") == "ABBBBCCCCC"  # from Monday on the last Thursday is 4 days away, the Wednesday 8
    over_weekend = chain([6, 20])  # ends on the second Tuesday
    assert taken(over_weekend, "X.c.0+2d") == "AAAAABBBBB"  # Monday and Tuesday are left when it is left
    assert taken(over_weekend, "X.c.0+3d") == "AAAABBBBBB"  # the Friday too


def test_volume_is_that_of_the_day_before():
    """What is known before a day decides it; the first day has nothing known, a tie stays, and nothing goes back."""
    known = [[0, 9, 9, 5, 1, 9, 1, 1, 1, 1], [0, 1, 5, 5, 6, 2, 7, 7, 7, 7], [0, 0, 0, 0, 0, 0, 0, 7, 8, 8]]
    of = chain([20, 21, 22], known)
    assert taken(of, "X.v.0") == ".AAABBBBCC"
    assert [step.reason for step in steps(of, parse_continuous("X.v.0"))] == [
        "",
        "volume 6 of B above 1 of A",
        "volume 8 of C above 7 of B",
    ]
    assert taken(of, "X.v.1") == ".BBBCCCC.."


def test_a_contract_that_ends_is_left_whatever_its_volume():
    """The largest of the others follows, also if it is not the next."""
    known = [[0, 9, 9, 9, 9, 9], [0, 0, 1, 1, 1, 1], [0, 1, 2, 2, 2, 2]]
    of = chain([3, 20, 21], known, days=WEEK[:6])
    assert taken(of, "X.v.0") == ".AAACC"
    assert steps(of, parse_continuous("X.v.0"))[-1].reason == "expiration of A"


def test_a_contract_known_by_name_only_ends_when_it_falls_silent():
    """No bars yesterday while a later contract had some end it; one with a definition is held to its date."""
    bars = [[1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1]]
    assert taken(chain([20, 21], bars=bars, days=WEEK[:6], reason="delivery month"), "X.c.0") == "AAAABB"
    assert taken(chain([20, 21], bars=bars, days=WEEK[:6]), "X.c.0") == "AAAAAA"


def test_a_contract_listed_later_is_taken_from_the_second_day_on():
    """That it trades is known once it has; a series never goes back to a contract that ends earlier."""
    bars = [[0, 0, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], [0, 1, 1, 1, 1, 1]]
    of = chain([20, 21, 22], bars=bars, days=WEEK[:6])
    assert taken(of, "X.c.0") == "BBBBBB"
    assert taken(of, "X.c.1") == "..CCCC"


def test_pieces_end_where_the_next_begins():
    """Each contract counts from midnight UTC of its first day to that of the next, the last to the end."""
    of = chain([3, 20])
    found = pieces(of, steps(of, parse_continuous("X.c.0")), int(WEEK[6]) * NS_PER_DAY + 5)
    assert [(c.symbol, r.start_ns // NS_PER_DAY - MONDAY, r.end_ns - int(WEEK[6]) * NS_PER_DAY) for c, r in found] == [
        ("A", 0, -4 * NS_PER_DAY),
        ("B", 4, 5),
    ]


def bars(closes, ts=None):
    """Bars at times 0, 1, 2 … whose four prices are equal."""
    close = np.array(closes, dtype=float)
    return Bars(np.arange(len(close)) if ts is None else np.array(ts), close, close, close, close, np.ones(len(close)))


def test_a_gap_is_measured_at_the_last_common_time():
    """Difference and ratio are new against old, at the last time both have a bar; without one they are not known."""
    assert gap_between(bars([10, 20, 30], [1, 2, 3]), bars([22, 40], [2, 4])) == (2.0, 1.1, 2)
    gap, ratio, when = gap_between(bars([10], [1]), bars([11], [2]))
    assert math.isnan(gap)
    assert math.isnan(ratio)
    assert when is None


ROLLS = (Roll(2, "A", "B", 5.0, 1.5, 1, ""), Roll(4, "B", "C", -1.0, 0.5, 3, ""))


def test_adjusted_prices_by_hand():
    """Gaps of all later rolls are added, ratios multiplied; bars from the last roll on are true."""
    before = bars([10, 10, 20, 20, 30, 30])
    assert adjusted(before, ROLLS, "none", "X") is before
    assert adjusted(before, ROLLS, "diff", "X").close.tolist() == [14, 14, 19, 19, 30, 30]
    assert adjusted(before, ROLLS, "ratio", "X").close.tolist() == [7.5, 7.5, 10, 10, 30, 30]
    assert adjusted(before, ROLLS, "ratio", "X").volume.tolist() == before.volume.tolist()


def test_what_cannot_be_adjusted_is_named():
    """A gap that is not known and ratios of prices below zero are errors that name the remedy."""
    unknown = Roll(2, "A", "B", math.nan, math.nan, None, "")
    with pytest.raises(
        MissingBarsError, match=r"A and B have no bar at one time before the roll of 1970-01-01.*\+diff"
    ):
        adjusted(bars([1, 2, 3]), [unknown], "diff", "X.c.0+diff")
    with pytest.raises(InvalidParameterError, match=r"not above zero.*\+diff"):
        adjusted(bars([-1, 2, 3]), [Roll(2, "A", "B", 1.0, 2.0, 1, "")], "ratio", "X.c.0+ratio")
