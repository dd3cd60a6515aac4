"""The states of the runs of a runs.db, for reading. `state_writer` tells them.

Whether a run lives is decided by the lock of its owner, as in `runs`, never by when it last told of itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from barscope.domain.failures import Failure
from barscope.domain.run_state import COUNTERS, RunState, Version, utc
from barscope.errors import cut
from barscope.store.json_text import from_json
from barscope.store.owners import is_owned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from barscope.store.connections import Row
    from barscope.store.run_reader import RunReader, RunRecord

STATE_TABLES = ("run_states", "run_state_parts")
"""The tables that a reader of states looks at."""

STATE_COLUMNS = (
    "run_id",
    "started_ns",
    "refreshed_ns",
    "executor_running",
    *COUNTERS,
    "feed_lag_ns",
    "crashed_ns",
    "version",
    "exception",
)
SELECT_STATE = f"SELECT {', '.join(STATE_COLUMNS)} FROM run_states"  # noqa: S608 (our columns)


class RunStates:
    """The states of the runs of a runs.db, to iterate over: newest first, without the heavy fields.

    A run that another program recorded has the state that its row in `runs` tells.

    Args:
        runs: The store, for reading or for writing.
    """

    def __init__(self, runs: RunReader) -> None:
        self._runs = runs

    def __iter__(self) -> Iterator[RunState]:
        return iter(self.newest())

    def newest(self, limit: int | None = None) -> tuple[RunState, ...]:
        """The states of the newest runs, at most `limit`."""
        known = self._known()
        records = self._runs.list_runs(limit=limit)
        return tuple(self._alive(known.get(r.run_id) or state_of_record(r)) for r in records)

    def current(self) -> RunState | None:
        """The newest run that goes on, else the newest; None where there is no run."""
        going = (self._alive(self._of(r)) for r in self._runs.list_runs(status="running"))
        newest = self._runs.list_runs(limit=1)
        fallback = self._alive(self._of(newest[0])) if newest else None
        return next((state for state in going if state.executor_running), fallback)

    def completed(self) -> RunState | None:
        """That of the newest run that completed, or None."""
        newest = self._runs.list_runs(status="completed", limit=1)
        return self._of(newest[0]) if newest else None

    def get(self, run_id: str) -> RunState:
        """The state of a run, without the heavy fields.

        Raises:
            UnknownRunError: If there is no such run.
        """
        return self._alive(self._of(self._runs.get(run_id)))

    def source(self, run_id: str) -> str | None:
        """The code that ran; None where nobody knows."""
        found = self._part(run_id, "source_code")
        return None if found is None else found.decode()

    def logs(self, run_id: str) -> list[dict[str, Any]]:
        """The last records of a run, oldest first."""
        found = self._part(run_id, "logs")
        return [] if found is None else list(json.loads(found))

    def record(self, run_id: str) -> RunRecord:
        """What the run came from.

        Raises:
            UnknownRunError: If there is no such run.
        """
        return self._runs.get(run_id)

    def _known(self) -> dict[str, RunState]:
        if not self._runs.database.has_addition("run_states"):
            return {}
        states = (state_of_row(row) for row in self._runs.database.rows(SELECT_STATE))
        return {state.executor_id: state for state in states}

    def _of(self, record: RunRecord) -> RunState:
        database = self._runs.database
        there = database.has_addition("run_states")
        rows = database.rows(f"{SELECT_STATE} WHERE run_id = ?", (record.run_id,)) if there else []
        return state_of_row(rows[0]) if rows else state_of_record(record)

    def _alive(self, state: RunState) -> RunState:
        gone = state.executor_running and not is_owned(self._runs.database.path, state.executor_id)
        return state.interrupted() if gone else state

    def _part(self, run_id: str, part: str) -> bytes | None:
        if not self._runs.database.has_addition("run_state_parts"):
            return None
        rows = self._runs.database.rows(
            "SELECT data FROM run_state_parts WHERE run_id = ? AND part = ?", (run_id, part)
        )
        return bytes(rows[0][0]) if rows else None


def version_of(config: Mapping[str, Any]) -> Version:
    """What computed a run, as its manifest says."""
    versions = config.get("versions")
    versions = versions if isinstance(versions, dict) else {}
    return Version(versions.get("barscope"), config.get("git_revision"), versions.get("python"))


def state_of_record(record: RunRecord) -> RunState:
    """What the row of a run tells of its state."""
    state = RunState.begun(record.run_id, utc(record.ts_start), version_of(record.config))
    at = utc(record.ts_start if record.ts_end is None else record.ts_end)
    if record.status == "failed":
        why = record.metadata.get("error") or record.metadata.get("reason") or "it failed"
        return state.set_fail(at, Failure("Error", cut(why, 500)))
    return state if record.status == "running" else state.ended(at)


def state_of_row(row: Row) -> RunState:
    """The state that a row of `run_states` tells."""
    run_id, started, refreshed, running, *counters, lag, crashed, version, exception = row
    where = f"the state of run {cut(run_id)}"
    failure = from_json(exception, where)
    return RunState(
        executor_id=run_id,
        started_at=utc(started),
        last_refreshed_at=utc(refreshed),
        executor_running=bool(running),
        **dict(zip(COUNTERS, counters, strict=True)),
        market_data_feed_lag=None if lag is None else utc(lag) - utc(0),
        crashed_at=None if crashed is None else utc(crashed),
        exception=None if failure is None else Failure.from_dict(failure),
        version=Version(**from_json(version, where)),
    )
