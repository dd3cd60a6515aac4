"""The record of a sweep: chunks that stay however it ends, and children that are computed once and never passed off."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import apsw
import pytest
from polars.testing import assert_frame_equal

import barscope as bs
from barscope.engine.strategies import SMACrossover
from barscope.errors import InvalidParameterError, JobCancelledError, StoreError
from barscope.jobs import InlineExecutor, JobContext
from barscope.store.runs import RunStore
from barscope.studies import sweep_run
from barscope.studies.sweep_frame import from_bytes, to_bytes
from barscope.workspace.read_only import ReadOnlyWorkspace


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch):
    """Two combinations to a task of 500 bars."""
    monkeypatch.setattr(sweep_run, "_AT_ONCE", 1000)
    monkeypatch.setattr(sweep_run, "_PLAYED", 1000)


def request_of(**changes):
    """Six pairs of averages on two symbols."""
    asked = {"symbols": ["SYN", "ALT"], "rtype": 33, "publisher_id": 1, "strategy": "SMACrossover"}
    pairs = {"fast_period": [5, 6, 7], "slow_period": [20, 30]}
    return bs.SweepRequest(**{**asked, "parameters": pairs, "fixed": {"quantity": 2}, **changes})


def swept(ws, request=None):
    """A recorded sweep."""
    return ws.sweep(request or request_of(), "inline").result()


def stopped_after(ws, monkeypatch, children, request=None):
    """The id of a sweep that was cancelled when it had so many children."""
    publish = JobContext.publish

    def stop(context, result):
        publish(context, result)
        if result.done >= children:
            context._job.cancel()

    with monkeypatch.context() as patch:
        patch.setattr(JobContext, "publish", stop)
        job = ws.sweep(request or request_of(), "inline")
        with pytest.raises(JobCancelledError):
            job.result()
    return job.run_id


def chunk_count(ws, run_id=None):
    """How many chunks the database holds, of one sweep or of all."""
    query = "SELECT count(*) FROM sweep_chunks WHERE ?1 IS NULL OR run_id = ?1"
    return ws.runs_store.database.rows(query, (run_id,))[0][0]


def test_what_a_cancelled_sweep_had_is_read_and_taken_over(workspace, monkeypatch):
    """Its children are whole, and the next sweep computes the others only."""
    run_id = stopped_after(workspace, monkeypatch, 5)
    kept = workspace.run(run_id)
    assert (kept.status, kept.sweep.counts()["done"]) == ("cancelled", 8)  # one task more was ready
    again = swept(workspace)
    assert (again.sweep.reused, again.sweep.counts()["done"]) == (8, 12)
    workspace.delete_run(run_id)
    workspace.delete_run(again.run_id)
    assert_frame_equal(again.sweep.children, swept(workspace).sweep.children, check_exact=True)


KILLED = """
import os, signal, sys
import barscope as bs
from barscope.jobs import JobContext
from barscope.studies import sweep_run
sweep_run._AT_ONCE = 1000

def die(context, result):
    if result.done >= 4:
        os.kill(os.getpid(), signal.SIGKILL)

JobContext.publish = die
with bs.Workspace(sys.argv[1]) as ws:
    ws.sweep(bs.SweepRequest.model_validate_json(sys.argv[2]), "inline").result()
