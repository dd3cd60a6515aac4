"""Setups in the panel without a browser: the form, what it finds, stepping, presets, and bad input."""

from __future__ import annotations

import pytest

import barscope as bs
from barscope.errors import InvalidParameterError
from barscope.studies.segments import ByCondition
from barscope.widgets.condition_builder import ConditionBuilder
from barscope.widgets.guard import Guard
from barscope.widgets.setups_page import CONDITION, FOUND, RETURNS
from barscope.workspace.segment_view import PAGE

SMA = "SMA(5, CLOSE)"


@pytest.fixture
def panel(workspace):
    """The explorer panel on SYN with a moving average drawn."""
    panel = workspace.explorer_panel()
    panel.source.symbols.value = ["SYN"]
    panel.add_indicator("SMA", {"timeperiod": 5})
    panel.refresh()
    yield panel
    panel.close()


@pytest.fixture
def setups(panel):
    """Its page of setups, asking where the close crosses above the average."""
    row = panel.setups.builder.groups[0].rows[0]
    row.operator.value, row.right.value = "crosses_above", SMA
    return panel.setups


@pytest.fixture
def builder():
    """A form on its own, with two series on offer."""
    builder = ConditionBuilder(Guard())
    builder.offer([SMA, "RSI"])
    return builder


def search(panel):
    """Finds, and takes over what was found and drawn."""
    panel.setups.search()
    panel.refresh()
    panel.refresh()


# ---- the form


def test_a_row_says_what_is_wrong(builder):
    """Each mistake is named in its row as it is typed; the whole form has no condition meanwhile."""
    row = builder.groups[0].rows[0]
    for text, message in (
        ("SMA(6, CLOSE)", "Unknown series: SMA(6, CLOSE). Did you mean SMA(5, CLOSE)"),
        ("", "Right side is empty: choose a series or number"),
        ("nan", "nan is no operand"),
        ("<b>", "Unknown series: <b>."),
    ):
        row.right.value = text
        assert row.problem.startswith(message)
        assert row.right.wrong or text == "nan"
        assert builder.problem == row.problem
        assert builder.how is None
        assert "<b>" not in row._problem.value
    row.left.value, row.right.value = "1", "2"
    assert "compares two numbers" in row.problem
    row.left.value, row.right.value = "RSI", "30"
    assert row.problem is None
    assert str(builder.how) == "where RSI > 30"


def test_groups_and_rows_make_one_sentence(builder):
    """Rows and groups are added, joined and removed; the sentence says what they mean together."""
    group = builder.groups[0]
    group.rows[0].right.value = SMA
    group.add.click()
    group.rows[1].operator.value, group.rows[1].right.value = "<", "9"
    group.joined.value = "any"
    builder.add_group.click()
    other = builder.groups[1].rows[0]
    other.left.value, other.operator.value, other.right.value = "RSI", "<", "30"
    assert str(builder.how.condition) == f"(close > {SMA} or close < 9) and RSI < 30"
    assert builder._sentence.value == f"Bars where (close &gt; {SMA} or close &lt; 9) and RSI &lt; 30"
    builder.joined.value = "any"
    assert str(builder.how.condition) == f"close > {SMA} or close < 9 or RSI < 30"
    group.rows[0].remove.click()
    builder.groups[1].remove.click()
    assert str(builder.how.condition) == "close < 9"
    group.rows[0].remove.click()
    assert len(group.rows) == 1


def test_the_form_shows_a_condition_as_it_was(builder):
    """Filling the form gives the condition back; one that is nested deeper is refused and the form stays."""
    one, two, three = (bs.Comparison("close", ">", n) for n in (1, 2, 3))
    for condition in (one, one & two, one | two, (one | two) & three, (one & two) | (two & three)):
        how = ByCondition(condition, 4, 2)
        builder.set(how)
        assert builder.how == how
    with pytest.raises(InvalidParameterError, match="nested deeper"):
        builder.set(ByCondition(((one & two) | three) & one))
    assert builder.how == ByCondition((one & two) | (two & three), 4, 2)


def test_a_series_that_goes_makes_its_row_wrong(panel, setups):
    """When an indicator is hidden its series is no longer on offer, and the row that names it says so."""
    assert setups.builder.how is not None
    panel.indicators.rows[next(iter(panel.indicators.rows))].eye.value = False
    assert "Unknown series: SMA(5, CLOSE)" in setups.builder.problem
    assert setups.find.disabled


# ---- finding and stepping


