"""The children of a sweep in chunks: each chunk is whole by itself, and stays whatever ends the sweep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barscope.store.connections import Connections

_READ = "SELECT stretch, symbol, fingerprint, n, data FROM sweep_chunks WHERE run_id = ? ORDER BY chunk"


@dataclass(frozen=True, slots=True)
class SweepChunk:
    """Some children of a sweep on one symbol over one stretch.

    Attributes:
        stretch: The name of the stretch.
        symbol: The symbol.
        fingerprint: Of the bars; see `LoadedBars`.
        n: How many children.
        data: Their columns.
    """

    stretch: str
    symbol: str
    fingerprint: str
    n: int
    data: bytes


class SweepChunks:
    """The chunks of all sweeps of a runs.db.

    Args:
        database: The file.
    """

    def __init__(self, database: Connections) -> None:
        self._database = database

    def read(self, run_id: str) -> Iterator[SweepChunk]:
        """The chunks of a sweep as they came, one in memory at a time; none of a file from before there were sweeps."""
        if self._database.has_addition("sweep_chunks"):
            for stretch, symbol, fingerprint, n, data in self._database.stream(_READ, (run_id,)):
                yield SweepChunk(str(stretch), str(symbol), str(fingerprint), int(n), bytes(data))
