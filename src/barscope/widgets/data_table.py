"""A table for a panel: any number of rows, of which the browser holds those in sight."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import anywidget
import traitlets

from barscope.charts.text import plain
from barscope.widgets.surroundings import asset

if TYPE_CHECKING:
    from barscope.widgets.guard import Guard

FIRST_PAGE = 80
MOST_AT_ONCE = 400
"""Rows of a page, whatever a browser asks for."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        key: Its name in a row.
        label: Its heading.
        show: A value as text.
        align: Where the text stands.
        width: Pixels, at least.
        grow: Its share of the room that is left.
        toned: Whether it shows the tone of its row in colour.
        spare: Where there is no room for all columns, those of the highest number go first; 0 always stays.
    """

    key: str
    label: str
    show: Callable[[Any], str] = str
    align: Literal["left", "right"] = "left"
    width: int = 90
    grow: float = 1.0
    toned: bool = False
    spare: int = 0


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row.

    Attributes:
        key: What it is called by; unique in its table.
        values: Column key → value, by which the table sorts; None and NaN are shown as `–` and come last.
        tone: How it is marked.
    """

    key: str
    values: Mapping[str, Any]
    tone: Literal["", "good", "bad"] = ""


class DataTable(anywidget.AnyWidget):  # type: ignore[misc]  # carries no types
    """Sorts by a click on a heading, pages as it is scrolled, chooses by mouse or keyboard.

    The rows stay in the kernel; a page of them travels as text. All of it can be used from code: set `sort`,
    `current` or `checked`, read `shown`.

    Attributes:
        current: The key of the row that was opened, or empty.
        checked: The keys of the ticked rows, in the order they were ticked.
        sort: Column key and whether it runs downwards; an empty key is the order the rows were given in.
        label: What a screen reader calls the table.
        nothing: What stands there when there are no rows.
        checkable: Whether rows have a box to tick.
    """

    _esm = asset("data_table.js")
    _css = asset("data_table.css")
    page_sets = frozenset({"wanted", "sort", "current", "checked"})
    page_says = frozenset({"again"})
    columns = traitlets.List(traitlets.Dict()).tag(sync=True)
    page = traitlets.Dict({"first": 0, "rows": []}).tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    wanted = traitlets.List(traitlets.Int(), [0, FIRST_PAGE], minlen=2, maxlen=2).tag(sync=True)
    sort = traitlets.List(default_value=["", False], minlen=2, maxlen=2).tag(sync=True)
    current = traitlets.Unicode("").tag(sync=True)
    checked = traitlets.List(traitlets.Unicode()).tag(sync=True)
    label = traitlets.Unicode("").tag(sync=True)
    nothing = traitlets.Unicode("").tag(sync=True)
    checkable = traitlets.Bool(False).tag(sync=True)

    def __init__(self, columns: Sequence[Column], guard: Guard, **traits: Any) -> None:  # noqa: ANN401  # any trait
        self._columns = {column.key: column for column in columns}
        self._rows: tuple[TableRow, ...] = ()
        self._sorted: tuple[TableRow, ...] = ()
        super().__init__(columns=[_described(column) for column in columns], **traits)
        self.observe(guard(lambda _change: self._arrange()), "sort")
        self.observe(guard(lambda _change: self._turn()), "wanted")

    def on_open(self, callback: Callable[[str], None]) -> None:
        """Call back with the key of each row that is opened, also when it is the one that was opened last."""
        self.observe(lambda change: callback(change["new"]), "current")
        self.on_msg(lambda _table, content, _buffers: self._open_again(content, callback))

    @property
    def shown(self) -> tuple[tuple[str, ...], ...]:
        """The texts of all rows, in the order they are shown in."""
        return tuple(self._texts(row) for row in self._sorted)

    @property
    def row_keys(self) -> tuple[str, ...]:
        """The keys of all rows, in the order they are shown in."""
        return tuple(row.key for row in self._sorted)

    def show_columns(self, columns: Sequence[Column]) -> None:
        """Other columns for the rows that come next."""
        described = [_described(column) for column in columns]
        if described != self.columns:
            self._columns = {column.key: column for column in columns}
            self.columns = described

    def show(self, rows: Sequence[TableRow]) -> None:
        """Other rows; what was ticked stays ticked as far as it is there."""
        rows = tuple(rows)
        if rows == self._rows:
            return
        self._rows = rows
        there = {row.key for row in rows}
        with self.hold_sync():
            if any(key not in there for key in self.checked):
                self.checked = [key for key in self.checked if key in there]
            self._arrange()

    def _open_again(self, content: Any, callback: Callable[[str], None]) -> None:  # noqa: ANN401  # from a page
        if isinstance(content, dict) and content.get("again") == self.current:
            callback(self.current)

    def _arrange(self) -> None:
        key, downwards = self.sort
        if key in self._columns:
            missing = [row for row in self._rows if _is_missing(row.values.get(key))]
            there = [row for row in self._rows if not _is_missing(row.values.get(key))]
            there.sort(key=lambda row: row.values[key], reverse=bool(downwards))
            self._sorted = (*there, *missing)
        else:
            self._sorted = self._rows
        self._turn()

    def _turn(self) -> None:
        first = max(0, min(self.wanted[0], len(self._sorted) - 1))
        rows = self._sorted[first : min(max(self.wanted[1], first + FIRST_PAGE), first + MOST_AT_ONCE)]
        with self.hold_sync():
            self.total = len(self._sorted)
            self.page = {
                "first": first,
                "rows": [{"key": row.key, "cells": self._texts(row), "tone": row.tone} for row in rows],
            }

    def _texts(self, row: TableRow) -> tuple[str, ...]:
        return tuple(
            "–" if _is_missing(value := row.values.get(column.key)) else plain(column.show(value))
            for column in self._columns.values()
        )


def _described(column: Column) -> dict[str, Any]:
    """What a page knows of a column."""
    return {name: getattr(column, name) for name in ("key", "label", "align", "width", "grow", "toned", "spare")}


def _is_missing(value: object) -> bool:
    return value is None or value != value
