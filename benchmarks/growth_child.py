"""One exploration in a process of its own: seconds and peak memory until its columns are ready, and recorded.

    python benchmarks/growth_child.py FOLDER BARS

It prints a JSON object. The bars are stored first, by a child of this process, so that no memory of that counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
from bench_explore import INDICATORS
from peers.memory import peak_mb, reset_peak

import barscope as bs
from barscope.domain.bars import FixedPointBars
from barscope.ingest import synthetic_bars

WARM, MEASURED = "SYN-WARM", "SYN-A"
MOST_AT_ONCE = 1_000_000
COLUMN_BYTES = 8 * (6 + len(INDICATORS))


def store(folder, n_bars):
    """Write the bars of two symbols, a few and many, a million at a time."""
    with bs.Workspace(folder) as ws:
        publisher = ws.secmaster.ensure_publisher("barscope synthetic", "SYNTHETIC.RANDOM-WALK", "XNYS").publisher_id
        _write(ws, publisher, WARM, 1000)
        _write(ws, publisher, MEASURED, n_bars)


def _write(ws, publisher, symbol, n_bars):
    """Years of minutes of one walk, repeated with the time moved on."""
    size = min(n_bars, MOST_AT_ONCE)
    batch = synthetic_bars(symbol, start_date="1990-01-02", sessions=size // 350 + 1, seed=7)
    part = FixedPointBars(*(column[:size] for column in batch.bars.columns()))
    length = int(part.ts[-1] - part.ts[0]) + 60_000_000_000
    for number in range(-(-n_bars // size)):
        left = min(size, n_bars - number * size)
        ts, *rest = (column[:left] for column in part.columns())
        moved = FixedPointBars(ts + number * length, *rest)
        ws.secmaster.write(publisher, [replace(batch, bars=moved)])


def explore(ws, symbol):
    """Seconds and peak memory when the columns are ready and when they are recorded."""
    publisher = ws.secmaster.publishers()[0].publisher_id
    request = bs.ExplorerRequest(symbols=[symbol], rtype=33, publisher_id=publisher, indicators=INDICATORS)
    pause, start = threading.Event(), time.perf_counter()
    job = ws.explore(request, fresh=True)
    while job.preview is None and not job.snapshot.status.is_terminal:
        pause.wait(0.001)
    ready = time.perf_counter() - start, peak_mb()
    run = job.result()
    recorded = time.perf_counter() - start, peak_mb()
    return run, ready, recorded


def main(folder, n_bars):
    """Measure, and print what was found."""
    with bs.Workspace(folder) as ws:
        explore(ws, WARM)
        reset_peak()
        before = peak_mb()
        run, ready, recorded = explore(ws, MEASURED)
        close = run.columns().bars.close
        found = {
            "rows": len(close),
            "finite": bool(np.isfinite(close).all()),
            "ready": {"seconds": ready[0], "megabytes": ready[1] - before},
            "recorded": {"seconds": recorded[0], "megabytes": recorded[1] - before},
            "columns_megabytes": n_bars * COLUMN_BYTES / 1e6,
        }
    print(json.dumps(found))


if __name__ == "__main__":
    if sys.argv[3:] == ["store"]:
        store(sys.argv[1], int(sys.argv[2]))
    else:
        subprocess.run([sys.executable, __file__, *sys.argv[1:3], "store"], check=True)  # noqa: S603  # this script
        main(sys.argv[1], int(sys.argv[2]))
