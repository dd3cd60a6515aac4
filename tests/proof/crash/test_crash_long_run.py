"""Recovering a long run takes little time."""

import shutil
from contextlib import closing

import pytest
from sizes import SOAK

from barscope.store.runs import RunStore

MILLION = 1_000_000
LIMIT_S = 2.0
"""For a million rows; it counts in `make soak` only, where a machine may be expected to do nothing else."""


@pytest.mark.parametrize(("rows", "times"), [(100_000, 1), pytest.param(MILLION, 3, marks=SOAK)])
def test_a_long_run_is_recovered_in_less_than_two_seconds(children, tmp_path, rows, times):
    """All of its rows but the last were written, and nothing is left of them; the best of three times counts."""
    killed = tmp_path / "killed"
    assert children.run("die at the end of a long run", folder=str(killed), bars=rows)[1] == -9
    seconds = min(recovered_in(children, shutil.copytree(killed, tmp_path / f"copy {k}")) for k in range(times))
    print(f"{rows:,} rows recovered in {seconds:.2f} s")
    assert rows < MILLION or seconds < LIMIT_S


def recovered_in(children, folder):
    """How long it takes a new process to open a workspace whose long run was killed; the folder is removed."""
    [recovered] = [t for t in children.run("recover", folder=str(folder))[0] if t["kind"] == "recovered"]
    assert len(recovered["runs"]) == 1
    with closing(RunStore(folder / "runs.db", readonly=True)) as store:
        for table in ("bars_processed", "run_columns"):
            assert store.database.rows(f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608 (names above)
    shutil.rmtree(folder)
    return recovered["seconds"]
