"""The regular sessions of US stock exchanges by simple rules, for made-up bars: 09:30 to 16:00 New York.

Real calendars have exceptions (storms, mournings) that no rule knows; nothing that judges real bars reads this module.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")

_OPEN = dt.time(9, 30)
_CLOSE = dt.time(16, 0)
_EARLY_CLOSE = dt.time(13, 0)
_DAY = dt.timedelta(days=1)
_MONDAY, _THURSDAY, _FRIDAY, _SATURDAY, _SUNDAY = 0, 3, 4, 5, 6


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day: its date in New York, and its open and close in ns UTC."""

    date: dt.date
    open_ns: int
    close_ns: int


def us_sessions(start: dt.date) -> Iterator[Session]:
    """Sessions from a date on, without end."""
    date = start
    year, holidays, early = date.year, us_holidays(date.year), us_early_closes(date.year)
    while True:
        if date.year != year:
            year, holidays, early = date.year, us_holidays(date.year), us_early_closes(date.year)
        if date.weekday() < _SATURDAY and date not in holidays:
            yield Session(date, _ns(date, _OPEN), _ns(date, _EARLY_CLOSE if date in early else _CLOSE))
        date += _DAY


def us_holidays(year: int) -> frozenset[dt.date]:
    """Days of a year on which the exchanges are closed."""
    fixed = [dt.date(year, 7, 4), dt.date(year, 12, 25)]
    if year >= 2022:
        fixed.append(dt.date(year, 6, 19))
    new_year = dt.date(year, 1, 1)  # on a Saturday it is not made up for
    return frozenset(
        {
            *map(_observed, fixed),
            new_year + _DAY if new_year.weekday() == _SUNDAY else new_year,
            _nth(year, 1, _MONDAY, 3),
            _nth(year, 2, _MONDAY, 3),
            _easter(year) - 2 * _DAY,
            _nth(year, 6, _MONDAY, 1) - 7 * _DAY,
            _nth(year, 9, _MONDAY, 1),
            _nth(year, 11, _THURSDAY, 4),
        }
    )


def us_early_closes(year: int) -> frozenset[dt.date]:
    """Days of a year on which the exchanges close at 13:00."""
    days = {dt.date(year, 7, 3), dt.date(year, 12, 24), _nth(year, 11, _THURSDAY, 4) + _DAY}
    return frozenset(day for day in days if day.weekday() < _SATURDAY and day not in us_holidays(year))


def _ns(date: dt.date, clock: dt.time) -> int:
    return int(dt.datetime.combine(date, clock, NEW_YORK).timestamp()) * 1_000_000_000


def _observed(day: dt.date) -> dt.date:
    """The day a holiday is kept on: Friday for a Saturday, Monday for a Sunday."""
    return day + {_SATURDAY: -_DAY, _SUNDAY: _DAY}.get(day.weekday(), dt.timedelta())


def _nth(year: int, month: int, weekday: int, n: int) -> dt.date:
    """The nth such weekday of a month."""
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _easter(year: int) -> dt.date:
    """Easter Sunday.

    Source: Anonymous, A New York correspondent, Nature 13, 1876, p. 487.
    """
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    el = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * el) // 433
    month = (h + el - 7 * m + 90) // 25
    return dt.date(year, month, (h + el - 7 * m + 33 * month + 19) % 32)
