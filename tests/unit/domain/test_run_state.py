"""The state of a run: what each change does to it, and what of it is shown."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import FrozenInstanceError, replace

import pytest

from barscope.domain.failures import MAX_CAUSES, MAX_FRAMES, Failure, failure_of
from barscope.domain.run_state import HEAVY, RunState, Version
from barscope.errors import InvalidParameterError

T0 = dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
FIELDS = {
    "executor_id",
    "started_at",
    "last_refreshed_at",
    "executor_running",
    "cycles",
    "completed_cycle",
    "position_trigger_checks",
    "position_revaluations",
    "market_data_feed_lag",
    "crashed_at",
    "exception",
    "source_code",
    "visualisation",
    "summary_statistics",
    "version",
}


@pytest.fixture
def begun() -> RunState:
    """A run that has just begun."""
    return RunState.begun("r", T0, Version("0.1", "abc", "3.11"), "print(1)")


def chained() -> Exception:
    """A failure that came from a failure, with secrets in the variables of its frames."""

    def inner() -> None:
        password = "hunter2"  # noqa: S105, F841 (what must not be told)
        raise KeyError("price")

    def outer() -> None:
        try:
            inner()
        except KeyError as error:
            raise ValueError("no price today") from error

    try:
        outer()
    except ValueError as error:
        return error
    raise AssertionError


def test_it_has_the_fields_of_the_contract(begun):
    """A state has exactly the fields that are promised, and JSON names them the same."""
    assert set(begun.to_dict()) == FIELDS
    assert set(begun.export()) == FIELDS - set(HEAVY)


def test_it_cannot_be_changed(begun):
    """A state is frozen, its mappings too."""
    with pytest.raises(FrozenInstanceError):
        begun.cycles = 3
    with pytest.raises(TypeError):
        begun.summary_statistics["a"] = 1


def test_counters_grow_and_keep_the_rest(begun):
    """Counting sets totals and the time of the news, and leaves the state it came from alone."""
    later = begun.counted(T0 + SECOND, cycles=5, completed_cycle=6)
    assert (later.cycles, later.completed_cycle, later.position_revaluations) == (5, 6, 0)
    assert later.last_refreshed_at == T0 + SECOND
    assert begun.cycles == 0


@pytest.mark.parametrize("totals", [{"cycles": 4}, {"cycles": -1}, {"cycles": 5.5}, {"cycles": True}, {"trades": 1}])
def test_counters_that_fall_or_are_unknown_are_refused(begun, totals):
    """A lower total, a fraction and a counter that is none are errors that name what is allowed."""
    counted = begun.counted(T0, cycles=5)
    with pytest.raises(InvalidParameterError, match="counter"):
        counted.counted(T0, **totals)


def test_an_ended_run_counts_no_more(begun):
    """After the end nothing advances."""
    for ended in (begun.ended(T0), begun.set_fail(T0, ValueError("x")), begun.interrupted()):
        with pytest.raises(InvalidParameterError, match="has ended"):
            ended.counted(T0, cycles=1)
        with pytest.raises(InvalidParameterError, match="has ended"):
            ended.fed(T0, T0)


def test_the_lag_is_the_age_of_the_newest_bar(begun):
    """Bars known until 9:29 that are loaded at 9:31 are two minutes old."""
    fed = begun.fed(T0 + 60 * SECOND, T0 - 60 * SECOND)
    assert fed.market_data_feed_lag == dt.timedelta(minutes=2)
    assert fed.export()["market_data_feed_lag"] == 120.0


def test_a_failure_keeps_its_root_cause(begun):
    """The exception that came first is the root, whatever it was turned into."""
    failed = begun.set_fail(T0 + SECOND, chained())
    assert failed.crashed
    assert not failed.executor_running
    assert failed.crashed_at == T0 + SECOND
    assert (failed.exception.type, failed.exception.message) == ("ValueError", "no price today")
    assert (failed.exception.root.type, failed.exception.root.message) == ("KeyError", "'price'")


def test_a_second_failure_does_not_hide_the_first(begun):
    """What fails while a crash is cleaned up changes nothing."""
    first = begun.set_fail(T0, ValueError("the reason"))
    assert first.set_fail(T0 + SECOND, OSError("while closing")) == first


def test_frames_tell_places_and_no_values(begun):
    """Frames are file, line and function; no variable and no folder of the machine is told."""
    told = json.dumps(begun.set_fail(T0, chained()).export())
    assert '"function": "inner"' in told
    assert "hunter2" not in told
    assert "/" not in told.replace("barscope/", "")


def test_places_in_the_package_are_named_from_it_on():
    """A frame inside barscope is `barscope/…`, without the folders above it."""
    with pytest.raises(InvalidParameterError) as raised:
        RunState.from_json("[]")
    assert failure_of(raised.value).frames[-1].file == "barscope/domain/run_state.py"


def test_endless_failures_are_cut():
    """Causes that lead to each other, deep recursion and long messages come to an end."""
    one, other = ValueError("a" * 10_000), KeyError("b")
    one.__cause__, other.__cause__ = other, one
    failure = failure_of(one)
    assert [cause.type for cause in failure.causes] == ["KeyError"]
    assert len(failure.message) <= 2000

    def deeper() -> None:
        deeper()

    with pytest.raises(RecursionError) as raised:
        deeper()
    assert len(failure_of(raised.value).frames) == MAX_FRAMES
    last = ValueError("0")
    for n in range(40):
        later = ValueError(str(n))
        later.__cause__, last = last, later
    assert len(failure_of(last).causes) == MAX_CAUSES - 1


def test_a_context_that_was_turned_off_is_no_cause():
    """`raise … from None` has no cause."""

    def reraise():
        try:
            raise KeyError("secret")
        except KeyError:
            raise ValueError("plain") from None

    with pytest.raises(ValueError, match="plain") as raised:
        reraise()
    assert failure_of(raised.value).causes == ()


def test_an_interrupted_run_crashed_when_it_last_told_of_itself(begun):
    """No clock says when a process was killed."""
    state = begun.refreshed(T0 + 5 * SECOND).interrupted()
    assert (state.crashed_at, state.exception.type) == (T0 + 5 * SECOND, "Interrupted")
    assert not state.executor_running


def test_json_gives_the_state_back(begun):
    """Every field survives to_json and from_json, pictures and failures too."""
    pictures = {("small", "dark", "png"): b"\x89PNG\x00", ("large", "light", "svg"): "<svg>–</svg>".encode()}
    whole = replace(
        begun.counted(T0, cycles=2, completed_cycle=2).fed(T0, T0 - SECOND).set_fail(T0, chained()),
        visualisation=pictures,
        summary_statistics={"sharpe": 1.5, "trades": 3},
    )
    assert RunState.from_json(whole.to_json()) == whole


def test_what_is_no_number_becomes_null(begun):
    """NaN and infinities are null in the export and in JSON."""
    state = replace(begun, summary_statistics={"a": math.nan, "b": [math.inf, 1.0]})
    assert json.loads(state.to_json())["summary_statistics"] == {"a": None, "b": [None, 1.0]}


def test_a_time_without_a_zone_is_refused():
    """Times are aware UTC."""
    with pytest.raises(InvalidParameterError, match="not aware UTC"):
        RunState.begun("r", dt.datetime(2024, 1, 1))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"executor_id": 1}'])
def test_other_json_is_refused(text):
    """What is no state of a run is an error, not a half-made state."""
    with pytest.raises(InvalidParameterError, match="no state of a run"):
        RunState.from_json(text)


def test_a_stranger_sees_only_kinds_of_exceptions():
    """Without messages and places, along the whole chain."""
    told = failure_of(chained()).unexplained()
    assert told == Failure("ValueError", "", (), (Failure("KeyError", ""),))
