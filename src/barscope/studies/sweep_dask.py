"""Sweeps on a Dask cluster, of this machine or of many: columns go out once per worker, bytes of children come back."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any

import numpy as np
from distributed import Client, KilledWorker

from barscope.errors import ExecutorLostError, InvalidParameterError, cut
from barscope.studies.sweep_packing import ReceivedWork, packed, unpacked
from barscope.studies.sweep_work import SweepDesk, SweepWork, SymbolBars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barscope.studies.sweep_crew import SweepTask, Verdict

_PATIENCE_S = 30.0
_RETRIES = 2
_LEAST_COPIES = 2
"""On so many workers at least are the bars of a symbol, so that the death of one does not lose them."""


class Scattered:
    """Something that workers have, and can be sent again."""

    def __init__(self, value: SentBars | SentWork, copies: int | None) -> None:
        self.value = value
        self.copies = copies
        self.future: Any = None


class DaskCrew:
    """The workers of a client.

    Args:
        work: What is to be computed.
        client: Connected to a scheduler; it stays open.

    Raises:
        InvalidParameterError: If it is no client, or one of coroutines.
        ExecutorLostError: If it is not connected, or has no workers.
    """

    def __init__(self, work: SweepWork, client: Client) -> None:
        if not isinstance(client, Client) or client.asynchronous:
            raise InvalidParameterError(
                f"{cut(repr(client))} cannot compute a sweep: give a dask.distributed.Client, not asynchronous"
            )
        self._client = client
        self.workers = self._count_workers()
        self._executor = client.get_executor(pure=False, retries=_RETRIES)
        self._work = Scattered(SentWork(packed(work)), None)
        self._open = [self._work]
        self._scatter(self._work)

    def hand_out(self, given: SymbolBars, tasks: int) -> Scattered:
        """Send the columns to as many workers as there are tasks on them; others fetch them from these."""
        scattered = Scattered(SentBars(given), max(_LEAST_COPIES, tasks))
        self._scatter(scattered)
        self._open.append(scattered)
        return scattered

    def submit(self, handle: Scattered, task: SweepTask) -> Future[bytes]:
        """Begin a task on any worker; should it die, the scheduler begins it on another."""
        future: Future[bytes] = self._executor.submit(
            compute_on_worker, self._work.future, handle.future, list(task.numbers), dict(task.combinations.columns)
        )
        return future

    def take_back(self, handle: Scattered) -> None:
        """Let the workers forget the columns."""
        if handle in self._open:
            self._open.remove(handle)
            handle.future.release()

    def verdict(self, error: BaseException) -> Verdict:
        """A task that kills worker after worker is dropped; one whose bars were lost with a worker is tried again."""
        if isinstance(error, KilledWorker):
            return "dropped"
        is_lost = isinstance(error, CancelledError | OSError | TimeoutError | RuntimeError)
        if is_lost or type(error).__name__ in ("FutureCancelledError", "ClosedClientError"):
            return "resend" if self._client.status == "running" else "lost"
        return "wrong"

    def renew(self) -> None:
        """Send everything that is open to the workers there are now.

        Raises:
            ExecutorLostError: If there are none left.
        """
        self.workers = self._count_workers()
        for scattered in self._open:
            self._scatter(scattered)

    def stop(self) -> None:
        """Dask cannot end what a worker has begun: its result is not waited for."""

    def close(self) -> None:
        """Let the workers forget everything of this sweep; the client and its cluster live on."""
        for scattered in self._open:
            scattered.future.release()
        if self._client.status == "running":
            self._executor.shutdown(wait=False)

    def _scatter(self, scattered: Scattered) -> None:
        try:
            (scattered.future,) = self._client.scatter(
                [scattered.value], broadcast=scattered.copies or True, hash=False, timeout=_PATIENCE_S
            )
        except (OSError, TimeoutError, ValueError, RuntimeError, CancelledError) as error:
            raise ExecutorLostError(f"the cluster takes no data ({_told(error)}): look at its workers") from error

    def _count_workers(self) -> int:
        """Threads of all workers, after waiting for the first one."""
        if self._client.status == "closed":
            raise ExecutorLostError("the Dask client is closed: connect another one to the cluster")
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE_S)
            threads = sum(self._client.nthreads().values())
        except (OSError, TimeoutError, ValueError, RuntimeError, CancelledError) as error:
            raise ExecutorLostError(
                f"the Dask client has no workers ({_told(error)}): start some, or connect it to a cluster that has them"
            ) from error
        return max(1, int(threads))


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {cut(error)}"


class SentWork:
    """The work of a sweep on a worker, unpacked by the first task."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._lock = threading.Lock()
        self._received: ReceivedWork | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return SentWork, (self._data,)

    def __sizeof__(self) -> int:
        return len(self._data)

    def received(self) -> ReceivedWork:
        """The work itself."""
        with self._lock:
            self._received = self._received or unpacked(self._data)
            return self._received


class SentBars:
    """The bars of a symbol on a worker, with the desk its tasks share; both go when the sweep lets go of them."""

    def __init__(self, given: SymbolBars) -> None:
        self._given = _aligned(given)
        self._lock = threading.Lock()
        self._desk: SweepDesk | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return SentBars, (self._given,)

    def __sizeof__(self) -> int:  # the scheduler weighs the way of the bars against that of a task
        return sum(column.nbytes for columns in self._given.columns().values() for column in columns)

    def desk(self, received: ReceivedWork) -> SweepDesk:
        """The one desk of these bars."""
        with self._lock:
            self._desk = self._desk or SweepDesk(received.work, self._given)
            return self._desk


def _aligned(given: SymbolBars) -> SymbolBars:
    """The same columns where a float begins on a whole word: they arrive as parts of one message, anywhere in it."""
    columns = {
        period: [np.require(column, requirements="A") for column in of_period]
        for period, of_period in given.columns().items()
    }
    return SymbolBars.of_columns(given.symbol, columns)


def compute_on_worker(
    work: SentWork, bars: SentBars, numbers: Sequence[int], columns: Mapping[str, Sequence[Any]]
) -> bytes:
    """The work of one task on a worker; bars and indicators stay for the next one."""
    received = work.received()
    return received.computed(bars.desk(received), numbers, columns)
