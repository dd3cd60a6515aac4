"""The data-quality report: the stored bars of some symbols examined against their calendars; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from barscope.domain.data_quality import Suspicions, examine
from barscope.errors import CalendarError, InvalidParameterError
from barscope.studies.choice import resolve_choice

if TYPE_CHECKING:
    from barscope.domain.data_quality import Expected, Finding
    from barscope.jobs import JobContext
    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.bar_cache import BarCache
    from barscope.studies.calendar_book import CalendarBook
    from barscope.studies.request import BarChoice


@dataclass(frozen=True, slots=True)
class SymbolQuality:
    """What was found in the bars of one symbol.

    Attributes:
        symbol: The symbol.
        bars: How many bars were examined.
        first_ns, last_ns: Opens of the first and the last of them.
        calendar: The calendar they were held against, or None.
        no_calendar: Why there was none.
        expected: What the calendar expected, or None.
        findings: What may be wrong, in order of time.
        same_as: Symbols of the report that have the very same bars: one file was stored under two names.
    """

    symbol: str
    bars: int
    first_ns: int
    last_ns: int
    calendar: str | None
    no_calendar: str | None
    expected: Expected | None
    findings: tuple[Finding, ...]
    same_as: tuple[str, ...] = ()


def check_quality(
    context: JobContext,
    choice: BarChoice,
    secmaster: SecurityMaster,
    cache: BarCache,
    calendars: CalendarBook,
    suspicions: Suspicions | None = None,
) -> tuple[SymbolQuality, ...]:
    """Examine the stored bars of a choice, symbol by symbol.

    Raises:
        BarscopeError: If the choice does not hold.
    """
    if choice.options():
        raise InvalidParameterError("bars are examined as they are stored: leave hours and timeframe as they are")
    resolved = resolve_choice(choice, secmaster, calendars)
    found: list[SymbolQuality] = []
    prints: dict[str, str] = {}
    for place, (symbol, source) in enumerate(resolved.sources.items()):
        context.report(place / len(resolved.sources), symbol)
        loaded = source.load(cache, lambda _rows: context.check())
        code, why_none = _calendar(calendars, choice.publisher_id, symbol)
        try:
            findings, expected = examine(loaded.bars, resolved.period, code, suspicions)
        except CalendarError as error:
            code, why_none = None, str(error)
            findings, expected = examine(loaded.bars, resolved.period, None, suspicions)
        bars = loaded.bars
        prints[symbol] = loaded.fingerprint
        first, last = int(bars.ts[0]), int(bars.ts[-1])
        found.append(SymbolQuality(symbol, len(bars), first, last, code, why_none, expected, findings))
    return tuple(_with_twins(quality, prints) for quality in found)


def _calendar(calendars: CalendarBook, publisher_id: int, symbol: str) -> tuple[str | None, str | None]:
    try:
        return calendars.code(publisher_id, symbol), None
    except CalendarError as error:
        return None, str(error)


def _with_twins(quality: SymbolQuality, prints: dict[str, str]) -> SymbolQuality:
    own = prints[quality.symbol]
    return replace(quality, same_as=tuple(s for s, other in prints.items() if other == own and s != quality.symbol))
