"""A table of named values in presets.db. A row that is broken harms only itself, and its error names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from barscope.errors import InvalidParameterError, PresetConflictError, StoreError, cut
from barscope.store.loaded import Loaded, load

if TYPE_CHECKING:
    from collections.abc import Iterable

    import apsw

    from barscope.store.connections import Row
    from barscope.store.database import Database

Value = TypeVar("Value")


class NamedTable(Generic[Value]):
    """Values by name, sorted by name.

    Args:
        database: presets.db.
        table: The table.
        columns: Its columns, the name first.
        to_row: A value as the columns after the name.
        from_row: The value of a row, given what to call the row in an error; may raise StoreError.
    """

    def __init__(
        self,
        database: Database,
        table: str,
        columns: tuple[str, ...],
        to_row: Callable[[Value], tuple[Any, ...]],
        from_row: Callable[[str, Row], Value],
    ) -> None:
        self._database = database
        self._table = table
        self._columns = columns
        self._to_row = to_row
        self._from_row = from_row

    def get(self, name: str) -> Value | None:
        """The value of a name, or None if there is none.

        Raises:
            StoreError: If the stored value is broken.
        """
        rows = self._database.rows(f"{self._select()} WHERE {self._columns[0]} = ?", (name,))
        return self._read(rows[0]) if rows else None

    def names(self) -> tuple[str, ...]:
        """All names, sorted, also those of broken values."""
        return tuple(row[0] for row in self._database.rows(f"{self._select()} ORDER BY 1"))

    def list(self) -> Loaded[tuple[str, Value]]:
        """Every (name, value), sorted by name."""
        return load(self._database.rows(f"{self._select()} ORDER BY 1"), lambda row: (row[0], self._read(row)))

    def set(self, name: str, value: Value) -> None:
        """Stores a value under a name, in place of an earlier one."""
        row = self._row(name, value)
        with self._database.atomic() as connection:
            self._put(connection, row)

    def change(self, name: str, before: Value | None, after: Value | None) -> None:
        """Stores a value in place of the one that was read before, if that one is still there.

        Args:
            name: Its name.
            before: The value that was read; None where there was none.
            after: The value to store; None removes the name.

        Raises:
            PresetConflictError: If something else is stored by now; it stays.
        """
        row = None if after is None else self._row(name, after)
        expected = None if before is None else self._read(self._row(name, before))
        with self._database.atomic() as connection:
            self._check_unchanged(name, expected, self._stored(connection, name))
            if row is not None:
                self._put(connection, row)
            else:
                connection.execute(f"DELETE FROM {self._table} WHERE {self._columns[0]} = ?", (name,))  # noqa: S608

    def rename(self, name: str, new_name: str) -> None:
        """Gives a value another name.

        Raises:
            InvalidParameterError: If there is no such name, or the new one is taken.
        """
        check_name(new_name)
        key = self._columns[0]
        with self._database.atomic() as connection:
            names = {row[0] for row in connection.execute(f"SELECT {key} FROM {self._table}")}  # noqa: S608
            if name not in names:
                raise InvalidParameterError(f"{self._table} holds no {cut(name)}: choose one of its names")
            if new_name in names and new_name != name:
                raise InvalidParameterError(f"{self._table} holds {cut(new_name)} already: choose another name")
            connection.execute(f"UPDATE {self._table} SET {key} = ? WHERE {key} = ?", (new_name, name))  # noqa: S608

    def delete(self, name: str) -> None:
        """Removes a name; does nothing if there is none."""
        with self._database.atomic() as connection:
            connection.execute(f"DELETE FROM {self._table} WHERE {self._columns[0]} = ?", (name,))  # noqa: S608

    def add(self, connection: apsw.Connection, name: str, value: Value, *, replace: bool) -> bool:
        """Stores a value in a transaction of the caller; tells whether it did: a name that is taken may be left."""
        row = self._row(name, value)
        if not replace and self._stored(connection, name) is not None:
            return False
        self._put(connection, row)
        return True

    def _check_unchanged(self, name: str, expected: Value | None, stored: Row | None) -> None:
        if stored is None:
            if expected is not None:
                raise PresetConflictError(self._table, name, "was deleted by another session")
            return
        try:
            now = self._read(stored)
        except StoreError:  # broken is not what was read
            now = None
        if expected is None:
            raise PresetConflictError(self._table, name, "is there already, and was not loaded here")
        if now != expected:
            raise PresetConflictError(self._table, name, "was changed by another session since it was loaded")

    def _stored(self, connection: apsw.Connection, name: str) -> Row | None:
        return connection.execute(f"{self._select()} WHERE {self._columns[0]} = ?", (name,)).fetchone()

    def _put(self, connection: apsw.Connection, row: Row) -> None:
        insert = f"INSERT OR REPLACE INTO {self._table} VALUES ({', '.join('?' * len(row))})"  # noqa: S608
        connection.execute(insert, row)

    def _row(self, name: str, value: Value) -> Row:
        return (check_name(name), *self._to_row(value))

    def _select(self) -> str:
        return f"SELECT {', '.join(self._columns)} FROM {self._table}"  # noqa: S608 (our tables and columns)

    def _read(self, row: Row) -> Value:
        return self._from_row(f"{cut(row[0])} in {self._table}", row[1:])


def add_all(
    database: Database, entries: Iterable[tuple[NamedTable[Any], str, Any]], *, replace: bool = False
) -> tuple[bool, ...]:
    """Stores values of several tables under names, all in one transaction.

    Args:
        database: The file of the tables.
        entries: Table, name and value of each.
        replace: Whether a value takes the place of one that has its name.

    Returns:
        Of each entry whether it was stored; otherwise its name was taken.
    """
    with database.atomic() as connection:
        return tuple(table.add(connection, name, value, replace=replace) for table, name, value in entries)


def check_name(name: object) -> str:
    """A name a person can read and SQLite can store.

    Raises:
        InvalidParameterError: If it is not text, blank, longer than 255 characters, or not printable.
    """
    if not isinstance(name, str) or not name.strip() or len(name) > 255 or not name.isprintable():
        raise InvalidParameterError(f"the name {cut(repr(name))} is blank, too long or not plain text: choose another")
    return name
