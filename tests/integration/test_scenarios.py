"""Collateral-hedge scenarios from the request to the record, on real prices and in real files."""

import datetime as dt
import json
import threading

import pytest

import barscope as bs
from barscope.domain.hedges import HedgeLeg, HedgeTemplate
from barscope.errors import InvalidParameterError, JobCancelledError, JobError, MissingBarsError, UnknownSymbolError
from barscope.studies.scenario_request import (
    GivenVolatility,
    RealisedVolatility,
    ScenarioRequest,
    SyntheticPath,
)
from barscope.workspace.scenarios import enqueue_entry

RESULT_KEYS = {
    *("scenario_id", "scenario_name", "symbol", "start_date", "end_date", "entry_spot", "underlying_units"),
    *("loan_amount", "margin_call_ltv", "data_source", "data_cost_usd", "start_value", "end_value_unhedged"),
    *("end_value_hedged_net", "total_hedge_cost", "max_ltv_hedged", "max_ltv_unhedged", "margin_call_days_hedged"),
    *("margin_call_days_unhedged", "margin_threshold_breached_hedged", "margin_threshold_breached_unhedged"),
    "template_results",
}
DAY_KEYS = {
    *("date", "spot_close", "spot_open", "spot_low", "spot_high", "underlying_value", "option_market_value"),
    *("net_portfolio_value", "option_contracts", "ltv_hedged", "ltv_unhedged", "margin_call_hedged"),
    "margin_call_unhedged",
}


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A workspace with the sample stocks, shared by tests that only add runs."""
    with bs.Workspace(tmp_path_factory.mktemp("scenarios"), workers=1) as ws:
        ws.load_samples()
        yield ws


def vector(**changes):
    """The request of the contract's vector."""
    fields = {
        "symbol": "X",
        "start_date": "2024-01-02",
        "template_slug": "protective-put-atm-12m",
        "underlying_units": 1000,
        "loan_amount": 68_000,
        "margin_call_ltv": 0.75,
        "data_source": "synthetic",
        "synthetic": SyntheticPath(closes=(100, 96, 92, 88, 85)),
    }
    return ScenarioRequest(**{**fields, **changes})


def crisis(**changes):
    """IBM through 2008, the templates of the contract side by side."""
    fields = {
        "symbol": "IBM",
        "start_date": "2007-10-09",
        "end_date": "2009-03-09",
        "template_slugs": ("protective-put-atm-12m", "protective-put-95pct-12m", "protective-put-90pct-12m"),
        "underlying_units": 1000,
        "loan_amount": 76_000,
        "margin_call_ltv": 0.75,
    }
    return ScenarioRequest(**{**fields, **changes})


def test_the_vector_of_the_contract_comes_out_and_is_recorded(samples):
    """Unhedged .68 to .80 and called, hedged never, five days; the record gives the same as the job."""
    run = samples.scenario(vector()).result(30)
    found = run.scenario.to_dict()
    assert found.keys() >= RESULT_KEYS
    (template,) = found["template_results"]
    days = template["daily_path"]
    assert days[0].keys() >= DAY_KEYS
    assert [day["ltv_unhedged"] for day in days] == pytest.approx([0.68, 0.7083, 0.7391, 0.7727, 0.8], abs=5e-5)
    assert found["margin_threshold_breached_unhedged"]
    assert not found["margin_threshold_breached_hedged"]
    assert found["scenario_id"] == run.run_id
    assert samples.run(run.run_id).scenario.to_dict() == json.loads(json.dumps(found))


def test_templates_are_ranked_over_real_prices(samples):
    """The bare loan on IBM is called in 2008; of the templates the survivors come first, then the least LTV."""
    run = samples.scenario(crisis()).result(30)
    assert run.scenario.summary["margin_threshold_breached_unhedged"]
    ranked = run.templates()
    assert ranked["survived"].tolist() == sorted(ranked["survived"], reverse=True)
    assert set(ranked["template_slug"]) == set(crisis().template_slugs)
    daily = run.daily("protective-put-90pct-12m")
    assert len(daily) == len(run.bars())
    assert daily["spot_close"].tolist() == run.bars()["close"].tolist()


def test_a_scenario_is_drawn_from_its_record_like_any_run(samples):
    """Candles, a pane of values and a pane of ratios with the lender's line."""
    run = samples.scenario(crisis()).result(30)
    data = run.chart_data()
    assert {series.group for series in data.series} == {"Portfolio value", "LTV"}
    assert {level for series in data.series for level in series.levels} == {0.75}
    assert run.figure().data


def test_the_record_tells_how_to_do_it_again(samples):
    """The request of the record gives the same numbers."""
    run = samples.scenario(crisis(volatility=RealisedVolatility(window=60))).result(30)
    again = samples.scenario(samples.run(run.run_id).request).result(30)
    first, second = (dict(r.scenario.summary, scenario_id="") for r in (run, again))
    assert first == second
    assert run.config["data_fingerprint"] == again.config["data_fingerprint"]


def test_volatility_may_be_given_by_day(samples):
    """A day without one has that of the day before."""
    given = GivenVolatility(by_date={"2024-01-01": 0.16, "2024-01-04": 0.32})
    calm, wild = (samples.scenario(vector(**v)).result(30).daily() for v in ({}, {"volatility": given}))
    differs = (calm["option_market_value"] != wild["option_market_value"]).tolist()
    assert differs == [False, False, True, True, True]


