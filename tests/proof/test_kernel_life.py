"""A kernel that is interrupted, restarted or shut down while three runs are active leaves nothing behind."""

from __future__ import annotations

import random
import shutil
import sys
import threading
from contextlib import closing

import pytest
from real_kernel import RealKernel

import barscope as bs
from barscope.ingest import synthetic_bars
from barscope.jobs import InlineExecutor
from barscope.store.runs import RunStore
from barscope.store.runs_schema import EVENT_TABLES

SESSIONS = 160
"""About 60,000 minute bars: three runs of them are active for most of a second."""

OPEN = """
import random
import barscope as bs
ws = bs.Workspace({folder!r}, workers=3)
chosen = dict(symbols=["SYN-A"], rtype=33, publisher_id=1)
def explore(name, **dates):
    indicators = [bs.IndicatorConfig(class_name=name)]
    return ws.explore(bs.ExplorerRequest(**chosen, **dates, indicators=indicators), fresh=True)
def three():
    test = ws.backtest(bs.BacktestRequest(**chosen, strategy="SMACrossover"))
    return [explore("RSI"), explore("ATR"), test]
"""
START = "jobs = three()"
HURRIED = """
while True:
    job = explore(random.choice(["RSI", "ATR"]), end_date="2024-01-31")
    if random.random() < 0.5:
        job.cancel()
    ws.runs()
"""

SHOWN = "panel = ws.explorer_panel()"
PRESSED_WHILE_IT_SENDS = """
import linecache, signal, sys, threading
def press(frame, event, argument):
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
    if event == "line" and frame.f_code.co_name == "_wait_for_tstate_lock" and "acquire" in line:
        sys.settrace(None)
        signal.raise_signal(signal.SIGINT)
    return press
sys.settrace(press)
print("a message")
"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A workspace with the bars of one symbol, to be copied."""
    folder = tmp_path_factory.mktemp("kernel-life") / "stored"
    with bs.Workspace(folder, executor=InlineExecutor()) as ws:
        publisher = ws.secmaster.ensure_publisher("synthetic", "SYNTHETIC.RANDOM-WALK", "XNYS")
        ws.secmaster.write(publisher.publisher_id, [synthetic_bars("SYN-A", sessions=SESSIONS, seed=7)])
    return folder


@pytest.fixture
def folder(stored, tmp_path):
    """A copy of that workspace."""
    return shutil.copytree(stored, tmp_path / "ws")


@pytest.fixture
def kernel(tmp_path, folder):
    """A kernel in which the workspace is open."""
    kernel = RealKernel(tmp_path / "home")
    try:
        kernel.run(OPEN.format(folder=str(folder)))
        yield kernel
    finally:
        kernel.close()


def statuses(folder):
    """Run → status and whether somebody owns it, as another process sees it."""
    with closing(RunStore(folder / "runs.db", readonly=True)) as store:
        return {run.run_id: (run.status, store.owned(run.run_id)) for run in store.list_runs()}


def wait_until_active(folder):
    """Wait until three runs have begun."""
    pause = threading.Event()
    while len(found := statuses(folder)) < 3:
        pause.wait(0.01)
    assert "running" in {status for status, _owned in found.values()}, "three runs were over before the last began"


def check_what_is_left(folder):
    """Open the workspace as the next process would: nothing runs, what is completed is whole, the rest is gone."""
    with bs.Workspace(folder, executor=InlineExecutor()) as ws:
        store = ws.runs_store
        for run in store.list_runs():
            assert run.status in ("completed", "failed", "cancelled"), run
            if run.status == "completed":
                assert store.verify(run.run_id)
                continue
            assert run.status == "cancelled" or run.metadata == {"reason": "interrupted"}
            for table in (*EVENT_TABLES, "run_columns"):
                [(rows,)] = store.database.rows(f"SELECT count(*) FROM {table} WHERE run_id = ?", (run.run_id,))  # noqa: S608
                assert not rows, f"{run.run_id} is {run.status} and has {rows} rows in {table}"
        assert store.database.rows("PRAGMA integrity_check") == [("ok",)]
        return {run.run_id: run.status for run in store.list_runs()}, ws.recovered


