"""`barscope backtest` on real workspaces: what it records, prints, and refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import barscope as bs
from barscope.cli.app import app

PATIENCE_S = 60
SHORT = ("--param", "fast_period=5", "--param", "slow_period=10")
REQUEST = {
    "strategy": "SMACrossover",
    "strategy_params": {"fast_period": 5, "slow_period": 10},
    "symbols": ["SYN"],
    "rtype": 33,
    "publisher_id": 1,
}
WAITING = """
import os, sys
import barscope as bs

class WaitsOnce(bs.Strategy):
    def setup(self):
        self.waited = False

    def on_bar(self, event):
        if not self.waited:
            self.waited = True
            os.write(2, b"playing\\n")
            sys.stdin.readline()
"""


@pytest.fixture
def run(workspace, monkeypatch):
    """Runs a command on a workspace with 500 minutes of SYN and ALT under publisher 1."""
    monkeypatch.chdir(workspace.paths.folder.parent)
    runner = CliRunner()
    return lambda *arguments, **more: runner.invoke(app, [*map(str, arguments), "--workspace", "ws"], **more)


@pytest.fixture
def backtest(run):
    """Runs a crossover of short averages on SYN; further options come last."""
    options = ("backtest", "--strategy", "SMACrossover", *SHORT, "-s", "SYN", "--rtype", 33)
    return lambda *more, **given: run(*options, *more, **given)


def test_backtest_prints_the_run_id_and_nothing_else_on_stdout(backtest, workspace):
    """The one line on stdout is the id of a completed run of what the options say; the stages are on stderr."""
    done = backtest("--publisher-id", 1, "--broker", "commission_per_unit=0.005", "--end", "2024-01-02")
    assert done.exit_code == 0
    [run_id] = done.stdout.splitlines()
    recorded = workspace.run(run_id)
    assert recorded.status == "completed"
    assert recorded.request == bs.BacktestRequest(
        **REQUEST, broker={"commission_per_unit": 0.005}, end_date="2024-01-02"
    )
    assert recorded.fills()["commission"].iloc[0] == pytest.approx(0.005)
    assert "recording" in done.stderr


def test_backtest_takes_the_same_request_as_json(backtest, run, workspace):
    """A request in a file or on stdin gives the fills that the options give."""
    (workspace.paths.folder.parent / "request.json").write_text(json.dumps(REQUEST))
    ids = [
        done.stdout.strip()
        for done in (
            backtest(),
            run("backtest", "--request", "request.json"),
            run("backtest", "--request", "-", input=json.dumps(REQUEST)),
        )
    ]
    assert len(set(ids)) == 3
    first, *others = [workspace.run(run_id).fills() for run_id in ids]
    assert len(first) > 4
    assert all(first.equals(fills) for fills in others)


def test_the_summary_is_for_people_on_stderr(backtest):
    """`--summary` leaves stdout to the id."""
    done = backtest("--summary")
    assert len(done.stdout.splitlines()) == 1
    assert "Max drawdown length (days)" in done.stderr
    assert "\\n" not in done.stderr


def test_the_json_is_for_programs_on_stdout(backtest, workspace):
    """`--json` prints strict JSON: the id and the metrics of the run, null for what cannot be said."""
    done = backtest("--json")
    found = json.loads(done.stdout, parse_constant=pytest.fail)
    summary = workspace.run(found["run_id"]).summary()
    assert found["summary"]["final_equity"] == summary.final_equity
    assert found["summary"]["round_trips"] == summary.round_trips > 2
    assert found["summary"]["average_r"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--strategy", "SMACros", "-s", "SYN"), "invalid strategy: SMACros. Did you mean SMACrossover"),
        (("-s", "SYN"), "No strategy selected: name one with --strategy"),
        (("--strategy", "BuyAndHold"), "No symbols selected"),
        (("--strategy", "BuyAndHold", "-s", "SYM"), "Unknown symbol: SYM. Did you mean SYN?"),
        (("--strategy", "BuyAndHold", "-s", "SYN", "--rtype", 35), "There is rtype 33"),
        (("--strategy", "BuyAndHold", "-s", "SYN", "-p", "quantity=0"), "quantity is 0"),
        (("--strategy", "BuyAndHold", "-s", "SYN", "-p", "quantity"), "write NAME=VALUE"),
        (
            ("--strategy", "BuyAndHold", "-s", "SYN", "--rtype", 33, "--broker", "comission_pct=1"),
            "did you mean commission_pct?",
        ),
        (("--request", "-"), "BacktestRequest is not JSON"),
    ],
)
def test_a_backtest_that_does_not_hold_is_refused(run, workspace, arguments, message):
    """The reason is on stderr, nothing is on stdout, the status is 1, and there is no run."""
    done = run("backtest", *arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert message in done.stderr
    assert workspace.runs().empty


def test_a_request_and_parameters_together_are_a_usage_error(run):
    """--request takes the place of the other options; both at once end with status 2."""
    assert run("backtest", "--request", "-", *SHORT, input="{}").exit_code == 2


def test_a_strategy_that_fails_is_named_with_symbol_and_bar(run, workspace):
    """A strategy of the workspace runs by its name; what it raises ends the command with one line and status 1."""
    workspace.paths.strategies.mkdir()
    text = "import barscope as bs\nclass Falls(bs.Strategy):\n    def on_bar(self, event):\n        1 / 0\n"
    (workspace.paths.strategies / "falls.py").write_text(text)
    (workspace.paths.strategies / "broken.py").write_text("import no_such_package")
    done = run("backtest", "--strategy", "Falls", "-s", "SYN", "--rtype", 33)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "broken.py is left out: ModuleNotFoundError" in done.stderr
    assert "failed at SYN 2024-01-02T14:30:00Z BarProcessed: ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_cancels_a_backtest(workspace):
    """An interrupted backtest leaves a run that is cancelled and holds nothing, and ends with status 130."""
    workspace.paths.strategies.mkdir()
    (workspace.paths.strategies / "waits.py").write_text(WAITING)
    options = ("--strategy", "WaitsOnce", "-s", "SYN", "--rtype", "33", "--workspace", str(workspace.paths.folder))
    with subprocess.Popen(
        [sys.executable, "-m", "barscope", "backtest", *options],
        env={**os.environ, "HOME": str(workspace.paths.folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert any("playing" in line for line in process.stderr)
            process.send_signal(signal.SIGINT)
            assert any("cancelling" in line for line in process.stderr)
            out, err = process.communicate("go on\n", timeout=PATIENCE_S)
        finally:
            process.kill()
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    [record] = workspace.runs_store.list_runs()
    assert record.status == "cancelled"
    assert workspace.runs_store.database.rows("SELECT count(*) FROM bars_processed") == [(0,)]
