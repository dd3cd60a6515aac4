"""One SQLite file for reading and writing: transactions that writers enter in turn."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import apsw

from barscope.errors import ReadOnlyStoreError, StoreError
from barscope.store.connections import Connections, connect
from barscope.store.failures import file_errors, sqlite_errors
from barscope.store.interrupts import uninterrupted
from barscope.store.locks import Gate
from barscope.store.schema import check_identity, migrate, missing_additions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from barscope.store.schema import Schema

_READERS_MS = 100

# A new file gets pages of 16 KiB: rows of bars are written a fifth faster than with 4 KiB (measured), and blobs of
# columns span fewer of them. The log is taken into the file every 32 MiB.
_SETTINGS = """
    PRAGMA page_size = 16384; PRAGMA wal_autocheckpoint = 2000; PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF; PRAGMA synchronous = NORMAL
"""


class Database(Connections):
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
        super().__init__(path, schema)
        self.readonly = readonly
        self._patience_s = patience_s
        self._gate = Gate(self.path, patience_s)
        with ExitStack() as undo:
            undo.callback(self._close_idle, checkpoint=False)  # a refused file stays as it is
            if readonly:
                self._check_readable()
            else:
                self._prepare()
            undo.pop_all()

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
        with uninterrupted(), sqlite_errors(self.path), self._gate.passed():
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

    def _open(self) -> apsw.Connection:
        connection = connect(self.path, "mode=ro" if self.readonly else "mode=rwc")
        connection.set_busy_timeout(int(self._patience_s * 1000))
        connection.execute(_SETTINGS).fetchall()  # to the end: some of them return rows
        connection.set_wal_hook(_ShortLog(connection.pragma("wal_autocheckpoint"), self._patience_s))
        if connection.readonly("main") and not self.readonly:  # SQLite falls back to this without a word
            raise apsw.ReadOnlyError("the file is read-only")
        return connection

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


class _ShortLog:
    """Takes a long log into the file after a commit, and has it begin anew.

    SQLite's own checkpoint lets it begin anew only where it meets no reader: among four it grew by 100 MB a second
    (measured). Readers are waited for, but not for long: what one keeps from it is tried again when the log is a
    quarter longer.

    Args:
        pages: From how many pages on a log is long.
        patience_s: The patience of the connection for all else.
    """

    def __init__(self, pages: int, patience_s: float) -> None:
        self._pages = self._limit = pages
        self._patience_ms = int(patience_s * 1000)

    def __call__(self, connection: apsw.Connection, database: str, pages: int) -> int:
        self._limit = self._pages if pages < self._pages else self._limit
        if pages >= self._limit:
            connection.set_busy_timeout(_READERS_MS)
            try:
                connection.wal_checkpoint(database, apsw.SQLITE_CHECKPOINT_RESTART)
            except apsw.Error:  # whatever it was, the commit stands
                self._limit = pages + self._pages // 4
            finally:
                connection.set_busy_timeout(self._patience_ms)
        return apsw.SQLITE_OK


def _end(connection: apsw.Connection) -> None:
    """Undoes what is not committed, and goes back to commits that do not wait for the disk."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    connection.pragma("synchronous", "normal")
