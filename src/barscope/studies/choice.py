"""A choice of bars checked against what there is: everything that can be wrong with it is found here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from barscope.domain.calendars import HOURS
from barscope.domain.instruments import check_symbol, check_symbol_type
from barscope.domain.periods import BarPeriod, period_of_rtype
from barscope.domain.time import TimeRange, date_range, iso
from barscope.domain.timeframes import check_timeframe
from barscope.errors import InvalidParameterError, MissingBarsError, cut
from barscope.studies.bar_source import BarSource, ResampledBars, SessionBars, StoredBars
from barscope.studies.calendar_book import CalendarBook
from barscope.studies.continuous import continuous_bars, is_made

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.domain.timeframes import Timeframe
    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.request import BarChoice


@dataclass(frozen=True, slots=True)
class ResolvedChoice:
    """A choice of bars that holds: its symbols resolved, its bars known to exist.

    Attributes:
        period: The period of the stored bars.
        range: The range of the dates.
        sources: Symbol → where its bars come from.
        timeframe: The longer bars they are made into, or None.
    """

    period: BarPeriod
    range: TimeRange
    sources: Mapping[str, BarSource]
    timeframe: Timeframe | None = None

    @property
    def bar_length(self) -> BarPeriod | Timeframe:
        """The length of the bars that come out."""
        return self.timeframe or self.period


def resolve_choice(
    choice: BarChoice, secmaster: SecurityMaster, calendars: CalendarBook | None = None
) -> ResolvedChoice:
    """Check a choice of bars and resolve it.

    Args:
        choice: The choice.
        secmaster: Where the bars are.
        calendars: The calendars of symbols; None goes by the venues alone.

    Raises:
        InvalidParameterError: For an empty or doubled selection, a wrong rtype, symbol type or date.
        UnknownPublisherError: For a publisher that is not there.
        UnknownSymbolError: For a symbol the publisher does not have.
        MissingBarsError: For a symbol without bars in the range; it names the coverage.
        CalendarError: For hours or a timeframe where no calendar is known.
    """
    _check_symbols(choice.symbols)
    period = period_of_rtype(choice.rtype)
    check_symbol_type(choice.symbol_type)
    _check_options(choice, period)
    within = date_range(choice.start_date, choice.end_date)
    secmaster.publisher(choice.publisher_id)
    book = calendars or CalendarBook(secmaster)
    sources = {
        symbol: _made_of(_source(choice, symbol, within, secmaster), choice, symbol, within, book)
        for symbol in choice.symbols
    }
    return ResolvedChoice(period, within, sources, choice.longer_bars)


def _check_symbols(symbols: tuple[str, ...]) -> None:
    if not symbols:
        raise InvalidParameterError("No symbols selected")
    for symbol, count in Counter(symbols).items():
        check_symbol(symbol)
        if count > 1:
            raise InvalidParameterError(f"symbol {cut(symbol)} is selected {count} times: once is enough")


def _source(choice: BarChoice, symbol: str, within: TimeRange, secmaster: SecurityMaster) -> BarSource:
    if choice.symbol_type == "continuous" and is_made(secmaster, choice.publisher_id, symbol):
        return continuous_bars(secmaster, choice.publisher_id, symbol, choice.rtype, within)
    mappings = secmaster.mappings(choice.publisher_id, symbol, choice.symbol_type, within)
    if not mappings or not secmaster.has_bars(mappings, choice.rtype):
        raise MissingBarsError(_missing(choice, symbol, secmaster))
    return StoredBars(mappings, choice.rtype)


def _check_options(choice: BarChoice, period: BarPeriod) -> None:
    if choice.hours not in HOURS:
        raise InvalidParameterError(f"unknown hours {cut(repr(choice.hours))}: use one of {', '.join(HOURS)}")
    if choice.hours != "all" and period is BarPeriod.DAY:
        raise InvalidParameterError(f"{choice.hours} hours of bars of a day cannot be told: use all, or shorter bars")
    if choice.longer_bars is not None:
        check_timeframe(choice.longer_bars, period)


def _made_of(
    stored: BarSource, choice: BarChoice, symbol: str, within: TimeRange, calendars: CalendarBook
) -> BarSource:
    """Stored bars, filtered to the hours and resampled to the timeframe of a choice."""
    source, period = stored, period_of_rtype(choice.rtype)
    if choice.hours != "all":
        source = SessionBars(source, calendars.code(choice.publisher_id, symbol), choice.hours)
    if choice.longer_bars is not None:
        calendar = None if period is BarPeriod.DAY else calendars.code(choice.publisher_id, symbol)
        source = ResampledBars(source, period, choice.longer_bars, calendar, choice.hours, within.start_ns)
    return source


def _missing(choice: BarChoice, symbol: str, secmaster: SecurityMaster) -> str:
    asked = f"{cut(symbol)} has no bars of rtype {choice.rtype}"
    if choice.start_date or choice.end_date:
        asked += f" from {choice.start_date or 'the start'} to {choice.end_date or 'the end'}"
    stored = secmaster.coverage(choice.publisher_id, symbol=symbol, symbol_type=choice.symbol_type)
    there = "; ".join(f"rtype {c.rtype} from {iso(c.min_ts)} to {iso(c.max_ts)}" for c in stored)
    return f"{asked}. There is {there}" if there else f"{asked}. Nothing is stored for it: ingest bars first"
