"""Symbols as a person chooses them: type a few letters, pick, and see what is chosen as tags."""

from __future__ import annotations

import anywidget
import traitlets

from barscope.widgets.surroundings import asset


class SymbolBox(anywidget.AnyWidget):  # type: ignore[misc]  # carries no types
    """A text field that filters as you type, with removable tags; the filtering happens in the browser.

    A list such as `AAPL, MSFT` can be pasted. Tags can be reached and removed by keyboard, which those of
    ipywidgets' TagsInput cannot.

    Attributes:
        value: The chosen symbols, in the order they were chosen.
        choices: What can be chosen; tens of thousands are fine.
        placeholder: Shown while nothing is chosen or typed.
        label: What a screen reader calls it.
    """

    _esm = asset("symbol_box.js")
    value = traitlets.List(traitlets.Unicode()).tag(sync=True)
    choices = traitlets.List(traitlets.Unicode()).tag(sync=True)
    placeholder = traitlets.Unicode("Type a symbol").tag(sync=True)
    label = traitlets.Unicode("Add a symbol").tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)
