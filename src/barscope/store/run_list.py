"""All runs at a glance: what a list of thousands of them shows, without parsing what each came from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barscope.store.run_reader import RunReader

_GLANCE = """
    SELECT run_id, name, ts_start, ts_end, status,
        CASE WHEN json_valid(config) THEN config ->> '$.mode' END,
        CASE WHEN json_valid(config) THEN config -> '$.symbols' END,
        CASE WHEN json_valid(config) THEN config ->> '$.rtype' END,
        CASE WHEN json_valid(metadata) THEN metadata ->> '$.final_equity' END,
        CASE WHEN json_valid(config) THEN config ->> '$.broker.settings.starting_cash' END,
        CASE WHEN json_valid(config) THEN config -> '$.strategies[0].params' END,
        CASE WHEN json_valid(config) THEN config -> '$.indicators' END,
        CASE WHEN json_valid(config) THEN config ->> '$.session_id' END,
        CASE WHEN json_valid(config) THEN coalesce(config ->> '$.timeframe', config ->> '$.request.timeframe') END
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
        total_return: How much more than it began with, as a fraction.
        parameters: Those of the strategy, or the indicators; one line.
        session_id: The session of an exploration.
        timeframe: The longer bars that its bars were made into.
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
    total_return: float | None = None
    parameters: str = ""
    session_id: str | None = None
    timeframe: str | None = None


def glance_at_runs(runs: RunReader) -> tuple[RunGlance, ...]:
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
    starting_cash: object,
    params: str | None,
    indicators: str | None,
    session_id: object,
    timeframe: object,
) -> RunGlance:
    listed = json.loads(symbols) if symbols else ()
    worth, began = _number(final_equity), _number(starting_cash)
    return RunGlance(
        run_id,
        name,
        ts_start,
        ts_end,
        status,
        mode if isinstance(mode, str) else None,
        tuple(map(str, listed)) if isinstance(listed, list) else (),
        rtype if isinstance(rtype, int) else None,
        worth,
        worth / began - 1 if worth is not None and began else None,
        _pairs(json.loads(params or "null")) or _names(json.loads(indicators or "null")),
        session_id if isinstance(session_id, str) else None,
        timeframe if isinstance(timeframe, str) else None,
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _pairs(params: object) -> str:
    return ", ".join(f"{name} {value}" for name, value in params.items()) if isinstance(params, dict) else ""


def _names(indicators: object) -> str:
    """Each indicator as its class and the values of its parameters."""
    described = [item for item in indicators if isinstance(item, dict)] if isinstance(indicators, list) else []
    return ", ".join(f"{item.get('class_name')}({_values(item.get('params'))})" for item in described)


def _values(params: object) -> str:
    return ", ".join(str(value) for value in params.values()) if isinstance(params, dict) else ""
