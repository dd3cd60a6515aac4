"""A strategy that does on each bar what a test tells it, and a run of it without a database."""

from types import SimpleNamespace

import numpy as np
import pytest

from barscope.domain.bars import Bars
from barscope.domain.events import EVENT_TYPES
from barscope.domain.periods import BarPeriod
from barscope.engine.configuration import configured
from barscope.engine.datafeed import SimulatedDatafeed
from barscope.engine.orchestrator import Orchestrator
from barscope.engine.recorder import MemoryRecorder
from barscope.engine.simulated_broker import SimulatedBroker
from barscope.engine.strategy import Strategy


def bars_of(*rows, period=BarPeriod.DAY, start=0, volume=1000):
    """Bars of (open, high, low, close), one after the other."""
    o, h, low, c = np.array(rows, dtype=float).T
    ts = (start + np.arange(len(rows))) * period.length_ns
    return Bars(ts, o, h, low, c, np.full(len(rows), volume))


def strategy_of(act, name="Scripted", **settings):
    """A strategy that calls `act(strategy, bar, n)` on its n-th bar."""

    class _Scripted(Strategy):
        def setup(self):
            self.n = -1

        def on_bar(self, event):
            self.n += 1
            act(self, event, self.n)

    return configured(_Scripted, name=name, **{"symbols": ["A"], **settings})


def play(strategies, bars, *, period=BarPeriod.DAY, feed=SimulatedDatafeed, **broker):
    """Runs strategies over bars; gives the result, every event in order, and those of each type."""
    log = []

    class _Recorder(MemoryRecorder):
        def __init__(self, bus):
            super().__init__(bus)
            for kind in EVENT_TYPES:
                self.listen(kind, log.append, last=True)

    bars = bars if isinstance(bars, dict) else {"A": bars}
    strategies = strategies if isinstance(strategies, list) else [strategies]
    result = Orchestrator(
        strategies,
        configured(SimulatedBroker, **broker),
        configured(feed, bars=bars, bar_period=period),
        _Recorder,
        now_ns=lambda: 0,
    ).run()
    return SimpleNamespace(
        result=result,
        log=log,
        of=lambda kind: [event for event in log if type(event) is kind],
        fills=[
            (f.ts_event_ns // period.length_ns, f.side.sign * f.quantity_filled, f.fill_price) for f in result.fills
        ],
    )


@pytest.fixture
def engine():
    """The helpers of this file."""
    return SimpleNamespace(bars_of=bars_of, strategy_of=strategy_of, play=play)
