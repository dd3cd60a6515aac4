"""Sweeps on every executor: the same children, whoever dies, goes away or is told to stop on the way."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from multiprocessing import active_children, get_context
from typing import ClassVar

import pytest
from distributed import Client, LocalCluster
from polars.testing import assert_frame_equal

import barscope as bs
from barscope.engine import registry as strategies
from barscope.engine.strategies import SMACrossover
from barscope.errors import ExecutorLostError, InvalidParameterError, JobCancelledError, StrategyError
from barscope.indicators import registry as indicators
from barscope.jobs import Job, JobContext
from barscope.studies import sweep_dask, sweep_run
from barscope.studies.sweep_processes import ProcessCrew

EXECUTORS = ("inline", "threads", "processes", "given threads", "given processes", "dask")
LONG = 120
"""Seconds after which something hangs; nothing here takes a tenth of it on an idle machine."""


@pytest.fixture(scope="module")
def cluster():
    """A real Dask cluster of two processes."""
    with local_cluster(2) as found:
        yield found


@pytest.fixture(scope="module")
def given(cluster):
    """What to hand to `ws.sweep` under each name of `EXECUTORS`."""
    with (
        ThreadPoolExecutor(2) as threads,
        ProcessPoolExecutor(2, get_context("spawn")) as processes,
        Client(cluster) as client,
    ):
        list(processes.map(abs, range(8)))  # now they have started
        yield {name: name for name in EXECUTORS} | {
            "given threads": threads,
            "given processes": processes,
            "dask": client,
        }


@contextmanager
def local_cluster(workers):
    """A Dask cluster of so many processes."""
    with LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as found:
        yield found


@pytest.fixture
def background(tmp_path, minute_bars):
    """A workspace with 200 minute bars of SYN and ALT, whose jobs run in the background."""
    with bs.Workspace(tmp_path / "background") as ws:
        publisher = ws.secmaster.ensure_publisher("test", "TEST.WALK")
        ws.secmaster.write(
            publisher.publisher_id, [minute_bars(name, 200, seed) for seed, name in enumerate(("SYN", "ALT"))]
        )
        yield ws


@pytest.fixture(autouse=True)
def nothing_left(tmp_path, monkeypatch):
    """No folder and no process of a sweep outlives it."""
    before = processes_of_pools()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert not list(tmp_path.glob("barscope-sweep-*"))
    assert processes_of_pools() <= before


def processes_of_pools():
    """Those that are alive; Dask begins and ends its own as it likes."""
    return {process for process in active_children() if not process.name.startswith("Dask")}


@pytest.fixture
def small_tasks(monkeypatch):
    """Two combinations to a task of 200 bars, whichever way they are computed."""
    monkeypatch.setattr(sweep_run, "_PLAYED", 400)
    monkeypatch.setattr(sweep_run, "_AT_ONCE", 400)


class Door:
    """Where a strategy in another process says who it is, and waits until it may go on."""

    def __init__(self, folder):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(LONG)
        self.port = self.server.getsockname()[1]
        self.once = folder / "came-to-the-door"

    @contextmanager
    def guest(self):
        """The process id of whoever comes; it goes on at the end of the block."""
        connection, _address = self.server.accept()
        with connection:
            yield int(connection.recv(20))


@pytest.fixture
def door(tmp_path):
    """A door at which only the first one waits."""
    found = Door(tmp_path)
    yield found
    found.server.close()


@pytest.fixture
def trader(tmp_path, door):
    """Defines a strategy that trades every `k` bars, notes what it computes, and may do something at one `k`."""

    def define(at=None, does=lambda: None):
        log = tmp_path / "computed"

        class Trader(bs.Strategy):
            parameters: ClassVar = {"k": bs.ParamSpec(1, min=1, max=100), "quantity": bs.ParamSpec(1.0, min=0.1)}

            def setup(self):
                self.seen = 0
                if self.symbols != ("X",):  # a plan asks for the indicators of X
                    with log.open("a") as file:
                        file.write(f"{self.symbols[0]} {self.k}\n")
                if (self.symbols[0], self.k) == at:
                    does()

            def on_bar(self, event):
                self.seen += 1
                if self.seen % self.k == 0 and self.position:
                    self.submit_order(bs.OrderType.MARKET, bs.OrderSide.SELL, self.position)
                elif self.seen % self.k == 0:
                    self.submit_order(bs.OrderType.MARKET, bs.OrderSide.BUY, self.quantity)

        return Trader

    define.computed = lambda: (tmp_path / "computed").read_text().splitlines()
    return define


def waiting(door):
    """What a strategy does that knocks at a door once, and waits there."""
    port, once = door.port, str(door.once)

    def knock():
        import os
        import socket

        try:
            os.close(os.open(once, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(str(os.getpid()).encode())
            connection.recv(1)

    return knock


def dying_once(door):
    """What a strategy does that ends its process, but only the first time."""
    once = str(door.once)

    def die():
        try:
            os.close(os.open(once, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        os._exit(1)

    return die


@pytest.fixture
def told_to_stop(monkeypatch):
    """Set once a crew of other processes was told to stop."""
    found = threading.Event()
    for crew in (ProcessCrew, sweep_dask.DaskCrew):
        stop = crew.stop
        monkeypatch.setattr(crew, "stop", lambda self, stop=stop: (stop(self), found.set()))
    return found


def request_of(strategy="Trader", **changes):
    """Eight combinations on two symbols."""
    asked = {"symbols": ("SYN", "ALT"), "rtype": 33, "publisher_id": 1, "strategy": strategy}
    return bs.SweepRequest(**{**asked, "parameters": {"k": bs.ParameterRange(1, 8)}, **changes})


def swept(ws, request, executor):
    """The children of a sweep that leaves no record."""
    run = ws.sweep(request, executor).result(LONG)
    assert run.status == "completed"
    children = run.sweep.children
    ws.delete_run(run.run_id)
    return children


CROSSOVERS = request_of(
    "SMACrossover", parameters={"fast_period": bs.ParameterRange(5, 25, 10), "slow_period": [10, 20, 40]}
)
AVERAGES = request_of(None, indicator="SimpleMovingAverage", parameters={"period": [2, 5, 30]})


@pytest.mark.parametrize("kind", EXECUTORS[1:])
def test_every_executor_gives_the_children_of_the_thread_that_asks(kind, given, workspace, trader, small_tasks):
    """Vectorised, event by event, and of an indicator: every column of every child is the same."""
    trader()
    for request in (CROSSOVERS,) if kind == "processes" else (request_of(), CROSSOVERS, AVERAGES):
        assert_frame_equal(
            swept(workspace, request, given[kind]), swept(workspace, request, "inline"), check_exact=True
        )


@pytest.mark.parametrize("kind", ["processes", "dask"])
def test_a_worker_that_is_killed_in_the_middle_loses_nothing(kind, given, background, trader, door, small_tasks):
    """Killed by the system while it computes: the sweep completes with every child once."""
    trader(("ALT", 4), waiting(door))
    job = background.sweep(request_of(), given[kind])
    with door.guest() as pid:
        assert pid != os.getpid()
        os.kill(pid, signal.SIGKILL)
    run = job.result(LONG)
    found = run.sweep.children
    background.delete_run(run.run_id)
    assert run.status == "completed"
    assert_frame_equal(found, swept(background, request_of(), "inline"), check_exact=True)


@pytest.mark.parametrize(
    ("kind", "patience"), [("processes", 0), ("dask", 0), pytest.param("processes", 3, marks=pytest.mark.soak)]
)
def test_a_combination_that_kills_its_process_fails_by_name(
    kind, patience, given, cluster, background, trader, monkeypatch
):
    """That child alone has failed, with the reason; the others have the values of the thread that asks."""
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", patience)  # how often Dask tries again by itself
    monkeypatch.setattr(sweep_run, "_TRIES", 1 + patience)
    trader(("ALT", 4), lambda: os._exit(1))
    found = swept(background, request_of(), given[kind])
    failed = found.filter(state="failed")
    assert failed.select("symbol", "param:k").rows() == [("ALT", 4)]
    assert "died" in failed["error"][0]
    trader()
    expected = swept(background, request_of(), "inline")
    others = expected.filter((expected["symbol"] != "ALT") | (expected["param:k"] != 4))
    assert_frame_equal(found.filter(state="done"), others, check_exact=True)


def test_processes_that_die_whatever_they_do_are_given_up(background, trader, monkeypatch):
    """A strategy that kills every process ends the sweep with an error instead of an endless row of deaths."""
    monkeypatch.setattr(sweep_run, "_HOPELESS", 1)

    class Deadly(SMACrossover):
        def setup(self):
            if self.symbols != ("X",):
                os._exit(1)

    job = background.sweep(request_of("Deadly", parameters={"fast_period": [5, 6]}), "processes", workers=1)
    with pytest.raises(ExecutorLostError, match="0 children are kept: start the same sweep again"):
        job.result(LONG)
    assert background.run(job.run_id).status == "failed"


def test_a_cluster_that_goes_away_leaves_what_was_finished(background, trader, door, small_tasks):
    """The run has failed with the remedy; the same sweep again computes only what is missing."""
    trader(("ALT", 4), waiting(door))
    with local_cluster(1) as cluster, Client(cluster) as client:
        job = background.sweep(request_of(), client)
        with door.guest():
            cluster.close()
        with pytest.raises(ExecutorLostError, match="start the same sweep again"):
            job.result(LONG)
    assert background.run(job.run_id).status == "failed"
    resumed_only_the_rest(background, job.run_id, trader, "inline", at_least=8)


def resumed_only_the_rest(ws, run_id, trader, executor, at_least):
    """What a sweep kept is right, and the same sweep again computes the other children, each once."""
    kept = ws.run(run_id).sweep.children
    keys = {f"{symbol} {k}" for symbol, k in kept.select("symbol", "param:k").rows()}
    assert at_least <= len(keys) == len(kept) < 16
    before = len(trader.computed())
    again = ws.sweep(request_of(), executor).result(LONG)
    every = {f"{symbol} {k}" for symbol in ("SYN", "ALT") for k in range(1, 9)}
    computed = trader.computed()[before:]
    assert set(computed) == every - keys
    if not isinstance(executor, Client):  # of which a worker may be at what it was told to leave
        assert len(computed) == 16 - len(kept)
    assert (again.status, again.sweep.reused, again.sweep.counts()["done"]) == ("completed", len(kept), 16)
    whole = again.sweep.children
    ws.delete_run(again.run_id)
    ws.delete_run(run_id)
    expected = swept(ws, request_of(), "inline")
    assert_frame_equal(whole, expected, check_exact=True)
    assert_frame_equal(kept, expected.join(kept, on=["combination", "symbol"], how="semi"), check_exact=True)


@pytest.mark.parametrize("kind", EXECUTORS)
def test_a_cancelled_sweep_keeps_whole_children_and_is_resumed(
    kind, given, background, trader, door, small_tasks, told_to_stop
):
    """On every executor the job ends as cancelled, and the same sweep again computes the rest only."""
    trader(("ALT", 3), waiting(door))
    job = background.sweep(request_of(), given[kind], workers=2)
    with door.guest() as pid:
        assert job.cancel()
        assert pid == os.getpid() or told_to_stop.wait(LONG)
    with pytest.raises(JobCancelledError):
        job.result(LONG)
    assert background.run(job.run_id).status == "cancelled"
    resumed_only_the_rest(background, job.run_id, trader, given[kind], at_least=4)


def test_a_cancelled_process_ends_after_the_child_it_is_at(background, trader, door, told_to_stop):
    """A task of many children is not waited for to its end."""
    trader(("SYN", 2), waiting(door))
    job = background.sweep(request_of(symbols=("SYN",)), "processes", workers=1)
    with door.guest():
        job.cancel()
        assert told_to_stop.wait(LONG)
    with pytest.raises(JobCancelledError):
        job.result(LONG)
    assert trader.computed() == ["SYN 1", "SYN 2"]
    assert background.run(job.run_id).sweep.children["param:k"].to_list() == [1, 2]


def test_a_client_without_workers_is_refused(background, monkeypatch):
    """After a bounded wait, before anything is recorded."""
    monkeypatch.setattr(sweep_dask, "_PATIENCE_S", 0.1)
    with local_cluster(0) as cluster, Client(cluster) as client, pytest.raises(ExecutorLostError, match="no workers"):
        background.sweep(CROSSOVERS, client)
    assert not background.runs_store.list_runs()


@pytest.mark.parametrize("what", ["cluster", "closed client"])
def test_what_is_no_connected_client_is_refused(what, cluster, background, monkeypatch):
    """A cluster in place of its client, and a client that was closed, are named."""
    client = Client(cluster)
    client.close()
    refused = {"cluster": (cluster, InvalidParameterError), "closed client": (client, ExecutorLostError)}
    executor, error = refused[what]
    with pytest.raises(error, match=r"[Cc]lient"):
        background.sweep(CROSSOVERS, executor)
    assert not background.runs_store.list_runs()


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_a_pool_that_was_shut_down_is_lost(kind, background):
    """The error has the remedy, and the run has failed."""
    pool = kind(1)
    pool.shutdown()
    job = background.sweep(CROSSOVERS, pool)
    with pytest.raises(ExecutorLostError, match="0 children are kept: start the same sweep again"):
        job.result(LONG)
    assert background.run(job.run_id).status == "failed"


def test_a_given_pool_of_processes_that_breaks_is_lost(background, trader, door, small_tasks):
    """It is its owner's to replace; what was finished is kept."""
    trader(("ALT", 4), dying_once(door))
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        job = background.sweep(request_of(), pool)
        with pytest.raises(ExecutorLostError, match="start the same sweep again"):
            job.result(LONG)
    resumed_only_the_rest(background, job.run_id, trader, "inline", at_least=8)


