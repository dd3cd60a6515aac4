"""The clock on the wall of a time zone, for whole columns of timestamps at once."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from barscope.domain.time import NS_PER_SECOND
from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from barscope.domain.bars import IntArray

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DAY_S = 86_400


def utc_offsets_ns(ts: IntArray, zone: str) -> IntArray:
    """How far the clock of a zone is ahead of UTC at each timestamp, ns.

    Args:
        ts: Timestamps, ns UTC, in order.
        zone: IANA name.
    """
    if not len(ts):
        return ts
    from_s, offset_s = _offsets(zone, int(ts[0]) // NS_PER_SECOND, int(ts[-1]) // NS_PER_SECOND)
    # Bars are ordered: cutting them at the few changes of the clock is cheaper than looking each one up.
    counts = np.diff(np.searchsorted(ts, from_s[1:] * NS_PER_SECOND), prepend=0, append=len(ts))
    offsets: IntArray = np.repeat(offset_s * NS_PER_SECOND, counts)
    return offsets


def check_zone(zone: str) -> str:
    """The zone, where it is one.

    Raises:
        InvalidParameterError: If no time zone has that name.
    """
    try:
        return ZoneInfo(zone).key
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        remedy = "use an IANA name such as America/New_York"
        raise InvalidParameterError(f"unknown time zone {cut(repr(zone))}: {remedy}") from None


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
