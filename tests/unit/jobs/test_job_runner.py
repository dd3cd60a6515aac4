"""Jobs on real threads and inline: outcomes, cancel, progress, and what is kept afterwards."""

import asyncio
import gc
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

from barscope.errors import JobCancelledError, JobError
from barscope.jobs import InlineExecutor, JobRunner, JobStatus, Stage

STAGES = (Stage("loading", 1), Stage("computing", 3))


@pytest.fixture
def runner():
    """A runner with two threads, closed after the test."""
    runner = JobRunner(workers=2)
    yield runner
    runner.close()


def test_a_job_completes_with_the_value_of_its_work(runner):
    """The result is what the work returned, and the history tells every status."""
    job = runner.submit("a", lambda context: 42, STAGES)
    assert job.result(10) == 42
    assert job.snapshot.history == (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.COMPLETED)
    assert job.snapshot.progress == 1.0


def test_a_failing_job_raises_what_its_work_raised(runner):
    """The original exception comes out of `result`, its text and traceback stand in the snapshot."""

    def work(context):
        raise ValueError("bad bar at 7")

    job = runner.submit("a", work, STAGES)
    with pytest.raises(ValueError, match="bad bar at 7"):
        job.result(10)
    assert job.snapshot.status is JobStatus.FAILED
    assert job.snapshot.error == "bad bar at 7"
    assert "in work" in job.snapshot.traceback


def test_sys_exit_in_the_work_fails_the_job_and_not_the_kernel(runner):
    """A SystemExit becomes a JobError that names it."""
    job = runner.submit("a", lambda context: sys.exit(3), STAGES)
    with pytest.raises(JobError, match="SystemExit: 3"):
        job.result(10)


def test_a_job_says_cancelled_only_after_its_worker_has_stopped(runner):
    """Between the wish and the end the status is `cancelling`."""
    started, go_on = threading.Event(), threading.Event()

    def work(context):
        started.set()
        go_on.wait(10)
        context.check()

    job = runner.submit("a", work, STAGES)
    assert started.wait(10)
    assert job.cancel()
    assert job.snapshot.status is JobStatus.CANCELLING
    go_on.set()
    with pytest.raises(JobCancelledError):
        job.result(10)
    assert job.snapshot.status is JobStatus.CANCELLED


def test_a_job_cancelled_in_the_queue_never_starts():
    """Its work is not called, and its history has no `running`."""
    runner, gate, ran = JobRunner(workers=1), threading.Event(), []
    first = runner.submit("first", lambda context: gate.wait(10), STAGES)
    second = runner.submit("second", lambda context: ran.append(1), STAGES)
    assert second.cancel()
    gate.set()
    first.result(10)
    runner.close()
    assert ran == []
    assert second.snapshot.history == (JobStatus.QUEUED, JobStatus.CANCELLED)


def test_a_cancel_after_the_seal_is_refused(runner):
    """Once the work passed its point of no return it completes."""
    sealed, go_on = threading.Event(), threading.Event()

    def work(context):
        context.seal()
        sealed.set()
        go_on.wait(10)
        return "kept"

    job = runner.submit("a", work, STAGES)
    assert sealed.wait(10)
    assert not job.cancel()
    go_on.set()
    assert job.result(10) == "kept"


def test_a_seal_after_a_cancel_stops_the_work(runner):
    """The cancel came first, so nothing is committed."""
    started, go_on, committed = threading.Event(), threading.Event(), []

    def work(context):
        started.set()
        go_on.wait(10)
        context.seal()
        committed.append(1)

    job = runner.submit("a", work, STAGES)
    assert started.wait(10)
    assert job.cancel()
    go_on.set()
    with pytest.raises(JobCancelledError):
        job.result(10)
    assert committed == []


def test_work_that_ignores_a_cancel_still_ends_as_cancelled(runner):
    """A value returned after the wish to cancel is dropped."""
    started, go_on = threading.Event(), threading.Event()

    def work(context):
        started.set()
        go_on.wait(10)
        return "ignored"

    job = runner.submit("a", work, STAGES)
    assert started.wait(10)
    job.cancel()
    go_on.set()
    with pytest.raises(JobCancelledError):
        job.result(10)


