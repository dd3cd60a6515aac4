"""A text field that suggests what can be chosen, and takes anything that is typed."""

from __future__ import annotations

import anywidget
import traitlets

from barscope.widgets.surroundings import asset


class ChoiceBox(anywidget.AnyWidget):  # type: ignore[misc]  # carries no types
    """Suggestions that filter as you type; ipywidgets' Combobox hides all but the one that is chosen already.

    Attributes:
        value: What stands in the field, with every key.
        choices: What is suggested.
        placeholder: Shown while it is empty.
        label: What a screen reader calls it.
        wrong: Whether it is marked as wrong.
    """

    _esm = asset("choice_box.js")
    page_sets = frozenset({"value"})
    value = traitlets.Unicode("").tag(sync=True)
    choices = traitlets.List(traitlets.Unicode()).tag(sync=True)
    placeholder = traitlets.Unicode("").tag(sync=True)
    label = traitlets.Unicode("").tag(sync=True)
    wrong = traitlets.Bool(False).tag(sync=True)
