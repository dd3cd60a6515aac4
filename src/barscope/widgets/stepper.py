"""A way through numbered things, one at a time: previous, next, n of m, by mouse and keyboard."""

from __future__ import annotations

import anywidget
import traitlets

from barscope.widgets.surroundings import asset


class Stepper(anywidget.AnyWidget):  # type: ignore[misc]  # carries no types
    """Which of several is looked at.

    Attributes:
        place: Counted from 0; -1 is none yet.
        total: How many there are.
        label: What is said of the one at `place`.
    """

    _esm = asset("stepper.js")
    page_sets = frozenset({"place"})
    place = traitlets.Int(-1).tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    label = traitlets.Unicode("").tag(sync=True)
