"""The explorer as a panel: choose bars, add indicators, watch them compute, look at them."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.data import ChartSpec
from barscope.errors import InvalidParameterError
from barscope.widgets.cells import after_each_cell
from barscope.widgets.certificates import Examiner
from barscope.widgets.chart_area import ChartArea, theme_of
from barscope.widgets.chart_settings_panel import ChartSettingsPanel
from barscope.widgets.drawings import DrawingForm
from barscope.widgets.indicator_list import IndicatorList
from barscope.widgets.indicator_picker import IndicatorPicker
from barscope.widgets.layouts_page import LayoutsPage, Shown
from barscope.widgets.panel import Panel
from barscope.widgets.session_chart import SessionChart
from barscope.widgets.session_list import SessionList, summaries
from barscope.widgets.session_model import SessionModel
from barscope.widgets.setups_page import SetupsPage
from barscope.widgets.source_picker import SourcePicker
from barscope.widgets.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from barscope.domain.annotations import Annotation
    from barscope.jobs import Job
    from barscope.studies.request import ExplorerRequest
    from barscope.widgets.live_chart import LiveChart
    from barscope.widgets.session_model import Key
    from barscope.workspace.workspace import Workspace

CHART_HEIGHT = 600
INDICATORS, CHART, SETUPS, SESSIONS, LAYOUTS = "Indicators", "Chart", "Setups", "Sessions", "Layouts"
_SETTINGS = "explorer panel"
"""The name of the panel's settings in presets.db."""


