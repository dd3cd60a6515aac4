"""Truths of segments, whatever the bars: against the readable form, and against what they promise."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barscope.domain.bars import Bars
from barscope.domain.conditions import OPERATORS, Comparison
from barscope.domain.periods import BarPeriod
from barscope.studies.results import SymbolColumns
from barscope.studies.segments import UNITS, ByBars, ByCondition, ByTime

masks = st.lists(st.booleans(), max_size=60).map(lambda bits: np.array(bits, np.bool_))
numbers = st.sampled_from([np.nan, 0.0, 1.0, 2.0, np.inf])
zones = st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia"])
MINUTE = 60 * 10**9
FALL_BACK = int(datetime(2024, 11, 3, 4, tzinfo=UTC).timestamp()) * 10**9
LORD_HOWE = int(datetime(2024, 4, 6, 13, tzinfo=UTC).timestamp()) * 10**9


def columns(ts):
    """Bars at given times."""
    price = np.ones(len(ts))
    return SymbolColumns(Bars(ts, price, price, price, price, np.ones(len(ts), np.int64)), {})


@given(masks, st.integers(0, 5), st.integers(0, 5))
def test_by_condition_is_the_readable_form(mask, gap, context):
    """The vectorised cut gives what a walk from bar to bar gives."""
    spans = ByCondition(Comparison("close", ">", 0), context, gap).around(mask)
    first, stop = spans.condition
    found = list(zip(*(column.tolist() for column in (spans.start, spans.stop, first, stop)), strict=True))
    assert found == readable(mask.tolist(), gap, context)


def readable(mask, gap, context):
    """Segments as (start, stop, first, after), bar by bar."""
    stretches = []
    for place, holds in enumerate(mask):
        if holds and stretches and place - stretches[-1][1] <= gap:
            stretches[-1][1] = place + 1
        elif holds:
            stretches.append([place, place + 1])
    return [(max(0, a - context), min(len(mask), b + context), a, b) for a, b in stretches]


@given(masks, st.integers(0, 5), st.integers(0, 5))
def test_condition_segments_hold_every_true_bar(mask, gap, context):
    """Each true bar lies in exactly one stretch, and each stretch begins and ends with one."""
    first, stop = ByCondition(Comparison("close", ">", 0), context, gap).around(mask).condition
    inside = np.zeros(len(mask), np.int64)
    for a, b in zip(first, stop, strict=True):
        inside[a:b] += 1
        assert mask[a]
        assert mask[b - 1]
    assert (inside[mask] == 1).all()
    assert inside.max(initial=0) <= 1


@given(masks, st.integers(0, 5), st.integers(0, 60))
def test_a_signal_does_not_know_the_future(mask, gap, known):
    """Cutting off what comes later takes no earlier signal away and adds none."""
    how = ByCondition(Comparison("close", ">", 0), gap_tolerance=gap)
    whole, part = how.around(mask).signal, how.around(mask[:known]).signal
    assert part.tolist() == [place for place in whole.tolist() if place < known]


@given(st.integers(0, 300), st.integers(1, 50), st.integers(0, 60))
def test_segments_by_bars_cover_everything(n, size, overlap):
    """Every bar lies in a segment; neighbours share the overlap, and only the last is shorter."""
    spans = ByBars(size, overlap).spans(columns(np.arange(n)), BarPeriod.MINUTE, "UTC")
    covered = np.zeros(n, np.bool_)
    for a, b in zip(spans.start, spans.stop, strict=True):
        covered[a:b] = True
    assert covered.all()
    assert (spans.stop - spans.start)[:-1].tolist() == [size] * max(0, len(spans) - 1)
    assert all(b > a for a, b in pairwise(spans.stop.tolist()))
    assert len(spans) == 0 or spans.stop[-1] == n


@given(
    st.sampled_from(UNITS),
    zones,
    st.sampled_from([0, FALL_BACK, LORD_HOWE]),
    st.lists(st.integers(1, 3000), max_size=40),
)
def test_segments_by_time_part_bars_as_the_clock_on_the_wall_does(unit, zone, start, steps):
    """They follow each other without a gap, and bars are together exactly where the wall clock says so."""
    ts = start + np.cumsum([0, *steps]) * MINUTE
    spans = ByTime(unit, zone).spans(columns(ts), BarPeriod.MINUTE, "UTC")
    assert spans.start.tolist() == [0, *spans.stop.tolist()[:-1]]
    assert spans.stop[-1] == len(ts)
    keys = [wall_key(int(moment), unit, ZoneInfo(zone)) for moment in ts]
    changes = [place for place in range(1, len(ts)) if keys[place] != keys[place - 1]]
    assert spans.start.tolist() == [0, *changes]


def wall_key(ts, unit, zone):
    """What tells the interval of a moment, by the standard library."""
    t = datetime.fromtimestamp(ts // 10**9, UTC).astimezone(zone)
    if unit == "week":
        return t.isocalendar()[:2]
    calendar = {"year": (t.year,), "quarter": (t.year, (t.month - 1) // 3), "month": (t.year, t.month)}
    if unit in calendar:
        return calendar[unit]
    minutes = {"day": 1440, "4hour": 240, "hour": 60, "1min": 1}.get(unit) or int(unit.removesuffix("min"))
    key = (t.date(), (t.hour * 60 + t.minute) // minutes)
    return (*key, t.utcoffset()) if minutes <= 60 else key


@pytest.mark.parametrize("operator", OPERATORS)
@given(left=st.lists(numbers, min_size=1, max_size=20), right=st.data())
def test_operators_are_the_readable_form(operator, left, right):
    """Each operator gives what comparing the floats of each bar gives, NaN never."""
    other = right.draw(st.lists(numbers, min_size=len(left), max_size=len(left)))
    mask = Comparison("open", operator, "close").mask({"open": np.array(left), "close": np.array(other)})
    assert mask.tolist() == [holds(operator, left, other, place) for place in range(len(left))]


def holds(operator, left, right, place):
    """Whether a comparison holds at a bar."""
    a, b = left[place], right[place]
    if operator.startswith("crosses"):
        if place == 0:
            return False
        before = left[place - 1], right[place - 1]
        return (a > b and before[0] <= before[1]) if operator.endswith("above") else (a < b and before[0] >= before[1])
    both = a == a and b == b
    return both and {">": a > b, ">=": a >= b, "<": a < b, "<=": a <= b, "==": a == b, "!=": a != b}[operator]
