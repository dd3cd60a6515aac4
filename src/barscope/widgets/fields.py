"""Small parts that all forms of a panel are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.text import escape, plain

if TYPE_CHECKING:
    from barscope.indicators.core import Indicator


def labelled(label: str, field: widgets.Widget, *, tooltip: str | None = None) -> widgets.VBox:
    """A field of our own with its name above it; those of ipywidgets have their own `description`."""
    name = text_line(label).add_class("barscope-label")
    name.tooltip = tooltip
    return widgets.VBox([name, field]).add_class("barscope-field")


def text_line(text: str = "") -> widgets.HTML:
    """One line of text from anywhere. Not a Label: that one reads `$` as the start of a formula."""
    return widgets.HTML(escape(text)).add_class("barscope-text")


def kept_back(part: widgets.Widget) -> widgets.Stack:
    """A place for a widget that a page draws when it is first turned to, by `turn_to`, and keeps from then on."""
    return widgets.Stack([part], selected_index=None)


def turn_to(place: widgets.Stack) -> None:
    """Draw what is kept back, where it is not drawn yet."""
    if place.selected_index is None:
        place.selected_index = 0


def icon_button(icon: str, tooltip: str) -> widgets.Button:
    """A small button with a picture; the tooltip is its name."""
    return widgets.Button(icon=icon, tooltip=tooltip).add_class("barscope-icon")


def indicator_label(cls: type[Indicator]) -> str:
    """An indicator in a list: its name, and its title where that says more."""
    says_more = cls.title.replace(" ", "").casefold() != cls.class_name.casefold()
    return plain(f"{cls.class_name}  ·  {cls.title}" if says_more else cls.class_name)
