"""The calendars of exchanges, against published answers and by their edges."""

import datetime as dt
import json
import time
from pathlib import Path

import numpy as np
import pytest

from barscope.domain import calendars
from barscope.domain.time import NS_PER_DAY, date_range, day_start_ns, iso
from barscope.errors import CalendarError

ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "xnys_sessions.json").read_text())
HOUR = 3_600_000_000_000
MINUTE = HOUR // 60


def year(text):
    """A year, or a month, as a range."""
    first = dt.date.fromisoformat(f"{text}-01-01" if len(text) == 4 else f"{text}-01")
    return date_range(first, first + dt.timedelta(days=364 + (first.year % 4 == 0) if len(text) == 4 else 30))


def at(text):
    """A UTC time as ns."""
    return int(np.datetime64(text, "ns").astype(np.int64))


@pytest.mark.parametrize("period", ANSWERS["closed"])
def test_holidays_are_those_the_exchange_published(period):
    """Storms and mournings are holidays too."""
    assert [str(day) for day in calendars.holidays("XNYS", year(period))] == ANSWERS["closed"][period]


@pytest.mark.parametrize("period", ANSWERS["early"])
def test_early_closes_are_those_the_exchange_published(period):
    """Days that close at 13:00 are known."""
    assert [str(day) for day in calendars.early_closes("XNYS", year(period))] == ANSWERS["early"][period]
    assert len(calendars.sessions("XNYS", year(period))) == ANSWERS["sessions"][period]


@pytest.mark.parametrize("day", ANSWERS["hours"])
def test_hours_follow_the_clock_of_the_exchange(day):
    """Open and close in UTC move with daylight saving time, and with early closes."""
    found = calendars.regular_hours(calendars.sessions("XNYS", date_range(day, day)))
    assert [[iso(t) for t in pair] for pair in found.tolist()] == [ANSWERS["hours"][day]]


def test_extended_hours_reach_from_four_to_eight_and_to_five_after_an_early_close():
    """Trading before the open and after the close of US stocks."""
    days = calendars.sessions("XNYS", date_range("2024-11-27", "2024-11-29"))
    found = [[iso(t) for t in pair] for pair in calendars.extended_hours("XNYS", days).tolist()]
    assert found == [
        ["2024-11-27T09:00:00Z", "2024-11-28T01:00:00Z"],
        ["2024-11-29T09:00:00Z", "2024-11-29T22:00:00Z"],
    ]


def test_unknown_extended_hours_are_named():
    """Where nobody told the hours, no guess is made."""
    with pytest.raises(CalendarError, match="extended hours of the calendar XLON are not known: use all or regular"):
        calendars.in_hours(np.array([at("2024-03-05T10:00")]), "XLON", "extended")


@pytest.mark.parametrize(("moment", "regular", "extended"), [
    ("2024-03-05T08:59", False, False),
    ("2024-03-05T09:00", False, True),
    ("2024-03-05T14:29", False, True),
    ("2024-03-05T14:30", True, True),
    ("2024-03-05T20:59", True, True),
    ("2024-03-05T21:00", False, True),
    ("2024-03-06T00:59", False, True),
    ("2024-03-06T01:00", False, False),
    ("2024-03-09T15:00", False, False),
])  # fmt: skip
def test_a_bar_belongs_where_it_opens(moment, regular, extended):
    """Hours are half-open, weekends have none."""
    ts = np.array([at(moment)])
    found = [bool(calendars.in_hours(ts, "XNYS", hours)[0]) for hours in ("all", "regular", "extended")]
    assert found == [True, regular, extended]


def test_a_break_at_noon_is_not_regular_trading():
    """Tokyo rests from 11:30 to 12:30."""
    ts = np.array([at(f"2024-03-05T{t}") for t in ("02:29", "02:30", "03:29", "03:30")])
    assert calendars.in_hours(ts, "XTKS", "regular").tolist() == [True, False, False, True]


