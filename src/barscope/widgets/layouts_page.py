"""Layouts and indicator sets in the panel: save what is shown, load all of it at once, carry it in a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.text import block
from barscope.errors import InvalidParameterError, cut
from barscope.widgets.bar_options import described
from barscope.widgets.fields import text_line
from barscope.widgets.file_buttons import FileButtons
from barscope.widgets.preset_menu import PresetMenu
from barscope.workspace.layouts import IndicatorSet, Layout, ShownIndicator, stored_source
from barscope.workspace.preset_files import LARGEST_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from barscope.studies.request import ExplorerRequest
    from barscope.widgets.chart_area import ChartArea
    from barscope.widgets.guard import Guard
    from barscope.widgets.session_chart import SessionChart
    from barscope.widgets.session_model import SessionModel
    from barscope.widgets.setups_page import SetupsPage
    from barscope.widgets.source_picker import SourcePicker
    from barscope.workspace.preset_files import ImportReport
    from barscope.workspace.workspace import Workspace

FILE_NAME = "barscope-presets.json"


@dataclass(frozen=True, eq=False)
class Shown:
    """The parts of a panel that a layout is made of.

    Attributes:
        at_once: A block inside of which the parts change and nothing is drawn; its end draws all of it.
        turn: Turns to the symbol that is chosen.
    """

    source: SourcePicker
    area: ChartArea
    model: SessionModel
    chart: SessionChart
    setups: SetupsPage
    at_once: Callable[[], AbstractContextManager[None]]
    turn: Callable[[], None]


class LayoutsPage:
    """The page of a panel.

    Attributes:
        widget: What a panel shows.
        menu: The layouts.
        sets: The indicator sets.
        file: Gives the browser a file with all presets, and takes such a file.
        replace: Whether a preset of that file takes the place of one that has its name.
    """

    def __init__(self, workspace: Workspace, guard: Guard, shown: Shown, on_import: Callable[[], None]) -> None:
        self._workspace, self._guard, self._parts, self._on_import = workspace, guard, shown, on_import
        saved = workspace.saved
        self.menu = PresetMenu(saved.layouts, _LayoutForm(self), guard, rows=8)
        self.sets = PresetMenu(saved.indicator_sets, _SetForm(self), guard, rows=5)
        self._of_layout = widgets.HTML().add_class("barscope-hint").add_class("barscope-preset-facts")
        self._of_set = widgets.HTML().add_class("barscope-hint").add_class("barscope-preset-facts")
        self.file = FileButtons(guard, saved.text, self.import_, file_name=FILE_NAME, largest=LARGEST_FILE)
        self.replace = widgets.Checkbox(value=False, indent=False, description="Replace")
        self.replace.tooltip = "Take the place of presets that have the same name; otherwise those stay"
        self._told = widgets.HTML().add_class("barscope-hint").add_class("barscope-preset-facts")
        self.widget = self._arrange()
        for menu in (self.menu, self.sets):
            menu.menu.observe(guard(lambda _change: self._describe()), "value")

    # ---- for use from code

    @property
    def current(self) -> Layout:
        """What is shown as a layout.

        Raises:
            InvalidParameterError: If no bars are chosen.
        """
        parts = self._parts
        source = parts.model.source
        if source is None:
            raise InvalidParameterError("No symbols selected")
        publisher = self._workspace.secmaster.publisher(source.publisher_id)
        return Layout(
            source,
            publisher.name,
            parts.area.symbol.value,
            parts.model.shown,
            parts.chart.choices.settings,
            parts.setups.builder.how,
        )

    def open(self, layout: Layout) -> None:
        """Show a layout, all of it at once; what is not there any more is told, and the rest is shown.

        Raises:
            InvalidParameterError: If nothing of its bars is stored; what is shown stays.
        """
        source, missing = stored_source(layout.source, layout.publisher_name, self._workspace.secmaster)
        parts, problems = self._parts, list(missing)
        with parts.at_once():
            parts.source.reload()
            parts.source.set(source)
            problems += _refused(source, parts.source.value)
            if layout.symbol in source.symbols:
                parts.area.offer(source.symbols, layout.symbol)
                parts.turn()
            parts.chart.choices.change(layout.chart)
            problems += parts.model.take(layout.indicators)
            problems += self._take_condition(layout)
        self._tell(problems)

    def open_set(self, indicators: IndicatorSet) -> None:
        """Show these indicators and no others on the bars that are chosen; what cannot be computed is told.

        Raises:
            InvalidParameterError: If no bars are chosen.
        """
        if self._parts.model.source is None:
            raise InvalidParameterError("No symbols selected")
        with self._parts.at_once():
            problems = self._parts.model.take(indicators.indicators)
        self._tell(problems)

    def import_(self, content: bytes) -> ImportReport:
        """Store the presets of a file, as the button does."""
        self._told.value = ""
        report = self._workspace.saved.import_(content, replace=self.replace.value)
        self._told.value = block(f"{report}.")
        self._tell(report.problems)
        self.refresh()
        self._on_import()
        return report

    def refresh(self) -> None:
        """Read the names anew."""
        for menu in (self.menu, self.sets):
            menu.refresh(menu.chosen)
        self._describe()

    # ---- from one step to the next

    def _take_condition(self, layout: Layout) -> list[str]:
        if layout.condition is None or layout.condition == self._parts.setups.builder.how:
            return []
        try:
            self._parts.setups.builder.set(layout.condition)
        except InvalidParameterError as error:
            return [f"The condition is left out: {error}"]
        return []

    def _tell(self, problems: Iterable[str]) -> None:
        told = "\n".join(problems)
        if told:
            self._guard.notices.show(told, level="warning")

    def _describe(self) -> None:
        saved = self._workspace.saved
        name, of_set = self.menu.chosen, self.sets.chosen
        layout = None if name is None else saved.layouts.load(name)
        indicators = () if of_set is None else saved.indicator_sets.load(of_set).indicators
        none = "" if self.menu.menu.options else "Save what the panel shows under a name: bars, indicators, look."
        self._of_layout.value = block(none if layout is None else _facts(layout))
        self._of_set.value = block(", ".join(_title(shown) for shown in indicators))

    def _arrange(self) -> widgets.Widget:
        files = widgets.Box([self.file, self.replace]).add_class("barscope-preset-files")
        parts = [
            _heading("Layouts"),
            self.menu.widget,
            self._of_layout,
            _heading("Indicator sets"),
            self.sets.widget,
            self._of_set,
            _heading("All presets as a file"),
            files,
            self._told,
        ]
        self._describe()
        return widgets.VBox(parts).add_class("barscope-scroll").add_class("barscope-layouts")


class _LayoutForm:
    """What layouts are saved from and loaded into."""

    def __init__(self, page: LayoutsPage) -> None:
        self._page = page

    @property
    def can_save(self) -> bool:
        return self._page._parts.model.source is not None

    def read(self) -> Layout:
        return self._page.current

    def show(self, _name: str, value: Layout) -> None:
        self._page.open(value)


class _SetForm:
    """What indicator sets are saved from and loaded into."""

    def __init__(self, page: LayoutsPage) -> None:
        self._page = page

    @property
    def can_save(self) -> bool:
        return bool(self._page._parts.model.entries)

    def read(self) -> IndicatorSet:
        return IndicatorSet(self._page._parts.model.shown)

    def show(self, _name: str, value: IndicatorSet) -> None:
        self._page.open_set(value)


def _refused(wanted: ExplorerRequest, chosen: ExplorerRequest | None) -> list[str]:
    """What the picker did not take over."""
    names = ("hours", "timeframe", "split")
    gone = [name for name in names if chosen is not None and getattr(chosen, name) != getattr(wanted, name)]
    return [f"The {name} {cut(getattr(wanted, name))} is not offered any more: left out." for name in gone]


def _heading(text: str) -> widgets.Widget:
    return widgets.Box([text_line(text).add_class("barscope-heading")]).add_class("barscope-section")


def _facts(layout: Layout) -> str:
    symbols = layout.source.symbols
    more = f" +{len(symbols) - 4}" if len(symbols) > 4 else ""
    named = ", ".join(cut(symbol, 16) for symbol in symbols[:4]) + more
    titles = ", ".join(_title(shown) for shown in layout.indicators) or "no indicators"
    return f"{named} · {described(layout.source)} · {titles}"


def _title(shown: ShownIndicator) -> str:
    values = ", ".join(str(value) for value in shown.config.params.values())
    longer = f" @{shown.config.timeframe}" if shown.config.timeframe else ""
    return cut(f"{shown.config.class_name}({values}){longer}", 40)
