"""How a sweep is looked at: its metric, stretch, symbol, and the parameters of the heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.sweep_metrics import metric_of
from barscope.charts.text import plain
from barscope.studies.sweep_overview import main_metric
from barscope.widgets.bar_options import dropdown, offer
from barscope.workspace.sweep_view import STRETCH, SYMBOL, SweepLook

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.studies.sweep_result import SweepResult
    from barscope.widgets.guard import Guard

ALL_SYMBOLS = ""


class SweepLookFields:
    """A line of dropdowns; those that make no difference now are not shown.

    Attributes:
        widget: What a panel shows.
        metric, stretch, symbol, x, y: The fields.
    """

    def __init__(self, guard: Guard, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._is_quiet = False
        self._result: SweepResult | None = None
        self._axes_matter = False
        self.metric = dropdown("Metric")
        self.stretch = dropdown("Stretch")
        self.symbol = dropdown("Symbol")
        self.x = dropdown("Across")
        self.y = dropdown("Up")
        fields = (self.metric, self.stretch, self.symbol, self.x, self.y)
        self.widget = widgets.Box(fields).add_class("barscope-sweep-bar")
        for field in fields:
            field.observe(guard(lambda _change: self._tell()), "value")

    def offer(self, result: SweepResult) -> None:
        """Offer what a sweep has; what was chosen stays chosen where it can."""
        self._is_quiet = True
        try:
            self._offer(result)
        finally:
            self._is_quiet = False

    def show(self, *, axes: bool) -> None:
        """Whether the parameters of the axes matter now."""
        self._axes_matter = axes
        self._arrange()

    def look(self, pick: int | None) -> SweepLook | None:
        """How the sweep is looked at; None before there is one.

        Args:
            pick: The combination that was clicked.
        """
        if self.metric.value is None or self.x.value is None:
            return None
        symbol = self.symbol.value or None
        return SweepLook(self.metric.value, self.stretch.value, symbol, self.x.value, self.y.value, pick)

    def _offer(self, result: SweepResult) -> None:
        names, symbols = result.parameter_names, result.request.symbols
        metrics = [(metric_of(name).label, name) for name in result.metrics]
        offer(self.metric, metrics, self.metric.value or main_metric(result))
        offer(self.stretch, [(plain(name), name) for name in result.stretches])
        mean = [(f"Mean of {len(symbols)}", ALL_SYMBOLS)] if len(symbols) > 1 else []
        offer(self.symbol, [*mean, *((plain(symbol), symbol) for symbol in symbols)])
        offer(self.x, [(plain(name), name) for name in names])
        self._offer_y(result)
        self._result = result
        self._arrange()

    def _arrange(self) -> None:
        many = self._result is not None and len(self._result.parameter_names) > 1
        for field in (self.stretch, self.symbol):
            field.layout.display = "" if len(field.options) > 1 else "none"
        for field in (self.x, self.y):
            field.layout.display = "" if many and self._axes_matter else "none"

    def _offer_y(self, result: SweepResult) -> None:
        others = [(plain(name), name) for name in result.parameter_names if name != self.x.value]
        others += [("Symbol", SYMBOL)] if len(result.request.symbols) > 1 or not others else []
        others += [("Stretch", STRETCH)] if len(result.stretches) > 1 else []
        offer(self.y, others)

    def _tell(self) -> None:
        if not self._is_quiet:
            if self._result is not None:
                self.offer(self._result)  # what is across cannot be up
            self._on_change()
