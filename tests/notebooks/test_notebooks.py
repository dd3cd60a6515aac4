"""Every example notebook runs on a fresh workspace, without an error anywhere, and is stored as a reader gets it."""

import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbmake.nb_run import NotebookRun

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
STARTUP = Path(__file__).parent / "record_errors.py"
CELL_SECONDS = 120

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture
def run_notebook(tmp_path, monkeypatch):
    """Runs a notebook with nbmake in a fresh workspace; returns the error of a cell, and those of threads and tasks."""
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    shutil.copy(STARTUP, startup)
    errors = tmp_path / "errors.txt"
    (tmp_path / "temporary").mkdir()
    for name, value in {
        "IPYTHONDIR": tmp_path / "ipython",
        "ERRORS_FILE": errors,
        "BARSCOPE_WORKSPACE": tmp_path / "workspace",
        "TMPDIR": tmp_path / "temporary",
        "JUPYTER_RUNTIME_DIR": tmp_path / "runtime",
    }.items():
        monkeypatch.setenv(name, str(value))

    def run(path):
        error = NotebookRun(path, CELL_SECONDS, kernel="python3").execute().error
        return None if error is None else error.trace, errors.read_text() if errors.exists() else ""

    return run


@each_notebook
def test_a_notebook_runs(path, run_notebook):
    """Every cell works on a fresh workspace, its hidden assertions hold, and no thread or task fails unseen."""
    cell_error, elsewhere = run_notebook(path)
    assert cell_error is None, cell_error
    assert elsewhere == "", elsewhere


PLANTED = """
import asyncio, threading

async def task():
    1 / 0

thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
asyncio.create_task(task())
asyncio.get_running_loop().call_soon(lambda: 1 / 0)
await asyncio.sleep(0.01)
"""


def test_errors_outside_of_the_cells_are_seen(run_notebook, tmp_path):
    """Errors in threads, tasks nobody awaits and callbacks of the loop are noted; nbmake alone passes over them."""
    nbformat.write(new_notebook(cells=[new_code_cell(PLANTED)]), tmp_path / "planted.ipynb")
    cell_error, elsewhere = run_notebook(tmp_path / "planted.ipynb")
    assert cell_error is None
    assert [what for what in ("in thread", "never retrieved", "in callback") if what not in elsewhere.lower()] == []
    assert elsewhere.count("\nZeroDivisionError") == 3


def test_an_error_of_a_cell_is_seen(run_notebook, tmp_path):
    """A cell that raises fails the notebook."""
    nbformat.write(new_notebook(cells=[new_code_cell("assert 1 == 2")]), tmp_path / "planted.ipynb")
    cell_error, _ = run_notebook(tmp_path / "planted.ipynb")
    assert "AssertionError" in cell_error


def test_the_notebooks_of_the_tour_are_there():
    """The notebooks the documentation names exist."""
    tour = [
        "01_explore",
        "02_own_indicator",
        "03_bring_your_data",
        "04_backtest",
        "05_compare_runs",
        "06_share",
        "07_find_setups",
        "08_sessions_and_splits",
        "09_futures",
        "10_collateral_hedge",
        "11_sweep",
    ]
    assert [path.stem for path in NOTEBOOKS] == tour


@each_notebook
def test_a_notebook_is_stored_clean(path):
    """No outputs, no execution counts, the plain Python kernel, valid by its schema, and every cell has an id."""
    notebook = json.loads(path.read_text())
    nbformat.validate(notebook)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)


@each_notebook
def test_a_notebook_names_no_path_of_a_machine(path):
    """Whoever opens a notebook has other folders."""
    text = "\n".join("".join(cell["source"]) for cell in json.loads(path.read_text())["cells"])
    assert not re.search(r"(?<![\w.:/])(/(home|root|work|tmp|Users)/|~/|[A-Z]:\\)", text)


@each_notebook
def test_a_notebook_asserts_on_its_values_where_readers_do_not_look(path):
    """The last cell checks values, and is tagged so that rendered pages leave it out."""
    last = json.loads(path.read_text())["cells"][-1]
    assert {"remove-cell", "hidden-assertions"} <= set(last["metadata"]["tags"])
    assert "".join(last["source"]).count("assert ") >= 5
