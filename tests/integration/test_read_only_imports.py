"""A process that only reads cannot import what writes, and can do all that a page of results needs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import barscope as bs
from barscope.workspace.read_only_imports import WRITE_PATHS

SOURCE = Path(bs.__file__).parent

READER = """
from barscope.workspace.read_only_imports import forbid_write_paths
forbid_write_paths()
forbid_write_paths()
import sys
import barscope.widgets.results_view, barscope.widgets.run_table
from barscope.charts.data import ChartSpec
from barscope.store.run_list import glance_at_runs
from barscope.workspace.read_only import ReadOnlyWorkspace
from barscope.workspace.run_view import enqueue_run_view
for place in sys.argv[1:]:
    open_ = ReadOnlyWorkspace.of_snapshot if place.endswith(".db") else ReadOnlyWorkspace.of_live
    with open_(place) as ws:
        for glance in glance_at_runs(ws.runs_store):
            view = enqueue_run_view(ws, glance.run_id, None, ChartSpec()).result()
            run = view.run
            run.bars(), run.indicators(), run.figure()
            if view.is_backtest:
                run.fills(), run.orders(), run.roundtrips(), run.equity(), run.summary(), run.journey_figure()
            print(glance.run_id, len(view.chart.bars), bool(view.figures))
        list(ws.sessions()), list(ws.states())
        try:
            run.to_csv("leak.csv")
        except ImportError as error:
            print(error)
"""


@pytest.fixture
def places(workspace, tmp_path):
    """A live folder with an exploration and a backtest, and a snapshot of them."""
    choice = {"symbols": ["SYN"], "rtype": 33, "publisher_id": 1}
    explored = workspace.explore(
        bs.ExplorerRequest(indicators=[bs.IndicatorConfig(class_name="SMA")], **choice)
    ).result()
    params = {"fast_period": 5, "slow_period": 10}
    tested = workspace.backtest(bs.BacktestRequest(strategy="SMACrossover", strategy_params=params, **choice)).result()
    run_ids = [tested.run_id, explored.run_id]
    return run_ids, workspace.paths.folder, workspace.publish(run_ids, tmp_path / "s.db")


def run_child(code, *args, cwd=None):
    """What a process prints; it has to end well."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, timeout=60, check=False, cwd=cwd
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_reader_works_without_any_write_path(places, tmp_path):
    """In a real process that refuses them, charts, tables and figures of a snapshot and of a live folder come out."""
    run_ids, folder, snapshot = places
    lines = run_child(READER, snapshot, folder, cwd=tmp_path)
    seen = [f"{run_ids[0]} 500 True", f"{run_ids[1]} 500 False"]
    assert lines == [*seen, "barscope.charts.export writes: this process only reads"] * 2
    assert not (tmp_path / "leak.csv").exists()


def test_every_write_path_is_refused():
    """Each module of the list, and each below it, raises an error that names it."""
    code = """
import importlib, sys
from barscope.workspace.read_only_imports import WRITE_PATHS, WritePathError, forbid_write_paths
forbid_write_paths()
for name in (*WRITE_PATHS, "barscope.ingest.report", "barscope.cli.app"):
    try:
        importlib.import_module(name)
    except WritePathError as error:
        assert error.name and name.startswith(error.name), (name, error.name)
    else:
        print("imported", name)
"""
    assert run_child(code) == []


def test_forbidding_too_late_is_an_error():
    """A write path that is imported already is named."""
    code = """
import barscope.store.runs
from barscope.workspace.read_only_imports import WritePathError, forbid_write_paths
try:
    forbid_write_paths()
except WritePathError as error:
    print(error)
"""
    (line,) = run_child(code)
    assert "barscope.store.runs" in line
    assert "imported already" in line


def test_the_list_names_modules_there_are():
    """No entry of the list has outlived its module."""
    for name in WRITE_PATHS:
        path = SOURCE.joinpath(*name.split(".")[1:])
        assert path.with_suffix(".py").exists() or path.is_dir(), name


WRITES = {
    *("atomic", "check_writer", "write_text", "write_bytes", "unlink", "mkdir", "touch", "rmtree", "symlink_to"),
    *("mkstemp", "mkdtemp", "TemporaryDirectory", "NamedTemporaryFile", "Popen", "copyfile", "copytree"),
    *("Database", "RunStore", "PresetStore", "SecurityMaster"),
}
SERVER = "barscope.dashboard."
"""The server makes the empty folder of its kernels before they start."""


def is_writing(call):
    """Whether a call opens something for writing, or writes."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    texts = [a.value for a in (*call.args, *(k.value for k in call.keywords)) if isinstance(a, ast.Constant)]
    modes = [text for text in texts if isinstance(text, str) and len(text) < 4]
    return name in WRITES or (name == "open" and any(set(mode) & set("wax+") for mode in modes))


def writing_modules(source):
    """The modules below a folder in which something is written."""
    for path in sorted(source.rglob("*.py")):
        calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
        if any(map(is_writing, calls)):
            yield ".".join(["barscope", *path.relative_to(source).with_suffix("").parts])


def test_every_module_that_writes_is_on_the_list():
    """Every module that begins a transaction, opens a store for writing or writes a file is refused to readers."""
    found = [name for name in writing_modules(SOURCE) if not name.startswith(SERVER)]
    assert "barscope.store.run_writer" in found
    missing = [name for name in found if not any(name == p or name.startswith(f"{p}.") for p in WRITE_PATHS)]
    assert missing == [], "add them to WRITE_PATHS in workspace/read_only_imports.py"


def test_a_module_that_writes_is_found(tmp_path):
    """A planted transaction and a planted open() are seen."""
    (tmp_path / "a.py").write_text("with store.atomic() as c:\n    pass\n")
    (tmp_path / "b.py").write_text("open('a.txt', 'w')\n")
    (tmp_path / "c.py").write_text("open('a.txt')\npath.open('rb')\n")
    assert list(writing_modules(tmp_path)) == ["barscope.a", "barscope.b"]
