"""The sweep panel over the sample stocks, its jobs inline: estimate, tabs, filter, children, resume, closing."""

from __future__ import annotations

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances

import barscope as bs
from barscope.errors import InvalidParameterError
from barscope.ingest import sample_stocks
from barscope.jobs import InlineExecutor
from barscope.studies.sweep_request import ParameterRange, SweepRequest
from barscope.studies.sweeps import SweepEstimate
from barscope.widgets.result_tabs import CARD, HEAT_MAP, JUDGEMENT, LINES, OF_SWEEPS, SWEEP_EQUITY, SWEEP_TABLE
from barscope.widgets.sweep_estimate import said
from barscope.widgets.sweep_filter import filter_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A workspace with five stocks by day and one sweep of SMACrossover on two of them."""
    folder = tmp_path_factory.mktemp("sweeps") / "ws"
    with bs.Workspace(folder, executor=InlineExecutor()) as ws:
        stocks = ws.secmaster.ensure_publisher("Sample", "STOCKS", "XNAS")
        ws.secmaster.write(stocks.publisher_id, sample_stocks())
        ws.sweep(request(), "inline").result()
    return folder


def request(**changes):
    """Twelve pairs of averages, two of which do not fit together, on two symbols."""
    fields = {
        "symbols": ("AAPL", "IBM"),
        "rtype": 35,
        "publisher_id": 1,
        "strategy": "SMACrossover",
        "parameters": {"fast_period": [10, 20, 60], "slow_period": ParameterRange(low=30, high=120, step=30)},
    }
    return SweepRequest(**{**fields, **changes})


@pytest.fixture
def ws(folder):
    """The workspace, its jobs inline."""
    with bs.Workspace(folder, executor=InlineExecutor()) as workspace:
        yield workspace


@pytest.fixture
def panel(ws):
    """A panel that opened the recorded sweep."""
    made = ws.sweep_panel()
    made.refresh()
    yield made
    made.close()


def click(panel, row, column):
    """Click a cell of the heat map, as a page tells it."""
    tell(panel.results.view.heatmap, "point", [column + 0.3, row - 0.3])
    panel.refresh()


def tell(view, what, numbers, place=None):
    """What a page says when the pointer does something on a picture."""
    view.figure.widget._on_message(None, {"barscope": what, "view": "v", "range": numbers, "place": place}, ())


def test_it_opens_the_newest_sweep_and_its_form(panel):
    """The form holds what the sweep asked, and the heat map shows its cells, those without a result as dots."""
    assert panel.request.parameters == request().parameters
    assert panel.results._facts.value == "SMACrossover · 20 done · 4 skipped"
    grid = panel.results.view.heatmap.grid
    assert (grid.x_values, grid.y_values) == ((10, 20, 60), (30, 60, 90, 120))
    assert np.isnan(grid.values).sum() == 2
    assert "2 without a result" in str(panel.results.view.heatmap.figure.widget.layout.annotations)


def test_the_estimate_stands_there_before_anything_is_run(panel):
    """Combinations, children and what is skipped are counted while the form is filled, in the background."""
    assert panel.estimate.text.startswith("10 combinations × 2 = 20 children, 2 skipped\n")
    panel.form.parameters.rows["fast_period"].values.value = "10"
    panel.refresh()
    assert panel.estimate.text.startswith("4 combinations × 2 = 8 children\n")
    assert not panel.run_button.disabled


def test_a_wrong_form_is_refused_with_the_reason(panel):
    """The button is off, and the estimate says why."""
    panel.form.parameters.rows["fast_period"].values.value = "0"
    assert panel.run_button.disabled
    assert "fast_period is 0" in panel.estimate.problem
    panel.source.symbols.value = []
    assert panel.estimate.problem


def test_many_children_have_to_be_confirmed(panel, ws, monkeypatch):
    """Beyond a hundred thousand the button waits for a tick beside the time it would take; a change takes it away."""
    huge = SweepEstimate(120_000, 0, 240_000, 7200.0, "events")
    monkeypatch.setattr(ws.sweeps, "estimate", lambda _request: huge)
    panel.form.sampling.seed.value = 1
    panel.form.sampling.sampling.value = "random"
    panel.refresh()
    assert panel.run_button.disabled
    assert panel.estimate.confirm.description == "Yes, compute all 240,000: about 2 h 0 min of one core"
    panel.estimate.confirm.value = True
    assert not panel.run_button.disabled
    panel.form.sampling.seed.value = 2
    panel.refresh()
    assert panel.run_button.disabled
    assert said(huge) == "120,000 combinations × 2 = 240,000 children\nabout 2 h 0 min of one core, bar by bar"


def test_a_sweep_that_cannot_start_says_why(panel, ws, monkeypatch):
    """What `ws.sweep` refuses stands under the panel."""

    def refuse(*_args, **_options):
        raise InvalidParameterError("no such workers")

    monkeypatch.setattr(ws, "sweep", refuse)
    panel.run()
    panel.refresh()
    assert "no such workers" in panel.notices._shown[0].message


def test_a_cell_opens_its_child_once(panel, ws):
    """A click marks the cell and shows its backtest on the first symbol; the second click finds the same record."""
    panel.results.view.fields.symbol.value = "IBM"
    click(panel, 3, 1)
    first = panel.results.child.run_id
    assert ws.run(first).request.strategy_params == {"fast_period": 20, "slow_period": 120}
    assert panel.results._child_title.value == "IBM · fast_period 20, slow_period 120"
    assert panel.results._sweep_box.layout.display == "none"
    panel.results.back.click()
    assert panel.results._sweep_box.layout.display == ""
    before = len(ws.runs())
    click(panel, 3, 1)
    assert panel.results.child.run_id == first
    assert len(ws.runs()) == before


def test_a_cell_beside_a_symbol_opens_the_child_of_that_symbol(panel, ws):
    """With symbols up the side the row that was clicked says which."""
    panel.results.view.fields.y.value = "symbol"
    panel.refresh()
    click(panel, 1, 0)
    assert ws.run(panel.results.child.run_id).symbols == ("IBM",)


def test_an_empty_cell_opens_nothing(panel):
    """Where no combination is, a click does nothing."""
    click(panel, 0, 2)
    assert panel.results.child.run_id is None


def test_every_tab_shows_its_part(panel):
    """Lines, rows, accounts, judgement and card are there when turned to; the fields follow the tab."""
    results = panel.results
    results.tabs.value = LINES
    panel.refresh()
    assert "10 combinations" in str(results.view.lines.figure.widget.layout.annotations)
    assert results.view.fields.x.layout.display == "none"
    results.tabs.value = SWEEP_TABLE
    panel.refresh()
    assert len(results.view.table.table.row_keys) == 20
    assert results.view.bar.layout.display == "none"
    results.tabs.value = SWEEP_EQUITY
    panel.refresh()
    assert "Median" in results.view.equity.figure.widget.layout.annotations[-1].text
    results.tabs.value = JUDGEMENT
    panel.refresh()
    assert results.view.judgement.texts["Overfitting"][0].endswith("%")
    assert len(results.view.judgement.proof.row_keys) == 16
    low, high = map(float, results.view.judgement.texts["95% interval of the best"][0].split(" to "))
    assert low < results.result.ranking("sharpe", symbol="AAPL")["sharpe"][0] < high
    results.tabs.value = CARD
    card = dict(row[:2] for row in results.card.facts.shown)
    assert (card["Mode"], card["Fast period"], card["Slow period"]) == ("sweep", "10, 20, 60", "30 to 120 by 30")
    assert card["Children done"] == "20"


def test_a_row_opens_its_child(panel, ws):
    """The table tells symbol and stretch of the child that is clicked."""
    panel.results.tabs.value = SWEEP_TABLE
    panel.refresh()
    table = panel.results.view.table.table
    key = next(key for key in table.row_keys if '"IBM"' in key)
    table.current = key
    panel.refresh()
    assert ws.run(panel.results.child.run_id).symbols == ("IBM",)


def test_brushes_narrow_the_lines_until_they_are_let_go(panel):
    """A drag keeps what passes there, a click on the axis or the button brings all back."""
    panel.results.tabs.value = LINES
    panel.refresh()
    lines = panel.results.view.lines
    tell(lines, "brush", [-0.2, 0.5], 0.1)
    panel.refresh()
    assert [(b.axis, b.low, b.high) for b in lines.brushes] == [(0, 0.0, 0.5)]
    assert "brushed" in str(lines.figure.widget.layout.annotations)
    tell(lines, "brush", [0.3, 0.3], 0.1)
    assert lines.brushes == ()
    tell(lines, "brush", [0.9, 0.2], 7.0)
    assert lines.brushes[0].axis == 2
    panel.results.view.clear.click()
    assert lines.brushes == ()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", 20),
        ("ibm", 10),
        ("fast_period = 10", 8),
        ("Fast_period >= 20, slow_period < 100, AAPL", 4),
        ("sharpe > 100", 0),
        ("Max drawdown < 50%", 20),
        ("symbol = IBM", 10),
        ("state != done", 0),
    ],
)
def test_the_filter_keeps_what_holds(ws, text, left):
    """Conditions on parameters and metrics, by name or label, and words; percent is a hundredth."""
    result = ws.run(ws.runs()["run_id"][lambda ids: ws.runs()["mode"] == "sweep"].iloc[-1]).sweep
    condition = filter_of(result, text)
    assert len(result.children if condition is None else result.children.filter(condition)) == left


@pytest.mark.parametrize(
    ("text", "said"),
    [("fast = 3", "did you mean fast_period"), ("sharpe > high", "no number"), ("symbol > 3", "write the word alone")],
)
def test_a_filter_that_does_not_hold_is_explained(panel, text, said):
    """The reason stands under the filter, and the rows stay."""
    panel.results.tabs.value = SWEEP_TABLE
    panel.refresh()
    table = panel.results.view.table
    table.filter.value = text
    panel.refresh()
    assert said in table.problem
    assert len(table.table.row_keys) == 20
    with pytest.raises(InvalidParameterError):
        table.csv()


def test_the_table_as_a_file_holds_what_the_filter_leaves(panel):
    """A heading and a line per child, the blocks of returns left out."""
    panel.results.tabs.value = SWEEP_TABLE
    panel.refresh()
    panel.results.view.table.filter.value = "fast_period = 10, AAPL"
    lines = panel.results.view.table.csv().decode().splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("combination,")
    assert "block" not in lines[0]


def test_resuming_takes_over_what_is_there(panel):
    """The same request again computes nothing that is known."""
    panel.resume(panel.results.run_id)
    panel.refresh()
    assert panel.results.result.reused == 20
    assert panel.results.resume.layout.display == "none"


def test_symbols_take_the_place_of_a_second_parameter(ws):
    """A sweep of one parameter is drawn over its symbols; an indicator's child cannot be opened, and says so."""
    asked = SweepRequest(
        symbols=("AAPL", "IBM"), rtype=35, publisher_id=1, indicator="RSI", parameters={"period": [7, 14, 21]}
    )
    run = ws.sweep(asked, "inline").result()
    panel = ws.sweep_panel()
    panel.open(run.run_id)
    panel.refresh()
    grid = panel.results.view.heatmap.grid
    assert (grid.y_name, grid.y_values, grid.values.shape) == ("symbol", ("AAPL", "IBM"), (2, 3))
    assert panel.results.view.fields.metric.value == "ic_1"
    click(panel, 0, 0)
    assert "does not trade" in panel.notices._shown[-1].message
    panel.close()


