"""Two runs side by side in place of one, read in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.data import ChartSpec
from barscope.jobs import JobStatus
from barscope.widgets.comparison_view import ComparisonView
from barscope.widgets.fields import kept_back, turn_to
from barscope.workspace.run_comparison import enqueue_comparison

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.charts.data import Theme
    from barscope.jobs import Job
    from barscope.widgets.guard import Guard
    from barscope.workspace.run_comparison import RunComparison
    from barscope.workspace.shelf import Shelf


class ComparedRuns:
    """The comparison that is shown, if one is.

    Attributes:
        widget: What a panel shows, beside the results that it covers.
        view: The comparison.
        back: The button that leaves it.
        runs: The ids of both, or None.
        is_shown: Whether it is in sight.
    """

    def __init__(self, shelf: Shelf, guard: Guard, height: int, covered: widgets.Widget) -> None:
        self._shelf = shelf
        self._covered = covered
        self._job: Job[RunComparison] | None = None
        self.runs: tuple[str, str] | None = None
        self.is_shown = False
        self.view = ComparisonView(guard, height)
        self.back = widgets.Button(description="Back to the run", icon="arrow-left")
        bar = widgets.Box([self.back]).add_class("barscope-toolbar")
        self._place = kept_back(self.view.widget).add_class("barscope-compared")
        self.widget = widgets.VBox([bar, self._place]).add_class("barscope-results")
        self.widget.layout.display = "none"
        self.back.on_click(guard(lambda _button: self.leave()))

    @property
    def is_reading(self) -> bool:
        """Whether one is under way."""
        return self._job is not None

    def compare(self, first: str, second: str, theme: Theme) -> None:
        """Read two runs; they are shown by the `update` that finds them read."""
        self.close()
        self.runs = (first, second)
        self._job = enqueue_comparison(self._shelf, first, second, ChartSpec(theme=theme, height=self.view.height))

    def update(self, on_failure: Callable[[str, str], None]) -> bool:
        """Take over what was read, or tell why it cannot be; tells whether it waits for more."""
        job = self._job
        if job is not None and job.snapshot.status.is_terminal:
            self._job = None
            if job.snapshot.status is JobStatus.COMPLETED:
                self.view.show(job.result())
                self._set_shown(True)
            elif job.snapshot.status is JobStatus.FAILED:
                message = f"The runs cannot be compared: {job.snapshot.error}"
                on_failure(message, job.snapshot.traceback or "")
        return self._job is not None

    def leave(self) -> None:
        """Show one run again."""
        self._set_shown(False)

    def close(self) -> None:
        """Read no further."""
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _set_shown(self, shown: bool) -> None:
        self.is_shown = shown
        if shown:
            turn_to(self._place)
        self.widget.layout.display = "" if shown else "none"
        self._covered.layout.display = "none" if shown else ""
