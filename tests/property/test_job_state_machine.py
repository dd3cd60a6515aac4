"""Any order of moves keeps the job's state machine legal."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barscope.errors import InvalidTransitionError
from barscope.jobs import JobSnapshot, JobStatus

LEGAL = {
    ("queued", "running"),
    ("queued", "cancelled"),
    ("running", "completed"),
    ("running", "failed"),
    ("running", "cancelling"),
    ("cancelling", "cancelled"),
}
NOW = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)


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
