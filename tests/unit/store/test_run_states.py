"""The states of runs in runs.db: when they are told, what they hold, and when they go."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from contextlib import closing

import apsw
import numpy as np
import pytest

from barscope.domain.bars import Bars
from barscope.domain.run_state import utc
from barscope.errors import StoreBusyError, StoreError
from barscope.store.owners import is_owned
from barscope.store.read_only_database import ReadOnlyDatabase
from barscope.store.run_log import KEPT_RECORDS
from barscope.store.run_reader import RunReader
from barscope.store.run_states import STATE_TABLES, RunStates
from barscope.store.runs import RunStore
from barscope.store.runs_schema import RUNS
from barscope.store.state_writer import HEARTBEAT_NS

S = 1_000_000_000
CONFIG = {
    "mode": "backtest",
    "versions": {"barscope": "0.1", "python": "3.11"},
    "git_revision": "abc",
    "strategies": [{"source": "class A: ..."}, {"source": "class B: ..."}],
}


class Clock:
    """A clock that stands until it is set."""

    def __init__(self):
        self.now_ns = 100 * S

    def __call__(self):
        """The time, ns."""
        return self.now_ns


@pytest.fixture
def clock():
    """The clock of the runs."""
    return Clock()


@pytest.fixture
def runs(tmp_path):
    """An empty runs.db."""
    with closing(RunStore(tmp_path / "runs.db")) as store:
        yield store


@pytest.fixture
def begin(runs, clock):
    """Begins a run at the clock's time."""

    def begin(run_id="r", config=CONFIG):
        return runs.begin(run_id, "name", clock.now_ns, config, clock_ns=clock)

    return begin


def bars(n=3):
    """Some bars."""
    one = np.ones(n)
    return Bars(np.arange(n), one, one, one, one, np.ones(n, np.int64))


def test_a_run_that_begins_has_a_state(runs, begin, clock):
    """The state is there with the run: running, nothing counted, version and source of its manifest."""
    writer = begin()
    state = RunStates(runs).get("r")
    assert state.executor_running
    assert (state.started_at, state.last_refreshed_at) == (utc(clock.now_ns), utc(clock.now_ns))
    assert (state.cycles, state.completed_cycle, state.crashed_at) == (0, None, None)
    assert (state.version.package, state.version.commit, state.version.python) == ("0.1", "abc", "3.11")
    assert RunStates(runs).source("r") == "class A: ...\n\nclass B: ..."
    writer.complete(clock.now_ns, {})


def test_heartbeats_are_a_second_apart(runs, begin, clock):
    """However often work is counted, the file changes at most once a second, and then holds the newest totals."""
    writer = begin()
    changes = []
    runs.database.connection().set_commit_hook(lambda: bool(changes.append(clock.now_ns)))
    for tenth in range(31):
        clock.now_ns = 100 * S + tenth * HEARTBEAT_NS // 10
        writer.state.count(cycles=tenth, completed_cycle=tenth)
    assert changes == [101 * S, 102 * S, 103 * S]
    assert RunStates(runs).get("r").cycles == 30
    writer.complete(clock.now_ns, {})


def test_a_clock_set_back_does_not_silence_a_run(runs, begin, clock):
    """An hour back is a second apart too."""
    writer = begin()
    clock.now_ns -= 3600 * S
    writer.state.count(cycles=1)
    assert RunStates(runs).get("r").cycles == 1
    writer.complete(clock.now_ns, {})


def test_the_end_tells_what_no_heartbeat_did(runs, begin, clock):
    """Counters, lag and the end are in the transaction of the status."""
    writer = begin()
    writer.state.count(cycles=7, completed_cycle=7, position_trigger_checks=2, position_revaluations=3)
    writer.state.feed(90 * S)
    writer.complete(100 * S + 5, {})
    state = RunStates(runs).get("r")
    assert (state.cycles, state.completed_cycle, state.position_trigger_checks, state.position_revaluations) == (
        7,
        7,
        2,
        3,
    )
    assert state.market_data_feed_lag == dt.timedelta(seconds=10)
    assert not state.executor_running
    assert not state.crashed


