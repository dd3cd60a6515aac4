"""The form of chart settings: type, scale, comparison, a row per series, and presets of all of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.legend import short_names
from barscope.charts.settings import ChartSettings
from barscope.charts.theme import PALETTES
from barscope.charts.traces import series_colours
from barscope.widgets.fields import labelled, text_line
from barscope.widgets.preset_menu import PresetMenu
from barscope.widgets.series_row import SeriesRow
from barscope.widgets.symbol_box import SymbolBox

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from barscope.charts.data import ChartData, Theme
    from barscope.widgets.chart_choices import ChartChoices
    from barscope.widgets.guard import Guard
    from barscope.workspace.saved_charts import SavedCharts

TYPES = (
    ("Candlesticks", "candlestick"),
    ("OHLC bars", "ohlc"),
    ("Line of closes", "close"),
    ("Heikin-Ashi", "heikin-ashi"),
)
SCALES = (("Linear", "linear"), ("Logarithmic", "log"), ("Percent", "percent"))


class ChartSettingsPanel:
    """The form; every change counts at once.

    Attributes:
        widget: What a panel shows.
        chart_type, scale, volume, sessions, compare: The fields of the chart.
        rows: The fields of each series, by name.
        presets: Settings kept by name.
        reset: Back to the defaults.
    """

    def __init__(
        self, choices: ChartChoices, saved: SavedCharts, guard: Guard, on_change: Callable[[], None], *, comparing: bool
    ) -> None:
        self._choices, self._guard, self._on_change = choices, guard, on_change
        self._is_quiet = False
        self._data: ChartData | None = None
        self.rows: dict[str, SeriesRow] = {}
        self.chart_type = widgets.Dropdown(options=TYPES, tooltip="How prices are drawn")
        self.scale = widgets.Dropdown(options=SCALES, tooltip="Scale of the prices; percent of the first visible close")
        self.volume = widgets.Checkbox(value=True, indent=False, description="Volume")
        self.sessions = widgets.Checkbox(value=True, indent=False, description="Shade off-hours")
        self.sessions.tooltip = "Shade what is outside the regular hours of the exchange"
        self.compare = SymbolBox(placeholder="Compare with a symbol", label="Compare with a symbol")
        self.reset = widgets.Button(description="Reset", tooltip="Back to the defaults of the indicators")
        self.presets = PresetMenu(saved.named, _Form(self), guard)
        self._empty = text_line("Indicators that are drawn can be styled here.").add_class("barscope-empty")
        self._rows = widgets.VBox().add_class("barscope-rows")
        self.widget = self._arrange(comparing)
        self._listen()

    # ---- showing

    def show(self, data: ChartData | None, theme: Theme, symbols: Sequence[str] = ()) -> None:
        """Show what counts for a chart; nothing where there is none.

        Args:
            data: The data as they are drawn.
            theme: Its colours.
            symbols: What it can be compared with.
        """
        self._data = data
        self._is_quiet = True
        try:
            self._show_chart(symbols)
            self._show_rows(theme)
        finally:
            self._is_quiet = False

    def _show_chart(self, symbols: Sequence[str]) -> None:
        settings = self._choices.settings
        self.chart_type.value = settings.chart_type or "candlestick"
        self.scale.value = "percent" if settings.compare else settings.scale or "linear"
        self.scale.disabled = bool(settings.compare)
        self.volume.value, self.sessions.value = settings.volume is not False, settings.sessions is not False
        if tuple(self.compare.choices) != tuple(symbols):
            self.compare.choices = list(symbols)
        if tuple(self.compare.value) != (settings.compare or ()):
            self.compare.value = list(settings.compare or ())

    def _show_rows(self, theme: Theme) -> None:
        data = self._data
        series = {s.name: s for s in data.ordered} if data is not None else {}
        gone = [self.rows.pop(name) for name in tuple(self.rows) if name not in series]
        new = [name for name in series if name not in self.rows]
        self.rows |= {name: SeriesRow(name, self._guard, self._change, self._move, self._everywhere) for name in new}
        colours = series_colours(data, PALETTES[theme]) if data is not None else {}
        names, shown_as = tuple(series), short_names(tuple(series))
        for place, (name, s) in enumerate(series.items()):
            fillable = [t.name for t in series.values() if t.pane_key == s.pane_key and not t.is_background]
            ends = {"is_first": place == 0, "is_last": place == len(names) - 1}
            self.rows[name].update(s, colours[name], shown_as, fillable, **ends)
        children = tuple(self.rows[name].widget for name in names)
        if self._rows.children != children:
            self._rows.children = children
        for row in gone:
            row.close()
        self._empty.layout.display = "none" if names else ""

    # ---- changing

    def _set(self, settings: ChartSettings) -> None:
        if settings != self._choices.settings:
            self._choices.change(settings)
            self._on_change()

    def _choose(self, choice: str, value: Any) -> None:  # noqa: ANN401  # of any of the fields
        if not self._is_quiet:
            self._set(replace(self._choices.settings, **{choice: value}))

    def _change(self, name: str, choices: dict[str, Any]) -> None:
        self._set(self._choices.settings.with_series(name, **choices))

    def _move(self, name: str, by: int) -> None:
        if self._data is None:
            return
        order = [s.name for s in self._data.ordered]
        place = order.index(name)
        order.insert(place + by, order.pop(place))
        self._set(replace(self._choices.settings, order=tuple(order)))

    def _everywhere(self, name: str) -> None:
        if self._data is not None:
            s = next(s for s in self._data.series if s.name == name)
            self._choices.everywhere(s, self._data.series)
            self._on_change()

    def _reset(self) -> None:
        self._choices.reset(s.indicator for s in self._data.series) if self._data is not None else None
        self._on_change()

    # ---- widgets

    def _arrange(self, comparing: bool) -> widgets.Widget:
        head = widgets.Box([text_line("Chart").add_class("barscope-heading"), self.reset])
        pairs = widgets.Box([labelled("Type", self.chart_type), labelled("Scale", self.scale)])
        ticks = widgets.Box([self.volume, self.sessions]).add_class("barscope-pair")
        compare = [labelled("Compare, in percent", self.compare).add_class("barscope-compare")] if comparing else []
        series = widgets.Box([text_line("Series").add_class("barscope-heading")]).add_class("barscope-section")
        parts = [
            head.add_class("barscope-section"),
            pairs.add_class("barscope-pair"),
            *compare,
            ticks,
            self.presets.widget,
            series,
            self._empty,
            self._rows,
        ]
        return widgets.VBox(parts).add_class("barscope-chart-settings")

    def _listen(self) -> None:
        guard = self._guard
        for choice, field in (
            ("chart_type", self.chart_type),
            ("scale", self.scale),
            ("volume", self.volume),
            ("sessions", self.sessions),
        ):
            field.observe(guard(lambda change, choice=choice: self._choose(choice, change["new"])), "value")
        self.compare.observe(guard(lambda change: self._choose("compare", tuple(change["new"]))), "value")
        self.reset.on_click(guard(lambda _button: self._reset()))


class _Form:
    """What presets of settings are saved from and loaded into."""

    can_save = True

    def __init__(self, panel: ChartSettingsPanel) -> None:
        self._panel = panel

    def read(self) -> ChartSettings:
        return self._panel._choices.settings

    def show(self, _name: str, value: ChartSettings) -> None:
        self._panel._set(value)
