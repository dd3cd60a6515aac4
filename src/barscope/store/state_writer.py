"""Telling the state of a run while it is recorded.

What changes at every heartbeat is one small row; the source and the log are parts beside it. Pictures and metrics are
not stored: they follow from what the run recorded.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from barscope.domain.failures import Failure
from barscope.domain.run_state import COUNTERS, RunState, utc
from barscope.domain.time import datetime_ns
from barscope.errors import StoreError
from barscope.store.json_text import to_json
from barscope.store.run_log import RunLog
from barscope.store.run_states import SELECT_STATE, STATE_COLUMNS, state_of_row, version_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    import apsw

    from barscope.store.database import Database

_log = logging.getLogger(__name__)

HEARTBEAT_NS = 1_000_000_000
"""A run tells of itself at most once in this time."""

_PUT = f"INSERT OR REPLACE INTO run_states ({', '.join(STATE_COLUMNS)}) VALUES ({', '.join('?' * len(STATE_COLUMNS))})"  # noqa: S608
_PUT_PART = "INSERT OR REPLACE INTO run_state_parts (run_id, part, data) VALUES (?, ?, ?)"


class StateWriter:
    """Tells the state of a run that is being recorded: when it begins, at most once a second, and when it ends.

    Args:
        database: runs.db.
        state: The state it begins with.
        clock_ns: Tells the time, ns UTC.

    Attributes:
        state: As it was told last.
        log: What the run has to say.
        source: The code that runs, where the manifest does not hold it; told once.
    """

    def __init__(self, database: Database, state: RunState, clock_ns: Callable[[], int]) -> None:
        self._database = database
        self._clock_ns = clock_ns
        self._told_ns = clock_ns()
        self._totals: dict[str, int] = {}
        self._latest_ns: int | None = None
        self._logged = 0
        self.state = state
        self.log = RunLog(clock_ns)
        self.log.start()
        self.source: str | None = None

    def count(self, **totals: int) -> None:
        """Work succeeded: new totals of counters of `RunState`."""
        self._totals.update(totals)
        self.refresh()

    def feed(self, latest_ns: int) -> None:
        """The bars were loaded; the newest was known at `latest_ns`."""
        self._latest_ns = latest_ns
        self.refresh()

    def refresh(self) -> None:
        """The run goes on. A heartbeat that cannot be written is left out: it is no reason to fail a run."""
        now = self._clock_ns()
        if abs(now - self._told_ns) < HEARTBEAT_NS:  # a clock may be set back
            return
        self._told_ns = now
        state, logged = self._settled(utc(now)).refreshed(utc(now)), self.log.count
        try:
            with self._database.atomic() as connection:
                self._put(connection, state)
        except StoreError as error:
            _log.warning("the state of a run could not be told: %s", error)
            return
        self.state, self._totals, self._latest_ns, self._logged, self.source = state, {}, None, logged, None

    def end(self, connection: apsw.Connection, ts_end: int, failure: BaseException | Failure | None = None) -> None:
        """Tells the last state, inside a transaction; should that fail, the run can still end otherwise."""
        at = utc(ts_end)
        settled = self._settled(at)
        self.log.note("ended" if failure is None else f"failed: {_class_of(failure)}")
        self._put(connection, settled.ended(at) if failure is None else settled.set_fail(at, failure))

    def _settled(self, at: dt.datetime) -> RunState:
        """The state with everything that happened since it was told."""
        state = self.state.counted(at, **self._totals)
        return state if self._latest_ns is None else state.fed(at, utc(self._latest_ns))

    def _put(self, connection: apsw.Connection, state: RunState) -> None:
        put_state(connection, state)
        parts = {"logs": to_json(self.log.records()).encode()} if self.log.count > self._logged else {}
        if self.source is not None:
            parts["source_code"] = self.source.encode("utf-8", "replace")
        put_parts(connection, state.executor_id, parts)


def put_state(connection: apsw.Connection, state: RunState) -> None:
    """Writes the small row of a state, inside a transaction."""
    row = (
        state.executor_id,
        datetime_ns(state.started_at),
        datetime_ns(state.last_refreshed_at),
        int(state.executor_running),
        *(getattr(state, name) for name in COUNTERS),
        None if state.market_data_feed_lag is None else round(state.market_data_feed_lag.total_seconds() * 1e9),
        None if state.crashed_at is None else datetime_ns(state.crashed_at),
        to_json(state.export()["version"]),
        None if state.exception is None else to_json(state.exception.to_dict()),
    )
    connection.execute(_PUT, row)


def put_parts(connection: apsw.Connection, run_id: str, parts: Mapping[str, bytes]) -> None:
    """Writes parts of a state, inside a transaction."""
    connection.executemany(_PUT_PART, [(run_id, part, data) for part, data in parts.items()])


def begin_state(connection: apsw.Connection, run_id: str, ts_start: int, config: Mapping[str, Any]) -> RunState:
    """The state of a run that begins, inside the transaction that adds it."""
    state = RunState.begun(run_id, utc(ts_start), version_of(config))
    put_state(connection, state)
    code = source_of(config)
    if code is not None:
        put_parts(connection, run_id, {"source_code": code.encode("utf-8", "replace")})
    return state


def interrupt_state(connection: apsw.Connection, database: Database, run_id: str) -> None:
    """Notes that the process of a run is gone, inside the transaction that ends the run."""
    rows = database.rows(f"{SELECT_STATE} WHERE run_id = ?", (run_id,))
    for row in rows:
        put_state(connection, state_of_row(row).interrupted())


def source_of(config: Mapping[str, Any]) -> str | None:
    """The code of the strategies of a run, as its manifest has it; None where it has none."""
    strategies = config.get("strategies")
    sources = [s.get("source") for s in strategies if isinstance(s, dict)] if isinstance(strategies, list) else []
    found = [source for source in sources if isinstance(source, str)]
    return "\n\n".join(dict.fromkeys(found)) if found else None


def _class_of(failure: BaseException | Failure) -> str:
    return failure.type if isinstance(failure, Failure) else type(failure).__name__