class ExplorerPanel(Panel):
    """The explorer panel; show it by ending a cell with it.

    It opens the session that was open last, or the first symbol there is. Each part can be used from code as well:
    `panel.source.symbols.value = ["AAPL"]`, `panel.add_indicator("SMA", {"timeperiod": 20})`, `panel.request`.

    Attributes:
        source: Which bars.
        picker: The catalogue of indicators with the parameter form.
        indicators: The list of the session's indicators.
        sessions: The list of earlier sessions.
        setups: Where a condition holds in the chart, to step through.
        area: The chart with its toolbar.
        settings: How the chart is drawn.
        drawings: What was drawn on the symbol.
        layouts: All of this kept by name.
    """

    def __init__(self, workspace: Workspace, *, height: int = CHART_HEIGHT) -> None:
        super().__init__()
        self._workspace = workspace
        self._was_live = self._is_held = False
        self._warnings: dict[Key, str] = {}
        self._retention_notices = len(workspace.explorer.retention.notices)
        self._model = SessionModel(workspace.explorer, workspace.jobs)
        self._chart = SessionChart(workspace, ChartSpec(height=height), self._tell)
        self._examiner = Examiner(workspace.proofs)
        actions = _Actions(self)
        self.source = SourcePicker(
            workspace.secmaster,
            self._guard,
            self._open_source,
            workspace.calendars,
            workspace.data_splits,
            workspace.saved.watchlists,
        )
        self.picker = IndicatorPicker(
            self._guard, self._add, self._reload_indicators, self._poller.wake, workspace.saved.indicator_defaults
        )
        self.indicators = IndicatorList(self._guard, actions)
        self.sessions = SessionList(self._guard, actions)
        self.area = ChartArea(self._chart, self._guard, self._turn_to_symbol, actions)
        self.settings = ChartSettingsPanel(
            self._chart.choices, workspace.charts, self._guard, self._go_on, comparing=True
        )
        self.drawings = DrawingForm(self._guard, actions)
        self.setups = SetupsPage(workspace, self._guard, self._chart.live, height, self._go_on)
        shown = (self.source, self.area, self._model, self._chart, self.setups)
        self.layouts = LayoutsPage(
            workspace, self._guard, Shown(*shown, self._at_once, self._turn_to_symbol), self._offer_presets
        )
        self.surroundings = Surroundings()
        self.widget = self._arrange(height)
        self._restore_theme()
        self._listen()
        self._guard(self._begin)()
        self._stop_listening = after_each_cell(self._guard(self.refresh))

    def __repr__(self) -> str:
        source = self._model.source
        chosen = "nothing chosen" if source is None else f"{len(source.symbols)} symbols of rtype {source.rtype}"
        return f"ExplorerPanel({chosen}, {len(self._model.entries)} indicators)"

    # ---- for use from code

    @property
    def request(self) -> ExplorerRequest | None:
        """What the panel shows as a request: `ws.explore(panel.request)` gives the same in code."""
        source = self._model.source
        return None if source is None else source.model_copy(update={"indicators": self._model.configs})

    @property
    def jobs(self) -> tuple[Job[Any], ...]:
        """The jobs of the listed indicators, live or finished lately."""
        return self._model.jobs

    @property
    def chart(self) -> LiveChart:
        """The chart."""
        return self._chart.live

    def add_indicator(
        self,
        class_name: str,
        params: Mapping[str, Any] | None = None,
        timeframe: str | None = None,
        *,
        fresh: bool = False,
    ) -> Job[Any]:
        """Add an indicator to the session, as the button does.

        Args:
            class_name: Its registered name.
            params: Its parameters; those left out take their defaults.
            timeframe: The longer bars to compute it on, such as `1h`; None is those of the chart.
            fresh: Compute again even if the same was recorded before.

        Raises:
            BarscopeError: If the indicator does not hold, or no bars are chosen.
        """
        with self._guard.lock:
            job = self._model.add(class_name, params or {}, timeframe, fresh=fresh)
            self._go_on()
            self._show_sessions()
        return job

    def refresh(self) -> None:
        """Take over what is new, also what was explored from code; under plain Python the only way to see news.

        In a notebook this happens by itself: after each cell, and ten times a second while something is under way.
        """
        with self._guard.lock:
            self._model.read()
            self._chart.take_annotations()
            self._go_on()
            self._show_sessions()

    # ---- what happens

    def _let_go(self) -> None:
        self._chart.close()
        self.setups.close()
        self._model.release()

    def _begin(self) -> None:
        self._show_load_failures(self._workspace.load_failures)
        last = summaries(self._workspace.explorer, None)[:1]
        with suppress(InvalidParameterError):  # its bars are gone: begin with what there is
            for session in last:
                self.source.set(session.source)
        if self.source.value is None:
            self.source.symbols.value = list(self.source.symbols.choices[:1])
        self._go_on()

    def _open_source(self) -> None:
        before = self._model.source
        source = self.source.value
        self._model.open(source)
        symbols = source.symbols if source else ()
        new = [symbol for symbol in symbols if before is not None and symbol not in before.symbols]
        kept = [symbol for symbol in symbols if symbol == self._chart.symbol]
        self.area.offer(symbols, next(iter([*new[-1:], *kept, *symbols]), None))
        self._turn_to_symbol()
        self._show_sessions()

    def _turn_to_symbol(self) -> None:
        self._chart.open(self._model.source, self.area.symbol.value)
        self._go_on()

    def _add(self, class_name: str, params: dict[str, Any], timeframe: str | None) -> None:
        self.add_indicator(class_name, params, timeframe)

    def _go_on(self) -> None:
        """Show what is there, and look again while something is under way."""
        if not self._is_held:
            super()._go_on()

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """Several changes that are shown together."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
            self._go_on()
            self._show_sessions()

    def _offer_presets(self) -> None:
        self.source.refresh_watchlists()
        for menu in (self.settings.presets, self.setups.presets):
            menu.refresh(menu.chosen)

    def _step(self) -> bool:
        live = self._model.follow()
        waiting = self._chart.update(self._model.entries.values(), self._model.previews())
        self._model.mark(self._chart.problems)
        searching = self.setups.update()
        examining = self._examine()
        self._show()
        if self._was_live and not live:
            self._show_sessions()
        self._was_live = live
        return live or waiting or searching or examining

    def _examine(self) -> bool:
        """Certify the indicator in the form, and the user's own of the session."""
        chosen, own = self.picker.indicator, self._model.own_indicators()
        examining = self._examiner.look(([] if chosen is None else [chosen]) + list(own.values()))
        self.picker.show_certificate(None if chosen is None else self._examiner.known(chosen))
        proven = {key: self._examiner.known(indicator) for key, indicator in own.items()}
        self._warnings = {key: str(one) for key, one in proven.items() if one and one.first_lookahead is not None}
        return examining

    def _show(self) -> None:
        source = self._model.source
        self.area.update(source)
        self.picker.enable(source is not None)
        self.picker.offer_timeframes(self.source.options.longer)
        self.settings.show(self._chart.live.data, self._chart.live.spec.theme, self.source.symbols.choices)
        self.drawings.show(self._chart.annotations)
        self.indicators.show(
            self._model.entries.values(), len(self._model.before), self._warnings, has_source=source is not None
        )
        notices = self._workspace.explorer.retention.notices
        for notice in notices[self._retention_notices :]:
            self.notices.show(notice, level="warning")
        self._retention_notices = len(notices)

    def _show_sessions(self) -> None:
        self.sessions.show(summaries(self._workspace.explorer, self._model.session_id))

    def _reload_indicators(self) -> None:
        self._show_load_failures(self._workspace.reload_indicators())

    def _tell(self, problem: str) -> None:
        self.notices.show(problem, level="warning")

    # ---- widgets

    def _arrange(self, height: int) -> widgets.Widget:
        self._pages = {
            INDICATORS: widgets.VBox([self.picker.widget, self.indicators.widget]),
            CHART: widgets.VBox([_scrolled(self.settings.widget, self.drawings.widget)]),
            SETUPS: widgets.VBox([self.setups.widget]),
            SESSIONS: widgets.VBox([self.sessions.widget]),
            LAYOUTS: widgets.VBox([self.layouts.widget]),
        }
        self._tabs = widgets.ToggleButtons(options=list(self._pages)).add_class("barscope-tabs")
        side = widgets.VBox([self._tabs, *(page.add_class("barscope-tab") for page in self._pages.values())])
        side.add_class("barscope-side")
        self._turn_to_tab()
        body = widgets.Box([side, self.area.widget]).add_class("barscope-body")
        body.layout.height = f"{height + 42}px"
        parts = [self.surroundings, self.source.widget, body, self.notices.widget]
        return widgets.VBox(parts).add_class("barscope-panel")

    def _listen(self) -> None:
        for theme in (self.area.theme, self.surroundings):
            theme.observe(self._guard(self._set_theme), ["value", "dark"])
        self._tabs.observe(self._guard(lambda _change: self._turn_to_tab()), "value")

    def _turn_to_tab(self) -> None:
        for name, page in self._pages.items():
            page.layout.display = "" if name == self._tabs.value else "none"
        if self._tabs.value == LAYOUTS:
            self.layouts.refresh()

    def _set_theme(self, change: dict[str, Any]) -> None:
        self._chart.set_theme(theme_of(self.area.theme.value, is_dark=self.surroundings.dark))
        self._show()
        if change["name"] == "value":
            self._workspace.presets.chart_settings.set(_SETTINGS, {"theme": self.area.theme.value})

    def _restore_theme(self) -> None:
        kept = self._workspace.presets.chart_settings.get(_SETTINGS) or {}
        choices = {value for _label, value in self.area.theme.options}
        if isinstance(kept, dict) and kept.get("theme") in choices:
            self.area.theme.value = kept["theme"]
        self._chart.set_theme(theme_of(self.area.theme.value, is_dark=False))


