"""What may be wrong with bars, each planted in bars that are right."""

import datetime as dt

import numpy as np
import pytest

from barscope.domain.bars import Bars
from barscope.domain.calendars import regular_hours, sessions
from barscope.domain.data_quality import Suspicions, examine
from barscope.domain.periods import BarPeriod
from barscope.domain.time import NS_PER_DAY, date_range, day_start_ns

MINUTE = BarPeriod.MINUTE.length_ns


def made(ts, close, volume=1000):
    """Bars whose prices wander a little around a close."""
    close = np.asarray(close, dtype=float)
    opens = np.concatenate([close[:1], close[:-1]])
    high, low = np.maximum(opens, close) * 1.001, np.minimum(opens, close) * 0.999
    return Bars(np.asarray(ts, np.int64), opens, high, low, close, np.full(len(close), volume))


def wandering(n, step=0.01):
    """A price path without anything strange in it."""
    return 100 * np.exp(np.cumsum(np.random.default_rng(7).normal(0, step, n)))


@pytest.fixture
def days():
    """Daily bars of every session of 2012, in which hurricane Sandy closed the exchange for two days."""
    found = sessions("XNYS", date_range("2012-01-03", "2012-12-31")).date * NS_PER_DAY
    return made(found, wandering(len(found)))


@pytest.fixture
def minutes():
    """Minute bars of the regular hours of a week with Thanksgiving and an early close."""
    stretches = regular_hours(sessions("XNYS", date_range("2012-11-19", "2012-11-23")))
    ts = np.concatenate([np.arange(begin, end, MINUTE) for begin, end in stretches])
    return made(ts, wandering(len(ts), 0.0005))


def without(bars, *places):
    """The bars but for some."""
    kept = np.ones(len(bars), bool)
    kept[list(places)] = False
    return bars.where(kept)


def changed(bars, **columns):
    """The bars with other columns."""
    return Bars(**{name: columns.get(name, getattr(bars, name)) for name in bars.__dataclass_fields__})


def kinds(bars, period=BarPeriod.DAY, calendar="XNYS", limits=None):
    """What is found, as (kind, bars)."""
    return [(finding.kind, finding.bars) for finding in examine(bars, period, calendar, limits)[0]]


def test_nothing_is_found_in_bars_that_are_right(days, minutes):
    """A year with holidays and a storm, a week with an early close: all there, nothing strange."""
    for bars, period in ((days, BarPeriod.DAY), (minutes, BarPeriod.MINUTE)):
        found, expected = examine(bars, period, "XNYS")
        assert found == ()
        assert (expected.bars, expected.present) == (len(bars), len(bars))
    assert expected.sessions == 4


def test_a_missing_day_and_a_day_too_many_are_named(days):
    """The exchange was open without a bar; it was closed for the storm and there is one."""
    place = 100
    gone = without(days, place)
    found, expected = examine(gone, BarPeriod.DAY, "XNYS")
    assert [(f.kind, f.start_ns) for f in found] == [("missing session", int(days.ts[place]))]
    assert (expected.bars, expected.present) == (len(days), len(days) - 1)
    storm = day_start_ns(dt.date(2012, 10, 29))
    at = int(np.searchsorted(days.ts, storm))
    more = made(np.insert(days.ts, at, storm), np.insert(days.close, at, days.close[at]))
    (finding,) = examine(more, BarPeriod.DAY, "XNYS")[0]
    assert finding.kind == "unexpected session"
    assert "2012-10-29" in finding.detail


def test_gaps_inside_hours_are_counted_at_the_edges_too(minutes):
    """Seven minutes in the middle, five at an open, six at a close; four are too few to tell."""
    last = 389
    places = [*range(100, 107), *range(390, 395), *range(390 + last - 5, 390 + last + 1), *range(900, 904)]
    assert kinds(without(minutes, *places), BarPeriod.MINUTE) == [("gap", 7), ("gap", 5), ("gap", 6)]
    assert kinds(without(minutes, *places), BarPeriod.MINUTE, limits=Suspicions(gap_bars=4))[-1] == ("gap", 4)


def test_a_session_without_a_bar_is_missing(minutes):
    """All of Tuesday."""
    assert kinds(without(minutes, *range(390, 780)), BarPeriod.MINUTE) == [("missing session", 390)]


