"""How many bars a second an event-driven backtest plays, recorded and not, beside three other engines.

Side by side in one run: the SMA crossover 20/50 over the same minute bars in barscope, in backtesting.py, in
NautilusTrader, and in an engine with a thread per subscriber. Each is warm, has its bars in memory, and gives the same
fills.
"""

from __future__ import annotations

import statistics
import time
import warnings

from peers import hand_over, measured
from peers.memory import peak_mb
from reference import threaded

from barscope.domain.periods import BarPeriod
from barscope.engine.configuration import configured
from barscope.engine.datafeed import SimulatedDatafeed
from barscope.engine.orchestrator import Orchestrator
from barscope.engine.recorder import MemoryRecorder, RunRecorder
from barscope.engine.strategies import SMACrossover
from barscope.store.runs import RunStore

FAST, SLOW = 20, 50
ROUNDS = 3
THREADED_BARS = 10_000


def barscope(bars, recorder):
    """Seconds of one backtest, and its result."""
    strategy = configured(SMACrossover, symbols=["SYN-A"], fast_period=FAST, slow_period=SLOW)
    feed = configured(SimulatedDatafeed, bars={"SYN-A": bars}, bar_period=BarPeriod.MINUTE)
    start = time.perf_counter()
    result = Orchestrator([strategy], datafeed=feed, recorder=recorder).run()
    return time.perf_counter() - start, result


def fills_of(result):
    """What was executed: when, how many (negative where sold), at which price."""
    return [(fill.ts_event_ns, fill.side.sign * fill.quantity_filled, fill.fill_price) for fill in result.fills]


def backtesting_py(bars):
    """Seconds of one backtest in backtesting.py, its fills, and its name."""
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import backtesting

        class Crossover(backtesting.Strategy):
            """The same rules."""

            def init(self):
                """Two averages."""
                self.fast, self.slow = (
                    self.I(lambda x, n: pd.Series(x).rolling(n).mean(), self.data.Close, n) for n in (FAST, SLOW)
                )

            def next(self):
                """Enter on the crossing, leave below."""
                above = self.fast[-1] > self.slow[-1]
                if self.position and not above:
                    self.position.close()
                elif not self.position and above and self.fast[-2] <= self.slow[-2]:
                    self.buy(size=1)

        columns = {name.capitalize(): getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
        frame = pd.DataFrame(columns, index=pd.DatetimeIndex(bars.ts.view("datetime64[ns]")))
        backtest = backtesting.Backtest(frame, Crossover, cash=100_000_000, finalize_trades=False)
        start = time.perf_counter()
        stats = backtest.run()
        seconds = time.perf_counter() - start
        fills = [(row.EntryBar, 1.0, row.EntryPrice) for row in stats["_trades"].itertuples()]
        fills += [(row.ExitBar, -1.0, row.ExitPrice) for row in stats["_trades"].itertuples()]
        executed = [(int(bars.ts[bar]), quantity, price) for bar, quantity, price in sorted(fills)]
        return seconds, executed, f"backtesting.py {backtesting.__version__}"


def nautilus(bars, folder):
    """Seconds of one backtest in NautilusTrader, its fills, and its name.

    A bar that opens where the one before closed has one price at that moment: the fill at the close of the signal's bar
    is the one at the next open.
    """
    hand_over(bars, folder)
    found = measured("nautilus_backtest", folder, FAST, SLOW, environment="nautilus")
    place = {ts: i for i, ts in enumerate(bars.ts.tolist())}
    fills = [(int(bars.ts[place[ts] + 1]), float(quantity), price) for ts, quantity, price in found["fills"]]
    return found["seconds"], fills, found["peer"]


def closed(fills):
    """Fills up to the last exit: some peers do not tell of an open trade."""
    return fills[: len(fills) // 2 * 2]


def test_backtest(quarter_bars, n_bars, tmp_path, figure, compare):
    """backtesting.py gives the same fills; the rates stand against the budgets."""
    bars = quarter_bars(n_bars)
    barscope(bars.rows(0, 1000), MemoryRecorder)
    bare, recorded, other = [], [], []
    for turn in range(ROUNDS):
        seconds, result = barscope(bars, MemoryRecorder)
        bare.append(seconds)
        path = tmp_path / f"runs-{turn}.db"
        seconds, _ = barscope(bars, configured(RunRecorder, database=path))
        recorded.append(seconds)
        seconds, fills, peer = backtesting_py(bars)
        other.append(seconds)
        assert fills == closed(fills_of(result)) != []
    rows = count_rows(path)
    rate = n_bars / statistics.median(recorded)
    figure(f"backtest {n_bars:,} bars, recorded", f"{rate:,.0f} bars/s", ">= 150,000 bars/s", rate >= 150_000)
    figure("  rows written", f"{rows / statistics.median(recorded):,.0f} rows/s")
    bare_rate = n_bars / statistics.median(bare)
    figure("  without recording", f"{bare_rate:,.0f} bars/s")
    events = 2 * n_bars + 3 * len(result.fills)
    figure("  events", f"{events / statistics.median(bare):,.0f} events/s")
    ratio = statistics.median(other) / statistics.median(bare)
    figure("  against backtesting.py, neither recording", f"{ratio:.1f} x", "> 1 x", ratio > 1)
    figure("  peak memory of the process", f"{peak_mb():,.0f} MB")
    told = {"topic": "Backtest", "size": f"{n_bars:,} bars", "peer": peer, "theirs": statistics.median(other)}
    compare(what="SMA crossover, event by event", ours=statistics.median(bare), **told)
    compare(what="the same, here with every bar and event recorded", ours=statistics.median(recorded), **told)


def test_nautilus(quarter_bars, n_bars, tmp_path, compare):
    """NautilusTrader gives the same fills."""
    bars = quarter_bars(n_bars)
    barscope(bars.rows(0, 1000), MemoryRecorder)
    mine, theirs = [], []
    for _ in range(ROUNDS):
        seconds, result = barscope(bars, MemoryRecorder)
        mine.append(seconds)
        seconds, fills, peer = nautilus(bars, tmp_path / "bars")
        theirs.append(seconds)
        assert closed(fills) == closed(fills_of(result)) != []
    compare(
        topic="Backtest",
        what="SMA crossover, event by event",
        size=f"{n_bars:,} bars",
        peer=peer,
        ours=statistics.median(mine),
        theirs=statistics.median(theirs),
    )


def test_thread_per_subscriber(quarter_bars, figure):
    """The threaded engine gives the same fills, at a fraction of the rate."""
    bars = quarter_bars(THREADED_BARS)
    barscope(bars.rows(0, 1000), MemoryRecorder)
    seconds, result = barscope(bars, MemoryRecorder)
    start = time.perf_counter()
    fills = threaded.backtest(bars, FAST, SLOW)
    ratio = (time.perf_counter() - start) / seconds
    assert fills == fills_of(result)
    figure("backtest against a thread per subscriber", f"{ratio:.0f} x", ">= 15 x", ratio >= 15)


def count_rows(path):
    """Rows of the run in all tables."""
    store = RunStore(path, readonly=True)
    (record,) = store.list_runs()
    store.close()
    return sum(record.metadata["row_counts"].values())
