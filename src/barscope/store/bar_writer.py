"""Writing bars and symbology inside one transaction, and keeping the coverage exact."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.instruments import Instrument, check_symbol, check_symbol_type
from barscope.domain.periods import STORED_RTYPES
from barscope.domain.time import TimeRange, iso, parse_date
from barscope.errors import ConflictingBarsError, ConflictingSymbologyError, InvalidParameterError, cut
from barscope.store.bar_checks import checked
from barscope.store.symbology import claims_of, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import apsw

    from barscope.domain.batches import BarBatch, SymbologyEntry
    from barscope.domain.instruments import SymbolMapping

_SLICE_ROWS = 20_000
_STORED = """
    SELECT ts_event, open, high, low, close, volume FROM ohlcv
    WHERE instrument_id = ? AND rtype = ? AND ts_event BETWEEN ? AND ? ORDER BY ts_event
"""
_PUT = "INSERT OR REPLACE INTO ohlcv VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_PUT_ENTRY = """
    INSERT INTO symbology VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET end_date = iif(?7, excluded.end_date, max(end_date, excluded.end_date))
"""  # a file of fewer days ends its entries sooner: that is no reason to lose sight of the bars after them
_CONTRADICTED = """
    SELECT source_instrument_id, start_date, end_date FROM symbology
    WHERE publisher_ref = ? AND symbol = ? AND symbol_type = ? AND source_instrument_id <> ?
    AND end_date > ?5 AND start_date < ?6 AND start_date < end_date
"""
_DROP_ENTRY = """
    DELETE FROM symbology
    WHERE publisher_ref = ? AND symbol = ? AND symbol_type = ? AND start_date = ? AND source_instrument_id = ?
"""
_EDGE = "SELECT {edge}(ts_event) FROM ohlcv WHERE instrument_id = ? AND rtype = ? AND ts_event >= ? AND ts_event < ?"
_SYMBOLS_OF = """
    SELECT symbol, symbol_type FROM instruments WHERE instrument_id = ?1 AND symbol IS NOT NULL
    UNION
    SELECT s.symbol, s.symbol_type FROM symbology AS s JOIN instruments AS i USING (publisher_ref, source_instrument_id)
    WHERE i.instrument_id = ?1
