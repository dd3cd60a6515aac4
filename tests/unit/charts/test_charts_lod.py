"""Level of detail against a readable reference."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barscope.charts.clock import local_ns
from barscope.charts.lod import MAX_CANDLES, Buckets, Levels, candles, changes, extremes, join_slivers, last
from barscope.domain.bars import Bars
from barscope.domain.periods import BarPeriod


def reference_candle(bars: Bars, start: int, stop: int) -> tuple[float, float, float, float, int]:
    """A candle as one would explain it."""
    rows = list(bars.rows(start, stop))
    return (
        rows[0].open,
        max(r.high for r in rows),
        min(r.low for r in rows),
        rows[-1].close,
        sum(r.volume for r in rows),
    )


def numbers(values: np.ndarray) -> list[float]:
    """The values that are not NaN."""
    return [v for v in values.tolist() if not math.isnan(v)]


def some_bars(n: int, seed: int) -> Bars:
    """Bars of quarter units, exact in binary."""
    rng = np.random.default_rng(seed)
    price = rng.integers(1, 1000, (4, n)) / 4
    high, low = price.max(0), price.min(0)
    return Bars(np.arange(n), price[0], high, low, price[1], rng.integers(0, 10**12, n))


@st.composite
def buckets_of_bars(draw):
    """A number of bars, and some of them cut into runs."""
    n = draw(st.integers(1, 300))
    cuts = draw(st.sets(st.integers(1, n), max_size=30))
    edges = sorted({draw(st.integers(0, n - 1)), n} | cuts)
    return n, Buckets(np.array(edges[:-1]), np.array(edges[1:]), "any")


@given(buckets_of_bars(), st.integers(0, 2**32))
def test_candles_equal_the_reference(cut, seed):
    """Open, high, low, close and volume of every bucket are exactly those of its bars."""
    n, buckets = cut
    bars = some_bars(n, seed)
    found = candles(bars, buckets)
    expected = [reference_candle(bars, a, b) for a, b in zip(buckets.start, buckets.stop, strict=True)]
    assert (
        list(zip(*(getattr(found, c).tolist() for c in ("open", "high", "low", "close", "volume")), strict=True))
        == expected
    )


@given(buckets_of_bars(), st.integers(0, 2**32), st.floats(0, 1))
def test_series_ignore_nan(cut, seed, share):
    """A line has the last number of a bucket, an oscillator its least and greatest; NaN only where there is none."""
    n, buckets = cut
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(n) < share, np.nan, rng.standard_normal(n))
    runs = [numbers(values[a:b]) for a, b in zip(buckets.start, buckets.stop, strict=True)]
    low, high = extremes(values, buckets)
    np.testing.assert_array_equal(last(values, buckets), [r[-1] if r else np.nan for r in runs])
    np.testing.assert_array_equal(low, [min(r, default=np.nan) for r in runs])
    np.testing.assert_array_equal(high, [max(r, default=np.nan) for r in runs])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60_000), st.data())
def test_no_view_draws_too_much(n, data):
    """Any view of any number of bars draws at least one candle, at most the limit, and covers what is visible."""
    levels = Levels(np.arange(n) * 60 * 10**9, BarPeriod.MINUTE)
    first = data.draw(st.floats(-0.5, n - 1.5 + 1e-6))
    last_ = data.draw(st.floats(first + 1, max(n - 0.5, first + 1)))
    most = data.draw(st.integers(10, 1300))
    b = levels.buckets((first, last_), most, most, 0.25)
    shown = (b.stop - 0.5 > first) & (b.start - 0.5 < last_)
    assert 1 <= len(b) <= MAX_CANDLES
    assert (b.start[1:] == b.stop[:-1]).all()
    assert b.start[0] <= max(first, 0)
    assert b.stop[-1] >= min(last_, n - 1)
    assert shown.sum() <= most + 2


def test_panning_never_changes_a_candle(session_minutes):
    """Two views of one width share every candle that both draw whole."""
    levels = Levels(local_ns(session_minutes, "America/New_York", BarPeriod.MINUTE), BarPeriod.MINUTE)
    seen: dict[int, int] = {}
    for first in range(0, 9_000, 137):
        b = levels.buckets((first, first + 5_000), 300, 300, 0.25)
        for start, stop in zip(b.start.tolist(), b.stop.tolist(), strict=True):
            assert seen.setdefault(start, stop) == stop


def test_candles_follow_the_clock_of_the_exchange(session_minutes):
    """Hourly candles begin on the hour in New York whatever its offset, and never span a night."""
    local = local_ns(session_minutes, "America/New_York", BarPeriod.MINUTE)
    b = Levels(local, BarPeriod.MINUTE).buckets((-0.5, len(local) - 0.5), 300, 300, 0.25)
    times = [datetime(1970, 1, 1) + timedelta(seconds=int(t) // 10**9) for t in local[b.start]]
    assert b.label == "1h"
    assert {(t.hour, t.minute) for t in times} == {(9, 30), *((h, 0) for h in range(10, 16))}
    assert (local[b.start] // (86_400 * 10**9) == local[b.stop - 1] // (86_400 * 10**9)).all()


@pytest.mark.parametrize(
    ("days", "label"), [(600, "1d"), (3_000, "1w"), (6_000, "2w"), (12_000, "1mo"), (40_000, "3mo"), (70_000, "1y")]
)
def test_daily_bars_become_calendar_candles(days, label):
    """Weeks begin on Monday, months on their first day, years in January."""
    day_ns = 86_400 * 10**9
    ts = (np.datetime64("1970-01-05", "D").astype(np.int64) + np.arange(days)) * day_ns
    b = Levels(ts, BarPeriod.DAY).buckets((-0.5, days - 0.5), 600, 600, 0.25)
    starts = (ts[b.start[1:]] // day_ns).astype("M8[D]")
    assert b.label == label
    if label.endswith("w"):
        assert {d.astype(object).weekday() for d in starts} == {0}
    if label in ("1mo", "3mo", "1y"):
        assert {d.astype(object).day for d in starts} == {1}
    if label == "1y":
        assert {d.astype(object).month for d in starts} == {1}


def test_more_bars_than_any_clock_step_are_counted():
    """Where even years are too many, candles are a power of two of bars."""
    b = Levels(np.arange(400) * 366 * 86_400 * 10**9, BarPeriod.DAY).buckets((-0.5, 399.5), 10, 10, 0.25)
    assert b.label == "64 bars"
    assert len(b) == 7


def test_lonely_bars_do_not_thin_every_candle():
    """Days of one trade beside each other are one candle, so no two candles are closer than a third of the usual."""
    full = np.arange(390)
    days = [full if day not in (10, 11, 12) else full[:1] for day in range(60)]
    local = np.concatenate([day * 86_400 + 34_200 + minutes * 60 for day, minutes in enumerate(days)]) * 10**9
    b = Levels(local, BarPeriod.MINUTE).buckets((-0.5, len(local) - 0.5), 100, 100, 0.25)
    assert b.label == "1d"
    assert np.diff(b.x).min() > 390 / 3


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60))
def test_joining_slivers_keeps_every_bar(sizes):
    """Joined runs begin where runs began, and the first bar is still the first."""
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    joined = join_slivers(starts, sum(sizes))
    assert joined[0] == 0
    assert set(joined.tolist()) <= set(starts.tolist())


def test_changes_are_where_runs_begin():
    """The first bar begins a run; a value that comes back begins another."""
    assert changes(np.array([5, 5, 6, 5])).tolist() == [0, 2, 3]
