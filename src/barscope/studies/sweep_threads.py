"""Children of a sweep computed in this process, on threads or whatever executor shares its memory."""

from __future__ import annotations

import threading
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from barscope.studies.sweep_frame import to_bytes
from barscope.studies.sweep_work import SweepDesk, children_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.studies.sweep_crew import Handle, SweepTask, Verdict
    from barscope.studies.sweep_work import SweepWork, SymbolBars


class LocalCrew:
    """This process: tasks share the bars, and each indicator.

    Args:
        work: What is to be computed.
        executor: Where; None is `workers` threads.
        workers: How many tasks at a time.
        is_cancelled: Whether to stop between two children.
    """

    def __init__(
        self, work: SweepWork, executor: Executor | None, workers: int, is_cancelled: Callable[[], bool]
    ) -> None:
        self.workers = workers
        self._work = work
        self._is_cancelled = is_cancelled
        self._stopped = threading.Event()
        self._own = None if executor is not None else ThreadPoolExecutor(workers, thread_name_prefix="sweep")
        self._executor = executor or self._own

    def hand_out(self, given: SymbolBars, _tasks: int) -> Handle:
        """A desk that all tasks of the symbol share."""
        return SweepDesk(self._work, given)

    def submit(self, handle: Handle, task: SweepTask) -> Future[bytes]:
        """Begin a task."""
        assert self._executor is not None  # noqa: S101  # one or the other
        is_over = lambda: self._stopped.is_set() or self._is_cancelled()  # noqa: E731
        return self._executor.submit(_computed, handle, task, is_over)

    def take_back(self, handle: Handle) -> None:
        """Nothing but memory, which goes by itself."""

    def verdict(self, error: BaseException) -> Verdict:
        """Threads die with the process; an executor that was given may be shut down by its owner."""
        return "lost" if isinstance(error, BrokenExecutor | CancelledError | RuntimeError) else "wrong"

    def renew(self) -> None:
        """Nobody to replace."""

    def stop(self) -> None:
        """Have tasks end after the child they are at."""
        self._stopped.set()

    def close(self) -> None:
        """End the threads."""
        if self._own is not None:
            self._own.shutdown(cancel_futures=True)


def _computed(desk: SweepDesk, task: SweepTask, is_cancelled: Callable[[], bool]) -> bytes:
    return to_bytes(children_of(desk, task.numbers, task.combinations, is_cancelled))
