"""Longer bars out of shorter ones, against a readable reference that looks at one bar after the other."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from barscope.domain.bars import Bars
from barscope.domain.calendars import in_hours, regular_hours, sessions
from barscope.domain.time import date_range, iso
from barscope.domain.timeframes import parse_timeframe
from barscope.studies.resampling import buckets, resample

MINUTE = 60_000_000_000
NEW_YORK = ZoneInfo("America/New_York")


def ns(text, zone=NEW_YORK):
    """A wall-clock time as ns UTC."""
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * 1_000_000_000


def clock(ts):
    """Timestamps as New York wall-clock texts."""
    return [f"{dt.datetime.fromtimestamp(t // 10**9, NEW_YORK):%m-%d %H:%M}" for t in ts.tolist()]


def bars_at(ts, seed=0):
    """A random walk over some times."""
    ts = np.asarray(ts, np.int64)
    rng = np.random.default_rng(seed)
    close = 100 + rng.normal(size=len(ts)).cumsum()
    opens = close + rng.normal(size=len(ts))
    high, low = np.maximum(opens, close) + 1, np.minimum(opens, close) - 1
    return Bars(ts, opens, high, low, close, rng.integers(0, 100, len(ts)))


def minutes_of(first, last, hours="regular", keep=1.0, seed=0):
    """Minute bars of US sessions, some of which did not trade."""
    within = date_range(first, last)
    ts = np.arange(within.start_ns, within.end_ns, MINUTE)
    ts = ts[in_hours(ts, "XNYS", hours)]
    kept = np.random.default_rng(seed).random(len(ts)) < keep
    return bars_at(ts[kept], seed)


def found_in(bars, timeframe, code="XNYS", regular=True, length=MINUTE):
    """The buckets and the longer bars."""
    found = buckets(bars.ts, bars.ts + length, parse_timeframe(timeframe), code, regular=regular)
    return found, resample(bars, found)


def reference(bars, timeframe, length_ns):
    """One bar after the other, for regular hours of New York: the session that holds it, then its place in it."""
    hours = regular_hours(sessions("XNYS", date_range("2024-01-01", "2024-12-31"))).tolist()
    made = {}
    for bar in bars:
        opened, closed = next((o, c) for o, c in hours if o <= bar.ts < c)
        if timeframe == "1d":
            begin, end = opened, closed
        elif timeframe == "1w":
            week = dt.datetime.fromtimestamp(opened // 10**9, NEW_YORK).isocalendar()[:2]
            same = [
                (o, c) for o, c in hours if dt.datetime.fromtimestamp(o // 10**9, NEW_YORK).isocalendar()[:2] == week
            ]
            begin, end = same[0][0], same[-1][1]
        else:
            begin = opened + (bar.ts - opened) // length_ns * length_ns
            end = min(begin + length_ns, closed)
        made.setdefault((begin, end), []).append(bar)
    return [
        (
            begin,
            end,
            of[0].open,
            max(b.high for b in of),
            min(b.low for b in of),
            of[-1].close,
            sum(b.volume for b in of),
        )
        for (begin, end), of in made.items()
    ]


@pytest.mark.parametrize("timeframe", ["5min", "7min", "15min", "1h", "4h", "1d", "1w"])
@pytest.mark.parametrize("keep", [1.0, 0.3])
def test_longer_bars_are_those_of_the_reference(timeframe, keep):
    """Over a change of the clock, a holiday and an early close, for bars of every length, with minutes missing."""
    for first, last in (("2024-03-07", "2024-03-12"), ("2024-07-01", "2024-07-08")):
        bars = minutes_of(first, last, keep=keep)
        found, made = found_in(bars, timeframe)
        rows = list(zip(made.ts, found.known, made.open, made.high, made.low, made.close, made.volume, strict=True))
        assert rows == reference(bars, timeframe, parse_timeframe(timeframe).length_ns)


def test_hours_are_counted_from_the_open():
    """09:30, 10:30, …; the last is short, and an early close ends it at 13:00."""
    found, made = found_in(minutes_of("2024-07-02", "2024-07-03"), "1h")
    assert clock(made.ts)[5:11] == [
        "07-02 14:30", "07-02 15:30", "07-03 09:30", "07-03 10:30", "07-03 11:30", "07-03 12:30",
    ]  # fmt: skip
    assert clock(found.known)[6] == "07-02 16:00"
    assert clock(found.known)[10] == "07-03 13:00"


def test_regular_bars_are_the_same_among_all_hours():
    """No bar holds regular and other trading: before the open slots count backwards, after the close anew."""
    everything = minutes_of("2024-07-02", "2024-07-03", hours="extended")
    everything = everything.where(everything.ts >= ns("2024-07-02 04:00"))
    regular = minutes_of("2024-07-02", "2024-07-03")
    found, made = found_in(everything, "2h", regular=False)
    assert clock(made.ts)[:9] == [
        "07-02 04:00", "07-02 05:30", "07-02 07:30", "07-02 09:30", "07-02 11:30", "07-02 13:30", "07-02 15:30",
        "07-02 16:00", "07-02 18:00",
    ]  # fmt: skip
    assert clock(found.known)[:4] == ["07-02 05:30", "07-02 07:30", "07-02 09:30", "07-02 11:30"]
    only, _made = found_in(regular, "2h")
    assert set(only.begin.tolist()) <= set(found.begin.tolist())


def test_a_session_with_extended_hours_ends_with_them():
    """It begins with its first bar and is known at 20:00, not at the close."""
    found, made = found_in(minutes_of("2024-03-05", "2024-03-05", hours="extended"), "1d", regular=False)
    assert clock(made.ts)[1:] == ["03-05 04:00"]
    assert clock(found.known)[1:] == ["03-05 20:00"]


def test_the_session_of_a_future_begins_on_the_evening_before():
    """Sunday evening is Monday's session, on both sides of a change of the clock."""
    chicago = ZoneInfo("America/Chicago")
    hours = [f"2024-03-{day:02} {hour}:00" for day in (8, 10, 11, 12) for hour in (10, 15, 18)]
    closed = {"2024-03-10 10:00", "2024-03-10 15:00", "2024-03-08 18:00"}
    ts = [ns(text, chicago) for text in hours if text not in closed]
    found, made = found_in(bars_at(sorted(ts)), "1d", code="CMES")
    assert [iso(t) for t in made.ts.tolist()] == [
        "2024-03-07T23:00:00Z", "2024-03-10T22:00:00Z", "2024-03-11T22:00:00Z", "2024-03-12T22:00:00Z",
    ]  # fmt: skip
    assert np.diff(np.append(found.first, len(ts))).tolist() == [2, 3, 3, 1]


def test_weeks_of_days_begin_on_monday_and_are_known_on_the_next():
    """Daily bars have dates, so they need no calendar."""
    days = [np.datetime64(d, "ns").astype(np.int64) for d in ("2024-01-04", "2024-01-05", "2024-01-08", "2024-01-12")]
    found, made = found_in(bars_at(days), "1w", code=None, length=86_400 * 10**9)
    assert [iso(t)[:10] for t in made.ts.tolist()] == ["2024-01-01", "2024-01-08"]
    assert [iso(t)[:10] for t in found.known.tolist()] == ["2024-01-08", "2024-01-15"]


def test_hours_that_a_vendor_cut_by_the_clock_are_not_known_too_early():
    """A bar of 11:00 in the slot of 09:30 to 11:30 lasts to noon, and so does the longer bar."""
    ts = [ns(f"2024-03-05 {h}:00") for h in (10, 11, 12)]
    found, _made = found_in(bars_at(ts), "2h", length=3600 * 10**9)
    assert clock(found.known) == ["03-05 12:00", "03-05 13:30"]


def test_nothing_gives_nothing():
    """No bars have no buckets."""
    found, made = found_in(bars_at([]), "1h")
    assert len(made) == len(found.known) == 0
