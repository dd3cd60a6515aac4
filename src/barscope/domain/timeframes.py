"""Timeframes: what stored bars are made into, such as `5min`, `1h`, `1d` (a session) and `1w`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from barscope.domain.periods import BarPeriod
from barscope.domain.time import NS_PER_DAY, NS_PER_SECOND
from barscope.errors import InvalidParameterError, cut

_UNITS = {"s": NS_PER_SECOND, "min": 60 * NS_PER_SECOND, "h": 3600 * NS_PER_SECOND}
_CALENDAR = {"1d": NS_PER_DAY, "1w": 7 * NS_PER_DAY}
_NAMES = {"d": "1d", "day": "1d", "session": "1d", "w": "1w", "week": "1w"}


@dataclass(frozen=True, slots=True)
class Timeframe:
    """The length of the bars that others are made into.

    Attributes:
        label: Its one spelling: `30s`, `5min`, `1h`, `1d`, `1w`.
        length_ns: Length of a full bar; of sessions and weeks that of their days, which they rarely fill.
    """

    label: str
    length_ns: int

    @property
    def is_intraday(self) -> bool:
        """Whether several of them make a session; else it is a session or a week."""
        return self.label not in _CALENDAR


def parse_timeframe(text: str) -> Timeframe:
    """A timeframe by its text; `60min` and `1h` are one, as are `session` and `1d`.

    Raises:
        InvalidParameterError: If it is none.
    """
    label = _NAMES.get(text, text) if isinstance(text, str) else text
    if label in _CALENDAR:
        return Timeframe(label, _CALENDAR[label])
    found = re.fullmatch(r"([1-9][0-9]{0,5})(s|min|h)", str(label), re.ASCII)
    length_ns = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < length_ns < NS_PER_DAY:
        remedy = "write it as 30s, 5min, 1h, 1d (a session) or 1w"
        raise InvalidParameterError(f"unknown timeframe {cut(repr(text))}: {remedy}")
    unit = next(unit for unit in ("h", "min", "s") if not length_ns % _UNITS[unit])
    return Timeframe(f"{length_ns // _UNITS[unit]}{unit}", length_ns)


def check_timeframe(timeframe: Timeframe, period: BarPeriod | Timeframe) -> None:
    """Refuse to make longer bars of shorter ones where that cannot be.

    Raises:
        InvalidParameterError: If the timeframe is finer than the bars, as long as they are, or not a multiple.
    """
    asked, there = f"timeframe {timeframe.label}", f"bars of {period.label}"
    if timeframe.length_ns < period.length_ns:
        raise InvalidParameterError(f"{asked} is finer than {there}: choose a longer one, or shorter bars")
    if timeframe.length_ns == period.length_ns:
        raise InvalidParameterError(f"{asked} is that of the {there} already: leave it out")
    if timeframe.length_ns % period.length_ns:
        raise InvalidParameterError(f"{asked} is not a multiple of {there}: choose one that is")
