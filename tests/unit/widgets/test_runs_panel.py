"""The runs panel over a real workspace whose jobs run inline: find, look, compare, repeat, delete."""

from __future__ import annotations

import pytest
from ipywidgets.widgets.widget import _instances

import barscope as bs
from barscope.errors import InvalidParameterError

FAST = {"fast_period": 5, "slow_period": 20}


@pytest.fixture
def runs(workspace):
    """Two crossovers, an exploration and a buy-and-hold, oldest first, by a name of their own."""
    choice = {"symbols": ["SYN"], "rtype": 33, "publisher_id": 1}
    crossover = bs.BacktestRequest(**choice, strategy="SMACrossover", strategy_params=FAST)
    other = crossover.model_copy(update={"strategy_params": {**FAST, "slow_period": 21}})
    sma = bs.ExplorerRequest(**choice, indicators=[bs.IndicatorConfig(class_name="SMA")])
    hold = bs.BacktestRequest(**{**choice, "symbols": ["ALT"]}, strategy="BuyAndHold")
    return {
        "crossover": workspace.backtest(crossover).run_id,
        "other": workspace.backtest(other).run_id,
        "sma": workspace.explore(sma).run_id,
        "hold": workspace.backtest(hold).run_id,
    }


@pytest.fixture
def panel(workspace, runs):
    """A panel over those runs."""
    made = workspace.runs_panel()
    yield made
    made.close()


def names(panel):
    """The first cell of each row."""
    return [cells[0] for cells in panel.table.shown]


def errands(panel):
    """Name and state of what was done."""
    return [(row.open.description, row.state) for row in panel.errands.rows.values()]


def test_all_runs_are_listed_newest_first(panel, runs):
    """Explorations and backtests stand in one table, with name, status, symbols, bars and mode."""
    assert set(panel.table.row_keys) == set(runs.values())
    assert panel.table.row_keys[0] == runs["hold"]
    cells = dict(zip((c["label"] for c in panel.table.columns), panel.table.shown[0], strict=True))
    assert (cells["Name"], cells["Status"], cells["Symbols"], cells["Bars"]) == ("BuyAndHold", "completed", "ALT", "1m")
    assert cells["Mode"] == "backtest"
    assert panel.finder.count.value == "4 of 4"


def test_filters_leave_what_matches_all_of_them(panel, runs):
    """Every word has to occur in name, id, symbols or period; mode and status narrow further."""
    panel.search.value = "syn CROSS"
    assert set(panel.table.row_keys) == {runs["crossover"], runs["other"]}
    panel.search.value = "syn"
    panel.mode.value = "exploration"
    assert panel.table.row_keys == (runs["sma"],)
    panel.status.value = "failed"
    assert panel.table.row_keys == ()
    assert panel.finder.count.value == "0 of 4"


def test_a_chosen_backtest_shows_its_card_and_results(panel, runs):
    """A click shows everything the run came from, with the tabs of a backtest."""
    panel.table.current = runs["crossover"]
    card = dict(panel.results.card.facts.shown)
    assert card["Run"] == runs["crossover"]
    assert card["Strategy"] == "SMACrossover"
    assert card["numpy version"]
    assert card["Data fingerprint"]
    assert "Metrics" in panel.results.tabs.options
    assert panel.results.metrics.shown


def test_a_chosen_exploration_shows_its_chart(panel, runs):
    """An exploration has a chart and a card, and no tabs that only backtests have."""
    panel.table.current = runs["crossover"]
    panel.results.tabs.value = "Metrics"
    panel.table.current = runs["sma"]
    assert panel.results.tabs.options == ("Chart", "Run card")
    assert [series.name for series in panel.results.chart.data.series] == ["SMA(30, CLOSE)"]
    assert dict(panel.results.card.facts.shown)["Indicator SMA"] == "timeperiod 30, bar_field CLOSE"


def test_a_run_without_results_shows_its_card(workspace):
    """A failed run says what went wrong and what to do, as text, and has a card."""
    writer = workspace.runs_store.begin("failed-1", "Broken", 1, {"mode": "backtest", "symbols": ["SYN"], "rtype": 33})
    writer.fail(2, {"reason": "error", "error": "ValueError: <b>no</b>"})
    panel = workspace.runs_panel()
    panel.table.current = "failed-1"
    assert panel.results.tabs.options == ("Outcome", "Run card")
    title, error, advice = (part.value for part in panel.results.outcome.widget.children)
    assert (title, error) == ("This run failed", "ValueError: &lt;b&gt;no&lt;/b&gt;")
    assert "run it again" in advice
    assert dict(panel.results.card.facts.shown)["Why it ended"] == "ValueError: <b>no</b>"
    panel.close()


def test_a_list_tells_returns_and_parameters(panel, runs):
    """A backtest shows what it made of its cash and with which parameters; both can be searched and sorted."""
    panel.search.value = "fast_period"
    rows = dict(zip(panel.table.row_keys, panel.table.shown, strict=True))
    assert set(rows) == {runs["crossover"], runs["other"]}
    cells = dict(zip((c["label"] for c in panel.table.columns), rows[runs["crossover"]], strict=True))
    summary = panel._workspace.run(runs["crossover"]).summary()
    assert cells["Return"] == f"{summary.total_return:+.2%}"
    assert cells["Parameters"].startswith("fast_period ")


