"""One series in the form of chart settings: a compact row of fields, and more of them behind a button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.settings import NO_FILL
from barscope.charts.text import escape, plain
from barscope.widgets.fields import icon_button, text_line
from barscope.widgets.notices import close_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from barscope.charts.data import ChartSeries
    from barscope.widgets.guard import Guard

STYLES = (
    ("Line", "line"),
    ("Dashed", "dashed"),
    ("Dotted", "dotted"),
    ("Histogram", "histogram"),
    ("Dots", "dots"),
    ("Shade its pane", "background"),
    ("Shade all panes", "background-all"),
)
PANES = (("On the prices", "price"), ("Pane below", "own"), ("Pane above", "above"))


class SeriesRow:
    """The fields of one series.

    Attributes:
        widget: The row.
        eye, colour, draw, pane, width, fill, opacity: The fields.
        up, down: Move it in the order of panes and legend.
        everywhere: Use these choices wherever the indicator is drawn.
        more: Shows the fields that are rarely wanted.
    """

    def __init__(
        self,
        name: str,
        guard: Guard,
        change: Callable[[str, dict[str, Any]], None],
        move: Callable[[str, int], None],
        everywhere: Callable[[str], None],
    ) -> None:
        self._name_of_series = name
        self._change = change
        self._is_quiet = False
        self._name = text_line().add_class("barscope-name")
        self.eye = widgets.ToggleButton(value=True, icon="eye", tooltip="Hide this series").add_class("barscope-icon")
        self.up = icon_button("arrow-up", "Move up")
        self.down = icon_button("arrow-down", "Move down")
        self.more = widgets.ToggleButton(icon="ellipsis-h", tooltip="More choices").add_class("barscope-icon")
        self.colour = widgets.ColorPicker(concise=True, tooltip="Colour").add_class("barscope-colour")
        self.draw = widgets.Dropdown(options=STYLES, tooltip="Style")
        self.pane = widgets.Dropdown(options=PANES, tooltip="Pane")
        self.width = widgets.BoundedFloatText(min=0.5, max=10, step=0.5, description="Width", tooltip="Width, pixels")
        self.fill = widgets.Dropdown(tooltip="Fill the area up to another series", description="Fill to")
        self.opacity = widgets.BoundedFloatText(min=0, max=1, step=0.05, description="Opacity", tooltip="Of the fill")
        self.everywhere = widgets.Button()
        self._details = widgets.Box([self.width, self.opacity, self.fill, self.everywhere])
        self._details.add_class("barscope-series-more")
        buttons = widgets.Box([self.eye, self.up, self.down, self.more]).add_class("barscope-buttons")
        fields = widgets.Box([self.colour, self.draw, self.pane]).add_class("barscope-series-fields")
        self.widget = widgets.Box([self._name, buttons, fields, self._details]).add_class("barscope-series-row")
        self._listen(guard, move, everywhere)
        self._unfold(False)

    def update(
        self,
        s: ChartSeries,
        colour: str,
        names: Mapping[str, str],
        others: Sequence[str],
        *,
        is_first: bool,
        is_last: bool,
    ) -> None:
        """Show what counts for the series.

        Args:
            s: The series as it is drawn.
            colour: Its colour, `#rrggbb`.
            names: What the legend calls each series.
            others: The series it can be filled up to.
            is_first: Whether there is none before it.
            is_last: Whether there is none after it.
        """
        self._is_quiet = True
        try:
            self._name.value, self._name.tooltip = escape(names[s.name]), s.name
            self.eye.value, self.eye.icon = not s.hidden, "eye-slash" if s.hidden else "eye"
            self.eye.tooltip = "Show this series" if s.hidden else "Hide this series"
            self.colour.value, self.draw.value, self.pane.value = colour.lower(), s.draw, s.pane
            self.width.value, self.opacity.value = s.width, s.opacity
            options = (("Nothing", NO_FILL), *((plain(names[name]), name) for name in others if name != s.name))
            if self.fill.options != options:
                self.fill.options = options
            self.fill.value = s.band if s.band in others else NO_FILL
            self.up.disabled, self.down.disabled = is_first, is_last
            self.everywhere.description = plain(f"For every {s.indicator}") if s.indicator else ""
            self.everywhere.layout.display = "" if s.indicator else "none"
        finally:
            self._is_quiet = False

    def close(self) -> None:
        """Let go of its widgets."""
        close_all(self.widget)

    def _listen(self, guard: Guard, move: Callable[[str, int], None], everywhere: Callable[[str], None]) -> None:
        name = self._name_of_series
        fields = {
            "colour": self.colour,
            "draw": self.draw,
            "pane": self.pane,
            "width": self.width,
            "fill_to": self.fill,
            "opacity": self.opacity,
            "visible": self.eye,
        }
        for choice, field in fields.items():
            field.observe(guard(lambda change, choice=choice: self._choose(choice, change["new"])), "value")
        self.more.observe(guard(lambda change: self._unfold(change["new"])), "value")
        self.up.on_click(guard(lambda _button: move(name, -1)))
        self.down.on_click(guard(lambda _button: move(name, 1)))
        self.everywhere.on_click(guard(lambda _button: everywhere(name)))

    def _choose(self, choice: str, value: Any) -> None:  # noqa: ANN401  # of any of the fields
        if not self._is_quiet:
            self._change(self._name_of_series, {choice: value.lower() if choice == "colour" else value})

    def _unfold(self, is_open: bool) -> None:
        self._details.layout.display = "" if is_open else "none"
