"""Sizes, a workspace of synthetic minute bars, and the table of figures that every benchmark adds to."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import replace
from pathlib import Path

import pytest

_ROWS = pytest.StashKey[list]()


def pytest_addoption(parser):
    """`--bars N` may be given several times."""
    parser.addoption("--bars", action="append", type=int, help="size of a benchmark in bars (default: 100000)")
    parser.addoption("--results", type=Path, help="write the figures to this JSON file")


def pytest_configure(config):
    """An empty table of figures."""
    config.stash[_ROWS] = []


def pytest_generate_tests(metafunc):
    """Every benchmark that takes `n_bars` runs at each size asked for."""
    if "n_bars" in metafunc.fixturenames:
        metafunc.parametrize("n_bars", metafunc.config.getoption("--bars") or [100_000])


@pytest.fixture
def figure(request):
    """A function that adds a row to the table: what, a value with its unit, the budget, whether it is kept."""

    def add(what, value, budget="", kept=None):
        request.config.stash[_ROWS].append({"what": what, "value": value, "budget": budget, "kept": kept})

    return add


def pytest_terminal_summary(terminalreporter, config):
    """The table, and the file if one was asked for."""
    rows = config.stash[_ROWS]
    terminalreporter.section(f"figures ({os.cpu_count()} cores, Python {platform.python_version()})")
    for row in rows:
        mark = {True: "kept", False: "MISSED", None: ""}[row["kept"]]
        terminalreporter.line(f"{row['what']:<72} {row['value']:>14}   {row['budget']:<28} {mark}")
    if path := config.getoption("--results"):
        path.write_text(json.dumps(rows, indent=1))


@pytest.fixture
def market(tmp_path):
    """A function that stores n synthetic minute bars of SYN-A and returns the open workspace."""
    import barscope as bs
    from barscope.domain.bars import FixedPointBars
    from barscope.ingest import synthetic_bars

    opened = []

    def make(n):
        ws = bs.Workspace(tmp_path / f"market-{n}")
        publisher = ws.secmaster.ensure_publisher("barscope synthetic", "SYNTHETIC.RANDOM-WALK", "XNYS")
        batch = synthetic_bars("SYN-A", start_date="2010-01-04", sessions=n // 350 + 1, seed=7)
        first = FixedPointBars(*(column[:n] for column in batch.bars.columns()))
        ws.secmaster.write(publisher.publisher_id, [replace(batch, bars=first)])
        opened.append(ws)
        return ws

    yield make
    for ws in opened:
        ws.close()
