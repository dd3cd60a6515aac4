"""The dashboard's panel: recorded runs to find, look at and compare. It reads, and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.text import block, escape, link
from barscope.dashboard.glimpse import Glimpse, enqueue_glimpse
from barscope.dashboard.live_runs import LiveRuns
from barscope.dashboard.quiet_guard import QuietGuard, without_paths
from barscope.dashboard.session_table import SessionTable, sessions_with_runs
from barscope.dashboard.viewport import Viewport
from barscope.jobs import JobStatus
from barscope.widgets.chart_area import AUTO, COLOUR_BLIND
from barscope.widgets.compared_runs import ComparedRuns
from barscope.widgets.fields import kept_back, turn_to
from barscope.widgets.panel import Panel
from barscope.widgets.poller import Poller
from barscope.widgets.results_view import TOOLBARS_PX, ResultsView
from barscope.widgets.run_finder import RunFinder

if TYPE_CHECKING:
    from barscope.dashboard.session_table import SessionRuns
    from barscope.jobs import Job
    from barscope.workspace.read_only import ReadOnlyWorkspace

RUNS, SESSIONS = "Runs", "Sessions"
FIRST_HEIGHT = 640
WATCH_S = 2.0
COLOURS = (("Red and green", AUTO), ("Colour-blind", COLOUR_BLIND))
_NOTHING_LIVE = "No runs yet\nResults appear here as soon as an exploration or a backtest has begun."
_NOTHING_PUBLISHED = "Nothing was published\nThis snapshot holds no runs. Publish some, and reload this page."


class DashboardPanel(Panel):
    """The dashboard over a source that can only be read.

    Attributes:
        widget: The whole of it.
        viewport: The page it is shown in.
        nav: Runs or sessions.
        finder: The runs, with what narrows them.
        sessions: The sessions.
        session: The session whose runs are listed, or None.
        results: The run that is open.
        compared: Two runs side by side.
        live: What is running now.
    """

    def __init__(self, source: ReadOnlyWorkspace) -> None:
        super().__init__(QuietGuard())
        self._source = source
        self._seen: Glimpse | None = None
        self._reading: Job[Glimpse] | None = None
        self._sessions: tuple[SessionRuns, ...] = ()
        self._problem: str | None = None
        self._has_begun = False
        self._is_quiet = False
        self._watch = Poller(self._guard(self._look), interval=WATCH_S)
        self.session: SessionRuns | None = None
        self.viewport = Viewport()
        self._make_widgets()
        self.widget = self._arrange()
        self._listen()
        self._look()
        self._watch.wake()

    def __repr__(self) -> str:
        return f"DashboardPanel({self._source!r})"

    def open(self, run_id: str) -> None:
        """Show a run, and name it in the address of the page."""
        with self._guard.lock:
            self.viewport.run = run_id
            self.widget.add_class("barscope-has-run")
            self._show_run(run_id)
            self._go_on()

    # ---- what happens

    def _let_go(self) -> None:
        self._watch.stop()
        self.results.close()
        self.compared.close()

    def _look(self) -> bool:
        """Ask whether the lists have changed."""
        if self._reading is None:
            self._reading = enqueue_glimpse(self._source, self._seen)
            self._go_on()
        return True

    def _step(self) -> bool:
        self._take_lists()
        self._begin()
        comparing = self.compared.update(lambda message, _details: self.notices.show(without_paths(message)))
        waiting = self.results.update()
        self._show_actions()
        if self._has_begun and not waiting and not self.viewport.settled:
            view = self.results.view
            with self.viewport.hold_trait_notifications():
                self.viewport.charted = view is not None and view.chart is not None
                self.viewport.settled = True
        return bool(waiting or comparing or self._reading)

    def _take_lists(self) -> None:
        job = self._reading
        if job is None or not job.snapshot.status.is_terminal:
            return
        self._reading = None
        if job.snapshot.status is JobStatus.FAILED:
            self._problem = without_paths(job.snapshot.error or "")
            self._show_state()
        elif job.snapshot.status is JobStatus.COMPLETED:
            self._problem = None
            self._take(job.result())

    def _take(self, glimpse: Glimpse) -> None:
        before, self._seen = self._seen, glimpse
        if glimpse is before:
            return
        self._sessions = sessions_with_runs(glimpse.sessions, glimpse.runs)
        self.sessions.show_sessions(self._sessions)
        self.finder.show(glimpse.runs)
        self.live.show(glimpse.states, {run.run_id: run.name for run in glimpse.runs})
        is_replaced = before is not None and not self._source.is_live
        self._news.layout.display = "" if is_replaced else self._news.layout.display
        self._look_again(glimpse)
        self._show_state()

    def _look_again(self, glimpse: Glimpse) -> None:
        """Read the open run again where it has ended since."""
        view, opened = self.results.view, self.results.run_id
        now = next((run for run in glimpse.runs if run.run_id == opened), None)
        if now is not None and view is not None and view.run.run_id == opened and view.run.status != now.status:
            self.results.read_again()

    def _begin(self) -> None:
        """Show the newest run with results; once the page has told of itself, the one that its address names."""
        if self._has_begun or self._seen is None:
            return
        newest = next((run.run_id for run in self._seen.runs if run.status == "completed"), None)
        if newest is not None and newest != self.results.run_id:
            self._show_run(newest)
        if self.viewport.told:
            self._has_begun = True
            self._follow_page()
            if self.viewport.run:
                self.open(self.viewport.run)

    def _show_run(self, run_id: str) -> None:
        self._is_quiet = True
        try:
            self.finder.table.current = run_id
        finally:
            self._is_quiet = False
        self.compared.leave()
        self.results.open(run_id)
        self._poller.wake()

    def _follow_page(self) -> None:
        if self.viewport.height:
            self.results.resize(self.viewport.height)
        self.results.follow_page(is_dark=self.viewport.dark)
        if self.compared.is_shown and self.compared.runs is not None:
            self.compared.compare(*self.compared.runs, self.results.chart.spec.theme)

    def _hear(self) -> None:
        if self._has_begun:
            self._follow_page()
        self._go_on()

    def _go_to_address(self) -> None:
        if self._has_begun and self.viewport.run not in ("", self.results.run_id):
            self.open(self.viewport.run)
        elif not self.viewport.run:
            self.widget.remove_class("barscope-has-run")

    def _choose_session(self, session_id: str) -> None:
        if not session_id:
            return
        chosen = next((one for one in self._sessions if one.session.session_id == session_id), None)
        self._narrow(chosen)
        self.nav.value = RUNS
        if chosen is not None and self.finder.table.row_keys and self.results.run_id not in chosen.run_ids:
            self._show_run(self.finder.table.row_keys[0])

    def _narrow(self, session: SessionRuns | None) -> None:
        self.session = session
        self.sessions.current = session.session.session_id if session is not None else ""
        self.finder.only = session.run_ids if session is not None else None
        self.finder.filter()
        symbols = ", ".join(session.session.symbols) if session is not None else ""
        self._of_session.value = escape(f"Runs of the session on {symbols}")
        self._session_bar.layout.display = "" if session is not None else "none"

    def _turn(self) -> None:
        self._runs_box.layout.display = "" if self.nav.value == RUNS else "none"
        self._sessions_box.layout.display = "" if self.nav.value == SESSIONS else "none"
        if self.nav.value == SESSIONS:
            turn_to(self._sessions_box)

    def _compare(self) -> None:
        first, second = self.finder.table.checked
        self.compared.compare(first, second, self.results.chart.spec.theme)
        self.widget.add_class("barscope-has-run")
        self._go_on()

    def _choose(self, run_id: str) -> None:
        if run_id and not self._is_quiet:
            self.open(run_id)

    def _back(self) -> None:
        """On a narrow page: from the run to the list."""
        self.viewport.run = ""

    def _leave_stale_comparison(self) -> None:
        if self.compared.is_shown and not set(self.compared.runs or ()) <= set(self.finder.table.row_keys):
            self.compared.leave()

    # ---- what is said

    def _show_actions(self) -> None:
        ticked = len(self.finder.table.checked)
        self.compare.disabled = ticked != 2 or self.compared.is_reading
        hint = "comparing" if self.compared.is_reading else "Tick two runs to compare them" if ticked != 2 else ""
        self._hint.value = escape(hint)

    def _show_state(self) -> None:
        """The lists, or why there are none."""
        runs = self._seen.runs if self._seen is not None else ()
        if self._problem is not None and not runs:
            said = f"The results cannot be read\n{self._problem}"
        else:
            said = _NOTHING_LIVE if self._source.is_live else _NOTHING_PUBLISHED
        self._nothing.value = block(said)
        self._nothing.layout.display = "none" if runs else ""
        self._body.layout.display = "" if runs else "none"
        if self._problem is not None and runs:
            self.notices.show(f"The lists cannot be read again: {self._problem}", level="warning")
        if (not runs and self._seen is not None) or self._problem is not None:
            self.viewport.settled = True

    # ---- widgets

    def _make_widgets(self) -> None:
        guard = self._guard
        self.nav = widgets.ToggleButtons(options=(RUNS, SESSIONS)).add_class("barscope-tabs")
        self.finder = RunFinder(guard, self._leave_stale_comparison)
        self.sessions = SessionTable(guard)
        self.live = LiveRuns()
        self.results = ResultsView(
            self._source, guard, FIRST_HEIGHT + TOOLBARS_PX, self._poller.wake, "Choose a run to see what it is"
        )
        self.results.theme.options = COLOURS
        self.compared = ComparedRuns(self._source, guard, FIRST_HEIGHT, self.results.widget)
        self.compare = widgets.Button(
            description="Compare", icon="columns", tooltip="Show the ticked runs side by side"
        )
        self.back = widgets.Button(description="All runs", icon="arrow-left").add_class("barscope-back")
        self.all_runs = widgets.Button(description="All runs", tooltip="List the runs of all sessions")
        self._hint = widgets.HTML().add_class("barscope-hint")
        self._of_session = widgets.HTML().add_class("barscope-text")
        self._title = widgets.HTML(escape(self._source.title)).add_class("barscope-dash-title")
        self._when = widgets.HTML(escape(self._said_when())).add_class("barscope-dash-when")
        self._news = widgets.HTML(link("Newer results: reload", "./")).add_class("barscope-dash-news")
        self._news.layout.display = "none"
        self._nothing = widgets.HTML().add_class("barscope-nothing")
        self._nothing.layout.display = "none"

    def _said_when(self) -> str:
        at = self._source.published_at
        return "Live" if at is None else f"Published {at.day} {at:%b %Y, %H:%M} UTC"

    def _arrange(self) -> widgets.Widget:
        head = widgets.Box([self._title, self._when, self._news]).add_class("barscope-dash-head")
        finder = self.finder
        filters = widgets.Box([finder.search, finder.mode, finder.status, finder.count])
        self._session_bar = widgets.Box([self._of_session, self.all_runs]).add_class("barscope-session-bar")
        self._session_bar.layout.display = "none"
        actions = widgets.Box([self._hint, self.compare]).add_class("barscope-actions")
        parts = [self._session_bar, filters.add_class("barscope-filters"), finder.table, actions]
        self._runs_box = widgets.VBox(parts).add_class("barscope-runs-box")
        self._sessions_box = kept_back(self.sessions).add_class("barscope-sessions-box")
        side = widgets.VBox([self.nav, self._runs_box, self._sessions_box, self.live.widget])
        main = widgets.VBox([self.back, self.results.widget, self.compared.widget]).add_class("barscope-dash-main")
        self._body = widgets.Box([side.add_class("barscope-runs-side"), main]).add_class("barscope-dash-body")
        self._turn()
        parts = [self.viewport, head, self._nothing, self._body, self.notices.widget]
        return widgets.VBox(parts).add_class("barscope-panel").add_class("barscope-dashboard")

    def _listen(self) -> None:
        guard = self._guard
        self.viewport.observe(guard(lambda _change: self._hear()), ["dark", "height", "told"])
        self.viewport.observe(guard(lambda _change: self._go_to_address()), "run")
        self.nav.observe(guard(lambda _change: self._turn()), "value")
        self.finder.table.on_open(guard(self._choose))
        self.finder.table.observe(guard(lambda _change: self._show_actions()), "checked")
        self.sessions.on_open(guard(self._choose_session))
        self.all_runs.on_click(guard(lambda _button: self._narrow(None)))
        self.compare.on_click(guard(lambda _button: self._compare()))
        self.back.on_click(guard(lambda _button: self._back()))
        self.results.theme.observe(guard(lambda _change: self._hear()), "value")
