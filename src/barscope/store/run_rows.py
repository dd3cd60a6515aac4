"""All rows of a run over all tables: counting and removing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    for table in (*EVENT_TABLES, "run_columns"):
        at_once = _BLOBS_AT_ONCE if table == "run_columns" else _ROWS_AT_ONCE
        some = f"SELECT rowid FROM {table} WHERE run_id = ? LIMIT {at_once}"  # noqa: S608 (our tables)
        while database.rows(some, (run_id,)):
            with database.atomic() as connection:
                connection.execute(f"DELETE FROM {table} WHERE rowid IN ({some})", (run_id,))  # noqa: S608 (our tables)
