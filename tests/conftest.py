"""Fixtures that many tests share: real databases with real prices, and jobs that run inline."""

from __future__ import annotations

import signal

import hypothesis
import numpy as np
import pytest
from xdist.scheduler import LoadScopeScheduling

from barscope.domain.bars import FixedPointBars
from barscope.domain.batches import BarBatch

hypothesis.settings.register_profile("no clock", deadline=None)  # a busy machine is no reason to fail
hypothesis.settings.load_profile("no clock")

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell starts tests in the background

START_NS = 1_704_205_800_000_000_000
"""2024-01-02 14:30 UTC, the open in New York."""


def walk(n, *, start_ns=START_NS, step_ns=60 * 10**9, seed=1):
    """A seeded random walk of n valid minute bars on a cent grid."""
    rng = np.random.default_rng(seed)
    close = 10_000 + rng.integers(-15, 16, n).cumsum()
    close = np.abs(close) + 100
    opens = np.concatenate([[close[0]], close[:-1]])
    high = np.maximum(opens, close) + rng.integers(0, 10, n)
    low = np.minimum(opens, close) - rng.integers(0, 10, n)
    cents = [x.astype(np.int64) * 10_000_000 for x in (opens, high, low, close)]
    ts = start_ns + np.arange(n, dtype=np.int64) * step_ns
    return FixedPointBars(ts, *cents, rng.integers(1, 1000, n))


@pytest.fixture(autouse=True)
def own_classes():
    """Indicators and strategies that a test defines are gone after it."""
    from barscope.engine import registry as strategies
    from barscope.indicators import registry as indicators

    known = (indicators._classes, strategies._classes)
    before = [set(classes) for classes in known]
    yield
    for classes, kept in zip(known, before, strict=True):
        for name in set(classes) - kept:
            if not classes[name].__module__.startswith("barscope."):
                del classes[name]


@pytest.fixture
def minute_bars():
    """A function that makes a batch of n minute bars of a symbol."""

    def make(symbol="SYN", n=500, seed=1, rtype=33, step_ns=60 * 10**9):
        bars = walk(n, seed=seed, step_ns=step_ns)
        return BarBatch(rtype=rtype, bars=bars, symbol=symbol, symbol_type="raw_symbol")

    return make


@pytest.fixture
def workspace(tmp_path, minute_bars):
    """A workspace with 500 minute bars of SYN and ALT under publisher 1, whose jobs run inline."""
    import barscope as bs
    from barscope.jobs import InlineExecutor

    with bs.Workspace(tmp_path / "ws", executor=InlineExecutor()) as ws:
        publisher = ws.secmaster.ensure_publisher("test", "TEST.WALK")
        ws.secmaster.write(publisher.publisher_id, [minute_bars("SYN"), minute_bars("ALT", seed=2)])
        yield ws


class BrowserTogether(LoadScopeScheduling):
    """Gives each worker whole files, and all browser tests to one: one Chromium and one JupyterLab are enough."""

    def _split_scope(self, nodeid):
        return "browser" if nodeid.startswith("tests/browser/") else nodeid.split("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """How pytest-xdist spreads the tests."""
    return BrowserTogether(config, log)
