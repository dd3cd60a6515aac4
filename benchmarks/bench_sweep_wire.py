"""What a sweep sends to a worker and gets back, what a child takes there in time and memory, and the model of it.

The model is that of docs/distributed.md: so many bytes for each bar, for each task and for each child, and seconds that
grow with the bars. Its constants are held against what is measured here at each size. Times are those of the processor,
so that other work on the machine does not count.
"""

from __future__ import annotations

import pickle
import time
import tracemalloc

import pytest
from distributed.protocol import to_serialize
from distributed.protocol.core import dumps

from barscope.domain.periods import BarPeriod
from barscope.domain.sampling import Axis, combinations
from barscope.engine.strategies import SMACrossover
from barscope.studies.sweep_dask import SentBars, SentWork, compute_on_worker
from barscope.studies.sweep_frame import VECTORISED
from barscope.studies.sweep_packing import packed
from barscope.studies.sweep_run import _task_size
from barscope.studies.sweep_work import SweepWork, SymbolBars

MINUTE = BarPeriod.MINUTE
BYTES_PER_BAR = 56
BYTES_PER_CHILD = 800
SECONDS_PER_CHILD = 0.0007
NANOSECONDS_PER_BAR = 12
NANOSECONDS_PER_BAR_OF_AN_INDICATOR = 16
MEMORY_PER_BAR = 20


@pytest.fixture
def sent(quarter_bars, n_bars):
    """Work and bars as they go to a worker, and the combinations of one task."""
    bars = quarter_bars(n_bars)
    work = SweepWork(SMACrossover, VECTORISED, MINUTE, {"quantity": 1.0}, {"slippage_bps": 1.0})
    given = SymbolBars("SYN-A", {MINUTE: bars}, {MINUTE: bars.ts + MINUTE.length_ns})
    axes = [Axis("fast_period", tuple(range(5, 25))), Axis("slow_period", tuple(range(50, 300, 10)))]
    whole = combinations(axes, "grid", None, 0)
    size = min(_task_size(VECTORISED, n_bars), len(whole))
    return SentWork(packed(work)), SentBars(given), list(range(size)), dict(whole.take(range(size)).columns)


def on_the_wire(value):
    """Bytes of a message that holds a value, as Dask cuts it into frames."""
    return sum(memoryview(frame).nbytes for frame in dumps({"data": to_serialize(value)}))


def test_what_a_sweep_sends_and_takes(sent, n_bars, figure):
    """Each constant of the model beside the measured value."""
    work, bars, numbers, columns = sent
    out = on_the_wire(bars)
    figure(
        f"sweep on a cluster, {n_bars:,} bars: columns to each worker", *beside(out / n_bars, BYTES_PER_BAR, "B/bar")
    )
    figure("  the work, once to each worker", f"{on_the_wire(work):,} B")
    figure("  a task of so many children", f"{len(numbers)}")
    figure("  its message", f"{len(pickle.dumps((numbers, columns))):,} B")
    compute_on_worker(work, bars, numbers[:1], columns)
    seconds, back = timed(sent)
    figure("  children back", *beside(len(back) / len(numbers), BYTES_PER_CHILD, "B/child"))
    known = SECONDS_PER_CHILD + n_bars * NANOSECONDS_PER_BAR / 1e9
    new = sum(len(set(column)) - 1 for column in columns.values())  # the first child had one of each parameter
    model = known + n_bars * NANOSECONDS_PER_BAR_OF_AN_INDICATOR / 1e9 * new / len(numbers)
    figure("  a child, its indicators included", *beside(seconds * 1e3, model * 1e3, "ms"))
    figure("  a child, its indicators known", *beside(timed(sent)[0] * 1e3, known * 1e3, "ms"))
    figure("  memory of a child beside the columns", *beside(peak_of_a_child(sent) / n_bars, MEMORY_PER_BAR, "B/bar"))


def timed(sent):
    """Seconds of the processor for each child of a task, and the bytes that come back."""
    work, bars, numbers, columns = sent
    began = time.process_time()
    back = compute_on_worker(work, bars, numbers, columns)
    return (time.process_time() - began) / len(numbers), back


def peak_of_a_child(sent):
    """Bytes that one child takes at most, its indicators known."""
    work, bars, _numbers, columns = sent
    tracemalloc.start()
    try:
        compute_on_worker(work, bars, [0], columns)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def beside(measured, model, unit):
    """A measured value, and what the model says at most; half as much again is a miss."""
    off = measured / model
    return f"{measured:,.4g} {unit}", f"model {model:,.4g} ({off:.2f} x)", off < 1.5
