"""The backtests a panel lists: those of this session, and the newest of the record. No widgets here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from barscope.charts.text import plain
from barscope.domain.periods import period_of_rtype
from barscope.errors import InvalidParameterError, UnknownRunError
from barscope.jobs import JobStatus
from barscope.studies.recorded_request import request_of
from barscope.studies.request import BacktestRequest
from barscope.widgets.formats import count, fraction, moment
from barscope.widgets.job_list import JobEntry, followed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barscope.jobs import Job
    from barscope.store.run_reader import RunRecord
    from barscope.workspace.workspace import Workspace

RECORDED = 30
"""How many recorded backtests are listed beside those of the session."""


class BacktestQueue:
    """Backtests by run id, newest first.

    Attributes:
        entries: What is known of each.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.entries: dict[str, JobEntry] = {}

    def read(self) -> None:
        """Take over what runs.db has, so also backtests that were run from code or another process."""
        records = self._workspace.runs_store.list_runs(mode="backtest", limit=RECORDED)
        recorded = {record.run_id: self._recorded(record) for record in records}
        unrecorded = {key: entry for key, entry in self.entries.items() if key not in recorded and self._job(key)}
        self.entries = unrecorded | recorded
        self.follow()

    def add(self, request: BacktestRequest) -> Job[Any]:
        """Queue a backtest.

        Raises:
            BarscopeError: If it does not hold; nothing changes then.
        """
        job = self._workspace.backtest(request)
        name = _name(request.strategy, request.symbols, request.rtype)
        self.entries = {job.run_id: JobEntry(job.run_id, name, JobStatus.QUEUED)} | self.entries
        self.follow()
        return job

    def cancel(self, run_id: str) -> None:
        """Ask a backtest to stop."""
        job = self._job(run_id)
        if job is not None:
            job.cancel()
            self.follow()

    def cancel_all(self) -> None:
        """Ask every backtest of this process to stop."""
        for run_id in tuple(self.entries):
            self.cancel(run_id)

    def follow(self) -> None:
        """Take over how far each is."""
        for run_id, entry in self.entries.items():
            job = self._job(run_id)
            if not entry.is_live or job is None:
                continue
            now = job.snapshot
            self.entries[run_id] = replace(entry, **followed(entry, now))
            if now.status.is_terminal:
                self._note_outcome(run_id)

    @property
    def is_live(self) -> bool:
        """Whether this process works on any of them."""
        return any(entry.is_live and entry.can_cancel for entry in self.entries.values())

    def request_of(self, run_id: str) -> BacktestRequest:
        """The request a listed backtest was made by.

        Raises:
            InvalidParameterError: If its record holds none that a form can show.
        """
        found = request_of(self._workspace.runs_store.get(run_id).config)
        if not isinstance(found, BacktestRequest):
            raise InvalidParameterError(f"run {run_id} is not a backtest")
        return found

    def _job(self, run_id: str) -> Job[Any] | None:
        return self._workspace.jobs.get(run_id)

    def _note_outcome(self, run_id: str) -> None:
        try:
            record = self._workspace.runs_store.get(run_id)
        except UnknownRunError:  # cancelled before it began: there is no record
            return
        entry = self.entries[run_id]
        self.entries[run_id] = replace(entry, note=_outcome(record))

    def _recorded(self, record: RunRecord) -> JobEntry:
        known = self.entries.get(record.run_id)
        if known is not None and (known.status == record.status or self._job(record.run_id) is not None):
            return known
        config, metadata = record.config, record.metadata
        names = ", ".join(str(strategy.get("class_name")) for strategy in config.get("strategies", ()))
        is_here = record.status != "running" or self._job(record.run_id) is not None
        return JobEntry(
            record.run_id,
            _name(names or record.name, config.get("symbols", ()), config.get("rtype", 0)),
            record.status,
            stage="" if is_here else "running in another process",
            note=_outcome(record),
            error=metadata.get("error") or metadata.get("reason"),
            traceback=metadata.get("traceback"),
            can_cancel=is_here,
        )


def _name(strategy: str, symbols: Sequence[str], rtype: int) -> str:
    shown = ", ".join(plain(symbol) for symbol in symbols[:3]) + (f" +{len(symbols) - 3}" if len(symbols) > 3 else "")
    try:
        return f"{strategy} · {shown} · {period_of_rtype(rtype).label}"
    except InvalidParameterError:
        return f"{strategy} · {shown}"


def _outcome(record: RunRecord) -> str:
    """When it began, and what it came to where it was completed."""
    began = moment(record.ts_start)
    change = _total_return(record.config, record.metadata)
    if record.status != "completed" or change is None:
        return began
    return f"{fraction(change)} · {count(record.metadata.get('fills', 0), 'fill')} · {began}"


def _total_return(config: Mapping[str, Any], metadata: Mapping[str, Any]) -> float | None:
    cash = config.get("broker", {}).get("settings", {}).get("starting_cash")
    final = metadata.get("final_equity")
    return final / cash - 1 if cash and final is not None else None