NOTEBOOK = """
import barscope as bs
from barscope.engine.strategies import SMACrossover
from barscope.indicators import build_indicator

class Midrange(bs.Indicator):
    parameters = {}

    def compute(self, bars):
        return (bars.high + bars.low) / 2

class Whim(SMACrossover):
    def setup(self):
        super().setup()
        self.middle = self.add_indicator(Midrange())
        self.tenth = self.add_indicator(build_indicator("Tenth"))

    def signals(self, symbol, bars):
        found = super().signals(symbol, bars)
        return bs.Signals(found.entries & (bars.close > self.middle.column(symbol)), found.exits)
"""
TENTH = """
import barscope as bs

class Tenth(bs.Indicator):
    def compute(self, bars):
        return bars.close / 10
"""


@pytest.mark.parametrize("place", ["notebook", "folder"])
@pytest.mark.parametrize("kind", ["given processes", "dask", "dask in this process"])
def test_strategies_of_a_notebook_and_of_a_folder_travel(place, kind, given, workspace):
    """With indicators beside them and those they ask for by name; the classes here stay what they are."""
    folder = workspace.paths.folder / "indicators"
    folder.mkdir(exist_ok=True)
    (folder / "tenth.py").write_text(TENTH)
    workspace.reload_indicators()
    if place == "notebook":
        exec(compile(NOTEBOOK, "<cell>", "exec"), {"__name__": "__main__"})  # noqa: S102  # as a notebook does
    else:
        (workspace.paths.folder / "strategies").mkdir(exist_ok=True)
        (workspace.paths.folder / "strategies" / "whim.py").write_text(NOTEBOOK)
        workspace.reload_strategies()
    request = CROSSOVERS.model_copy(update={"strategy": "Whim"})
    classes = [dict(strategies._classes), dict(indicators._classes)]
    key = workspace.sweeps.plan(request).key
    with executor_called(kind, given) as executor:
        found = swept(workspace, request, executor)
    assert_frame_equal(found, swept(workspace, request, "inline"), check_exact=True)
    assert set(found["state"]) == {"done"}
    assert [strategies._classes, indicators._classes] == classes
    assert workspace.sweeps.plan(request).key == key