"""


def test_what_a_killed_process_had_swept_is_kept(workspace):
    """Once recovered the run has failed as interrupted; its children are read, and taken over."""
    asked = request_of().model_dump_json()
    command = [sys.executable, "-c", KILLED, str(workspace.paths.folder), asked]
    died = subprocess.run(command, capture_output=True, text=True, timeout=120, env={**os.environ})
    assert died.returncode == -signal.SIGKILL, died.stderr
    (run_id,) = workspace.runs_store.recover()
    killed = workspace.run(run_id)
    assert (killed.status, killed.record.metadata) == ("failed", {"reason": "interrupted"})
    assert killed.sweep.counts() == {"done": 4, "skipped": 0, "failed": 0, "missing": 8}
    assert swept(workspace).sweep.reused == 4


def test_a_deleted_sweep_leaves_no_chunk(workspace):
    """And takes none of another sweep with it."""
    first, second = swept(workspace), swept(workspace, request_of(fixed={"quantity": 3}))
    assert chunk_count(workspace, first.run_id) == chunk_count(workspace, second.run_id) == 6
    workspace.delete_run(first.run_id)
    assert (chunk_count(workspace, first.run_id), chunk_count(workspace)) == (0, 6)
    assert second.sweep.counts()["done"] == 12


def test_a_snapshot_shows_the_sweep(workspace, tmp_path):
    """With every child and its numbers."""
    run = swept(workspace)
    path = workspace.publish([run.run_id], tmp_path / "shared.db")
    with closing(ReadOnlyWorkspace.of_snapshot(path, executor=InlineExecutor())) as visitor:
        assert_frame_equal(visitor.run(run.run_id).sweep.children, run.sweep.children, check_exact=True)


def test_a_sweep_that_lacks_a_chunk_is_refused(workspace):
    """A completed one says how many children it has; one that has fewer is not shown as whole."""
    run = swept(workspace)
    with workspace.runs_store.database.atomic() as connection:
        connection.execute("DELETE FROM sweep_chunks WHERE run_id = ? AND chunk = 3", (run.run_id,))
    with pytest.raises(StoreError, match="lacks a part of what it recorded: run it again"):
        _ = workspace.run(run.run_id).sweep


@pytest.mark.parametrize("place", range(0, 100, 7))
def test_damaged_bytes_are_never_a_result(workspace, place):
    """A byte that was turned round, wherever it is, is refused."""
    run = swept(workspace, request_of(symbols=["SYN"], parameters={"fast_period": [5, 6]}))
    (chunk,) = workspace.runs_store.sweep_chunks.read(run.run_id)
    damaged = bytearray(chunk.data)
    damaged[len(damaged) * place // 100] ^= 0xFF
    with workspace.runs_store.database.atomic() as connection:
        connection.execute("UPDATE sweep_chunks SET data = ?", (bytes(damaged),))
    with pytest.raises(StoreError, match="damaged: run it again"):
        _ = workspace.run(run.run_id).sweep


def test_a_run_that_is_no_sweep_has_no_children(workspace):
    """It says so."""
    choice = {"symbols": ["SYN"], "rtype": 33, "publisher_id": 1}
    run = workspace.backtest(bs.BacktestRequest(strategy="BuyAndHold", **choice)).result()
    with pytest.raises(InvalidParameterError, match="is no sweep"):
        _ = run.sweep


# ---- what may be taken over


def test_the_same_sweep_again_computes_nothing(workspace, monkeypatch):
    """Nor does one of some of its combinations, in another order."""
    swept(workspace)
    monkeypatch.setattr("barscope.studies.sweep_threads.children_of", None)
    assert swept(workspace).sweep.reused == 12
    fewer = request_of(symbols=["ALT"], parameters={"slow_period": [30, 20], "fast_period": [7]})
    again = swept(workspace, fewer).sweep
    assert (again.reused, again.counts()["done"]) == (2, 2)
    assert again.children.select("param:slow_period", "param:fast_period").rows() == [(30, 7), (20, 7)]


def test_more_combinations_take_over_those_that_were_there(workspace):
    """Only the new value is computed, and numbers are those of the new plan."""
    before = swept(workspace).sweep.children
    wider = swept(workspace, request_of(parameters={"fast_period": [9, 5, 6, 7], "slow_period": [20, 30]})).sweep
    assert (wider.reused, wider.counts()["done"]) == (12, 16)
    assert wider.children["combination"].to_list() == [*range(8)] * 2
    params = ["symbol", "param:fast_period", "param:slow_period"]
    both = before.join(wider.children, on=params, suffix="_now")
    assert both["final_equity"].equals(both["final_equity_now"].rename("final_equity"))


@pytest.mark.parametrize(
    "changes",
    [
        {"fixed": {"quantity": 3}},
        {"broker": {"slippage_bps": 1.0}},
        {"broker": {"starting_cash": 5.0}},
        {"start_date": "2024-01-02", "end_date": "2024-01-02", "symbols": ["LATE"]},
        {"strategy": "RSIMeanReversion", "parameters": {"period": [5, 6]}},
        {"strategy": None, "indicator": "SimpleMovingAverage", "parameters": {"period": [5]}, "fixed": {}},
    ],
    ids=["fixed", "slippage", "cash", "bars", "strategy", "indicator"],
)
def test_what_differs_is_not_taken_over(workspace, changes, minute_bars):
    """Another fixed value, broker, symbol's bars, or class."""
    workspace.secmaster.write(1, [minute_bars("LATE", seed=9)])
    swept(workspace)
    assert swept(workspace, request_of(**changes)).sweep.reused == 0


def test_bars_that_changed_are_not_taken_over(workspace, minute_bars):
    """One symbol was corrected; the other one is taken over."""
    swept(workspace)
    batch = minute_bars("SYN")
    close = batch.bars.close.copy()
    close[-1] = batch.bars.high[-1] if close[-1] != batch.bars.high[-1] else batch.bars.low[-1]
    workspace.secmaster.write(1, [replace(batch, bars=replace(batch.bars, close=close))], replace=True)
    assert swept(workspace).sweep.reused == 6


