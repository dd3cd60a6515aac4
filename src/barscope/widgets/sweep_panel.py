"""Sweeps as a panel: choose bars, a strategy and ranges of its parameters, watch the heat map fill, trust or not."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import pandas  # noqa: F401  # plotly looks at it, and must not find it half imported by an estimate

from barscope.errors import BarscopeError, InvalidParameterError
from barscope.studies.request import BarChoice, ExplorerRequest
from barscope.widgets.job_panel import JobPanel
from barscope.widgets.latest import Latest
from barscope.widgets.source_picker import SourcePicker
from barscope.widgets.sweep_estimate import SweepEstimateLine
from barscope.widgets.sweep_form import SweepForm
from barscope.widgets.sweep_queue import SweepQueue
from barscope.widgets.sweep_results import SweepResults
from barscope.workspace.sweep_view import enqueue

if TYPE_CHECKING:
    from barscope.jobs import Job
    from barscope.studies.sweep_request import SweepRequest
    from barscope.workspace.workspace import Workspace

HEIGHT = 700


class SweepPanel(JobPanel):
    """The sweep panel; show it by ending a cell with it.

    It opens the newest sweep there is. Each part can be used from code as well:
    `panel.source.symbols.value = ["AAPL"]`, `panel.form.target.value = "SMACrossover"`, `panel.run()`, `panel.request`.

    Attributes:
        source: Which bars.
        form: What is tried.
        estimate: How many children there are, and how long they take.
        run_button: The button that starts the sweep.
        results: The open one.
    """

    _queue: SweepQueue
    results: SweepResults

    def __init__(self, workspace: Workspace, *, height: int = HEIGHT) -> None:
        super().__init__(SweepQueue(workspace))
        self._workspace = workspace
        self._asked: SweepRequest | None = None
        self._is_ready = False
        self._starting: Latest[tuple[Job[Any], SweepRequest]] = Latest(self._follow, self._refuse)
        self.source = SourcePicker(
            workspace.secmaster,
            self._guard,
            self._judge,
            workspace.calendars,
            workspace.data_splits,
            workspace.saved.watchlists,
        )
        self.form = SweepForm(self._guard, self._judge, self._reload)
        self.estimate = SweepEstimateLine(workspace, self._guard, self._show_state)
        self.run_button = widgets.Button(description="Run sweep", icon="play", button_style="primary")
        self.runs = self._list("Sweeps", "Choose ranges above and run.")
        self.results = SweepResults(workspace, self._guard, height, self._poller.wake, self.resume)
        self.widget = self._arrange(height)
        self._listen()
        self._start()

    def __repr__(self) -> str:
        return f"SweepPanel({self.form.target.value}, {len(self._queue.entries)} sweeps)"

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

    def run(self) -> None:
        """Run what the form asks for, as the button does; it is checked and started in the background.

        Raises:
            InvalidParameterError: If the form does not hold, or no bars are chosen.
        """
        with self._guard.lock:
            self._run(self.request)

    def resume(self, run_id: str) -> None:
        """Compute what is missing of a sweep; what is there is taken over.

        Raises:
            InvalidParameterError: If its record holds no request.
        """
        with self._guard.lock:
            self._run(self._queue.request_of(run_id), confirmed=True)

    def refresh(self) -> None:
        """Take over what is new, the splits too; otherwise as the other panels of runs do."""
        with self._guard.lock:
            self.form.sampling.offer_splits(self._workspace.data_splits.list())
            super().refresh()

    # ---- what happens

    def _let_go(self) -> None:
        self.estimate.close()
        super()._let_go()

    def _begin(self) -> None:
        self._is_ready = True
        self.form.sampling.offer_splits(self._workspace.data_splits.list())
        self._queue.read()
        if self.source.value is None:
            self.source.symbols.value = list(self.source.symbols.choices[:1])
        for run_id in tuple(self._queue.entries)[:1]:
            with suppress(BarscopeError):
                self._reuse(run_id)
        self.results.open(self._newest())
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

    def _run(self, request: SweepRequest, *, confirmed: bool | None = None) -> None:
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
        self._show_load_failures((*self._workspace.reload_indicators(), *self._workspace.reload_strategies()))

    def _step(self) -> bool:
        starting = self._starting.update()
        self._follow_queue()
        estimating = self.estimate.update()
        waiting = self.results.update()
        self.runs.show(self._queue.entries.values(), self.results.run_id)
        self._show_state()
        return self._queue.is_live or waiting or estimating or starting

    def _show_state(self) -> None:
        is_ready = self._asked is not None and self.estimate.is_confirmed
        self.run_button.disabled = not is_ready or self._starting.is_waiting

    def _open_row(self, run_id: str) -> None:
        self.open(run_id)  # it fills while it computes

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
