"""Labels of the time axis."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barscope.charts.axis import ticks
from barscope.charts.clock import local_ns
from barscope.charts.lod import Levels
from barscope.domain.periods import BarPeriod

CHAR_PX = 6.6  # an 11 px digit of the chart's fonts


def labels(local, period, view, width):
    """The labels of a view with its candles."""
    b = Levels(local, period).buckets(view, 700, 400, 0.25)
    return ticks(local[b.start], b.x, *view, width)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(list(BarPeriod)),
    st.integers(600, 1900),
    st.floats(0, 0.95),
    st.floats(0.0005, 1),
)
def test_labels_never_overlap(period, width, where, share):
    """At any zoom, period and width from 600 to 1,900 pixels, no label touches its neighbour or the edge."""
    n = 20_000
    session = np.arange(n) // 390 * 86_400 + np.arange(n) % 390 * 60 + 34_200
    local = (session if period is BarPeriod.MINUTE else np.arange(n) * period.length_ns // 10**9) * 10**9
    first = where * n
    view = (first, min(first + max(share * n, 5.0), n + 10.0))
    found = labels(local, period, view, width - 70)
    px = [(p - view[0]) / (view[1] - view[0]) * (width - 70) for p in found.positions]
    half = [len(text) * CHAR_PX / 2 for text in found.texts]
    assert all(b - hb > a + ha for a, ha, b, hb in zip(px, half, px[1:], half[1:], strict=False))
    assert all(0 <= p <= width - 70 for p in px)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (-0.5, 15_599.5, ["19 Feb", "Mar", "11 Mar", "18 Mar", "25 Mar", "Apr"]),
        (0, 779, ["10:00", "12:00", "14:00", "13 Feb", "12:00", "15:00"]),
        (0, 120, ["09:45", "10:00", "10:15", "10:30", "10:45", "11:00", "11:15"]),
    ],
)
def test_labels_adapt_to_the_zoom(session_minutes, first, last, expected):
    """Weeks, then days and hours, then minutes; the first bar of a month says the month, of a day the date."""
    local = local_ns(session_minutes, "America/New_York", BarPeriod.MINUTE)
    assert list(labels(local, BarPeriod.MINUTE, (first, last), 640).texts) == expected


def test_hours_are_those_of_the_exchange_across_summer_time(session_minutes):
    """Sessions open at 09:30 in New York before and after 2024-03-10, so noon is 150 bars after each opening."""
    local = local_ns(session_minutes, "America/New_York", BarPeriod.MINUTE)
    for day in (19, 20):  # Friday 8 and Monday 11 March
        found = labels(local, BarPeriod.MINUTE, (day * 390, day * 390 + 389), 900)
        assert found.positions[found.texts.index("12:00")] == day * 390 + 150


def test_years_of_daily_bars():
    """Thirteen years on a narrow chart are labelled by every second year."""
    days = (np.datetime64("2000-03-01") + np.arange(4_750)).astype("M8[ns]").astype(np.int64)
    found = labels(days, BarPeriod.DAY, (-0.5, 4_749.5), None)
    assert found.texts == ("2002", "2004", "2006", "2008", "2010", "2012")