def test_code_that_changed_is_not_taken_over(workspace):
    """A strategy defined anew with another body, and one whose indicator was."""

    def define(threshold):
        class Shy(SMACrossover):
            def signals(self, symbol, bars):
                found = super().signals(symbol, bars)
                return bs.Signals(found.entries & (bars.close > threshold), found.exits)

    asked = request_of(strategy="Shy")
    define(0)
    assert swept(workspace, asked).sweep.reused == 0
    define(0)
    assert swept(workspace, asked).sweep.reused == 12
    define(1)
    assert swept(workspace, asked).sweep.reused == 0


def test_a_default_or_an_indicator_of_a_notebook_that_changed_is_not_taken_over(workspace):
    """Neither has a file whose text would tell."""

    def cell(text):
        exec(text, {"__name__": "__main__", "bs": bs, "SMACrossover": SMACrossover})  # noqa: S102  # as a notebook does

    default = """
class Hasty(SMACrossover):
    parameters = {{**SMACrossover.parameters, "slow_period": bs.ParamSpec({slow}, min=10, max=500)}}
"""
    indicator = """
class Scaled(bs.Indicator):
    period: int = 5

    def compute(self, bars):
        return bars.close * {scale} + self.period
"""
    hasty = request_of(strategy="Hasty", parameters={"fast_period": [5, 6]})
    scaled = request_of(strategy=None, indicator="Scaled", parameters={"period": [5, 6]}, fixed={})
    reused = []
    for slow, scale in ((20, 1.5), (20, 1.5), (30, -1.5)):
        cell(default.format(slow=slow))
        cell(indicator.format(scale=scale))
        reused.append((swept(workspace, hasty).sweep.reused, swept(workspace, scaled).sweep.reused))
    assert reused == [(0, 0), (4, 4), (0, 0)]


def test_a_child_that_failed_is_computed_again(workspace, monkeypatch):
    """What was wrong may be right by now: only what is done is taken over."""

    class Moody(SMACrossover):
        def signals(self, symbol, bars):
            if os.environ.get("MOODY") == "yes" and symbol == "ALT":
                raise ValueError("not today")
            return super().signals(symbol, bars)

    with monkeypatch.context() as patch:
        patch.setenv("MOODY", "yes")
        first = swept(workspace, request_of(strategy="Moody")).sweep
    assert first.counts() == {"done": 6, "skipped": 0, "failed": 6, "missing": 0}
    again = swept(workspace, request_of(strategy="Moody")).sweep
    assert (again.reused, again.counts()["done"]) == (6, 12)


def test_children_of_another_kind_of_parameter_are_joined(workspace):
    """Whole numbers then fractions, of one parameter."""
    one = request_of(parameters={"quantity": [1, 2]}, fixed={})
    two = request_of(parameters={"quantity": [1, 2.5]}, fixed={})
    swept(workspace, one)
    again = swept(workspace, two).sweep
    assert (again.reused, again.counts()["done"]) == (2, 4)


def test_a_file_from_before_there_were_sweeps_is_read(tmp_path):
    """It has none, and gets the table with the first."""
    path = tmp_path / "old.db"
    with closing(RunStore(path)) as runs:
        runs.begin("old", "old", 1, {"mode": "backtest"}).cancel(2)
    connection = apsw.Connection(str(path))
    connection.execute("DROP TABLE sweep_chunks")
    connection.close()
    with closing(RunStore(path, readonly=True)) as runs:
        assert list(runs.sweep_chunks.read("old")) == []
    with closing(RunStore(path)) as runs:
        assert list(runs.sweep_chunks.read("old")) == []


def test_chunks_come_back_as_they_were_written(workspace):
    """In their order, with the stretch, the symbol and the fingerprint of its bars."""
    spans = [bs.Stretch(name="first", end_date="2024-01-02"), bs.Stretch(name="whole")]
    run = swept(workspace, request_of(stretches=spans, parameters={"fast_period": [5, 6]}))
    chunks = list(workspace.runs_store.sweep_chunks.read(run.run_id))
    places = [(chunk.stretch, chunk.symbol, chunk.n) for chunk in chunks]
    assert places == [("first", "SYN", 2), ("first", "ALT", 2), ("whole", "SYN", 2), ("whole", "ALT", 2)]
    assert len({chunk.fingerprint for chunk in chunks}) >= 2
    assert all(to_bytes(from_bytes(chunk.data)) for chunk in chunks)
