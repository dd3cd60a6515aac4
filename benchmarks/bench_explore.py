"""How long until the columns of an exploration can be drawn, and until they are recorded.

Side by side in one run: the exploration, a per-bar engine and a pandas script that give the same numbers, and the floor
under any exploration that writes the same rows. Each is warm (imports done) and reads its bars from the database.
"""

from __future__ import annotations

import shutil
import statistics
import time
from contextlib import contextmanager

import apsw
import numpy as np
import pytest
from peers import measured
from reference import floor, per_bar

import barscope as bs

INDICATORS = [
    bs.IndicatorConfig(class_name="SimpleMovingAverage", params={"period": 20}),
    bs.IndicatorConfig(class_name="SimpleMovingAverage", params={"period": 50}),
    bs.IndicatorConfig(class_name="BollingerUpper"),
    bs.IndicatorConfig(class_name="RSI"),
    bs.IndicatorConfig(class_name="ATR"),
]
ROUNDS = 3


def request(ws):
    """Five indicators over every bar of SYN-A."""
    publisher = ws.secmaster.publishers()[0].publisher_id
    return bs.ExplorerRequest(symbols=["SYN-A"], rtype=33, publisher_id=publisher, indicators=INDICATORS)


def explore(folder, warm_request):
    """Seconds until the columns can be drawn and until they are recorded, and the run; in a fresh workspace."""
    with bs.Workspace(folder) as ws:
        start = time.perf_counter()
        job = ws.explore(warm_request, fresh=True)
        while job.preview is None and not job.snapshot.status.is_terminal:
            time.sleep(0.0005)
        ready = time.perf_counter() - start
        run = job.result()
        recorded = time.perf_counter() - start
        series = dict(run.columns().series)
        ws.delete_run(run.run_id)
    return ready, recorded, series


@contextmanager
def empty_runs(folder, name):
    """A connection to an empty runs.db with the schema and pragmas of the real one."""
    from barscope.store.runs import RunStore

    target = folder / name
    shutil.rmtree(target, ignore_errors=True)
    RunStore(target / "runs.db").close()
    connection = apsw.Connection(str(target / "runs.db"))
    connection.execute("PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON")
    connection.execute("INSERT INTO runs (run_id, name, ts_start, status) VALUES ('r', 'r', 0, 'running')")
    yield connection
    connection.close()


def timed(engine, folder, name):
    """Seconds an engine takes over SYN-A, and what it returns."""
    source = apsw.Connection(str(folder / "secmaster.db"), flags=apsw.SQLITE_OPEN_READONLY)
    with empty_runs(folder, name) as out:
        start = time.perf_counter()
        result = engine.explore(source, 1, 33, out, "r", "SYN-A", "MINUTE")
        seconds = time.perf_counter() - start
        (count,) = out.execute("SELECT count(*) FROM bars_processed").fetchone()
    source.close()
    return seconds, count, result


def pandas_script(folder):
    """What the script measured, and its series."""
    target = folder / "pandas"
    target.mkdir(exist_ok=True)
    found = measured("pandas_script", target, folder / "secmaster.db", target / "explored.db")
    return found, {name: np.load(target / f"series-{i}.npy") for i, name in enumerate(found["series"])}


def test_exploration(market, n_bars, figure, compare):
    """The columns equal those of the per-bar engine; the ratios stand against the budgets."""
    ws = market(n_bars)
    folder, asked = ws.paths.folder, request(ws)
    explore(folder, asked)
    slow, count, oracle = timed(per_bar, folder, "per-bar")
    assert count == n_bars
    readies, recordeds, floors = [], [], []
    for _ in range(ROUNDS):
        ready, recorded, series = explore(folder, asked)
        least, count, _ = timed(floor, folder, "floor")
        assert count == n_bars
        readies.append(ready)
        recordeds.append(recorded)
        floors.append(least)
    for name, values in oracle.items():
        np.testing.assert_allclose(series[name], values, rtol=1e-7, atol=1e-7, err_msg=name)
    ready, recorded, least = (statistics.median(x) for x in (readies, recordeds, floors))
    size = f"{n_bars:,} bars × {len(INDICATORS)}"
    figure(f"per-bar engine, {size}", f"{slow:.2f} s")
    figure(f"floor, {size}", f"{least:.2f} s")
    figure(f"columns ready, {size}", f"{ready:.3f} s")
    figure(f"recorded, {size}", f"{recorded:.2f} s")
    figure("columns ready : per-bar engine", f"1 / {slow / ready:.1f}", "at most 1 / 30", slow / ready >= 30)
    figure("recorded : per-bar engine", f"1 / {slow / recorded:.1f}", "at most 1 / 8", slow / recorded >= 8)
    figure("recorded : floor", f"{recorded / least:.2f}", "at most 1.5", recorded / least <= 1.5)
    told = {"topic": "Exploration", "size": f"{size} indicators", "peer": "a per-bar engine", "theirs": slow}
    compare(what="columns ready to draw", ours=ready, **told)
    compare(what="recorded", ours=recorded, **told)


def test_pandas(market, n_bars, compare):
    """The columns equal those of a pandas script, which writes as many rows."""
    ws = market(n_bars)
    folder, asked = ws.paths.folder, request(ws)
    explore(folder, asked)
    ws.close()
    found = []
    for _ in range(ROUNDS):
        ready, recorded, series = explore(folder, asked)
        theirs, expected = pandas_script(folder)
        found.append((ready, recorded, theirs["ready"], theirs["recorded"]))
        assert theirs["rows"] == n_bars
        for name, values in expected.items():
            np.testing.assert_allclose(series[name], values, rtol=1e-7, atol=1e-7, err_msg=name)
    ready, recorded, their_ready, their_recorded = (statistics.median(x) for x in zip(*found, strict=True))
    told = {"topic": "Exploration", "size": f"{n_bars:,} bars × {len(INDICATORS)} indicators", "peer": theirs["peer"]}
    compare(what="columns ready to draw", ours=ready, theirs=their_ready, **told)
    compare(what="recorded", ours=recorded, theirs=their_recorded, **told)


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
