"""A choice of bars checked against what there is: everything that can be wrong with it is found here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from barscope.domain.instruments import SymbolMapping, check_symbol, check_symbol_type
from barscope.domain.periods import BarPeriod, period_of_rtype
from barscope.domain.time import TimeRange, date_range, iso
from barscope.errors import InvalidParameterError, MissingBarsError, cut

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.request import BarChoice


@dataclass(frozen=True, slots=True)
class ResolvedChoice:
    """A choice of bars that holds: its symbols resolved, its bars known to exist."""

    period: BarPeriod
    range: TimeRange
    mappings: Mapping[str, tuple[SymbolMapping, ...]]


def resolve_choice(choice: BarChoice, secmaster: SecurityMaster) -> ResolvedChoice:
    """Check a choice of bars and resolve it.

    Raises:
        InvalidParameterError: For an empty or doubled selection, a wrong rtype, symbol type or date.
        UnknownPublisherError: For a publisher that is not there.
        UnknownSymbolError: For a symbol the publisher does not have.
        MissingBarsError: For a symbol without bars in the range; it names the coverage.
    """
    _check_symbols(choice.symbols)
    period = period_of_rtype(choice.rtype)
    check_symbol_type(choice.symbol_type)
    within = date_range(choice.start_date, choice.end_date)
    secmaster.publisher(choice.publisher_id)
    mappings = {symbol: _mappings(choice, symbol, within, secmaster) for symbol in choice.symbols}
    return ResolvedChoice(period, within, mappings)


def _check_symbols(symbols: tuple[str, ...]) -> None:
    if not symbols:
        raise InvalidParameterError("No symbols selected")
    for symbol, count in Counter(symbols).items():
        check_symbol(symbol)
        if count > 1:
            raise InvalidParameterError(f"symbol {cut(symbol)} is selected {count} times: once is enough")


def _mappings(
    choice: BarChoice, symbol: str, within: TimeRange, secmaster: SecurityMaster
) -> tuple[SymbolMapping, ...]:
    mappings = secmaster.mappings(choice.publisher_id, symbol, choice.symbol_type, within)
    if not mappings or not secmaster.has_bars(mappings, choice.rtype):
        raise MissingBarsError(_missing(choice, symbol, secmaster))
    return mappings


def _missing(choice: BarChoice, symbol: str, secmaster: SecurityMaster) -> str:
    asked = f"{cut(symbol)} has no bars of rtype {choice.rtype}"
    if choice.start_date or choice.end_date:
        asked += f" from {choice.start_date or 'the start'} to {choice.end_date or 'the end'}"
    stored = secmaster.coverage(choice.publisher_id, symbol=symbol, symbol_type=choice.symbol_type)
    there = "; ".join(f"rtype {c.rtype} from {iso(c.min_ts)} to {iso(c.max_ts)}" for c in stored)
    return f"{asked}. There is {there}" if there else f"{asked}. Nothing is stored for it: ingest bars first"
