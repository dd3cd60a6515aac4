"""The chart with what stands above it: which symbol, what is shown, colours, home."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import ipywidgets as widgets

from barscope.charts.text import escape, plain
from barscope.domain.time import date_of
from barscope.widgets.bar_options import described
from barscope.widgets.drawings import DrawingTools
from barscope.widgets.fields import icon_button, text_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from barscope.charts.data import Theme
    from barscope.studies.request import ExplorerRequest
    from barscope.widgets.drawings import Drawn
    from barscope.widgets.guard import Guard
    from barscope.widgets.session_chart import SessionChart

AUTO, COLOUR_BLIND = "auto", "colour-blind"
THEMES = (("Auto", AUTO), ("Light", "light"), ("Dark", "dark"), ("Colour-blind", COLOUR_BLIND))


def theme_of(choice: str, *, is_dark: bool) -> Theme:
    """The colours of a choice, on a page that is dark or light."""
    if choice == AUTO:
        return "dark" if is_dark else "light"
    if choice == COLOUR_BLIND:
        return "colour-blind-dark" if is_dark else "colour-blind"
    return cast("Theme", choice)


class ChartArea:
    """The chart and its toolbar.

    Attributes:
        widget: What a panel shows.
        symbol: Which of the chosen symbols is drawn.
        theme: Its colours.
        home: The button that shows all bars.
        tools: What draws on it.
    """

    def __init__(self, chart: SessionChart, guard: Guard, on_symbol: Callable[[], None], drawn: Drawn) -> None:
        self._chart = chart
        self._is_quiet = False
        self.symbol = widgets.Dropdown(tooltip="The symbol in the chart")
        self.theme = widgets.Dropdown(options=THEMES, value=AUTO, tooltip="Colours of the chart")
        self.home = icon_button("home", "Show all bars")
        self._facts = text_line().add_class("barscope-facts")
        self._progress = widgets.FloatProgress(min=0.0, max=1.0)
        self._cover = widgets.HTML().add_class("barscope-cover")
        self.tools = DrawingTools(chart.live, guard, drawn)
        toolbar = widgets.Box([self.symbol, self._facts, self.tools.widget, self.theme, self.home]).add_class(
            "barscope-toolbar"
        )
        stage = widgets.Box([chart.live.widget, self._cover]).add_class("barscope-stage")
        self.widget = widgets.VBox([toolbar, self._progress, stage]).add_class("barscope-chart-area")
        self._on_symbol = on_symbol
        self.symbol.observe(guard(lambda _change: self._turn()), "value")
        self.home.on_click(guard(lambda _button: chart.live.home()))

    def offer(self, symbols: Sequence[str], chosen: str | None) -> None:
        """Offer symbols to draw, one of them chosen."""
        self._is_quiet = True
        try:
            options = tuple((plain(symbol), symbol) for symbol in symbols)
            if self.symbol.options != options:
                self.symbol.options = options
            self.symbol.value = chosen
            self.symbol.disabled = not symbols
        finally:
            self._is_quiet = False

    def _turn(self) -> None:
        if not self._is_quiet:
            self._on_symbol()

    def update(self, source: ExplorerRequest | None) -> None:
        """Say what is shown, or what it waits for."""
        chart, reading = self._chart, self._chart.reading
        is_reading = reading is not None and chart.bars is None
        self._progress.value = reading.progress if reading is not None and is_reading else 0.0
        self._progress.layout.visibility = "visible" if is_reading else "hidden"
        self._facts.value = escape(self._what_is_shown(source))
        self._cover.value = escape(self._what_it_waits_for(source))
        self._cover.layout.display = "none" if chart.bars is not None and source is not None else ""
        is_veil = is_reading and chart.live.data is not None
        (self._cover.add_class if is_veil else self._cover.remove_class)("barscope-veil")
        self.home.disabled = chart.bars is None
        self.tools.enable(chart.bars is not None)

    def _what_is_shown(self, source: ExplorerRequest | None) -> str:
        bars = self._chart.bars
        if source is None or bars is None or not len(bars):
            return ""
        first, last = date_of(bars.ts[0]), date_of(bars.ts[-1])
        return f"{described(source)} · {len(bars):,} bars · {first} – {last}"

    def _what_it_waits_for(self, source: ExplorerRequest | None) -> str:
        chart = self._chart
        if source is None:
            return "Choose a symbol to see its bars"
        if chart.error is not None:
            return chart.error
        reading = chart.reading
        detail = f" · {reading.message}" if reading is not None and reading.message else ""
        return f"Loading {chart.symbol}{detail}"
