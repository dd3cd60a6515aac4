"""How long until a recorded run is drawn again, and what one zoom step costs in the kernel and on the wire."""

from __future__ import annotations

import json
import statistics
import time

import numpy as np
from bench_explore import request

import barscope as bs
from barscope.charts.figure import figure as draw
from barscope.widgets.live_chart import LiveChart

ROUNDS = 5


def recorded(ws):
    """A recorded exploration of every bar, and how many there are."""
    run = ws.explore(request(ws)).result()
    return run.run_id, len(run.bars())


def test_reopen(market, n_bars, figure):
    """A fresh workspace opens the run, reads its columns and draws them; they are those that were recorded."""
    ws = market(n_bars)
    folder = ws.paths.folder
    run_id, n = recorded(ws)
    closes = ws.run(run_id).columns().bars.close
    ws.close()
    seconds = []
    for _ in range(ROUNDS):
        with bs.Workspace(folder) as again:
            start = time.perf_counter()
            run = again.run(run_id)
            drawn = draw(run.chart_data())
            seconds.append(time.perf_counter() - start)
            np.testing.assert_array_equal(run.columns().bars.close, closes)
            assert len(drawn.data[0].x) <= 2000
    median = statistics.median(seconds)
    figure(f"reopen and draw a recorded run, {n:,} bars × 5", f"{median * 1e3:.0f} ms", "300 ms at 1M", median <= 0.3)


def test_zoom(market, n_bars, figure):
    """Each step of zooming in and panning back changes what is drawn; none sends more than the budget."""
    ws = market(n_bars)
    run_id, n = recorded(ws)
    chart = LiveChart(ws.run(run_id).chart_data())
    sent = []
    chart.widget.comm.send = lambda data=None, metadata=None, buffers=None: sent.append((data, buffers or []))
    steps, kernel, wire = zoom_steps(n), [], []
    for first, last in steps:
        sent.clear()
        start = time.perf_counter()
        chart.zoom(first, last)
        kernel.append(time.perf_counter() - start)
        wire.append(sum(len(json.dumps(data, default=repr)) + sum(map(len, map(bytes, b))) for data, b in sent))
        assert np.allclose(chart.visible, (first, last))
    worst, median = max(wire), statistics.median(kernel)
    figure(f"one zoom step in the kernel, {n:,} bars", f"{median * 1e3:.1f} ms", "20 ms at 1M", median <= 0.02)
    figure(f"one zoom step on the wire, {n:,} bars (worst)", f"{worst / 1e3:.1f} kB", "60 kB", worst <= 60_000)


def zoom_steps(n):
    """Visible ranges: in by thirds to about a hundred bars, then ten pans to the left."""
    width, middle, steps = float(n), n * 2 / 3, []
    while width > 100:
        width /= 3
        steps.append((middle - width / 2, middle + width / 2))
    steps += [(middle - width * k, middle - width * (k - 1)) for k in range(1, 11)]
    return steps
