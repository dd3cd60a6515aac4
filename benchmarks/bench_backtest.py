"""How many bars a second an event-driven backtest plays, recorded and not, beside two other engines.

Side by side in one run: the SMA crossover 20/50 over the same minute bars in barscope, in backtesting.py (where it
is installed), and in an engine with a thread per subscriber. Each is warm and has its bars in memory.
"""

from __future__ import annotations

import importlib.util
import resource
import statistics
import time
import warnings

import pytest
from reference import threaded

from barscope.domain.periods import BarPeriod
from barscope.engine.configuration import configured
from barscope.engine.datafeed import SimulatedDatafeed
from barscope.engine.orchestrator import Orchestrator
from barscope.engine.recorder import MemoryRecorder, RunRecorder
from barscope.engine.strategies import SMACrossover
from barscope.ingest import synthetic_bars
from barscope.store.runs import RunStore

FAST, SLOW = 20, 50
ROUNDS = 3
THREADED_BARS = 10_000


@pytest.fixture(scope="module")
def minute_bars():
    """A function that gives n synthetic minute bars."""

    def make(n):
        batch = synthetic_bars("SYN-A", start_date="2010-01-04", sessions=n // 350 + 1, seed=7)
        return batch.bars.to_bars().rows(0, n)

    return make


def barscope(bars, recorder):
    """Seconds of one backtest, and its result."""
    strategy = configured(SMACrossover, symbols=["SYN-A"], fast_period=FAST, slow_period=SLOW)
    feed = configured(SimulatedDatafeed, bars={"SYN-A": bars}, bar_period=BarPeriod.MINUTE)
    start = time.perf_counter()
    result = Orchestrator([strategy], datafeed=feed, recorder=recorder).run()
    return time.perf_counter() - start, result


def backtesting_py(bars):
    """Seconds of one backtest in backtesting.py, and its number of round trips; None where it is not installed."""
    if importlib.util.find_spec("backtesting") is None:
        return None
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from backtesting import Backtest, Strategy
        from backtesting.lib import crossover

        class Crossover(Strategy):
            """The same rules."""

            def init(self):
                """Two averages."""
                self.fast, self.slow = (
                    self.I(lambda x, n: pd.Series(x).rolling(n).mean(), self.data.Close, n) for n in (FAST, SLOW)
                )

            def next(self):
                """Enter on the crossing, leave below."""
                if self.position and self.fast[-1] <= self.slow[-1]:
                    self.position.close()
                elif not self.position and crossover(self.fast, self.slow):
                    self.buy(size=1)

        columns = {name.capitalize(): getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
        frame = pd.DataFrame(columns, index=pd.DatetimeIndex(bars.ts.view("datetime64[ns]")))
        backtest = Backtest(frame, Crossover, cash=100_000, finalize_trades=False)
        start = time.perf_counter()
        stats = backtest.run()
        return time.perf_counter() - start, int(stats["# Trades"])


def test_backtest(minute_bars, n_bars, tmp_path, figure):
    """All engines trade alike; the rates stand against the budgets."""
    bars = minute_bars(n_bars)
    barscope(bars.rows(0, 1000), MemoryRecorder)
    bare, recorded, other = [], [], []
    for turn in range(ROUNDS):
        seconds, result = barscope(bars, MemoryRecorder)
        bare.append(seconds)
        path = tmp_path / f"runs-{turn}.db"
        seconds, _ = barscope(bars, configured(RunRecorder, database=path))
        recorded.append(seconds)
        if (compared := backtesting_py(bars)) is not None:
            other.append(compared[0])
            closed = sum(not trip.is_open for trip in result.round_trips)
            assert compared[1] == pytest.approx(closed, rel=0.01)  # its averages round otherwise
    rows = count_rows(path)
    rate = n_bars / statistics.median(recorded)
    figure(f"backtest {n_bars:,} bars, recorded", f"{rate:,.0f} bars/s", ">= 150,000 bars/s", rate >= 150_000)
    figure("  rows written", f"{rows / statistics.median(recorded):,.0f} rows/s")
    bare_rate = n_bars / statistics.median(bare)
    figure("  without recording", f"{bare_rate:,.0f} bars/s")
    events = 2 * n_bars + 3 * len(result.fills)
    figure("  events", f"{events / statistics.median(bare):,.0f} events/s")
    if other:
        ratio = statistics.median(other) / statistics.median(bare)
        figure("  against backtesting.py, neither recording", f"{ratio:.1f} x", "> 1 x", ratio > 1)
    figure("  peak memory of the process", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def test_thread_per_subscriber(minute_bars, figure):
    """The threaded engine gives the same fills (but for ties of the averages), at a fraction of the rate."""
    bars = minute_bars(THREADED_BARS)
    barscope(bars.rows(0, 1000), MemoryRecorder)
    seconds, result = barscope(bars, MemoryRecorder)
    start = time.perf_counter()
    fills = threaded.backtest(bars, FAST, SLOW)
    ratio = (time.perf_counter() - start) / seconds
    ours = {(fill.ts_event_ns, fill.side.sign * fill.quantity_filled, fill.fill_price) for fill in result.fills}
    assert len(ours & set(fills)) >= 0.9 * len(ours | set(fills))  # averages that are equal up to rounding may differ
    figure("backtest against a thread per subscriber", f"{ratio:.0f} x", ">= 15 x", ratio >= 15)


def count_rows(path):
    """Rows of the run in all tables."""
    store = RunStore(path, readonly=True)
    (record,) = store.list_runs()
    store.close()
    return sum(record.metadata["row_counts"].values())
