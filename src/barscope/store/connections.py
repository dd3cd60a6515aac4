"""One SQLite file, with a connection per thread: what readers and writers of it have in common.

Every access goes through SQLite itself. Opening a live file by any other means (to hash it, to copy it)
would drop the locks this process holds on it, and lose acknowledged rows.
"""

from __future__ import annotations

import ctypes
import errno
import os
import threading
from abc import ABC, abstractmethod
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import apsw

from barscope.errors import InvalidParameterError, SchemaVersionError, StoreError, cut
from barscope.store.failures import file_errors, sqlite_errors
from barscope.store.schema import check_identity, foreign_file, missing_additions, not_created

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from barscope.store.schema import Schema

Row = tuple[Any, ...]


class Connections(ABC):
    """The connections of this process to a database file of one kind, one per thread.

    Args:
        path: The file.
        schema: What the file has to be.

    Raises:
        SchemaVersionError: If another program or a newer barscope wrote the file; it is left unchanged.
    """

    def __init__(self, path: str | Path, schema: Schema) -> None:
        if "\0" in str(path):
            raise InvalidParameterError(f"path {cut(path)} holds a NUL character: choose another path")
        with file_errors(Path(path)):
            self.path = Path(path).resolve()
        self.schema = schema
        self._closed = False
        self._start_empty()
        _open_files.add(self)
        self._look()

    @abstractmethod
    def _open(self) -> apsw.Connection:
        """A new connection."""

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

    def stream(self, sql: str, args: Iterable[Any] = ()) -> Iterator[Row]:
        """The rows of a query one by one, whatever their number."""
        with sqlite_errors(self.path):
            cursor = self.connection().execute(sql, plain(args))
            try:
                yield from cursor
            finally:
                cursor.close()

    @contextmanager
    def unchanging(self) -> Iterator[None]:
        """A block whose queries on this thread all see the file as it is at the first of them."""
        connection = self.connection()
        with sqlite_errors(self.path):
            connection.execute("BEGIN")
            try:
                yield
            finally:
                connection.execute("ROLLBACK")

    def has_addition(self, table: str) -> bool:
        """Whether an additional table is there; a reader of an older file does without."""
        with sqlite_errors(self.path):
            return table not in missing_additions(self.connection(), self.schema)

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

    def _look(self) -> None:
        """Refuses a foreign file before anything is opened that could leave a trace beside it."""
        with file_errors(self.path):
            if not self.path.exists() or (self.path.is_file() and self.path.stat().st_size == 0):
                return
            if not self.path.is_file():
                raise IsADirectoryError(errno.EISDIR, "not a file")
        try:
            with sqlite_errors(self.path), closing(connect(self.path, "mode=ro&immutable=1")) as connection:
                check_identity(connection, self.path, self.schema)
        except StoreError as error:
            if isinstance(error.__cause__, apsw.NotADBError) and not self._has_journal():
                raise foreign_file(self.path, self.schema) from error
            if not isinstance(error.__cause__, (apsw.CorruptError, apsw.NotADBError)):
                raise  # otherwise it may be half of a commit or a checkpoint: the journal has the rest

    def _has_journal(self) -> bool:
        """Whether SQLite has something to undo or to take in before the file counts."""
        journals = (self.path.with_name(self.path.name + end) for end in ("-journal", "-wal"))
        with file_errors(self.path):
            return any(journal.exists() and journal.stat().st_size for journal in journals)

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


def plain(values: Iterable[Any]) -> Row:
    """Values that SQLite can bind: numpy scalars as Python numbers (it would store their bytes as a blob)."""
    return tuple(value.item() if hasattr(value, "item") else value for value in values)


def connect(path: Path, how: str) -> apsw.Connection:
    """A connection by the parameters of a SQLite URI, such as `mode=ro`."""
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
    return apsw.Connection(f"{path.as_uri()}?{how}", flags=flags)


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


_open_files: WeakSet[Connections] = WeakSet()
_lost: set[Path] = set()
"""In a forked child, the files it has to keep off."""


def _leave_all_to_parent() -> None:
    for connections in list(_open_files):
        connections.leave_to_parent()


os.register_at_fork(after_in_child=_leave_all_to_parent)
