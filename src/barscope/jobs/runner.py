"""Hands work to an executor and keeps hold of the jobs: all live ones, and the newest of the finished."""

from __future__ import annotations

import datetime as dt
import threading
import traceback
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from barscope.errors import JobError, cut
from barscope.jobs.context import JobContext, Stage
from barscope.jobs.job import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


class JobRunner:
    """Runs jobs on any `concurrent.futures.Executor`.

    Args:
        executor: Where work runs; None is a pool of `workers` threads.
        workers: Threads of the pool; more work than that waits in the queue.
        keep_finished: How many finished jobs stay reachable by id.
        clock: Gives the time, aware UTC.
    """

    def __init__(
        self,
        executor: Executor | None = None,
        *,
        workers: int = 2,
        keep_finished: int = 100,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._executor = executor or ThreadPoolExecutor(workers, thread_name_prefix="barscope")
        self._keep_finished = keep_finished
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs: dict[str, Job[Any]] = {}

    def submit(
        self,
        job_id: str,
        work: Callable[[JobContext], T],
        stages: Sequence[Stage],
        on_end: Callable[[], None] | None = None,
    ) -> Job[T]:
        """Queue work under an id.

        Args:
            job_id: The id of the job; free, or that of a finished job.
            work: Called once on a worker, with the context of the job; its return value is the result.
            stages: What the work goes through, in order.
            on_end: Called once when the job has ended, however it did, on the thread that ended it.

        Raises:
            JobError: If a live job has this id.
        """
        job: Job[T] = Job(job_id, self._clock)
        if on_end is not None:
            job.on_end(on_end)
        self._keep(job)
        try:
            self._executor.submit(_run, job, JobContext(job, stages), work)
        except BaseException:  # an interrupt, or an executor that has ended: nothing would ever run it
            job.cancel()
            raise
        return job

    def completed(self, job_id: str, value: T, stage: str) -> Job[T]:
        """A job that has nothing to do because its result is there already."""
        job: Job[T] = Job(job_id, self._clock)
        job.start()
        job.news(stage, 1.0, "")
        job.complete(value)
        self._keep(job)
        return job

    def _keep(self, job: Job[Any]) -> None:
        job_id = job.job_id
        with self._lock:
            earlier = self._jobs.pop(job_id, None)
            if earlier is not None and not earlier.snapshot.status.is_terminal:
                self._jobs[job_id] = earlier
                raise JobError(f"job {job_id} is {earlier.snapshot.status}: wait for it or cancel it first")
            self._jobs[job_id] = job
            self._forget_oldest()

    def get(self, job_id: str) -> Job[Any] | None:
        """A live or recently finished job, or None."""
        return self._jobs.get(job_id)

    def live(self) -> tuple[Job[Any], ...]:
        """Jobs that have not ended, oldest first."""
        with self._lock:
            return tuple(job for job in self._jobs.values() if not job.snapshot.status.is_terminal)

    def close(self, *, cancel: bool = True) -> None:
        """End the executor; live jobs are cancelled, or waited for when `cancel` is False."""
        if cancel:
            for job in self.live():
                job.cancel()
        self._executor.shutdown(wait=True)

    def _forget_oldest(self) -> None:
        finished = [job_id for job_id, job in self._jobs.items() if job.snapshot.status.is_terminal]
        for job_id in finished[: max(0, len(finished) - self._keep_finished)]:
            del self._jobs[job_id]


def _run(job: Job[T], context: JobContext, work: Callable[[JobContext], T]) -> None:
    """The one place where work meets its outcome: whatever it raises ends the job, and nothing else."""
    if not job.start():
        return
    try:
        job.complete(copy_context().run(work, context))  # what it sets, such as np.seterr, ends with it
    except BaseException as error:
        text = traceback.format_exc()
        _forget_locals(error)
        job.fail(error if isinstance(error, Exception) else _stopped_by(error), text)
        if isinstance(error, KeyboardInterrupt):
            raise


def _forget_locals(error: BaseException) -> None:
    """Let go of what the failed frames held (columns of a million bars), of all that an exception came from."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()  # an exception may be its own cause
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        traceback.clear_frames(one.__traceback__)
        waiting += [one.__cause__, one.__context__, *(one.exceptions if isinstance(one, BaseExceptionGroup) else ())]


def _stopped_by(error: BaseException) -> JobError:
    """`sys.exit()` in user code ends its job, not the kernel that asks for the result."""
    stopped = JobError(f"the work stopped with {type(error).__name__}: {cut(error, 500)}")
    stopped.__cause__ = error
    return stopped
