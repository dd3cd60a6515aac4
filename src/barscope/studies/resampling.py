"""Longer bars out of shorter ones, session by session, without a look ahead.

Bars within a day are counted from the open of the session (09:30, 10:30, …), backwards before it and anew from the
close after it, so that one bar never holds regular and other trading, nor that of two trade dates. The last one before
the close ends with the session: at 16:00, and at 13:00 after an early close. A session is the trade date of the
exchange, a week its trade dates from Monday on.

A bar has the time of its begin, and is known at its end, whatever of it has traded. So the last bar of all may be
incomplete: it is kept, holds what has traded so far, and is not known before its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from barscope.domain.bars import Bars
from barscope.domain.calendars import sessions_around
from barscope.domain.time import NS_PER_DAY

if TYPE_CHECKING:
    from barscope.domain.bars import IntArray
    from barscope.domain.calendars import Sessions
    from barscope.domain.timeframes import Timeframe


class Buckets(NamedTuple):
    """Which bars become one; every column of shape (buckets,), ordered.

    Attributes:
        first: Number of the first bar of each.
        begin: Begin of its interval, ns UTC: the time of the bar that it becomes.
        known: When it is complete, ns UTC: not before its end, nor before the end of its last bar.
    """

    first: IntArray
    begin: IntArray
    known: IntArray


def buckets(ts: IntArray, ends: IntArray, timeframe: Timeframe, calendar: str | None, *, regular: bool) -> Buckets:
    """Which bars become one.

    Args:
        ts: Open of each bar, ns UTC, strictly increasing.
        ends: When each bar is known, ns UTC.
        timeframe: The length of the longer bars.
        calendar: The code of the exchange's calendar; None for bars of days, whose date is that of their time.
        regular: Whether there are bars of regular hours only, so that a session ends at its close.

    Raises:
        CalendarError: If the calendar does not know a date.
    """
    if not len(ts):
        return Buckets(ts, ts, ts)
    if calendar is None:
        first, begin, end = _weeks_of_days(ts)
    else:
        sessions = sessions_around(calendar, ts)
        if timeframe.is_intraday:
            first, begin, end = _slots(ts, sessions, timeframe.length_ns)
        else:
            first, begin, end = _trade_dates(ts, sessions, regular=regular, weeks=timeframe.label == "1w")
    known = np.maximum.accumulate(np.maximum(end, ends[_last(first, len(ts))]))
    return Buckets(first, np.minimum(begin, ts[first]), known)


def resample(bars: Bars, found: Buckets) -> Bars:
    """One bar of each bucket: first open, highest high, lowest low, last close, summed volume."""
    if not len(bars):
        return bars
    last = _last(found.first, len(bars))
    return Bars(
        found.begin,
        bars.open[found.first],
        np.maximum.reduceat(bars.high, found.first),
        np.minimum.reduceat(bars.low, found.first),
        bars.close[last],
        np.add.reduceat(bars.volume, found.first),
    )


def latest_known(known: IntArray, ts: IntArray) -> IntArray:
    """For each time, the number of the last bucket that is known by then; −1 before the first.

    Args:
        known: When each bucket is known, ordered.
        ts: Opens of the bars that may use it.
    """
    places: IntArray = np.searchsorted(known, ts, side="right") - 1
    return places


def _slots(ts: IntArray, sessions: Sessions, length_ns: int) -> tuple[IntArray, IntArray, IntArray]:
    """First bar, begin and end of each slot, counted from the open of its session, after the close from the close."""
    place = sessions.of(ts)
    closes = sessions.close[place]
    anchor = np.where(ts < closes, sessions.open[place], closes)
    begin = anchor + (ts - anchor) // length_ns * length_ns
    first = _changes(begin, place)
    ts, place, begin = ts[first], place[first], begin[first]
    opens, closes, pre = sessions.open[place], sessions.close[place], sessions.pre[place]
    limit = np.where(ts < opens, opens, np.where(ts < closes, closes, sessions.end[place]))
    before = np.where(place > 0, sessions.end[place - 1], begin)
    earliest = np.where(ts >= pre, pre, before)
    return first, np.maximum(begin, earliest), np.minimum(begin + length_ns, limit)


def _trade_dates(
    ts: IntArray, sessions: Sessions, *, regular: bool, weeks: bool
) -> tuple[IntArray, IntArray, IntArray]:
    """First bar, begin and end of each session, or of each week of sessions."""
    week = _week(sessions.date)
    key = np.arange(len(sessions)) if not weeks else week
    place = sessions.of(ts)
    first = _changes(key[place])
    opening = np.searchsorted(key, key[place[first]])
    closing = np.searchsorted(key, key[place[first]], side="right") - 1
    ends = sessions.close if regular else sessions.end
    return first, sessions.open[opening], ends[closing]


def _weeks_of_days(ts: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """First bar, begin and end of each week from Monday, of bars whose time is a date."""
    week = _week(ts // NS_PER_DAY)
    first = _changes(week)
    monday = (week[first] * 7 - 3) * NS_PER_DAY
    return first, monday, monday + 7 * NS_PER_DAY


def _changes(*keys: IntArray) -> IntArray:
    """Positions at which one of the keys, each of shape (bars,), differs from the bar before; 0 is one."""
    differs = np.zeros(len(keys[0]) - 1, np.bool_)
    for key in keys:
        differs |= key[1:] != key[:-1]
    return np.concatenate(([0], np.flatnonzero(differs) + 1))


def _last(first: IntArray, n: int) -> IntArray:
    """The number of the last bar of each bucket of n bars."""
    return np.append(first[1:], n) - 1


def _week(day: IntArray) -> IntArray:
    """Weeks from Monday, counted from that of 1970-01-01, a Thursday."""
    week: IntArray = (day + 3) // 7
    return week
