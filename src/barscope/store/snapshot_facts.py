"""What a snapshot is to its readers: a runs database with a few tables more, and what it says of itself."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import apsw

from barscope.errors import StoreError
from barscope.store.presets_schema import PRESETS
from barscope.store.runs_schema import EVENT_TABLES, RUNS
from barscope.store.schema import Schema

if TYPE_CHECKING:
    from barscope.store.connections import Connections

_LEFT_OUT = ("bars", "bars_processed")
COPIED_TABLES = ("run_columns", "sweep_chunks", *(table for table in EVENT_TABLES if table not in _LEFT_OUT))
"""The tables whose rows of a completed run are published."""

_ABOUT = "CREATE TABLE snapshot (title TEXT NOT NULL, published_at TEXT NOT NULL)"


def _definition(schema: Schema, table: str) -> str:
    with closing(apsw.Connection(":memory:")) as scratch:
        scratch.execute(schema.migrations[0]).fetchall()
        ((sql,),) = scratch.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchall()
    return str(sql)


SNAPSHOT = Schema(
    kind="published snapshot",
    application_id=RUNS.application_id,  # whatever reads runs.db reads this
    migrations=RUNS.migrations,
    additions={
        **RUNS.additions,
        "snapshot": _ABOUT,
        "explorer_sessions": _definition(PRESETS, "explorer_sessions"),
        "session_options": PRESETS.additions["session_options"],
    },
)

SNAPSHOT_TABLES = ("runs", *COPIED_TABLES, *SNAPSHOT.additions)
"""The tables that a reader of a snapshot may look at."""


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """What a snapshot says of itself.

    Attributes:
        title: What a person calls it.
        published_at: When it was written, ISO 8601, UTC.
    """

    title: str
    published_at: str


def read_facts(database: Connections) -> SnapshotFacts:
    """What an open snapshot says of itself.

    Raises:
        StoreError: If the file is no snapshot.
    """
    if not database.has_addition("snapshot"):
        raise StoreError(f"{database.path} is no published snapshot: make one with `barscope publish`")
    return SnapshotFacts(*database.rows("SELECT title, published_at FROM snapshot")[0])