"""


@dataclass(frozen=True, slots=True)
class WriteCounts:
    """What became of the bars that were handed in."""

    inserted: int
    unchanged: int
    replaced: int


class BarWriter:
    """One write of a publisher's bars; lives inside a transaction that its owner ends."""

    def __init__(
        self, connection: apsw.Connection, publisher_id: int, *, replace: bool, on_rows: Callable[[int], None] | None
    ) -> None:
        self._connection = connection
        self._publisher_id = publisher_id
        self._replace = replace
        self._on_rows = on_rows
        self._done = self._inserted = self._unchanged = self._replaced = 0

    def write(self, batches: Sequence[BarBatch], symbology: Sequence[SymbologyEntry]) -> WriteCounts:
        """Writes everything; raises on the first thing that is wrong."""
        touched: set[tuple[str, str]] = set()
        self._settle_contradictions(symbology)
        for entry in symbology:
            touched |= self._add_entry(entry)
        for batch in map(checked, batches):
            instrument_id = self._instrument(batch)
            self._add_bars(instrument_id, batch)
            touched |= set(self._connection.execute(_SYMBOLS_OF, (instrument_id,)))
        for symbol, symbol_type in sorted(touched):
            self._refresh_coverage(symbol, symbol_type)
        return WriteCounts(self._inserted, self._unchanged, self._replaced)

    def _settle_contradictions(self, symbology: Sequence[SymbologyEntry]) -> None:
        """Lets new entries take the place of stored ones of other instruments, or refuses them.

        A later start says which of two entries counts. Of two that start on one day nothing does.
        """
        for entry in symbology:
            key = (self._publisher_id, entry.symbol, entry.symbol_type, int(entry.source_instrument_id))
            found = self._connection.execute(_CONTRADICTED, (*key, entry.start_date, entry.end_date))
            for number, start, end in [(int(str(n)), str(start), str(end)) for n, start, end in found.fetchall()]:
                if self._replace:
                    self._cut(entry, number, start, end)
                elif start == entry.start_date:
                    raise _ambiguous(entry, number)

    def _cut(self, entry: SymbologyEntry, number: int, start: str, end: str) -> None:
        """Leaves of a stored entry only what is before and after a new one."""
        key = (self._publisher_id, entry.symbol, entry.symbol_type)
        self._connection.execute(_DROP_ENTRY, (*key, start, number))
        for first, last in ((start, min(end, entry.start_date)), (max(start, entry.end_date), end)):
            if first < last:
                self._connection.execute(_PUT_ENTRY, (*key, number, first, last, True))

    def _add_entry(self, entry: SymbologyEntry) -> set[tuple[str, str]]:
        symbol, symbol_type = check_symbol(entry.symbol), check_symbol_type(entry.symbol_type)
        source_id = int(entry.source_instrument_id)
        start, end = parse_date(entry.start_date), parse_date(entry.end_date)
        if start > end:
            raise InvalidParameterError(f"symbology of {cut(symbol)} starts {start}, after its end {end}: swap them")
        self._connection.execute(
            "INSERT INTO instruments (publisher_ref, source_instrument_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (self._publisher_id, source_id),
        )
        self._connection.execute(
            _PUT_ENTRY, (self._publisher_id, symbol, symbol_type, source_id, str(start), str(end), self._replace)
        )
        return {(symbol, symbol_type)}

    def _instrument(self, batch: BarBatch) -> int:
        """The instrument of a batch, added or completed where the batch knows more."""
        found = self._connection.execute(
            "SELECT instrument_id, publisher_ref, source_instrument_id, symbol, symbol_type FROM instruments "
            "WHERE publisher_ref = ?1 AND (source_instrument_id = ?2 OR (symbol = ?3 AND symbol_type = ?4))",
            (self._publisher_id, batch.source_instrument_id, batch.symbol, batch.symbol_type),
        )
        stored = [Instrument(*row) for row in found]
        if not stored:
            return self._new_instrument(batch)
        if len(stored) > 1 or not _agree(batch, stored[0]):
            raise _contradiction(batch, stored)
        self._connection.execute(
            "UPDATE instruments SET source_instrument_id = coalesce(source_instrument_id, ?), "
            "symbol = coalesce(symbol, ?), symbol_type = coalesce(symbol_type, ?) WHERE instrument_id = ?",
            (batch.source_instrument_id, batch.symbol, batch.symbol_type, stored[0].instrument_id),
        )
        return stored[0].instrument_id

    def _new_instrument(self, batch: BarBatch) -> int:
        self._connection.execute(
            "INSERT INTO instruments (publisher_ref, source_instrument_id, symbol, symbol_type) VALUES (?, ?, ?, ?)",
            (self._publisher_id, batch.source_instrument_id, batch.symbol, batch.symbol_type),
        )
        return self._connection.last_insert_rowid()

    def _add_bars(self, instrument_id: int, batch: BarBatch) -> None:
        columns = batch.bars.columns()
        fresh, differing = self._compare(instrument_id, batch)
        if differing.any() and not self._replace:
            raise _conflict(batch, differing)
        put = fresh | differing
        self._inserted += int(fresh.sum())
        self._replaced += int(differing.sum())
        self._unchanged += int((~put).sum())
        for start in range(0, len(put), _SLICE_ROWS):
            piece = slice(start, start + _SLICE_ROWS)
            values = (column[piece][put[piece]].tolist() for column in columns)
            self._connection.executemany(_PUT, zip(repeat(instrument_id), repeat(batch.rtype), *values, strict=False))
            self._tell(len(put[piece]))

    def _compare(self, instrument_id: int, batch: BarBatch) -> tuple[np.ndarray, np.ndarray]:
        """Which bars are not stored yet, and which are stored with other values; two boolean arrays."""
        ts = batch.bars.ts
        if not len(ts):
            return np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)
        key = (instrument_id, batch.rtype, int(ts[0]), int(ts[-1]))
        flat = chain.from_iterable(self._connection.execute(_STORED, key))
        stored = np.fromiter(flat, dtype=np.int64).reshape(-1, 6)
        if not len(stored):
            return np.ones(len(ts), dtype=bool), np.zeros(len(ts), dtype=bool)
        at = np.minimum(np.searchsorted(stored[:, 0], ts), len(stored) - 1)
        known = stored[at, 0] == ts
        other = np.logical_or.reduce([stored[at, i] != column for i, column in enumerate(batch.bars.columns())])
        return ~known, known & other

    def _tell(self, rows: int) -> None:
        self._done += rows
        if self._on_rows is not None:
            self._on_rows(self._done)

    def _refresh_coverage(self, symbol: str, symbol_type: str) -> None:
        key = (self._publisher_id, symbol, symbol_type)
        mappings = resolve(symbol, claims_of(self._connection, *key), TimeRange())
        self._connection.execute(
            "DELETE FROM symbol_coverage WHERE publisher_id = ? AND symbol = ? AND symbol_type = ?", key
        )
        for rtype in sorted(STORED_RTYPES):
            first = self._edge("min", mappings, rtype)
            last = self._edge("max", reversed(mappings), rtype)
            if first is not None:
                self._connection.execute(
                    "INSERT INTO symbol_coverage VALUES (?, ?, ?, ?, ?, ?)", (*key, rtype, first, last)
                )

    def _edge(self, edge: str, mappings: Iterable[SymbolMapping], rtype: int) -> int | None:
        for m in mappings:
            key = (m.instrument_id, rtype, m.range.start_ns, m.range.end_ns)
            found = self._connection.execute(_EDGE.format(edge=edge), key).get
            if found is not None:
                return int(found)
        return None