def test_a_comparison_goes_with_its_runs(panel, runs):
    """A filter that hides a compared run closes the comparison."""
    panel.compare(runs["crossover"], runs["other"])
    assert panel.comparison.widget.layout.display != "none"
    assert panel.results.widget.layout.display == "none"
    panel.search.value = "nothing like it"
    assert panel.results.widget.layout.display != "none"


def test_two_ticked_runs_are_compared(panel, runs):
    """Two ticked runs show what differs: parameters, metrics, curves, and where their orders part."""
    assert panel.compare_button.disabled
    panel.table.checked = [runs["crossover"], runs["other"]]
    panel.compare_button.click()
    comparison = panel.comparison
    assert ("params › slow period", "20", "21") in comparison.changed.shown
    assert "First different event: " in comparison.verdict.value
    assert {row[0] for row in comparison.metrics.shown} >= {"Sharpe", "Total return"}
    assert len(comparison.equity.traces) > 2
    assert panel.results.widget.layout.display == "none"
    panel.back_button.click()
    assert panel.results.widget.layout.display == ""


def test_equal_runs_are_said_to_be_equal(panel, runs, workspace):
    """A run compared with its repetition is equal event by event."""
    again = workspace.repeat(runs["crossover"]).run.run_id
    panel.compare(runs["crossover"], again)
    assert panel.comparison.verdict.value == "Equal event by event."


def test_any_two_runs_can_be_compared(panel, runs):
    """A backtest and an exploration have different events and no curves to overlay."""
    panel.compare(runs["crossover"], runs["sma"])
    assert panel.comparison.verdict.value.startswith("First different event: ")
    assert panel.comparison._curves.layout.display == "none"
    assert panel.notices.messages == ()


def test_a_repeated_run_says_whether_it_came_out_equal(panel, runs):
    """Repeat runs it again under a new id and tells the outcome; the new run is in the table."""
    panel.table.current = runs["other"]
    panel.repeat_button.click()
    panel.refresh()
    assert errands(panel) == [("Repeat SMACrossover", "came out equal")]
    assert len(panel.table.row_keys) == 5
    next(iter(panel.errands.rows.values())).open.click()
    assert panel.results.run_id == panel.table.row_keys[0]


def test_a_run_that_cannot_be_repeated_says_why(panel, workspace):
    """A record without a request is refused with the reason, under the panel for the button, raised in code."""
    writer = workspace.runs_store.begin("odd", "Odd", 9**18, {"mode": "scenario"})
    writer.complete(9**18 + 1, {})
    panel.refresh()
    with pytest.raises(InvalidParameterError, match="cannot be repeated"):
        panel.repeat("odd")
    panel.table.current = "odd"
    panel.repeat_button.click()
    assert "cannot be repeated" in panel.notices.messages[0]


def test_deleting_asks_first(panel, runs, workspace):
    """The first click asks, `Keep` changes nothing, and only the second click deletes."""
    panel.table.checked = [runs["crossover"], runs["sma"]]
    panel.delete_button.click()
    assert panel._question.value == "Delete these 2 runs for good?"
    panel.keep_button.click()
    assert len(workspace.runs_store.list_runs()) == 4
    panel.delete_button.click()
    panel.confirm_button.click()
    panel.refresh()
    left = {record.run_id for record in workspace.runs_store.list_runs()}
    assert left == {runs["other"], runs["hold"]} == set(panel.table.row_keys)
    assert panel.table.checked == []
    assert errands(panel) == [("Delete 2 runs", "deleted")]


def test_the_open_run_is_let_go_when_it_is_deleted(panel, runs):
    """Deleting the run that is looked at clears the view."""
    panel.table.current = runs["hold"]
    panel.delete_button.click()
    assert panel._question.value == f"Delete {runs['hold']} for good?"
    panel.confirm_button.click()
    panel.refresh()
    assert panel.results.run_id is None
    assert panel.table.current == ""
    assert panel.results._cover.value == "Choose a run to see what it is"


def test_what_was_asked_is_what_is_deleted(panel, runs, workspace):
    """Ticking other runs after the question changes nothing about what it asked."""
    panel.table.checked = [runs["sma"]]
    panel.delete_button.click()
    panel.table.checked = [runs["hold"], runs["other"]]
    panel.confirm_button.click()
    assert runs["hold"] in {record.run_id for record in workspace.runs_store.list_runs()}
    assert runs["sma"] not in {record.run_id for record in workspace.runs_store.list_runs()}


def test_runs_from_code_join_the_list(panel, workspace, runs):
    """What a cell runs or deletes is there after the next refresh."""
    workspace.delete_run(runs["hold"])
    workspace.repeat(runs["crossover"])
    panel.refresh()
    assert len(panel.table.row_keys) == 4
    assert runs["hold"] not in panel.table.row_keys


def test_a_closed_panel_leaves_no_widgets(workspace, runs):
    """Closing frees every widget, after looking and comparing too."""
    before = set(_instances)
    panel = workspace.runs_panel()
    panel.open(runs["crossover"])
    panel.compare(runs["crossover"], runs["other"])
    panel.repeat(runs["other"])
    panel.close()
    assert set(_instances) <= before
