"""A database file opened for visitors: a live one under an authorizer, or a published one that never changes."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import islice
from typing import TYPE_CHECKING, Any

from barscope.errors import StoreError
from barscope.store.authorizer import ReadLimits, restrict
from barscope.store.connections import Connections, connect, plain
from barscope.store.failures import file_errors, sqlite_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import apsw

    from barscope.store.connections import Row
    from barscope.store.schema import Schema

_PATIENCE_MS = 5_000


class ReadOnlyDatabase(Connections):
    """A database file that can be read and nothing else, whatever SQL is sent.

    Args:
        path: The file.
        schema: What it has to be.
        tables: The tables that can be read.
        immutable: Whether nobody writes to the file while it is open: SQLite then takes no lock and looks for no log.
        limits: How much one query may take.

    Raises:
        SchemaVersionError: If another program or another version of barscope wrote the file.
        StoreError: If there is nothing to read.
    """

    def __init__(
        self,
        path: str | Path,
        schema: Schema,
        tables: Iterable[str],
        *,
        immutable: bool = False,
        limits: ReadLimits | None = None,
    ) -> None:
        self._tables = frozenset(tables)
        self._immutable = immutable
        self._limits = limits or ReadLimits()
        self._file: tuple[int, int] | None = None
        super().__init__(path, schema)
        with ExitStack() as undo:
            undo.callback(self.close)
            self._check_readable()
            undo.pop_all()

    def rows(self, sql: str, args: Iterable[Any] = ()) -> list[Row]:
        """All rows of a query.

        Raises:
            StoreError: If it takes longer, or gives more, than the limits allow.
        """
        return list(self.stream(sql, args))

    def stream(self, sql: str, args: Iterable[Any] = ()) -> Iterator[Row]:
        """The rows of a query one by one; raises as `rows`."""
        with sqlite_errors(self.path):
            cursor = self.connection().execute(sql, plain(args))
            try:
                yield from islice(cursor, self._limits.rows)
                if next(cursor, None) is not None:
                    raise StoreError(f"a query of {self.path} gives more than {self._limits.rows:,} rows: ask for less")
            finally:
                cursor.close()

    def warm(self) -> None:
        """Open the file on this thread, while it is the one that was asked for."""
        self.connection()

    def data_version(self) -> int:
        """A number that every commit of another connection changes; to be compared on one thread."""
        ((version,),) = self.rows("PRAGMA data_version")
        return int(version)

    def is_replaced(self) -> bool:
        """Whether another file stands in the place of the one that was opened."""
        try:
            return self._identity() != self._file
        except StoreError:  # removed: what is open stays readable
            return False

    def _identity(self) -> tuple[int, int]:
        with file_errors(self.path):
            found = self.path.stat()
        return found.st_dev, found.st_ino

    def _open(self) -> apsw.Connection:
        with ExitStack() as undo:
            connection = connect(self.path, "mode=ro&immutable=1" if self._immutable else "mode=ro")
            undo.callback(connection.close)
            connection.set_busy_timeout(_PATIENCE_MS)
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # opens the file
            self._check_same_file()
            restrict(connection, self._tables, self._limits)
            undo.pop_all()
        return connection

    def _check_same_file(self) -> None:
        """The connections of all threads read one file, also when another is moved into its place meanwhile."""
        identity = self._identity()
        if self._file is None:
            self._file = identity
        elif self._file != identity:
            raise StoreError(f"{self.path} was replaced while it was open: open it again")
