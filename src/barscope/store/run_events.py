"""Reading back the events of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.errors import InvalidParameterError, cut
from barscope.store.runs_schema import EVENT_TABLES

if TYPE_CHECKING:
    from barscope.store.runs import RunStore


def read_events(runs: RunStore, run_id: str, table: str) -> list[dict[str, Any]]:
    """The rows of one event table of a run, in the order they were recorded: column → value.

    Raises:
        InvalidParameterError: If there is no such table.
        UnknownRunError: If the run is unknown or not completed.
    """
    if table not in EVENT_TABLES:
        raise InvalidParameterError(f"no event table {cut(table)}: use one of {', '.join(EVENT_TABLES)}")
    runs.symbols(run_id)  # only completed runs have results
    names = [name for (name,) in runs.database.rows("SELECT name FROM pragma_table_info(?)", (table,))]
    rows = runs.database.rows(f"SELECT * FROM {table} WHERE run_id = ? ORDER BY id", (run_id,))  # noqa: S608 (our tables)
    return [dict(zip(names, row, strict=True)) for row in rows]
