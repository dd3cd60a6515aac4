"""Sweeps on a Dask cluster, of this machine or of many: columns go out once per worker, bytes of children come back."""

from __future__ import annotations

from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from distributed import KilledWorker

from barscope.domain.sampling import Combinations
from barscope.errors import ExecutorLostError
from barscope.studies.sweep_frame import to_bytes
from barscope.studies.sweep_packing import packed, unpacked
from barscope.studies.sweep_work import SweepDesk, SweepWork, SymbolBars, children_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from distributed import Client

    from barscope.studies.sweep_crew import SweepTask, Verdict

_PATIENCE_S = 30.0
_RETRIES = 2


@dataclass(eq=False, slots=True)
class _Scattered:
    """Bars that every worker has."""

    given: SymbolBars
    future: Any


class DaskCrew:
    """The workers of a client.

    Args:
        work: What is to be computed.
        client: Connected to a scheduler; it stays open.

    Raises:
        ExecutorLostError: If it is not connected, or has no workers.
    """

    def __init__(self, work: SweepWork, client: Client) -> None:
        self._client = client
        self.workers = self._count_workers()
        self._packed = packed(work)
        self._executor = client.get_executor(pure=False, retries=_RETRIES)
        self._work = self._scatter(self._packed)
        self._open: list[_Scattered] = []

    def hand_out(self, given: SymbolBars) -> _Scattered:
        """Send the columns to every worker."""
        scattered = _Scattered(given, self._scatter(given))
        self._open.append(scattered)
        return scattered

    def submit(self, handle: _Scattered, task: SweepTask) -> Future[bytes]:
        """Begin a task on any worker; should it die, the scheduler begins it on another."""
        future: Future[bytes] = self._executor.submit(
            compute_on_worker, self._work, handle.future, list(task.numbers), dict(task.combinations.columns)
        )
        return future

    def take_back(self, handle: _Scattered) -> None:
        """Let the workers forget the columns."""
        if handle in self._open:
            self._open.remove(handle)
        handle.future.release()

    def verdict(self, error: BaseException) -> Verdict:
        """A task that kills worker after worker is given up; one whose bars were lost with a worker is tried again."""
        if isinstance(error, KilledWorker):
            return "dropped"
        if isinstance(error, CancelledError | OSError | TimeoutError) or type(error).__name__ == "FutureCancelledError":
            return "again" if self._client.status == "running" else "lost"
        return "wrong"

    def renew(self) -> None:
        """Send everything that is open to the workers there are now.

        Raises:
            ExecutorLostError: If there are none left.
        """
        self.workers = self._count_workers()
        self._work = self._scatter(self._packed)
        for scattered in self._open:
            scattered.future = self._scatter(scattered.given)

    def close(self) -> None:
        """Let the workers forget everything of this sweep; the client and its cluster live on."""
        for scattered in self._open:
            scattered.future.release()
        self._work.release()
        self._executor.shutdown(wait=False)

    def _scatter(self, value: object) -> Any:  # noqa: ANN401  # a future of Dask
        try:
            return self._client.scatter([value], broadcast=True, hash=False)[0]
        except (OSError, TimeoutError, ValueError) as error:
            raise ExecutorLostError(
                f"the cluster takes no data ({type(error).__name__}: {error}): look at it"
            ) from error

    def _count_workers(self) -> int:
        """Threads of all workers, after waiting for the first one."""
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE_S)
            threads = sum(self._client.nthreads().values())
        except (OSError, TimeoutError, ValueError, RuntimeError) as error:
            raise ExecutorLostError(
                f"the Dask client has no workers ({type(error).__name__}: {error}): connect it to some"
            ) from error
        return max(1, int(threads))


def compute_on_worker(
    work: bytes, given: SymbolBars, numbers: Sequence[int], columns: Mapping[str, Sequence[Any]]
) -> bytes:
    """The work of one task on a worker; bars and indicators stay for the next one."""
    return to_bytes(children_of(_desk(work, given), numbers, Combinations(columns)))


_desks: list[SweepDesk] = []
_KEPT = 2


def _desk(work: bytes, given: SymbolBars) -> SweepDesk:
    """The desk of these very bars, which a worker holds as long as they are scattered."""
    for desk in tuple(_desks):
        if desk.given is given and desk.work is _work(work):
            return desk
    desk = SweepDesk(_work(work), given)
    _desks.append(desk)
    del _desks[:-_KEPT]
    return desk


_works: dict[bytes, SweepWork] = {}


def _work(data: bytes) -> SweepWork:
    if data not in _works:
        _works.clear()
        _works[data] = unpacked(data)
    return _works[data]