def _scrolled(*parts: widgets.Widget) -> widgets.Widget:
    return widgets.VBox(parts).add_class("barscope-chart-page")


class _Actions:
    """What the rows of the two lists ask for, done in the panel."""

    def __init__(self, panel: ExplorerPanel) -> None:
        self._panel = panel
        self._model = panel._model

    def show(self, key: Key, visible: bool) -> None:
        if self._model.entries[key].visible != visible:
            self._model.show(key, visible)
            self._panel._go_on()

    def duplicate(self, key: Key) -> None:
        entry = self._model.entries[key]
        self._panel.picker.select(entry.class_name, entry.params, entry.timeframe)

    def cancel(self, key: Key) -> None:
        self._model.cancel(key)
        self._panel._go_on()

    def retry(self, key: Key) -> None:
        self._model.retry(key)
        self._panel._go_on()

    def explain(self, key: Key) -> None:
        entry = self._model.entries[key]
        self._panel.notices.show(f"{entry.name} failed: {entry.reason}", entry.traceback or "")

    def remove(self, key: Key) -> None:
        self._model.remove(key)
        self._panel._go_on()

    def cancel_all(self) -> None:
        self._model.cancel_all()
        self._panel._go_on()

    def carry_over(self) -> None:
        for config in self._model.before:
            self._panel._guard(self._model.add)(config.class_name, config.params, config.timeframe)
        self._panel._go_on()
        self._panel._show_sessions()

    def open_session(self, source: ExplorerRequest) -> None:
        self._panel.source.set(source)
        self._panel._workspace.explorer.open_session_of(source)
        self._panel._tabs.value = INDICATORS
        self._panel._show_sessions()

    def add(self, annotation: Annotation) -> None:
        self._panel._chart.add(annotation)
        self._panel._show()

    def remove_drawing(self, annotation_id: str) -> None:
        self._panel._chart.remove(annotation_id)
        self._panel._show()

    def pin_session(self, session_id: str, pinned: bool) -> None:
        self._panel._workspace.explorer.pin_session(session_id, pinned)
        self._panel._show_sessions()
