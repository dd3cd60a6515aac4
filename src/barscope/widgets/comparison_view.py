"""Two runs side by side: where they part, their curves, their metrics, and what they came from differently."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.text import block, plain
from barscope.widgets.data_table import Column, DataTable, TableRow
from barscope.widgets.fields import text_line
from barscope.widgets.figure_view import FigureView
from barscope.widgets.formats import moment_s

if TYPE_CHECKING:
    from barscope.studies.comparison import Difference
    from barscope.widgets.guard import Guard
    from barscope.workspace.run_comparison import RunComparison

_SIDES = (Column("first", "First", str, "right", 100), Column("second", "Second", str, "right", 100))
_CHANGED = (Column("what", "Came from", str, "left", 150, 1.2), *_SIDES)
_METRICS = (Column("what", "Metric", str, "left", 150, 1.2), *_SIDES)
_HEAD_PX, _ROW_PX, _MOST_ROWS = 30, 26, 14


class ComparisonView:
    """The comparison of two runs.

    Attributes:
        widget: What a panel shows.
        height: Pixels of the figure.
        verdict: Where their events part.
        equity: Both equity curves.
        metrics: Both columns of metrics.
        changed: What they came from differently.
    """

    def __init__(self, guard: Guard, height: int) -> None:
        self._title = text_line().add_class("barscope-heading")
        self.verdict = widgets.HTML().add_class("barscope-text").add_class("barscope-verdict")
        self.height = max(260, height // 2)
        self.equity = FigureView(self.height)
        self._curves = widgets.Box([self.equity.widget]).add_class("barscope-pane")
        self.metrics = DataTable(_METRICS, guard, label="Metrics of both runs")
        self.changed = DataTable(
            _CHANGED, guard, label="What the runs came from differently", nothing="Both came from the same."
        )
        parts = [self._title, self.verdict, self._curves, self.changed, self.metrics]
        self.widget = widgets.VBox(parts).add_class("barscope-comparison")

    def show(self, comparison: RunComparison) -> None:
        """Another comparison."""
        first, second = comparison.runs
        self._title.value = block(f"First: {plain(first.run_id)}\nSecond: {plain(second.run_id)}")
        self.verdict.value = block(_verdict(comparison))
        self._curves.layout.display = "" if comparison.equity else "none"
        if comparison.equity:
            self.equity.show(comparison.equity)
        _fill(self.changed, list(_changed_rows(comparison)))
        _fill(self.metrics, list(_metric_rows(comparison)))
        self.metrics.layout.display = "" if self.metrics.total else "none"


def _fill(table: DataTable, rows: list[TableRow]) -> None:
    table.show(rows)
    table.layout.height = f"{_HEAD_PX + _ROW_PX * max(1, min(len(rows), _MOST_ROWS)) + 8}px"


def _verdict(comparison: RunComparison) -> str:
    if not comparison.has_events:
        states = " and ".join(run.status for run in comparison.runs)
        return f"The runs are {states}: only completed runs have events to compare."
    if comparison.difference is None:
        return "Equal event by event."
    lines = [f"First different event: {_said(comparison.difference)}"]
    orders = comparison.order_difference
    if orders is None:
        lines.append("Every order and every fill is the same.")
    elif orders != comparison.difference:
        lines.append(f"First different event of an order: {_said(orders)}")
    return "\n".join(lines)


def _said(difference: Difference) -> str:
    where = f"{moment_s(difference.ts_event_ns)} UTC, row {difference.position + 1:,} of {difference.table}"
    if difference.first is None or difference.second is None:
        return f"{where}, is in the {'second' if difference.first is None else 'first'} run only"
    telling = [change for change in difference.changes if not change[0].endswith("_id")] or list(difference.changes)
    changed = [f"{name.replace('_', ' ')} {_short(first)} ≠ {_short(second)}" for name, first, second in telling[:4]]
    more = f"; and {len(telling) - 4} more" if len(telling) > 4 else ""
    return f"{where}: {'; '.join(changed)}{more}"


def _changed_rows(comparison: RunComparison) -> Iterator[TableRow]:
    for key, values in comparison.changed.items():
        if key.startswith(("request.", "outputs.")):  # they say again what the rest of the record says
            continue
        first, second = (_short(value) for value in values)
        what = key.removeprefix("strategies.0.").removeprefix("broker.settings.").replace("_", " ").replace(".", " › ")
        yield TableRow(key, {"what": what, "first": first, "second": second})


def _metric_rows(comparison: RunComparison) -> Iterator[TableRow]:
    sides = [dict(summary.rows()) if summary is not None else {} for summary in comparison.summaries]
    for label in dict.fromkeys(label for side in sides for label in side):
        yield TableRow(label, {"what": label, "first": sides[0].get(label), "second": sides[1].get(label)})


def _short(value: Any) -> str:  # noqa: ANN401  # JSON
    """A value of a record; a text of several lines, such as source, by its length."""
    text = str(value)
    return f"{len(text.splitlines()):,} lines" if "\n" in text else plain(text)
