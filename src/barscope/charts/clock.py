"""Exchange-local time of bars, as nanoseconds a wall clock shows, and its texts."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from barscope.domain.periods import BarPeriod
from barscope.domain.time import NS_PER_SECOND

if TYPE_CHECKING:
    from barscope.domain.bars import IntArray

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DAY_S = 86_400
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def local_ns(ts: IntArray, zone: str, period: BarPeriod) -> IntArray:
    """What a clock on the wall of `zone` shows at each timestamp, ns since 1970-01-01 00:00 of that wall.

    A daily bar stands for a date, so it stays in UTC: a zone would shift it to the day before.
    """
    if period is BarPeriod.DAY or not len(ts):
        return ts
    from_s, offset_s = _offsets(zone, int(ts[0]) // NS_PER_SECOND, int(ts[-1]) // NS_PER_SECOND)
    # Bars are ordered: cutting them at the few changes of the clock is cheaper than looking each one up.
    counts = np.diff(np.searchsorted(ts, from_s[1:] * NS_PER_SECOND), prepend=0, append=len(ts))
    offsets: IntArray = np.repeat(offset_s * NS_PER_SECOND, counts)
    return ts + offsets


@lru_cache(maxsize=64)
def _offsets(zone: str, first_s: int, last_s: int) -> tuple[IntArray, IntArray]:
    """Seconds at which an offset from UTC begins to hold, and the offsets; the first begins at `first_s`."""
    tz = ZoneInfo(zone)
    begins, offsets = [first_s], [_offset(tz, first_s)]
    for day in range(first_s + _DAY_S, last_s + _DAY_S, _DAY_S):
        if _offset(tz, day) != offsets[-1]:
            begins.append(_change(tz, day - _DAY_S, day))
            offsets.append(_offset(tz, day))
    return np.array(begins, np.int64), np.array(offsets, np.int64)


def _change(tz: ZoneInfo, before: int, after: int) -> int:
    """The first second of the offset that holds at `after`."""
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(tz, middle) == _offset(tz, before):
            before = middle
        else:
            after = middle
    return after


def _offset(tz: ZoneInfo, second: int) -> int:
    offset = (_EPOCH + dt.timedelta(seconds=second)).astimezone(tz).utcoffset()
    return int((offset or dt.timedelta()).total_seconds())


def wall(local: int) -> dt.datetime:
    """A wall-clock value as a naive datetime."""
    return dt.datetime(1970, 1, 1) + dt.timedelta(seconds=int(local) // NS_PER_SECOND)


def moment_text(local: int, period: BarPeriod) -> str:
    """`Tue 5 Mar 2024 09:30`, without the time for daily bars, with seconds for second bars."""
    t = wall(local)
    date = f"{_WEEKDAYS[t.weekday()]} {t.day} {_MONTHS[t.month - 1]} {t.year}"
    if period is BarPeriod.DAY:
        return date
    return f"{date} {t:%H:%M:%S}" if period is BarPeriod.SECOND else f"{date} {t:%H:%M}"


def month_text(month: int) -> str:
    """`Jan` to `Dec` for 1 to 12."""
    return _MONTHS[month - 1]
