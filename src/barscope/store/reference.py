"""Reference data of the security master: definitions, open interest, bars by day, and which files are stored."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.reference import IngestedFile, InstrumentDefinition
from barscope.domain.time import NS_PER_DAY, TimeRange, date_of, day_start_ns
from barscope.errors import UnknownSymbolError
from barscope.store.failures import sqlite_errors
from barscope.store.symbology import claims_of, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import apsw

    from barscope.domain.bars import IntArray
    from barscope.domain.instruments import SymbolMapping
    from barscope.domain.reference import OpenInterest
    from barscope.store.database import Database

_DEFINITION = (
    "symbol, expiration_ns, root, instrument_class, source_instrument_id, activation_ns, first_notice_ns, tick_size, "
    "multiplier, currency, known_ns"
)
_DEFINITIONS = (
    f"SELECT {_DEFINITION} FROM instrument_definitions WHERE publisher_ref = ? ORDER BY symbol, expiration_ns"  # noqa: S608 (columns above)
)
_PUT_DEFINITION = f"""
    INSERT INTO instrument_definitions (publisher_ref, {_DEFINITION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET
        root = excluded.root, instrument_class = excluded.instrument_class,
        source_instrument_id = excluded.source_instrument_id, activation_ns = excluded.activation_ns,
        first_notice_ns = coalesce(excluded.first_notice_ns, first_notice_ns), tick_size = excluded.tick_size,
        multiplier = excluded.multiplier, currency = excluded.currency, known_ns = excluded.known_ns
    WHERE excluded.known_ns >= known_ns
"""  # noqa: S608 (columns above)
_DAYS = """
    SELECT ts_event / 86400000000000 AS day, sum(volume) FROM ohlcv
    WHERE instrument_id = ? AND rtype = ? AND ts_event >= ? AND ts_event < ? GROUP BY day ORDER BY day
"""
_INTEREST = """
    SELECT known_ns, open_interest FROM open_interest
    WHERE instrument_id = ?1 AND day >= ?2 AND day < ?3 ORDER BY known_ns, day
"""
_PUT_INTEREST = "INSERT OR REPLACE INTO open_interest VALUES (?, ?, ?, ?)"


class ReferenceData:
    """Reads what the security master knows about instruments beside their bars."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def definitions(self, publisher_id: int) -> tuple[InstrumentDefinition, ...]:
        """All definitions of a publisher, by symbol and expiration."""
        if not self._database.has_addition("instrument_definitions"):
            return ()
        return tuple(InstrumentDefinition(*row) for row in self._database.rows(_DEFINITIONS, (publisher_id,)))

    def volume_by_day(self, mappings: Sequence[SymbolMapping], rtype: int) -> IntArray:
        """The UTC days with bars, counted from 1970-01-01, and the volume of each; shape (days, 2)."""
        with sqlite_errors(self._database.path):
            rows = [self._database.connection().execute(_DAYS, _key(m, rtype)) for m in mappings]
            return _pairs(chain.from_iterable(rows))

    def open_interest(self, mappings: Sequence[SymbolMapping]) -> IntArray:
        """When each value was published, and the value, in order of time; shape (values, 2)."""
        if not self._database.has_addition("open_interest"):
            return np.empty((0, 2), dtype=np.int64)
        rows = [self._database.rows(_INTEREST, (m.instrument_id, *_dates(m.range))) for m in mappings]
        return _pairs(chain.from_iterable(rows))

    def has_open_interest(self, mappings: Sequence[SymbolMapping]) -> bool:
        """Whether there is any."""
        return bool(len(self.open_interest(mappings)))

    def ingested(self, publisher_id: int) -> dict[str, IngestedFile]:
        """Hash → the file of a publisher that was stored whole."""
        if not self._database.has_addition("ingested_files"):
            return {}
        query = "SELECT file_hash, filename, rows FROM ingested_files WHERE publisher_ref = ?"
        return {row[0]: IngestedFile(*row) for row in self._database.rows(query, (publisher_id,))}


class ReferenceWriter:
    """One write of a publisher's reference data; lives inside a transaction that its owner ends."""

    def __init__(self, connection: apsw.Connection, publisher_id: int) -> None:
        self._connection = connection
        self._publisher_id = publisher_id

    def put_definitions(self, definitions: Iterable[InstrumentDefinition]) -> None:
        """Adds definitions, or brings known ones up to date."""
        for d in definitions:
            key = (self._publisher_id, d.symbol, d.expiration_ns, d.root, d.instrument_class, d.source_instrument_id)
            facts = (d.activation_ns, d.first_notice_ns, d.tick_size, d.multiplier, d.currency, d.known_ns)
            self._connection.execute(_PUT_DEFINITION, (*key, *facts))

    def put_open_interest(self, values: Iterable[OpenInterest]) -> None:
        """Adds open interest.

        Raises:
            UnknownSymbolError: If no instrument has the symbol on that day.
        """
        for value in values:
            self._connection.execute(
                _PUT_INTEREST, (self._instrument(value), value.day, value.known_ns, value.open_interest)
            )

    def remember(self, file: IngestedFile) -> None:
        """Notes that a file is stored whole."""
        self._connection.execute(
            "INSERT OR REPLACE INTO ingested_files VALUES (?, ?, ?, ?)",
            (self._publisher_id, file.file_hash, file.filename, file.rows),
        )

    def _instrument(self, value: OpenInterest) -> int:
        if value.source_instrument_id is None:
            start = day_start_ns(value.day)
            claims = claims_of(self._connection, self._publisher_id, value.symbol or "", "raw_symbol")
            found = resolve(value.symbol or "", claims, TimeRange(start, start + NS_PER_DAY))
            if not found:
                raise UnknownSymbolError(value.symbol or "")
            return found[-1].instrument_id
        key = (self._publisher_id, value.source_instrument_id)
        self._connection.execute(
            "INSERT INTO instruments (publisher_ref, source_instrument_id) VALUES (?, ?) ON CONFLICT DO NOTHING", key
        )
        query = "SELECT instrument_id FROM instruments WHERE publisher_ref = ? AND source_instrument_id = ?"
        return int(self._connection.execute(query, key).get)


def _key(mapping: SymbolMapping, rtype: int) -> tuple[int, int, int, int]:
    return (mapping.instrument_id, int(rtype), mapping.range.start_ns, mapping.range.end_ns)


def _dates(range: TimeRange) -> tuple[str, str]:
    return str(date_of(range.start_ns)), str(date_of(range.end_ns))


def _pairs(rows: Iterable[tuple[int, int]]) -> IntArray:
    return np.fromiter(chain.from_iterable(rows), dtype=np.int64).reshape(-1, 2)
