"""Sweeps as a panel: choose bars, a strategy and ranges of its parameters, watch the heat map fill, trust or not."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import pandas  # noqa: F401  # plotly looks at it, and must not find it half imported by an estimate

from barscope.errors import BarscopeError, InvalidParameterError
from barscope.jobs import JobStatus
from barscope.studies.request import BarChoice, ExplorerRequest
from barscope.widgets.cells import after_each_cell
from barscope.widgets.guard import Guard
from barscope.widgets.job_list import JobList
from barscope.widgets.latest import Latest
from barscope.widgets.notices import close_all
from barscope.widgets.poller import Poller
from barscope.widgets.source_picker import SourcePicker
from barscope.widgets.surroundings import Surroundings
from barscope.widgets.sweep_estimate import SweepEstimateLine
from barscope.widgets.sweep_form import SweepForm
from barscope.widgets.sweep_queue import SweepQueue
from barscope.widgets.sweep_results import SweepResults
from barscope.workspace.sweep_view import enqueue

if TYPE_CHECKING:
    from barscope.jobs import Job
    from barscope.studies.sweep_request import SweepRequest
    from barscope.widgets.notices import Notices
    from barscope.workspace.workspace import Workspace

HEIGHT = 700


class SweepPanel:
    """The sweep panel; show it by ending a cell with it.

    It opens the newest sweep there is. Each part can be used from code as well:
    `panel.source.symbols.value = ["AAPL"]`, `panel.form.target.value = "SMACrossover"`, `panel.run()`, `panel.request`.

    Attributes:
        widget: The whole panel as one widget, for use in a larger layout.
        source: Which bars.
        form: What is tried.
        estimate: How many children there are, and how long they take.
        run_button: The button that starts the sweep.
        runs: The list of sweeps.
        results: The open one.
    """

    def __init__(self, workspace: Workspace, *, height: int = HEIGHT) -> None:
        self._workspace = workspace
        self._guard = Guard()
        self._queue = SweepQueue(workspace)
        self._asked: SweepRequest | None = None
        self._is_ready = False
        self._poller = Poller(self._guard(self._step))
        self._starting: Latest[tuple[Job[Any], SweepRequest]] = Latest(self._follow, self._refuse)
        self.source = SourcePicker(
            workspace.secmaster, self._guard, self._judge, workspace.calendars, workspace.data_splits
        )
        self.form = SweepForm(self._guard, self._judge, self._reload)
        self.estimate = SweepEstimateLine(workspace, self._guard, self._show_state)
        self.run_button = widgets.Button(description="Run sweep", icon="play", button_style="primary")
        self.runs = JobList(self._guard, _Actions(self), "Sweeps", "Choose ranges above and run.")
        self.results = SweepResults(workspace, self._guard, height, self._poller.wake, self.resume)
        self.surroundings = Surroundings()
        self.widget = self._arrange(height)
        self._listen()
        self._guard(self._begin)()
        self._stop_listening = after_each_cell(self._guard(self.refresh))

    def __repr__(self) -> str:
        return f"SweepPanel({self.form.target.value}, {len(self._queue.entries)} sweeps)"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:  # noqa: ANN401  # as IPython calls and reads it
        return self.widget._repr_mimebundle_(**kwargs)

    # ---- for use from code

    @property
    def request(self) -> SweepRequest:
        """What the button would run.

        Raises:
            InvalidParameterError: If the form does not hold, or no bars are chosen.
        """
        source = self.source.value
        if source is None:
            raise InvalidParameterError("No symbols selected")
        return self.form.request(source)

    @property
    def jobs(self) -> tuple[Job[Any], ...]:
        """The jobs of the listed sweeps, live or finished lately."""
        found = (self._queue.job(run_id) for run_id in self._queue.entries)
        return tuple(job for job in found if job is not None)

    @property
    def notices(self) -> Notices:
        """The messages under the panel."""
        return self._guard.notices

    def run(self) -> None:
        """Run what the form asks for, as the button does; it is checked and started in the background.

        Raises:
            InvalidParameterError: If the form does not hold, or no bars are chosen.
        """
        with self._guard.lock:
            self._start(self.request)

    def resume(self, run_id: str) -> None:
        """Compute what is missing of a sweep; what is there is taken over.

        Raises:
            InvalidParameterError: If its record holds no request.
        """
        with self._guard.lock:
            self._start(self._queue.request_of(run_id), confirmed=True)

    def open(self, run_id: str) -> None:
        """Show a sweep."""
        with self._guard.lock:
            self.results.open(run_id)
            self._go_on()

    def refresh(self) -> None:
        """Take over what is new, also what was run from code; under plain Python the only way to see news.

        In a notebook this happens by itself: after each cell, and ten times a second while something is under way.
        """
        with self._guard.lock:
            self._queue.read()
            self.form.sampling.offer_splits(self._workspace.data_splits.list())
            self._go_on()

    def close(self) -> None:
        """Let go of every widget; sweeps go on."""
        with self._guard.lock:
            self._stop_listening()
            self._poller.stop()
            self.estimate.close()
            self.results.close()
            close_all(self.widget)

    # ---- what happens

    def _begin(self) -> None:
        self._is_ready = True
        self.form.sampling.offer_splits(self._workspace.data_splits.list())
        self._queue.read()
        if self.source.value is None:
            self.source.symbols.value = list(self.source.symbols.choices[:1])
        for run_id in tuple(self._queue.entries)[:1]:
            with suppress(BarscopeError):
                self._reuse(run_id)
        newest = next((e.key for e in self._queue.entries.values() if e.status == JobStatus.COMPLETED), None)
        self.results.open(newest)
        self._judge()

    def _judge(self) -> None:
        """Say whether the form holds, and what it would take."""
        if not self._is_ready:
            return
        try:
            self._asked = self.request
            self.estimate.ask(self._asked)
        except InvalidParameterError as error:
            self._asked = None
            self.estimate.refuse(str(error))
        self._go_on()

    def _start(self, request: SweepRequest, *, confirmed: bool | None = None) -> None:
        sampling = self.form.sampling
        sure = self.estimate.is_confirmed if confirmed is None else confirmed
        options = {"executor": sampling.executor.value, "workers": sampling.workers.value, "confirmed": sure}
        work = lambda: (self._workspace.sweep(request, **options), request)  # noqa: E731
        self._starting.ask(enqueue(self._workspace, "start", work))
        self._go_on()

    def _follow(self, started: tuple[Job[Any], SweepRequest]) -> None:
        job, request = started
        self._queue.add(job, request)
        self.results.open(job.run_id)

    def _refuse(self, problem: str) -> None:
        self.notices.show(f"The sweep cannot be run: {problem}")

    def _reuse(self, run_id: str) -> None:
        request = self._queue.request_of(run_id)
        choice = {name: getattr(request, name) for name in BarChoice.model_fields}
        self.source.set(ExplorerRequest(**choice))
        self.form.set(request)

    def _reload(self) -> None:
        for failure in (*self._workspace.reload_indicators(), *self._workspace.reload_strategies()):
            message = f"The code in {failure.source} could not be loaded: {failure.error}"
            self.notices.show(message, failure.traceback, level="warning")

    def _go_on(self) -> None:
        """Show what is there, and look again while something is under way."""
        if self._step():
            self._poller.wake()

    def _step(self) -> bool:
        starting = self._starting.update()
        self._queue.follow()
        estimating = self.estimate.update()
        waiting = self.results.update()
        self.runs.show(self._queue.entries.values(), self.results.run_id)
        self._show_state()
        return self._queue.is_live or waiting or estimating or starting

    def _show_state(self) -> None:
        is_ready = self._asked is not None and self.estimate.is_confirmed
        self.run_button.disabled = not is_ready or self._starting.is_waiting

    def _follow_page(self) -> None:
        self.results.follow_page(is_dark=self.surroundings.dark)
        self._go_on()

    # ---- widgets

    def _arrange(self, height: int) -> widgets.Widget:
        starter = widgets.VBox([self.estimate.widget, self.run_button]).add_class("barscope-starter")
        side = widgets.VBox([self.form.widget, starter, self.runs.widget]).add_class("barscope-side")
        body = widgets.Box([side, self.results.widget]).add_class("barscope-body")
        body.layout.height = f"{height}px"
        parts = [self.surroundings, self.source.widget, body, self.notices.widget]
        return widgets.VBox(parts).add_class("barscope-panel").add_class("barscope-sweep")

    def _listen(self) -> None:
        self.run_button.on_click(self._guard(lambda _button: self.run()))
        self.surroundings.observe(self._guard(lambda _change: self._follow_page()), "dark")


class _Actions:
    """What the rows of the list ask for, done in the panel."""

    def __init__(self, panel: SweepPanel) -> None:
        self._panel = panel

    def open(self, key: str) -> None:
        self._panel.open(key)

    def cancel(self, key: str) -> None:
        self._panel._queue.cancel(key)
        self._panel._go_on()

    def reuse(self, key: str) -> None:
        self._panel._reuse(key)

    def explain(self, key: str) -> None:
        entry = self._panel._queue.entries[key]
        self._panel.notices.show(f"{entry.name} failed: {entry.error}", entry.traceback or "")

    def cancel_all(self) -> None:
        self._panel._queue.cancel_all()
        self._panel._go_on()