@contextmanager
def executor_called(kind, given):
    """One of those given, or a Dask cluster of threads."""
    if kind in given:
        yield given[kind]
    else:
        with (
            LocalCluster(
                n_workers=1, threads_per_worker=2, processes=False, dashboard_address="127.0.0.1:0"
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client


@pytest.mark.parametrize("kind", ["threads", "given processes", "dask"])
def test_combinations_that_raise_fail_by_name_and_the_others_stand(kind, given, workspace):
    """The error says what was raised and where, the same on every executor."""

    class Choosy(SMACrossover):
        def signals(self, symbol, bars):
            if symbol == "ALT" and self.fast_period == 15:
                raise KeyError("not on a Friday")
            return super().signals(symbol, bars)

    request = CROSSOVERS.model_copy(update={"strategy": "Choosy"})
    found = swept(workspace, request, given[kind])
    failed = found.filter(state="failed")
    assert failed.select("symbol", "param:fast_period", "param:slow_period").rows() == [
        ("ALT", 15, 20),
        ("ALT", 15, 40),
    ]
    assert all(error.startswith("KeyError: 'not on a Friday' (signals, line ") for error in failed["error"])
    assert_frame_equal(found, swept(workspace, request, "inline"), check_exact=True)


def test_a_sweep_of_which_every_child_fails_has_failed(workspace, given):
    """The job tells the first error."""

    class Broken(SMACrossover):
        def signals(self, symbol, bars):
            raise ZeroDivisionError("by design")

    job = workspace.sweep(CROSSOVERS.model_copy(update={"strategy": "Broken"}), given["dask"])
    with pytest.raises(StrategyError, match="every child failed; the first one: ZeroDivisionError: by design"):
        job.result(LONG)
    assert workspace.run(job.run_id).status == "failed"


@pytest.mark.parametrize("kind", ["threads", "given processes", "dask"])
def test_progress_and_preview_only_grow(kind, given, workspace, trader, small_tasks, monkeypatch):
    """Each preview has all the children of the one before it, and none is shown before the record has it."""
    trader()
    shares, previews = [], []
    news, publish = Job.news, JobContext.publish

    def noted(job, stage, progress, message):
        shares.append(progress)
        news(job, stage, progress, message)

    def seen(context, preview):
        recorded = sum(chunk.n for chunk in workspace.runs_store.sweep_chunks.read(context._job.run_id))
        previews.append((preview, recorded))
        publish(context, preview)

    monkeypatch.setattr(Job, "news", noted)
    monkeypatch.setattr(JobContext, "publish", seen)
    workspace.sweep(request_of(), given[kind]).result(LONG)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert [preview.done for preview, _recorded in previews] == [recorded for _preview, recorded in previews]
    assert len(previews) > 4
    keys = [set(preview.children.select("symbol", "combination").rows()) for preview, _recorded in previews]
    assert all(earlier < later for earlier, later in pairwise(keys))
    assert all(sum(preview.counts().values()) == preview.total == 16 for preview, _recorded in previews)


SCRIPT = """
import sys
import barscope as bs
from barscope.engine.strategies import SMACrossover

class Mine(SMACrossover):
    pass

def main():
    with bs.Workspace(sys.argv[1]) as ws:
        request = bs.SweepRequest(
            symbols=("SYN",), rtype=33, publisher_id=1, strategy="Mine", parameters={"fast_period": [5, 6, 7]}
        )
        print(ws.sweep(request, "processes", workers=1).result().sweep.counts())

"""


def run_script(folder, ending, workspace):
    """What becomes of a script that ends so."""
    (folder / "script.py").write_text(SCRIPT + ending)
    return subprocess.run(
        [sys.executable, folder / "script.py", workspace.paths.folder], capture_output=True, text=True, timeout=LONG
    )


def test_a_script_defines_a_strategy_that_processes_compute(workspace, tmp_path):
    """Each process reads the script again, and its class does not clash with the one that was sent."""
    done = run_script(tmp_path, "if __name__ == '__main__':\n    main()\n", workspace)
    assert (done.stdout, done.stderr) == ("{'done': 3, 'skipped': 0, 'failed': 0, 'missing': 0}\n", "")


def test_a_script_without_a_guard_is_told_so(workspace, tmp_path):
    """The processes cannot start; the error says what to write."""
    done = run_script(tmp_path, "main()\n", workspace)
    assert done.returncode == 1
    assert 'below `if __name__ == "__main__":`' in done.stderr.splitlines()[-1]
