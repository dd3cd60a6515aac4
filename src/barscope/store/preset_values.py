"""What a user saves by name, as values, and the tables that hold it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from barscope.store.connections import plain
from barscope.store.json_text import from_json, to_json
from barscope.store.named_table import NamedTable
from barscope.store.session_values import texts

if TYPE_CHECKING:
    from barscope.store.connections import Row
    from barscope.store.database import Database


@dataclass(frozen=True, slots=True)
class SymbolPreset:
    """A named choice of symbols."""

    rtype: int
    publisher_name: str
    publisher_id: int
    symbols: tuple[str, ...]
    symbol_type: str


@dataclass(frozen=True, slots=True)
class DataSplit:
    """A named division of bars into train, dev and test, half-open; dates are `YYYY-MM-DD`.

    Attributes:
        total_start: First day of train.
        total_end: The day after the last day of test.
        train_end: The day after the last day of train, the first of dev.
        dev_end: The day after the last day of dev, the first of test.
    """

    name: str
    created_at: str
    publisher_id: int
    publisher_name: str
    rtype: int
    symbols: tuple[str, ...]
    symbol_type: str
    total_start: str
    total_end: str
    train_pct: float
    dev_pct: float
    train_end: str
    dev_end: str
    train_bars: int | None = None
    dev_bars: int | None = None
    test_bars: int | None = None


Record = TypeVar("Record", bound=SymbolPreset | DataSplit)


def config_table(database: Database, table: str, key: str) -> NamedTable[Any]:
    """A table of plain JSON values."""
    return NamedTable(
        database, table, (key, "config"), lambda value: (to_json(value),), lambda where, row: from_json(row[0], where)
    )


def record_table(database: Database, table: str, key: str, record: type[Record]) -> NamedTable[Record]:
    """A table with a column per field of a value; its symbols are a JSON list."""
    columns = tuple(field.name for field in fields(record))
    at = columns.index("symbols")

    def to_row(value: Record) -> tuple[Any, ...]:
        row = [getattr(value, column) for column in columns]
        row[at] = to_json(row[at])
        return plain(row)

    def from_row(where: str, row: Row) -> Record:
        values = list(row)
        values[at] = texts(values[at], f"symbols of {where}")
        return record(*values)

    return NamedTable(database, table, (key, *columns), to_row, from_row)