def test_the_runs_panel_shows_a_sweep_and_computes_nothing(ws):
    """Heat map, lines, table and card of a recorded sweep; a click marks a cell, and opens no child."""
    panel = ws.runs_panel()
    run_id = ws.runs()["run_id"][lambda ids: ws.runs()["mode"] == "sweep"].iloc[-1]
    panel.open(run_id)
    panel.refresh()
    results, before = panel.results, len(ws.runs())
    assert results.tabs.options == OF_SWEEPS
    assert results.tabs.value == HEAT_MAP
    assert "20 done" in results._facts.value
    assert results.sweep.heatmap.grid.values.shape == (4, 3)
    tell(results.sweep.heatmap, "point", [0.0, 1.0])
    panel.refresh()
    assert results.sweep.pick == results.sweep.heatmap.grid.combinations[1, 0]
    assert len(ws.runs()) == before
    for tab in (LINES, SWEEP_TABLE, CARD):
        results.tabs.value = tab
        panel.refresh()
    assert len(results.sweep.table.table.row_keys) == 20
    panel.close()


def test_a_closed_panel_leaves_no_widgets(ws):
    """Nothing of a panel stays in the kernel after `close`, whichever tabs were looked at."""
    before = set(_instances)
    panel = ws.sweep_panel()
    for tab in panel.results.tabs.options:
        panel.results.tabs.value = tab
        panel.refresh()
    panel.close()
    assert set(_instances) - before == set()
