"""All runs at a glance: what a list of thousands of them shows, without parsing what each came from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barscope.store.runs import RunStore

_GLANCE = """
    SELECT run_id, name, ts_start, ts_end, status,
        CASE WHEN json_valid(config) THEN config ->> '$.mode' END,
        CASE WHEN json_valid(config) THEN config -> '$.symbols' END,
        CASE WHEN json_valid(config) THEN config ->> '$.rtype' END,
        CASE WHEN json_valid(metadata) THEN metadata ->> '$.final_equity' END
    FROM runs ORDER BY ts_start DESC, rowid DESC
"""


@dataclass(frozen=True, slots=True)
class RunGlance:
    """What a list says of a run; None and empty where its record does not tell.

    Attributes:
        run_id: The run.
        name: What a person calls it.
        ts_start: When it began, ns UTC.
        ts_end: When it ended, or None.
        status: `running`, `completed`, `failed` or `cancelled`.
        mode: `exploration`, `backtest` or `scenario`.
        symbols: Its symbols.
        rtype: The record type of its bars.
        final_equity: What the account of a backtest was worth in the end.
    """

    run_id: str
    name: str
    ts_start: int
    ts_end: int | None
    status: str
    mode: str | None
    symbols: tuple[str, ...]
    rtype: int | None
    final_equity: float | None


def glance_at_runs(runs: RunStore) -> tuple[RunGlance, ...]:
    """Every run, newest first."""
    return tuple(_glance(*row) for row in runs.database.rows(_GLANCE))


def _glance(
    run_id: str,
    name: str,
    ts_start: int,
    ts_end: int | None,
    status: str,
    mode: object,
    symbols: str | None,
    rtype: object,
    final_equity: object,
) -> RunGlance:
    listed = json.loads(symbols) if symbols else ()
    return RunGlance(
        run_id,
        name,
        ts_start,
        ts_end,
        status,
        mode if isinstance(mode, str) else None,
        tuple(map(str, listed)) if isinstance(listed, list) else (),
        rtype if isinstance(rtype, int) else None,
        float(final_equity) if isinstance(final_equity, int | float) else None,
    )
