"""One SQLite file: opened safely, one connection per thread, transactions that writers enter in turn.

Every access goes through SQLite itself. Opening a live file by any other means (to hash it, to copy it)
would drop the locks this process holds on it, and lose acknowledged rows.
"""

from __future__ import annotations

import ctypes
import errno
import os
import threading
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import apsw

from barscope.errors import InvalidParameterError, ReadOnlyStoreError, SchemaVersionError, StoreError, cut
from barscope.store.failures import file_errors, sqlite_errors
from barscope.store.locks import Gate
from barscope.store.schema import check_identity, foreign_file, migrate, missing_additions, not_created

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from barscope.store.schema import Schema

Row = tuple[Any, ...]

# A new file gets pages of 16 KiB: rows of bars are written a fifth faster than with 4 KiB (measured), and blobs of
# columns span fewer of them. The log is taken into the file every 32 MiB.
_SETTINGS = """
    PRAGMA page_size = 16384; PRAGMA wal_autocheckpoint = 2000; PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF; PRAGMA synchronous = NORMAL
"""


class Database:
    """A database file of one kind, for reading or for reading and writing.

    Args:
        path: The file; a writer creates it, with its folder, if there is none.
        schema: What the file has to be.
        readonly: Open with `mode=ro`.
        patience_s: How long a writer waits for its turn.

    Raises:
        SchemaVersionError: If another program or a newer barscope wrote the file; it is left unchanged.
        ReadOnlyStoreError: If a writer cannot write there.
        StoreError: If there is nothing to read, or the file is damaged.
    """

    def __init__(self, path: str | Path, schema: Schema, *, readonly: bool = False, patience_s: float = 30.0) -> None:
        if "\0" in str(path):
            raise InvalidParameterError(f"path {cut(path)} holds a NUL character: choose another path")
        with file_errors(Path(path)):
            self.path = Path(path).resolve()
        self.schema = schema
        self.readonly = readonly
        self._patience_s = patience_s
        self._gate = Gate(self.path, patience_s)
        self._closed = False
        self._start_empty()
        _databases.add(self)
        self._look()
        with ExitStack() as undo:
            undo.callback(self._close_idle, checkpoint=False)  # a refused file stays as it is
            if readonly:
                self._check_readable()
            else:
                self._prepare()
            undo.pop_all()

    def connection(self) -> apsw.Connection:
        """The connection of the calling thread, opened when it is first needed."""
        if self._closed:
            raise StoreError(f"{self.path} is closed: open the store again")
        connection: apsw.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            with sqlite_errors(self.path):
                connection = self._open()
            with self._guard:
                self._connections.add(connection)
            self._local.connection = connection
        self._check_own(connection)
        return connection

    def rows(self, sql: str, args: Iterable[Any] = ()) -> list[Row]:
        """All rows of a query."""
        with sqlite_errors(self.path):
            return self.connection().execute(sql, plain(args)).fetchall()

    def has_addition(self, table: str) -> bool:
        """Whether an additional table is there; a reader of an older file does without."""
        with sqlite_errors(self.path):
            return table not in missing_additions(self.connection(), self.schema)

    @contextmanager
    def atomic(self, *, durable: bool = False) -> Iterator[apsw.Connection]:
        """A write transaction: all of the block, or nothing of it if it raises.

        Writers of all threads and processes take turns. A transaction inside a transaction is an error, so
        that the end of a block always is a commit.

        Args:
            durable: Wait until the commit is on the disk, not only safe from the death of the process.

        Raises:
            StoreBusyError: If it is not this writer's turn within its patience.
            StoreFullError: If the disk is full.
            ReadOnlyStoreError: If the store was opened read-only, or the file cannot be written.
        """
        self.check_writer()
        connection = self.connection()
        if connection.in_transaction:
            raise StoreError(f"{self.path}: atomic() inside atomic() on one thread: end the outer block first")
        with sqlite_errors(self.path), self._gate.passed():
            try:
                if durable:
                    connection.pragma("synchronous", "full")
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                self._check_own(connection)
                connection.execute("COMMIT")
            finally:
                if connection in self._connections:
                    _end(connection)

    def check_writer(self) -> None:
        """Raises ReadOnlyStoreError if the store was opened read-only."""
        if self.readonly:
            raise ReadOnlyStoreError(f"{self.path} was opened read-only: open the store for writing")

    def close(self) -> None:
        """Closes every connection that is not at work; one at work is closed when its thread ends."""
        self._close_idle(checkpoint=True)

    def leave_to_parent(self) -> None:
        """Closes the inherited connections in a forked child, which then opens its own.

        SQLite keeps its locks in memory that the child copies. While an inherited connection is open, one that the
        child opens takes the locks of the parent for its own, and acknowledged rows get lost. One that was at work
        when the process was forked cannot be closed without changing what the parent sees, so the child keeps off
        that file.
        """
        for connection in list(self._connections):
            if not _close(connection, checkpoint=False):
                _lost.add(self.path)
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))  # its destructor would close it
        self._start_empty()

    def _close_idle(self, *, checkpoint: bool) -> None:
        self._closed = True
        with self._guard:
            for connection in list(self._connections):
                if _close(connection, checkpoint=checkpoint):
                    self._connections.discard(connection)

    def _check_own(self, connection: apsw.Connection) -> None:
        if self.path in _lost or connection not in self._connections:
            remedy = "start processes with `spawn`, or fork between two transactions"
            raise StoreError(f"{self.path} was in use when this process was forked: {remedy}")

    def _start_empty(self) -> None:
        self._guard = threading.Lock()
        self._local = threading.local()
        self._connections: WeakSet[apsw.Connection] = WeakSet()

    def _open(self) -> apsw.Connection:
        connection = _connect(self.path, "mode=ro" if self.readonly else "mode=rwc")
        connection.set_busy_timeout(int(self._patience_s * 1000))
        connection.execute(_SETTINGS).fetchall()  # to the end: some of them return rows
        if connection.readonly("main") and not self.readonly:  # SQLite falls back to this without a word
            raise apsw.ReadOnlyError("the file is read-only")
        return connection

    def _look(self) -> None:
        """Refuses a foreign file before anything is opened that could leave a trace beside it."""
        with file_errors(self.path):
            if not self.path.exists() or (self.path.is_file() and self.path.stat().st_size == 0):
                return
            if not self.path.is_file():
                raise IsADirectoryError(errno.EISDIR, "not a file")
        try:
            with sqlite_errors(self.path), closing(_connect(self.path, "mode=ro&immutable=1")) as connection:
                check_identity(connection, self.path, self.schema)
        except StoreError as error:
            if isinstance(error.__cause__, apsw.NotADBError):
                raise foreign_file(self.path, self.schema) from error
            if not isinstance(error.__cause__, apsw.CorruptError):  # may be half of a checkpoint: the log has the rest
                raise

    def _check_readable(self) -> None:
        if not self.path.exists():
            raise not_created(self.path, self.schema)
        with sqlite_errors(self.path):
            version = check_identity(self.connection(), self.path, self.schema)
        if version == 0:
            raise not_created(self.path, self.schema)
        if version < self.schema.version:
            remedy = "open it for writing once to bring it up to date"
            raise SchemaVersionError(f"{self.path} has version {version}, older than {self.schema.version}: {remedy}")

    def _prepare(self) -> None:
        with file_errors(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        if self._is_current():
            return
        with self.atomic(durable=True) as connection:
            migrate(connection, self.schema, check_identity(connection, self.path, self.schema))
        # Only after the first commit, so that the application id of a new file is never in the -wal alone.
        with sqlite_errors(self.path), self._gate.passed():
            self.connection().pragma("journal_mode", "wal")

    def _is_current(self) -> bool:
        with sqlite_errors(self.path):
            connection = self.connection()
            version = check_identity(connection, self.path, self.schema)
            return (
                version == self.schema.version
                and connection.pragma("application_id") == self.schema.application_id
                and connection.pragma("journal_mode") == "wal"
                and not missing_additions(connection, self.schema)
            )


def plain(values: Iterable[Any]) -> Row:
    """Values that SQLite can bind: numpy scalars as Python numbers (it would store their bytes as a blob)."""
    return tuple(value.item() if hasattr(value, "item") else value for value in values)


def _connect(path: Path, how: str) -> apsw.Connection:
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
    return apsw.Connection(f"{path.as_uri()}?{how}", flags=flags)


def _end(connection: apsw.Connection) -> None:
    """Undoes what is not committed, and goes back to commits that do not wait for the disk."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    connection.pragma("synchronous", "normal")


def _close(connection: apsw.Connection, *, checkpoint: bool) -> bool:
    """Closes a connection unless its thread is in a transaction or a statement; says whether it did."""
    try:
        if connection.in_transaction:
            return False
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, int(not checkpoint))
        connection.close()
    except apsw.ThreadingViolationError:
        return False
    return True


_databases: WeakSet[Database] = WeakSet()
_lost: set[Path] = set()
"""In a forked child, the files it has to keep off."""


def _leave_all_to_parent() -> None:
    for database in list(_databases):
        database.leave_to_parent()


os.register_at_fork(after_in_child=_leave_all_to_parent)
