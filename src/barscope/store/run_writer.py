"""Recording one run: batches as they come, the last one together with the status.

Rows reach the disk in transactions of up to 20,000 rows. The latest rows are held back until `complete`
writes them in one durable transaction with the status, the row counts and the digest. So whenever the process
dies, the run is either completed and whole, or still `running` without an owner, and `RunStore.recover` ends it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.domain.failures import Failure
from barscope.errors import InvalidParameterError, StoreError, cut
from barscope.store.columns import BAR_SERIES, CHUNK_ROWS, as_bytes, decode, encode
from barscope.store.connections import plain
from barscope.store.json_text import to_json
from barscope.store.run_rows import remove_rows
from barscope.store.runs_schema import EVENT_TABLES
from barscope.store.sweep_writer import add_chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import apsw

    from barscope.domain.bars import Bars, FloatArray, IntArray
    from barscope.store.columns import Column
    from barscope.store.database import Database
    from barscope.store.locks import FileLock
    from barscope.store.state_writer import StateWriter
    from barscope.store.sweep_chunks import SweepChunk

_PUT_CHUNK = """
    INSERT INTO run_columns (run_id, symbol, series, chunk, ts_first_ns, ts_last_ns, n, data)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


_COPY_BARS = """
    INSERT INTO bars (run_id, ts_event_ns, ts_created_ns, symbol, bar_period, open, high, low, close, volume)
    SELECT run_id, ts_event_ns, ts_created_ns, symbol, bar_period, open, high, low, close, volume
    FROM bars_processed WHERE id BETWEEN ? AND ? ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows for one table, and the chunks of run_columns that say the same."""

    table: str
    n: int
    columns: Mapping[str, Iterable[Any]]
    chunks: Sequence[tuple[Any, ...]] = ()
    as_received: bool = False

    def write(self, connection: apsw.Connection) -> None:
        names, marks = ", ".join(self.columns), ", ".join("?" * len(self.columns))
        insert = f"INSERT INTO {self.table} ({names}) VALUES ({marks})"  # noqa: S608 (names were checked)
        connection.executemany(insert, zip(*self.columns.values(), strict=False))  # constants repeat for ever
        if self.as_received:
            last = connection.last_insert_rowid()
            connection.execute(_COPY_BARS, (last - self.n + 1, last))
        connection.executemany(_PUT_CHUNK, self.chunks)


