"""One sweep in a panel, while it computes and after: its tabs, and any child of it as a backtest of its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.data import ChartSpec
from barscope.charts.text import block, disclosure, escape
from barscope.errors import InvalidParameterError
from barscope.jobs import JobStatus
from barscope.studies.sweep_result import SweepResult
from barscope.widgets.chart_area import AUTO, THEMES, theme_of
from barscope.widgets.downloads import Downloads
from barscope.widgets.fields import kept_back, text_line, turn_to
from barscope.widgets.latest import Latest
from barscope.widgets.result_tabs import CARD, HEAT_MAP, JUDGEMENT, LINES, SWEEP_EQUITY, SWEEP_TABLE
from barscope.widgets.results_view import TOOLBARS_PX, ResultsView
from barscope.widgets.run_card import RunCard
from barscope.widgets.sweep_equity_view import SweepEquityView
from barscope.widgets.sweep_judgement_view import JudgementView
from barscope.widgets.sweep_tabs import BAR_PX, SweepTabs
from barscope.workspace.sweep_equity import params_text
from barscope.workspace.sweep_view import enqueue

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.jobs import Job
    from barscope.widgets.guard import Guard
    from barscope.widgets.sweep_table import Child
    from barscope.workspace.run import Run
    from barscope.workspace.workspace import Workspace

TABS = (HEAT_MAP, LINES, SWEEP_TABLE, SWEEP_EQUITY, JUDGEMENT, CARD)
_CHILD_PX = 36
_NOTHING = "Run a sweep, or open one from the list"


class SweepResults:
    """The tabs of a sweep, and in their place a child that was clicked.

    Attributes:
        widget: What a panel shows.
        tabs: Which tab is open.
        view: What the tabs show.
        card: What the sweep came from.
        child: The backtest of a child.
        back: The button that returns from it.
        resume: The button that computes what is missing.
        save: The button that hands the table over as a file.
        run_id: The sweep that is shown; None where there is none.
    """

    def __init__(
        self,
        workspace: Workspace,
        guard: Guard,
        height: int,
        on_news: Callable[[], None],
        on_resume: Callable[[str], None],
    ) -> None:
        self._workspace = workspace
        self._guard = guard
        self._on_news = on_news
        self._on_resume = on_resume
        self._is_dark = False
        self._spec = ChartSpec(height=height - TOOLBARS_PX)
        self._wanted: tuple[str, Child] | None = None
        self._playing: Job[Run] | None = None
        self._read: str | None = None
        self.run_id: str | None = None
        self.run: Run | None = None
        self.problem = ""
        self._reading: Latest[tuple[Run, SweepResult]] = Latest(self._take, self._refuse)
        self._starting: Latest[Job[Run]] = Latest(self._play, self._refuse_child)
        self._make_widgets(height)
        self._listen()
        self._arrange()

    # ---- for use from code

    @property
    def result(self) -> SweepResult | None:
        """The sweep that is shown, whole or so far."""
        return self.view.result if self.run_id is not None else None

    def open(self, run_id: str | None) -> None:
        """Turn to a sweep, under way or recorded."""
        if run_id != self.run_id:
            self.run_id, self._read, self.run, self.problem = run_id, None, None, ""
            self._reading.stop()
            self.leave_child()
        self.update()

    def open_child(self, child: Child) -> None:
        """Show one child as the backtest it is; played once, found again after.

        Raises:
            InvalidParameterError: If no sweep is open, or it is of an indicator.
        """
        result = self.result
        if self.run_id is None or result is None:
            raise InvalidParameterError("no sweep is open: run one, or open one from the list")
        if result.request.strategy is None:
            raise InvalidParameterError(
                f"indicator {result.request.target} does not trade: sweep a strategy to see trades"
            )
        self._wanted = (self.run_id, child)
        combination, symbol, stretch = child
        sweeps, run_id = self._workspace.sweeps, self.run_id
        work = partial(sweeps.open_child, run_id, combination, symbol, stretch)
        self._starting.ask(enqueue(self._workspace, "child", work))
        self._on_news()

    def leave_child(self) -> None:
        """Return to the sweep."""
        self._wanted = self._playing = None
        self._starting.stop()
        self.child.open(None)
        self._arrange()

    def update(self) -> bool:
        """Take over what is new; tells whether more is to come."""
        self._follow_sweep()
        self._follow_child()
        waiting = [self.view.update(), self.child.update(), self._reading.is_waiting, self._starting.is_waiting]
        self._arrange()
        return any(waiting) or self._playing is not None

    def follow_page(self, *, is_dark: bool) -> None:
        """Take over whether the page is dark."""
        self._is_dark = is_dark
        self._set_theme()

    def close(self) -> None:
        """Read no further."""
        self._reading.stop()
        self._starting.stop()
        self.view.close()
        self.child.close()

    # ---- the sweep

    def _follow_sweep(self) -> None:
        if self.run_id is None:
            return
        job = self._workspace.jobs.get(self.run_id)
        is_live = job is not None and not job.snapshot.status.is_terminal
        preview = job.preview if job is not None else None
        if is_live:
            self._read = None
            if isinstance(preview, SweepResult):
                self._show(preview)
        elif self._read != self.run_id:
            self._read = self.run_id
            self._reading.ask(enqueue(self._workspace, "open", partial(_opened, self._workspace, self.run_id)))
        self._reading.update()

    def _take(self, found: tuple[Run, SweepResult]) -> None:
        self.run, result = found
        self.card.show(self.run)
        self._show(result)

    def _show(self, result: SweepResult) -> None:
        self.problem = "" if result.done else "The first results are on their way"
        self.view.show(result, is_live=self._is_live)
        self.view.turn_to(self.tabs.value, self._spec)

    def _refuse(self, problem: str) -> None:
        self.problem = problem

    # ---- a child

    def _play(self, job: Job[Run]) -> None:
        self._playing = job

    def _refuse_child(self, problem: str) -> None:
        self._wanted = None
        self._guard.notices.show(f"The child cannot be opened: {problem}")

    def _follow_child(self) -> None:
        self._starting.update()
        job = self._playing
        if job is None or not job.snapshot.status.is_terminal:
            return
        self._playing = None
        if job.snapshot.status is JobStatus.FAILED:
            self._guard.notices.show(f"The child cannot be played: {job.snapshot.error}", job.snapshot.traceback or "")
        elif job.snapshot.status is JobStatus.COMPLETED and self._wanted is not None:
            self._show_child(job.result().run_id)

    def _show_child(self, run_id: str) -> None:
        self.child.open(run_id)
        turn_to(self._child_box)
        self._on_news()

    # ---- what is shown

    def _arrange(self) -> None:
        is_child = self.child.run_id is not None
        self._sweep_box.layout.display = "none" if is_child else ""
        self._child_box.layout.display = "" if is_child else "none"
        result, tab = self.result, self.tabs.value
        self.view.show_bar(tab if result is not None and result.done else "")
        self._facts.value = escape(self._said(result))
        self._facts.tooltip = self._said(result)
        for name, pane in self._panes.items():
            is_open = name == tab and (result is not None or (name == CARD and self.run is not None))
            pane.layout.display = "" if is_open else "none"
            if is_open:
                turn_to(pane)
        is_early = self._is_live and tab in (SWEEP_EQUITY, JUDGEMENT)
        is_empty = result is None or (not result.done and tab != CARD) or is_early
        self._cover.value = block(self._what_it_waits_for(result))
        self._cover.layout.display = "" if is_empty else "none"
        counts = result.counts() if result is not None else {}
        self.resume.layout.display = "" if counts.get("missing") and not self._is_live else "none"
        self.save.layout.display = "" if tab == SWEEP_TABLE and result is not None and result.done else "none"
        self._progress.layout.visibility = "visible" if self._is_live else "hidden"
        job = self._job
        self._progress.value = job.snapshot.progress if job is not None else 0.0
        found = self.view.description(tab) if result is not None else None
        self.summary.value = disclosure("Summary", found.title, found.facts) if found is not None else ""
        self.summary.layout.display = "" if found is not None else "none"
        self._child_title.value = escape(self._child_said())

    @property
    def _job(self) -> Job[Run] | None:
        return self._workspace.jobs.get(self.run_id) if self.run_id is not None else None

    @property
    def _is_live(self) -> bool:
        job = self._job
        return job is not None and not job.snapshot.status.is_terminal

    def _what_it_waits_for(self, result: SweepResult | None) -> str:
        if self.run_id is None:
            return _NOTHING
        if self._is_live and result is not None and result.done:
            return "Computed when the sweep has ended"
        return self.problem or ("Opening the sweep" if result is None else "No children are there")

    def _said(self, result: SweepResult | None) -> str:
        if result is None:
            return ""
        if self._wanted is not None and self.child.run_id is None:
            return f"Opening {self._child_said()}"
        counts = {state: n for state, n in result.counts().items() if n}
        return " · ".join([result.request.target, *(f"{n:,} {state}" for state, n in counts.items())])

    def _child_said(self) -> str:
        result = self.result
        if self._wanted is None or result is None:
            return ""
        combination, symbol, stretch = self._wanted[1]
        try:
            params = params_text(result, combination)
        except InvalidParameterError:
            params = f"combination {combination:,}"
        where = f" · {stretch}" if len(result.stretches) > 1 else ""
        return f"{symbol} · {params}{where}"

    def _set_theme(self) -> None:
        theme = theme_of(self.theme.value, is_dark=self._is_dark)
        self._spec = ChartSpec(theme=theme, height=self._spec.height)
        self.view.turn_to(self.tabs.value, self._spec)
        self.child.theme.value = self.theme.value
        self.child.follow_page(is_dark=self._is_dark)
        self._on_news()

    def _turn(self) -> None:
        self.view.turn_to(self.tabs.value, self._spec)
        self._arrange()
        self._on_news()

    def _save(self) -> None:
        self._downloads.save(f"{self.run_id}.csv", "text/csv", self.view.table.csv())

    # ---- widgets

    def _make_widgets(self, height: int) -> None:
        ws, guard, news = self._workspace, self._guard, self._on_news
        self.tabs = widgets.ToggleButtons(options=TABS).add_class("barscope-tabs")
        equity = SweepEquityView(ws, self._spec.height - BAR_PX, news)
        judgement = JudgementView(ws, guard, news)
        self.view = SweepTabs(ws, guard, self._spec, news, self.open_child, equity=equity, judgement=judgement)
        self.card = RunCard(guard)
        self.child = ResultsView(ws, guard, height - _CHILD_PX, news, "Opening the child")
        self.back = widgets.Button(description="Back to the sweep", icon="arrow-left")
        self._child_title = text_line().add_class("barscope-facts")
        self.theme = widgets.Dropdown(options=THEMES, value=AUTO, tooltip="Colours of the charts")
        self.resume = widgets.Button(description="Resume", icon="play", tooltip="Compute what is missing")
        self.save = widgets.Button(description="CSV", icon="download", tooltip="Save the filtered table")
        self.summary = widgets.HTML().add_class("barscope-summary")
        self._facts = text_line().add_class("barscope-facts")
        self._progress = widgets.FloatProgress(min=0.0, max=1.0)
        self._cover = widgets.HTML().add_class("barscope-cover")
        self._downloads = Downloads()
        panes = {**self.view.panes, CARD: self.card.widget}
        self._panes = {name: kept_back(pane).add_class("barscope-pane") for name, pane in panes.items()}
        tools = [self._facts, self.resume, self.save, self.summary, self.theme]
        toolbar = widgets.Box(tools).add_class("barscope-toolbar")
        stage = widgets.Box([*self._panes.values(), self._cover]).add_class("barscope-stage")
        self._sweep_box = widgets.VBox([self.tabs, toolbar, self._progress, self.view.bar, stage]).add_class(
            "barscope-results"
        )
        head = widgets.Box([self.back, self._child_title]).add_class("barscope-sweep-child-head")
        child = widgets.VBox([head, self.child.widget]).add_class("barscope-sweep-child")
        self._child_box = kept_back(child).add_class("barscope-sweep-child-box")
        parts = [self._sweep_box, self._child_box, self._downloads]
        self.widget = widgets.VBox(parts).add_class("barscope-sweep-results")

    def _listen(self) -> None:
        guard = self._guard
        self.tabs.observe(guard(lambda _change: self._turn()), "value")
        self.theme.observe(guard(lambda _change: self._set_theme()), "value")
        self.back.on_click(guard(lambda _button: self.leave_child()))
        self.resume.on_click(guard(lambda _button: self._on_resume(self.run_id) if self.run_id else None))
        self.save.on_click(guard(lambda _button: self._save()))


def _opened(workspace: Workspace, run_id: str) -> tuple[Run, SweepResult]:
    run = workspace.run(run_id)
    return run, run.sweep
