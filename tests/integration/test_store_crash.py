"""Processes that die, fork, race and read while others write: the stores stay whole."""

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from barscope.domain.bars import Bars
from barscope.errors import UnknownRunError
from barscope.store.presets import PresetStore
from barscope.store.runs import RunStore
from barscope.store.runs_schema import EVENT_TABLES

PREAMBLE = """
import os, signal, sys
from contextlib import suppress
import numpy as np
from barscope.domain.bars import Bars
from barscope.errors import BarscopeError
from barscope.store import run_writer
from barscope.store.database import Database
from barscope.store.presets import PresetStore
from barscope.store.runs import RunStore
run_writer.CHUNK_ROWS = 50
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
def bars(n):
    ts = np.arange(n)
    return Bars(ts, ts + 1.0, ts + 1.0, ts + 1.0, ts + 1.0, ts)
def die_at_transaction(number):
    real, count = Database.atomic, iter(range(number))
    def counted(self, *, durable=False):
        if next(count, None) is None:
            die()
        return real(self, durable=durable)
    Database.atomic = counted
path = sys.argv[1]
"""
RECORD = """
runs = RunStore(path)
{before}
writer = runs.begin("r", "n", 1, {{}})
for symbol in "AB":
    writer.append_processed(symbol, "DAY", bars(120), {{}}, 1)
{end}
{after}
die()
"""


