"""What the processes of the crash proof do: make a workspace, work in it until killed, recover it.

Every process tells on its standard output what it was promised, one JSON line each. A line in a pipe survives the death
of its writer, so what was told is what was acknowledged.
"""

import json
import os
import random
import threading
import time
from functools import wraps
from pathlib import Path

import numpy as np
from records import REFERENCE, key_of, record_of
from scenes import Watch

import barscope as bs
from barscope.domain.bars import FixedPointBars
from barscope.domain.batches import BarBatch
from barscope.domain.time import TimeRange
from barscope.errors import IndicatorError, JobCancelledError
from barscope.jobs import InlineExecutor
from barscope.store import bar_writer, database, run_rows, run_writer, runs, state_writer

MINUTE_NS = 60 * 10**9
START_NS = 1_704_205_800 * 10**9
SYMBOLS = ("A0", "A1", "A2", "A3", "STOP")
REVISED = "REV"
"""A symbol whose bars are ingested again and again, each time with another volume."""
INGESTS, PRESETS = 4, 12
BROKEN = '''
import barscope as bs

class Broken(bs.Indicator):
    """Fails on its first bar."""

    def compute(self, bars):
        raise ValueError("planted")
'''


def tell(kind, **facts):
    """One line to whoever started this process."""
    os.write(1, (json.dumps({"kind": kind, **facts}) + "\n").encode())


# ---- what is asked


def exploration(symbols, *indicators, **choice):
    """A request for some indicators, each a name and its parameters."""
    configs = [bs.IndicatorConfig(class_name=name, params=params) for name, params in indicators]
    return bs.ExplorerRequest(symbols=symbols, rtype=33, publisher_id=1, indicators=configs, **choice)


def backtest(strategy, symbol, **params):
    """A request for a strategy on one symbol."""
    return bs.BacktestRequest(strategy=strategy, strategy_params=params, symbols=[symbol], rtype=33, publisher_id=1)


def _sma(n):
    return "SimpleMovingAverage", {"period": n}


EXPLORATIONS = (
    exploration(["A0"], _sma(20)),
    exploration(["A0", "A1"], ("RSI", {"period": 14}), ("BollingerUpper", {})),
    exploration(["A1", "A2"], _sma(5), ("EMA", {"timeperiod": 9})),
    exploration(["A2"], ("ATR", {}), ("MACD", {})),
    exploration(["A3", "A0", "A1"], _sma(10)),
    exploration(["A2", "A3"], _sma(7), ("Broken", {})),
)
OTHER_EXPLORATIONS = (
    exploration(["A3"], _sma(50)),
    exploration(["A1"], ("ADX", {"timeperiod": 14})),
    exploration(["A2", "A0"], ("ROC", {"period": 9})),
    exploration(["A0", "A3"], ("RSI", {"period": 5})),
)
"""What a second process explores, so that its runs can be told from those of the first."""
BACKTESTS = (
    backtest("SMACrossover", "A0", fast_period=5, slow_period=13),
    backtest("RSIMeanReversion", "A1"),
)
OLD = tuple(exploration([symbol], _sma(30), end_date="2024-01-02") for symbol in SYMBOLS[:3])
"""What was there before; retention deletes it while the process works."""


def bars_of(n, *, seed, volume=None):
    """A seeded walk of valid minute bars."""
    rng = np.random.default_rng(seed)
    close = 10_000 + rng.integers(-15, 16, n).cumsum()
    opens = np.concatenate([close[:1], close[:-1]])
    prices = (opens, np.maximum(opens, close) + 3, np.minimum(opens, close) - 3, close)
    ts = START_NS + np.arange(n, dtype=np.int64) * MINUTE_NS
    volumes = rng.integers(1, 1000, n) if volume is None else np.full(n, volume)
    return FixedPointBars(ts, *(x.astype(np.int64) * 10_000_000 for x in prices), volumes.astype(np.int64))


def batch_of(symbol, bars):
    """Bars of a symbol, as ingestion hands them in."""
    return BarBatch(rtype=33, bars=bars, symbol=symbol, symbol_type="raw_symbol")


def preset_of(k):
    """The k-th value that is saved; whole or not is seen from itself."""
    return {"k": k, "values": [k * i for i in range(200)]}


# ---- the processes


def make(task):
    """Makes a workspace with bars and old runs, and writes down what every request has to leave in runs.db."""
    folder = Path(task["folder"])
    _write_broken(folder)
    with bs.Workspace(folder, executor=InlineExecutor(), retention=None) as ws:
        publisher = ws.secmaster.ensure_publisher("test", "TEST.CRASH").publisher_id
        batches = [batch_of(symbol, bars_of(task["bars"], seed=i)) for i, symbol in enumerate(SYMBOLS)]
        ws.secmaster.write(publisher, [*batches, batch_of(REVISED, bars_of(task["bars"], seed=9, volume=0))])
        for request in OLD:
            ws.explore(request).result()
        ws.backtest(BACKTESTS[0]).result()
        ws.presets.chart_settings.set("kept", preset_of(1))
        tell("there", runs=[record.run_id for record in ws.runs_store.list_runs()])


