"""Writing a snapshot: a runs database of some chosen runs that appears whole and is never changed.

It has the tables of runs.db, of which `bars` and `bars_processed` stay empty (charts read `run_columns`), the explorer
sessions and states of its runs, and one row in `snapshot` that says what it is.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, closing, contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from barscope.errors import InvalidParameterError, StoreError, UnknownRunError, cut
from barscope.store.connections import connect, plain
from barscope.store.failures import busy, file_errors, sqlite_errors
from barscope.store.json_text import to_json
from barscope.store.locks import FileLock
from barscope.store.schema import migrate
from barscope.store.session_values import SESSION_COLUMNS
from barscope.store.snapshot_facts import COPIED_TABLES, SNAPSHOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from barscope.store.connections import Connections
    from barscope.store.run_reader import RunReader, RunRecord
    from barscope.store.session_values import ExplorerSession
    from barscope.store.snapshot_facts import SnapshotFacts

_PAGES = "PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF"


def write_snapshot(
    target: str | Path,
    source: RunReader,
    runs: Sequence[RunRecord],
    sessions: Iterable[ExplorerSession],
    facts: SnapshotFacts,
    on_run: Callable[[int], None] = lambda _done: None,
    public_children: Callable[[bytes], bytes] = lambda data: data,
) -> Path:
    """Writes a snapshot beside its place and moves it there, so that readers find the earlier one or this one, whole.

    Args:
        target: Where; a snapshot that is there is replaced.
        source: Where the rows of the runs are.
        runs: The runs as visitors are to see them; those that are `completed` bring their results.
        sessions: The explorer sessions of these runs.
        facts: What the snapshot says of itself.
        on_run: Told how many runs are written so far; what it raises ends the writing, and nothing is left of it.
        public_children: Children of a sweep as visitors are to see them.

    Returns:
        Where it is.

    Raises:
        UnknownRunError: If a run was deleted meanwhile.
        StoreBusyError: If another process is writing there.
        StoreError: If something else than a snapshot is there, or the folder cannot be written.
    """
    if "\0" in str(target):
        raise InvalidParameterError(f"path {cut(target)} holds a NUL character: choose another path")
    with file_errors(Path(target)):
        path = Path(target).resolve()
        part = path.with_name(f".{path.name}.part")
    with _alone(path):
        _check_place(path)
        with ExitStack() as undo:
            undo.callback(part.unlink, missing_ok=True)
            part.unlink(missing_ok=True)  # what a killed writer left
            with sqlite_errors(part), closing(connect(part, "mode=rwc")) as connection:
                _fill(connection, source, runs, sessions, facts, on_run, public_children)
            _move(part, path)
    return path


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    if not lock.try_acquire():
        raise busy(path)
    try:
        yield
    finally:
        lock.release(remove=True)


def _check_place(path: Path) -> None:
    """Raises StoreError if there is a file that is no snapshot."""
    with file_errors(path):
        if not path.exists():
            return
    remedy = "choose another file; it was left unchanged"
    try:
        with closing(connect(path, "mode=ro&immutable=1")) as connection:
            known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'snapshot'").fetchall()
            if known and connection.pragma("application_id") == SNAPSHOT.application_id:
                return
    except apsw.Error as error:
        raise StoreError(f"{path} is no snapshot: {remedy}") from error
    raise StoreError(f"{path} is no snapshot: {remedy}")


def _fill(
    connection: apsw.Connection,
    source: RunReader,
    runs: Sequence[RunRecord],
    sessions: Iterable[ExplorerSession],
    facts: SnapshotFacts,
    on_run: Callable[[int], None],
    public_children: Callable[[bytes], bytes],
) -> None:
    connection.execute(_PAGES).fetchall()
    with connection, source.database.unchanging():
        migrate(connection, SNAPSHOT, 0)
        connection.execute("INSERT INTO snapshot VALUES (?, ?)", astuple(facts))
        for session in sessions:
            _put_session(connection, session)
        for done, run in enumerate(runs, 1):
            _copy_run(connection, source.database, run, public_children)
            on_run(done)
    connection.execute("VACUUM")


def _copy_run(
    connection: apsw.Connection, source: Connections, run: RunRecord, public_children: Callable[[bytes], bytes]
) -> None:
    if source.rows("SELECT status FROM runs WHERE run_id = ?", (run.run_id,)) != [(run.status,)]:
        raise UnknownRunError(f"run {cut(run.run_id)} was deleted meanwhile: publish the others")
    record = (run.run_id, run.name, run.ts_start, run.ts_end, run.status, to_json(run.config), to_json(run.metadata))
    columns = "run_id, name, ts_start, ts_end, status, config, metadata"
    connection.execute(f"INSERT INTO runs ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", record)  # noqa: S608 (our names)
    _copy_state(connection, source, run.run_id)
    if run.status != "completed":
        return
    for table in COPIED_TABLES:
        names = _columns_of(connection, table)
        columns, marks = ", ".join(names), ", ".join("?" * len(names))
        rows = source.stream(f"SELECT {columns} FROM {table} WHERE run_id = ? ORDER BY rowid", (run.run_id,))  # noqa: S608 (our names)
        if table == "sweep_chunks":
            at = names.index("data")
            rows = ((*row[:at], public_children(row[at]), *row[at + 1 :]) for row in rows)
        connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)  # noqa: S608 (our names)


def _copy_state(connection: apsw.Connection, source: Connections, run_id: str) -> None:
    """What a run counted; neither what it ran on nor the frames of a failure."""
    if not source.has_addition("run_states"):
        return
    names = [name for name in _columns_of(connection, "run_states") if name not in ("version", "exception")]
    columns = ", ".join(names)
    rows = source.rows(f"SELECT {columns}, '{{}}' FROM run_states WHERE run_id = ?", (run_id,))  # noqa: S608 (our names)
    marks = ", ".join("?" * (len(names) + 1))
    connection.executemany(f"INSERT INTO run_states ({columns}, version) VALUES ({marks})", rows)  # noqa: S608 (our names)


def _put_session(connection: apsw.Connection, session: ExplorerSession) -> None:
    values = (getattr(session, column) for column in SESSION_COLUMNS)
    row = plain(to_json(value) if isinstance(value, tuple) else value for value in values)
    marks = ", ".join("?" * len(row))
    insert = f"INSERT INTO explorer_sessions ({', '.join(SESSION_COLUMNS)}) VALUES ({marks})"  # noqa: S608 (our columns)
    connection.execute(insert, row)
    if session.options:
        connection.execute("INSERT INTO session_options VALUES (?, ?)", (session.session_id, to_json(session.options)))


def _columns_of(connection: apsw.Connection, table: str) -> list[str]:
    return [str(name) for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]


def _move(part: Path, path: Path) -> None:
    """Both are on the disk before the name changes, and the name is before this returns."""
    with file_errors(path):
        _flush(part)
        part.replace(path)
        _flush(path.parent)


def _flush(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
