"""Runs and their results as they were recorded, read as the columns that charts and analysis want."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.domain.bars import Bars
from barscope.errors import InvalidParameterError, StoreError, UnknownRunError, UnknownSymbolError, close_matches, cut
from barscope.store.columns import BAR_SERIES, decode_into, dtype_of
from barscope.store.json_text import from_json
from barscope.store.sweep_chunks import SweepChunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from barscope.domain.bars import FloatArray
    from barscope.store.columns import Column
    from barscope.store.connections import Connections

_RECORD = "SELECT run_id, name, ts_start, ts_end, status, config, metadata FROM runs"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What is known of a run besides its results.

    Attributes:
        run_id: The one id of the job, the run and its files.
        name: What a person calls it.
        ts_start: When it began, ns UTC.
        ts_end: When it ended, or None.
        status: `running`, `completed`, `failed` or `cancelled`.
        config: The manifest it can be repeated from.
        metadata: What came out of it, and why it ended.
        problem: What is wrong with the stored config or metadata (then empty), or None.
    """

    run_id: str
    name: str
    ts_start: int
    ts_end: int | None
    status: str
    config: dict[str, Any]
    metadata: dict[str, Any]
    problem: str | None = None


class RunReader:
    """What a runs.db holds. Only completed runs have results.

    Attributes:
        database: The file.
        sweep_chunks: The children of sweeps.
    """

    database: Connections

    def __init__(self, database: Connections) -> None:
        self.database = database
        self.sweep_chunks = SweepChunks(database)

    def close(self) -> None:
        """Closes the file."""
        self.database.close()

    def get(self, run_id: str) -> RunRecord:
        """One run, whatever its status.

        Raises:
            UnknownRunError: If there is none with this id.
        """
        rows = self.database.rows(f"{_RECORD} WHERE run_id = ?", (run_id,))
        if not rows:
            raise UnknownRunError(f"no run {cut(run_id)}: list the runs to see which there are")
        return _record(*rows[0])

    def list_runs(
        self, status: str | None = None, mode: str | None = None, limit: int | None = None
    ) -> tuple[RunRecord, ...]:
        """Runs of every status, or of one; of every mode, or of one; newest first."""
        query = (
            f"{_RECORD} WHERE (?1 IS NULL OR status = ?1) "
            "AND (?2 IS NULL OR CASE WHEN json_valid(config) THEN config ->> '$.mode' END = ?2) "
            "ORDER BY ts_start DESC, rowid DESC LIMIT ?3"
        )
        return tuple(_record(*row) for row in self.database.rows(query, (status, mode, -1 if limit is None else limit)))

    def symbols(self, run_id: str) -> tuple[str, ...]:
        """The symbols a completed run recorded, in the order it recorded them."""
        with self._whole(run_id):
            return self._names("symbol", "run_id = ?", (run_id,))

    def series_names(self, run_id: str, symbol: str) -> tuple[str, ...]:
        """The indicator series a completed run recorded for a symbol, in the order it recorded them."""
        with self._whole(run_id):
            self._check_recorded(run_id, symbol)
            names = self._names("series", "run_id = ? AND symbol = ? AND chunk = 0", (run_id, symbol))
        return tuple(name for name in names if name not in BAR_SERIES)

    def bars(self, run_id: str, symbol: str) -> Bars:
        """The bars of a symbol as a completed run saw them.

        Raises:
            UnknownRunError: If the run is unknown or not completed.
            UnknownSymbolError: If the run has no such symbol.
        """
        with self._whole(run_id):
            self._check_recorded(run_id, symbol)
            columns = [self._column(run_id, symbol, series) for series in BAR_SERIES]
        return Bars(*columns)

    def series(self, run_id: str, symbol: str, names: Iterable[str] | None = None) -> dict[str, FloatArray]:
        """Indicator series of a symbol, all or those named; each of shape (bars,), NaN where there is no value.

        Raises:
            UnknownRunError: If the run is unknown or not completed.
            UnknownSymbolError: If the run has no such symbol.
            InvalidParameterError: If the run has no such series.
        """
        known = self.series_names(run_id, symbol)
        asked = known if names is None else tuple(names)
        for name in asked:
            if name not in known:
                remedy = f"choose from {', '.join(map(cut, known)) or 'none'}"
                raise InvalidParameterError(f"run {cut(run_id)} has no series {cut(name)} of {cut(symbol)}: {remedy}")
        with self._whole(run_id):
            return {name: self._column(run_id, symbol, name) for name in asked}

    @contextmanager
    def _whole(self, run_id: str) -> Iterator[None]:
        """A block that reads results: the run has to be completed to its end, or a part may have been deleted."""
        self._check_visible(run_id)
        try:
            yield
        finally:
            self._check_visible(run_id)

    def _check_visible(self, run_id: str) -> None:
        if not self.database.rows("SELECT 1 FROM runs WHERE run_id = ? AND status = 'completed'", (run_id,)):
            status = self.get(run_id).status
            raise UnknownRunError(f"run {cut(run_id)} is {status}: only completed runs have results")

    def _check_recorded(self, run_id: str, symbol: str) -> None:
        known = self.symbols(run_id)
        if symbol not in known:
            raise UnknownSymbolError(symbol, close_matches(symbol, known))

    def _names(self, column: str, where: str, args: tuple[str, ...]) -> tuple[str, ...]:
        query = f"SELECT {column} FROM run_columns WHERE {where} GROUP BY {column} ORDER BY min(rowid)"  # noqa: S608 (constants)
        return tuple(name for (name,) in self.database.rows(query, args))

    def _column(self, run_id: str, symbol: str, series: str) -> Column:
        query = "SELECT data, n FROM run_columns WHERE run_id = ? AND symbol = ? AND series = ? ORDER BY chunk"
        chunks = self.database.rows(query, (run_id, symbol, series))
        column = np.empty(sum(n for _, n in chunks), dtype=dtype_of(series))
        start = 0
        for data, n in chunks:
            decode_into(column[start : start + n], data, series)
            start += n
        return column


def _record(run_id: str, name: str, start: int, end: int | None, status: str, config: str, metadata: str) -> RunRecord:
    values: list[dict[str, Any]] = []
    problem = None
    for column, text in (("config", config), ("metadata", metadata)):
        try:
            value = from_json(text, f"{column} of run {cut(run_id)}")
        except StoreError as error:
            value, problem = None, str(error)
        values.append(value if isinstance(value, dict) else {})
    return RunRecord(run_id, name, start, end, status, values[0], values[1], problem)
