"""The handle to work in the background: its state, its result, and the wish to cancel it."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from concurrent import futures
from typing import TYPE_CHECKING, Generic, TypeVar

from barscope.errors import JobCancelledError, cut, text_of
from barscope.jobs.snapshot import JobSnapshot, JobStatus

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Generator

T = TypeVar("T")
_TURN_S = 0.1


class Job(Generic[T]):
    """Work in the background. Safe to use from any thread; `await job` works in a notebook cell.

    Attributes:
        preview: What the work shows before it is done; None before that and after the end.
    """

    def __init__(self, job_id: str, clock: Callable[[], dt.datetime]) -> None:
        self._clock = clock
        self._lock = threading.RLock()  # a callback at the end may look at the job again
        self._snapshot = JobSnapshot(job_id, clock())
        self._cancel_requested = False
        self._sealed = False
        self._outcome: futures.Future[T] = futures.Future()
        self._outcome.set_running_or_notify_cancel()  # an awaiting task that is cancelled leaves the job alone
        self.preview: object | None = None

    def __repr__(self) -> str:
        now = self._snapshot
        detail = f", {now.stage} {now.progress:.0%}" if now.status is JobStatus.RUNNING else ""
        return f"Job({now.job_id}, {now.status}{detail}{f', {now.error}' if now.error else ''})"

    @property
    def job_id(self) -> str:
        """One id for the job, its run and its files."""
        return self._snapshot.job_id

    @property
    def run_id(self) -> str:
        """The id of the run this job makes: the job's own."""
        return self.job_id

    @property
    def snapshot(self) -> JobSnapshot:
        """The state at this moment."""
        return self._snapshot

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody asked to cancel, in time."""
        return self._cancel_requested

    def cancel(self) -> bool:
        """Ask the work to stop; it says `cancelled` only after it has.

        Returns:
            Whether the job will end as cancelled; False when it has ended or comes to its end already.
        """
        with self._lock:
            status = self._snapshot.status
            if status.is_terminal or self._sealed:
                return status is JobStatus.CANCELLED
            self._cancel_requested = True
            if status is JobStatus.RUNNING:
                self._snapshot = self._snapshot.moved(JobStatus.CANCELLING)
            elif status is JobStatus.QUEUED:
                self._end(JobStatus.CANCELLED, JobCancelledError(f"job {self.job_id} was cancelled before it started"))
        return True

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most `timeout` seconds; tells whether it has come.

        It waits in short turns: once polars is loaded, Ctrl-C does not end a wait without a timeout.
        """
        give_up = math.inf if timeout is None else time.monotonic() + timeout
        while (left := give_up - time.monotonic()) > 0:
            if futures.wait([self._outcome], min(left, _TURN_S)).done:
                return True
        return self._outcome.done()

    def result(self, timeout: float | None = None) -> T:
        """The result, waiting for it at most `timeout` seconds.

        Raises:
            JobCancelledError: If the job was cancelled.
            TimeoutError: If it has not ended in time; the work goes on.
            Exception: Whatever the work raised.
        """
        if not self.wait(timeout):
            now = self._snapshot
            raise TimeoutError(f"job {now.job_id} is still {now.status} ({now.stage}) after {timeout} s")
        return self._outcome.result()

    def __await__(self) -> Generator[None, None, T]:
        return asyncio.wrap_future(self._outcome).__await__()

    # ---- the runner's and the worker's side

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call back once the job has ended, on the thread that ended it."""
        self._outcome.add_done_callback(lambda _outcome: callback())

    def start(self) -> bool:
        """Move to running; False when the job was cancelled first and must not start."""
        with self._lock:
            if self._snapshot.status is not JobStatus.QUEUED:
                return False
            self._snapshot = self._snapshot.moved(JobStatus.RUNNING)
        return True

    def news(self, stage: str, progress: float, message: str) -> None:
        """Take over what the worker reports."""
        with self._lock:
            self._snapshot = self._snapshot.staged(stage, progress, message)

    def seal(self) -> None:
        """Refuse every cancel from now on, or raise `JobCancelledError` because one came first."""
        with self._lock:
            if self._cancel_requested:
                raise JobCancelledError(f"job {self.job_id} was cancelled")
            self._sealed = True

    def complete(self, value: T) -> None:
        """End with a result. A cancel the work never noticed still ends the job as cancelled."""
        with self._lock:
            if self._cancel_requested:
                self._end(JobStatus.CANCELLED, JobCancelledError(f"job {self.job_id} was cancelled"))
            else:
                self._end(JobStatus.COMPLETED, value=value)

    def fail(self, error: BaseException, traceback: str) -> None:
        """End with an error; a job that was told to cancel ends as cancelled and keeps the error as the cause."""
        with self._lock:
            if not self._cancel_requested:
                self._end(JobStatus.FAILED, error, traceback)
            elif isinstance(error, JobCancelledError):
                self._end(JobStatus.CANCELLED, error)
            else:
                told = f"{type(error).__name__}: {cut(error, 500)}"
                cancelled = JobCancelledError(f"job {self.job_id} was cancelled, then raised {told}")
                cancelled.__cause__ = error
                self._end(JobStatus.CANCELLED, cancelled, traceback)

    def _end(
        self,
        status: JobStatus,
        error: BaseException | None = None,
        traceback: str | None = None,
        *,
        value: T | None = None,
    ) -> None:
        text = None if status is not JobStatus.FAILED else text_of(error) or type(error).__name__
        self._snapshot = self._snapshot.ended(status, self._clock(), error=text, traceback=traceback)
        self.preview = None
        if error is None:
            self._outcome.set_result(value)  # type: ignore[arg-type]  # T may itself allow None
        else:
            self._outcome.set_exception(error)
