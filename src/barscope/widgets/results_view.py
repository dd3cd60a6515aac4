"""The results of one run in tabs: chart, equity, profit and loss, trades, journey, metrics, and what it came from."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.data import ChartSpec
from barscope.charts.journey import PAGE, marked_trade, trade_spec
from barscope.charts.text import disclosure, escape, plain
from barscope.jobs import JobStatus
from barscope.widgets.chart_area import AUTO, THEMES, theme_of
from barscope.widgets.data_table import Column, DataTable
from barscope.widgets.fields import icon_button, kept_back, text_line, turn_to
from barscope.widgets.figure_view import FigureView
from barscope.widgets.live_chart import LiveChart
from barscope.widgets.result_tabs import (
    CARD,
    CHART,
    COSTS,
    DAILY,
    EQUITY,
    FIGURES,
    JOURNEY,
    LTV,
    METRICS,
    OF_BACKTESTS,
    OUTCOME,
    TEMPLATES,
    TRADES,
    descriptions,
    headline,
    metric_rows,
    tabs_of,
)
from barscope.widgets.run_card import RunCard
from barscope.widgets.run_chart_settings import RunChartSettings
from barscope.widgets.run_outcome import RunOutcome
from barscope.widgets.scenario_tabs import ScenarioTabs
from barscope.widgets.sweep_tabs import SweepTabs
from barscope.widgets.trades_table import TradesTable
from barscope.workspace.run_view import enqueue_figure, enqueue_run_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.charts.description import Description
    from barscope.jobs import Job
    from barscope.widgets.guard import Guard
    from barscope.workspace.run_view import FigureParts, RunView
    from barscope.workspace.shelf import Shelf

_METRICS = (Column("what", "Metric", str, "left", 190, 0), Column("value", "Value", str, "right", 170, 0))
_BY_ENTRY = "entry"
_ORDERS = (("By entry", _BY_ENTRY), ("By result", "pnl"))
TOOLBARS_PX = 76
LEAST_PX = 260


class ResultsView:
    """One run at a time, read in the background and drawn tab by tab as they are turned to.

    Attributes:
        widget: What a panel shows.
        tabs: Which tab is open.
        symbol: Which symbol of the run is charted.
        theme: The colours of all charts.
        home: Shows all bars.
        order, page: Which trades the journey shows.
        chart: The candlesticks with the trades.
        figures: Equity, profit and loss, journey, loan-to-value, by tab.
        scenario: The tables of a scenario; a template that is clicked shows its days.
        sweep: The pictures and the table of a sweep.
        trades: The round trips; one that is clicked is shown in the chart.
        metrics: The metrics.
        card: What the run came from.
        outcome: What became of a run without results.
        summary: What the open chart shows, in words.
        looks: How the chart is drawn.
        view: What is shown, or None.
        error: Why it cannot be shown, or None.
    """

    def __init__(self, workspace: Shelf, guard: Guard, height: int, on_news: Callable[[], None], nothing: str) -> None:
        self._workspace = workspace
        self._on_news = on_news
        self._nothing = nothing
        self._job: Job[RunView] | None = None
        self._wanted: str | None = None
        self._drawn: dict[str, RunView] = {}
        self._zoom_to: int | None = None
        self._spec = ChartSpec(height=height - TOOLBARS_PX)
        self._is_dark = False
        self._is_quiet = False
        self._said: dict[str, Description] = {}
        self.view: RunView | None = None
        self.error: str | None = None
        self._make_widgets(guard)
        self._listen(guard)
        self._arrange()

    @property
    def run_id(self) -> str | None:
        """The run that is shown or being read."""
        return self._wanted

    def open(self, run_id: str | None) -> None:
        """Turn to a run; what was drawn stays until the `update` that finds it read."""
        if run_id == self._wanted:
            return
        self._wanted, self._zoom_to = run_id, None
        self._read(None)

    def read_again(self) -> None:
        """Read the run once more: it may have ended since, or is to be drawn otherwise."""
        if self._wanted is not None:
            self._read(self.view.symbol if self.view is not None else None)

    def update(self) -> bool:
        """Take over what was read; tells whether it waits for more."""
        job = self._job
        if job is not None and job.snapshot.status.is_terminal:
            self._job = None
            self._take(job)
        self._arrange()
        drawing = [figure.update() for figure in self.figures.values()]
        tables = [self.scenario.update(), self.sweep.update()]
        return self._job is not None or any(drawing) or any(tables)

    def follow_page(self, *, is_dark: bool) -> None:
        """Take over whether the page is dark."""
        self._is_dark = is_dark
        self._set_theme()

    def resize(self, height: int) -> None:
        """Draw the charts that high, in pixels."""
        self._respec(height=max(height, LEAST_PX))

    def show_trade(self, place: int) -> None:
        """Turn to the chart and to the bars of a round trip, with as many bars again before and after."""
        if self.view is None:
            return
        trip = self.view.trips[place]
        self._zoom_to = place
        self.tabs.value = CHART
        if trip.symbol == self.view.symbol:
            self._zoom()
        else:
            self.symbol.value = trip.symbol

    def close(self) -> None:
        """Read no further."""
        self._stop_reading()
        self.scenario.close()
        self.sweep.close()
        for figure in self.figures.values():
            figure.close()

    def _stop_reading(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None

    # ---- reading

    def _read(self, symbol: str | None) -> None:
        self._stop_reading()
        self.error = None
        if self._wanted is None:
            self.view = None
            self._drawn.clear()
        else:
            known = self.view.run if self.view and self.view.run.run_id == self._wanted else None
            known = known if known is not None and known.status == "completed" else None
            self._job = enqueue_run_view(self._workspace, self._wanted, symbol, self._spec, known)
        self._on_news()

    def _take(self, job: Job[RunView]) -> None:
        if job.snapshot.status is JobStatus.FAILED:
            self.view, self.error = None, job.snapshot.error
            return
        if job.snapshot.status is not JobStatus.COMPLETED:
            return
        view = job.result()
        was_same = self.view is not None and self.view.run.run_id == view.run.run_id
        self.view = view
        self._offer(view)
        if not was_same:
            if view.chart is not None:
                self.trades.show_trips(view.trips, view.chart.period, view.chart.zone)
            self.metrics.show(metric_rows(view))
            self.scenario.show(view)
            self.card.show(view.run)
        self.outcome.show(view.run.record)
        if view.spec != self._spec:  # turned dark while it was read
            self._read(view.symbol)
        self._draw()
        if self._zoom_to is not None:
            self._zoom()
        self._describe(view)

    def _describe(self, view: RunView) -> None:
        """Say in words what each chart shows."""
        self._said = descriptions(view)
        for tab, said in self._said.items():
            figure = self.chart if tab == CHART else self.figures[tab]
            figure.widget.description = str(said)

    def _offer(self, view: RunView) -> None:
        tabs = tabs_of(view)
        self._is_quiet = True
        try:
            if tuple(self.tabs.options) != tabs:
                kept = self.tabs.value
                self.tabs.options = tabs
                self.tabs.value = kept if kept in tabs else tabs[0]
            options = tuple((plain(symbol), symbol) for symbol in view.run.symbols) if view.symbol else ()
            if self.symbol.options != options:
                self.symbol.options = options
            self.symbol.value = view.symbol
            if self._drawn.get(JOURNEY) is None or self._drawn[JOURNEY].run.run_id != view.run.run_id:
                self.order.value, self.page.value = _BY_ENTRY, 1
            self.page.max = max(1, -(-len(view.trips) // PAGE))
        finally:
            self._is_quiet = False

    # ---- drawing

    def _draw(self) -> None:
        """Draw the open tab, where it is not drawn already."""
        view, tab = self.view, self.tabs.value
        if view is None or self._drawn.get(tab) is view:
            return
        if tab == CHART and view.chart is not None:
            before = self._drawn.get(tab)
            is_same = before is not None and (before.run.run_id, before.symbol) == (view.run.run_id, view.symbol)
            visible = self.chart.spec.visible if is_same else None
            look = replace(view.run.chart_spec, theme=self._spec.theme, height=self._spec.height, visible=visible)
            self.chart.show(view.chart, replace(look, width=self.chart.spec.width))
        elif tab == JOURNEY and (self.order.value, self.page.value) != (_BY_ENTRY, 1):
            self._turn_page()
        elif tab in FIGURES and FIGURES[tab] in view.figures:
            detail = partial(self._draw_detail, view, tab) if tab in (EQUITY, LTV) else None
            self.figures[tab].show(view.figures[FIGURES[tab]], detail)
        elif tab == COSTS:
            self.scenario.price(view)
            self._on_news()
        elif tab in self.sweep.panes and view.sweep is not None:
            self.sweep.show(view.sweep)
            self.sweep.turn_to(tab, self._spec)
        self._drawn[tab] = view

    def _draw_detail(self, view: RunView, tab: str, visible: tuple[float, float]) -> Job[FigureParts]:
        spec = replace(view.spec, visible=visible)
        draw = view.run.equity_figure if tab == EQUITY else view.run.ltv_figure
        return enqueue_figure(self._workspace, lambda: draw(spec))

    def _turn_page(self) -> None:
        """Another page or order of the journey."""
        view, order, page = self.view, self.order.value, self.page.value
        if view is not None and not self._is_quiet:
            draw = lambda: view.run.journey_figure(view.spec, order=order, page=page)  # noqa: E731
            self.figures[JOURNEY].expect(enqueue_figure(self._workspace, draw))

    def _zoom(self) -> None:
        view, place = self.view, self._zoom_to
        if view is None or place is None or view.chart is None or view.trips[place].symbol != view.symbol:
            return
        trip = view.trips[place]
        self._draw()
        visible = trade_spec(view.chart, trip, max(20, trip.duration_bars)).visible
        if visible is not None:
            self.chart.show(marked_trade(view.chart, trip, place), replace(self.chart.spec, visible=visible))
        self._zoom_to = None

    def _arrange(self) -> None:
        """Show the open tab, and say what it waits for."""
        waiting, shown = self._job is not None, self.view
        for tab, pane in self._panes.items():
            is_open = tab == self.tabs.value and shown is not None
            pane.layout.display = "" if is_open else "none"
            if is_open:
                turn_to(pane)
        is_stale = shown is None or shown.run.run_id != self._wanted
        self._facts.tooltip = headline(shown) if shown is not None and not is_stale else ""
        self._facts.value = escape(self._facts.tooltip)
        self._cover.value = escape(self._what_it_waits_for())
        self._cover.layout.display = "" if is_stale else "none"
        (self._cover.add_class if shown is not None else self._cover.remove_class)("barscope-veil")
        self._progress.value = self._job.snapshot.progress if self._job is not None else 0.0
        self._progress.layout.visibility = "visible" if waiting else "hidden"
        has_chart = shown is not None and shown.chart is not None
        is_chart, is_drawn = self.tabs.value == CHART, self.tabs.value in (CHART, *FIGURES)
        self.symbol.layout.display = "" if has_chart and is_chart and len(self.symbol.options) > 1 else "none"
        self.sweep.show_bar(self.tabs.value if shown is not None and shown.sweep is not None else "")
        is_zoomed, is_sweep = has_chart and is_drawn, self.tabs.value in self.sweep.panes
        for tool, is_useful in ((self.theme, is_zoomed or is_sweep), (self.home, is_zoomed)):
            tool.layout.display = "" if is_useful else "none"
        has_days = shown is not None and self.tabs.value == DAILY
        self.scenario.template.layout.display = "" if has_days else "none"
        has_order = shown is not None and self.tabs.value == JOURNEY
        self.order.layout.display = "" if has_order else "none"
        self.page.layout.display = "" if has_order and self.page.max > 1 else "none"
        self.tabs.disabled = shown is None
        self.looks.show(None if is_stale else shown, self._spec.theme, is_open=is_chart)
        said = None if is_stale else self._said.get(self.tabs.value) or self.sweep.description(self.tabs.value)
        self.summary.value = disclosure("Summary", said.title, said.facts) if said is not None else ""
        self.summary.layout.display = "" if said is not None else "none"

    def _what_it_waits_for(self) -> str:
        if self.error is not None:
            return self.error
        return self._nothing if self._wanted is None else "Opening the run"

    # ---- widgets

    def _make_widgets(self, guard: Guard) -> None:
        self.tabs = widgets.ToggleButtons(options=OF_BACKTESTS).add_class("barscope-tabs")
        self.symbol = widgets.Dropdown(tooltip="The symbol in the chart")
        self.theme = widgets.Dropdown(options=THEMES, value=AUTO, tooltip="Colours of the charts")
        self.home = icon_button("home", "Show all of it")
        self.order = widgets.Dropdown(options=_ORDERS, tooltip="Order of the trades")
        self.page = widgets.BoundedIntText(value=1, min=1, max=1, description="Page", tooltip=f"{PAGE} trades each")
        self.page.add_class("barscope-page")
        self._facts = text_line().add_class("barscope-facts")
        self._progress = widgets.FloatProgress(min=0.0, max=1.0)
        self._cover = widgets.HTML().add_class("barscope-cover")
        self.chart = LiveChart(spec=self._spec)
        self.looks = RunChartSettings(guard, self.read_again)
        self.figures = {tab: FigureView(self._spec.height, self._on_news) for tab in FIGURES}
        self.trades = TradesTable(guard)
        self.metrics = DataTable(_METRICS, guard, label="Metrics")
        self.scenario = ScenarioTabs(self._workspace, guard, self._on_news)
        self.sweep = SweepTabs(self._workspace, guard, self._spec, self._on_news)
        self.card = RunCard(guard)
        self.outcome = RunOutcome()
        self.summary = widgets.HTML().add_class("barscope-summary")
        self._panes: dict[str, widgets.Widget] = {
            CHART: widgets.Box([self.chart.widget, self.looks.widget]).add_class("barscope-beside"),
            **{tab: figure.widget for tab, figure in self.figures.items()},
            TRADES: self.trades,
            METRICS: self.metrics,
            TEMPLATES: self.scenario.ranking,
            DAILY: self.scenario.daily,
            COSTS: self.scenario.costs,
            **self.sweep.panes,
            CARD: self.card.widget,
            OUTCOME: self.outcome.widget,
        }
        panes = [kept_back(pane).add_class("barscope-pane") for pane in self._panes.values()]
        self._panes = dict(zip(self._panes, panes, strict=True))
        turn_to(self._panes[CHART])
        tools = [self.symbol, self.scenario.template, self._facts, self.order, self.page, self.summary]
        toolbar = widgets.Box([*tools, self.looks.button, self.theme, self.home]).add_class("barscope-toolbar")
        stage = widgets.Box([*panes, self._cover]).add_class("barscope-stage")
        parts = [self.tabs, toolbar, self._progress, self.sweep.bar, stage]
        self.widget = widgets.VBox(parts).add_class("barscope-results")

    def _listen(self, guard: Guard) -> None:
        self.tabs.observe(guard(lambda _change: self._turn()), "value")
        self.symbol.observe(guard(lambda change: self._turn_to_symbol(change["new"])), "value")
        self.theme.observe(guard(lambda _change: self._set_theme()), "value")
        for field in (self.order, self.page):
            field.observe(guard(lambda _change: self._turn_page()), "value")
        self.home.on_click(guard(lambda _button: (self.figures.get(self.tabs.value) or self.chart).home()))
        self.scenario.ranking.on_open(guard(self._turn_to_template))
        self.trades.on_open(guard(lambda key: self.show_trade(int(key)) if key else None))

    def _turn(self) -> None:
        if not self._is_quiet:
            self._draw()
            self._arrange()

    def _turn_to_template(self, slug: str) -> None:
        """Show the days of a template that was clicked."""
        if slug and self.tabs.value == TEMPLATES:
            self.scenario.template.value = slug
            self.tabs.value = DAILY

    def _turn_to_symbol(self, symbol: str | None) -> None:
        if not self._is_quiet and symbol is not None:
            self._read(symbol)

    def _set_theme(self) -> None:
        self._respec(theme=theme_of(self.theme.value, is_dark=self._is_dark))

    def _respec(self, **changes: Any) -> None:  # noqa: ANN401  # fields of a spec
        """Draw what is shown in other colours or another size."""
        spec = replace(self._spec, **changes)
        if spec == self._spec:
            return
        self._spec = spec
        self.chart.restyle(spec.theme, spec.height)
        if self.view is not None and self._job is None:
            self._read(self.view.symbol)
