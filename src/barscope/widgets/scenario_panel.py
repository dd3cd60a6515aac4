"""Collateral-hedge scenarios as a panel: describe a loan, choose templates, watch it run, look at what came out."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.text import block
from barscope.errors import InvalidParameterError
from barscope.jobs import JobStatus
from barscope.widgets.downloads import Downloads
from barscope.widgets.fields import text_line
from barscope.widgets.job_panel import JobPanel
from barscope.widgets.result_tabs import OF_SCENARIOS
from barscope.widgets.results_view import ResultsView
from barscope.widgets.scenario_cards import ScenarioCards
from barscope.widgets.scenario_entry import EntryFacts
from barscope.widgets.scenario_form import ScenarioForm
from barscope.widgets.scenario_queue import ScenarioQueue
from barscope.widgets.template_picker import TemplatePicker
from barscope.workspace.scenario_files import FILES, enqueue_file

if TYPE_CHECKING:
    from barscope.jobs import Job
    from barscope.studies.scenario_request import ScenarioRequest
    from barscope.workspace.run import Run
    from barscope.workspace.workspace import Workspace

HEIGHT = 700
OVERVIEW_PX = 92


class ScenarioPanel(JobPanel):
    """The scenario panel; show it by ending a cell with it.

    It opens the newest scenario there is. Each part can be used from code as well:
    `panel.form.symbol.value = ["IBM"]`, `panel.templates.set(["protective-put-atm-12m"])`, `panel.run()`.

    Attributes:
        form: Asset, stretch, loan and terms.
        entry: Where the scenario would begin.
        templates: Which templates it follows, and the form of a new one.
        cards: What the open one came to.
        results: The open one.
    """

    _queue: ScenarioQueue
    results: ResultsView

    def __init__(self, workspace: Workspace, *, height: int = HEIGHT) -> None:
        super().__init__(ScenarioQueue(workspace))
        self._workspace = workspace
        self._file: tuple[Run, str, Job[bytes]] | None = None
        self._asked: ScenarioRequest | None = None
        self._is_ready = False
        self.problem = ""
        """Why the button would not run anything; empty where it would."""
        self.form = ScenarioForm(workspace.secmaster, self._guard, self._judge)
        self.entry = EntryFacts(workspace)
        self.templates = TemplatePicker(workspace.hedge_templates, self._guard, self._judge)
        self.runs = self._list("Scenarios", "Tick templates above and run.")
        self.cards = ScenarioCards()
        nothing = "Run a scenario, or open one from the list"
        self.results = ResultsView(workspace, self._guard, height - OVERVIEW_PX, self._poller.wake, nothing)
        self.results.tabs.options = OF_SCENARIOS
        self._make_widgets()
        self.widget = self._arrange(height)
        self._listen()
        self._start()

    def __repr__(self) -> str:
        return f"ScenarioPanel({', '.join(self.form.symbol.value)}, {len(self._queue.entries)} scenarios)"

    # ---- for use from code

    @property
    def request(self) -> ScenarioRequest:
        """What the button would run.

        Raises:
            InvalidParameterError: If the fields do not hold.
        """
        return self.form.request(self.templates.value)

    @property
    def is_stale(self) -> bool:
        """Whether what is shown was made of other inputs than those in the form."""
        shown = self._shown
        if shown is None or self.problem or self._asked is None:
            return shown is not None
        return bool(_comparable(shown.request, shown) != _comparable(self._asked, shown))

    def run(self) -> Job[Any]:
        """Run what the form asks for, as the button does; a scenario under way is cancelled.

        Raises:
            BarscopeError: If it does not hold.
        """
        with self._guard.lock:
            job = self._queue.add(self.request)
            self._awaited = job.run_id
            self._go_on()
        return job

    # ---- what happens

    def _let_go(self) -> None:
        self.entry.close()
        super()._let_go()

    def _begin(self) -> None:
        self._is_ready = True
        self._queue.read()
        newest = self._newest()
        if newest is not None:
            with suppress(InvalidParameterError):
                self._reuse(newest)
        self.results.open(newest)
        self._judge()

    def _judge(self) -> None:
        """Say whether the form holds, and read where it would begin."""
        if not self._is_ready:
            return
        self.problem, self._asked = "", None
        try:
            self._asked = self.form.request(self.templates.value or ("none",))
            self.entry.ask(self._asked)
            if not self.templates.value:
                self.problem = "Tick at least one template."
        except InvalidParameterError as error:
            self.problem = str(error)
            self.entry.refuse(self.problem)
        self._go_on()

    def _reuse(self, run_id: str) -> None:
        request = self._queue.request_of(run_id)
        self.templates.set(request.template_slugs)
        self.form.set(request)

    def _step(self) -> bool:
        self._follow_queue()
        reading = self.entry.update()
        if self.entry.problem:
            self.form.mark(self.entry.problem)
        waiting = self.results.update()
        self.runs.show(self._queue.entries.values(), self.results.run_id)
        self._show_state()
        return self._queue.is_live or waiting or reading or self._hand_over()

    @property
    def _shown(self) -> Run | None:
        view = self.results.view
        return view.run if view is not None and view.scenario is not None else None

    def _show_state(self) -> None:
        self.run_button.disabled = bool(self.problem or self.entry.problem)
        reason = "" if self.problem == self.entry.problem else self.problem
        self._reason.value, self._reason.tooltip = block(reason), reason or None
        shown = self._shown
        self.cards.show(shown.scenario if shown else None, self.results.scenario.template.value if shown else None)
        for button in self.exports.values():
            button.disabled = shown is None or self._file is not None
        is_stale = self.is_stale
        said = "The inputs have changed since: run again." if is_stale else _named(shown, self.results)
        self._title.value = block(said)
        (self._overview.add_class if is_stale else self._overview.remove_class)("barscope-is-stale")
        (self.results.widget.add_class if is_stale else self.results.widget.remove_class)("barscope-is-stale")
        notes = shown.scenario.summary["notes"] if shown else ()
        self._notes.value = block(" ".join(notes))
        self._notes.tooltip = "\n".join(notes) or None

    # ---- files

    def export(self, ending: str) -> None:
        """Hand the open scenario to the browser as a file.

        Args:
            ending: `csv` (a row per template and day), `json` (the whole result) or `html` (a page).

        Raises:
            InvalidParameterError: If no scenario is open.
        """
        with self._guard.lock:
            if self._shown is None:
                raise InvalidParameterError("no scenario is open: run one, or open one from the list")
            self._file = (self._shown, ending, enqueue_file(self._workspace, self._shown, ending))
            self._go_on()

    def _hand_over(self) -> bool:
        """Give the browser the file that was made; tells whether it is still being made."""
        if self._file is None:
            return False
        run, ending, job = self._file
        if not job.snapshot.status.is_terminal:
            return True
        self._file = None
        if job.snapshot.status is JobStatus.COMPLETED:
            self._downloads.save(f"{run.run_id}.{ending}", FILES[ending][0], job.result())
        elif job.snapshot.status is JobStatus.FAILED:
            self.notices.show(f"The file cannot be made: {job.snapshot.error}", job.snapshot.traceback or "")
        self._show_state()
        return False

    # ---- widgets

    def _make_widgets(self) -> None:
        self.run_button = widgets.Button(description="Run scenario", icon="play", button_style="primary")
        self.exports = {
            ending: widgets.Button(description=ending.upper(), tooltip=tooltip)
            for ending, tooltip in (
                ("csv", "Save the days of all templates"),
                ("json", "Save the whole result"),
                ("html", "Save a page to look at"),
            )
        }
        self._reason = text_line().add_class("barscope-problem")
        self._title = text_line().add_class("barscope-facts")
        self._notes = text_line().add_class("barscope-hint")
        self._downloads = Downloads()

    def _arrange(self, height: int) -> widgets.Widget:
        starter = widgets.VBox([self._reason, self.run_button]).add_class("barscope-starter")
        side = widgets.VBox([self.templates.widget, starter, self.runs.widget]).add_class("barscope-side")
        head = widgets.Box([self._title, self._notes, *self.exports.values()]).add_class("barscope-overview-head")
        self._overview = widgets.VBox([head, self.cards.widget]).add_class("barscope-overview")
        right = widgets.VBox([self._overview, self.results.widget]).add_class("barscope-scenario-results")
        body = widgets.Box([side, right]).add_class("barscope-body")
        body.layout.height = f"{height}px"
        parts = [self.surroundings, self.form.widget, self.entry.widget, body, self.notices.widget, self._downloads]
        return widgets.VBox(parts).add_class("barscope-panel").add_class("barscope-scenario")

    def _listen(self) -> None:
        guard = self._guard
        self.run_button.on_click(guard(lambda _button: self.run()))
        for ending, button in self.exports.items():
            button.on_click(guard(lambda _button, ending=ending: self.export(ending)))
        self.results.scenario.template.observe(guard(lambda _change: self._show_state()), "value")


def _comparable(request: Any, run: Run) -> Any:  # noqa: ANN401  # of a recorded run: any kind
    """A request without what makes no difference to its results: its name, and a publisher that was the only one."""
    publisher_id = request.publisher_id or run.config.get("publisher_id")
    return request.model_copy(update={"scenario_name": "", "publisher_id": publisher_id})


def _named(shown: Run | None, results: ResultsView) -> str:
    """What the cards are about."""
    if shown is None:
        return "No results yet"
    slug = results.scenario.template.value
    return f"{shown.record.name} · {shown.scenario.template_name(slug)}"
