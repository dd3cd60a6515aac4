"""What came after the setups: a table of forward returns against all bars, and how they are spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import ipywidgets as widgets

from barscope.charts.data import ChartSpec
from barscope.charts.text import block
from barscope.widgets.data_table import Column, DataTable, TableRow
from barscope.widgets.figure_view import FigureView
from barscope.widgets.formats import count, fraction
from barscope.workspace.run_view import enqueue_figure
from barscope.workspace.segments import ALL_BARS, SIGNALS

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.charts.data import Theme
    from barscope.widgets.guard import Guard
    from barscope.workspace.segment_view import SegmentView
    from barscope.workspace.workspace import Workspace

_COLUMNS = (
    Column("after", "After", str, "left", 62, 0.5),
    Column("median", "Median", fraction, "right", 64, toned=True),
    Column("median_all", "of all", fraction, "right", 64),
    Column("up", "Up", "{:.0%}".format, "right", 46, 0.5),
    Column("up_all", "of all", "{:.0%}".format, "right", 46, 0.5),
)
_NOTE = "From the close of the bar at which a setup is known; beside it the same after all bars."
_LEAST_HEIGHT = 320


class ReturnsView:
    """The table and the figure of one search.

    Attributes:
        widget: What a panel shows.
        table: A row per horizon: the median and the share above zero, after the setups and after all bars.
        figure: How the returns are spread; made when it is first shown.
    """

    def __init__(self, workspace: Workspace, guard: Guard, height: int, on_news: Callable[[], None]) -> None:
        self._workspace = workspace
        self._height = max(_LEAST_HEIGHT, height)
        self._drawn: tuple[SegmentView, Theme] | None = None
        self.table = DataTable(_COLUMNS, guard, label="Forward returns")
        self._on_news = on_news
        self.figure: FigureView | None = None
        note = widgets.HTML(block(_NOTE)).add_class("barscope-hint")
        self.widget = widgets.VBox([self.table, note]).add_class("barscope-returns")

    def show(self, view: SegmentView, theme: Theme) -> None:
        """Another search, or the same in other colours."""
        if self._drawn == (view, theme):
            return
        self._drawn = (view, theme)
        self.table.show([_row(horizon, view) for horizon, sample in view.spreads if sample == SIGNALS])
        if self.figure is None:
            self.figure = FigureView(self._height, self._on_news)
            self.widget.children = (*self.widget.children, self.figure.widget)
        spec = ChartSpec(theme=theme, height=self._height)
        self.figure.expect(enqueue_figure(self._workspace, lambda: view.segments.figure(spec)))

    def update(self) -> bool:
        """Take over the figure; tells whether it waits for it."""
        return self.figure is not None and self.figure.update()

    def close(self) -> None:
        """Draw no further."""
        if self.figure is not None:
            self.figure.close()


def _row(horizon: int, view: SegmentView) -> TableRow:
    found, other = view.spreads[horizon, SIGNALS], view.spreads[horizon, ALL_BARS]
    values = {"after": count(horizon, "bar"), "median": found.median, "median_all": other.median}
    values |= {"up": found.hit_rate, "up_all": other.hit_rate}
    tone: Literal["", "good", "bad"] = ("good" if found.median > other.median else "bad") if found.count else ""
    return TableRow(str(horizon), values, tone)
