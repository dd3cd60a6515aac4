"""The children of a sweep as a table that can be filtered, sorted and saved."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import ipywidgets as widgets

from barscope.charts.sweep_heatmap import value_text
from barscope.charts.sweep_metrics import metric_of
from barscope.charts.text import block, escape, plain
from barscope.errors import InvalidParameterError
from barscope.studies.sweep_frame import FAILED, PARAM
from barscope.widgets.data_table import Column, DataTable, TableRow
from barscope.widgets.latest import Latest
from barscope.widgets.sweep_filter import EXAMPLE, filter_of
from barscope.workspace import sweep_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.studies.sweep_result import SweepResult
    from barscope.widgets.guard import Guard
    from barscope.workspace.shelf import Shelf
    from barscope.workspace.sweep_view import SweepLook, SweepRows

_KEYS = ("combination", "symbol", "stretch")
_FIRST_METRICS = ("sharpe", "total_return", "max_drawdown", "round_trips", "ic_1", "ic_5", "ic_20")
"""The metrics that stay where there is little room, in this order."""

Child = tuple[int, str, str]
"""Combination, symbol and stretch."""


class SweepTable:
    """The table with its filter.

    Attributes:
        widget: What a panel shows.
        filter: The condition.
        table: The rows.
        problem: What is wrong with the filter; empty where it holds.
    """

    def __init__(self, workspace: Shelf, guard: Guard, on_news: Callable[[], None]) -> None:
        self._workspace = workspace
        self._on_news = on_news
        self._asked: object = None
        self._shown: tuple[SweepResult, SweepLook] | None = None
        self._latest: Latest[SweepRows] = Latest(self._take, self._refuse)
        self.problem = ""
        self.filter = widgets.Text(placeholder=f"Filter, such as {EXAMPLE}", continuous_update=False)
        self.filter.tooltip = "Conditions and words, separated by commas"
        self._count = widgets.HTML().add_class("barscope-hint")
        self._problem = widgets.HTML().add_class("barscope-problem")
        self._problem.layout.display = "none"
        self.table = DataTable((), guard, label="Children of the sweep", nothing="Nothing to show yet")
        line = widgets.Box([self.filter, self._count]).add_class("barscope-sweep-filter")
        self.widget = widgets.VBox([line, self._problem, self.table]).add_class("barscope-sweep-table")
        self.filter.observe(guard(lambda _change: self._read()), "value")

    @property
    def current(self) -> Child | None:
        """The child whose row was opened."""
        return _child(self.table.current)

    def on_open(self, callback: Callable[[Child], None]) -> None:
        """Call back with each child that is clicked."""
        self.table.on_open(lambda key: callback(child) if (child := _child(key)) is not None else None)

    def show(self, result: SweepResult, look: SweepLook) -> None:
        """The children of a sweep, the best by the metric first; while some are read, the next wait."""
        before, self._shown = self._shown, (result, look)
        if not (self._latest.is_waiting and before is not None and before[1] == look):
            self._read()

    def csv(self) -> bytes:
        """The filtered children as a file.

        Raises:
            InvalidParameterError: If there is no sweep, or the filter does not hold.
        """
        if self._shown is None:
            raise InvalidParameterError("no sweep is open: run one, or open one from the list")
        return sweep_view.csv(self._shown[0], filter_of(self._shown[0], self.filter.value))

    def update(self) -> bool:
        """Take over what was read; tells whether it waits for more."""
        if not self._latest.update():
            self._read()  # what has changed since it was asked for
        return self._latest.is_waiting

    def close(self) -> None:
        """Read no further."""
        self._latest.stop()

    def _read(self) -> None:
        if self._shown is None:
            return
        result, look = self._shown
        wanted = (result, look.metric, self.filter.value)
        if wanted == self._asked:
            return
        self._asked = wanted
        try:
            filtered = filter_of(result, self.filter.value)
        except InvalidParameterError as error:
            self._refuse(str(error))
            return
        self._refuse("")
        work = partial(sweep_view.rows, result, filtered, look.metric)
        self._latest.ask(sweep_view.enqueue(self._workspace, "rows", work))
        self._on_news()

    def _take(self, found: SweepRows) -> None:
        assert self._shown is not None  # noqa: S101  # it was asked for
        result = self._shown[0]
        self.table.show_columns(_columns(result, found.names))
        self.table.show([_row(found.names, row) for row in found.rows])
        shown, total = len(found.rows), found.total
        said = f"{shown:,} of {total:,} children" if shown < total else f"{total:,} children"
        self._count.value = escape(said)

    def _refuse(self, problem: str) -> None:
        self.problem = problem
        self._problem.value = block(problem)
        self._problem.layout.display = "" if problem else "none"


def child_key(child: Child) -> str:
    """What the row of a child is called by."""
    return json.dumps(child)


def _child(key: str) -> Child | None:
    if not key:
        return None
    combination, symbol, stretch = json.loads(key)
    return combination, symbol, stretch


def _columns(result: SweepResult, names: tuple[str, ...]) -> tuple[Column, ...]:
    columns = [Column("combination", "#", "{:,}".format, "right", 52, 0.1)]
    if len(result.request.symbols) > 1:
        columns.append(Column("symbol", "Symbol", str, "left", 70, 0.3))
    if len(result.stretches) > 1:
        columns.append(Column("stretch", "Stretch", str, "left", 64, 0.3))
    columns += [
        Column(name, plain(name.removeprefix(PARAM)), value_text, "right", max(64, 14 + 7 * len(name) - 40), 0.3)
        for name in names
        if name.startswith(PARAM)
    ]
    metrics = sorted(result.metrics, key=lambda name: (_rank(name), result.metrics.index(name)))
    columns += [_metric_column(name, place) for place, name in enumerate(metrics)]
    return (*columns, Column("state", "State", str, "left", 70, 0.2, toned=True, spare=len(metrics)))


def _metric_column(name: str, place: int) -> Column:
    metric = metric_of(name)
    return Column(name, metric.label, metric.text, "right", 24 + 7 * len(metric.label), 0.3, spare=place)


def _rank(name: str) -> int:
    return _FIRST_METRICS.index(name) if name in _FIRST_METRICS else len(_FIRST_METRICS)


def _row(names: tuple[str, ...], row: tuple[Any, ...]) -> TableRow:
    values = dict(zip(names, row, strict=True))
    key = child_key((values["combination"], values["symbol"], values["stretch"]))
    tone: Literal["", "good", "bad"] = "bad" if values["state"] == FAILED else ""
    if values["state"] == FAILED:
        values["state"] = values["error"] or FAILED
    return TableRow(key, values, tone)
