"""The table of the panels: what it sends to a page, how it sorts, and what a person chooses in it."""

from __future__ import annotations

import math

import pytest

from barscope.widgets.data_table import MOST_AT_ONCE, Column, DataTable, TableRow
from barscope.widgets.guard import Guard

COLUMNS = (Column("name", "Name"), Column("size", "Size", lambda value: f"{value:,}", "right"))


@pytest.fixture
def table():
    """A table of 1,000 rows, the size of each its number times 7 modulo 1,000."""
    made = DataTable(COLUMNS, Guard(), label="Things")
    made.show([TableRow(f"k{n}", {"name": f"row {n}", "size": n * 7 % 1000}) for n in range(1000)])
    return made


def sent(table):
    """The first cells of the rows a page has."""
    return [row["cells"][0] for row in table.page["rows"]]


def test_a_page_gets_the_rows_in_sight_only(table):
    """Of a thousand rows a page gets the first few; scrolling asks for others, and the total is told."""
    assert table.total == 1000
    assert sent(table)[:2] == ["row 0", "row 1"]
    assert len(sent(table)) == 80
    table.wanted = [500, 590]
    assert (table.page["first"], sent(table)[0], len(sent(table))) == (500, "row 500", 90)


def test_a_page_cannot_ask_for_everything(table):
    """However much a page asks for, it gets a bounded number of rows, and none outside the table."""
    table.wanted = [-50, 10**9]
    assert (table.page["first"], len(sent(table))) == (0, MOST_AT_ONCE)
    table.wanted = [10**9, 10**9]
    assert sent(table) == ["row 999"]


def test_sorting_is_by_value_not_by_text(table):
    """Numbers sort as numbers, both ways, and an empty key gives the rows in the order they came."""
    table.sort = ["size", True]
    assert [row[1] for row in table.shown[:3]] == ["999", "998", "997"]
    table.sort = ["size", False]
    assert [row[1] for row in table.shown[:3]] == ["0", "1", "2"]
    table.sort = ["", False]
    assert table.row_keys[:2] == ("k0", "k1")


@pytest.mark.parametrize("downwards", [True, False])
def test_what_is_missing_comes_last(table, downwards):
    """None and NaN are shown as a dash, after all values, whichever way the table is sorted."""
    sizes = (math.nan, 2, None, 1)
    table.show([TableRow(str(n), {"name": n, "size": size}) for n, size in enumerate(sizes)])
    table.sort = ["size", downwards]
    assert [row[1] for row in table.shown] == (["2", "1", "–", "–"] if downwards else ["1", "2", "–", "–"])


def test_sorting_by_an_unknown_column_changes_nothing(table):
    """A page that names a column there is not gets the rows as they came."""
    table.sort = ["nonsense", True]
    assert table.row_keys[0] == "k0"


def test_texts_are_one_line_and_cut(table):
    """A cell is one line of plain text, however long or strange the value is; the page sets it as text."""
    table.show([TableRow("a", {"name": "<b>\n" + "x" * 500, "size": 1})])
    cell = table.shown[0][0]
    assert cell.startswith("<b>\\n")
    assert len(cell) == 64


def test_ticks_stay_with_their_rows(table):
    """Ticked rows that are still there stay ticked when the rows change; the others are forgotten."""
    table.checked = ["k3", "k999"]
    table.show([TableRow("k3", {"name": "left", "size": 0})])
    assert table.checked == ["k3"]


def test_equal_rows_are_not_sent_again(table):
    """Showing the same rows sends nothing."""
    changes = []
    table.observe(changes.append, "page")
    table.show([TableRow(f"k{n}", {"name": f"row {n}", "size": n * 7 % 1000}) for n in range(1000)])
    assert changes == []


def test_a_row_can_be_opened_twice(table):
    """Opening tells the key, and a second click on the open row tells it once more; a foreign key tells nothing."""
    opened = []
    table.on_open(opened.append)
    table.current = "k5"
    table._handle_custom_msg({"again": "k5"}, [])
    table._handle_custom_msg({"again": "k6"}, [])
    table._handle_custom_msg("nonsense", [])
    assert opened == ["k5", "k5"]
