"""The state machine of a job as frozen values: blind to threads, clocks and what the work is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from barscope.errors import InvalidTransitionError

if TYPE_CHECKING:
    import datetime as dt


class JobStatus(StrEnum):
    """Where a job stands; the last three are terminal and never change."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing can follow."""
        return self not in _NEXT


_NEXT = {
    JobStatus.QUEUED: {JobStatus.RUNNING, JobStatus.CANCELLED},
    JobStatus.RUNNING: {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLING},
    JobStatus.CANCELLING: {JobStatus.CANCELLED},
}


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """A job at one moment.

    Attributes:
        job_id: One id for the job, its run and its files.
        status: Where the job stands.
        stage: What is being done now, for a person.
        progress: Done part of the whole, 0 to 1; never falls.
        message: Detail of the stage, such as "120,000 of 1,000,000 bars".
        error: What went wrong, for a person; None unless the work raised.
        traceback: Where it went wrong, for a developer; None unless the work raised.
        created_at: When the job was queued, aware UTC.
        finished_at: When it reached a terminal status, aware UTC; None before.
        history: Every status so far, oldest first.
    """

    job_id: str
    created_at: dt.datetime
    status: JobStatus = JobStatus.QUEUED
    stage: str = ""
    progress: float = 0.0
    message: str = ""
    error: str | None = None
    traceback: str | None = field(default=None, repr=False)
    finished_at: dt.datetime | None = None
    history: tuple[JobStatus, ...] = (JobStatus.QUEUED,)

    @property
    def run_id(self) -> str:
        """The id of the run this job makes: the job's own."""
        return self.job_id

    def moved(self, to: JobStatus) -> JobSnapshot:
        """The snapshot after a move to another status.

        Raises:
            InvalidTransitionError: If the machine has no such move; it tells the history.
        """
        if to not in _NEXT.get(self.status, ()):
            raise InvalidTransitionError(self.job_id, to, self.history)
        return replace(self, status=to, history=(*self.history, to))

    def ended(
        self, to: JobStatus, at: dt.datetime, *, error: str | None = None, traceback: str | None = None
    ) -> JobSnapshot:
        """The snapshot after a move to a terminal status."""
        progress = 1.0 if to is JobStatus.COMPLETED else self.progress
        return replace(self.moved(to), finished_at=at, progress=progress, error=error, traceback=traceback, message="")

    def staged(self, stage: str, progress: float, message: str = "") -> JobSnapshot:
        """The snapshot with news of the work; progress is kept within 0 to 1 and never falls."""
        return replace(self, stage=stage, progress=min(1.0, max(self.progress, progress)), message=message)
