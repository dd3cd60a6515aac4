"""The scenario panel over the sample stocks, its jobs inline: form, templates, results, what is stale, files."""

from __future__ import annotations

import json

import pytest
from ipywidgets.widgets.widget import _instances

import barscope as bs
from barscope.errors import InvalidParameterError
from barscope.ingest import sample_stocks
from barscope.jobs import InlineExecutor


@pytest.fixture
def ws(tmp_path):
    """Five stocks by day; jobs run inline."""
    with bs.Workspace(tmp_path / "ws", executor=InlineExecutor()) as workspace:
        stocks = workspace.secmaster.ensure_publisher("Sample", "STOCKS", "XNAS")
        workspace.secmaster.write(stocks.publisher_id, sample_stocks())
        yield workspace


@pytest.fixture
def panel(ws):
    """A panel on IBM with a loan that is called in 2008."""
    made = ws.scenario_panel()
    made.form.symbol.value = ["AAPL", "IBM"]
    made.form.numbers["loan_amount"].value = 76_000
    made.templates.set(["protective-put-atm-12m", "protective-put-90pct-12m"])
    yield made
    made.close()


def test_a_second_symbol_takes_the_place_of_the_first_and_the_stretch_stays(panel):
    """The box holds one symbol; taking it away and choosing another keeps the named days."""
    assert panel.form.symbol.value == ["IBM"]
    panel.form.symbol.value = []
    assert panel.problem == "No symbols selected"
    panel.form.symbol.value = ["MSFT"]
    assert (panel.form.stretch.value, panel.form.start.value) == ("2008", "2007-10-09")


def test_the_entry_is_told_while_the_form_is_filled(panel):
    """Entry spot, first ratio, margin-call price and distance follow the fields."""
    assert panel.entry.texts["Entry spot"] == "118.30"
    assert panel.entry.texts["Start LTV"] == "0.642"
    panel.form.numbers["underlying_units"].value = 2000
    assert panel.entry.texts["Margin-call price"] == "50.67"
    assert panel.entry.texts["Distance"] == "-57.2%"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("loan_amount", 200_000, "undercollateralized"),
        ("loan_amount", -1, "loan_amount -1.0"),
        ("underlying_units", 0, "underlying_units 0.0"),
        ("margin_call_ltv", 1.5, "margin_call_ltv 1.5"),
        ("volatility", 0, "volatility 0.0"),
        ("rate", 4.5, "rate 4.5"),
    ],
)
def test_what_does_not_hold_is_said_and_cannot_be_run(panel, name, value, said):
    """The reason stands under the form, its field is marked and the button is off, until it is mended."""
    before = panel.form.numbers[name].value
    panel.form.numbers[name].value = value
    assert said in panel.entry.problem
    assert "barscope-wrong" in panel.form.numbers[name]._dom_classes
    assert panel.run_button.disabled
    panel.form.numbers[name].value = before
    assert panel.entry.problem == ""
    assert "barscope-wrong" not in panel.form.numbers[name]._dom_classes
    assert not panel.run_button.disabled


def test_without_a_template_there_is_nothing_to_run(panel):
    """The entry is known all the same."""
    panel.templates.set([])
    assert panel.run_button.disabled
    assert panel.entry.texts["Entry spot"] == "118.30"


def test_a_run_fills_every_tab(panel, ws):
    """Cards, ranking, days, ratios and costs of the run; a click on a template shows its days."""
    run = panel.run().result()
    assert panel.cards.texts["Margin-call days"] == ("0", "unhedged 121")
    results = panel.results
    assert results.tabs.options == ("Chart", "LTV", "Templates", "Daily", "Costs", "Run card")
    assert [row[1] for row in results.scenario.ranking.shown] == ["Protective put ATM 12m", "Protective put 90% 12m"]
    results.tabs.value = "Templates"
    results.scenario.ranking.current = "protective-put-90pct-12m"
    assert results.tabs.value == "Daily"
    assert panel.cards.texts["Margin-call days"] == ("58", "unhedged 121")
    assert len(results.scenario.daily.shown) == len(run.bars())
    assert {row[-1] for row in results.scenario.daily.shown} == {"–", "unhedged", "both"}
    results.tabs.value = "Costs"
    panel.refresh()
    assert "rolled 60 days before" in results.scenario.advice.value
    assert len(results.scenario.by_maturity.shown) == 6
    results.tabs.value = "LTV"
    assert len(results.figures["LTV"].traces) == 7
    card = dict(results.card.facts.shown)
    assert card["Loan amount"] == "76000.0"
    assert panel.notices.messages == ()