def refer(task):
    """Does every request in a copy of the workspace, undisturbed, and notes the rows each left."""
    expected = {}
    with bs.Workspace(task["folder"], executor=InlineExecutor(), retention=None) as ws:
        for request in (*EXPLORATIONS, *OTHER_EXPLORATIONS):
            ws.explore(request).wait()
        for request in BACKTESTS:
            ws.backtest(request).wait()
        for run in ws.runs_store.list_runs(status="completed"):
            expected[key_of(run.config)] = record_of(ws.runs_store, run.run_id)
    (Path(task["template"]) / REFERENCE).write_text(json.dumps(expected))


def work(task):
    """Four explorations, one that is cancelled, a backtest, presets and ingestion, all at once."""
    rng = random.Random(task["seed"])  # noqa: S311  # a seed repeats it
    _watch(task)
    with bs.Workspace(task["folder"], workers=6, retention=5) as ws:
        tell("opened")
        others = [threading.Thread(target=job, args=(ws,)) for job in (_save_presets, _ingest)]
        for thread in others:
            thread.start()
        _cancel_midway(ws, after=rng.randint(2, 5))
        jobs = [ws.explore(request) for request in rng.sample(EXPLORATIONS, 4)]
        jobs.append(ws.backtest(rng.choice(BACKTESTS)))
        jobs.append(ws.explore(exploration(["STOP"], _sma(20))))
        for job in jobs:
            _tell_outcome(job)
        for thread in others:
            thread.join()
    tell("done")


def recover(task):
    """Opens the workspace, which recovers it; watched, in small transactions, where it is told their rows."""
    if "rows" in task:
        _watch(task)
    begun = time.perf_counter()
    with bs.Workspace(task["folder"]) as ws:
        tell("recovered", runs=ws.recovered, seconds=time.perf_counter() - begun)


def die_at_the_end_of_a_long_run(task):
    """Records many bars with two indicators, and dies just before they are complete."""
    with bs.Workspace(task["folder"], executor=InlineExecutor()) as ws:
        publisher = ws.secmaster.ensure_publisher("test", "TEST.CRASH").publisher_id
        ws.secmaster.write(publisher, [batch_of("LONG", bars_of(task["bars"], seed=1))])
        Watch("complete/entered").start()
        ws.explore(exploration(["LONG"], _sma(20), ("RSI", {"period": 14})))


def _watch(task):
    """Small transactions, a checkpoint every few, and the events at which this process may be killed."""
    run_writer.CHUNK_ROWS = run_rows._ROWS_AT_ONCE = bar_writer._SLICE_ROWS = task["rows"]
    state_writer.HEARTBEAT_NS = 0
    database._SETTINGS = database._SETTINGS.replace("wal_autocheckpoint = 2000", "wal_autocheckpoint = 40")
    if task.get("plant"):
        import plants

        plants.PLANTS[task["plant"]](tell)
    watch = Watch(task.get("at"), task.get("nth", 1))
    watch.start()
    if task.get("plant") != "acknowledged before commit":
        run_writer.RunWriter.complete = told_after(run_writer.RunWriter.complete, "complete")
    runs.RunStore._delete = told_around(runs.RunStore._delete, "deleting", "deleted")


def told_after(method, kind):
    """A method of a writer that tells the id of its run once it has done its work."""

    @wraps(method)
    def told(writer, *args, **options):
        method(writer, *args, **options)
        tell(kind, run_id=writer.run_id)

    return told


def told_around(method, before, after):
    """A method of a store that tells the id of a run before and after it does its work."""

    @wraps(method)
    def told(store, run_id):
        tell(before, run_id=run_id)
        method(store, run_id)
        tell(after, run_id=run_id)

    return told


def _cancel_midway(ws, after):
    """Cancels the run of STOP once some of its chunks are recorded."""
    append = run_writer.RunWriter.append_processed

    @wraps(append)
    def append_processed(writer, symbol, *args, on_rows=None, **options):
        def count(rows):
            nonlocal left
            left -= 1
            if left == 0:
                ws.jobs.get(writer.run_id).cancel()
            on_rows(rows)

        left = after
        append(writer, symbol, *args, on_rows=count if symbol == "STOP" else on_rows, **options)

    run_writer.RunWriter.append_processed = append_processed


def _tell_outcome(job):
    try:
        job.result()
        tell("result", run_id=job.run_id)
    except JobCancelledError:
        tell("cancelled", run_id=job.run_id)
    except IndicatorError:  # of Broken: the others are recorded
        tell("result", run_id=job.run_id)


def _save_presets(ws):
    for k in range(1, PRESETS + 1):
        ws.presets.chart_settings.set(f"p{k % 3}", preset_of(k))
        tell("preset", name=f"p{k % 3}", k=k)


def _ingest(ws):
    n = ws.secmaster.count_bars(ws.secmaster.mappings(1, REVISED, "raw_symbol", TimeRange()), 33)
    for k in range(1, INGESTS + 1):
        fresh = batch_of(f"N{k}", bars_of(n, seed=k))
        ws.secmaster.write(1, [batch_of(REVISED, bars_of(n, seed=9, volume=k)), fresh], replace=True)
        tell("ingested", k=k)


def _write_broken(folder):
    (folder / "indicators").mkdir(parents=True)
    (folder / "indicators" / "broken.py").write_text(BROKEN)
