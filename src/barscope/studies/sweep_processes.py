"""Sweeps on the processes of one machine: work and bars reach them as files, which the system shares between them."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future, ProcessPoolExecutor
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.domain.periods import BarPeriod
from barscope.errors import ExecutorLostError
from barscope.studies.sweep_packing import ReceivedWork, packed, unpacked
from barscope.studies.sweep_work import SweepDesk, SymbolBars

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.studies.sweep_crew import SweepTask, Verdict
    from barscope.studies.sweep_work import SweepWork


class ProcessCrew:
    """A pool of processes; whatever kills one of them, the others are replaced and the sweep goes on.

    Args:
        work: What is to be computed.
        pool: Where; None is a pool of its own.
        workers: How many processes.
    """

    def __init__(self, work: SweepWork, pool: ProcessPoolExecutor | None, workers: int) -> None:
        self.workers = workers
        self._is_own = pool is None
        self._folder = tempfile.TemporaryDirectory(prefix="barscope-sweep-")
        self._numbers = count()
        self._work = Path(self._folder.name) / "work"
        self._work.write_bytes(packed(work))
        self._begun = Path(self._folder.name) / "begun"
        self._stop = Path(self._folder.name) / "stop"
        self._pool = pool or self._new_pool()

    def hand_out(self, given: SymbolBars, _tasks: int) -> str:
        """Write the columns of the bars once; each process maps the same pages."""
        folder = Path(self._folder.name) / f"bars-{next(self._numbers)}"
        folder.mkdir()
        for period, columns in given.columns().items():
            np.save(folder / f"{period.name}.npy", np.stack([column.view(np.int64) for column in columns]))
        return str(folder)

    def submit(self, handle: str, task: SweepTask) -> Future[bytes]:
        """Begin a task."""
        return self._pool.submit(
            compute_task,
            str(self._work),
            str(self._stop),
            handle,
            task.symbol,
            list(task.numbers),
            dict(task.combinations.columns),
        )

    def take_back(self, handle: str) -> None:
        """Remove the files; who still reads them keeps them until then."""
        for file in Path(handle).iterdir():
            file.unlink()
        Path(handle).rmdir()

    def verdict(self, error: BaseException) -> Verdict:
        """A pool breaks when one of its processes dies; ours is replaced."""
        if isinstance(error, BrokenExecutor):
            return "again" if self._is_own else "lost"
        return "lost" if isinstance(error, CancelledError | RuntimeError) else "wrong"

    def renew(self) -> None:
        """A new pool in place of the broken one.

        Raises:
            ExecutorLostError: If no process ever came as far as to begin.
        """
        self._pool.shutdown(wait=False, cancel_futures=True)
        if not self._begun.exists():
            raise ExecutorLostError(
                'no process could be started: a script has to ask for the sweep below `if __name__ == "__main__":`, '
                "because each process reads the script again; or use executor='threads'"
            )
        self._pool = self._new_pool()

    def stop(self) -> None:
        """Have tasks end after the child they are at."""
        self._stop.touch()

    def close(self) -> None:
        """End the processes, if they are ours, and remove the files."""
        if self._is_own:
            self._pool.shutdown(cancel_futures=True)
        self._folder.cleanup()

    def _new_pool(self) -> ProcessPoolExecutor:
        """Processes that begin empty: a fork would share the locks of open databases."""
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.workers, context, initializer=self._begun.touch)


def compute_task(
    work_path: str,
    stop_path: str,
    bars_folder: str,
    symbol: str,
    numbers: Sequence[int],
    columns: Mapping[str, Sequence[Any]],
) -> bytes:
    """The work of one task in another process; bars and indicators stay for the next one."""
    desk = _desk(work_path, bars_folder, symbol)
    return _work(work_path).computed(desk, numbers, columns, Path(stop_path).exists)


@lru_cache(maxsize=2)
def _desk(work_path: str, bars_folder: str, symbol: str) -> SweepDesk:
    return SweepDesk(_work(work_path).work, _read(Path(bars_folder), symbol))


@lru_cache(maxsize=4)
def _work(path: str) -> ReceivedWork:
    return unpacked(Path(path).read_bytes())


def _read(folder: Path, symbol: str) -> SymbolBars:
    columns = {}
    for file in sorted(folder.glob("*.npy")):
        table = np.load(file, mmap_mode="r")
        ts, prices, volume, known = table[0], table[1:5].view(np.float64), table[5], table[6]
        columns[BarPeriod[file.stem]] = (ts, *prices, volume, known)
    return SymbolBars.of_columns(symbol, columns)
