"""What the panels of backtests, scenarios and sweeps have in common: a list of runs, and the one that is open."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

from barscope.jobs import JobStatus
from barscope.widgets.cells import after_each_cell
from barscope.widgets.job_list import JobList
from barscope.widgets.panel import Panel
from barscope.widgets.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barscope.jobs import Job
    from barscope.widgets.job_list import JobEntry
    from barscope.widgets.run_queue import RunQueue


class Work(Protocol):
    """What a list of rows is about."""

    entries: dict[str, JobEntry]

    def cancel(self, key: str, /) -> None:
        """Stop one of them."""

    def cancel_all(self) -> None:
        """Stop all of them."""


class OpenRun(Protocol):
    """The part of a panel that shows a run."""

    @property
    def run_id(self) -> str | None:
        """Which."""

    def open(self, run_id: str | None, /) -> None:
        """Show another."""

    def follow_page(self, *, is_dark: bool) -> None:
        """Take the theme of the page."""

    def close(self) -> None:
        """Let go of it."""


class RowActions:
    """What the rows of a list of work ask for, done in its panel.

    Args:
        panel: Where it is shown.
        work: What the rows are about.
        open: Shows what came of one.
        reuse: Fills the form with what one was made of.
    """

    def __init__(
        self, panel: Panel, work: Work, open: Callable[[str], None], reuse: Callable[[str], None] = lambda _key: None
    ) -> None:
        self._panel = panel
        self._work = work
        self.open = open
        self.reuse = reuse

    def cancel(self, key: str) -> None:
        """Stop it."""
        self._work.cancel(key)
        self._panel._go_on()

    def cancel_all(self) -> None:
        """Stop all of it."""
        self._work.cancel_all()
        self._panel._go_on()

    def explain(self, key: str) -> None:
        """Show why it failed in full."""
        entry = self._work.entries[key]
        self._panel.notices.show(f"{entry.name} failed: {entry.error}", entry.traceback or "")


class JobPanel(Panel):
    """A panel over the runs of one kind.

    Args:
        queue: The runs.

    Attributes:
        runs: Their list.
        results: The one that is open.
        surroundings: The page the panel is shown in.
    """

    runs: JobList
    results: OpenRun

    def __init__(self, queue: RunQueue[Any]) -> None:
        super().__init__()
        self._queue = queue
        self._awaited: str | None = None
        self.surroundings = Surroundings()

    @property
    def jobs(self) -> tuple[Job[Any], ...]:
        """The jobs of the listed runs, live or finished lately."""
        found = (self._queue.job(run_id) for run_id in self._queue.entries)
        return tuple(job for job in found if job is not None)

    def open(self, run_id: str) -> None:
        """Show the results of a recorded run."""
        with self._guard.lock:
            self.results.open(run_id)
            self._go_on()

    def refresh(self) -> None:
        """Take over what is new, also what was run from code; under plain Python the only way to see news.

        In a notebook this happens by itself: after each cell, and ten times a second while something is under way.
        """
        with self._guard.lock:
            self._queue.read()
            self._go_on()

    # ---- for the panels

    def _let_go(self) -> None:
        self.results.close()

    @abstractmethod
    def _begin(self) -> None:
        """Fill in what was there last, and show it."""

    @abstractmethod
    def _reuse(self, run_id: str) -> None:
        """Fill the form with what a run was made of."""

    def _list(self, title: str, nothing: str) -> JobList:
        return JobList(self._guard, RowActions(self, self._queue, self._open_row, self._reuse), title, nothing)

    def _start(self) -> None:
        """Begin, once every part is there."""
        self.surroundings.observe(self._guard(lambda _change: self._follow_page()), "dark")
        self._guard(self._begin)()
        self._stop_listening = after_each_cell(self._guard(self.refresh))

    def _open_row(self, run_id: str) -> None:
        if self._queue.entries[run_id].is_live:
            self._awaited = run_id  # shown as soon as it is done
        else:
            self.open(run_id)

    def _follow_queue(self) -> None:
        """Take over how far the runs are, and open the one that was waited for."""
        self._queue.follow()
        awaited = self._queue.entries.get(self._awaited or "")
        if awaited is not None and not awaited.is_live:
            self._awaited = None
            if awaited.status == JobStatus.COMPLETED:
                self.results.open(awaited.key)

    def _newest(self) -> str | None:
        """The newest run that was completed."""
        entries: Mapping[str, JobEntry] = self._queue.entries
        return next((entry.key for entry in entries.values() if entry.status == JobStatus.COMPLETED), None)

    def _follow_page(self) -> None:
        self.results.follow_page(is_dark=self.surroundings.dark)
        self._go_on()
