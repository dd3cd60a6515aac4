"""All runs as a panel: find them, look at what each came from and what came out, compare, repeat, delete."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.text import escape
from barscope.errors import InvalidParameterError
from barscope.jobs import JobStatus, Stage
from barscope.store.run_list import glance_at_runs
from barscope.widgets.cells import after_each_cell
from barscope.widgets.compared_runs import ComparedRuns
from barscope.widgets.fields import icon_button, text_line
from barscope.widgets.job_list import JobList
from barscope.widgets.job_panel import RowActions
from barscope.widgets.panel import Panel
from barscope.widgets.results_view import ResultsView
from barscope.widgets.run_errands import RunErrands
from barscope.widgets.run_finder import RunFinder
from barscope.widgets.surroundings import Surroundings

if TYPE_CHECKING:
    from barscope.jobs import Job
    from barscope.store.run_list import RunGlance
    from barscope.workspace.workspace import Workspace

HEIGHT = 620
_LISTING = (Stage("reading the list of runs"),)
_numbers = itertools.count(1)


class RunsPanel(Panel):
    """The runs panel; show it by ending a cell with it.

    Each part can be used from code as well: `panel.search.value = "aapl"`, `panel.open(run_id)`,
    `panel.compare(first, second)`, `panel.repeat(run_id)`, `panel.table.row_keys`.

    Attributes:
        finder: The list of runs with what narrows it.
        search, mode, status, table: Its parts.
        results: The one that is open.
        comparison: Two of them side by side.
        errands: What is being repeated or deleted.
    """

    def __init__(self, workspace: Workspace, *, height: int = HEIGHT) -> None:
        super().__init__()
        self._workspace = workspace
        self._listing: Job[tuple[RunGlance, ...]] | None = None
        self._live: tuple[str, ...] = ()
        self._doomed: tuple[str, ...] = ()
        self._work = RunErrands(workspace)
        self.results = ResultsView(workspace, self._guard, height, self._poller.wake, "Choose a run to see what it is")
        self._compared = ComparedRuns(workspace, self._guard, height, self.results.widget)
        self.comparison = self._compared.view
        self.surroundings = Surroundings()
        self._make_widgets()
        self.widget = self._arrange(height)
        self._listen()
        self._guard(self.refresh)()
        self._stop_listening = after_each_cell(self._guard(self.refresh))

    def __repr__(self) -> str:
        return f"RunsPanel({len(self.table.row_keys)} of {len(self.finder.runs)} runs)"

    # ---- for use from code

    def open(self, run_id: str) -> None:
        """Show a run."""
        with self._guard.lock:
            self.table.current = run_id
            self._open(run_id)

    def compare(self, first: str, second: str) -> None:
        """Show two runs side by side."""
        with self._guard.lock:
            self._compared.compare(first, second, self.results.chart.spec.theme)
            self._go_on()

    def repeat(self, run_id: str) -> Job[Any]:
        """Run a recorded run again, and tell whether it came out equal.

        Raises:
            UnknownRunError: If there is no such run, or it is not completed.
            InvalidParameterError: If its record does not tell how to repeat it.
        """
        with self._guard.lock:
            job = self._work.repeat(run_id)
            self.refresh()
        return job

    def refresh(self) -> None:
        """Read the list of runs again; what is shown stays until it is there.

        In a notebook this happens by itself: after each cell, and whenever work of this workspace ends.
        """
        with self._guard.lock:
            self._read_list()
            self._go_on()

    # ---- what happens

    def _let_go(self) -> None:
        self.results.close()
        self._compared.close()
        if self._listing is not None:
            self._listing.cancel()

    def _read_list(self) -> None:
        if self._listing is not None:
            self._listing.cancel()
        work = lambda _context: glance_at_runs(self._workspace.runs_store)  # noqa: E731
        self._listing = self._workspace.reads.submit(f"runs-{next(_numbers)}", work, _LISTING)

    def _step(self) -> bool:
        live = tuple(job.job_id for job in self._workspace.jobs.live())
        has_ended = any(job_id not in live for job_id in self._live)
        self._live = live
        if self._work.follow() or has_ended:
            self._read_list()
        self._take_list()
        comparing = self._compared.update(self.notices.show)
        waiting = self.results.update()
        self.errands.show(self._work.entries.values())
        self._jobs_box.layout.display = "" if self._work.entries else "none"
        self._show_actions()
        return bool(live or waiting or self._work.is_live or self._listing or comparing)

    def _take_list(self) -> None:
        job = self._listing
        if job is None or not job.snapshot.status.is_terminal:
            return
        self._listing = None
        if job.snapshot.status is JobStatus.FAILED:
            self.notices.show(f"The list of runs cannot be read: {job.snapshot.error}", job.snapshot.traceback or "")
        if job.snapshot.status is JobStatus.COMPLETED:
            self.finder.show(job.result())
            self._look_again()

    def _look_again(self) -> None:
        """Let go of an open run that is gone, and read again one that has ended since."""
        opened = self.results.run_id
        if opened is None:
            return
        now = next((run for run in self.finder.runs if run.run_id == opened), None)
        if now is None:
            self.table.current = ""
            self.results.open(None)
        elif self.results.view is not None and self.results.view.run.status != now.status:
            self.results.read_again()

    def _leave_stale_comparison(self) -> None:
        """A comparison of runs that are not in the list any more would be of nobody knows what."""
        if self._compared.is_shown and not set(self._compared.runs or ()) <= set(self.table.row_keys):
            self._compared.leave()

    def _open(self, run_id: str) -> None:
        if run_id:
            self._compared.leave()
            self.results.open(run_id)
        self._go_on()

    # ---- actions

    def _chosen(self) -> tuple[str, ...]:
        """The ticked runs, or the open one."""
        return tuple(self.table.checked) or ((self.table.current,) if self.table.current else ())

    def _show_actions(self) -> None:
        chosen, ticked = self._chosen(), self.table.checked
        self.compare_button.disabled = len(ticked) != 2 or self._compared.is_reading
        self.compare_button.tooltip = "Tick two runs to compare them" if len(ticked) != 2 else "Compare the ticked runs"
        self.repeat_button.disabled = len(chosen) != 1
        self.delete_button.disabled = not chosen
        said = f"{len(ticked):,} ticked" if ticked else ""
        self._hint.value = escape("comparing" if self._compared.is_reading else said)

    def _ask(self) -> None:
        self._doomed = self._chosen()
        what = f"these {len(self._doomed):,} runs" if len(self._doomed) > 1 else f"{self._doomed[0]}"
        self._question.value = escape(f"Delete {what} for good?")
        self._confirm(True)
        self.keep_button.focus()

    def _keep(self) -> None:
        self._confirm(False)
        self.delete_button.focus()

    def _confirm(self, asking: bool) -> None:
        self._ask_bar.layout.display = "" if asking else "none"
        self._action_bar.layout.display = "none" if asking else ""

    def _delete(self) -> None:
        doomed, self._doomed = self._doomed, ()
        self._confirm(False)
        if self.results.run_id in doomed:
            self.results.open(None)
            self.table.current = ""
        self.table.checked = []
        if set(self._compared.runs or ()) & set(doomed):
            self._compared.leave()
        self._work.delete(doomed)
        self._go_on()

    def _compare_ticked(self) -> None:
        if len(self.table.checked) != 2:
            raise InvalidParameterError("tick two runs to compare them")
        self.compare(*self.table.checked)

    def _follow_page(self) -> None:
        self.results.follow_page(is_dark=self.surroundings.dark)
        self._draw_comparison_again()

    def _draw_comparison_again(self) -> None:
        if self._compared.runs is not None and self._compared.is_shown:
            self.compare(*self._compared.runs)
        self._go_on()

    def _open_result(self, key: str) -> None:
        run_id = self._work.opens.get(key)
        if run_id is not None:
            self.open(run_id)

    # ---- widgets

    def _make_widgets(self) -> None:
        self.finder = RunFinder(self._guard, self._leave_stale_comparison)
        self.search, self.mode, self.status = self.finder.search, self.finder.mode, self.finder.status
        self.table = self.finder.table
        self.reload = icon_button("refresh", "Read the list of runs again")
        self.compare_button = widgets.Button(description="Compare", icon="columns")
        self.repeat_button = widgets.Button(
            description="Repeat", icon="repeat", tooltip="Run it again and see whether it comes out equal"
        )
        self.delete_button = widgets.Button(description="Delete…", icon="trash", tooltip="Delete the chosen runs")
        self._hint = widgets.HTML().add_class("barscope-hint")
        self._question = text_line()
        self.confirm_button = widgets.Button(
            description="Delete", button_style="danger", tooltip="There is no way back"
        )
        self.keep_button = widgets.Button(description="Keep")
        self.back_button = self._compared.back
        self.errands = JobList(
            self._guard, RowActions(self, self._work, self._open_result), "Repeated and deleted", "", reusable=False
        )

    def _arrange(self, height: int) -> widgets.Widget:
        filters = widgets.Box([self.search, self.mode, self.status, self.finder.count, self.reload])
        self._action_bar = widgets.Box([self.compare_button, self.repeat_button, self._hint, self.delete_button])
        self._ask_bar = widgets.Box([self._question, self.confirm_button, self.keep_button])
        self._ask_bar.add_class("barscope-actions").add_class("barscope-confirm").layout.display = "none"
        self._jobs_box = widgets.Box([self.errands.widget]).add_class("barscope-jobs")
        side = [self.table, self._action_bar.add_class("barscope-actions"), self._ask_bar, self._jobs_box]
        right = widgets.VBox([self.results.widget, self._compared.widget]).add_class("barscope-results")
        body = widgets.Box([widgets.VBox(side).add_class("barscope-runs-side"), right]).add_class("barscope-runs-body")
        body.layout.height = f"{height}px"
        parts = [self.surroundings, filters.add_class("barscope-filters"), body, self.notices.widget]
        return widgets.VBox(parts).add_class("barscope-panel")

    def _listen(self) -> None:
        guard = self._guard
        self.reload.on_click(guard(lambda _button: self.refresh()))
        self.table.on_open(guard(self._open))
        self.table.observe(guard(lambda _change: self._show_actions()), "checked")
        self.compare_button.on_click(guard(lambda _button: self._compare_ticked()))
        self.repeat_button.on_click(guard(lambda _button: self.repeat(self._chosen()[0])))
        self.delete_button.on_click(guard(lambda _button: self._ask()))
        self.confirm_button.on_click(guard(lambda _button: self._delete()))
        self.keep_button.on_click(guard(lambda _button: self._keep()))
        self.surroundings.observe(guard(lambda _change: self._follow_page()), "dark")
        self.results.theme.observe(guard(lambda _change: self._draw_comparison_again()), "value")
