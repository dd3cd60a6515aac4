"""What a runs panel has under way: runs that are repeated, and runs that are deleted. No widgets here."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from barscope.charts.text import plain
from barscope.jobs import JobContext, JobStatus, Stage
from barscope.widgets.job_list import JobEntry, followed
from barscope.workspace.repetition import compare_again, enqueue_again

if TYPE_CHECKING:
    from barscope.jobs import Job
    from barscope.workspace.repetition import Repetition
    from barscope.workspace.workspace import Workspace

_DELETING = (Stage("deleting"),)
_COMPARING = (Stage("comparing with the original"),)
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class _Errand:
    """A piece of work: its job, and what to do with what it gives."""

    job: Job[Any]
    then: Callable[[JobEntry, Any], None]


class RunErrands:
    """Repeats and deletes runs, one entry each.

    Attributes:
        entries: How far each is, the newest first.
        opens: Key of an entry → the run it made.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._under_way: dict[str, _Errand] = {}
        self.entries: dict[str, JobEntry] = {}
        self.opens: dict[str, str] = {}

    @property
    def is_live(self) -> bool:
        """Whether anything is under way."""
        return bool(self._under_way)

    def repeat(self, run_id: str) -> Job[Any]:
        """Run a recorded run again, then compare the two; raises as `Workspace.repeat`."""
        name = self._workspace.runs_store.get(run_id).name
        job = enqueue_again(self._workspace, run_id)
        self._begin(f"Repeat {plain(name)}", job, lambda entry, again: self._compare(entry, run_id, again.run_id))
        return job

    def delete(self, run_ids: Sequence[str]) -> Job[None]:
        """Delete runs with everything recorded in them."""
        wanted = tuple(run_ids)

        def work(context: JobContext) -> None:
            context.enter("deleting")
            for place, run_id in enumerate(wanted):
                context.report(place / len(wanted), f"{place:,} of {len(wanted):,}")
                self._workspace.delete_run(run_id)

        job = self._workspace.jobs.submit(f"delete-{next(_numbers)}", work, _DELETING)
        what = f"{len(wanted):,} runs" if len(wanted) > 1 else "1 run"
        self._begin(f"Delete {what}", job, lambda entry, _none: self._end(entry, "deleted"))
        return job

    def cancel(self, key: str) -> None:
        """Ask a piece of work to stop."""
        if key in self._under_way:
            self._under_way[key].job.cancel()

    def cancel_all(self) -> None:
        """Ask all of it to stop."""
        for key in tuple(self._under_way):
            self.cancel(key)

    def follow(self) -> bool:
        """Take over how far each is; tells whether any has come to its end."""
        has_news = False
        for key, errand in tuple(self._under_way.items()):
            now, entry = errand.job.snapshot, self.entries[key]
            if not now.status.is_terminal:
                self.entries[key] = replace(entry, **followed(entry, now))
                continue
            has_news = True
            del self._under_way[key]
            if now.status is JobStatus.COMPLETED:
                errand.then(entry, errand.job.result())
            else:
                self.entries[key] = replace(entry, **followed(entry, now))
        return has_news

    def _begin(self, name: str, job: Job[Any], then: Callable[[JobEntry, Any], None]) -> None:
        entry = JobEntry(f"errand-{next(_numbers)}", name, JobStatus.QUEUED)
        self.entries = {entry.key: entry} | self.entries
        self._under_way[entry.key] = _Errand(job, then)
        self.follow()

    def _compare(self, entry: JobEntry, run_id: str, again_id: str) -> None:
        def work(context: JobContext) -> Repetition:
            context.enter("comparing with the original")
            return compare_again(self._workspace, run_id, again_id, context.check)

        self.opens[entry.key] = again_id
        job = self._workspace.reads.submit(f"repetition-{next(_numbers)}", work, _COMPARING)
        self._under_way[entry.key] = _Errand(job, self._tell)
        self.entries[entry.key] = replace(entry, **followed(entry, job.snapshot))

    def _tell(self, entry: JobEntry, found: Repetition) -> None:
        note = "came out equal" if found.equal else f"differs: {found.difference}"
        changed = [key for key in found.changed if not key.startswith("request.")]
        more = f", though {len(changed)} things it came from have changed" if changed and found.equal else ""
        self._end(entry, note + more)

    def _end(self, entry: JobEntry, note: str) -> None:
        self.entries[entry.key] = replace(entry, status=JobStatus.COMPLETED.value, progress=1.0, note=note)