@pytest.mark.parametrize(("code", "moment", "date"), [
    ("CMES", "2024-03-10T21:59", "2024-03-11"),
    ("CMES", "2024-03-10T22:00", "2024-03-11"),
    ("CMES", "2024-03-11T21:59", "2024-03-11"),
    ("CMES", "2024-03-11T22:00", "2024-03-12"),
    ("XNYS", "2024-03-05T23:30", "2024-03-05"),
    ("XNYS", "2024-03-06T01:00", "2024-03-06"),
    ("XASX", "2024-01-14T23:00", "2024-01-15"),
    ("XLON", "2024-03-05T23:59", "2024-03-05"),
    ("XLON", "2024-03-06T00:00", "2024-03-06"),
])  # fmt: skip
def test_the_trade_date_is_that_of_the_session(code, moment, date):
    """Evenings before belong to the session they lead into; after the close the day goes on to its end."""
    assert calendars.trade_dates(np.array([at(moment)]), code).tolist() == [day_start_ns(date) // NS_PER_DAY]


def test_a_date_the_calendar_does_not_know_is_named():
    """The bounds of a calendar are part of the message."""
    with pytest.raises(CalendarError, match=r"XTKS does not know 1990-01-01: it knows 1997-01-01 to"):
        calendars.sessions("XTKS", date_range("1990-01-01", "1990-01-05"))
    with pytest.raises(CalendarError, match="XTKS does not know 1985-01-02"):  # the day, not its decade
        calendars.trade_dates(np.array([at("1985-01-02T03:00")]), "XTKS")


def test_an_unknown_calendar_is_named_with_close_matches():
    """A typing error is met with what was meant."""
    with pytest.raises(CalendarError, match=r"unknown calendar 'XNYX': did you mean XNYS"):
        calendars.check_calendar("XNYX")
    assert calendars.check_calendar("NYSE") == "XNYS"


def test_venues_and_datasets_have_calendars():
    """A dataset is read by the venue it begins with; what trades everywhere has no one calendar."""
    names = ["XNAS", "XNAS.ITCH", "glbx.mdp3", "DBEQ.BASIC", "XLON"]
    assert [calendars.calendar_of_venue(name) for name in names] == ["XNYS", "XNYS", "CMES", "XNYS", "XLON"]
    for unknown in (None, "", "SYNTHETIC.RANDOM-WALK", "IFEU"):
        with pytest.raises(CalendarError, match="no calendar is known for the venue"):
            calendars.calendar_of_venue(unknown)


def test_closed_hours_are_the_stretches_around_bars_outside_regular_hours():
    """Each stretch runs from a close to the next open; where no bar is, nothing is shaded."""
    ts = np.array([at(t) for t in ("2024-03-05T14:30", "2024-03-05T22:00", "2024-03-06T13:00", "2024-03-06T14:30")])
    found = [(iso(a), iso(b)) for a, b in calendars.closed_hours(ts, "XNYS")]
    assert found == [("2024-03-05T21:00:00Z", "2024-03-06T14:30:00Z")]
    assert calendars.closed_hours(ts[[0, 3]], "XNYS") == ()
    assert calendars.closed_hours(ts[:0], "XNYS") == ()


def test_a_million_bars_are_placed_in_a_blink():
    """Masks and trade dates are binary searches, not loops."""
    ts = day_start_ns("2015-01-01") + np.arange(1_000_000) * MINUTE
    calendars.in_hours(ts[:1], "XNYS", "regular")
    begin = time.perf_counter()
    regular = calendars.in_hours(ts, "XNYS", "regular")
    calendars.trade_dates(ts, "XNYS")
    assert time.perf_counter() - begin < 0.5
    whole = ts < day_start_ns("2016-11-25")
    inside = calendars.regular_hours(calendars.sessions("XNYS", date_range("2015-01-01", "2016-11-24")))
    assert regular[whole].sum() == (np.diff(inside, axis=1) // MINUTE).sum()
