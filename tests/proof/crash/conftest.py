"""The process that children are forked from, and a workspace for each of them to die in."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # the modules beside the tests, which the children import too

BARS, ROWS = 400, 90
"""Bars of a symbol, and rows of a transaction."""
HANGS_S = 300
"""A child that tells nothing for so long does nothing any more."""


class Children:
    """Starts children, one after the other; see `child.py`."""

    def __init__(self):
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
        child = [sys.executable, str(Path(__file__).with_name("child.py"))]
        self._process = subprocess.Popen(
            child, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0
        )
        self._read = b""

    def close(self):
        """Ends the process and waits for it."""
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()

    def run(self, task, *, kill_after_s=None, **facts):
        """Runs a task to its end, or to its death by us; what it told, and its exit code."""
        self._process.stdin.write((json.dumps({"task": task, **facts}) + "\n").encode())
        told, pid, deadline = [], None, None
        while True:
            if deadline is not None and not self._readable(deadline - time.monotonic()):
                _kill(pid)
                deadline = None
            if not self._readable(HANGS_S):
                _kill(pid)
                pytest.fail(f"{task} hangs; it told {told}")
            line = self._line()
            if line["kind"] == "dead":
                assert not [t for t in told if t["kind"] == "error"], told
                return told, line["code"]
            if line["kind"] == "born":
                pid = line["pid"]
                deadline = None if kill_after_s is None else time.monotonic() + kill_after_s
            told.append(line)

    def _readable(self, within_s):
        return b"\n" in self._read or bool(select.select([self._process.stdout], [], [], max(0.0, within_s))[0])

    def _line(self):
        while b"\n" not in self._read:
            got = os.read(self._process.stdout.fileno(), 1 << 16)
            assert got, "the process that forks the children ended"
            self._read += got
        line, _, self._read = self._read.partition(b"\n")
        return json.loads(line)


def _kill(pid):
    with suppress(ProcessLookupError):  # it has just come to its end
        os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True)
class Outcome:
    """What came of a process that was to die.

    Attributes:
        died: Whether it did, or came to its end first.
        wrong: Promises that were broken.
        recovered: Runs that the last recovery ended as failed.
        seconds: What opening the workspace took, its recovery included.
    """

    died: bool
    wrong: list[str]
    recovered: list[str]
    seconds: float


class Crashes:
    """Lets processes die in copies of one workspace, and has each copy checked by another process.

    Attributes:
        work_s: How long the work takes when nobody disturbs it.
    """

    def __init__(self, children, folder):
        self._children = children
        self._template = folder / "template"
        self._there = children.run("make", folder=str(self._template), bars=BARS)[0]
        self._children.run("refer", folder=str(self._copy(folder / "reference")), template=str(self._template))
        undisturbed, begun = str(self._copy(folder / "undisturbed")), time.monotonic()
        self._children.run("work", folder=undisturbed, rows=ROWS, seed=0)
        self.work_s = time.monotonic() - begun

    def of(self, folder, seed, *, at=None, nth=1, kill_after_s=None, plant=None, recoveries=(), goes_on=False):
        """A process at work dies, each recovery does, as its keywords say, and another process recovers and checks.

        Args:
            folder: For the workspace; new.
            seed: Of what the process does.
            at: The event to die at, or None.
            nth: At which of them.
            kill_after_s: When to die, if not at an event.
            plant: A bug to plant in all of these processes.
            recoveries: What becomes of recoveries before the last: `at`, `nth`, `kill_after_s`.
            goes_on: Whether to explore once more in the end.
        """
        where = {"folder": str(self._copy(folder)), "rows": ROWS, "plant": plant}
        told, code = self._children.run("work", **where, seed=seed, at=at, nth=nth, kill_after_s=kill_after_s)
        for recovery in recoveries:
            code = min(code, self._children.run("recover", **where, **recovery)[1])
        facts = {"template": str(self._template), "bars": BARS, "told": self._there + told, "goes_on": goes_on}
        [checked] = [t for t in self._children.run("check", **where, **facts)[0] if t["kind"] == "checked"]
        shutil.rmtree(folder)
        return Outcome(code == -signal.SIGKILL, checked["wrong"], checked["recovered"], checked["seconds"])

    def _copy(self, folder):
        return shutil.copytree(self._template, folder)


@pytest.fixture(scope="session")
def children():
    """Starts processes that work and die."""
    children = Children()
    yield children
    children.close()


@pytest.fixture(scope="session")
def crashes(children, tmp_path_factory):
    """A workspace for processes to die in, copied for each."""
    return Crashes(children, tmp_path_factory.mktemp("crash"))
