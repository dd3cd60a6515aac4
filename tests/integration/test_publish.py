"""Published snapshots: what is in them, that they appear whole or not at all, and who can read them."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import apsw
import numpy as np
import pytest

import barscope as bs
from barscope.charts.data import ChartSpec
from barscope.engine import registry
from barscope.errors import (
    InvalidParameterError,
    ReadOnlyStoreError,
    SchemaVersionError,
    StoreBusyError,
    StoreError,
    UnknownRunError,
)
from barscope.jobs import InlineExecutor
from barscope.store.locks import FileLock
from barscope.store.run_list import glance_at_runs
from barscope.store.snapshot import write_snapshot
from barscope.store.snapshot_facts import SnapshotFacts
from barscope.workspace.read_only import ReadOnlyWorkspace
from barscope.workspace.run_view import enqueue_run_view

NOW_NS = 1_800_000_000_000_000_000


@pytest.fixture
def runs(workspace):
    """An exploration of two symbols and a backtest, completed; a run that failed and one that goes on."""
    choice = {"rtype": 33, "publisher_id": 1}
    indicators = [bs.IndicatorConfig(class_name="SMA", params={"timeperiod": 5}), bs.IndicatorConfig(class_name="RSI")]
    explored = workspace.explore(bs.ExplorerRequest(symbols=["SYN", "ALT"], indicators=indicators, **choice)).result()
    params = {"fast_period": 5, "slow_period": 10}
    tested = workspace.backtest(
        bs.BacktestRequest(strategy="SMACrossover", strategy_params=params, symbols=["SYN"], **choice)
    ).result()
    workspace.runs_store.begin("failed", "fails", NOW_NS, {"mode": "backtest", "symbols": ["SYN"]}).fail(
        NOW_NS + 1, {"reason": "error", "error": "no /home/jane/x.csv", "traceback": "SECRET"}
    )
    going = workspace.runs_store.begin("going", "goes on", NOW_NS, {"symbols": []})
    yield [explored.run_id, tested.run_id]
    going.cancel(NOW_NS + 2)


def published(workspace, run_ids, path, **options):
    """A snapshot, open to be read."""
    return ReadOnlyWorkspace.of_snapshot(workspace.publish(run_ids, path, **options), executor=InlineExecutor())


def test_a_snapshot_shows_the_chosen_runs_and_nothing_else(workspace, runs, tmp_path):
    """Columns, events, results, session, zone and title are there; rows of JSON, other runs and code are not."""
    explored, tested = map(workspace.run, runs)
    with published(workspace, runs, tmp_path / "s.db", title="Two runs", now_ns=lambda: NOW_NS) as shown:
        assert (shown.title, shown.is_live) == ("Two runs", False)
        assert shown.published_at.isoformat() == "2027-01-15T08:00:00+00:00"
        assert {glance.run_id for glance in glance_at_runs(shown.runs_store)} == set(runs)
        for symbol in ("SYN", "ALT"):
            mine, theirs = shown.run(runs[0]).columns(symbol), explored.columns(symbol)
            np.testing.assert_array_equal(mine.bars.close, theirs.bars.close)
            assert mine.series.keys() == theirs.series.keys()
            for name, values in theirs.series.items():
                np.testing.assert_array_equal(mine.series[name], values)
        assert shown.run(runs[1]).fills().equals(tested.fills())
        assert shown.run(runs[1]).orders().equals(tested.orders())
        assert shown.run(runs[1]).roundtrips().equals(tested.roundtrips())
        assert shown.run(runs[1]).equity().equals(tested.equity())
        assert shown.run(runs[0]).zone == explored.zone
        assert [session.symbols for session in shown.sessions()] == [("ALT", "SYN")]
        assert {state.executor_id for state in shown.states()} == set(runs)
        database = shown.runs_store.database
        for table in ("bars", "bars_processed", "run_state_parts"):
            with closing(apsw.Connection(str(database.path))) as direct:
                assert direct.execute(f"SELECT count(*) FROM {table}").fetchall() == [(0,)]  # noqa: S608
        content = database.path.read_bytes()
        for secret in (b"def on_bar", b"class SMACrossover", b"git_revision", b"python", os.fsencode(Path.home())):
            assert secret not in content


def test_a_snapshot_is_one_small_file_that_is_no_log(workspace, runs, tmp_path):
    """Nothing stands beside it, it keeps no log, SQLite finds it whole, and readers leave it as it is."""
    path = workspace.publish(runs, tmp_path / "out" / ".." / "s.db")
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as direct:
        assert direct.pragma("journal_mode") == "delete"
        assert direct.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert direct.execute("PRAGMA foreign_key_check").fetchall() == []
        assert direct.pragma("freelist_count") == 0
    before = path.read_bytes()
    with ReadOnlyWorkspace.of_snapshot(path) as shown:
        shown.run(runs[1]).summary()
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.name != "ws"] == ["s.db"]
    assert path.stat().st_size < workspace.paths.runs.stat().st_size


def test_runs_that_did_not_complete_are_named_errors(workspace, runs, tmp_path):
    """Unknown, failed and running runs, none at all, and a title nobody can read: nothing is written."""
    for run_ids, kind, text in (
        (["nobody"], UnknownRunError, "no run nobody"),
        ([runs[0], "failed"], UnknownRunError, "run failed is failed: ask for failed runs too"),
        (["going"], UnknownRunError, "run going is running"),
        ([], InvalidParameterError, "no run to publish"),
    ):
        with pytest.raises(kind, match=text):
            workspace.publish(run_ids, tmp_path / "s.db")
    with pytest.raises(InvalidParameterError, match="the name"):
        workspace.publish(runs, tmp_path / "s.db", "two\nlines")
    assert not (tmp_path / "s.db").exists()


def test_a_failed_run_can_be_published_as_a_record(workspace, runs, tmp_path):
    """Its reason is visible without paths and traceback, its results are not there."""
    with published(workspace, ["failed"], tmp_path / "s.db", include_failed=True) as shown:
        run = shown.run("failed")
        assert (run.status, run.record.metadata) == ("failed", {"reason": "error", "error": "no …"})
        with pytest.raises(UnknownRunError, match="only completed runs"):
            run.columns("SYN")
        view = enqueue_run_view(shown, "failed", None, ChartSpec()).result()
        assert view.chart is None


def test_a_snapshot_replaces_an_earlier_one_and_its_readers_keep_theirs(workspace, runs, tmp_path):
    """Who has the earlier file open goes on reading it, sees the token change, and takes the new one over."""
    path = tmp_path / "s.db"
    with published(workspace, runs[:1], path, title="first") as shown:
        before = shown.run(runs[0])
        token = shown.change_token()
        assert shown.change_token() == token
        assert not shown.refresh()
        workspace.publish(runs[1:], path, "second")
        assert shown.change_token() != token
        assert [glance.run_id for glance in glance_at_runs(shown.runs_store)] == runs[:1]
        assert shown.refresh()
        assert (shown.title, [glance.run_id for glance in glance_at_runs(shown.runs_store)]) == ("second", runs[1:])
        assert len(before.columns("ALT").bars) == 500
        token = shown.change_token()
        assert not shown.refresh()
        assert shown.change_token() == token


def test_a_thread_never_reads_another_file_than_the_first(workspace, runs, tmp_path):
    """A connection that is opened after the file was replaced is refused."""
    path = tmp_path / "s.db"
    with published(workspace, runs, path) as shown:
        workspace.publish(runs, path)
        with ThreadPoolExecutor(1) as pool, pytest.raises(StoreError, match="was replaced"):
            pool.submit(shown.runs_store.list_runs).result()


def test_no_other_file_is_overwritten(workspace, runs, tmp_path):
    """The live databases, a file of another program, a text and a folder stay as they are."""
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "folder").mkdir()
    with closing(apsw.Connection(str(tmp_path / "other.db"))) as other:
        other.execute("CREATE TABLE snapshot (a)")
    others = map(tmp_path.joinpath, ("notes.txt", "other.db", "folder"))
    for path in (workspace.paths.runs, workspace.paths.presets, *others):
        with pytest.raises(StoreError, match="is no snapshot"):
            workspace.publish(runs, path)
    with pytest.raises(ReadOnlyStoreError, match="choose a folder that exists"):
        workspace.publish(runs, tmp_path / "missing" / "s.db")
    with pytest.raises(InvalidParameterError, match="NUL"):
        workspace.publish(runs, "a\0b.db")
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert len(workspace.runs_store.list_runs()) == 4


def test_stopping_leaves_the_earlier_snapshot(workspace, runs, tmp_path):
    """What `on_run` raises ends the work: the earlier file stays, and nothing is left beside it."""
    path = workspace.publish(runs[:1], tmp_path / "s.db", "first")

    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        workspace.publish(runs, path, "second", on_run=stop)
    with ReadOnlyWorkspace.of_snapshot(path) as shown:
        assert shown.title == "first"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.db", "ws"]


def test_a_run_deleted_meanwhile_is_an_error(workspace, runs, tmp_path):
    """A run that goes while others are written is named; no snapshot appears that shows it without its bars."""
    records = [workspace.runs_store.get(run_id) for run_id in runs]
    workspace.delete_run(runs[1])
    with pytest.raises(UnknownRunError, match=f"run {runs[1]} was deleted meanwhile"):
        write_snapshot(tmp_path / "s.db", workspace.runs_store, records, [], SnapshotFacts("a", "2027-01-15T08:00:00Z"))
    assert not (tmp_path / "s.db").exists()


def test_one_writer_at_a_time(workspace, runs, tmp_path):
    """While another process writes there, publishing is refused."""
    lock = FileLock(tmp_path / ".s.db.lock")
    assert lock.try_acquire()
    with pytest.raises(StoreBusyError):
        workspace.publish(runs, tmp_path / "s.db")
    lock.release(remove=True)
    workspace.publish(runs, tmp_path / "s.db")


KILLED = """
import os, signal, sys
from barscope.store import snapshot
from pathlib import Path
import barscope as bs
folder, target, point, *run_ids = sys.argv[1:]
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
if point == "replace":
    Path.replace = die
