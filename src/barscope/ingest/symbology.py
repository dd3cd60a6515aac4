"""What a vendor's file says its symbols mean, as ranges that do not overlap."""

from __future__ import annotations

from dataclasses import replace
from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING

from barscope.domain.batches import SymbologyEntry
from barscope.domain.instruments import check_symbol
from barscope.domain.time import parse_date
from barscope.errors import ConflictingSymbologyError, InvalidParameterError, VendorFileError, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SYMBOL_TYPES = {"continuous": "continuous", "bbg_comp_ticker": "ticker", "figi_ticker": "ticker"}
_GROUPS = ("parent", None)
"""Types of a symbol that stands for several instruments at once."""

Mapping = tuple[str, str, str, str]
"""Symbol, first day, day after the last, and what it means then; or the last and the symbol the other way round."""


def symbology(
    mappings: Iterable[Mapping], stype_in: str | None, stype_out: str | None, source: str
) -> tuple[tuple[SymbologyEntry, ...], list[str]]:
    """The mappings of symbols to instrument numbers, and notes on those that cannot be used.

    Where ranges of a symbol overlap, the one that starts later counts, and of two that start together the shorter one:
    it corrects the other.

    Raises:
        VendorFileError: If a symbol, date or number cannot be one.
        ConflictingSymbologyError: If a symbol means two instruments during exactly the same days.
    """
    symbol_type = _SYMBOL_TYPES.get(stype_in or "", "raw_symbol")
    by_symbol: dict[str, set[SymbologyEntry]] = {}
    for left, start, end, right in mappings:
        symbol, number = (right, left) if stype_in == "instrument_id" else (left, right)
        if not symbol or not number or start >= end:
            continue  # how the vendor writes days on which a symbol meant nothing
        if not number.isascii() or not number.isdigit() or len(number) > 18:
            raise VendorFileError(f"{source}: its symbology maps {stype_in} to {stype_out}: ask for instrument_id")
        try:
            dates = (str(parse_date(start)), str(parse_date(end)))
            entry = SymbologyEntry(check_symbol(symbol), symbol_type, int(number), *dates)
        except InvalidParameterError as error:
            raise VendorFileError(f"{source}: its symbology is corrupt: {error}") from None
        by_symbol.setdefault(symbol, set()).add(entry)
    notes, found = [], []
    for symbol, entries in sorted(by_symbol.items()):
        ordered = sorted(entries, key=lambda e: (e.start_date, _descending(e.end_date), e.source_instrument_id))
        if stype_in in _GROUPS and _overlap(ordered):
            notes.append(f"{cut(symbol)} stands for several instruments at a time: they are kept by number only")
        else:
            found += _disjoint(ordered, source)
    return tuple(found), notes


def _descending(date: str) -> int:
    return -int(date.replace("-", ""))


def _overlap(ordered: Sequence[SymbologyEntry]) -> bool:
    return any(later.start_date < earlier.end_date for earlier, later in pairwise(ordered))


def _disjoint(ordered: Sequence[SymbologyEntry], source: str) -> list[SymbologyEntry]:
    """The entries of one symbol cut where a later one in this order begins."""
    for one, other in pairwise(ordered):
        if (one.start_date, one.end_date) == (other.start_date, other.end_date):
            numbers = f"instruments {one.source_instrument_id} and {other.source_instrument_id}"
            days = f"from {one.start_date} to {one.end_date}"
            raise ConflictingSymbologyError(
                f"{source}: {cut(one.symbol)} means {numbers} {days}, and nothing tells which: remove one of them"
            )
    waiting = list(enumerate(ordered))[::-1]
    is_open: list[tuple[int, SymbologyEntry]] = []
    found: list[SymbologyEntry] = []
    for start, end in pairwise(sorted({date for entry in ordered for date in (entry.start_date, entry.end_date)})):
        while waiting and waiting[-1][1].start_date == start:
            rank, entry = waiting.pop()
            heappush(is_open, (-rank, entry))
        while is_open and is_open[0][1].end_date <= start:
            heappop(is_open)
        if not is_open:
            continue
        meant = is_open[0][1]
        last = found[-1] if found else None
        if last and (last.source_instrument_id, last.end_date) == (meant.source_instrument_id, start):
            found[-1] = replace(last, end_date=end)
        else:
            found.append(replace(meant, start_date=start, end_date=end))
    return found
