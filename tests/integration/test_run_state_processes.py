"""The state of runs across processes: told while they go on, whoever makes them, and when their process is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest

import barscope as bs
from barscope.domain.bars import Bars
from barscope.domain.orders import OrderSide, OrderType
from barscope.domain.run_state import RunState
from barscope.errors import StrategyError
from barscope.store.run_states import RunStates
from barscope.store.runs import RunStore
from barscope.studies.scenario_request import ScenarioRequest
from barscope.workspace.read_only import ReadOnlyWorkspace

RECORD = """
import sys, time
from barscope.store.runs import RunStore
from barscope.studies.scenario_request import ScenarioRequest
runs = RunStore(sys.argv[1])
now = iter(range(10**18, 10**19, 2 * 10**9))
writer = runs.begin("r", "a run", 10**18, {"mode": "backtest"}, clock_ns=lambda: next(now))
for n in range(1, 6):
    writer.state.count(cycles=n, completed_cycle=n)
print("told", flush=True)
sys.stdin.readline()
writer.complete(10**18 + 10**11, {})
print("ended", flush=True)
sys.stdin.readline()
"""
LOOK = """
import sys
from barscope.store.run_states import RunStates
from barscope.store.runs import RunStore
from barscope.studies.scenario_request import ScenarioRequest
print(RunStates(RunStore(sys.argv[1], readonly=True)).current().to_json())
"""


@pytest.fixture
def recording(tmp_path):
    """Another process that records a run and waits; it is gone afterwards."""
    command = [sys.executable, "-c", RECORD, str(tmp_path / "runs.db")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "told\n"
    yield process
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        pipe.close()


def seen_by_another(path) -> RunState:
    """The current state as a process of its own sees it."""
    done = subprocess.run([sys.executable, "-c", LOOK, str(path)], capture_output=True, text=True, check=True)
    return RunState.from_json(done.stdout)


def test_two_processes_see_the_same(recording, tmp_path):
    """While a third records: running, with the counters it told; after its end: ended."""
    path = tmp_path / "runs.db"
    with closing(RunStore(path, readonly=True)) as store:
        mine = RunStates(store).current()
        assert mine == seen_by_another(path)
        assert (mine.executor_running, mine.cycles, mine.completed_cycle) == (True, 5, 5)
        recording.stdin.write("\n")
        recording.stdin.flush()
        assert recording.stdout.readline() == "ended\n"
        assert RunStates(store).current() == seen_by_another(path)
        assert not RunStates(store).current().executor_running


def test_a_killed_run_shows_as_crashed(recording, tmp_path):
    """At once to every reader, because its lock is free; and in the file after recovery."""
    recording.send_signal(signal.SIGKILL)
    recording.wait()
    path = tmp_path / "runs.db"
    before = seen_by_another(path)
    with closing(RunStore(path)) as store:
        assert store.recover() == ("r",)
        after = RunStates(store).get("r")
    for state in (before, after):
        assert (state.executor_running, state.cycles, state.exception.type) == (False, 5, "Interrupted")
        assert state.crashed_at == state.last_refreshed_at


def explored(workspace, **params):
    """The job of an exploration of two symbols with two indicators."""
    configs = [bs.IndicatorConfig(class_name="SMA", params=params), bs.IndicatorConfig(class_name="RSI")]
    request = bs.ExplorerRequest(symbols=["SYN", "ALT"], rtype=33, publisher_id=1, indicators=configs)
    return workspace.explore(request)


def test_an_exploration_tells_its_state(workspace):
    """Indicators are its cycles; pictures, metrics and code are there when it has completed."""
    run = explored(workspace, timeperiod=5).result()
    state = run.state
    assert (state.executor_id, state.cycles, state.completed_cycle) == (run.run_id, 2, 2)
    assert not state.executor_running
    assert state.market_data_feed_lag.days > 300
    assert set(state.visualisation) == {
        (kind, theme, form) for kind in ("small", "large") for theme in ("light", "dark") for form in ("svg", "png")
    }
    assert state.summary_statistics["SYN"]["bars"] == 500
    assert "comes with barscope" in state.source_code
    assert RunState.from_json(state.to_json()) == state


def test_what_failed_does_not_count(workspace):
    """Of two indicators the first fails: one cycle, and the second is the one completed last."""

    class Broken(bs.Indicator):
        def compute(self, bars):
            raise RuntimeError("no idea")

    configs = [bs.IndicatorConfig(class_name="Broken"), bs.IndicatorConfig(class_name="RSI")]
    job = workspace.explore(bs.ExplorerRequest(symbols=["SYN"], rtype=33, publisher_id=1, indicators=configs))
    job.wait()
    state = next(iter(workspace.states()))
    assert (state.cycles, state.completed_cycle, state.crashed) == (1, 2, False)


def test_a_backtest_tells_its_state(workspace):
    """Bars are its cycles; the bars with an open position are its revaluations; its code is the strategy's."""
    request = bs.BacktestRequest(strategy="BuyAndHold", symbols=["SYN"], rtype=33, publisher_id=1)
    run = workspace.backtest(request).result()
    state = run.state
    assert (state.cycles, state.completed_cycle) == (500, 500)
    assert state.position_revaluations == np.count_nonzero(run.result.equity.exposure) > 400
    assert state.position_trigger_checks == 0
    assert "class BuyAndHold" in state.source_code
    assert state.summary_statistics["final_equity"] == run.summary().final_equity


