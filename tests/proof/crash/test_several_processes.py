"""Two processes that explore, four that read and one that ingests, on one workspace at a time."""

import os
import shutil
from pathlib import Path

from sizes import SOAK

BARS = 20_000
ROLES = ["writer", "other writer", "reader", "reader", "reader", "reader", "ingester"]
SOAK_S = 60 * float(os.environ.get("BARSCOPE_SOAK_MINUTES", "30"))


def at_work(children, folder, **crowd):
    """Lets a crowd work on a new workspace; all that was told, and what is wrong afterwards."""
    template, where = str(folder / "template"), str(folder / "ws")
    there = children.run("make", folder=template, bars=BARS)[0]
    children.run("refer", folder=str(shutil.copytree(template, folder / "reference")), template=template)
    shutil.copytree(template, where)
    facts = {"folder": where, "template": template, "bars": BARS}
    told, code = children.run("crowd", **facts, **crowd)
    assert code == 0
    [checked] = [t for t in children.run("check crowd", **facts, told=there + told)[0] if t["kind"] == "checked"]
    measured = [t for t in told if t["kind"] in ("written", "read", "log")]
    print(*measured, f"{checked['runs']} runs", sep="\n")
    shutil.rmtree(Path(where))
    return told, checked["wrong"]


def figures(told, kind, name):
    """One figure of everybody who measured it."""
    return [t[name] for t in told if t["kind"] == kind]


def test_nothing_is_lost_doubled_partial_or_locked(children, tmp_path):
    """For 15 s: no process meets an error, every reader sees whole runs, and in the end all that was told is there."""
    told, wrong = at_work(children, tmp_path, roles=ROLES, seconds=15, seed=1, kill_every_s=None)
    assert figures(told, "error", "text") == []
    assert figures(told, "ended", "code") == [0] * len(ROLES)
    assert wrong == []
    assert len(figures(told, "result", "run_id")) >= 8
    assert len(figures(told, "read", "n")) == 4


@SOAK
def test_nothing_is_lost_in_a_long_time_with_kills_backups_and_publishing(children, tmp_path):
    """For BARSCOPE_SOAK_MINUTES, 30 if not set: a writer is killed every few seconds, and nobody has to wait long."""
    roles = [*ROLES, "publisher", "keeper"]
    told, wrong = at_work(children, tmp_path, roles=roles, seconds=SOAK_S, seed=2, kill_every_s=7)
    assert figures(told, "error", "text") == []
    assert set(figures(told, "ended", "code")) == {0, -9}
    assert wrong == []
    assert figures(told, "published", "k")
    assert figures(told, "backed up", "k")


@SOAK
def test_nobody_waits_long(children, tmp_path):
    """For 15 s: a transaction takes less than 2 s, waiting included, 99 of 100 reads less than 50 ms, a log 64 MB."""
    told, wrong = at_work(children, tmp_path, roles=ROLES, seconds=15, seed=3, kill_every_s=None)
    assert wrong == []
    assert max(figures(told, "written", "slowest_ms")) < 2000
    assert max(figures(told, "read", "p99_ms")) < 50
    assert max(figures(told, "log", "mb")) < 64