def test_what_is_found_is_what_a_run_finds(panel, setups, workspace):
    """The panel finds the segments that `run.segments` finds, shows the first and shades its stretch."""
    how = setups.builder.how
    search(panel)
    expected = workspace.explore(panel.request).result().segments(how)
    assert tuple(setups.view.segments) == tuple(expected)
    assert setups.tabs.value == FOUND
    assert setups.stepper.total == setups.list.total == len(expected)
    assert len(setups.list.items) == PAGE
    (stretch,) = panel.chart.data.highlights
    assert (stretch.first_ns, stretch.last_ns) == (expected[0].condition_start_ts, expected[0].condition_end_ts)
    assert panel.chart.visible[1] - panel.chart.visible[0] < 60
    assert f"{len(expected)} setups in 500 bars of SYN" in setups._said.value


def test_stepper_list_and_chart_go_together(panel, setups):
    """A step moves the list to the page and the chart to the bars; a click in the list moves the stepper."""
    search(panel)
    setups.stepper.place = PAGE + 1
    panel.refresh()
    assert (setups.list.page, setups.list.chosen) == (1, PAGE + 1)
    assert setups.list.items[0]["number"] == PAGE
    assert panel.chart.data.highlights[0].first_ns == setups.view.segments[PAGE + 1].condition_start_ts
    setups.list.chosen = 3
    assert setups.stepper.place == 3
    assert setups.stepper.label.startswith(setups.view.title(3))


@pytest.mark.parametrize("place", [-7, 10**6])
def test_a_page_cannot_step_to_where_nothing_is(panel, setups, place):
    """A place beyond the setups, or a page beyond the pages, leaves the chart as it is."""
    search(panel)
    before = panel.chart.data.highlights
    setups.stepper.place = place
    setups.list.page = place
    panel.refresh()
    assert panel.chart.data.highlights == before
    assert panel.notices.messages == ()


def test_never_is_told_and_leaves_no_shade(panel, setups):
    """A condition that never holds is told with its reason; what was found before is gone, shade included."""
    search(panel)
    setups.tabs.value = CONDITION
    setups.builder.set(ByCondition(bs.Comparison("close", ">", 1e6)))
    search(panel)
    assert "No setups: close &gt; 1000000 holds at none of the 500 bars of SYN" in setups._said.value
    assert (setups.stepper.total, setups.list.items, panel.chart.data.highlights) == (0, [], ())
    assert setups.tabs.value == CONDITION


def test_another_symbol_forgets_what_was_found(panel, setups):
    """Setups of other bars are not shown on new ones."""
    search(panel)
    panel.source.symbols.value = ["ALT"]
    panel.refresh()
    assert setups.view is None
    assert setups.stepper.total == 0
    assert panel.chart.data.highlights == ()


def test_no_bars_no_search(tmp_path):
    """Without bars the button is off, and searching from code says why."""
    with bs.Workspace(tmp_path / "empty") as workspace:
        panel = workspace.explorer_panel()
        assert panel.setups.find.disabled
        with pytest.raises(InvalidParameterError, match="no bars in the chart yet"):
            panel.setups.search()
        panel.close()


def test_returns_are_drawn_when_they_are_looked_at(panel, setups):
    """The figure is made with the tab; the table has a row per horizon against all bars."""
    search(panel)
    assert setups.returns.figure is None
    setups.tabs.value = RETURNS
    panel.refresh()
    panel.refresh()
    assert [row[0] for row in setups.returns.table.shown] == ["1 bar", "5 bars", "20 bars"]
    assert any(trace.type == "bar" for trace in setups.returns.figure.traces)


def test_thumbnails_follow_the_theme(panel, setups):
    """In dark colours the page of thumbnails is drawn anew."""
    search(panel)
    light = setups.list.items[0]["picture"]
    panel.area.theme.value = "dark"
    panel.refresh()
    panel.refresh()
    assert setups.list.items[0]["picture"] != light


# ---- presets


def test_presets_in_the_menu(panel, setups, workspace):
    """A condition is saved under a name, loaded into the form again, and deleted."""
    menu, how = setups.presets, setups.builder.how
    menu.name.value = "crossing"
    menu.save.click()
    assert [value for _label, value in menu.menu.options] == ["", "crossing"]
    setups.builder.set(ByCondition(bs.Comparison("low", ">", 1)))
    menu.menu.value = None
    menu.menu.value = "crossing"
    assert setups.builder.how == how
    menu.delete.click()
    assert workspace.presets.condition_presets.names() == ()


def test_a_preset_of_the_future_is_named(workspace):
    """Presets that cannot be read are told under the panel by name; the others are in the menu."""
    workspace.presets.condition_presets.set("newer", {"version": 9})
    good = {"version": 1, "condition": bs.Comparison("close", ">", 1).to_json()}
    workspace.presets.condition_presets.set("good", good)
    panel = workspace.explorer_panel()
    assert any("newer has version 9" in message for message in panel.notices.messages)
    assert [value for _label, value in panel.setups.presets.menu.options] == ["", "good"]
    panel.close()