def test_recording_rows_is_a_sign_of_life(runs, begin, clock):
    """Each batch of bars that is recorded refreshes the state."""
    writer = begin()
    clock.now_ns += 5 * S
    writer.append_processed("A", "DAY", bars(), {}, 5)
    assert RunStates(runs).get("r").last_refreshed_at == utc(105 * S)
    writer.complete(clock.now_ns, {})


def test_a_failed_run_tells_what_it_was(runs, begin):
    """fail() inside an except block keeps the exception with its root cause."""
    writer = begin()
    writer.state.count(cycles=4)
    try:
        try:
            raise KeyError("price")
        except KeyError as error:
            raise ValueError("no price") from error
    except ValueError:
        writer.fail(101 * S, {"error": "ValueError: no price"})
    state = RunStates(runs).get("r")
    assert (state.crashed_at, state.exception.type, state.exception.root.type) == (
        utc(101 * S),
        "ValueError",
        "KeyError",
    )
    assert state.cycles == 4


def test_a_failure_without_an_exception_tells_its_reason(runs, begin):
    """fail() elsewhere tells what the metadata says."""
    begin().fail(101 * S, {"reason": "no luck"})
    assert RunStates(runs).get("r").exception.message == "no luck"


def test_a_cancelled_run_did_not_crash(runs, begin):
    """A cancel ends the state without a failure."""
    begin().cancel(101 * S)
    state = RunStates(runs).get("r")
    assert (state.executor_running, state.crashed) == (False, False)


def test_a_run_can_fail_after_its_completion_failed(runs, begin):
    """When the commit of the status breaks, the run can still end as failed, and its state says so."""
    writer = begin()
    writer.state.count(cycles=2)
    runs.database.connection().set_commit_hook(lambda: True)  # refuses it
    with pytest.raises(StoreError):
        writer.complete(101 * S, {})
    runs.database.connection().set_commit_hook(None)
    assert RunStates(runs).get("r").executor_running
    writer.fail(102 * S, {"error": "no space left"})
    assert (RunStates(runs).get("r").crashed_at, RunStates(runs).get("r").cycles) == (utc(102 * S), 2)


def test_a_heartbeat_that_cannot_be_written_fails_no_run(runs, begin, clock, monkeypatch, caplog):
    """A busy file costs a heartbeat, which is logged; the next one has everything."""
    writer = begin()

    def busy():
        raise StoreBusyError("busy")

    clock.now_ns += S
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "barscope"):
        patch.setattr(runs.database, "atomic", busy)
        writer.state.count(cycles=1)
    assert "could not be told" in caplog.text
    clock.now_ns += S
    writer.state.refresh()
    assert RunStates(runs).get("r").cycles == 1
    writer.complete(clock.now_ns, {})


def test_recovery_notes_that_the_process_is_gone(runs, begin, clock, tmp_path):
    """A run whose owner's lock is free is crashed to every reader, and in the file once it is recovered."""
    writer = begin()
    clock.now_ns += 2 * S
    writer.state.refresh()
    assert RunStates(runs).get("r").executor_running
    writer._owner.release()
    for recovered in (False, True):
        if recovered:
            assert runs.recover() == ("r",)
        state = RunStates(runs).get("r")
        assert (state.executor_running, state.crashed_at) == (False, utc(102 * S))
        assert state.exception.type == "Interrupted"


def test_old_news_of_a_living_run_is_no_crash(runs, begin, clock):
    """A run that has been silent for a day lives as long as its lock is held."""
    writer = begin()
    clock.now_ns += 86_400 * S
    assert RunStates(runs).current().executor_running
    writer.complete(clock.now_ns, {})


def test_looking_at_a_lock_neither_takes_nor_makes_it(runs, begin, tmp_path):
    """Asking who owns a run leaves no file behind and does not keep the owner out."""
    assert not is_owned(runs.database.path, "nobody")
    assert not (tmp_path / "runs.db.owners").exists()
    writer = begin()
    assert is_owned(runs.database.path, "r")
    writer.complete(101 * S, {})
    assert not is_owned(runs.database.path, "r")


def test_the_state_goes_with_its_run(runs, begin):
    """Deleting a run leaves no row of its state."""
    begin().complete(101 * S, {})
    runs.delete(["r"])
    assert [runs.database.rows(f"SELECT count(*) FROM {table}") for table in STATE_TABLES] == [[(0,)], [(0,)]]  # noqa: S608


