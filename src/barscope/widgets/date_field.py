"""A date as a person picks or types it."""

from __future__ import annotations

import anywidget
import traitlets

from barscope.widgets.surroundings import asset


class DateField(anywidget.AnyWidget):  # type: ignore[misc]  # carries no types
    """The browser's own date input.

    ipywidgets' DatePicker reports every keystroke, so that a year is 0002 before it is 2024; this one reports a date
    once it is picked, or typed and left.

    Attributes:
        value: `YYYY-MM-DD`, or empty.
        min: First date the calendar offers.
        max: Last date the calendar offers.
        label: What a screen reader calls it.
    """

    _esm = asset("date_field.js")
    value = traitlets.Unicode("").tag(sync=True)
    min = traitlets.Unicode("").tag(sync=True)
    max = traitlets.Unicode("").tag(sync=True)
    label = traitlets.Unicode("").tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)
