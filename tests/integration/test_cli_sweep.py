"""`barscope sweep` on the sample stocks: what it records, tells, asks, and refuses."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

import barscope as bs
from barscope.cli import sweep as sweep_command
from barscope.cli.app import app
from barscope.cli.sweep import axis_of, stretch_of
from barscope.studies import sweeps

PAIRS = ("-p", "fast_period=5:20:5", "-p", "slow_period=20:60:20", "--fixed", "quantity=10")
HALVES = ("--stretch", "train=2005-03-01:2008-12-31", "--stretch", "test=2009-01-01:")
BRITTLE = """
import barscope as bs

class Brittle(bs.Strategy):
    parameters = {"length": bs.ParamSpec(2, min=1, max=9)}

    def on_bar(self, bar):
        if not self.position:
            self.submit_order(bs.OrderType.MARKET, bs.OrderSide.BUY, 10 / (self.length - 3))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A workspace with the sample stocks, a split of them, and a strategy that fails with length 3."""
    folder = tmp_path_factory.mktemp("cli-sweep")
    with bs.Workspace(folder) as ws:
        ws.load_samples()
        days = {"start_date": "2005-03-01", "end_date": "2012-12-31"}
        ws.split(bs.BarChoice(symbols=["IBM"], rtype=35, publisher_id=1, **days), name="eight years")
        ws.paths.strategies.mkdir()
        (ws.paths.strategies / "brittle.py").write_text(BRITTLE)
    return folder


@pytest.fixture
def run(folder):
    """Runs `barscope sweep` there."""
    runner = CliRunner()
    return lambda *arguments, **more: runner.invoke(
        app, ["sweep", *map(str, arguments), "--workspace", str(folder)], **more
    )


@pytest.fixture
def recorded(folder):
    """Gives what was recorded under an id: the request and the result."""

    def read(run_id):
        with bs.Workspace(folder) as ws:
            run = ws.run(run_id.strip())
            return run.request, run.sweep

    return read


def n_runs(folder):
    """How many runs there are."""
    with bs.Workspace(folder) as ws:
        return len(ws.runs())


def test_the_answer_is_the_id_and_the_rest_is_for_people(run, recorded):
    """The id is on stdout; estimate, counts with reasons, the best, the plateau pick and their proof on stderr."""
    done = run("SMACrossover", "AAPL", "IBM", *PAIRS, *HALVES, "--broker", "commission_per_unit=0.005", "--top", 2)
    assert done.exit_code == 0, done.output
    request, result = recorded(done.stdout)
    assert request == bs.SweepRequest(
        strategy="SMACrossover",
        symbols=["AAPL", "IBM"],
        rtype=35,
        publisher_id=1,
        parameters={"fast_period": bs.ParameterRange(5, 20, 5), "slow_period": bs.ParameterRange(20, 60, 20)},
        fixed={"quantity": 10},
        broker={"commission_per_unit": 0.005},
        stretches=[
            bs.Stretch(name="train", start_date="2005-03-01", end_date="2008-12-31"),
            bs.Stretch(name="test", start_date="2009-01-01"),
        ],
    )
    assert result.counts() == {"done": 44, "skipped": 4, "failed": 0, "missing": 0}
    assert "12 combinations (1 of them skipped), 44 to compute" in done.stderr
    assert "44 done, 4 skipped" in done.stderr
    assert "skipped: fast_period 20 must be below slow_period 20" in done.stderr
    assert "Sharpe in train, mean over 2 symbols" in done.stderr
    best, plateau = result.best(), int(result.plateau()["combination"][0])
    told = [line.split() for line in done.stderr.splitlines()]
    assert best != plateau
    assert [line[1] for line in told if line[:1] == ["best"]] == [str(best)] * 2
    assert [line[1] for line in told if line[:1] == ["plateau"]] == [str(plateau)] * 2
    assert "deflated Sharpe ratio" in done.stderr


def test_the_json_is_for_programs(run, recorded):
    """Strict JSON with id, counts, the best and the picks; what was computed before is taken over."""
    arguments = ("SMACrossover", "AAPL", *PAIRS, *HALVES, "--metric", "profit_factor", "--json")
    first, again = (json.loads(run(*arguments).stdout, parse_constant=pytest.fail) for _ in range(2))
    assert first["counts"] == {"done": 22, "skipped": 2, "failed": 0, "missing": 0}
    assert again["reused"] == 22
    _, result = recorded(again["run_id"])
    ranked = result.ranking("profit_factor")
    assert [row["combination"] for row in again["best"]] == ranked["combination"].to_list()[:10]
    assert again["best"][0]["parameters"] == result.params_of(again["best"][0]["combination"])
    assert [row["pick"] for row in again["proof"]] == ["best", "plateau"]
    assert {"profit_factor:train", "profit_factor:test", "rank:test"} <= set(again["proof"][0])
    assert 0 < again["deflated_sharpe"]["probability"] < 1


def test_an_indicator_and_a_file_of_all_children(run, tmp_path):
    """`--indicator` sweeps what it says; `--csv` has a row per child, the parameters by their names."""
    file = tmp_path / "children.csv"
    done = run("RSI", "AAPL", "IBM", "--indicator", "-p", "period=5,14,30", "--csv", file)
    assert done.exit_code == 0, done.output
    assert "IC after 1 bar" in done.stderr
    assert "deflated" not in done.stderr
    table = pd.read_csv(file)
    assert table[["symbol", "period"]].drop_duplicates().shape == (6, 2)
    assert "block_sum" not in table


def test_a_split_gives_the_stretches(run, recorded):
    """`--split` takes the regions of a saved split by their names."""
    done = run(
        "SMACrossover", "IBM", *PAIRS, "--split", "eight years", "--sampling", "random", "--samples", 4, "--json"
    )
    request, _ = recorded(json.loads(done.stdout)["run_id"])
    assert [stretch.name for stretch in request.stretches] == ["train", "dev", "test"]
    assert request.stretches[0].start_date == "2005-03-01"
    assert request.stretches[-1].end_date == "2012-12-31"
    assert (request.sampling, request.samples) == ("random", 4)


def test_what_fails_is_told_by_its_reason(run):
    """A strategy that raises with some values fails for those alone; the first reasons are told."""
    done = run("Brittle", "IBM", "-p", "length=2:4", "--executor", "inline")
    assert done.exit_code == 0, done.output
    assert "2 done, 1 failed" in done.stderr
    assert "failed: combination 1 on IBM, all: ZeroDivisionError: division by zero (on_bar, line 9)" in done.stderr


def test_where_nothing_traded_there_is_nothing_to_choose(run):
    """Averages longer than the stretch never cross: it is said, and the run stands."""
    short = ("--start", "2012-06-01", "--end", "2012-07-31")
    done = run("SMACrossover", "FB", "-p", "fast_period=50,60", "-p", "slow_period=70,80", *short)
    assert done.exit_code == 0, done.output
    assert "4 done" in done.stderr
    assert "no combination has Sharpe: look at another metric" in done.stderr


def test_many_children_are_asked_about(run, folder, monkeypatch):
    """Above the limit nothing is computed until a person says yes, or `--yes` said it before."""
    monkeypatch.setattr(sweeps, "ASK_ABOVE", 10)
    before = n_runs(folder)
    refused = run("SMACrossover", "MSFT", *PAIRS, input="n\n")
    assert refused.exit_code == 1
    assert "Compute them all?" in refused.stderr
    assert n_runs(folder) == before
    assert run("SMACrossover", "MSFT", *PAIRS, input="y\n").exit_code == 0
    meant = run("SMACrossover", "MSFT", *PAIRS, "--yes")
    assert meant.exit_code == 0
    assert "Compute them all?" not in meant.stderr
    assert n_runs(folder) == before + 2


def test_a_request_in_json_says_it_all(run, recorded, tmp_path):
    """The same as options, from a file; both at once are a usage error."""
    request = bs.SweepRequest(
        strategy="SMACrossover", symbols=["GOOG"], rtype=35, publisher_id=1, parameters={"slow_period": [50, 100]}
    )
    file = tmp_path / "request.json"
    file.write_text(request.model_dump_json())
    assert recorded(run("--request", file).stdout)[0] == request
    assert run("SMACrossover", "--request", file).exit_code == 2


def test_a_cluster_is_named_by_its_scheduler(run, recorded):
    """The children are computed on the workers of a scheduler that is named."""
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**options, protocol="tcp", host="127.0.0.1") as cluster:
        done = run("SMACrossover", "GOOG", "-p", "fast_period=5:10", "--executor", cluster.scheduler_address)
    assert done.exit_code == 0, done.output
    assert recorded(done.stdout)[1].counts()["done"] == 6


def test_a_cluster_that_is_not_there_is_said_so(run, monkeypatch):
    """The address and what to do, in one line."""
    monkeypatch.setattr(sweep_command, "_PATIENCE_S", 0.2)
    done = run("SMACrossover", "GOOG", "-p", "fast_period=5:10", "--executor", "tcp://127.0.0.1:1")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no Dask scheduler answers at tcp://127.0.0.1:1" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "No strategy selected"),
        (("SMACrossover", "-p", "fast_period=5:10"), "No symbols selected"),
        (("SMACros", "IBM", *PAIRS), "Did you mean SMACrossover"),
        (("SMACrossover", "IBM"), "a sweep needs a parameter to vary"),
        (("SMACrossover", "IBM", "-p", "fast=5:10"), "did you mean fast_period?"),
        (("SMACrossover", "IBM", "-p", "fast_period=10:5"), "reversed"),
        (("SMACrossover", "IBM", "-p", "fast_period=5:x"), "write NAME=LOW:HIGH:STEP"),
        (("SMACrossover", "IBM", "-p", "quantity=1:1e300:1"), "take a larger step"),
        (("SMACrossover", "IBM", "-p", "quantity=1:9:Infinity"), "must be above 0 and finite"),
        (("SMACrossover", "IBM", *PAIRS, "--metric", "sharp"), "no metric sharp"),
        (("SMACrossover", "IBM", *PAIRS, "--executor", "cluster"), "'threads', 'processes', 'inline'"),
        (("SMACrossover", "IBM", *PAIRS, "--stretch", "train=2010"), "write NAME=FROM:TO"),
        (("SMACrossover", "IBM", *PAIRS, "--split", "no such"), "no split is called 'no such'"),
        (("RSI", "IBM", "--indicator", "-p", "period=5:9", "--broker", "slippage_bps=1"), "does not trade"),
    ],
)
def test_a_sweep_that_does_not_hold_is_refused(run, folder, arguments, said):
    """The reason is on stderr, nothing is on stdout, the status is 1, and there is no run."""
    before = n_runs(folder)
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert n_runs(folder) == before


@pytest.mark.parametrize(
    "options",
    [("--split", "eight years", *HALVES), ("--start", "2010-01-01", *HALVES), ("--csv", "no/such/folder.csv")],
)
def test_options_that_contradict_are_a_usage_error(run, options):
    """Days are said once, and a file needs its folder before anything is computed."""
    assert run("SMACrossover", "IBM", *PAIRS, *options).exit_code == 2


@pytest.mark.parametrize(
    ("value", "axis"),
    [
        ("5:50:5", bs.ParameterRange(5, 50, 5)),
        ("0.5:2", bs.ParameterRange(0.5, 2)),
        ("1,2,3", [1, 2, 3]),
        ("close,Open", ["close", "Open"]),
        ([1, 2], [1, 2]),
        (7, [7]),
        (True, [True]),
    ],
)
def test_the_values_of_a_parameter_as_they_are_written(value, axis):
    """A range has colons, a list has commas or is JSON, and one value is a list of one."""
    assert axis_of("x", value) == axis


def test_a_stretch_may_be_open_on_either_side():
    """What is left out is the first or the last bar there is."""
    assert stretch_of("late", "2010-01-01:") == bs.Stretch(name="late", start_date="2010-01-01")
    assert stretch_of("early", ":2009-12-31") == bs.Stretch(name="early", end_date="2009-12-31")
