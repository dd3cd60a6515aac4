"""What is asked of scenarios beside one run: costs, stretches, splits, the entry, runs panel, a published snapshot."""

import pytest

import barscope as bs
from barscope.errors import InvalidParameterError
from barscope.ingest import sample_stocks
from barscope.workspace.read_only import ReadOnlyWorkspace
from barscope.workspace.run_view import enqueue_hedge_costs, enqueue_run_view
from barscope.workspace.scenarios import enqueue_entry
from barscope.workspace.share import shared_run


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    """Five stocks by day."""
    with bs.Workspace(tmp_path_factory.mktemp("studies"), workers=1) as workspace:
        stocks = workspace.secmaster.ensure_publisher("Sample", "STOCKS", "XNAS")
        workspace.secmaster.write(stocks.publisher_id, sample_stocks())
        yield workspace


def asked(**changes):
    """IBM through 2008."""
    fields = {
        "symbol": "IBM",
        "start_date": "2007-10-09",
        "end_date": "2009-03-09",
        "template_slugs": ("protective-put-atm-12m", "protective-put-90pct-12m"),
        "underlying_units": 1000,
        "loan_amount": 50_000,
        "margin_call_ltv": 0.75,
    }
    return bs.ScenarioRequest(**{**fields, **changes})


def test_costs_come_by_maturity_and_by_roll(ws):
    """Six maturities, then six ways to roll of which the first is recommended: it survived at the least net cost."""
    costs = ws.scenarios.hedge_costs(asked())
    assert costs["study"].tolist() == ["maturity"] * 6 + ["roll"] * 6
    rolls = costs[costs["study"] == "roll"]
    assert rolls["recommended"].tolist() == [True] + [False] * 5
    assert rolls["net_cost_pct_per_year"].idxmin() == rolls.index[0]


def test_the_cost_of_a_maturity_is_that_of_its_template(ws):
    """The study and a run with the same puts agree."""
    costs = ws.scenarios.hedge_costs(asked()).set_index(["study", "months"])
    metrics = ws.scenario(asked()).result(30).templates().set_index("template_slug").loc["protective-put-atm-12m"]
    assert costs.loc[("maturity", 12), "max_ltv"].item() == metrics["max_ltv"]
    assert costs.loc[("maturity", 12), "net_cost_pct_per_year"].item() == pytest.approx(metrics["annual_cost_pct"])


def test_stretches_are_compared_and_nothing_is_recorded(ws):
    """A row per stretch and template, each as a run over that stretch gives it."""
    run = ws.scenario(asked()).result(30)
    before = len(ws.runs())
    found = ws.scenarios.compare_stretches(asked())
    assert len(ws.runs()) == before
    assert found.index.names == ["stretch", "template_slug"]
    assert len(found) == 4
    expected = run.templates().set_index("template_slug")["final_equity"]
    assert found.loc["2008", "final_equity"].to_dict() == expected.to_dict()


def test_a_stretch_the_loan_is_not_covered_in_is_refused(ws):
    """The study does not leave a stretch out."""
    with pytest.raises(InvalidParameterError, match="undercollateralized"):
        ws.scenarios.compare_stretches(asked(loan_amount=110_000))


def test_a_split_within_the_stretch_is_noted(ws):
    """AAPL of June 2000 is told with its day; a split before the first day, or on it, is none of the stretch."""
    of = {"symbol": "AAPL", "template_slugs": ("protective-put-atm-12m",), "loan_amount": 10_000}
    (note,) = ws.scenarios.follow(asked(**of, start_date="2000-06-01", end_date="2000-12-29")).summary["notes"]
    assert "2000-06-21" in note
    assert "2:1" in note
    for start in ("2000-06-21", "2000-07-03"):
        assert ws.scenarios.follow(asked(**of, start_date=start, end_date="2000-12-29")).summary["notes"] == []


def test_the_entry_tells_what_the_prices_refuse(ws):
    """Its problem is what the run would be refused with; the numbers are there all the same."""
    entry = enqueue_entry(ws, asked(loan_amount=200_000)).result(30)
    assert "undercollateralized" in entry.problem
    assert entry.spot == 118.30
    early = asked(start_date="2000-03-01", volatility=bs.RealisedVolatility(window=60))
    assert "needs 60 bars" in enqueue_entry(ws, early).result(30).problem


def test_a_published_scenario_shows_its_ratios_and_costs(ws, tmp_path):
    """A snapshot without the request has what the tabs draw: ratios, templates, days, costs, the run card."""
    run = ws.scenario(asked()).result(30)
    ws.publish([run.run_id], tmp_path / "published.db")
    with ReadOnlyWorkspace.of_snapshot(tmp_path / "published.db") as shown:
        view = enqueue_run_view(shown, run.run_id, None, bs.ChartSpec()).result(30)
        assert view.figures["ltv"]["data"]
        assert view.scenario.ranking() == run.scenario.ranking()
        assert {series.group for series in view.chart.series} == {"Portfolio value"}
        costs = enqueue_hedge_costs(shown, view.run).result(30)
        assert costs.by_roll == enqueue_hedge_costs(ws, run).result(30).by_roll


def test_a_scenario_is_shared_as_a_page(ws, tmp_path):
    """The page names the loan and what became of it, and draws the ratios."""
    run = ws.scenario(asked()).result(30)
    assert run.share(tmp_path / "run.html").read_bytes().startswith(b"<!DOCTYPE html>")
    shared = shared_run(run)
    assert list(shared.figures) == ["Loan-to-value"]
    said = dict(shared.metrics)
    assert said["Loan"] == "50,000.00 on 1,000 units, called at 0.75"
    assert {"Unhedged", "Protective put ATM 12m", "Protective put 90% 12m"} < set(said)
