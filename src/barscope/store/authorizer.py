"""What a connection that serves visitors may do: read some tables, for a while. All else is refused."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SAFE_FUNCTIONS = frozenset(
    {"->", "->>", "coalesce", "count", "json_extract", "json_valid", "length", "max", "min", "substr", "sum", "total"}
)
"""SQL functions that compute and touch nothing else."""

_ALWAYS = frozenset({"sqlite_schema", "sqlite_master", "pragma_table_info"})
_PRAGMAS = frozenset({"application_id", "user_version", "data_version", "schema_version"})
_OPCODES_PER_LOOK = 5_000


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """How much one query may take.

    Attributes:
        seconds: Time, from its start to its last row.
        rows: Rows of the answer.
        value_bytes: The largest text or blob.
    """

    seconds: float = 20.0
    rows: int = 2_000_000
    value_bytes: int = 1 << 26


def restrict(
    connection: apsw.Connection,
    tables: Iterable[str],
    limits: ReadLimits,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Lets a connection read some tables and nothing else, for good.

    Args:
        connection: Open, its settings made.
        tables: The tables.
        limits: How much a query may take; rows are counted by the caller.
        now: Tells the time, seconds.
    """
    for option, on in (
        (apsw.SQLITE_DBCONFIG_DEFENSIVE, 1),
        (apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
        (apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0),
        (apsw.SQLITE_DBCONFIG_ENABLE_VIEW, 0),
    ):
        connection.config(option, on)
    connection.enable_load_extension(False)
    for limit, value in (
        (apsw.SQLITE_LIMIT_LENGTH, limits.value_bytes),
        (apsw.SQLITE_LIMIT_SQL_LENGTH, 20_000),
        (apsw.SQLITE_LIMIT_ATTACHED, 0),
        (apsw.SQLITE_LIMIT_EXPR_DEPTH, 50),
        (apsw.SQLITE_LIMIT_COMPOUND_SELECT, 5),
        (apsw.SQLITE_LIMIT_VARIABLE_NUMBER, 1_000),
    ):
        connection.limit(limit, value)
    connection.pragma("query_only", True)
    _end_slow_queries(connection, limits.seconds, now)
    connection.authorizer = _Authorizer(tables)  # last: it refuses the settings above


def _end_slow_queries(connection: apsw.Connection, seconds: float, now: Callable[[], float]) -> None:
    """A query that takes longer ends with `InterruptError`."""
    until = 0.0

    def begin(_cursor: object, _sql: str, _args: object) -> bool:
        nonlocal until
        until = now() + seconds
        return True

    connection.exec_trace = begin
    connection.set_progress_handler(lambda: now() > until, _OPCODES_PER_LOOK)


class _Authorizer:
    """SQLite asks it of each thing that a statement does, when the statement is prepared."""

    def __init__(self, tables: Iterable[str]) -> None:
        self._tables = frozenset(tables) | _ALWAYS

    def __call__(
        self, action: int, first: str | None, second: str | None, database: str | None, _inside: str | None
    ) -> int:
        allowed = {
            apsw.SQLITE_SELECT: True,
            apsw.SQLITE_READ: first in self._tables and database in ("main", None),
            apsw.SQLITE_FUNCTION: second in SAFE_FUNCTIONS,
            apsw.SQLITE_PRAGMA: (first in _PRAGMAS and second is None)
            or (first == "table_info" and second is not None),
        }
        return apsw.SQLITE_OK if allowed.get(action, False) else apsw.SQLITE_DENY
