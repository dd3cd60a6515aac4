"""The answer to the newest question a panel has asked in the background; older questions are dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from barscope.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.jobs import Job

T = TypeVar("T")


class Latest(Generic[T]):
    """One question at a time.

    Args:
        take: Gets the answer.
        refuse: Gets the reason where there is none.
    """

    def __init__(self, take: Callable[[T], None], refuse: Callable[[str], None]) -> None:
        self._take = take
        self._refuse = refuse
        self._job: Job[Any] | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is to come."""
        return self._job is not None

    def ask(self, job: Job[Any]) -> None:
        """Wait for another answer."""
        self.stop()
        self._job = job

    def update(self) -> bool:
        """Take over the answer if it has come; tells whether it is still to come."""
        job = self._job
        if job is not None and job.snapshot.status.is_terminal:
            self._job = None
            if job.snapshot.status is JobStatus.COMPLETED:
                self._take(job.result())
            elif job.snapshot.status is JobStatus.FAILED:
                self._refuse(job.snapshot.error or "it cannot be read")
        return self._job is not None

    def stop(self) -> None:
        """Wait no longer."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
