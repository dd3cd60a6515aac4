"""Cutting bars into segments: the vectors of the contract, and what a calendar does at its edges."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from barscope.domain.bars import Bars
from barscope.domain.conditions import Comparison
from barscope.domain.periods import BarPeriod
from barscope.errors import InvalidParameterError
from barscope.studies.results import SymbolColumns
from barscope.studies.segments import UNITS, ByBars, ByCondition, ByTime, why_none

NEW_YORK = "America/New_York"
ANYWHERE = Comparison("close", ">", 0)


def columns(ts, **series):
    """Bars of price 1 at given times, with series."""
    price = np.ones(len(ts))
    bars = Bars(np.asarray(ts, np.int64), price, price, price, price, np.ones(len(ts), np.int64))
    return SymbolColumns(bars, {name: np.asarray(values, np.float64) for name, values in series.items()})


def cut(how, made, period=BarPeriod.MINUTE, zone="UTC"):
    """Segments as (first, last) positions."""
    spans = how.spans(made, period, zone)
    return list(zip(spans.start.tolist(), (spans.stop - 1).tolist(), strict=True))


def moments(*texts, zone=NEW_YORK):
    """Times on the wall of a zone, ns UTC; a time ending in * is the second of two that read the same."""
    found = []
    for text in texts:
        fold = int(text.endswith("*"))
        moment = datetime.fromisoformat(text.rstrip("*")).replace(tzinfo=ZoneInfo(zone), fold=fold)
        found.append(int(moment.timestamp()) * 10**9)
    return found


def test_by_bars_of_the_contract():
    """180 bars of size 100 with overlap 20 are two segments; the second ends with the last bar."""
    assert cut(ByBars(100, 20), columns(range(180))) == [(0, 99), (80, 179)]


@pytest.mark.parametrize(
    ("n", "how", "expected"),
    [
        (0, ByBars(3), []),
        (2, ByBars(3), [(0, 1)]),
        (3, ByBars(3), [(0, 2)]),
        (4, ByBars(3), [(0, 2), (3, 3)]),
        (5, ByBars(3, 2), [(0, 2), (1, 3), (2, 4)]),
        (5, ByBars(3, 9), [(0, 2), (1, 3), (2, 4)]),
    ],
)
def test_by_bars_at_its_edges(n, how, expected):
    """The last segment may be shorter; an overlap as large as the size still moves on by a bar."""
    assert cut(how, columns(range(n))) == expected


CONTRACT = np.zeros(20)
CONTRACT[[3, 4, 6, 12]] = 1


@pytest.mark.parametrize(
    ("gap", "stretches", "shown"),
    [
        (0, [(3, 4), (6, 6), (12, 12)], [(1, 6), (4, 8), (10, 14)]),
        (1, [(3, 6), (12, 12)], [(1, 8), (10, 14)]),
    ],
)
def test_by_condition_of_the_contract(gap, stretches, shown):
    """20 bars true at 3, 4, 6 and 12 with context 2 give the stretches and the shown bars of the contract."""
    made = columns(np.arange(20) * 60, flag=CONTRACT)
    spans = ByCondition(Comparison("flag", ">", 0), context_bars=2, gap_tolerance=gap).spans(
        made, BarPeriod.MINUTE, "UTC"
    )
    segments = [spans.segment(n, "A", made.bars.ts) for n in range(len(spans))]
    assert [(s.condition_start_ts // 60, s.condition_end_ts // 60) for s in segments] == stretches
    assert [(s.start_ts // 60, s.end_ts // 60) for s in segments] == shown
    assert [s.segment_num for s in segments] == list(range(1, len(segments) + 1))
    assert [s.bar_count for s in segments] == [last - first + 1 for first, last in shown]
    assert [s.condition_bar_count for s in segments] == [last - first + 1 for first, last in stretches]


def test_a_segment_has_the_keys_of_the_contract():
    """Other programs read these names."""
    segment = ByBars(2).spans(columns(range(5)), BarPeriod.MINUTE, "UTC").segment(1, "A", np.arange(5))
    assert list(type(segment).__dataclass_fields__) == [
        "symbol",
        "segment_num",
        "start_ts",
        "end_ts",
        "condition_start_ts",
        "condition_end_ts",
        "bar_count",
        "condition_bar_count",
    ]
    assert (segment.start_ts, segment.end_ts, segment.condition_start_ts, segment.condition_bar_count) == (
        2,
        3,
        None,
        0,
    )


def test_context_is_clipped():
    """Context reaches no further than the first and the last bar."""
    spans = ByCondition(Comparison("flag", "==", 1), context_bars=9).spans(
        columns(range(4), flag=[1, 0, 0, 1]), BarPeriod.MINUTE, "UTC"
    )
    assert (spans.start.tolist(), spans.stop.tolist()) == ([0, 0], [4, 4])


def test_weeks_begin_on_monday():
    """A Sunday belongs to the week before the Monday that follows it."""
    days = moments("2024-03-08", "2024-03-09", "2024-03-10", "2024-03-11", "2024-03-17", "2024-03-18", zone="UTC")
    assert cut(ByTime("week"), columns(days), BarPeriod.DAY) == [(0, 2), (3, 4), (5, 5)]


def test_daily_bars_stay_on_their_date():
    """A daily bar stands for a date, so New York does not pull the first of a month into the month before."""
    days = moments("2024-01-31", "2024-02-01", "2024-04-01", zone="UTC")
    assert cut(ByTime("month"), columns(days), BarPeriod.DAY, NEW_YORK) == [(0, 0), (1, 1), (2, 2)]
    assert cut(ByTime("quarter"), columns(days), BarPeriod.DAY, NEW_YORK) == [(0, 1), (2, 2)]
    assert cut(ByTime("year"), columns(days), BarPeriod.DAY, NEW_YORK) == [(0, 2)]


def test_days_are_those_of_the_zone():
    """Midnight of the zone parts the days, not that of UTC; the zone of the cut counts before that of the run."""
    ts = moments("2024-01-02 18:59", "2024-01-02 19:00", "2024-01-03 00:00")
    assert cut(ByTime("day"), columns(ts), zone=NEW_YORK) == [(0, 1), (2, 2)]
    assert cut(ByTime("day"), columns(ts)) == [(0, 0), (1, 2)]
    assert cut(ByTime("day", NEW_YORK), columns(ts)) == [(0, 1), (2, 2)]


def test_the_hour_that_is_shown_twice_is_two():
    """When the clock goes back, hours and minutes with the same name are apart, and four hours hold five."""
    ts = moments("2024-11-03 00:30", "2024-11-03 01:30", "2024-11-03 01:30*", "2024-11-03 02:30", "2024-11-03 04:00")
    assert cut(ByTime("hour", NEW_YORK), columns(ts)) == [(n, n) for n in range(5)]
    assert cut(ByTime("15min", NEW_YORK), columns(ts)) == [(n, n) for n in range(5)]
    assert cut(ByTime("4hour", NEW_YORK), columns(ts)) == [(0, 3), (4, 4)]
    assert cut(ByTime("day", NEW_YORK), columns(ts)) == [(0, 4)]


def test_the_hour_that_is_left_out_is_none():
    """When the clock goes forward, the hours before and after the change are apart and the day is one."""
    ts = moments("2024-03-10 01:59", "2024-03-10 03:00", "2024-03-10 03:59", "2024-03-10 04:00")
    assert cut(ByTime("hour", NEW_YORK), columns(ts)) == [(0, 0), (1, 2), (3, 3)]
    assert cut(ByTime("4hour", NEW_YORK), columns(ts)) == [(0, 2), (3, 3)]


def test_boundaries_belong_to_what_begins():
    """An interval holds its first moment and not that of the next."""
    ts = moments("2024-01-02 09:59", "2024-01-02 10:00", "2024-01-02 10:04", "2024-01-02 10:05")
    assert cut(ByTime("5min", NEW_YORK), columns(ts)) == [(0, 0), (1, 2), (3, 3)]
    assert cut(ByTime("1min", NEW_YORK), columns(ts)) == [(n, n) for n in range(4)]


@pytest.mark.parametrize("unit", UNITS)
def test_no_bars_no_segments(unit):
    """Nothing is cut into nothing."""
    assert cut(ByTime(unit), columns([])) == []
    assert cut(ByCondition(ANYWHERE), columns([])) == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ByTime("fortnight"), "unknown unit of time 'fortnight'"),
        (lambda: ByTime("Week"), "use week"),
        (lambda: ByTime(7), "unknown unit of time 7"),
        (lambda: ByTime("week", "Mars/Base"), "unknown time zone 'Mars/Base'"),
        (lambda: ByBars(0), "size 0 is not a whole number from 1"),
        (lambda: ByBars(10**30), "size 1000.* is not a whole number from 1 to 1,000,000,000"),
        (lambda: ByBars(10, -1), "overlap -1"),
        (lambda: ByBars(2.5), "size 2.5"),
        (lambda: ByCondition("close > 1"), "is not a condition"),
        (lambda: ByCondition(ANYWHERE, context_bars=-1), "context_bars -1"),
        (lambda: ByCondition(ANYWHERE, context_bars=2**63), "context_bars 9223"),
        (lambda: ByCondition(ANYWHERE, gap_tolerance=True), "gap_tolerance True"),
    ],
)
def test_what_cannot_be_cut_by_is_refused(make, message):
    """A bad value is named, with the remedy."""
    with pytest.raises(InvalidParameterError, match=message):
        make()


def test_why_a_condition_never_holds():
    """The reason tells how often each part holds alone and what values there are."""
    made = {"close": np.array([1.0, 2.0, 3.0]), "RSI": np.array([np.nan, 40.0, 60.0]), "late": np.full(3, np.nan)}
    condition = Comparison("close", ">", 2) & Comparison("RSI", "<", 50) & Comparison("late", ">", 0)
    assert why_none(condition, made, "AAPL") == (
        "close > 2 and RSI < 50 and late > 0 holds at none of the 3 bars of AAPL; "
        "alone, close > 2 holds at 1, RSI < 50 holds at 1, late > 0 holds at 0; "
        "close is between 1 and 3; RSI is between 40 and 60; late has no value here"
    )
