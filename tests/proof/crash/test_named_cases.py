"""What the proof of crashes and of many processes found, each as a case of its own."""

import fcntl
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import barscope as bs
from barscope.domain.bars import Bars
from barscope.errors import UnknownRunError
from barscope.store import database, locks, presets, run_reader, run_writer
from barscope.store.runs import RunStore

SMA = bs.IndicatorConfig(class_name="SMA", params={"timeperiod": 20})
FAILS = bs.IndicatorConfig(class_name="FailsOnPurpose")


def asked(*indicators):
    """A request for some indicators over SYN."""
    return bs.ExplorerRequest(symbols=["SYN"], rtype=33, publisher_id=1, indicators=indicators)


def explored(workspace, *indicators):
    """The session of an exploration, and the error it ended with."""
    job = workspace.explore(asked(*indicators))
    job.wait()
    return workspace.explorer.open_session_of(asked(*indicators)).session_id


def without_a_last_word(monkeypatch):
    """A process that dies when it has recorded its run and is about to tell the session so."""
    monkeypatch.setattr(presets.PresetStore, "update_indicator", lambda *_args, **_changes: None)


def record(runs, run_id, n=50):
    """Begins a run and records n bars of it."""
    writer = runs.begin(run_id, "n", 1, {})
    ts = np.arange(n)
    writer.append_processed("A", "DAY", Bars(ts, ts + 1.0, ts + 1.0, ts + 1.0, ts + 1.0, ts), {"x": ts * 1.0}, 1)
    return writer


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A runs.db whose chunks have 10 rows."""
    monkeypatch.setattr(run_writer, "CHUNK_ROWS", 10)
    with closing(RunStore(tmp_path / "runs.db")) as store:
        yield store


def test_a_run_whose_process_died_after_its_last_commit_is_found_again(workspace, monkeypatch):
    """Recovery tells the session which bars it was computed from; the run was computed anew without it."""
    with monkeypatch.context() as dying:
        without_a_last_word(dying)
        explored(workspace, SMA)
    workspace.explorer.recover()
    assert workspace.explore(asked(SMA)).snapshot.stage == "cached"


def test_an_indicator_that_failed_alone_is_not_said_to_be_recorded(workspace, monkeypatch):
    """Recovery tells the session which indicators of a completed run are not in it; they were all called completed."""

    class FailsOnPurpose(bs.Indicator):
        """Fails on every bar."""

        def compute(self, bars):
            raise ValueError("on purpose")

    with monkeypatch.context() as dying:
        without_a_last_word(dying)
        session = explored(workspace, SMA, FAILS)
    workspace.explorer.recover()
    states = workspace.explorer.get_session_indicators(session)
    assert {state.class_name: state.status for state in states} == {"SMA": "completed", "FailsOnPurpose": "failed"}
    assert "on purpose" in states[1].error


def test_an_indicator_whose_run_is_gone_is_not_said_to_be_completed(workspace):
    """A deletion that is killed after the run and before its session left a result that could not be shown."""
    session = explored(workspace, SMA)
    (state,) = workspace.explorer.get_session_indicators(session)
    workspace.delete_run(state.run_id)
    (state,) = workspace.explorer.get_session_indicators(session)
    assert (state.status, state.progress, state.error) == ("failed", 0.0, "its run was deleted")


def test_recovery_removes_the_locks_of_the_dead_and_leaves_those_of_the_living(runs):
    """A process killed around a commit left the file of its lock for ever."""
    folder = runs.database.path.with_name("runs.db.owners")
    writer = record(runs, "alive")
    (folder / "dead").touch()
    runs.recover()
    assert [path.name for path in folder.iterdir()] == ["alive"]
    writer.complete(2, {})


def test_somebody_who_looks_whether_a_run_is_owned_does_not_keep_it_from_recovery(runs, monkeypatch):
    """Looking takes a shared lock for a moment; a recovery that met it took the looker for the owner."""
    record(runs, "dead")._owner.forget()
    looker = (runs.database.path.with_name("runs.db.owners") / "dead").open("rb")
    fcntl.flock(looker, fcntl.LOCK_SH)
    look, looks = locks.is_owned, iter(range(2))

    def look_and_let_the_other_go(*args):
        owned = look(*args)
        if next(looks):
            looker.close()
        return owned

    monkeypatch.setattr(locks, "is_owned", look_and_let_the_other_go)
    assert runs.recover() == ("dead",)


def test_a_run_that_ends_while_somebody_looks_whether_it_is_owned_is_not_owned(runs, monkeypatch):
    """The file of its lock was seen, was removed by its owner, and could not be opened: an error of the store."""
    writer, open_file = record(runs, "r"), Path.open

    def open_too_late(path, *args, **options):
        if args == ("rb",):
            writer.complete(2, {})
        return open_file(path, *args, **options)

    monkeypatch.setattr(Path, "open", open_too_late)
    assert not runs.owned("r")


@pytest.mark.parametrize("columns_read", [1, 3])
def test_a_run_that_is_deleted_while_it_is_read_is_not_shown_in_part(runs, monkeypatch, columns_read):
    """A reader that had read some columns took what was left of the others."""
    record(runs, "r").complete(2, {})
    decode, left = run_reader.decode_into, 5 * columns_read

    def decode_and_delete(*args):
        nonlocal left
        decode(*args)
        left -= 1
        if not left:
            runs.delete(["r"])

    monkeypatch.setattr(run_reader, "decode_into", decode_and_delete)
    with pytest.raises(UnknownRunError):
        runs.bars("r", "A")


def test_the_log_stays_short_among_readers_that_overlap(tmp_path, monkeypatch):
    """It grew by every commit as long as there was a reader at any moment: to 900 MB in 8 s with four of them."""
    monkeypatch.setattr(database, "_SETTINGS", database._SETTINGS.replace("= 2000", "= 50"))
    commits, blob_bytes, over, largest = 300, 160_000, threading.Event(), 0
    with closing(RunStore(tmp_path / "runs.db")) as runs:
        record(runs, "r").complete(2, {})

        def read():
            while not over.is_set():
                with runs.database.unchanging():
                    runs.database.rows("SELECT count(*) FROM runs")
                    over.wait(0.005)

        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        for _ in range(commits):
            with runs.database.atomic() as connection:
                connection.execute("UPDATE run_columns SET data = randomblob(?) WHERE series = 'x'", (blob_bytes,))
            largest = max(largest, (tmp_path / "runs.db-wal").stat().st_size)
        over.set()
        for reader in readers:
            reader.join()
    assert largest < commits * blob_bytes / 4