def test_resting_orders_are_counted_bar_by_bar(workspace):
    """A limit order that rests from the first bar to the last is compared with every bar after the first."""

    class Patient(bs.Strategy):
        name = "Patient"

        def on_bar(self, event):
            if not self.placed:
                self.placed = True
                self.submit_order(OrderType.LIMIT, OrderSide.BUY, 1, limit_price=0.01)

        def setup(self):
            self.placed = False

    request = bs.BacktestRequest(strategy="Patient", symbols=["SYN"], rtype=33, publisher_id=1)
    state = workspace.backtest(request).result().state
    assert (state.position_trigger_checks, state.position_revaluations) == (499, 0)


class Fragile(bs.Strategy):
    """Fails in the middle."""

    name = "Fragile"
    seen = 0

    def on_bar(self, event):
        """Fail at bar 300."""
        type(self).seen += 1
        if type(self).seen == 300:
            prices = {}
            prices["missing"]


def test_a_replay_without_a_workspace_tells_its_state(tmp_path):
    """Orchestrator.run writes the state to the runs.db of its recorder: here of a crash, with its root cause."""
    bars = np.ones(400)
    ts = np.arange(400) * 60 * 10**9
    data = Bars(ts, bars, bars, bars, bars, np.ones(400, np.int64))
    Fragile.seen = 0
    orchestrator = bs.Orchestrator(
        [type("_Fragile", (Fragile,), {"symbols": ["A"]})],
        datafeed=type("_Feed", (bs.SimulatedDatafeed,), {"bars": {"A": data}}),
        recorder=type("_Recorder", (bs.RunRecorder,), {"database": tmp_path / "runs.db"}),
    )
    with pytest.raises(StrategyError):
        orchestrator.run()
    with closing(RunStore(tmp_path / "runs.db", readonly=True)) as store:
        state = RunStates(store).current()
    assert state.crashed
    assert state.exception.root.type == "KeyError"
    assert state.exception.root.frames[-1].function == "on_bar"
    assert state.cycles == 256  # what is known to have succeeded


def test_deleted_and_retired_runs_have_no_state(tmp_path, minute_bars):
    """delete_run and retention take the state along."""
    from barscope.jobs import InlineExecutor

    with bs.Workspace(tmp_path / "ws", executor=InlineExecutor(), retention=1) as ws:
        publisher = ws.secmaster.ensure_publisher("test", "TEST.WALK")
        ws.secmaster.write(publisher.publisher_id, [minute_bars("SYN"), minute_bars("ALT", seed=2)])
        for symbol in ("SYN", "ALT"):
            rsi = bs.IndicatorConfig(class_name="RSI")
            ws.explore(bs.ExplorerRequest(symbols=[symbol], rtype=33, publisher_id=1, indicators=[rsi])).wait()
        (left,) = ws.states()
        assert ws.runs_store.database.rows("SELECT DISTINCT run_id FROM run_state_parts") == [(left.executor_id,)]
        ws.delete_run(left.executor_id)
        assert list(ws.states()) == []


def test_visitors_see_states_live(workspace):
    """The workspace for reading only shows the states of the live folder, with pictures."""
    run = explored(workspace).result()
    with ReadOnlyWorkspace.of_live(workspace.paths.folder) as looking:
        assert looking.run(run.run_id).state == run.state
        assert json.loads(next(iter(looking.states())).to_json())["executor_id"] == run.run_id


def test_a_scenario_tells_its_state(workspace, minute_bars):
    """Days are its cycles, and each values the position of each template; its results are its metrics."""
    days = minute_bars("DAY", n=60, rtype=35, step_ns=86_400 * 10**9)
    workspace.secmaster.write(1, [days])
    request = ScenarioRequest(
        symbol="DAY",
        start_date="2024-01-02",
        end_date="2024-02-20",
        template_slugs=["protective-put-atm-12m"],
        underlying_units=1000,
        loan_amount=100,
        margin_call_ltv=0.75,
        data_source="secmaster",
    )
    state = workspace.scenario(request).result().state
    assert state.cycles == state.position_revaluations == state.completed_cycle > 30
    assert state.summary_statistics["symbol"] == "DAY"
    assert len(state.visualisation) == 8
