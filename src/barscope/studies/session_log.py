"""The memory of the explorer: sessions and what was computed in them, in presets.db, checked against runs.db."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from barscope.errors import UnknownRunError
from barscope.jobs import JobStatus
from barscope.store.session_values import IndicatorEntry, SessionIndicator
from barscope.studies.higher_period import HigherPeriod
from barscope.studies.session import IndicatorState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from barscope.store.presets import PresetStore
    from barscope.store.run_reader import RunRecord
    from barscope.store.runs import RunStore
    from barscope.studies.plan import AnyIndicator


class SessionLog:
    """Which indicators were computed in which session, by which run.

    A run may hold several indicators; each run is one row, and the row lists its indicators.
    """

    def __init__(self, presets: PresetStore, runs: RunStore) -> None:
        self._presets = presets
        self._runs = runs

    def began(self, run_id: str, session_id: str, indicators: Sequence[AnyIndicator], at: str) -> None:
        """Note that a run computes these indicators for a session."""
        entries = tuple(entry_of(indicator) for indicator in indicators)
        row = SessionIndicator(
            run_id=run_id,
            session_id=session_id,
            class_name=", ".join(entry.class_name for entry in entries),
            params_canonical=_one_or_list([entry.params_canonical for entry in entries]),
            status=JobStatus.RUNNING.value,
            indicator_name=", ".join(name for entry in entries for name in entry.series),
            source_hash=_one_or_list([entry.source_hash for entry in entries]),
            data_fingerprint=None,
            created_at=at,
            indicators=entries,
        )
        self._presets.put_indicator(row)

    def ended(
        self,
        run_id: str,
        status: JobStatus,
        *,
        error: str | None = None,
        fingerprint: str | None = None,
        failures: Mapping[str, str] | None = None,
    ) -> None:
        """Note what became of a run; `failures` maps the label of an indicator to why it alone failed."""
        entries = tuple(
            _failed(entry, (failures or {})[label_of(entry)])
            if label_of(entry) in (failures or {})
            else replace(entry, status=status.value, error=error)
            for entry in self._presets.get_indicator(run_id).indicators
        )
        reasons = error or "; ".join((failures or {}).values()) or None
        self._presets.update_indicator(
            run_id,
            status=JobStatus.FAILED.value if failures else status.value,
            error=reasons,
            data_fingerprint=fingerprint,
            indicators=entries,
        )

    def states(self, session_id: str) -> tuple[IndicatorState, ...]:
        """Every indicator that was ever begun in a session, oldest first."""
        return tuple(
            IndicatorState(
                run_id=row.run_id,
                class_name=entry.class_name,
                params=json.loads(entry.params_canonical),
                series=entry.series,
                status=entry.status,
                progress=float(entry.status == JobStatus.COMPLETED),
                error=entry.error,
                timeframe=entry.timeframe,
            )
            for row in self._presets.indicators_of(session_id)
            for entry in self._still_recorded(row)
        )

    def _still_recorded(self, row: SessionIndicator) -> tuple[IndicatorEntry, ...]:
        """The indicators of a row, those of a run that was deleted since as failed."""
        if self._status(row.run_id) is JobStatus.COMPLETED:
            return row.indicators
        deleted = "its run was deleted"
        return tuple(_failed(e, deleted) if e.status == JobStatus.COMPLETED else e for e in row.indicators)

    def run_ids(self, session_id: str) -> tuple[str, ...]:
        """The runs of a session whose results are visible, oldest first."""
        rows = self._presets.indicators_of(session_id)
        return tuple(row.run_id for row in rows if self._status(row.run_id) is JobStatus.COMPLETED)

    def find(self, session_id: str, indicators: Sequence[AnyIndicator], fingerprint: Callable[[], str]) -> str | None:
        """The newest completed run that holds these indicators over the very same bars, or None.

        Args:
            session_id: The session.
            indicators: One, which a run of several may hold too, or several, which are a run's all.
            fingerprint: Gives that of the bars as they are now; asked only when there is a candidate.
        """
        wanted = {_key(entry_of(indicator)) for indicator in indicators}
        candidates = [row for row in reversed(self._presets.indicators_of(session_id).values) if _holds(row, wanted)]
        if not candidates:
            return None
        now = fingerprint()
        same = (row.run_id for row in candidates if row.data_fingerprint == now)
        return next((run_id for run_id in same if self._status(run_id) is JobStatus.COMPLETED), None)

    def settle(self) -> tuple[str, ...]:
        """Say of the runs of gone processes what runs.db says of them; returns their ids."""
        left = [row.run_id for row in self._presets.indicators_with_status(JobStatus.RUNNING.value)]
        settled = tuple(run_id for run_id in left if not self._runs.owned(run_id))
        for run_id in settled:
            record = self._record(run_id)
            status = JobStatus.FAILED if record is None else JobStatus(record.status)
            found = {} if record is None else record.metadata
            self.ended(
                run_id,
                status,
                error=found.get("error", "interrupted") if status is JobStatus.FAILED else None,
                fingerprint=None if record is None else record.config.get("data_fingerprint"),
                failures=found.get("failed_indicators"),
            )
        return settled

    def _status(self, run_id: str) -> JobStatus | None:
        record = self._record(run_id)
        return None if record is None else JobStatus(record.status)

    def _record(self, run_id: str) -> RunRecord | None:
        try:
            return self._runs.get(run_id)
        except UnknownRunError:
            return None


def entry_of(indicator: AnyIndicator) -> IndicatorEntry:
    """An indicator as a row lists it."""
    return IndicatorEntry(
        class_name=indicator.class_name,
        params_canonical=indicator.canonical_params(),
        series=tuple(output.name for output in indicator.outputs),
        status=JobStatus.RUNNING.value,
        source_hash=indicator.source_hash(),
        timeframe=indicator.timeframe.label if isinstance(indicator, HigherPeriod) else None,
    )


def label_of(entry: IndicatorEntry) -> str:
    """What names an indicator in an error: its class, parameters and timeframe."""
    return f"{entry.class_name} {entry.params_canonical}" + (f" @{entry.timeframe}" if entry.timeframe else "")


def _failed(entry: IndicatorEntry, reason: str) -> IndicatorEntry:
    return replace(entry, status=JobStatus.FAILED.value, error=reason)


def _key(entry: IndicatorEntry) -> tuple[object, ...]:
    return entry.class_name, entry.params_canonical, entry.series, entry.source_hash


def _holds(row: SessionIndicator, wanted: set[tuple[object, ...]]) -> bool:
    """Whether a row's run recorded every wanted indicator, and no other when several are wanted."""
    there = {_key(entry) for entry in row.indicators if entry.status == JobStatus.COMPLETED}
    return wanted <= there and (len(wanted) == 1 or len(wanted) == len(row.indicators))


def _one_or_list(values: Sequence[str]) -> str:
    """A single value as it is, several as a JSON list."""
    return values[0] if len(values) == 1 else json.dumps(list(values))
