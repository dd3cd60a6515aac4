"""How explorations end before their time: cancelled in any stage, or killed with their process."""

import os
import signal
import subprocess
import sys
import threading

import pytest

import barscope as bs
from barscope.errors import JobCancelledError, UnknownRunError
from barscope.jobs import InlineExecutor, JobContext, JobStatus

SMA = bs.IndicatorConfig(class_name="SMA", params={"timeperiod": 20})


def asked(**changes):
    """A request for a moving average over SYN."""
    return bs.ExplorerRequest(**{"symbols": ["SYN"], "rtype": 33, "publisher_id": 1, "indicators": [SMA], **changes})


def rows(workspace, table):
    """How many rows a table of runs.db has."""
    return workspace.runs_store.database.rows(f"SELECT count(*) FROM {table}")[0][0]  # noqa: S608  # names in this file


@pytest.fixture
def threaded(tmp_path, minute_bars):
    """A workspace with 90,000 minute bars of SYN and one worker thread."""
    with bs.Workspace(tmp_path / "ws", workers=1) as ws:
        ws.secmaster.ensure_publisher("test", "TEST.WALK")
        ws.secmaster.write(1, [minute_bars("SYN", n=90_000)])
        yield ws


@pytest.mark.parametrize("stage", ["loading bars", "computing indicators", "recording"])
@pytest.mark.parametrize("at_the_end", [False, True])
def test_a_cancel_in_any_stage_keeps_the_run_and_no_bars(threaded, monkeypatch, stage, at_the_end):
    """At the first or the last word of a stage: the row says cancelled with its end, and nothing else is left."""
    reached, go_on = threading.Event(), threading.Event()
    tell = JobContext.report

    def report(context, fraction, message=""):
        tell(context, fraction, message)
        here = context._label == stage and (not at_the_end or fraction == 1.0 or stage == "computing indicators")
        if here and not reached.is_set():
            reached.set()
            go_on.wait(20)

    monkeypatch.setattr(JobContext, "report", report)
    job = threaded.explore(asked())
    assert reached.wait(20)
    assert threaded.explorer.cancel_run(job.run_id)
    assert job.snapshot.status is JobStatus.CANCELLING
    go_on.set()
    with pytest.raises(JobCancelledError):
        job.result(30)
    assert job.snapshot.status is JobStatus.CANCELLED
    record = threaded.run(job.run_id).record
    assert record.status == "cancelled"
    assert record.ts_end is not None
    assert rows(threaded, "bars_processed") == rows(threaded, "run_columns") == 0
    session = threaded.explorer.list_sessions()[0].session_id
    assert [i.status for i in threaded.explorer.get_session_indicators(session)] == ["cancelled"]


def test_a_cancel_before_the_start_leaves_no_run(threaded):
    """A job cancelled in the queue never starts and never reaches runs.db."""
    hold = threading.Event()
    blocker = threaded.jobs.submit("blocker", lambda context: hold.wait(20), ())
    job = threaded.explore(asked())
    assert job.cancel()
    hold.set()
    assert blocker.result(20)
    assert job.snapshot.history == (JobStatus.QUEUED, JobStatus.CANCELLED)
    with pytest.raises(UnknownRunError):
        threaded.run(job.run_id)


def test_columns_can_be_drawn_before_they_are_recorded(threaded, monkeypatch):
    """While the recording goes on the preview holds every bar, and runs.db shows none of them."""
    reached, go_on = threading.Event(), threading.Event()
    enter = JobContext.enter

    def stop_at_recording(context, label, message=""):
        enter(context, label, message)
        if label == "recording":
            reached.set()
            go_on.wait(20)

    monkeypatch.setattr(JobContext, "enter", stop_at_recording)
    job = threaded.explore(asked())
    assert reached.wait(20)
    assert len(job.preview["SYN"].bars) == 90_000
    assert list(job.preview["SYN"].series) == ["SMA(20, CLOSE)"]
    with pytest.raises(UnknownRunError):
        threaded.run(job.run_id).bars()
    go_on.set()
    assert len(job.result(30).bars()) == 90_000


def test_the_same_exploration_under_way_is_not_queued_twice(threaded):
    """A second equal request gets the job of the first."""
    hold = threading.Event()
    threaded.jobs.submit("blocker", lambda context: hold.wait(20), ())
    first, second = threaded.explore(asked()), threaded.explore(asked())
    assert first is second
    hold.set()
    assert first.result(30).status == "completed"


CHILD = """
import sys
import barscope as bs
ws = bs.Workspace(sys.argv[1])
sma = bs.IndicatorConfig(class_name="SMA", params={"timeperiod": 20})
job = ws.explore(bs.ExplorerRequest(symbols=["SYN"], rtype=33, publisher_id=1, indicators=[sma]), fresh=True)
while not (job.snapshot.stage == "recording" and job.snapshot.message.startswith("60,000")):
    if job.wait(0.001):
        sys.exit("it ended before it could be killed")
print(job.run_id, flush=True)
job.wait()
"""


def test_a_process_killed_while_recording_leaves_a_failed_run_and_no_rows(tmp_path, minute_bars):
    """The next one to open the store finds the run failed (interrupted); what was recorded before is whole."""
    folder = tmp_path / "ws"
    with bs.Workspace(folder, executor=InlineExecutor()) as ws:
        ws.secmaster.ensure_publisher("test", "TEST.WALK")
        ws.secmaster.write(1, [minute_bars("SYN", n=200_000)])
        before = ws.explore(asked(end_date="2024-01-03")).result().run_id
    with subprocess.Popen([sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE, text=True) as child:
        run_id = child.stdout.readline().strip()
        os.kill(child.pid, signal.SIGKILL)
    assert run_id
    with bs.Workspace(folder, executor=InlineExecutor()) as ws:
        assert ws.recovered == (run_id,)
        record = ws.run(run_id).record
        assert (record.status, record.metadata["reason"]) == ("failed", "interrupted")
        kept = "SELECT DISTINCT run_id FROM bars_processed UNION SELECT DISTINCT run_id FROM run_columns"
        assert ws.runs_store.database.rows(kept) == [(before,)]
        assert ws.runs_store.verify(before)
        assert ws.runs_store.database.rows("PRAGMA integrity_check") == [("ok",)]
        session = ws.explorer.compute_session_id(1, 33, ["SYN"])
        assert [(i.status, i.error) for i in ws.explorer.get_session_indicators(session)] == [("failed", "interrupted")]


def test_a_running_exploration_of_another_process_is_left_alone(tmp_path, minute_bars):
    """Opening the store a second time while a run is recorded does not touch it."""
    folder = tmp_path / "ws"
    with bs.Workspace(folder, executor=InlineExecutor()) as ws:
        ws.secmaster.ensure_publisher("test", "TEST.WALK")
        ws.secmaster.write(1, [minute_bars("SYN", n=200_000)])
    with subprocess.Popen([sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE, text=True) as child:
        run_id = child.stdout.readline().strip()
        with bs.Workspace(folder, executor=InlineExecutor()) as ws:
            assert ws.recovered == ()
        assert child.wait(60) == 0
    with bs.Workspace(folder, executor=InlineExecutor()) as ws:
        assert ws.run(run_id).status == "completed"
        assert ws.runs_store.verify(run_id)
