"""Who computes the children of a sweep: this thread, threads, processes, or a cluster, all alike to the sweep.

A crew is handed the bars of a symbol once, then tasks on them; what comes back are the bytes of a frame of children.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from barscope.errors import InvalidParameterError, cut
from barscope.jobs import InlineExecutor
from barscope.studies.sweep_frame import EVENTS, to_bytes
from barscope.studies.sweep_work import SweepDesk, children_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Client

    from barscope.domain.sampling import Combinations
    from barscope.studies.sweep_work import SweepWork, SymbolBars

Verdict = Literal["again", "resend", "dropped", "lost", "wrong"]

Handle = Any
"""What a crew calls the bars of a symbol it was handed."""

_PROCESSES_FROM_BARS = 3_000_000
"""Bars to replay from which starting processes pays: about 20 s of one core."""


@dataclass(frozen=True, eq=False, slots=True)
class SweepTask:
    """Some combinations on one symbol over one stretch.

    Attributes:
        stretch: The name of the stretch.
        symbol: The symbol.
        fingerprint: Of the bars.
        numbers: The numbers of the combinations.
        combinations: Their values, in the same order.
    """

    stretch: str
    symbol: str
    fingerprint: str
    numbers: Sequence[int]
    combinations: Combinations


class Crew(Protocol):
    """Computes tasks.

    Attributes:
        workers: How many tasks it works on at a time.
    """

    workers: int

    def hand_out(self, given: SymbolBars, tasks: int) -> Handle:
        """Bring the bars of a symbol to where they are needed, for so many tasks; once per symbol and stretch."""

    def submit(self, handle: Handle, task: SweepTask) -> Future[bytes]:
        """Begin a task."""

    def take_back(self, handle: Handle) -> None:
        """The bars are needed no more."""

    def verdict(self, error: BaseException) -> Verdict:
        """What the error of a task means.

        Returns:
            `again`: workers died, and every task that was under way has to be tried again after `renew`; `resend`: the
            same, but what was handed out died with workers before, and no task is to blame; `dropped`: worker after
            worker died that had this task, the others go on; `lost`: the workers are gone for good; `wrong`: a mistake
            of ours.
        """

    def renew(self) -> None:
        """Take new workers for those that died; what was handed out stays valid."""

    def stop(self) -> None:
        """Have the tasks under way end after the child they are at, where that can be asked."""

    def close(self) -> None:
        """End what was begun for this sweep; a crew that was given lives on."""


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


def crew_of(
    executor: object, work: SweepWork, bars_to_play: int, is_cancelled: Callable[[], bool], workers: int | None = None
) -> Crew:
    """The crew that an executor stands for.

    Args:
        executor: None, "inline", "threads", "processes", an executor of concurrent.futures, or a Dask client.
        work: What is to be computed.
        bars_to_play: Bars times children, which tells whether processes pay.
        is_cancelled: Whether to stop between two children, where that can be asked.
        workers: Threads or processes; None is one per core.

    Raises:
        InvalidParameterError: If it is none of these.
    """
    from barscope.studies.sweep_processes import ProcessCrew

    count = workers or os.cpu_count() or 1
    if count < 1:
        raise InvalidParameterError(f"workers is {workers}: there has to be at least one")
    if executor is None:
        executor = "processes" if work.way == EVENTS and bars_to_play >= _PROCESSES_FROM_BARS else "threads"
    if executor == "processes":
        return ProcessCrew(work, None, count)
    if executor == "threads":
        return LocalCrew(work, None, count, is_cancelled)
    if executor == "inline":
        return LocalCrew(work, InlineExecutor(), 1, is_cancelled)
    if isinstance(executor, ProcessPoolExecutor):
        return ProcessCrew(work, executor, workers or _workers_of(executor, count))  # it says so nowhere else
    if isinstance(executor, Executor):
        return LocalCrew(work, executor, _workers_of(executor, count), is_cancelled)
    if type(executor).__module__.partition(".")[0] == "distributed":
        from barscope.studies.sweep_dask import DaskCrew

        return DaskCrew(work, cast("Client", executor))
    raise InvalidParameterError(
        f"executor {cut(repr(executor))} cannot compute a sweep: use 'threads', 'processes', 'inline', an executor of "
        "concurrent.futures, or a dask.distributed.Client"
    )


def _workers_of(executor: Executor, otherwise: int) -> int:
    """How many workers an executor has; it says so nowhere else."""
    return int(getattr(executor, "_max_workers", otherwise))
