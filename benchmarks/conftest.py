"""Sizes, bars to measure on, and the tables of figures that every benchmark adds to."""

from __future__ import annotations

import os
import platform
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from figures import Comparison, Figure, Growth, Results

_RESULTS = pytest.StashKey[Results]()


def pytest_addoption(parser):
    """`--bars N` may be given several times."""
    parser.addoption("--bars", action="append", type=int, help="size of a benchmark in bars (default: 100000)")
    parser.addoption("--grow-to", type=int, default=100_000, help="last size of the growth curves (default: 100000)")
    parser.addoption("--sweep", default="100x20000", help="pairs and bars of a sweep (default: 100x20000)")
    parser.addoption("--results", type=Path, help="write the figures to this JSON file")


def pytest_configure(config):
    """Empty tables."""
    config.stash[_RESULTS] = Results()


def pytest_generate_tests(metafunc):
    """Every benchmark that takes `n_bars` runs at each size asked for; a growth curve at each power of ten."""
    if "n_bars" in metafunc.fixturenames:
        metafunc.parametrize("n_bars", metafunc.config.getoption("--bars") or [100_000])
    if "grown_to" in metafunc.fixturenames:
        last = metafunc.config.getoption("--grow-to")
        metafunc.parametrize("grown_to", [10**k for k in range(4, 9) if 10**k <= last])
    if "sweep_size" in metafunc.fixturenames:
        size = metafunc.config.getoption("--sweep")
        metafunc.parametrize("sweep_size", [tuple(map(int, size.split("x")))], ids=[size])


@pytest.fixture
def figure(request):
    """A function that adds a row to the table: what, a value with its unit, the budget, whether it is kept."""
    return lambda *args: request.config.stash[_RESULTS].figures.append(Figure(*args))


@pytest.fixture
def compare(request):
    """A function that adds a `Comparison` with a peer, given its fields."""
    return lambda **fields: request.config.stash[_RESULTS].comparisons.append(Comparison(**fields))


@pytest.fixture
def grown(request):
    """A function that adds a point of a `Growth` curve, given its fields."""
    return lambda **fields: request.config.stash[_RESULTS].growth.append(Growth(**fields))


def pytest_terminal_summary(terminalreporter, config):
    """The tables, and the file if one was asked for."""
    results = config.stash[_RESULTS]
    terminalreporter.section(f"figures ({os.cpu_count()} cores, Python {platform.python_version()})")
    for row in results.figures:
        mark = {True: "kept", False: "MISSED", None: ""}[row.kept]
        terminalreporter.line(f"{row.what:<72} {row.value:>14}   {row.budget:<28} {mark}")
    for row in results.comparisons:
        theirs = f"{row.theirs:.4g} s" if row.theirs is not None else f"not within {row.limit:g} s"
        terminalreporter.line(f"{row.what}, {row.size}: {row.ours:.4g} s, {row.peer} {theirs}: {row.ratio:.3g} x")
    for row in results.growth:
        memory = f"{row.megabytes:.0f} MB for {row.columns_megabytes:.0f} MB of columns"
        terminalreporter.line(f"{row.what}, {row.n_bars:,} bars: {row.seconds:.3g} s, {memory}")
    if path := config.getoption("--results"):
        results.write(path)


@pytest.fixture(scope="session")
def quarter_bars():
    """A function that gives n minute bars whose prices are quarters, each opening where the one before closed.

    Sums of quarters are exact in floating point, so averages are equal in every engine however it adds them up; and
    the open of a bar is the price at which those engines fill that fill at the close before it.
    """
    from barscope.domain.bars import Bars

    def make(n, seed=7):
        rng = np.random.default_rng(seed)
        close = (16_000 + rng.integers(-4, 5, n).cumsum()) / 4
        opens = np.concatenate([close[:1], close[:-1]])
        ts = np.datetime64("2010-01-04T14:30", "ns").astype(np.int64) + np.arange(n) * 60_000_000_000
        high, low = np.maximum(opens, close) + 0.25, np.minimum(opens, close) - 0.25
        return Bars(ts, opens, high, low, close, rng.integers(1, 1000, n))

    return make


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