else:
    setattr(snapshot, point, die)
with bs.Workspace(folder) as ws:
    ws.publish(run_ids, target, "second")
"""


@pytest.mark.parametrize("point", ["_copy_run", "_move", "_flush", "replace"])
def test_a_publisher_killed_at_any_point_leaves_the_earlier_snapshot(workspace, runs, tmp_path, point):
    """Kill -9 in the middle: the earlier file is whole, and the next publisher takes the place over."""
    path = workspace.publish(runs[:1], tmp_path / "s.db", "first")
    command = [sys.executable, "-c", KILLED, str(workspace.paths.folder), str(path), point, *runs]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with ReadOnlyWorkspace.of_snapshot(path) as shown:
        assert shown.title == "first"
        assert shown.run(runs[0]).columns("SYN").bars.close[0] > 0
    workspace.publish(runs, path, "third")
    with ReadOnlyWorkspace.of_snapshot(path) as shown:
        assert (shown.title, len(shown.runs_store.list_runs())) == ("third", 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.db", "ws"]


HOSTILE = "'; DROP TABLE runs; -- <script>alert(1)</script> \u202e"


def test_hostile_names_are_only_text(workspace, tmp_path):
    """Quotes, markup and control characters in ids, names, symbols and series come out as they went in."""
    bars = bs.Bars(*(np.arange(1.0, 4.0) for _ in range(6)))
    bars = bs.Bars(bars.ts.astype(np.int64), bars.open, bars.high, bars.low, bars.close, bars.volume.astype(np.int64))
    writer = workspace.runs_store.begin(HOSTILE, HOSTILE, 1, {"mode": "exploration", "symbols": [HOSTILE], "rtype": 33})
    writer.append_processed(HOSTILE, "MINUTE", bars, {HOSTILE: np.ones(3)}, 60)
    writer.complete(2, {})
    with published(workspace, [HOSTILE], tmp_path / "';--.db") as shown:
        run = shown.run(HOSTILE)
        assert (run.record.name, run.symbols) == (HOSTILE, (HOSTILE,))
        assert list(run.columns(HOSTILE).series) == [HOSTILE]


def test_a_live_workspace_shows_all_and_follows(workspace, runs):
    """Of the live folder every run is there, new ones change the token, and zones come from the venues."""
    with ReadOnlyWorkspace.of_live(workspace.paths.folder, executor=InlineExecutor()) as live:
        assert live.is_live
        assert live.published_at is None
        assert len(live.runs_store.list_runs()) == 4
        assert live.run(runs[0]).zone == workspace.run(runs[0]).zone
        assert str(live.run(runs[1]).summary()) == str(workspace.run(runs[1]).summary())
        assert len(live.sessions()) == 1
        token = live.change_token()
        assert live.change_token() == token
        workspace.runs_store.begin("later", "later", NOW_NS, {}).cancel(NOW_NS + 1)
        assert live.change_token() != token
        assert live.runs_store.get("later").status == "cancelled"
        assert not live.refresh()


def test_what_is_no_snapshot_is_not_opened_as_one(workspace, runs, tmp_path):
    """The live runs.db, a foreign file, a damaged file and no file are errors that say so."""
    with pytest.raises(StoreError, match="is no published snapshot"):
        ReadOnlyWorkspace.of_snapshot(workspace.paths.runs)
    with pytest.raises(SchemaVersionError):
        ReadOnlyWorkspace.of_snapshot(workspace.paths.presets)
    with pytest.raises(StoreError, match="no published snapshot yet"):
        ReadOnlyWorkspace.of_snapshot(tmp_path / "none.db")
    with pytest.raises(StoreError, match="is no runs database yet"):
        ReadOnlyWorkspace.of_live(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "half.db").write_bytes(workspace.publish(runs, tmp_path / "s.db").read_bytes()[:50_000])
    with pytest.raises(StoreError, match="is damaged"):
        read_all(tmp_path / "half.db", runs)


def read_all(path, run_ids):
    """Reads the results of runs of a snapshot."""
    with ReadOnlyWorkspace.of_snapshot(path) as shown:
        for run_id in run_ids:
            shown.run(run_id).columns("SYN")


def test_a_published_sweep_is_whole_and_tells_no_paths(workspace, tmp_path):
    """Children, ranges and what was skipped are there; why a child failed is told without paths of the machine."""

    class Leaks(bs.Strategy):
        """Fails with a path in its message at one of its levels."""

        parameters = {"level": bs.ParamSpec(1, min=0, max=9)}  # noqa: RUF012  # as users write it

        def setup(self):
            """Needs nothing."""

        def on_bar(self, event):
            """Fail at level 2."""
            if self.level == 2:
                raise ValueError("cannot read /home/jane/secret.csv")

    try:
        request = bs.SweepRequest(
            symbols=["SYN"], rtype=33, publisher_id=1, strategy="Leaks", parameters={"level": [1, 2]}
        )
        run = workspace.sweep(request, "inline").result()
    finally:
        registry.unregister_module(Leaks.__module__)
    with published(workspace, [run.run_id], tmp_path / "snapshot.db") as source:
        found = source.run(run.run_id).sweep
        assert found.counts() == run.sweep.counts()
        assert found.request.parameters == request.parameters
        assert "cannot read …" in found.children["error"].drop_nulls()[0]
        view = enqueue_run_view(source, run.run_id, None, ChartSpec()).result()
        assert view.sweep.done == 2
    assert b"/home/jane" not in (tmp_path / "snapshot.db").read_bytes()