def start(code, path):
    """A process that runs the code on the database."""
    command = [sys.executable, "-c", PREAMBLE + code, str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    """Its exit code and what it printed."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def rows_of(runs):
    """Rows over all tables of results."""
    tables = (*EVENT_TABLES, "run_columns")
    return sum(runs.database.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables)  # noqa: S608


def integrity(store):
    """What SQLite says of the whole file."""
    return store.database.rows("PRAGMA integrity_check") + store.database.rows("PRAGMA foreign_key_check")


@pytest.mark.parametrize("transaction", [2, 4, 6, 7])
def test_a_recorder_killed_at_any_transaction_leaves_nothing_behind(tmp_path, transaction):
    """Kill -9 before the commit of the status: the run is failed, interrupted, and has no rows."""
    code, _, err = finish(
        start(
            RECORD.format(before=f"die_at_transaction({transaction})", end="writer.complete(2, {})", after=""),
            tmp_path / "runs.db",
        )
    )
    assert code == -signal.SIGKILL, err
    with closing(RunStore(tmp_path / "runs.db")) as runs:
        (run,) = runs.list_runs()
        if run.status == "completed":
            assert transaction == 7
            assert runs.recover() == ()
            assert runs.verify("r")
            assert rows_of(runs) == 240 + 2 * 6 * 3
            return
        assert run.status == "running"
        assert runs.recover() == ("r",)
        assert (runs.get("r").status, runs.get("r").metadata) == ("failed", {"reason": "interrupted"})
        assert rows_of(runs) == 0
        assert integrity(runs) == [("ok",)]


@pytest.mark.parametrize("killed_at", [1, 3, 5])
def test_a_recovery_killed_at_any_transaction_is_finished_by_the_next(tmp_path, killed_at):
    """Kill -9 during recover() leaves a run that recovers again."""
    finish(start(RECORD.format(before="", end="", after=""), tmp_path / "runs.db"))
    script = f"""
from barscope.store import run_rows
run_rows._ROWS_AT_ONCE = 60
runs = RunStore(path)
die_at_transaction({killed_at})
runs.recover()
die()
"""
    assert finish(start(script, tmp_path / "runs.db"))[0] == -signal.SIGKILL
    with closing(RunStore(tmp_path / "runs.db")) as runs:
        runs.recover()
        assert runs.get("r").metadata == {"reason": "interrupted"}
        assert rows_of(runs) == 0


def test_a_deletion_that_is_killed_is_finished_by_recovery(tmp_path):
    """Kill -9 during delete() never leaves a completed run with missing rows, nor one that was never interrupted."""
    code = RECORD.format(before="", end="writer.complete(2, {})", after="die_at_transaction(2)\nruns.delete(['r'])")
    assert finish(start(code, tmp_path / "runs.db"))[0] == -signal.SIGKILL
    with closing(RunStore(tmp_path / "runs.db")) as runs:
        assert runs.list_runs(status="completed") == ()
        assert len(runs.list_runs()) == 1
        assert runs.recover() == ()
        assert runs.list_runs() == ()
        assert rows_of(runs) == 0


def test_a_run_of_a_living_process_is_left_alone_and_hidden(tmp_path):
    """While another process records, recovery does nothing, readers see no result, and its death frees the run."""
    code = RECORD.format(before="", end="print('recorded', flush=True); sys.stdin.readline()", after="")
    process = start(code, tmp_path / "runs.db")
    assert process.stdout.readline() == "recorded\n"
    with (
        closing(RunStore(tmp_path / "runs.db")) as runs,
        closing(RunStore(tmp_path / "runs.db", readonly=True)) as reader,
    ):
        assert runs.recover() == ()
        assert reader.owned("r")
        assert rows_of(reader) > 0
        assert reader.list_runs(status="completed") == ()
        with pytest.raises(UnknownRunError, match="is running"):
            reader.bars("r", "A")
        finish(process)
        assert not reader.owned("r")
        assert runs.recover() == ("r",)
        assert rows_of(reader) == 0


def test_the_owner_dies_with_its_process_even_if_a_child_of_it_lives_on(tmp_path):
    """A forked child closes the lock it inherited, so it does not keep a dead parent's run alive."""
    code = """
runs = RunStore(path)
writer = runs.begin("r", "n", 1, {})
if os.fork() == 0:
    with suppress(BarscopeError):
        writer.cancel(2)
        print("a child ended the run of its parent")
    print("child", flush=True)
    sys.stdin.readline()
    os._exit(0)
os.read(0, 0)
os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG)
die()
"""
    process = start(code, tmp_path / "runs.db")
    assert process.stdout.readline() == "child\n"
    process.wait(timeout=60)
    with closing(RunStore(tmp_path / "runs.db")) as runs:
        assert runs.recover() == ("r",)
    finish(process)


def test_a_forked_child_uses_connections_and_locks_of_its_own(tmp_path):
    """A child writes by itself, also after its parent closed the file; no acknowledged row is lost."""
    code = """
store = PresetStore(path)
store.chart_settings.set("parent", 1)
mine = store.database.connection()
closed, close = os.pipe()
if (child := os.fork()) == 0:
    if store.database.connection() is mine or store.chart_settings.names() != ("parent",):
        os._exit(3)
    os.close(close)
    os.read(closed, 1)
    store.chart_settings.set("child", 2)
    sys.exit(0)
store.close()
os.close(close)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    code, _, err = finish(start(code, tmp_path / "presets.db"))
    assert code == 0, err
    with closing(PresetStore(tmp_path / "presets.db")) as store:
        assert store.chart_settings.names() == ("child", "parent")
        assert integrity(store) == [("ok",)]


def test_a_child_forked_inside_a_transaction_keeps_off_the_file(tmp_path):
    """The transaction belongs to the parent: the child can neither end it nor use the file, and the parent commits."""
    code = """
store = PresetStore(path)
child = 0
with suppress(BarscopeError), store.database.atomic() as connection:
    connection.execute("INSERT INTO chart_settings VALUES ('parent', '2')")
    child = os.fork()
    if child:
        os.waitpid(child, 0)
if child:
    print("parent", store.chart_settings.names())
else:
    for use in (lambda: store.chart_settings.names(), lambda: PresetStore(path)):
        try:
            use()
        except BarscopeError as error:
            print("in use when this process was forked" in str(error))
"""
    code, out, err = finish(start(code, tmp_path / "presets.db"))
    assert (code, out.splitlines()) == (0, ["True", "True", "parent ('parent',)"]), err


def test_writers_of_several_processes_take_turns(tmp_path):
    """A writer that never pauses cannot starve another: the other waits for a transaction or two, not for hundreds."""
    PresetStore(tmp_path / "presets.db").close()
    greedy = """
import time
store = PresetStore(path)
for i in range(10**9):
    if os.path.exists(path + ".stop"):
        break
    with store.database.atomic() as connection:
        connection.execute("INSERT INTO chart_settings VALUES (?, '1')", (f"greedy {i}",))
        free = time.perf_counter() + 0.002
        while time.perf_counter() < free:
            pass
    if i == 0:
        print("started", flush=True)
print(i, "in all")
"""
    process = start(greedy, tmp_path / "presets.db")
    assert process.stdout.readline() == "started\n"
    with closing(PresetStore(tmp_path / "presets.db")) as store:
        before = len(store.chart_settings.names())
        for i in range(20):
            store.chart_settings.set(f"patient {i}", i)
        (tmp_path / "presets.db.stop").touch()
        code, out, err = finish(process)
        assert code == 0, err
        names = [name for (name,) in store.database.rows("SELECT owner FROM chart_settings ORDER BY rowid")]
    assert f"{len(names) - 20} in all" in out
    assert (names.index("patient 19") - before) / 20 < 5  # 1.1 measured; 6 to 250 without the gate


def test_several_processes_create_one_database(tmp_path):
    """Whoever comes first creates the file, the others find it whole."""
    processes = [
        start("PresetStore(path).chart_settings.set(str(os.getpid()), 1)", tmp_path / "presets.db") for _ in range(3)
    ]
    assert [finish(process)[::2] for process in processes] == [(0, "")] * 3
    with closing(PresetStore(tmp_path / "presets.db")) as store:
        assert len(store.chart_settings.names()) == 3


def test_a_writer_that_is_killed_frees_the_gate(tmp_path):
    """Kill -9 inside a transaction loses that transaction only, and the next writer passes at once."""
    code = """
store = PresetStore(path)
store.chart_settings.set("kept", 1)
with store.database.atomic() as connection:
    connection.execute("INSERT INTO chart_settings VALUES ('lost', '2')")
    die()
"""
    assert finish(start(code, tmp_path / "presets.db"))[0] == -signal.SIGKILL
    with closing(PresetStore(tmp_path / "presets.db")) as store:
        store.chart_settings.set("next", 1)
        assert store.chart_settings.names() == ("kept", "next")


def test_a_reader_in_this_process_sees_whole_runs_only(tmp_path):
    """Between any two chunks of a recording, a reader sees either no result or the whole run."""
    n = 45_000
    ts = np.arange(n)
    bars = Bars(ts, ts + 1.0, ts + 1.0, ts + 1.0, ts + 1.0, ts)
    with (
        closing(RunStore(tmp_path / "runs.db")) as runs,
        closing(RunStore(runs.database.path, readonly=True)) as reader,
    ):
        writer = runs.begin("r", "n", 1, {})
        told = []

        def look(rows):
            told.append(rows)
            assert reader.list_runs(status="completed") == ()
            with pytest.raises(UnknownRunError):
                reader.series("r", "A")

        writer.append_processed("A", "DAY", bars, {"x": np.zeros(n)}, 1, on_rows=look)
        writer.complete(2, {})
        assert told == [20_000, 40_000, 45_000]
        assert len(reader.bars("r", "A")) == n


def test_locks_and_databases_are_not_inherited_by_programs(tmp_path):
    """A program started while a run is recorded gets none of its files, so it cannot keep the run alive."""
    with closing(RunStore(tmp_path / "runs.db")) as runs:
        writer = runs.begin("r", "n", 1, {})
        look = (
            "import os; print([os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') if int(n) > 2])"
        )
        if not Path("/proc/self/fd").is_dir():
            pytest.skip("only Linux lists open files here")
        out = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False, close_fds=False)
        assert "runs.db" not in out.stdout
        writer.cancel(2)
