"""Writing and removing the chunks of a sweep."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING

from barscope.store.run_rows import remove_from

if TYPE_CHECKING:
    from barscope.store.database import Database
    from barscope.store.sweep_chunks import SweepChunk

_PUT = "INSERT INTO sweep_chunks (run_id, chunk, stretch, symbol, fingerprint, n, data) VALUES (?, ?, ?, ?, ?, ?, ?)"
_CHUNKS_AT_ONCE = 100


def add_chunk(database: Database, run_id: str, chunk: int, found: SweepChunk) -> None:
    """Writes a chunk in a transaction of its own."""
    with database.atomic() as connection:
        connection.execute(_PUT, (run_id, chunk, *astuple(found)))


def remove_chunks(database: Database, run_id: str) -> None:
    """Removes the chunks of a sweep in transactions of bounded size."""
    remove_from(database, "sweep_chunks", run_id, _CHUNKS_AT_ONCE)
