"""Laws of the state of a run over any story: only successes count, the root cause stays, JSON gives it back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from barscope.domain.run_state import COUNTERS, RunState

T0 = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
steps = st.lists(st.sampled_from(["done", "failed", "heartbeat", "crash"]), max_size=40)


def told(story: list[str]) -> tuple[RunState, int, str | None]:
    """The state after a story, how many units were done before the crash, and the first failure's text."""
    state, done, first = RunState.begun("r", T0), 0, None
    for number, step in enumerate(story, 1):
        at = T0 + dt.timedelta(seconds=number)
        if step == "crash":
            first = first or f"failure {number}"
            state = state.set_fail(at, ValueError(f"failure {number}"))
        elif state.executor_running and step == "done":
            done += 1
            state = state.counted(at, cycles=done, completed_cycle=number)
        elif state.executor_running and step == "heartbeat":
            state = state.refreshed(at)
    return state, done, first


@given(steps)
def test_counters_never_count_failures(story):
    """`cycles` is the number of units that succeeded before the crash, `completed_cycle` the number of the last."""
    state, done, _ = told(story)
    until = story.index("crash") if "crash" in story else len(story)
    succeeded = [number for number, step in enumerate(story[:until], 1) if step == "done"]
    assert state.cycles == done == len(succeeded)
    assert state.completed_cycle == (succeeded[-1] if succeeded else None)


@given(steps)
def test_the_first_failure_is_kept(story):
    """However often it fails, the exception and the time are those of the first failure."""
    state, _, first = told(story)
    assert (None if state.exception is None else state.exception.message) == first
    assert state.executor_running is (first is None)
    assert (state.crashed_at is None) is (first is None)


numbers = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(), st.text(max_size=20))
totals = st.fixed_dictionaries({}, optional={name: st.integers(0, 2**62) for name in COUNTERS})


@given(steps, totals, st.dictionaries(st.text(max_size=9), numbers, max_size=5), st.text(max_size=50))
def test_json_gives_every_state_back(story, counters, summary, source):
    """from_json(to_json(state)) is the state, for any counters, metrics and source."""
    begun = RunState.begun("r", T0).counted(T0, **counters)
    state, _, first = told(story)
    whole = replace(begun if first is None else state, summary_statistics=summary, source_code=source)
    assert RunState.from_json(whole.to_json()) == whole
