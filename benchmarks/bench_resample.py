"""How long minutes take to become hours, session by session: against pandas' resample by the clock.

pandas counts by the clock and knows no session; given 30 minutes of offset it cuts the same hours over a year of
minutes of one offset from UTC, so both give the same bars there.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import pandas as pd

from barscope.domain.bars import Bars
from barscope.domain.calendars import in_hours
from barscope.domain.time import day_start_ns
from barscope.domain.timeframes import parse_timeframe
from barscope.studies.resampling import buckets, resample

MINUTE = 60_000_000_000
ROUNDS = 5


def minutes(n):
    """The first n minutes of regular US hours."""
    every = day_start_ns("2000-01-03") + np.arange(n * 6) * MINUTE
    ts = every[in_hours(every, "XNYS", "regular")][:n]
    close = 100 + np.random.default_rng(0).normal(size=len(ts)).cumsum() * 0.01
    return Bars(ts, close, close + 0.01, close - 0.01, close, np.arange(len(ts)) % 1000)


def ours(bars):
    """Hours from the open of each session."""
    found = buckets(bars.ts, bars.ts + MINUTE, parse_timeframe("1h"), "XNYS", regular=True)
    return resample(bars, found)


def with_pandas(frame):
    """Hours from half past, by the clock."""
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    return frame.resample("1h", offset="30min").agg(how).dropna()


def timed(work):
    """The median of some rounds, seconds."""
    seconds = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def test_minutes_become_hours(n_bars, figure):
    """Ours gives the bars of pandas, and takes at most twice as long for all that it knows of sessions."""
    bars = minutes(n_bars)
    names = ("open", "high", "low", "close", "volume")
    index = pd.to_datetime(bars.ts, utc=True)
    frame = pd.DataFrame({name: getattr(bars, name) for name in names}, index=index)
    made, expected = ours(bars), with_pandas(frame)
    np.testing.assert_array_equal(made.ts, expected.index.as_unit("ns").asi8)
    for name in names:
        np.testing.assert_array_equal(getattr(made, name), expected[name].to_numpy())
    mine, theirs = timed(lambda: ours(bars)), timed(lambda: with_pandas(frame))
    figure(f"{n_bars:,} minutes to {len(made):,} hours by session", f"{mine * 1e3:.1f} ms")
    figure("  against pandas, by the clock", f"{mine / theirs:.2f} ×", "≤ 2 ×", mine <= 2 * theirs)
