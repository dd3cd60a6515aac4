"""Which crew an executor stands for."""

from __future__ import annotations

import os
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import TYPE_CHECKING, cast

from barscope.errors import InvalidParameterError, cut
from barscope.jobs import InlineExecutor
from barscope.studies.sweep_frame import EVENTS
from barscope.studies.sweep_processes import ProcessCrew
from barscope.studies.sweep_threads import LocalCrew

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Client

    from barscope.studies.sweep_crew import Crew
    from barscope.studies.sweep_work import SweepWork

_PROCESSES_FROM_BARS = 3_000_000
"""Bars to replay from which starting processes pays: about 20 s of one core."""


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
        return ProcessCrew(work, executor, workers or _workers_of(executor, count))
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