def test_looking_at_the_entry_never_buys(samples, monkeypatch):
    """Whatever the request may cost, the prices that are read while somebody types may cost nothing."""
    asked = []
    fetch = samples.scenarios.prices
    monkeypatch.setattr(
        samples.scenarios, "prices", lambda request, tell: asked.append(request) or fetch(request, tell)
    )
    entry = enqueue_entry(samples, crisis(max_cost_usd=25.0)).result(30)
    assert [request.max_cost_usd for request in asked] == [0.0]
    assert entry.spot == pytest.approx(118.10, abs=0.5)


def test_a_newer_scenario_takes_the_place_of_the_one_under_way(samples):
    """The earlier one ends as cancelled, and its run holds nothing."""
    held = threading.Event()
    blocker = samples.jobs.submit("blocker", lambda _context: held.wait(30), ())
    earlier = samples.scenario(vector(scenario_name="earlier"))
    later = samples.scenario(vector(scenario_name="later"))
    held.set()
    blocker.result(30)
    with pytest.raises(JobCancelledError):
        earlier.result(30)
    assert later.result(30).status == "completed"
    assert samples.scenarios.current is later
    assert samples.scenarios.to_dict(earlier.job_id)["status"] == "cancelled"


def test_a_job_says_where_it_stands_in_the_words_of_the_contract(samples):
    """The keys of to_dict, and the last stage."""
    job = samples.scenario(vector())
    job.result(30)
    told = samples.scenarios.to_dict(job.job_id)
    assert list(told) == [
        *("job_id", "status", "stage", "stage_label", "progress", "message"),
        *("has_result", "error", "created_at", "completed_at"),
    ]
    assert (told["status"], told["stage_label"], told["has_result"]) == ("completed", "Complete", True)
    dt.datetime.fromisoformat(told["completed_at"])
    with pytest.raises(JobError, match="nobody"):
        samples.scenarios.job("nobody")


def test_a_loan_that_is_not_covered_fails_by_the_words_of_the_contract(samples):
    """The run is failed and tells why."""
    job = samples.scenario(vector(loan_amount=100_000))
    with pytest.raises(InvalidParameterError, match="starts undercollateralized"):
        job.result(30)
    assert samples.run(job.job_id).status == "failed"
    assert samples.scenarios.to_dict(job.job_id)["stage_label"] == "Failed"


@pytest.mark.parametrize(
    ("changes", "error", "named"),
    [
        ({"margin_call_ltv": 1.0}, InvalidParameterError, "margin_call_ltv 1.0"),
        ({"underlying_units": -5}, InvalidParameterError, "underlying_units -5.0"),
        ({"loan_amount": float("nan")}, InvalidParameterError, "loan_amount nan"),
        ({"template_slugs": ("no-such-put",)}, InvalidParameterError, "unknown template no-such-put"),
        ({"template_slugs": ()}, InvalidParameterError, "No templates selected"),
        ({"template_slugs": ("protective-put-atm-12m",) * 2}, InvalidParameterError, "selected twice"),
        ({"start_date": "2009-03-10"}, InvalidParameterError, "start_date 2009-03-10 is after end_date 2009-03-09"),
        ({"start_date": "2020-01-01", "end_date": None}, MissingBarsError, "IBM has no bars"),
        ({"symbol": "IBMM"}, UnknownSymbolError, "IBM"),
        ({"volatility": {"kind": "constant", "value": 0.0}}, InvalidParameterError, "volatility 0.0"),
        ({"volatility": {"kind": "realised", "window": 2}}, InvalidParameterError, "a window of 2"),
        ({"volatility": {"kind": "given", "by_date": {}}}, InvalidParameterError, "is empty"),
        ({"data_source": "synthetic"}, InvalidParameterError, "give `synthetic`"),
        ({"data_source": "elsewhere"}, InvalidParameterError, "elsewhere"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(samples, changes, error, named):
    """Each error names the value; no run appears."""
    before = len(samples.runs())
    with pytest.raises(error, match=named):
        samples.scenario(crisis(**changes))
    assert len(samples.runs()) == before


def test_a_realised_volatility_needs_bars_before_the_first_day(samples):
    """The first bar of the data has no past."""
    job = samples.scenario(crisis(start_date="2000-03-01", end_date="2000-12-29", volatility=RealisedVolatility()))
    with pytest.raises(InvalidParameterError, match="needs 60 bars before the first day, there are 0"):
        job.result(30)


def test_the_users_own_templates_are_kept_and_their_names_are_unique(tmp_path):
    """A template of the user's survives the workspace, runs, and takes nobody's name; a broken one is named."""
    own = HedgeTemplate("My ladder", (HedgeLeg(0.9, 6, 0.5), HedgeLeg(0.8, 12, 0.5)))
    with bs.Workspace(tmp_path, workers=1) as ws:
        ws.hedge_templates.add(own)
        for taken in (own, HedgeTemplate("protective put ATM 12m", own.legs)):
            with pytest.raises(InvalidParameterError, match="already"):
                ws.hedge_templates.add(taken)
        ws.presets.hedge_templates.set("broken", {"name": "broken", "legs": [{"strike_pct": 1}]})
    with bs.Workspace(tmp_path, workers=1) as ws:
        assert ws.hedge_templates.own() == (own,)
        assert "broken" in ws.hedge_templates.problems()[0]
        assert ws.scenario(vector(template_slug="my-ladder")).result(30).scenario.slugs == ("my-ladder",)
        ws.hedge_templates.delete("my-ladder")
        assert ws.hedge_templates.own() == ()
        with pytest.raises(InvalidParameterError, match="no template of yours"):
            ws.hedge_templates.delete("protective-put-atm-12m")
