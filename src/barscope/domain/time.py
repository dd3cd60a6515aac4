"""Time as integer nanoseconds since the Unix epoch, UTC, and half-open ranges of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from barscope.errors import InvalidParameterError, cut

NS_PER_SECOND = 1_000_000_000
NS_PER_DAY = 86_400 * NS_PER_SECOND
MIN_NS = -(2**63)
MAX_NS = 2**63 - 1
_EPOCH = dt.date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A half-open range [start_ns, end_ns) in nanoseconds, UTC."""

    start_ns: int = MIN_NS
    end_ns: int = MAX_NS

    def __post_init__(self) -> None:
        if self.start_ns > self.end_ns:
            raise InvalidParameterError(f"a range cannot end ({self.end_ns}) before it starts ({self.start_ns})")

    def intersect(self, other: TimeRange) -> TimeRange | None:
        """The part both ranges share, or None where they share nothing."""
        start, end = max(self.start_ns, other.start_ns), min(self.end_ns, other.end_ns)
        return TimeRange(start, end) if start < end else None


def date_range(start_date: str | dt.date | None, end_date: str | dt.date | None) -> TimeRange:
    """The range from `start_date` 00:00:00 UTC to the last nanosecond of `end_date`; None is open.

    Raises:
        InvalidParameterError: If a date is not `YYYY-MM-DD`, is outside 1678–2261, or the dates are reversed.
    """
    start = MIN_NS if start_date is None else day_start_ns(start_date)
    end = MAX_NS if end_date is None else day_start_ns(end_date) + NS_PER_DAY
    if start >= end:
        raise InvalidParameterError(f"start_date {start_date} is after end_date {end_date}: swap the two dates")
    return TimeRange(start, end)


def day_start_ns(date: str | dt.date) -> int:
    """Midnight UTC of a calendar day, in nanoseconds."""
    day = parse_date(date)
    if not 1678 <= day.year <= 2261:
        raise InvalidParameterError(f"date {day} is outside the years 1678 to 2261 that nanoseconds can hold")
    return (day.toordinal() - _EPOCH) * NS_PER_DAY


def parse_date(date: str | dt.date) -> dt.date:
    """A `YYYY-MM-DD` text or a date as a date; a datetime is refused because its time would be lost."""
    if isinstance(date, dt.date) and not isinstance(date, dt.datetime):
        return date
    try:
        if not isinstance(date, str) or len(date) != 10:
            raise ValueError
        return dt.date.fromisoformat(date)
    except ValueError:
        raise InvalidParameterError(f"invalid date {cut(repr(date))}: write it as YYYY-MM-DD") from None


def date_of(ts_ns: int) -> dt.date:
    """The UTC calendar day that holds a timestamp."""
    return dt.date.fromordinal(int(ts_ns) // NS_PER_DAY + _EPOCH)


def datetime_ns(moment: dt.datetime) -> int:
    """An aware time as nanoseconds since the Unix epoch, exact to the microsecond."""
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1) * 1000


def iso(ts_ns: int) -> str:
    """A timestamp as ISO 8601 UTC text to the second, for messages and labels."""
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(seconds=int(ts_ns) // NS_PER_SECOND)
    return f"{moment.isoformat()}Z"
