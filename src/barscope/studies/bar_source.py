"""Where the bars of a symbol of a request come from: stored ones, or ones made of them, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from barscope.domain.calendars import in_hours
from barscope.errors import MissingBarsError
from barscope.studies.resampling import Buckets, buckets, resample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barscope.domain.bars import Bars, IntArray
    from barscope.domain.instruments import SymbolMapping
    from barscope.domain.periods import BarPeriod
    from barscope.domain.timeframes import Timeframe
    from barscope.studies.bar_cache import BarCache, LoadedBars


class BarSource(Protocol):
    """The bars of one symbol. A source is a frozen, hashable value; one that changes bars holds the one it takes them
    from: stored or spliced bars, then those of a session, then those of a longer period.
    """  # noqa: D205

    def count(self, cache: BarCache) -> int:
        """About how many stored bars `load` reads."""

    def load(self, cache: BarCache, on_rows: Callable[[int], None] | None = None) -> LoadedBars:
        """The bars.

        Args:
            cache: Bars in memory.
            on_rows: Called with the number of stored bars read so far; what it raises ends the read.
        """

    def account(self, cache: BarCache) -> Mapping[str, Any]:
        """What the config of a run says of how the bars were made, in JSON values; empty for bars as stored."""


@dataclass(frozen=True, slots=True)
class StoredBars:
    """Bars as the security master has them."""

    mappings: tuple[SymbolMapping, ...]
    rtype: int

    def count(self, cache: BarCache) -> int:
        """How many bars there are."""
        return cache.secmaster.count_bars(self.mappings, self.rtype)

    def load(self, cache: BarCache, on_rows: Callable[[int], None] | None = None) -> LoadedBars:
        """The bars, from memory or the file."""
        return cache.load(self.mappings, self.rtype, on_rows)

    def account(self, cache: BarCache) -> Mapping[str, Any]:
        """Nothing: they are as stored."""
        return {}


@dataclass(frozen=True, slots=True)
class SessionBars:
    """Those of other bars that open in some hours of their exchange.

    Attributes:
        of: The bars they are taken from.
        calendar: The code of the exchange's calendar.
        hours: `regular` or `extended`.
    """

    of: BarSource
    calendar: str
    hours: str

    def count(self, cache: BarCache) -> int:
        """How many bars are read for them."""
        return self.of.count(cache)

    def load(self, cache: BarCache, on_rows: Callable[[int], None] | None = None) -> LoadedBars:
        """The bars.

        Raises:
            CalendarError: If the calendar does not know a date or the hours.
            MissingBarsError: If no bar opens in these hours.
        """
        return cache.made(self, lambda: self._kept(self.of.load(cache, on_rows).bars))

    def account(self, cache: BarCache) -> Mapping[str, Any]:
        """The calendar and the hours."""
        return {**self.of.account(cache), "calendar": self.calendar, "hours": self.hours}

    def _kept(self, bars: Bars) -> Bars:
        kept = bars.where(in_hours(bars.ts, self.calendar, self.hours))
        if not len(kept):
            raise MissingBarsError(
                f"none of {len(bars):,} bars opens in the {self.hours} hours of {self.calendar}: choose all hours, or "
                "another calendar with set_calendar"
            )
        return kept


@dataclass(frozen=True, slots=True)
class ResampledBars:
    """Longer bars made of others, session by session.

    Attributes:
        of: The bars they are made of.
        period: The length of those.
        timeframe: The length of the longer ones.
        calendar: The code of the exchange's calendar; None for weeks of bars of days.
        hours: Which bars `of` gives: `all`, `regular` or `extended`.
        start_ns: What begins earlier is left out: it would lack the bars before, and belongs to the range before.
    """

    of: BarSource
    period: BarPeriod
    timeframe: Timeframe
    calendar: str | None
    hours: str
    start_ns: int

    def count(self, cache: BarCache) -> int:
        """How many bars are read for them."""
        return self.of.count(cache)

    def load(self, cache: BarCache, on_rows: Callable[[int], None] | None = None) -> LoadedBars:
        """The bars.

        Raises:
            CalendarError: If the calendar does not know a date.
            MissingBarsError: If no longer bar begins in the range.
        """

        def make() -> Bars:
            bars = self.of.load(cache, on_rows).bars
            return resample(bars, self._buckets(bars))

        return cache.made(self, make)

    def known(self, cache: BarCache) -> IntArray:
        """When each bar is complete, ns UTC, shape (bars,)."""
        return self._buckets(self.of.load(cache).bars).known

    def account(self, cache: BarCache) -> Mapping[str, Any]:
        """The timeframe, the calendar, and whether the last bar lasts longer than the bars there are of it."""
        bars = self.of.load(cache).bars
        is_open = int(self.known(cache)[-1]) > int(bars.ts[-1]) + self.period.length_ns
        made = {"timeframe": self.timeframe.label, "calendar": self.calendar, "last_bar_is_partial": is_open}
        return {**self.of.account(cache), **made}

    def _buckets(self, bars: Bars) -> Buckets:
        ends = bars.ts + self.period.length_ns
        found = buckets(bars.ts, ends, self.timeframe, self.calendar, regular=self.hours == "regular")
        earlier = int(np.searchsorted(found.begin, self.start_ns))
        if earlier == len(found.begin):
            raise MissingBarsError(
                f"no bar of {self.timeframe.label} begins in these days: choose an earlier start_date, or a shorter "
                "timeframe"
            )
        return Buckets(*(column[earlier:] for column in found))


def known_at(source: BarSource, bars: Bars, period: BarPeriod, cache: BarCache) -> IntArray:
    """When each bar of a source is known, ns UTC, shape (bars,)."""
    return source.known(cache) if isinstance(source, ResampledBars) else bars.ts + period.length_ns


def accounts(sources: Mapping[str, BarSource], cache: BarCache) -> dict[str, Any]:
    """What the config of a run says of how its bars were made, by symbol; nothing where all are as stored."""
    found = {symbol: dict(source.account(cache)) for symbol, source in sources.items()}
    made = {symbol: account for symbol, account in found.items() if account}
    return {"bar_sources": made} if made else {}
