"""A disk that is full, or fails, at any call: the work fails by name, and what was there stays."""

import shutil
from contextlib import closing, contextmanager
from functools import cache, partial
from unittest.mock import Mock

import numpy as np
import pytest
from faulty_disk import FAULTS, FaultyDisk, failing_calls, failing_syncs

import barscope as bs
from barscope.domain.bars import FixedPointBars
from barscope.domain.batches import BarBatch
from barscope.errors import StoreError, StoreFullError, UnknownRunError
from barscope.jobs import InlineExecutor
from barscope.store import database, run_writer
from barscope.store.runs import RunStore
from barscope.store.runs_schema import EVENT_TABLES

POINTS = 13
"""Calls that fail of each kind, spread from the first to the last: with 6 kinds of faults, 78 cases."""

SIZES = [pytest.param(point, marks=[pytest.mark.soak] if point % 3 else []) for point in range(POINTS)]
"""Every third of them runs always."""

CHOICE = {"symbols": ["SYN"], "rtype": 33, "publisher_id": 1}


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    """Few rows make several transactions: the code is the same."""
    monkeypatch.setattr(run_writer, "CHUNK_ROWS", 100)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A closed workspace with one recorded exploration, and its run id."""
    folder = tmp_path_factory.mktemp("template") / "ws"
    with bs.Workspace(folder, executor=InlineExecutor()) as ws:
        publisher = ws.secmaster.ensure_publisher("test", "TEST").publisher_id
        ws.secmaster.write(publisher, [bars(0)])
        return folder, explore(ws, 5).result().run_id


@pytest.fixture(scope="module")
def calls_of_work(template, tmp_path_factory):
    """A function that counts the calls of the work, on a disk that does not fail, which a fault could concern."""

    @cache
    def count(fault):
        folder, earlier = template
        shutil.copytree(folder, copy := tmp_path_factory.mktemp("counted") / "ws")
        disk = FaultyDisk()
        with failing(fault, disk), bs.Workspace(copy, executor=InlineExecutor()) as ws:
            columns_of(ws, earlier)
            disk.set()
            for step in STEPS:
                step(ws)
            return sum(disk.calls[call] for call in fault.calls)

    return count


@pytest.mark.parametrize("point", SIZES)
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_work_on_a_failing_disk_fails_by_name_and_earlier_results_stay(template, calls_of_work, tmp_path, fault, point):
    """A typed error, a failed job, nothing completed but what is whole; and all works again once the disk does."""
    folder, earlier = template
    calls = calls_of_work(fault)
    shutil.copytree(folder, tmp_path / "ws")
    disk = FaultyDisk()
    with failing(fault, disk), bs.Workspace(tmp_path / "ws", executor=InlineExecutor()) as ws:
        known = columns_of(ws, earlier)
        last = calls - calls // 8  # how often is decided by heartbeats and by what is in memory already
        disk.set(fault, 1 + point * (last - 1) // (POINTS - 1))
        outcomes = [attempt(step, ws) for step in STEPS]
        assert disk.failed
        if "read" not in fault.calls:
            assert columns_of(ws, earlier) == known
        disk.set()
        check_outcomes(ws, outcomes)
        assert columns_of(ws, earlier) == known
        assert ws.runs_store.verify(earlier)
        assert ws.runs_store.verify(explore(ws, 90).result().run_id)
    with bs.Workspace(tmp_path / "ws", executor=InlineExecutor()) as ws:
        check_outcomes(ws, outcomes)
        check_stores(ws)


def test_a_run_that_is_recorded_counts_although_its_session_cannot_be_told(template, tmp_path, monkeypatch):
    """presets.db is full when runs.db has the run already: the job completes, and the next start tells the session."""
    shutil.copytree(template[0], tmp_path / "ws")
    with bs.Workspace(tmp_path / "ws", executor=InlineExecutor()) as ws:
        full = StoreFullError("no space left")
        with monkeypatch.context() as patch:
            patch.setattr(ws.presets, "update_indicator", Mock(side_effect=full))
            job = explore(ws, 30)
        assert ws.runs_store.verify(job.result().run_id)
    with bs.Workspace(tmp_path / "ws", executor=InlineExecutor()) as ws:
        assert ws.presets.get_indicator(job.run_id).status == "completed"


def test_a_session_that_cannot_be_told_does_not_hide_why_a_run_failed(template, tmp_path, monkeypatch):
    """The error of the job is that of the work, not that of the note about it."""
    shutil.copytree(template[0], tmp_path / "ws")
    with bs.Workspace(tmp_path / "ws", executor=InlineExecutor()) as ws, monkeypatch.context() as patch:
        patch.setattr(ws.presets, "update_indicator", Mock(side_effect=StoreError("of the note")))
        patch.setattr(run_writer.RunWriter, "complete", Mock(side_effect=StoreError("of the work")))
        with pytest.raises(StoreError, match="of the work"):
            explore(ws, 30).result()


def test_an_interrupt_after_the_commit_of_a_run_leaves_it_whole(tmp_path, monkeypatch):
    """Ctrl-C between the commit and the end of `complete` makes nobody remove the rows of a completed run."""
    with closing(RunStore(tmp_path / "runs.db")) as runs:
        writer = runs.begin("r", "n", 1, {})
        writer.append_processed("A", "DAY", bars(0).bars.to_bars(), {}, 1)
        with monkeypatch.context() as patch:
            patch.setattr(writer, "_end", Mock(side_effect=KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                writer.complete(2, {})
        with pytest.raises(StoreError, match="no longer running"):
            writer.fail(3, {"reason": "error"})
        assert runs.verify("r")
        assert len(runs.bars("r", "A")) == 300


@contextmanager
def failing(fault, disk):
    """A disk that can fail by this fault; logs are short, so that they are taken into their files meanwhile."""
    if "sync" in fault.calls:
        with failing_syncs(disk):
            yield
        return
    with failing_calls(disk), pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_SETTINGS", database._SETTINGS.replace("= 2000", "= 10"))
        yield


def bars(day):
    """A day of bars of SYN."""
    n = np.arange(300)
    columns = [np.full(300, price * 10**9) for price in (10, 12, 9, 11)]
    return BarBatch(33, FixedPointBars((n + day * 1440) * 60 * 10**9, *columns, n), "SYN", "raw_symbol")


def explore(ws, period):
    """An exploration of two indicators."""
    indicators = [bs.IndicatorConfig(class_name="SMA", params={"timeperiod": period + i}) for i in range(2)]
    return ws.explore(bs.ExplorerRequest(**CHOICE, indicators=indicators))


def backtest(ws):
    """A backtest."""
    return ws.backtest(bs.BacktestRequest(**CHOICE, strategy="BuyAndHold"))


def save(ws):
    """A setting of a chart."""
    ws.presets.chart_settings.set("mine", {"theme": "dark"})


def ingest(ws, day):
    """Another day of bars."""
    ws.secmaster.write(1, [bars(day)])


STEPS = (
    partial(explore, period=30),
    backtest,
    save,
    *(partial(ingest, day=day) for day in range(1, 6)),
    partial(explore, period=40),
    backtest,
)


def attempt(step, ws):
    """The job of a step, None for a step without one, or the typed error it raised."""
    try:
        return step(ws)
    except StoreError as error:
        return error


def check_outcomes(ws, outcomes):
    """Whatever failed did so by name and left no result; whatever did not is whole."""
    failed = 0
    for job in outcomes:
        failed += isinstance(job, StoreError)
        if not isinstance(job, bs.Job):
            continue
        now = job.snapshot
        if now.status == "completed":
            assert ws.runs_store.verify(now.run_id), now
            continue
        failed += 1
        with pytest.raises(StoreError):
            job.result()
        assert now.error
        assert status_of(ws, now.run_id) != "completed", now


def status_of(ws, run_id):
    """The status of a run; None if there is none."""
    try:
        return ws.runs_store.get(run_id).status
    except UnknownRunError:
        return None


def columns_of(ws, run_id):
    """What a run recorded, as bytes."""
    of_run = ws.runs_store.series(run_id, "SYN")
    return {name: values.tobytes() for name, values in of_run.items()}


def check_stores(ws):
    """The files are sound, and nothing is half there."""
    for store in (ws.runs_store, ws.presets, ws.secmaster):
        assert store.database.rows("PRAGMA integrity_check") == [("ok",)]
        assert store.database.rows("PRAGMA foreign_key_check") == []
    assert ws.runs_store.list_runs(status="running") == ()
    hidden = "run_id NOT IN (SELECT run_id FROM runs WHERE status = 'completed')"
    for table in (*EVENT_TABLES, "run_columns"):
        assert ws.runs_store.database.rows(f"SELECT 1 FROM {table} WHERE {hidden} LIMIT 1") == []  # noqa: S608