def test_states_are_listed_newest_first(runs, begin, clock):
    """All runs, newest first; the one that goes on is the current one."""
    first = begin("a")
    clock.now_ns += S
    begin("b").complete(clock.now_ns, {})
    states = RunStates(runs)
    assert [state.executor_id for state in states] == ["b", "a"]
    assert [state.executor_id for state in states.newest(1)] == ["b"]
    assert states.current().executor_id == "a"
    first.complete(clock.now_ns, {})
    assert states.current().executor_id == "b"


def test_no_runs_have_no_state(runs):
    """An empty file has no current state."""
    assert RunStates(runs).current() is None
    assert list(RunStates(runs)) == []


@pytest.mark.parametrize("with_tables", [True, False])
def test_runs_of_other_programs_have_the_state_their_row_tells(tmp_path, with_tables):
    """Without a row of ours, or without our tables, the state follows from the row of the run."""
    path = tmp_path / "other.db"
    with closing(RunStore(path)) as store, store.database.atomic() as connection:
        for run_id, status in (("c", "completed"), ("f", "failed"), ("r", "running")):
            connection.execute(
                "INSERT INTO runs VALUES (?, 'n', 5, 9, ?, NULL, ?)", (run_id, status, '{"error": "E: x"}')
            )
        if not with_tables:
            for table in reversed(STATE_TABLES):
                connection.execute(f"DROP TABLE {table}")
    with closing(RunStore(path, readonly=True)) as store:
        states = RunStates(store)
        assert (states.get("c").executor_running, states.get("c").crashed) == (False, False)
        assert states.get("f").exception.message == "E: x"
        assert states.get("r").exception.type == "Interrupted"
        assert (states.source("c"), states.logs("c")) == (None, [])


def test_a_database_for_reading_only_shows_states(runs, begin, clock):
    """Under the authorizer of visitors, with the two tables allowed, everything can be read."""
    writer = begin()
    with closing(ReadOnlyDatabase(runs.database.path, RUNS, ("runs", *STATE_TABLES))) as database:
        states = RunStates(RunReader(database))
        assert states.current().executor_running
        assert states.source("r").startswith("class A")
    writer.complete(clock.now_ns, {})


def test_the_log_holds_the_records_of_its_own_run(runs, begin, clock):
    """Records of barscope on the run's thread are kept, those of other threads and libraries are not."""
    writer = begin()
    logging.getLogger("barscope.studies").warning("mine %d", 1)
    logging.getLogger("elsewhere").error("not mine")
    other = threading.Thread(target=lambda: logging.getLogger("barscope").warning("another run's"))
    other.start()
    other.join()
    writer.state.log.note("a step")
    writer.complete(101 * S, {})
    logging.getLogger("barscope").warning("after the end")
    assert [(r["level"], r["message"]) for r in RunStates(runs).logs("r")] == [
        ("WARNING", "mine 1"),
        ("INFO", "a step"),
        ("INFO", "ended"),
    ]


def test_the_log_is_bounded(runs, begin):
    """Of many records the last 2,000 are kept, long ones cut; of an exception only its class."""
    writer = begin()
    for n in range(KEPT_RECORDS + 50):
        writer.state.log.note(f"step {n} " + "x" * 3000)
    try:
        raise ValueError("secret")
    except ValueError:
        logging.getLogger("barscope").exception("it broke")
    writer.complete(101 * S, {})
    records = RunStates(runs).logs("r")
    assert len(records) == KEPT_RECORDS
    assert max(len(record["message"]) for record in records) <= 1000
    assert records[-2]["message"] == "it broke (ValueError)"


def test_no_handler_stays_behind(runs, begin):
    """A run that ended leaves the logger as it was."""
    before = list(logging.getLogger("barscope").handlers)
    begin("a").complete(101 * S, {})
    begin("b").cancel(101 * S)
    begin("c").fail(101 * S, {})
    assert logging.getLogger("barscope").handlers == before


def test_deleting_with_foreign_keys_off_harms_nobody(runs, begin):
    """Another program that deletes a run leaves a row that nothing shows."""
    begin().complete(101 * S, {})
    with closing(apsw.Connection(str(runs.database.path))) as other:
        other.execute("DELETE FROM runs")
    assert list(RunStates(runs)) == []
