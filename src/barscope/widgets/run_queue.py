"""The runs of one kind that a panel lists: those of this session, and the newest of the record. No widgets here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from barscope.errors import InvalidParameterError, UnknownRunError
from barscope.jobs import JobStatus
from barscope.studies.recorded_request import request_of
from barscope.widgets.job_list import JobEntry, followed

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.jobs import Job
    from barscope.store.run_reader import RunRecord
    from barscope.workspace.workspace import Workspace

R = TypeVar("R")

RECORDED = 30
"""How many recorded runs are listed beside those of the session."""


class RunQueue(Generic[R]):
    """Runs by their id, newest first.

    Args:
        workspace: Where they are.
        mode: Their kind, as their config calls it.
        kind: The class of their requests.
        name: What a list calls a run.
        outcome: When a run began, and what it came to where it was completed.

    Attributes:
        entries: What is known of each.
    """

    def __init__(
        self,
        workspace: Workspace,
        mode: str,
        kind: type[R],
        name: Callable[[RunRecord], str],
        outcome: Callable[[RunRecord], str],
    ) -> None:
        self._workspace = workspace
        self._mode = mode
        self._kind = kind
        self._name = name
        self._outcome = outcome
        self.entries: dict[str, JobEntry] = {}

    def read(self) -> None:
        """Take over what runs.db has, so also what was run from code or another process."""
        records = self._workspace.runs_store.list_runs(mode=self._mode, limit=RECORDED)
        recorded = {record.run_id: self._recorded(record) for record in records}
        unrecorded = {key: entry for key, entry in self.entries.items() if key not in recorded and self.job(key)}
        self.entries = unrecorded | recorded
        self.follow()

    def put(self, job: Job[Any], name: str) -> None:
        """List a job that was queued."""
        self.entries = {job.run_id: JobEntry(job.run_id, name, JobStatus.QUEUED)} | self.entries
        self.follow()

    def cancel(self, run_id: str) -> None:
        """Ask a run to stop."""
        job = self.job(run_id)
        if job is not None:
            job.cancel()
            self.follow()

    def cancel_all(self) -> None:
        """Ask every listed run of this process to stop."""
        for run_id in tuple(self.entries):
            self.cancel(run_id)

    def follow(self) -> None:
        """Take over how far each is."""
        for run_id, entry in self.entries.items():
            job = self.job(run_id)
            if not entry.is_live or job is None:
                continue
            now = job.snapshot
            self.entries[run_id] = replace(entry, **followed(entry, now))
            if now.status.is_terminal:
                self._note_outcome(run_id)

    def job(self, run_id: str) -> Job[Any] | None:
        """The job that works on a run, or did lately."""
        return self._workspace.jobs.get(run_id)

    def request_of(self, run_id: str) -> R:
        """The request a listed run was made by.

        Raises:
            InvalidParameterError: If its record holds none that a form can show.
        """
        found = request_of(self._workspace.runs_store.get(run_id).config)
        if not isinstance(found, self._kind):
            raise InvalidParameterError(f"run {run_id} is not a {self._mode}")
        return found

    @property
    def is_live(self) -> bool:
        """Whether this process works on any of them."""
        return any(entry.is_live and entry.can_cancel for entry in self.entries.values())

    def _note_outcome(self, run_id: str) -> None:
        try:
            record = self._workspace.runs_store.get(run_id)
        except UnknownRunError:  # cancelled before it began: there is no record
            return
        self.entries[run_id] = replace(self.entries[run_id], note=self._outcome(record))

    def _recorded(self, record: RunRecord) -> JobEntry:
        known = self.entries.get(record.run_id)
        if known is not None and (known.status == record.status or self.job(record.run_id) is not None):
            return known
        metadata = record.metadata
        is_here = record.status != "running" or self.job(record.run_id) is not None
        return JobEntry(
            record.run_id,
            self._name(record),
            record.status,
            stage="" if is_here else "running in another process",
            note=self._outcome(record),
            error=metadata.get("error") or metadata.get("reason"),
            traceback=metadata.get("traceback"),
            can_cancel=is_here,
        )
