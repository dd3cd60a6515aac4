"""What holds for longer bars whatever the bars are."""

import datetime as dt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from barscope.domain.bars import Bars
from barscope.domain.calendars import in_hours, trade_dates
from barscope.domain.time import day_start_ns
from barscope.domain.timeframes import parse_timeframe
from barscope.indicators.registry import build_indicator
from barscope.studies.higher_period import HigherPeriod
from barscope.studies.resampling import buckets, resample

MINUTE = 60_000_000_000
TIMEFRAMES = st.sampled_from(["5min", "15min", "1h", "4h", "1d", "1w"])
CALENDARS = st.sampled_from(["XNYS", "CMES", "XTKS", "24/7"])


@st.composite
def minute_bars(draw):
    """Some minutes of about two weeks around a change of the clock, with the calendar they follow."""
    code = draw(CALENDARS)
    start = day_start_ns(draw(st.sampled_from(["2024-03-04", "2024-10-28", "2024-12-20"])))
    every = np.arange(start, start + 14 * 24 * 60 * MINUTE, MINUTE)
    regular = draw(st.booleans())
    if regular:
        every = every[in_hours(every, code, "regular")]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    ts = np.sort(rng.choice(every, draw(st.integers(1, 400)), replace=False))
    close = np.round(100 + rng.normal(size=len(ts)).cumsum(), 2)
    bars = Bars(ts, close, close + 1, close - 1, close, rng.integers(0, 1000, len(ts)))
    return bars, code, regular


def longer(bars, timeframe, code, regular):
    """The buckets and their bars."""
    found = buckets(bars.ts, bars.ts + MINUTE, parse_timeframe(timeframe), code, regular=regular)
    return found, resample(bars, found)


@given(minute_bars(), TIMEFRAMES)
def test_nothing_is_lost_and_nothing_is_mixed(given_bars, timeframe):
    """Volume and extremes are kept; a bar begins no later than its parts, is known no earlier, and is of one date."""
    bars, code, regular = given_bars
    found, made = longer(bars, timeframe, code, regular)
    assert made.volume.sum() == bars.volume.sum()
    assert (made.high.max(), made.low.min()) == (bars.high.max(), bars.low.min())
    assert (np.diff(made.ts) > 0).all()
    assert (np.diff(found.known) >= 0).all()
    assert (made.ts <= bars.ts[found.first]).all()
    last = np.append(found.first[1:], len(bars)) - 1
    assert (found.known >= bars.ts[last] + MINUTE).all()
    dates = trade_dates(bars.ts, code)
    if timeframe != "1w":
        assert (dates[found.first] == dates[last]).all()
    else:
        weeks = [dt.date.fromordinal(int(d) + 719_163).isocalendar()[:2] for d in dates]
        assert [weeks[i] for i in found.first] == [weeks[i] for i in last]


@given(minute_bars(), TIMEFRAMES, st.floats(0, 1))
def test_the_future_never_changes_a_complete_bar(given_bars, timeframe, share):
    """Without the bars that come later, every bar that was known by then is the same."""
    bars, code, regular = given_bars
    stop = max(1, int(share * len(bars)))
    now = int(bars.ts[stop]) if stop < len(bars) else int(bars.ts[-1]) + MINUTE
    found, made = longer(bars, timeframe, code, regular)
    early, made_early = longer(bars.rows(0, stop), timeframe, code, regular)
    n = int(np.searchsorted(found.known, now, side="right"))
    assert (early.known[:n] == found.known[:n]).all()
    for name in ("ts", "open", "high", "low", "close", "volume"):
        assert (getattr(made_early, name)[:n] == getattr(made, name)[:n]).all()


@given(minute_bars(), st.sampled_from(["15min", "1h", "1d"]), st.floats(0, 1))
def test_an_indicator_of_longer_bars_does_not_look_ahead(given_bars, timeframe, share):
    """Its values up to any bar are the same whatever comes after that bar."""
    bars, code, regular = given_bars
    indicator = HigherPeriod(build_indicator("SMA", {"timeperiod": 2}), parse_timeframe(timeframe))
    stop = max(1, int(share * len(bars)))
    part = bars.rows(0, stop)
    whole = indicator.compute(bars, bars.ts + MINUTE, code, regular=regular)
    early = indicator.compute(part, part.ts + MINUTE, code, regular=regular)
    assert list(whole) == [f"SMA(2, CLOSE) @{timeframe}"]
    for name, values in early.items():
        np.testing.assert_array_equal(values, whole[name][:stop])