def test_an_interrupt_ends_the_cell_and_nothing_else(kernel, folder):
    """The cell that waits for a run ends; the kernel answers; the three runs go on to their end and are whole."""
    kernel.run(START)
    wait_until_active(folder)
    kernel.interrupt(kernel.begin("jobs[0].result()"))
    assert kernel.value("6 * 7", timeout=10) == 42
    kernel.run("for job in jobs: job.wait()")
    assert kernel.value("[str(job.snapshot.status) for job in jobs]") == ["completed"] * 3
    kernel.shut_down()
    found, recovered = check_what_is_left(folder)
    assert (list(found.values()), recovered) == (["completed"] * 3, ())


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="is_alive asks the operating system there")
def test_an_interrupted_message_leaves_one_thread_that_sends(kernel):
    """With a panel open the one thread that may send goes on alone: two of them would mix their messages."""
    kernel.run(SHOWN)
    kernel.interrupted(PRESSED_WHILE_IT_SENDS)
    assert kernel.value("threading.Thread.is_alive(get_ipython().kernel.iopub_thread.thread)")


@pytest.mark.parametrize(
    "now", [pytest.param(True, id="killed"), pytest.param(False, id="asked", marks=pytest.mark.soak)]
)  # a restart asks in the same way
def test_a_shutdown_leaves_no_run_without_an_owner(kernel, folder, now):
    """The kernel ends, given a moment or none; the three runs have no owner then, and the next process clears them."""
    kernel.run(START)
    wait_until_active(folder)
    kernel.shut_down(now=now)
    left = statuses(folder)
    assert len(left) == 3
    assert not [run for run, (_status, owned) in left.items() if owned]
    found, recovered = check_what_is_left(folder)
    assert set(recovered) == {run for run, (status, _) in left.items() if status == "running"}
    assert set(found) == set(left)


def test_a_restarted_kernel_finds_what_its_forerunner_left(kernel, folder):
    """After a restart the kernel answers, clears what the last one did not get done, and makes all of it anew."""
    kernel.run(START)
    wait_until_active(folder)
    kernel.restart()
    left = statuses(folder)
    assert not [run for run, (_status, owned) in left.items() if owned]
    undone = {run for run, (status, _owned) in left.items() if status == "running"}
    kernel.run(OPEN.format(folder=str(folder)))
    assert set(kernel.value("ws.recovered")) == undone
    assert not [run for run, (status, _owned) in statuses(folder).items() if status == "running"]
    kernel.run(START)
    kernel.run("for job in jobs: job.result()")
    kernel.shut_down()
    found, recovered = check_what_is_left(folder)
    expected = {run: "failed" if run in undone else "completed" for run in found}
    assert (len(found), found, recovered) == (6, expected, ())


@pytest.mark.parametrize(
    ("times", "seed"),
    [pytest.param(3, 1, id="suite"), pytest.param(100, 2, id="soak", marks=pytest.mark.soak)],
)
def test_interrupts_at_any_moment_of_asking_leave_no_run_alone(kernel, folder, times, seed):
    """A cell that asks for runs, cancels and lists them is interrupted again and again: each run ends with its job."""
    moments, pause = random.Random(seed), threading.Event()  # noqa: S311  # a seed is to repeat it
    kernel.run("explore('RSI').result()\nws.runs()")  # an interrupted import of a library would break that library
    for _ in range(times):
        asking = kernel.begin(f"random.seed({moments.random()}){HURRIED}")
        pause.wait(moments.uniform(0, 0.3))
        kernel.interrupt(asking)
        kernel.run("for job in ws.jobs.live(): job.cancel()")
    kernel.run("import time\nwhile ws.jobs.live(): time.sleep(0.01)")
    assert not [run for run, (status, _) in statuses(folder).items() if status == "running"], f"seed {seed}"
    kernel.run("explore('RSI').result()")
    kernel.shut_down()
    _found, recovered = check_what_is_left(folder)
    assert recovered == (), f"seed {seed}"