def _agree(batch: BarBatch, stored: Instrument) -> bool:
    same_number = None in (batch.source_instrument_id, stored.source_instrument_id) or (
        batch.source_instrument_id == stored.source_instrument_id
    )
    same_symbol = None in (batch.symbol, stored.symbol) or (
        (batch.symbol, batch.symbol_type) == (stored.symbol, stored.symbol_type)
    )
    return same_number and same_symbol


def _contradiction(batch: BarBatch, stored: Sequence[Instrument]) -> InvalidParameterError:
    told = f"instrument {batch.source_instrument_id} as {batch.symbol_type} {cut(batch.symbol)}"
    known = "; ".join(f"instrument {i.source_instrument_id} as {i.symbol_type} {cut(i.symbol)}" for i in stored)
    remedy = "pass dated symbology instead of a symbol"
    return InvalidParameterError(f"{told} contradicts the stored {known}; nothing was written: {remedy}")


def _ambiguous(entry: SymbologyEntry, number: int) -> ConflictingSymbologyError:
    which = f"instrument {entry.source_instrument_id} from {entry.start_date} on, and stored as instrument {number}"
    remedy = "pass replace=True if the new word corrects the old one"
    return ConflictingSymbologyError(f"{cut(entry.symbol)} is given as {which}; nothing was written: {remedy}")


def _conflict(batch: BarBatch, differing: np.ndarray) -> ConflictingBarsError:
    n = int(differing.sum())
    name = cut(batch.symbol) if batch.symbol is not None else f"instrument {batch.source_instrument_id}"
    first = iso(batch.bars.ts[int(np.argmax(differing))])
    differ = "1 bar differs" if n == 1 else f"{n:,} bars differ"
    message = f"{name} (rtype {batch.rtype}): {differ} from what is stored, first at {first}"
    return ConflictingBarsError(f"{message}; nothing was written: pass replace=True to overwrite them", n)
