"""A sweep under way with a crew that fails as it is told: nothing lost, nothing twice, and no endless row of deaths."""

from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

import barscope as bs
from barscope.errors import ExecutorLostError, JobCancelledError
from barscope.studies import sweep_run
from barscope.studies.sweep_frame import to_bytes
from barscope.studies.sweep_resume import EarlierChildren
from barscope.studies.sweep_run import SweepRun
from barscope.studies.sweep_work import SweepDesk, children_of
from barscope.studies.sweeps import empty_result

REQUEST = bs.SweepRequest(
    symbols=["SYN", "ALT"], rtype=33, publisher_id=1, strategy="SMACrossover", parameters={"fast_period": [5, 6, 7, 8]}
)


class Death(RuntimeError):  # noqa: N818  # that is what it is
    """A worker died."""


class ScriptedCrew:
    """Computes at once, in this thread, and dies at some combinations.

    Args:
        work: What to compute.
        deadly: (symbol, combination) → how often it kills its worker.
        verdict: What a death means.
        refused: How often a task is refused when it is submitted.
    """

    workers = 2

    def __init__(self, work, deadly, verdict="again", refused=0):
        self.work, self.deadly, self.word, self.refused = work, dict(deadly), verdict, refused
        self.open, self.tasks, self.renewed, self.stopped = {}, [], 0, False

    def hand_out(self, given, tasks):
        """A desk, noted as open."""
        self.open[given.symbol] = tasks
        return SweepDesk(self.work, given)

    def submit(self, desk, task):
        """Compute or die."""
        if self.refused:
            self.refused -= 1
            raise Death("before it began")
        self.tasks.append((task.symbol, *task.numbers))
        future = Future()
        guilty = [key for number in task.numbers if self.deadly.get(key := (task.symbol, number), 0) > 0]
        if guilty:
            self.deadly[guilty[0]] -= 1
            future.set_exception(Death("in the middle"))
        else:
            future.set_result(to_bytes(children_of(desk, task.numbers, task.combinations)))
        return future

    def take_back(self, desk):
        """Note it as closed."""
        del self.open[desk.given.symbol]

    def verdict(self, error):
        """As told of a death."""
        return self.word if isinstance(error, Death) else "wrong"

    def renew(self):
        """Count it."""
        self.renewed += 1

    def stop(self):
        """Note it."""
        self.stopped = True


@pytest.fixture
def swept(workspace, monkeypatch):
    """A function that runs a sweep of eight children, two to a task; gives the crew, the result and the chunks."""
    monkeypatch.setattr(sweep_run, "_AT_ONCE", 1000)
    plan = workspace.sweeps.plan(REQUEST)

    def run(deadly, check=lambda: None, **options):
        crew, chunks, told = ScriptedCrew(plan.work, deadly, **options), [], []
        earlier = EarlierChildren(workspace.runs_store, plan.key)
        sweep = SweepRun(
            plan, crew, workspace.bars, earlier, chunks.append, told.append, check, empty_result(plan)
        )  # fmt: skip
        crew.chunks = chunks
        run.crew = crew
        return crew, sweep.run()

    return run


def keys(result, state="done"):
    """The children in a state."""
    return [tuple(row) for row in result.children.filter(state=state).select("symbol", "combination").rows()]


EVERY = [(symbol, number) for symbol in ("SYN", "ALT") for number in range(4)]


def assert_whole(crew, result, failed=()):
    """Each child is there once, in the result and in the chunks, and all bars were taken back."""
    assert keys(result) == [key for key in EVERY if key not in failed]
    assert keys(result, "failed") == list(failed)
    assert sum(chunk.n for chunk in crew.chunks) == result.done == 8
    assert crew.open == {}


@pytest.mark.parametrize("verdict", ["again", "dropped"])
def test_a_worker_that_dies_once_costs_nothing_but_time(swept, verdict):
    """The task it was at goes again, alone, and every child is there once."""
    crew, result = swept({("ALT", 1): 1}, verdict=verdict)
    assert_whole(crew, result)
    assert crew.renewed == (verdict == "again")
    again = {"again": ("ALT", 0, 1), "dropped": ("ALT", 0)}[verdict]  # dropped, it died often already: it is cut up
    assert crew.tasks.count(again) == (2 if verdict == "again" else 1)


def test_bars_that_were_lost_with_a_worker_are_sent_again_and_nobody_is_to_blame(swept):
    """However often: the tasks that miss them go again, and none is cut up or fails."""
    crew, result = swept({("ALT", 1): 9}, verdict="resend")
    assert_whole(crew, result)
    assert crew.renewed == 9
    assert crew.tasks.count(("ALT", 0, 1)) == 10


@pytest.mark.parametrize(("verdict", "deaths"), [("again", 4), ("dropped", 2)])
def test_one_combination_that_kills_is_found_and_fails(swept, verdict, deaths):
    """In company, alone with its task, then by itself; its neighbours in the task are computed."""
    crew, result = swept({("SYN", 1): 99}, verdict=verdict)
    assert_whole(crew, result, failed=[("SYN", 1)])
    assert 99 - crew.deadly["SYN", 1] == deaths
    assert "died" in result.children.filter(state="failed")["error"][0]


def test_several_combinations_that_kill_fail_each(swept):
    """All others stand."""
    guilty = [("SYN", 0), ("SYN", 3), ("ALT", 0), ("ALT", 1)]
    crew, result = swept(dict.fromkeys(guilty, 99))
    assert_whole(crew, result, failed=guilty)


def test_workers_that_die_between_two_looks_are_replaced(swept):
    """The pool refuses a task because it broke just before."""
    crew, result = swept({}, refused=1)
    assert_whole(crew, result)
    assert crew.renewed == 1


def test_deaths_without_end_end_the_sweep(swept, monkeypatch):
    """With what was finished kept, and the remedy."""
    monkeypatch.setattr(sweep_run, "_HOPELESS", 5)
    with pytest.raises(ExecutorLostError, match=r"the workers of the sweep are gone .*start the same sweep again"):
        swept(dict.fromkeys(EVERY, 99))
    assert swept.crew.stopped


def test_workers_that_are_gone_end_the_sweep(swept):
    """The error counts what is kept."""
    with pytest.raises(ExecutorLostError, match="6 children are kept"):
        swept({("ALT", 0): 1}, verdict="lost")
    assert sum(chunk.n for chunk in swept.crew.chunks) == 6


def test_a_mistake_of_ours_is_raised_as_it_is(swept):
    """It is not taken for a death."""
    with pytest.raises(Death):
        swept({("SYN", 0): 1}, verdict="wrong")


def test_what_is_whole_when_a_sweep_is_cancelled_is_kept(swept):
    """Of the chunks that were ready none is thrown away."""
    looks = iter(range(2))  # at the bars of each symbol

    def check():
        if next(looks, None) is None:
            raise JobCancelledError("by hand")

    with pytest.raises(JobCancelledError):
        swept({}, check)
    assert swept.crew.stopped
    assert sum(chunk.n for chunk in swept.crew.chunks) == 8


def test_a_result_of_many_chunks_has_few_pieces(swept, monkeypatch):
    """Looking at it after each chunk stays cheap, and every row is there."""
    monkeypatch.setattr(sweep_run, "_AT_ONCE", 1)
    crew, result = swept({})
    assert len(crew.chunks) == 8
    assert len(result.frames) <= 4
    assert_whole(crew, result)
    assert replace(result, frames=()).done == 0
    assert np.isfinite(result.children["total_return"].to_numpy()).all()
