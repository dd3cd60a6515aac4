"""Whether a database file is sound, and what it holds. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from barscope.errors import StoreError
from barscope.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from barscope.store.schema import Schema


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a database file.

    Attributes:
        exists: Whether there is a file.
        version: Its schema version, or None where it cannot be read.
        counts: Table → number of rows.
        problem: What is wrong with it, or None.
    """

    exists: bool
    version: int | None = None
    counts: dict[str, int] = field(default_factory=dict)
    problem: str | None = None


def examine(path: Path, schema: Schema, tables: Sequence[str]) -> Health:
    """Check a file from end to end, which reads all of it, and count the rows of some of its tables."""
    if not path.exists():
        return Health(exists=False)
    try:
        database = Database(path, schema, readonly=True)
        try:
            return _of(database, tables)
        finally:
            database.close()
    except StoreError as error:
        return Health(exists=True, problem=str(error))


def _of(database: Database, tables: Sequence[str]) -> Health:
    [(version,)] = database.rows("PRAGMA user_version")
    findings = [text for (text,) in database.rows("PRAGMA quick_check(3)")]
    if findings != ["ok"]:
        return Health(True, version, problem="; ".join(findings))
    counts = {table: database.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables}  # noqa: S608 (our tables)
    return Health(True, version, counts)