def test_a_new_run_stays_on_the_tab_that_is_open(panel):
    """Who compares templates goes on comparing them."""
    panel.run()
    panel.results.tabs.value = "Templates"
    panel.form.numbers["loan_amount"].value = 70_000
    panel.templates.set(["protective-put-90pct-12m"])
    panel.run()
    assert panel.results.tabs.value == "Templates"
    assert panel.cards.texts["Final equity"][1] == "unhedged 13,480"


def test_results_are_stale_once_an_input_differs(panel):
    """Changing a field or a template marks them; changing it back takes the mark away."""
    panel.run()
    assert not panel.is_stale
    panel.form.numbers["rate"].value = 0.03
    assert panel.is_stale
    panel.form.numbers["rate"].value = 0.045
    assert not panel.is_stale
    panel.templates.set(["protective-put-atm-12m"])
    assert panel.is_stale
    panel.form.numbers["loan_amount"].value = 200_000
    assert panel.is_stale
    assert "barscope-wrong" in panel.form.numbers["loan_amount"]._dom_classes


def test_an_earlier_scenario_fills_the_form(panel, ws):
    """What was run from code is listed, opened, and its settings taken over, so that nothing is stale."""
    asked = panel.request.model_copy(update={"volatility": bs.RealisedVolatility(window=30), "publisher_id": None})
    first = ws.scenario(asked)
    panel.run()
    panel.refresh()
    assert set(panel.runs.rows) >= {first.run_id}
    panel.open(first.run_id)
    assert panel.is_stale
    panel.runs.rows[first.run_id].reuse.click()
    assert (panel.form.volatility.value, panel.form.numbers["window"].value) == ("realised", 30)
    assert not panel.is_stale


def test_a_scenario_the_form_has_no_fields_for_is_said(panel, ws):
    """Synthetic prices are for code: taking them over is refused with what to do, and the form stays."""
    path = bs.SyntheticPath(closes=(100, 96, 92))
    odd = panel.request.model_copy(update={"symbol": "X", "data_source": "synthetic", "synthetic": path})
    run_id = ws.scenario(odd).run_id
    panel.refresh()
    panel.runs.rows[run_id].reuse.click()
    assert "ws.scenario" in panel.notices.messages[0]
    assert panel.form.symbol.value == ["IBM"]


def test_a_template_is_built_checked_and_saved(panel, ws):
    """Weights that do not sum to 1 and taken names are refused as they are typed; what is saved is ticked."""
    panel.templates.new.value = True
    builder = panel.templates.builder
    builder.name.value = "Protective put ATM 12m"
    assert "already" in builder.problem
    builder.name.value = "Two puts"
    builder.add_leg(90, 6)
    assert [leg.leg.weight for leg in builder.legs] == [0.5, 0.5]
    builder.weighting.value = "own"
    builder.legs[0].weight.value = 0.4
    assert "sum to 0.9" in builder.problem
    assert builder.save.disabled
    builder.legs[0].weight.value = 0.5
    builder.at_end.value = "roll"
    builder.days.value = 500
    assert "rolling 500 days" in builder.problem
    builder.days.value = 20
    builder.save.click()
    assert "two-puts" in panel.templates.value
    assert ws.hedge_templates.own()[0].roll_days_before == 20
    panel.templates.rows["two-puts"].delete.click()
    assert ws.hedge_templates.own() == ()
    assert "two-puts" not in panel.templates.rows


def test_files_are_handed_to_the_browser(panel, monkeypatch):
    """CSV has a row per template and day, JSON the result of the contract, HTML is a page."""
    run = panel.run().result()
    files = {}
    monkeypatch.setattr(panel._downloads, "save", lambda name, mime, content: files.update({name: (mime, content)}))
    for button in panel.exports.values():
        button.click()
    assert len(files[f"{run.run_id}.csv"][1].decode().splitlines()) == 1 + 2 * len(run.bars())
    assert json.loads(files[f"{run.run_id}.json"][1])["scenario_id"] == run.run_id
    assert files[f"{run.run_id}.html"][1].startswith(b"<!DOCTYPE html>")


def test_nothing_is_exported_where_nothing_is_open(panel):
    """The buttons are off, and code is told."""
    assert all(button.disabled for button in panel.exports.values())
    with pytest.raises(InvalidParameterError, match="no scenario is open"):
        panel.export("csv")


def test_notes_of_a_result_are_shown(panel):
    """A stretch with a split says so above its figures."""
    panel.form.symbol.value = ["AAPL"]
    panel.form.stretch.value = "2000–2002"
    panel.run()
    assert "2000-06-21" in panel._notes.tooltip


def test_a_closed_panel_leaves_no_widgets(ws):
    """Closing lets go of every widget."""
    before = set(_instances)
    made = ws.scenario_panel()
    made.run()
    made.close()
    assert set(_instances) - before == set()
