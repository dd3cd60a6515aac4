"""What the work of a job holds: the way to say how far it is, and to learn that it should stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from barscope.errors import JobCancelledError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.jobs.job import Job


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a job that a person can name.

    Attributes:
        label: What a person reads.
        weight: Its expected share of the whole time, relative to the other stages.
    """

    label: str
    weight: float = 1.0


class JobContext:
    """The worker's end of a job. Every method raises `JobCancelledError` once the job was cancelled."""

    def __init__(self, job: Job[Any], stages: Sequence[Stage]) -> None:
        self._job = job
        total = sum(stage.weight for stage in stages) or 1.0
        self._shares = {stage.label: stage.weight / total for stage in stages}
        self._label, self._base, self._share = "", 0.0, 0.0

    def enter(self, label: str, message: str = "") -> None:
        """Begin a stage; the one before it counts as done."""
        labels = list(self._shares)
        before = labels[: labels.index(label)]
        self._label, self._share = label, self._shares[label]
        self._base = sum(self._shares[done] for done in before)
        self.report(0.0, message)

    def report(self, fraction: float, message: str = "") -> None:
        """Say which fraction of the current stage is done, 0 to 1."""
        self.check()
        self._job.news(self._label, self._base + self._share * fraction, message)

    @property
    def is_cancelled(self) -> bool:
        """Whether the job was cancelled, for work that has something to bring to an end first."""
        return self._job.cancel_requested

    def check(self) -> None:
        """Stop here if the job was cancelled.

        Raises:
            JobCancelledError: If it was.
        """
        if self._job.cancel_requested:
            raise JobCancelledError(f"job {self._job.job_id} was cancelled")

    def seal(self) -> None:
        """Pass the point of no return: from here on a cancel comes too late and is refused.

        Raises:
            JobCancelledError: If the cancel came first.
        """
        self._job.seal()

    def publish(self, preview: object) -> None:
        """Show a part of the result before the work is done, as `job.preview`."""
        self.check()
        self._job.preview = preview
