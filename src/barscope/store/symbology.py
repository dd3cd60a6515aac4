"""Which instrument a symbol means, and when: ranges in nanoseconds, computed once per question.

A symbol is resolved by the vendor's symbology (its dates are UTC midnights, half-open) and by the
instrument that carries the symbol itself, which counts for all time. Where claims overlap, the one that
starts later wins; of two that start together, the one with the higher vendor's number. So no bar is ever
read twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING

from barscope.domain.instruments import SymbolMapping
from barscope.domain.time import MAX_NS, MIN_NS, TimeRange, day_start_ns

if TYPE_CHECKING:
    from collections.abc import Iterable

    import apsw

_INSTRUMENT = "SELECT instrument_id FROM instruments WHERE publisher_ref = ? AND symbol = ? AND symbol_type = ?"
_ENTRIES = """
    SELECT s.start_date, s.end_date, s.source_instrument_id, i.instrument_id
    FROM symbology AS s JOIN instruments AS i USING (publisher_ref, source_instrument_id)
    WHERE s.publisher_ref = ? AND s.symbol = ? AND s.symbol_type = ?
"""


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """A statement that a symbol means an instrument during [start_ns, end_ns); the greater claim wins an overlap."""

    start_ns: int
    source_instrument_id: int
    instrument_id: int
    end_ns: int


def claims_of(connection: apsw.Connection, publisher_id: int, symbol: str, symbol_type: str) -> list[Claim]:
    """Everything the security master says about a symbol; empty for one it does not know."""
    key = (publisher_id, symbol, symbol_type)
    claims = [Claim(MIN_NS, -1, instrument_id, MAX_NS) for (instrument_id,) in connection.execute(_INSTRUMENT, key)]
    for start, end, source_id, instrument_id in connection.execute(_ENTRIES, key):
        claims.append(Claim(day_start_ns(start), source_id, instrument_id, day_start_ns(end)))
    return claims


def resolve(symbol: str, claims: Iterable[Claim], within: TimeRange) -> tuple[SymbolMapping, ...]:
    """The claims cut to disjoint ranges inside `within`, ordered by time."""
    waiting = sorted(claims, reverse=True)
    edges = sorted({edge for claim in waiting for edge in (claim.start_ns, claim.end_ns)})
    open_claims: list[tuple[int, Claim]] = []  # a heap whose top is the greatest claim that has started
    mappings: list[SymbolMapping] = []
    for start, end in pairwise(edges):
        while waiting and waiting[-1].start_ns <= start:
            rank = len(waiting)  # falls as the claims get greater
            heappush(open_claims, (rank, waiting.pop()))
        while open_claims and open_claims[0][1].end_ns <= start:
            heappop(open_claims)
        part = TimeRange(start, end).intersect(within) if open_claims else None
        if part is not None:
            _append(mappings, SymbolMapping(symbol, open_claims[0][1].instrument_id, part))
    return tuple(mappings)


def _append(mappings: list[SymbolMapping], new: SymbolMapping) -> None:
    last = mappings[-1] if mappings else None
    if last and last.instrument_id == new.instrument_id and last.range.end_ns == new.range.start_ns:
        mappings[-1] = SymbolMapping(new.symbol, new.instrument_id, TimeRange(last.range.start_ns, new.range.end_ns))
    else:
        mappings.append(new)
