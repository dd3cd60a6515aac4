"""A sweep over pairs of averages, trades and total return of each: beside vectorbt, warm and cold; on two processes.

Each of the two libraries has a process of its own with an empty cache of compiled code. Cold is the first pass, warm
the second. vectorbt gives the two numbers of each pair that are compared; barscope gives those with twelve more.
"""

from __future__ import annotations

import itertools
import os

import numpy as np
import polars as pl
import pytest
from peers import hand_over, measured

import barscope as bs

CHUNK = 50
"""Pairs that vectorbt computes at once: more of them do not fit into memory at full size."""
WORTH_TWO_S = 15.0
"""Below it the start of the processes outweighs their work."""


def pairs_of(n):
    """So many pairs of a faster and a slower average."""
    every = itertools.product(range(5, 100, 3), range(100, 500, 10))
    return np.array(list(itertools.islice(every, n)))


@pytest.fixture
def handed(quarter_bars, sweep_size, tmp_path):
    """A folder with the bars and the pairs."""
    n_pairs, n_bars = sweep_size
    folder = tmp_path / "sweep"
    hand_over(quarter_bars(n_bars), folder)
    np.save(folder / "pairs.npy", pairs_of(n_pairs))
    return folder


def test_vectorbt(handed, sweep_size, tmp_path, figure, compare):
    """Every pair has the same number of trades and the same return in both."""
    n_pairs, n_bars = sweep_size
    variables = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "no-cache")}
    ours = measured("barscope_sweep", handed)
    theirs = measured("vectorbt_sweep", handed, CHUNK, environment="vectorbt", variables=variables)
    np.testing.assert_array_equal(np.load(handed / "our-trades.npy"), np.load(handed / "trades.npy"))
    np.testing.assert_allclose(np.load(handed / "our-returns.npy"), np.load(handed / "returns.npy"), atol=1e-12)
    assert np.load(handed / "our-trades.npy").min() > 0
    size = f"{n_pairs:,} pairs × {n_bars:,} bars"
    for key, what in (("warm", "SMA pairs, warm"), ("cold", "SMA pairs, cold: the first pass of a new process")):
        told = {"topic": "Sweep", "what": what, "size": size, "peer": theirs["peer"]}
        compare(**told, ours=ours[key], theirs=theirs[key])
    ratio = theirs["warm"] / ours["warm"]
    figure("sweep against vectorbt, warm", f"{ratio:.1f} x", "> 1 x", ratio > 1)
    figure("  each combination, warm", f"{ours['warm'] / n_pairs * 1e3:.2f} ms")
    figure("  loading the libraries, here and there", f"{ours['loaded']:.1f} s, {theirs['loaded']:.1f} s")
    figure("  peak memory, here and there", f"{ours['megabytes']:,.0f} MB, {theirs['megabytes']:,.0f} MB")


def swept(ws, request, workers):
    """Seconds of a recorded sweep on some processes, and its children."""
    job = ws.sweep(request, "processes", workers=workers, confirmed=True)
    run = job.result()
    seconds = (run.record.ts_end - run.record.ts_start) / 1e9
    children = run.sweep.children.sort("combination")
    ws.delete_run(run.run_id)
    return seconds, children


def test_two_processes(market, sweep_size, figure):
    """Two processes give what one gives, in little more than half the time."""
    n_pairs, n_bars = sweep_size
    ws = market(n_bars)
    publisher = ws.secmaster.publishers()[0].publisher_id
    fast, slow = (sorted(set(column.tolist())) for column in pairs_of(n_pairs).T)
    asked = bs.SweepRequest(
        symbols=["SYN-A"],
        rtype=33,
        publisher_id=publisher,
        strategy="SMACrossover",
        parameters={"fast_period": fast, "slow_period": slow},
        fixed={"quantity": 1.0},
    )
    one, expected = swept(ws, asked, 1)
    two, found = swept(ws, asked, 2)
    numbers = [name for name, kind in expected.schema.items() if kind == pl.Float64]
    assert found.select("combination", *numbers).equals(expected.select("combination", *numbers))
    ratio, judged = one / two, one >= WORTH_TWO_S
    figure(f"sweep recorded on one process, {len(found):,} × {n_bars:,}", f"{one:.1f} s")
    figure("  on two", f"{two:.1f} s")
    budget = ">= 1.7 x" if judged else f">= 1.7 x above {WORTH_TWO_S:g} s"
    figure("  two processes against one", f"{ratio:.2f} x", budget, ratio >= 1.7 if judged else None)
