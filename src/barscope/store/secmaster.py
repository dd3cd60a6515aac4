"""The security master: who publishes bars, what a symbol means, the bars themselves."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.bars import FixedPointBars
from barscope.domain.instruments import Coverage, Publisher, PublisherName
from barscope.domain.time import TimeRange
from barscope.errors import InvalidParameterError, UnknownPublisherError, UnknownSymbolError, close_matches, cut
from barscope.store.bar_writer import BarWriter, WriteCounts
from barscope.store.database import Database
from barscope.store.failures import sqlite_errors
from barscope.store.publisher_list import list_publishers
from barscope.store.reference import ReferenceData, ReferenceWriter
from barscope.store.secmaster_schema import SECMASTER
from barscope.store.symbology import claims_of, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence
    from pathlib import Path

    import apsw

    from barscope.domain.bars import IntArray
    from barscope.domain.batches import BarBatch, SymbologyEntry
    from barscope.domain.instruments import SymbolMapping
    from barscope.domain.reference import IngestedFile, InstrumentDefinition, OpenInterest

_SLICE_ROWS = 100_000
_OF_MAPPING = "FROM ohlcv WHERE instrument_id = ? AND rtype = ? AND ts_event >= ? AND ts_event < ?"
_BARS = f"SELECT ts_event, open, high, low, close, volume {_OF_MAPPING} ORDER BY ts_event"
_COUNT = f"SELECT count(*) {_OF_MAPPING}"


class SecurityMaster:
    """secmaster.db. Reads may run on any thread while another process writes.

    Attributes:
        reference: Definitions, open interest, and the files that are stored.
    """

    def __init__(self, path: str | Path, *, readonly: bool = False) -> None:
        self.database = Database(path, SECMASTER, readonly=readonly)
        self.reference = ReferenceData(self.database)

    def close(self) -> None:
        """Closes the file."""
        self.database.close()

    def publishers(self) -> tuple[Publisher, ...]:
        """All publishers, by id."""
        return list_publishers(self.database)

    def publisher(self, publisher_id: int) -> Publisher:
        """One publisher.

        Raises:
            UnknownPublisherError: If there is none with this id.
        """
        publishers = {p.publisher_id: p for p in self.publishers()}
        if publisher_id not in publishers:
            raise UnknownPublisherError(publisher_id, sorted(publishers))
        return publishers[publisher_id]

    def ensure_publisher(self, name: str, dataset: str, venue: str | None = None) -> Publisher:
        """The publisher of this name and dataset, added if there is none; the venue of an existing one is kept."""
        named = _checked(PublisherName(name, dataset, venue))
        with self.database.atomic() as connection:
            return self.publisher(_ensure(connection, named))

    def coverage(
        self,
        publisher_id: int | None = None,
        rtype: int | None = None,
        symbol: str | None = None,
        symbol_type: str | None = None,
    ) -> tuple[Coverage, ...]:
        """First and last bar of every symbol and record type that matches what is given."""
        given = {"publisher_id": publisher_id, "rtype": rtype, "symbol": symbol, "symbol_type": symbol_type}
        asked = {column: value for column, value in given.items() if value is not None}
        where = " AND ".join(f"{column} = ?" for column in asked) or "true"
        rows = self.database.rows(
            f"SELECT publisher_id, symbol, symbol_type, rtype, min_ts, max_ts FROM symbol_coverage WHERE {where} "  # noqa: S608 (columns above)
            "ORDER BY publisher_id, symbol, symbol_type, rtype",
            tuple(asked.values()),
        )
        return tuple(Coverage(*row) for row in rows)

    def symbols(self, publisher_id: int, rtype: int, symbol_type: str | None = None) -> tuple[str, ...]:
        """The symbols that have bars of a record type, sorted."""
        return tuple(dict.fromkeys(c.symbol for c in self.coverage(publisher_id, rtype, symbol_type=symbol_type)))

    def mappings(
        self,
        publisher_id: int,
        symbol: str,
        symbol_type: str,
        range: TimeRange,
    ) -> tuple[SymbolMapping, ...]:
        """Which instruments a symbol means inside a range: disjoint, ordered; empty if it means none then.

        Raises:
            UnknownPublisherError: If the publisher is unknown.
            UnknownSymbolError: If this publisher never used the symbol; with close matches of that publisher.
        """
        with sqlite_errors(self.database.path):
            claims = claims_of(self.database.connection(), int(publisher_id), symbol, symbol_type)
        if not claims:
            self.publisher(publisher_id)
            known = [c.symbol for c in self.coverage(publisher_id, symbol_type=symbol_type)]
            raise UnknownSymbolError(symbol, close_matches(symbol, known))
        return resolve(symbol, claims, range)

    def has_bars(self, mappings: Sequence[SymbolMapping], rtype: int) -> bool:
        """Whether `read_bars` would return any."""
        return any(self.database.rows(f"{_BARS} LIMIT 1", _key(mapping, rtype)) for mapping in mappings)

    def count_bars(self, mappings: Sequence[SymbolMapping], rtype: int) -> int:
        """How many bars `read_bars` would return."""
        return sum(self.database.rows(_COUNT, _key(mapping, rtype))[0][0] for mapping in mappings)

    def read_bars(
        self, mappings: Sequence[SymbolMapping], rtype: int, *, on_rows: Callable[[int], None] | None = None
    ) -> FixedPointBars:
        """The bars of one symbol's mappings, ordered by time.

        Args:
            mappings: Disjoint ranges, as `mappings` returns them.
            rtype: The record type.
            on_rows: Told the number of rows read so far, every 100,000 rows; may raise to stop.
        """
        columns = np.empty((6, self.count_bars(mappings, rtype)), dtype=np.int64)
        done = 0
        with sqlite_errors(self.database.path):
            for piece in self._slices(sorted(mappings, key=lambda m: m.range.start_ns), rtype):
                columns = _with_room(columns, done + len(piece))
                columns[:, done : done + len(piece)] = piece.T
                done += len(piece)
                if on_rows is not None:
                    on_rows(done)
        return FixedPointBars(*columns[:, :done])

    def write(
        self,
        publisher: int | PublisherName,
        batches: Sequence[BarBatch],
        symbology: Sequence[SymbologyEntry] = (),
        *,
        replace: bool = False,
        definitions: Sequence[InstrumentDefinition] = (),
        open_interest: Sequence[OpenInterest] = (),
        file: IngestedFile | None = None,
        on_rows: Callable[[int], None] | None = None,
    ) -> WriteCounts:
        """Stores bars, symbology and reference data: all of them, or nothing.

        A bar that is already stored with equal values is counted as unchanged, so writing twice is harmless.

        Args:
            publisher: Who published the bars, by id, or by a name that is added if it is new.
            batches: The bars.
            symbology: What the vendor's instrument numbers mean.
            replace: Overwrite stored bars that differ, and symbology that another one contradicts.
            definitions: What instruments are.
            open_interest: Of instruments that are known by then.
            file: The vendor file all of it comes from, remembered together with it.
            on_rows: Told the number of rows handled so far; may raise to stop and leave everything as it was.

        Raises:
            ConflictingBarsError: If a stored bar differs and `replace` is off.
            ConflictingSymbologyError: If a symbol is stored as another instrument from the same day on, likewise.
            InvalidBarsError: If bars break a rule.
            InvalidParameterError: If an rtype, symbol, or date is not valid, or an instrument contradicts a stored one.
            UnknownPublisherError: If the publisher is unknown.
            UnknownSymbolError: If there is open interest of a symbol that no instrument has on that day.
        """
        if isinstance(publisher, PublisherName):
            _checked(publisher)
        else:
            self.publisher(publisher)
        with self.database.atomic(durable=True) as connection:
            publisher_id = _ensure(connection, publisher) if isinstance(publisher, PublisherName) else publisher
            reference = ReferenceWriter(connection, int(publisher_id))
            writer = BarWriter(connection, int(publisher_id), replace=replace, on_rows=on_rows)
            counts = writer.write(batches, symbology)
            reference.put_definitions(definitions)
            reference.put_open_interest(open_interest)
            if file is not None:
                reference.remember(file)
            return counts

    def change_token(self) -> Hashable:
        """A value that differs whenever a commit may have changed bars since; costs two `stat` calls."""
        return tuple(_stat(path) for path in (self.database.path, _wal_of(self.database.path)))

    def _slices(self, mappings: Sequence[SymbolMapping], rtype: int) -> Iterator[IntArray]:
        for mapping in mappings:
            cursor = self.database.connection().execute(_BARS, _key(mapping, rtype))
            try:
                while len(piece := _table(islice(cursor, _SLICE_ROWS))):
                    yield piece
            finally:
                cursor.close()


def _table(rows: Iterator[tuple[int, ...]]) -> IntArray:
    return np.fromiter(chain.from_iterable(rows), dtype=np.int64).reshape(-1, 6)


def _with_room(columns: IntArray, n: int) -> IntArray:
    """The columns, made longer where a writer added bars since they were counted."""
    missing = n - columns.shape[1]
    return columns if missing <= 0 else np.concatenate([columns, np.empty((6, missing), dtype=np.int64)], axis=1)


def _checked(name: PublisherName) -> PublisherName:
    for what, text in (("name", name.name), ("dataset", name.dataset)):
        if not isinstance(text, str) or not text.strip() or not text.isprintable():
            raise InvalidParameterError(f"publisher {what} {cut(repr(text))} is empty or not plain text: name it")
    return name


def _ensure(connection: apsw.Connection, name: PublisherName) -> int:
    """The id of a publisher, added if it is new; the venue of an existing one is kept."""
    connection.execute("INSERT INTO publishers (name, dataset, venue) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", name)
    found = "SELECT publisher_id FROM publishers WHERE name = ? AND dataset = ?"
    return int(connection.execute(found, name[:2]).get)


def _key(mapping: SymbolMapping, rtype: int) -> tuple[int, int, int, int]:
    return (mapping.instrument_id, int(rtype), int(mapping.range.start_ns), int(mapping.range.end_ns))


def _wal_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns)
