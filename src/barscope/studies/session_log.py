"""The memory of the explorer: sessions and what was computed in them, in presets.db, checked against runs.db."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from barscope.errors import UnknownRunError
from barscope.jobs import JobStatus
from barscope.studies.session import ExplorerSession, SessionIndicator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from barscope.indicators.core import Indicator
    from barscope.store.presets import PresetStore
    from barscope.store.runs import RunStore


class SessionLog:
    """Which indicators were computed in which session, by which run.

    A run may hold several indicators; each run is one row, and the row lists its indicators.
    """

    def __init__(self, presets: PresetStore, runs: RunStore) -> None:
        self._presets = presets
        self._runs = runs

    def session(self, session_id: str) -> ExplorerSession:
        """A session by its id.

        Raises:
            StoreError: If there is none.
        """
        return _session(self._presets.get_session(session_id))

    def sessions(self) -> tuple[ExplorerSession, ...]:
        """All sessions, the one opened last first."""
        return tuple(_session(row) for row in self._presets.list_sessions())

    def open_session(self, session: ExplorerSession) -> ExplorerSession:
        """Keep a session, or find it kept already; either way it counts as opened now."""
        row = self._presets.create_or_get_session(
            session_id=session.session_id,
            publisher_id=session.publisher_id,
            rtype=session.rtype,
            symbols=list(session.symbols),
            start_date=session.start_date,
            end_date=session.end_date,
            symbol_type=session.symbol_type,
            created_at=session.created_at,
        )
        self._presets.touch(session.session_id, session.created_at)
        return _session(row)

    def pin(self, session_id: str, pinned: bool) -> None:
        """Keep a session whatever its age, or let it age again."""
        self._presets.set_pinned(session_id, pinned)

    def began(self, run_id: str, session_id: str, indicators: Sequence[Indicator], at: str) -> None:
        """Note that a run computes these indicators for a session."""
        entries = [entry_of(indicator) for indicator in indicators]
        self._presets.put_indicator(
            {
                "run_id": run_id,
                "session_id": session_id,
                "class_name": "+".join(entry["class_name"] for entry in entries),
                "params_canonical": _one_or_list([entry["params_canonical"] for entry in entries]),
                "indicator_name": _one_or_list([name for entry in entries for name in entry["series"]]),
                "source_hash": _one_or_list([entry["source_hash"] for entry in entries]),
                "status": JobStatus.RUNNING.value,
                "created_at": at,
                "indicators": entries,
            }
        )

    def ended(
        self,
        run_id: str,
        status: JobStatus,
        *,
        error: str | None = None,
        fingerprint: str | None = None,
        failures: Mapping[str, str] | None = None,
    ) -> None:
        """Note what became of a run; `failures` maps an indicator's label to why it alone failed."""
        entries = self._row(run_id)["indicators"]
        for entry in entries:
            reason = (failures or {}).get(label_of(entry["class_name"], entry["params_canonical"]))
            entry["status"] = JobStatus.FAILED.value if reason else status.value
            entry["error"] = reason or error
        self._presets.update_indicator(
            run_id, status=status.value, error=error, data_fingerprint=fingerprint, indicators=entries
        )

    def indicators(self, session_id: str) -> tuple[SessionIndicator, ...]:
        """Every indicator that was ever begun in a session, oldest first."""
        return tuple(
            SessionIndicator(
                run_id=row["run_id"],
                class_name=entry["class_name"],
                params=json.loads(entry["params_canonical"]),
                series=tuple(entry["series"]),
                status=entry["status"],
                progress=float(entry["status"] == JobStatus.COMPLETED),
                error=entry["error"],
            )
            for row in self._presets.indicators_of(session_id)
            for entry in row["indicators"]
        )

    def completed_runs(self, session_id: str) -> tuple[str, ...]:
        """The runs of a session that are completed, here and in runs.db, oldest first."""
        rows = self._presets.indicators_of(session_id)
        return tuple(
            row["run_id"] for row in rows if row["status"] == JobStatus.COMPLETED and self._is_completed(row["run_id"])
        )

    def find(self, session_id: str, indicators: Sequence[Indicator], fingerprint: Callable[[], str]) -> str | None:
        """The newest completed run that holds these indicators over the very same bars, or None.

        Args:
            session_id: The session.
            indicators: One, which a run of several may hold too, or several, which are a run's all.
            fingerprint: Gives that of the bars as they are now; asked only when there is a candidate.
        """
        wanted = [_key(entry_of(indicator)) for indicator in indicators]
        candidates = [row for row in reversed(self._presets.indicators_of(session_id)) if _holds(row, wanted)]
        if not candidates:
            return None
        now = fingerprint()
        same = (row["run_id"] for row in candidates if row["data_fingerprint"] == now)
        return next((run_id for run_id in same if self._is_completed(run_id)), None)

    def settle(self) -> tuple[str, ...]:
        """Bring rows whose process is gone in line with runs.db; returns their run ids."""
        settled = []
        for row in self._presets.unsettled_indicators():
            run_id = row["run_id"]
            if not self._runs.owned(run_id):
                status, error = self._fate(run_id)
                self.ended(run_id, status, error=error)
                settled.append(run_id)
        return tuple(settled)

    def _fate(self, run_id: str) -> tuple[JobStatus, str | None]:
        try:
            record = self._runs.get(run_id)
        except UnknownRunError:
            return JobStatus.FAILED, "interrupted"
        status = JobStatus(record.status)
        return status, record.metadata.get("reason") if status is JobStatus.FAILED else None

    def _is_completed(self, run_id: str) -> bool:
        return self._runs.status(run_id) == JobStatus.COMPLETED


def entry_of(indicator: Indicator) -> dict[str, Any]:
    """An indicator as a row lists it."""
    return {
        "class_name": indicator.class_name,
        "params_canonical": indicator.canonical_params(),
        "series": [output.name for output in indicator.outputs],
        "source_hash": indicator.source_hash(),
        "status": JobStatus.RUNNING.value,
        "error": None,
    }


def label_of(class_name: str, params_canonical: str) -> str:
    """What names an indicator in an error: its class and parameters."""
    return f"{class_name} {params_canonical}"


def _key(entry: Mapping[str, Any]) -> tuple[object, ...]:
    return entry["class_name"], entry["params_canonical"], tuple(entry["series"]), entry["source_hash"]


def _holds(row: Mapping[str, Any], wanted: Sequence[tuple[object, ...]]) -> bool:
    """Whether a row's run recorded every wanted indicator, and no other when several are wanted."""
    there = {_key(entry) for entry in row["indicators"] if entry["status"] == JobStatus.COMPLETED}
    return set(wanted) <= there and (len(wanted) == 1 or len(wanted) == len(row["indicators"]))


def _one_or_list(values: Sequence[str]) -> str:
    """A single value as it is, several as a JSON list."""
    return values[0] if len(values) == 1 else json.dumps(list(values))


def _session(row: Mapping[str, Any]) -> ExplorerSession:
    return ExplorerSession(
        session_id=row["session_id"],
        publisher_id=row["publisher_id"],
        rtype=row["rtype"],
        symbols=tuple(row["symbols"]),
        start_date=row["start_date"],
        end_date=row["end_date"],
        symbol_type=row["symbol_type"],
        created_at=row["created_at"],
        pinned=bool(row["pinned"]),
    )
