"""Exchange-local time of bars, as nanoseconds a wall clock shows, and its texts."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from barscope.domain.local_time import utc_offsets_ns
from barscope.domain.periods import BarPeriod
from barscope.domain.time import NS_PER_SECOND

if TYPE_CHECKING:
    from barscope.domain.bars import IntArray

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def local_ns(ts: IntArray, zone: str, period: BarPeriod) -> IntArray:
    """What a clock on the wall of `zone` shows at each timestamp, ns since 1970-01-01 00:00 of that wall.

    A daily bar stands for a date, so it stays in UTC: a zone would shift it to the day before.
    """
    if period is BarPeriod.DAY or not len(ts):
        return ts
    return ts + utc_offsets_ns(ts, zone)


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
