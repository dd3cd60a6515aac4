"""Waiting for a job on the command line: a progress bar by stage, and Ctrl-C that cancels."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from barscope.cli.console import progress_bar, say

if TYPE_CHECKING:
    from barscope.jobs import Job

_POLL_S = 0.1
T = TypeVar("T")


def finish(job: Job[T], doing: str) -> T:
    """The result of a job, with a progress bar until it is there; Ctrl-C cancels it.

    Args:
        job: What was asked for.
        doing: What it is, in front of the bar, such as `exploring`.

    Raises:
        KeyboardInterrupt: If the job was cancelled.
        BarscopeError: If the job failed.
    """
    try:
        _follow(job, doing)
    except KeyboardInterrupt:
        if job.cancel():
            say(f"cancelling run {job.run_id}")
            job.wait()
            raise
    return job.result()


def _follow(job: Job[T], doing: str) -> None:
    with progress_bar(f"{doing} {job.run_id}") as tell:
        while not job.wait(_POLL_S):
            now = job.snapshot
            tell(now.progress, f"{now.stage} {now.message}")
        tell(job.snapshot.progress, job.snapshot.stage)