def test_progress_follows_the_weights_of_the_stages():
    """Half of a stage that weighs three quarters, after one that weighs a quarter, is 62.5 %."""
    seen = []

    def work(context):
        context.enter("loading")
        context.report(0.5)
        seen.append(job_of(context).snapshot.progress)
        context.enter("computing")
        context.report(0.5, "5 of 10")
        seen.append(job_of(context).snapshot)
        context.report(0.1)
        seen.append(job_of(context).snapshot.progress)

    runner = JobRunner(InlineExecutor())
    job_of = lambda context: runner.get("a")  # noqa: E731
    runner.submit("a", work, STAGES)
    assert seen[0] == 0.125
    assert (seen[1].stage, seen[1].progress, seen[1].message) == ("computing", 0.625, "5 of 10")
    assert seen[2] == 0.625


def test_a_result_that_is_late_raises_timeout_and_the_work_goes_on(runner):
    """`result(timeout)` names the status and the stage; the job completes later."""
    go_on = threading.Event()
    job = runner.submit("a", lambda context: go_on.wait(10), STAGES)
    assert not job.wait(0.01)
    with pytest.raises(TimeoutError, match="job a is still"):
        job.result(0.01)
    go_on.set()
    assert job.result(10) is True


INTERRUPTED = """
import os, signal, threading
import polars
from barscope.jobs import JobRunner
go_on = threading.Event()
job = JobRunner().submit("a", lambda context: go_on.wait(60), ())
threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
try:
    job.result()
except KeyboardInterrupt:
    print("interrupted", flush=True)
finally:
    go_on.set()
"""


def test_ctrl_c_ends_the_wait_for_a_result_although_polars_is_loaded():
    """The wait has no timeout, yet the person at the keyboard gets the prompt back."""
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "interrupted\n", done.stderr


@pytest.mark.parametrize("raised", [KeyboardInterrupt, RuntimeError])
def test_a_job_that_nobody_took_is_not_left_in_the_queue(raised):
    """An executor that has ended, or an interrupt while the work is handed over: the job ends as cancelled."""

    class Refusing(InlineExecutor):
        def submit(self, fn, /, *args, **kwargs):
            raise raised

    ended = []
    runner = JobRunner(Refusing())
    with pytest.raises(raised):
        runner.submit("a", lambda context: 42, STAGES, on_end=lambda: ended.append("a"))
    assert runner.live() == ()
    assert runner.get("a").snapshot.status is JobStatus.CANCELLED
    assert ended == ["a"]


def test_finished_jobs_do_not_pile_up():
    """Only the newest finished jobs stay reachable, all live ones do."""
    runner = JobRunner(InlineExecutor(), keep_finished=3)
    for i in range(10):
        runner.submit(f"job-{i}", lambda context: None, STAGES)
    kept = [i for i in range(10) if runner.get(f"job-{i}")]
    assert len(kept) <= 4
    assert kept[-1] == 9
    assert kept[0] >= 6


def test_a_failed_job_lets_go_of_what_its_frames_held():
    """Columns that were local to the failed work are freed although the exception is kept."""
    refs = []

    def work(context):
        column = np.zeros(1000)
        refs.append(weakref.ref(column))
        raise ValueError("x")

    runner = JobRunner(InlineExecutor())
    job = runner.submit("a", work, STAGES)
    gc.collect()
    assert refs[0]() is None
    assert job.snapshot.error == "x"


def test_a_live_id_is_refused_and_a_finished_one_can_be_used_again(runner):
    """Two live jobs never share an id."""
    go_on = threading.Event()
    runner.submit("a", lambda context: go_on.wait(10), STAGES)
    with pytest.raises(JobError, match="job a is"):
        runner.submit("a", lambda context: None, STAGES)
    go_on.set()
    runner.get("a").result(10)
    assert runner.submit("a", lambda context: 2, STAGES).result(10) == 2


def test_a_job_can_be_awaited_and_a_cancelled_wait_leaves_it_alone(runner):
    """`await job` gives the result; cancelling the awaiting task does not cancel the job."""
    go_on = threading.Event()

    async def main():
        job = runner.submit("a", lambda context: go_on.wait(10), STAGES)
        waiting = asyncio.ensure_future(asyncio.wait_for(job, 0.01))
        with pytest.raises(TimeoutError):
            await waiting
        go_on.set()
        return await job

    assert asyncio.run(main()) is True


def test_a_preview_shows_before_the_end_and_is_gone_after(runner):
    """What the work publishes can be read while it goes on, and is not kept alive afterwards."""
    shown, go_on = threading.Event(), threading.Event()

    def work(context):
        context.publish({"AAPL": 1})
        shown.set()
        go_on.wait(10)

    job = runner.submit("a", work, STAGES)
    assert shown.wait(10)
    assert job.preview == {"AAPL": 1}
    go_on.set()
    job.result(10)
    assert job.preview is None
