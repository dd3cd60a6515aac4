"""All rows of a run over all tables: counting and removing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barscope.errors import StoreError
from barscope.store.runs_schema import EVENT_TABLES

if TYPE_CHECKING:
    from barscope.store.database import Database

_ROWS_AT_ONCE = 20_000
_BLOBS_AT_ONCE = 250


def count_rows(database: Database, run_id: str) -> dict[str, int]:
    """Rows of a run per event table; tables without any are left out."""
    counts = {t: database.rows(f"SELECT count(*) FROM {t} WHERE run_id = ?", (run_id,))[0][0] for t in EVENT_TABLES}  # noqa: S608 (our tables)
    return {table: n for table, n in counts.items() if n}


def remove_rows(database: Database, run_id: str) -> None:
    """Removes the rows and columns of a run in transactions of bounded size; the row in `runs` stays."""
    for table in EVENT_TABLES:
        remove_from(database, table, run_id, _ROWS_AT_ONCE)
    remove_from(database, "run_columns", run_id, _BLOBS_AT_ONCE)


def remove_from(database: Database, table: str, run_id: str, at_once: int) -> None:
    """Removes what one of our tables holds of a run, so many rows in a transaction.

    Raises:
        StoreError: If an index of the table lists rows that are not there: they could be removed for ever.
    """
    some = f"SELECT rowid FROM {table} WHERE run_id = ? LIMIT ?"  # noqa: S608 (our tables)
    while database.rows(some, (run_id, 1)):
        with database.atomic() as connection:
            connection.execute(f"DELETE FROM {table} WHERE rowid IN ({some})", (run_id, at_once))  # noqa: S608 (our tables)
            if not connection.changes():
                remedy = "restore it from a copy or move it away"
                raise StoreError(f"{database.path} is damaged ({table} lists rows that it does not hold): {remedy}")
