"""What a sweep would take, told while its form is filled: combinations, children, time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.text import block
from barscope.studies.sweep_frame import EVENTS
from barscope.studies.sweeps import ASK_ABOVE
from barscope.widgets.fields import text_line
from barscope.widgets.formats import count, duration
from barscope.widgets.latest import Latest
from barscope.workspace.sweep_view import enqueue

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.studies.sweep_request import SweepRequest
    from barscope.studies.sweeps import SweepEstimate
    from barscope.widgets.guard import Guard
    from barscope.workspace.workspace import Workspace


class SweepEstimateLine:
    """The estimate, the reason why there is none, and the box to tick for a sweep that takes long.

    Attributes:
        widget: What a panel shows.
        confirm: The box; shown where it is needed.
        estimate: What is known; None while it is read, or cannot be.
        problem: Why the sweep cannot run; empty where it can.
        text: What is said.
    """

    def __init__(self, workspace: Workspace, guard: Guard, on_change: Callable[[], None]) -> None:
        self._workspace = workspace
        self._on_change = on_change
        self._asked: SweepRequest | None = None
        self._latest: Latest[SweepEstimate] = Latest(self._take, self._refuse)
        self.estimate: SweepEstimate | None = None
        self.problem = ""
        self.text = ""
        self._line = widgets.HTML().add_class("barscope-hint").add_class("barscope-estimate")
        self._problem = text_line().add_class("barscope-problem")
        self.confirm = widgets.Checkbox(value=False, description="", indent=False).add_class("barscope-sweep-confirm")
        self.widget = widgets.VBox([self._line, self.confirm, self._problem]).add_class("barscope-sweep-estimate")
        self.confirm.observe(guard(lambda _change: on_change()), "value")
        self._show()

    @property
    def is_confirmed(self) -> bool:
        """Whether a sweep of so many children is meant."""
        return self.estimate is not None and (not self._is_large or bool(self.confirm.value))

    def ask(self, request: SweepRequest) -> None:
        """Estimate a sweep in the background; nothing happens where that is known."""
        if request == self._asked:
            return
        self._asked, self.estimate, self.problem = request, None, ""
        self.confirm.value = False
        self._latest.ask(enqueue(self._workspace, "estimate", lambda: self._workspace.sweeps.estimate(request)))
        self._show()

    def refuse(self, problem: str) -> None:
        """Say why there is nothing to estimate."""
        self._latest.stop()
        self._asked = None
        self._refuse(problem)

    def update(self) -> bool:
        """Take over the estimate; tells whether it waits for it."""
        return self._latest.update()

    def close(self) -> None:
        """Estimate no further."""
        self._latest.stop()

    @property
    def _is_large(self) -> bool:
        return self.estimate is not None and self.estimate.children > ASK_ABOVE

    def _take(self, estimate: SweepEstimate) -> None:
        self.estimate, self.problem = estimate, ""
        self._show()
        self._on_change()

    def _refuse(self, problem: str) -> None:
        self.estimate, self.problem = None, problem
        self._show()
        self._on_change()

    def _show(self) -> None:
        e = self.estimate
        waits = "Estimating" if self._latest.is_waiting else ""
        self.text = said(e) if e is not None else waits
        self._line.value = block(self.text)
        self._problem.value, self._problem.tooltip = block(self.problem), self.problem or None
        self.confirm.layout.display = "" if self._is_large else "none"
        if e is not None:
            self.confirm.description = f"Yes, compute all {e.children:,}: {time_text(e.seconds)}"


def said(estimate: SweepEstimate) -> str:
    """An estimate in two lines."""
    tried = estimate.combinations - estimate.skipped
    each = estimate.children // tried if tried else 0
    parts = [count(tried, "combination")] + ([f"× {each:,}"] if each > 1 else [])
    first = f"{' '.join(parts)} = {count(estimate.children, 'child', 'children')}"
    first += f", {estimate.skipped:,} skipped" if estimate.skipped else ""
    how = "bar by bar" if estimate.way == EVENTS else "all bars at once"
    return f"{first}\n{time_text(estimate.seconds)}, {how}"


def time_text(seconds: float) -> str:
    """About how long one core takes."""
    return "less than a second" if seconds < 1 else f"about {duration(int(seconds * 1e9))} of one core"
