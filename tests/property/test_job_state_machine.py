"""Any order of moves keeps the job's state machine legal, and a job keeps its word to both of its ends."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from barscope.errors import InvalidTransitionError, JobCancelledError
from barscope.jobs import Job, JobContext, JobSnapshot, JobStatus, Stage

LEGAL = {
    ("queued", "running"),
    ("queued", "cancelled"),
    ("running", "completed"),
    ("running", "failed"),
    ("running", "cancelling"),
    ("cancelling", "cancelled"),
}
NOW = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)
STAGES = (Stage("loading", 1), Stage("computing", 3), Stage("recording", 6))


@given(st.lists(st.sampled_from(list(JobStatus)), max_size=8))
def test_only_the_moves_of_the_contract_are_possible(moves):
    """A move not in the contract raises with the whole history and leaves the snapshot as it was."""
    snapshot = JobSnapshot("a", NOW)
    for to in moves:
        if (snapshot.status, to) in LEGAL:
            snapshot = snapshot.moved(to)
            continue
        with pytest.raises(InvalidTransitionError) as caught:
            snapshot.moved(to)
        assert caught.value.history == snapshot.history
    assert all(pair in LEGAL for pair in zip(snapshot.history, snapshot.history[1:], strict=False))


@given(st.lists(st.floats(-1, 2, allow_nan=False), max_size=20))
def test_progress_never_falls_and_stays_within_0_and_1(reports):
    """Whatever is reported, progress is monotone."""
    snapshot, seen = JobSnapshot("a", NOW), [0.0]
    for progress in reports:
        snapshot = snapshot.staged("computing", progress)
        seen.append(snapshot.progress)
    assert seen == sorted(seen)
    assert 0 <= seen[0] <= seen[-1] <= 1


def test_a_job_keeps_its_word_in_any_order_of_work_and_wishes():
    """Worker and user may take turns in any order: one end, told once, and no cancel that was granted is forgotten."""
    examples = settings(max_examples=200, stateful_step_count=15, derandomize=True, database=None, print_blob=True)
    run_state_machine_as_test(JobMachine, settings=examples)


class JobMachine(RuleBasedStateMachine):
    """A job, its worker and its user, one call at a time.

    The worker keeps to the rules of the runner: it reports, seals and ends only what it started, and only once; what a
    call raises ends the work.
    """

    def __init__(self):
        super().__init__()
        self.job = Job("a", lambda: NOW)
        self.context = JobContext(self.job, STAGES)
        self.granted, self.sealed, self.ends, self.seen = False, False, 0, []
        self.job.on_end(self.told)

    def told(self):
        """The job has ended."""
        self.ends += 1

    @property
    def works(self):
        """Whether the worker is at work."""
        return JobStatus.RUNNING in self.job.snapshot.history and not self.job.snapshot.status.is_terminal

    # ---- the user

    @rule()
    def cancel(self):
        """A cancel is granted before the seal and the end, and refused after."""
        before = self.job.snapshot.status
        possible = before is JobStatus.CANCELLED or not (before.is_terminal or self.sealed)
        assert self.job.cancel() == possible
        self.granted |= possible

    # ---- the worker

    @precondition(lambda self: not self.works)
    @rule()
    def start(self):
        """The work starts once, and never after a cancel."""
        waits = self.job.snapshot.status is JobStatus.QUEUED
        assert self.job.start() == waits

    @precondition(lambda self: self.works)
    @rule(stage=st.sampled_from(STAGES), fraction=st.floats(0, 1))
    def report(self, stage, fraction):
        """News count while nobody cancelled; then every call says so."""
        self.call(lambda: (self.context.enter(stage.label), self.context.report(fraction, "news")))
        if not self.granted:
            assert (self.job.snapshot.stage, self.job.snapshot.message) == (stage.label, "news")

    @precondition(lambda self: self.works)
    @rule()
    def publish(self):
        """A preview is shown while the work goes on."""
        self.call(lambda: self.context.publish("preview"))

    @precondition(lambda self: self.works)
    @rule()
    def seal(self):
        """After the seal there is no cancel; after a cancel there is no seal."""
        self.call(self.context.seal)
        self.sealed |= not self.granted

    @precondition(lambda self: self.works)
    @rule(fails=st.booleans())
    def end(self, fails):
        """A job that granted a cancel is cancelled, whatever becomes of its work; any other is what its work was."""
        error = ValueError("bad bar")
        _ = self.job.fail(error, "traceback") if fails else self.job.complete("value")
        if self.granted:
            assert self.job.snapshot.status is JobStatus.CANCELLED
        elif fails:
            assert self.job.snapshot.status is JobStatus.FAILED
            assert (self.job.snapshot.error, self.job.snapshot.traceback) == ("bad bar", "traceback")
        else:
            assert (self.job.snapshot.status, self.job.snapshot.progress) == (JobStatus.COMPLETED, 1.0)

    def call(self, what):
        """A call of the worker: it raises, and ends the work, exactly if a cancel was granted."""
        if not self.granted:
            what()
            return
        with pytest.raises(JobCancelledError) as caught:
            what()
        self.job.fail(caught.value, "traceback")
        assert self.job.snapshot.status is JobStatus.CANCELLED

    # ---- what has to be true

    @invariant()
    def the_story_is_legal(self):
        """Every move is one of the contract, progress never falls, and nothing changes after the end."""
        now = self.job.snapshot
        assert all(pair in LEGAL for pair in zip(now.history, now.history[1:], strict=False))
        assert now.status is now.history[-1]
        if self.seen:
            assert now.history[: len(self.seen[-1].history)] == self.seen[-1].history
            assert self.seen[-1].progress <= now.progress <= 1
            assert now == self.seen[-1] or not self.seen[-1].status.is_terminal
        self.seen.append(now)

    @invariant()
    def the_end_is_told_once(self):
        """The user hears of the end once; the result is there or says why not; a granted cancel is never forgotten."""
        now = self.job.snapshot
        assert self.ends == now.status.is_terminal == self.job.wait(0)
        assert (now.finished_at is not None) == now.status.is_terminal
        if not now.status.is_terminal:
            assert (now.status is JobStatus.CANCELLING) == self.granted
            return
        assert self.job.preview is None
        assert (now.status is JobStatus.CANCELLED) == self.granted
        if now.status is JobStatus.COMPLETED:
            assert self.job.result() == "value"
        else:
            with pytest.raises(ValueError if now.status is JobStatus.FAILED else JobCancelledError):
                self.job.result()
