"""Values as the short texts that the cells of a table hold."""

from __future__ import annotations

import datetime as dt


def moment(ns: int) -> str:
    """A time to the minute, UTC."""
    return f"{dt.datetime.fromtimestamp(ns / 1e9, dt.UTC):%Y-%m-%d %H:%M}"


def day(ns: int) -> str:
    """A date, UTC."""
    return f"{dt.datetime.fromtimestamp(ns / 1e9, dt.UTC):%Y-%m-%d}"


def moment_s(ns: int) -> str:
    """A time to the second, UTC."""
    return f"{dt.datetime.fromtimestamp(ns / 1e9, dt.UTC):%Y-%m-%d %H:%M:%S}"


def duration(ns: int) -> str:
    """A length of time, as short as it can be said."""
    seconds = ns / 1e9
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min {int(seconds % 60)} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def money(value: float) -> str:
    """An amount with its sign."""
    return f"{value:+,.2f}"


def number(value: float) -> str:
    """A quantity."""
    return f"{value:,.10g}"


def count(n: int, noun: str, nouns: str | None = None) -> str:
    """How many there are of something, in the singular for one; `nouns` where the plural is no mere s."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {nouns or noun + 's'}"


def fraction(value: float) -> str:
    """A share of 1 as percent."""
    return f"{value:+.2%}"