def test_bars_on_a_holiday_are_unexpected(minutes):
    """Thanksgiving noon."""
    noon = day_start_ns(dt.date(2012, 11, 22)) + 17 * 60 * MINUTE
    at = int(np.searchsorted(minutes.ts, noon))
    more = made(np.insert(minutes.ts, at, noon), np.insert(minutes.close, at, minutes.close[at]))
    assert kinds(more, BarPeriod.MINUTE) == [("unexpected session", 1)]


def test_bars_before_and_after_hours_are_no_fault(minutes):
    """They belong to their session."""
    early = int(minutes.ts[0]) - 90 * MINUTE
    more = made(np.insert(minutes.ts, 0, early), np.insert(minutes.close, 0, minutes.close[0]))
    assert kinds(more, BarPeriod.MINUTE) == []


def test_prices_that_stand_still_are_stale(days):
    """Six bars alike; four are too few."""
    columns = {name: getattr(days, name).copy() for name in ("open", "high", "low", "close")}
    for column in columns.values():
        column[50:56] = column[50]
        column[90:94] = column[90]
    assert kinds(changed(days, **columns)) == [("stale bars", 6)]


def test_bars_without_volume_are_named_by_stretch(days):
    """One alone and three in a row."""
    volume = days.volume.copy()
    volume[[10, 20, 21, 22]] = 0
    assert kinds(changed(days, volume=volume)) == [("zero volume", 1), ("zero volume", 3)]


@pytest.mark.parametrize(
    ("factor", "volume", "said"),
    [
        (0.5, 2, "2:1"),
        (1 / 3, 3, "3:1"),
        (2 / 3, 1.5, "3:2"),
        (10.0, 0.1, "1:10"),
    ],
)
def test_a_split_is_told_by_its_ratio(days, factor, volume, said):
    """Prices on a new scale from a day on."""
    columns = {name: getattr(days, name).copy() for name in ("open", "high", "low", "close")}
    for column in columns.values():
        column[60:] *= factor
    columns["open"][60] = columns["close"][59] * factor
    columns["high"][60], columns["low"][60] = (
        max(columns["high"][60], columns["open"][60]),
        min(columns["low"][60], columns["open"][60]),
    )
    traded = days.volume.copy()
    traded[60:] = traded[60:] * volume
    (finding,) = examine(changed(days, volume=traded, **columns), BarPeriod.DAY, "XNYS")[0]
    assert finding.kind == "probable split"
    assert finding.detail.startswith(said)


def test_a_crash_is_an_outlier_and_no_split(days):
    """It halves the price too, with many times the volume."""
    columns = {name: getattr(days, name).copy() for name in ("open", "high", "low", "close")}
    for column in columns.values():
        column[60:] *= 0.5
    columns["open"][60] = columns["close"][59] * 0.5
    columns["high"][60], columns["low"][60] = columns["open"][60] * 1.2, columns["open"][60] * 0.8
    volume = days.volume.copy()
    volume[60] *= 12
    assert [kind for kind, _n in kinds(changed(days, volume=volume, **columns))] == ["outlier"]


def test_a_night_is_judged_by_nights():
    """Nights that move prices by 2 % are usual where all do; a minute of 3 % is an outlier."""
    stretches = regular_hours(sessions("XNYS", date_range("2012-06-01", "2012-07-31")))
    ts = np.concatenate([np.arange(begin, end, MINUTE) for begin, end in stretches])
    step = np.random.default_rng(1).normal(0, 1e-4, len(ts))
    nights = np.flatnonzero(np.diff(ts) > MINUTE) + 1
    step[nights] = np.random.default_rng(2).normal(0, 0.02, len(nights))
    assert kinds(made(ts, 100 * np.exp(np.cumsum(step))), BarPeriod.MINUTE) == []
    step[500] = 0.03
    assert kinds(made(ts, 100 * np.exp(np.cumsum(step))), BarPeriod.MINUTE) == [("outlier", 1)]


def test_without_a_calendar_the_bars_alone_are_examined(days):
    """Nothing can be missing then."""
    found, expected = examine(without(days, 100), BarPeriod.DAY, None)
    assert (found, expected) == ((), None)


def test_no_bars_and_prices_below_zero_are_no_accident(days):
    """A spread may trade below zero; it has no log returns."""
    assert examine(days.rows(0, 0), BarPeriod.DAY, "XNYS") == ((), None)
    columns = {name: getattr(days, name) - 100 for name in ("open", "high", "low", "close")}
    assert kinds(changed(days, **columns)) == []
