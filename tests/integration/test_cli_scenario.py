"""`barscope scenario` on the sample stocks: what it records, prints, and refuses."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import barscope as bs
from barscope.cli.app import app

CRISIS = ("-s", "IBM", "--start", "2007-10-09", "--end", "2009-03-09", "--units", 1000, "--ltv", 0.75)
TWO = ("-t", "protective-put-atm-12m", "-t", "protective-put-90pct-12m")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A workspace with the sample stocks."""
    folder = tmp_path_factory.mktemp("cli-scenario")
    with bs.Workspace(folder) as ws:
        ws.load_samples()
    return folder


@pytest.fixture
def run(folder):
    """Runs `barscope scenario` there."""
    return lambda *arguments: CliRunner().invoke(app, ["scenario", *map(str, arguments), "--workspace", str(folder)])


def test_the_answer_is_the_id_of_the_run(run, folder):
    """One line on stdout; the ranking of the templates is on stderr."""
    done = run(*CRISIS, "--loan", 76_000, *TWO, "--volatility", "realised:60", "--summary")
    assert done.exit_code == 0, done.output
    run_id = done.stdout.strip()
    assert "protective-put-atm-12m" in done.stderr
    with bs.Workspace(folder) as ws:
        found = ws.run(run_id)
        assert found.request.template_slugs == ("protective-put-atm-12m", "protective-put-90pct-12m")
        assert found.request.volatility.window == 60


def test_the_whole_result_as_json(run):
    """Strict JSON with the daily path of each template."""
    done = run(*CRISIS, "--loan", 76_000, *TWO, "--json")
    result = json.loads(done.stdout)
    assert [len(t["daily_path"]) for t in result["template_results"]] == [356, 356]


def test_the_templates_are_listed(run):
    """Slug and name, a line each."""
    lines = run("--templates").stdout.splitlines()
    assert "protective-put-atm-12m  Protective put ATM 12m" in lines


def test_a_request_in_json_says_it_all(run, tmp_path):
    """The same as options, from a file."""
    request = {
        "symbol": "IBM",
        "start_date": "2008-01-02",
        "template_slug": "protective-put-95pct-12m",
        "underlying_units": 10,
        "loan_amount": 500,
        "margin_call_ltv": 0.8,
    }
    file = tmp_path / "request.json"
    file.write_text(json.dumps(request))
    assert run("--request", file).exit_code == 0
    assert run("--request", file, "--units", 5).exit_code == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((*CRISIS, "--loan", 1_000_000, *TWO), "starts undercollateralized"),
        ((*CRISIS, "--loan", 76_000), "No templates selected"),
        ((*CRISIS, "--loan", 76_000, "-t", "straddle"), "unknown template straddle"),
        ((*TWO, "-s", "IBM"), "underlying_units"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(run, options, said):
    """Exit status 1 and the reason, without a traceback."""
    done = run(*options)
    assert done.exit_code == 1
    assert said in done.stderr
    assert "Traceback" not in done.output


def test_a_volatility_that_is_none_is_refused(run):
    """It names the forms there are."""
    done = run(*CRISIS, "--loan", 76_000, *TWO, "--volatility", "wild")
    assert done.exit_code == 2
    assert "realised:60" in done.stderr
