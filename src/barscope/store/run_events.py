"""Reading back the events of a run, whole or one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.errors import InvalidParameterError, cut
from barscope.store.runs_schema import EVENT_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from barscope.store.connections import Row
    from barscope.store.run_reader import RunReader


def read_events(runs: RunReader, run_id: str, table: str) -> list[dict[str, Any]]:
    """The rows of one event table of a run, in the order they were recorded: column → value.

    Raises:
        InvalidParameterError: If there is no such table.
        UnknownRunError: If the run is unknown or not completed.
    """
    names = event_columns(runs, table)
    return [dict(zip(names, row, strict=True)) for row in stream_events(runs, run_id, table, names)]


def event_columns(runs: RunReader, table: str) -> tuple[str, ...]:
    """The columns of an event table.

    Raises:
        InvalidParameterError: If there is no such table.
    """
    if table not in EVENT_TABLES:
        raise InvalidParameterError(f"no event table {cut(table)}: use one of {', '.join(EVENT_TABLES)}")
    return tuple(name for (name,) in runs.database.rows("SELECT name FROM pragma_table_info(?)", (table,)))


def stream_events(runs: RunReader, run_id: str, table: str, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of one event table, one by one, in the order they were recorded, whatever their number.

    Args:
        runs: The store.
        run_id: The run.
        table: The table.
        columns: Some of its columns, as `event_columns` names them.

    Raises:
        UnknownRunError: If the run is unknown or not completed.
    """
    runs.symbols(run_id)  # only completed runs have results
    query = f"SELECT {', '.join(columns)} FROM {table} WHERE run_id = ? ORDER BY id"  # noqa: S608 (our names)
    yield from runs.database.stream(query, (run_id,))
    runs.symbols(run_id)  # nor was it deleted meanwhile
