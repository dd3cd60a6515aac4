"""The calendars of exchanges: which days have a session, when it opens and closes, and what trades around it.

The facts are those of exchange_calendars; here they become columns of nanoseconds, so that a million bars are placed
by a binary search. A bar belongs where it opens: the minute of 15:59 to a session that closes at 16:00, the one of
16:00 no more.

Hours before the open and after the close are known of US stocks only: 04:00 to the open, and four hours from the
close (so to 20:00, and to 17:00 after an early close), which is what Nasdaq, NYSE Arca and Cboe offer.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from barscope.domain.local_time import utc_offsets_ns
from barscope.domain.time import NS_PER_DAY, TimeRange, date_of
from barscope.domain.venues import venue_of
from barscope.errors import CalendarError, close_matches, cut

if TYPE_CHECKING:
    from barscope.domain.bars import IntArray

    BoolArray = np.ndarray[tuple[int], np.dtype[np.bool_]]

Hours = Literal["all", "regular", "extended"]
HOURS: tuple[str, ...] = get_args(Hours)

_NS_PER_HOUR = 3_600_000_000_000
_PRE_MARKET_CLOCK_NS = 4 * _NS_PER_HOUR
_POST_MARKET_NS = 4 * _NS_PER_HOUR
_WITH_EXTENDED_HOURS = frozenset({"XNYS"})
_MARGIN = 7  # sessions: enough to complete a week


@dataclass(frozen=True, eq=False, repr=False)
class Sessions:
    """Sessions of a calendar, in order; every column int64 of shape (sessions,), times in ns UTC.

    Attributes:
        date: The trade date, days since 1970-01-01; it is that of the close, not of an open on the evening before.
        open: Begin of the regular hours.
        close: End of the regular hours.
        break_start: Begin of the break at noon; the close where there is none.
        break_end: End of the break at noon; the close where there is none.
        pre: Begin of trading before the open; the open where that is not known.
        post: End of trading after the close; the close where that is not known.
        end: End of the trade date: what trades later belongs to the next. It is `post` where that is known, else the
            midnight after the close on the wall of the exchange, or the next open if that is earlier.
    """

    date: IntArray
    open: IntArray
    close: IntArray
    break_start: IntArray
    break_end: IntArray
    pre: IntArray
    post: IntArray
    end: IntArray

    def __len__(self) -> int:
        return len(self.date)

    def __repr__(self) -> str:
        return f"Sessions({len(self)} sessions)"

    def rows(self, start: int, stop: int) -> Sessions:
        """The sessions start..stop-1."""
        return Sessions(*(getattr(self, f.name)[start:stop] for f in fields(self)))

    def of(self, ts: IntArray) -> IntArray:
        """The number of the session whose trade date each of ordered timestamps belongs to."""
        passed = np.searchsorted(ts, self.end)  # far fewer ends than bars
        places: IntArray = np.repeat(np.arange(len(self) + 1), np.diff(passed, prepend=0, append=len(ts)))
        return places


def calendar_of_venue(name: str | None) -> str:
    """The calendar of a venue or dataset, such as `XNYS` for `XNAS.ITCH`.

    Raises:
        CalendarError: If none is known.
    """
    venue = venue_of(name)
    if venue is None or venue.calendar is None:
        raise CalendarError(
            f"no calendar is known for the venue {cut(name or 'of this publisher')}: choose one with set_calendar, "
            "such as XNYS, CMES, or 24/7 for what always trades"
        )
    return venue.calendar


def check_calendar(code: str) -> str:
    """The code of a calendar, in place of an alias.

    Raises:
        CalendarError: If exchange_calendars has none of this name; with close matches.
    """
    import exchange_calendars as xc

    names = xc.get_calendar_names(include_aliases=True)
    if code not in names:
        matches = close_matches(str(code), names)
        hint = f": did you mean {' or '.join(matches)}?" if matches else ": use an ISO 10383 code such as XNYS"
        raise CalendarError(f"unknown calendar {cut(repr(code))}{hint}")
    return str(xc.resolve_alias(code))


def sessions(code: str, within: TimeRange) -> Sessions:
    """The sessions of the trade dates from the first to the last day of a range.

    Raises:
        CalendarError: If the calendar is unknown, or does not know a date of the range.
    """
    known, _start, _stop = _found(code, within)
    days = [within.start_ns // NS_PER_DAY, (within.end_ns - 1) // NS_PER_DAY + 1]
    return known.rows(*np.searchsorted(known.date, days).tolist())


def sessions_around(code: str, ts: IntArray) -> Sessions:
    """The sessions that ordered timestamps, at least one, belong to, with those of a week before and after.

    Raises:
        CalendarError: As `sessions`.
    """
    known, start, stop = _found(code, TimeRange(int(ts[0]), int(ts[-1]) + 1))
    return known.rows(max(0, start - _MARGIN), stop + _MARGIN)


def has_extended_hours(code: str) -> bool:
    """Whether the hours of trading before the open and after the close are known."""
    return code in _WITH_EXTENDED_HOURS


def regular_hours(sessions: Sessions) -> IntArray:
    """Open and close of each stretch of regular trading, ns UTC, shape (stretches, 2); a break at noon parts two."""
    pairs = np.stack(
        [sessions.open, sessions.break_start, sessions.break_end, sessions.close], axis=1, dtype=np.int64
    ).reshape(-1, 2)
    return pairs[pairs[:, 0] < pairs[:, 1]]


def extended_hours(code: str, sessions: Sessions) -> IntArray:
    """Begin and end of each day's trading with the hours before the open and after the close, as `regular_hours`.

    Raises:
        CalendarError: If these hours are not known of the calendar.
    """
    if not has_extended_hours(code):
        raise CalendarError(f"extended hours of the calendar {cut(code)} are not known: use all or regular hours")
    return np.stack([sessions.pre, sessions.post], axis=1, dtype=np.int64)


def in_hours(ts: IntArray, code: str, hours: str) -> BoolArray:
    """Which bars open in the `regular` or `extended` hours; of `all`, every one.

    Args:
        ts: Opens of bars, ns UTC, in order.
        code: The calendar.
        hours: One of `HOURS`.

    Raises:
        CalendarError: If the calendar does not know a date or the hours.
    """
    if hours == "all" or not len(ts):
        return np.ones(len(ts), np.bool_)
    around = sessions_around(code, ts)
    stretches = regular_hours(around) if hours == "regular" else extended_hours(code, around)
    passed = np.searchsorted(stretches.ravel(), ts, side="right")  # opens and closes: an odd number is inside
    inside: BoolArray = passed % 2 == 1
    return inside


def trade_dates(ts: IntArray, code: str) -> IntArray:
    """The trade date of each bar, days since 1970-01-01: that of the session it belongs to, on any side of midnight."""
    if not len(ts):
        return ts
    around = sessions_around(code, ts)
    dates: IntArray = around.date[around.of(ts)]
    return dates


def holidays(code: str, within: TimeRange) -> tuple[dt.date, ...]:
    """Days of the week on which the exchange usually trades, and did or does not, of the days of a range."""
    first, last = _days(within)
    there = {date_of(day * NS_PER_DAY) for day in sessions(code, within).date.tolist()}
    mask = _calendar(*_decades(code, within)).weekmask
    days = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(day for day in days if mask[day.weekday()] == "1" and day not in there)


def early_closes(code: str, within: TimeRange) -> tuple[dt.date, ...]:
    """Trade dates whose session closes earlier than usual, of the days of a range."""
    there = set(sessions(code, within).date.tolist())
    early = _calendar(*_decades(code, within)).early_closes
    days = early.to_numpy().astype("M8[D]").astype(np.int64).tolist()
    return tuple(date_of(day * NS_PER_DAY) for day in days if day in there)


def closed_hours(ts: IntArray, code: str) -> tuple[tuple[int, int], ...]:
    """The stretches between regular hours in which there are bars, [start, end) in ns UTC, for a chart to shade."""
    if not len(ts):
        return ()
    regular = in_hours(ts, code, "regular")
    edges = np.flatnonzero(np.diff(np.concatenate([[True], regular, [True]]).astype(np.int8)))
    outside = regular_hours(sessions_around(code, ts)).ravel()
    stretches = []
    for first, after in edges.reshape(-1, 2).tolist():
        place = int(np.searchsorted(outside, ts[first], side="right"))
        stretches.append((int(outside[place - 1]), int(outside[np.searchsorted(outside, ts[after - 1], side="right")])))
    return tuple(stretches)


def _found(code: str, within: TimeRange) -> tuple[Sessions, int, int]:
    """The sessions of some decades, and between which of them those of a range are."""
    days, (known_first, known_last) = _days(within), _bounds(check_calendar(code))
    for day in days:
        if not known_first <= day <= known_last:
            raise _unknown_date(code, day)
    known = _known(*_decades(code, within))
    start, last_place = known.of(np.array([within.start_ns, within.end_ns - 1])).tolist()
    if last_place == len(known):
        raise _unknown_date(code, days[1])
    return known, start, last_place + 1


def _days(within: TimeRange) -> tuple[dt.date, dt.date]:
    """The first and the last day of a range, UTC."""
    return date_of(within.start_ns), date_of(within.end_ns - 1)


def _decades(code: str, within: TimeRange) -> tuple[str, int, int]:
    """What is kept in memory under one key: a calendar over some decades."""
    first, last = _days(within)
    return check_calendar(code), first.year // 10, last.year // 10


@lru_cache(maxsize=64)
def _known(code: str, first_decade: int, last_decade: int) -> Sessions:
    """All sessions of some decades and a year around them."""
    calendar = _calendar(code, first_decade, last_decade)
    schedule = calendar.schedule
    times = {name: schedule[name].dt.tz_localize(None).to_numpy("M8[ns]") for name in schedule}
    opens, closes, break_start, break_end = (
        np.where(np.isnat(times[name]), times["close"], times[name]).astype(np.int64)
        for name in ("open", "close", "break_start", "break_end")
    )
    date = schedule.index.to_numpy().astype("M8[D]").astype(np.int64)
    next_open = np.append(opens[1:], np.iinfo(np.int64).max)
    zone = str(calendar.tz)
    if has_extended_hours(code):
        midnight = date * NS_PER_DAY - utc_offsets_ns(opens, zone)
        pre, post = np.minimum(midnight + _PRE_MARKET_CLOCK_NS, opens), closes + _POST_MARKET_NS
        end = post
    else:
        pre, post = opens, closes
        local_close = closes + utc_offsets_ns(closes, zone)
        midnight = -(-local_close // NS_PER_DAY) * NS_PER_DAY - (local_close - closes)
        end = np.minimum(midnight, next_open)
    return Sessions(date, opens, closes, break_start, break_end, pre, post, end)


@lru_cache(maxsize=64)
def _calendar(code: str, first_decade: int, last_decade: int) -> Any:  # noqa: ANN401  # the library is typed loosely
    import exchange_calendars as xc
    import pandas as pd

    first, last = _bounds(code)
    start = max(dt.date(max(1680, first_decade * 10 - 1), 1, 1), first)
    end = min(dt.date(min(2260, last_decade * 10 + 10), 12, 31), last)
    return xc.get_calendar(code, start=pd.Timestamp(start), end=pd.Timestamp(end))


@lru_cache(maxsize=64)
def _bounds(code: str) -> tuple[dt.date, dt.date]:
    """The first and the last date a calendar knows."""
    import exchange_calendars as xc

    kind = type(xc.get_calendar(code))
    low, high = kind.bound_min(), kind.bound_max()
    return (dt.date(1680, 1, 1) if low is None else low.date(), dt.date(2260, 12, 31) if high is None else high.date())


def _unknown_date(code: str, day: dt.date) -> CalendarError:
    first, last = _bounds(code)
    remedy = "choose other dates or another calendar"
    return CalendarError(f"the calendar {cut(code)} does not know {day}: it knows {first} to {last}; {remedy}")