class RunWriter:
    """The one writer of a run that `RunStore.begin` started; ends with `complete`, `fail` or `cancel`.

    The digest is the SHA-256, in hex, of one JSON line `[symbol, series, n, sha256]` per column of
    `run_columns`, in the order of (symbol, series); the inner hash is of the column's uncompressed bytes.

    Attributes:
        run_id: The run.
        state: Tells how the run is doing.
    """

    def __init__(self, database: Database, owner: FileLock, run_id: str, state: StateWriter) -> None:
        self.run_id = run_id
        self.state = state
        self._database = database
        self._owner = owner
        self._held: list[_Batch] = []
        self._counts: Counter[str] = Counter()
        self._digest = _Digest()
        self._chunks = 0

    def append_processed(
        self,
        symbol: str,
        bar_period_name: str,
        bars: Bars,
        series: Mapping[str, FloatArray],
        period_ns: int | IntArray,
        *,
        as_received: bool = False,
        on_rows: Callable[[int], None] | None = None,
    ) -> None:
        """Records the bars of a symbol with its indicator series; once per symbol.

        Args:
            symbol: The symbol.
            bar_period_name: The member name of its period, such as `MINUTE`.
            bars: Its bars.
            series: Series name → values, each of shape (bars,).
            period_ns: Its length, one for all or one each; a bar, and what is computed of it, is known that long
                after its time.
            as_received: Whether `bars` gets the bars too, copied inside the database.
            on_rows: Told the number of rows of this symbol handled so far; may raise to stop.

        Raises:
            InvalidParameterError: If a name is taken or not text, or a series has another length.
            StoreError: If the run has ended.
        """
        self._check_open()
        self._check_series(symbol, bars, series)
        known = bars.ts + period_ns
        for chunk, start in enumerate(range(0, len(bars), CHUNK_ROWS)):
            stop = min(start + CHUNK_ROWS, len(bars))
            part = bars.rows(start, stop)
            values = {name: np.asarray(column[start:stop], dtype=np.float64) for name, column in series.items()}
            columns = {name: getattr(part, name) for name in BAR_SERIES} | values
            self._push(
                _Batch(
                    table="bars_processed",
                    n=len(part),
                    columns=self._bar_columns(symbol, bar_period_name, part, known[start:stop])
                    | {"indicators": json_objects(values, len(part))},
                    chunks=[self._chunk(symbol, name, chunk, part, column) for name, column in columns.items()],
                    as_received=as_received,
                )
            )
            self.state.refresh()
            if on_rows is not None:
                on_rows(stop)

    def append(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Records rows of one of the 13 event tables.

        Args:
            table: The table.
            columns: Column name → values; all but `id` and `run_id`, and those that may be NULL.

        Raises:
            InvalidParameterError: If the table or a column is unknown, or columns differ in length.
            StoreError: If the run has ended.
        """
        self._check_open()
        lengths = {len(values) for values in columns.values()}
        if table not in EVENT_TABLES or not set(columns) <= self._columns_of(table) or len(lengths) != 1:
            remedy = f"use the columns of one of {', '.join(EVENT_TABLES)}, all of one length"
            raise InvalidParameterError(f"cannot record {cut(table)} with columns {cut(', '.join(columns))}: {remedy}")
        for start in range(0, lengths.pop(), CHUNK_ROWS):
            part = {name: plain(values[start : start + CHUNK_ROWS]) for name, values in columns.items()}
            n = len(next(iter(part.values())))
            self._push(_Batch(table, n, {"run_id": repeat(self.run_id), **part}))

    def append_children(self, chunk: SweepChunk) -> None:
        """Records a chunk of the children of a sweep; it is there at once, and stays however the run ends.

        Raises:
            StoreError: If the run has ended.
        """
        self._check_open()
        add_chunk(self._database, self.run_id, self._chunks, chunk)
        self._chunks += 1

    def complete(self, ts_end: int, metadata: Mapping[str, Any], config: Mapping[str, Any] | None = None) -> None:
        """Makes the run `completed` and visible: the held rows, status, row counts and digest in one durable commit.

        Args:
            ts_end: When it ended, ns UTC.
            metadata: What came out of it; the row counts and the digest are added.
            config: The manifest, where more of it is known now than when the run began.
        """
        recorded = {"row_counts": dict(self._counts), "digest": self._digest.hexdigest()}
        self._check_open()
        with self._database.atomic(durable=True) as connection:
            self._write_held(connection)
            self._set_status(connection, "completed", ts_end, dict(metadata) | recorded)
            if config is not None:
                connection.execute("UPDATE runs SET config = ? WHERE run_id = ?", (to_json(config), self.run_id))
            self.state.end(connection, ts_end)
        self._end()

    def fail(self, ts_end: int, metadata: Mapping[str, Any]) -> None:
        """Removes what was recorded and makes the run `failed`, by the exception that is being handled."""
        raised = sys.exception()
        untold = Failure("Error", cut(metadata.get("error") or metadata.get("reason") or "it failed", 500))
        self._drop("failed", ts_end, metadata, raised or untold)

    def cancel(self, ts_end: int, metadata: Mapping[str, Any] | None = None) -> None:
        """Removes what was recorded and makes the run `cancelled`."""
        self._drop("cancelled", ts_end, metadata or {})

    def _drop(
        self, status: str, ts_end: int, metadata: Mapping[str, Any], failure: BaseException | Failure | None = None
    ) -> None:
        self._check_open()
        self._held.clear()
        try:
            self._check_running()  # what interrupts `complete` may come after its commit
            remove_rows(self._database, self.run_id)
            with self._database.atomic(durable=True) as connection:
                self._set_status(connection, status, ts_end, metadata)
                self.state.end(connection, ts_end, failure)
        finally:
            self._end()  # what could not be removed now is left to `recover`

    def _end(self) -> None:
        self._held.clear()
        self.state.log.close()
        self._owner.release(remove=True)

    def _check_open(self) -> None:
        if not self._owner.held:
            raise StoreError(f"run {cut(self.run_id)} has ended, or belongs to the parent process: begin a new run")

    def _set_status(self, connection: apsw.Connection, status: str, ts_end: int, metadata: Mapping[str, Any]) -> None:
        connection.execute(
            "UPDATE runs SET status = ?, ts_end = ?, metadata = ? WHERE run_id = ? AND status = 'running'",
            (status, int(ts_end), to_json(metadata), self.run_id),
        )
        if connection.changes() != 1:
            raise self._not_running()

    def _check_running(self) -> None:
        if not self._database.rows("SELECT 1 FROM runs WHERE run_id = ? AND status = 'running'", (self.run_id,)):
            raise self._not_running()

    def _not_running(self) -> StoreError:
        return StoreError(
            f"run {cut(self.run_id)} is no longer running in {self._database.path}: look what became of it"
        )

    def _push(self, batch: _Batch) -> None:
        """Holds a batch back, after writing what was held if both together are too many rows."""
        if self._held and sum(held.n for held in self._held) + batch.n > CHUNK_ROWS:
            with self._database.atomic() as connection:
                self._write_held(connection)
            self._held.clear()
        self._held.append(batch)
        self._counts[batch.table] += batch.n
        if batch.as_received:
            self._counts["bars"] += batch.n

    def _write_held(self, connection: apsw.Connection) -> None:
        for batch in self._held:
            batch.write(connection)

    def _bar_columns(self, symbol: str, bar_period: str, bars: Bars, known: IntArray) -> dict[str, Iterable[Any]]:
        return {
            "run_id": repeat(self.run_id),
            "ts_event_ns": bars.ts.tolist(),
            "ts_created_ns": known.tolist(),
            "symbol": repeat(symbol),
            "bar_period": repeat(bar_period),
            **{name: getattr(bars, name).tolist() for name in BAR_SERIES[1:]},
        }

    def _chunk(self, symbol: str, series: str, chunk: int, bars: Bars, values: Column) -> tuple[Any, ...]:
        self._digest.add(symbol, series, values)
        return (self.run_id, symbol, series, chunk, int(bars.ts[0]), int(bars.ts[-1]), len(values), encode(values))

    def _check_series(self, symbol: str, bars: Bars, series: Mapping[str, FloatArray]) -> None:
        if self._digest.knows(symbol):
            raise InvalidParameterError(f"{cut(symbol)} is recorded already in run {cut(self.run_id)}: record it once")
        for name, values in series.items():
            if not isinstance(name, str) or name in BAR_SERIES or not _is_unicode(name):
                raise InvalidParameterError(f"a series cannot be called {cut(repr(name))}: choose another name")
            if np.shape(values) != (len(bars),):
                raise InvalidParameterError(f"series {cut(name)} has shape {np.shape(values)}, the bars ({len(bars)},)")

    def _columns_of(self, table: str) -> set[str]:
        rows = self._database.rows("SELECT name FROM pragma_table_info(?)", (table,))
        return {name for (name,) in rows} - {"id", "run_id"}


def json_objects(series: Mapping[str, Column], n: int) -> Iterable[str]:
    """One JSON object per bar, series name → number; NaN and infinities are null."""
    if not series:
        return repeat("{}", n)
    import polars as pl

    frame = pl.DataFrame({name: pl.Series(values, nan_to_null=False) for name, values in series.items()})
    return frame.select(pl.struct(pl.all()).struct.json_encode()).to_series().to_list()


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Digest:
    """The digest of a run's columns, fed in pieces."""

    def __init__(self) -> None:
        self._columns: dict[tuple[str, str], Any] = {}
        self._rows: Counter[tuple[str, str]] = Counter()

    def add(self, symbol: str, series: str, values: Column) -> None:
        """Takes the next values of a column."""
        self._columns.setdefault((symbol, series), hashlib.sha256()).update(as_bytes(values))
        self._rows[symbol, series] += len(values)

    def knows(self, symbol: str) -> bool:
        """Whether a column of the symbol was added."""
        return (symbol, "ts") in self._columns

    def hexdigest(self) -> str:
        """The digest so far."""
        lines = (json.dumps([*key, self._rows[key], self._columns[key].hexdigest()]) for key in sorted(self._columns))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def digest_of_columns(database: Database, run_id: str) -> str:
    """The digest of what `run_columns` holds now; see `RunWriter`."""
    digest = _Digest()
    keys = database.rows(
        "SELECT rowid, symbol, series, n FROM run_columns WHERE run_id = ? ORDER BY symbol, series, chunk", (run_id,)
    )
    for rowid, symbol, series, n in keys:
        ((data,),) = database.rows("SELECT data FROM run_columns WHERE rowid = ?", (rowid,))
        digest.add(symbol, series, decode(data, n, series))
    return digest.hexdigest()
