"""Finding setups in what the chart shows: a condition, the places where it holds, and what came after them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.data import Highlight
from barscope.charts.text import block, escape
from barscope.errors import InvalidParameterError
from barscope.jobs import JobStatus
from barscope.widgets.condition_builder import ConditionBuilder
from barscope.widgets.formats import count
from barscope.widgets.preset_menu import PresetMenu
from barscope.widgets.returns_view import ReturnsView
from barscope.widgets.segment_list import SIZE, SegmentList
from barscope.widgets.stepper import Stepper
from barscope.workspace.segment_view import PAGE, enqueue_segment_view, enqueue_thumbnails

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.charts.data import ChartData, Theme
    from barscope.jobs import Job
    from barscope.studies.segments import ByCondition
    from barscope.widgets.guard import Guard
    from barscope.widgets.live_chart import LiveChart
    from barscope.workspace.segment_view import SegmentView, Thumbnail
    from barscope.workspace.workspace import Workspace

CONDITION, FOUND, RETURNS = "Condition", "Found", "Returns"
_TABLE_PX = 330
"""Height of what stands beside the figure of returns."""


class SetupsPage:
    """The page of a panel that searches its one chart.

    Attributes:
        widget: What a panel shows.
        tabs: Condition, found setups, or returns.
        builder: The form of the condition.
        presets: Conditions kept by name.
        find, cancel: The buttons.
        list: The setups as thumbnails.
        stepper: Which of them the chart shows.
        returns: What came after them.
        view: What was found, or None.
    """

    def __init__(
        self, workspace: Workspace, guard: Guard, chart: LiveChart, height: int, on_news: Callable[[], None]
    ) -> None:
        self._workspace, self._guard, self._chart, self._on_news = workspace, guard, chart, on_news
        self._job: Job[SegmentView] | None = None
        self._drawing: Job[tuple[Thumbnail, ...]] | None = None
        self._drawn: tuple[int, Theme] | None = None
        self._stepped: tuple[SegmentView, int] | None = None
        self.view: SegmentView | None = None
        self._make_widgets(height)
        self._listen()
        self._turn()

    # ---- for use from code

    def search(self) -> Job[SegmentView]:
        """Look for the condition of the form in the bars of the chart, as the button does.

        Raises:
            InvalidParameterError: If the form holds no condition, or the chart shows no bars.
        """
        how, data = self.builder.how, self._chart.data
        if how is None:
            raise InvalidParameterError(self.builder.problem or "the condition is not complete")
        if data is None:
            raise InvalidParameterError("there are no bars in the chart yet: choose a symbol first")
        self._stop()
        self._job = enqueue_segment_view(self._workspace, data, how)
        self._on_news()
        return self._job

    def go(self, place: int) -> None:
        """Show a setup in the chart, its stretch shaded."""
        self.stepper.place = place
        self._step()

    def update(self) -> bool:
        """Take over what was found and drawn, and follow the chart; tells whether it waits for more."""
        self._follow_chart()
        self._take_found()
        self._take_drawn()
        self._arrange()
        is_drawing = self.returns.update()
        return self._job is not None or self._drawing is not None or is_drawing

    def close(self) -> None:
        """Search and draw no further."""
        self._stop()
        self.returns.close()

    # ---- from one step to the next

    def _follow_chart(self) -> None:
        """Offer the series of the chart; what was found in other bars is of no use any more."""
        data = self._chart.data
        self.builder.offer([series.name for series in data.series] if data is not None else [])
        if self.view is not None and (data is None or data.bars is not self.view.chart.bars):
            self._show(None)
        if self.view is not None and self._drawn is not None and self._drawn[1] != self._chart.spec.theme:
            self._draw_page()
        if self.view is not None and self.tabs.value == RETURNS:
            self.returns.show(self.view, self._chart.spec.theme)

    def _take_found(self) -> None:
        job = self._job
        if job is None or not job.snapshot.status.is_terminal:
            return
        self._job = None
        if job.snapshot.status is JobStatus.FAILED:
            self._guard.notices.show(job.snapshot.error or "the search failed", job.snapshot.traceback or "")
        if job.snapshot.status is JobStatus.COMPLETED:
            self._show(job.result())

    def _take_drawn(self) -> None:
        job = self._drawing
        if job is None or not job.snapshot.status.is_terminal:
            return
        self._drawing = None
        if job.snapshot.status is JobStatus.COMPLETED:
            self.list.show(job.result())
        self.list.waiting = False

    def _show(self, view: SegmentView | None) -> None:
        """Other setups, or none."""
        self.view, self._stepped = view, None
        total = 0 if view is None else len(view.segments)
        with self.list.hold_sync(), self.stepper.hold_sync():
            self.list.total = self.stepper.total = total
            self.list.page, self.stepper.place, self.stepper.label = 0, -1, ""
            self.list.chosen, self.list.items = -1, []
        self._drawn = None
        if total:
            self.tabs.value = FOUND
            self._draw_page()
            self.go(0)
        elif view is not None:
            self._mark(None)

    def _draw_page(self) -> None:
        if self.view is None:
            return
        if self._drawing is not None:
            self._drawing.cancel()
        last = max(0, len(self.view.segments) - 1) // PAGE
        page, theme = max(0, min(self.list.page, last)), self._chart.spec.theme
        self._drawn = (page, theme)
        self.list.waiting = True
        self._drawing = enqueue_thumbnails(self._workspace, self.view, page * PAGE, SIZE, theme)
        self._on_news()

    def _step(self) -> None:
        """Bring chart, list and label to where the stepper is."""
        view, place = self.view, self.stepper.place
        if view is None or not 0 <= place < len(view.segments) or self._stepped == (view, place):
            return
        self._stepped = (view, place)
        self.stepper.label = f"{view.title(place)} · {count(view.segments[place].condition_bar_count, 'bar')}"
        self.list.page, self.list.chosen = place // PAGE, place
        self._mark(place)

    def _mark(self, place: int | None) -> None:
        data, view = self._chart.data, self.view
        if data is None or view is None:
            return
        if place is None:
            self._chart.show(replace(data, highlights=_others(data)), self._chart.spec)
            return
        first, last = view.range(place)
        stretch = Highlight(int(data.bars.ts[first]), int(data.bars.ts[last]))
        start, end = view.shown(place)
        spec = replace(self._chart.spec, visible=(start - 0.5, end + 0.5))
        self._chart.show(replace(data, highlights=(*_others(data), stretch)), spec)

    def _stop(self) -> None:
        for job in (self._job, self._drawing):
            if job is not None:
                job.cancel()
        self._job = self._drawing = None

    # ---- widgets

    def _arrange(self) -> None:
        job, how, has_bars = self._job, self.builder.how, self._chart.data is not None
        self.find.disabled = how is None or not has_bars or job is not None
        self.cancel.layout.display = "" if job is not None else "none"
        self._progress.value = job.snapshot.progress if job is not None else 0.0
        self._progress.layout.visibility = "visible" if job is not None else "hidden"
        self._said.value = block(self._what_was_found())
        self.stepper.layout.display = "" if self.view is not None and len(self.view.segments) else "none"

    def _what_was_found(self) -> str:
        if self._job is not None:
            return self._job.snapshot.stage or "searching"
        if self.view is None:
            return "" if self._chart.data is not None else "Choose a symbol first."
        found, data = self.view.segments, self.view.chart
        if found.reason:
            return f"No setups: {found.reason}."
        return f"{count(len(found), 'setup')} in {len(data.bars):,} bars of {data.symbol}"

    def _make_widgets(self, height: int) -> None:
        guard = self._guard
        self.tabs = widgets.ToggleButtons(options=[CONDITION, FOUND, RETURNS]).add_class("barscope-subtabs")
        self.builder = ConditionBuilder(guard, self._on_condition)
        self.presets = PresetMenu(self._workspace.saved.conditions, _Form(self.builder), guard)
        self.find = widgets.Button(description="Find setups", icon="search", button_style="primary")
        self.cancel = widgets.Button(description="Cancel", icon="stop", tooltip="Stop searching")
        self._progress = widgets.FloatProgress(min=0.0, max=1.0)
        self._said = widgets.HTML().add_class("barscope-found")
        self.list = SegmentList()
        self.stepper = Stepper()
        self.returns = ReturnsView(self._workspace, guard, height - _TABLE_PX, self._on_news)
        self._nothing = widgets.HTML(escape("Find setups first.")).add_class("barscope-empty")
        form = widgets.VBox([self.presets.widget, self.builder.widget]).add_class("barscope-scroll")
        self._pages = {
            CONDITION: form,
            FOUND: self.list,
            RETURNS: widgets.VBox([self.returns.widget]).add_class("barscope-scroll"),
        }
        buttons = widgets.Box([self.find, self.cancel]).add_class("barscope-find")
        parts = [self.tabs, *self._pages.values(), self._nothing, buttons, self._progress, self._said, self.stepper]
        self.widget = widgets.VBox(parts).add_class("barscope-setups")

    def _listen(self) -> None:
        guard = self._guard
        self.tabs.observe(guard(lambda _change: self._turn()), "value")
        self.find.on_click(guard(lambda _button: self.search()))
        self.cancel.on_click(guard(lambda _button: self._cancel()))
        self.stepper.observe(guard(lambda _change: self._step()), "place")
        self.list.observe(guard(lambda change: self.go(change["new"]) if change["new"] >= 0 else None), "chosen")
        self.list.observe(guard(lambda _change: self._draw_page()), "page")

    def _on_condition(self) -> None:
        if hasattr(self, "presets"):
            self.presets.judge()
            self._arrange()

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._on_news()

    def _turn(self) -> None:
        has_found = self.view is not None and len(self.view.segments) > 0
        for name, page in self._pages.items():
            is_shown = name == self.tabs.value and (has_found or name == CONDITION)
            page.layout.display = "" if is_shown else "none"
        self._nothing.layout.display = "none" if has_found or self.tabs.value == CONDITION else ""
        self.find.layout.display = "" if self.tabs.value == CONDITION else "none"
        if has_found and self.tabs.value == RETURNS:
            self._on_news()


class _Form:
    """What presets of conditions are saved from and loaded into."""

    def __init__(self, builder: ConditionBuilder) -> None:
        self._builder = builder

    @property
    def can_save(self) -> bool:
        return self._builder.how is not None

    def read(self) -> ByCondition:
        if self._builder.how is None:
            raise InvalidParameterError(self._builder.problem or "there is no condition to save")
        return self._builder.how

    def show(self, _name: str, value: ByCondition) -> None:
        if value != self._builder.how:
            self._builder.set(value)


def _others(data: ChartData) -> tuple[Highlight, ...]:
    """What is shaded for other reasons, such as sessions."""
    return tuple(shade for shade in data.highlights if shade.kind != "condition")
