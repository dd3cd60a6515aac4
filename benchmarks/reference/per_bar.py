"""The readable form of an exploration: an event per bar, each indicator updated by it, one JSON row written for it.

This is how event-driven tools of the field do it (a bar event, indicators with a state per symbol, a processed-bar
event with their values, a recorder that writes a row), without threads or queues. It is the oracle, too.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict, deque
from dataclasses import dataclass

HISTORY = 100
"""How many past values an indicator keeps for each symbol."""


@dataclass(frozen=True, kw_only=True)
class BarReceived:
    """A bar as it comes from the feed, prices in currency units."""

    ts_event_ns: int
    ts_created_ns: int
    symbol: str
    bar_period: str
    open: float
    high: float
    low: float
    close: float
    volume: int


@dataclass(frozen=True, kw_only=True)
class BarProcessed(BarReceived):
    """A bar with the values of all indicators at it."""

    indicators: dict[str, float]


class Indicator:
    """Keeps a state and the latest values for each symbol; a subclass computes the value at a bar."""

    def __init__(self):
        self.states = defaultdict(self.state)
        self.values = defaultdict(lambda: deque(maxlen=HISTORY))

    def update(self, bar):
        """Take a bar; afterwards `latest` gives the value at it."""
        self.values[bar.symbol].append(self.compute(bar, self.states[bar.symbol]))

    def latest(self, symbol):
        """The value at the last bar, NaN before there is one."""
        return self.values[symbol][-1]


class SMA(Indicator):
    """Mean of the last n closes, NaN before n bars."""

    def __init__(self, n):
        self.n, self.name = n, f"SMA_{n}_CLOSE"
        super().__init__()

    def state(self):
        """The last n closes."""
        return deque(maxlen=self.n)

    def compute(self, bar, window):
        """The mean at this bar."""
        window.append(bar.close)
        return sum(window) / self.n if len(window) == self.n else math.nan


class BollingerUpper(SMA):
    """Mean plus k population standard deviations of the last n closes, NaN before n bars."""

    def __init__(self, n, k):
        super().__init__(n)
        self.k, self.name = k, f"Upper Bollinger Band ({n}, {k}, CLOSE)"

    def compute(self, bar, window):
        """The upper band at this bar."""
        mean = super().compute(bar, window)
        return mean + self.k * math.sqrt(sum((x - mean) ** 2 for x in window) / self.n)


class Wilder:
    """Wilder's smoothing of values fed one by one, NaN before n of them."""

    def __init__(self, n):
        self.n, self.seed, self.value = n, [], math.nan

    def update(self, x):
        """The smoothed value."""
        if len(self.seed) < self.n:
            self.seed.append(x)
            if len(self.seed) == self.n:
                self.value = sum(self.seed) / self.n
        else:
            self.value = (self.value * (self.n - 1) + x) / self.n
        return self.value


class RSI(Indicator):
    """Wilder's relative strength of closes, NaN before n changes."""

    def __init__(self, n):
        self.n, self.name = n, f"RSI_{n}_CLOSE"
        super().__init__()

    def state(self):
        """Smoothed gains and losses, and the last close."""
        return {"gain": Wilder(self.n), "loss": Wilder(self.n), "last": None}

    def compute(self, bar, state):
        """The strength at this bar."""
        last, state["last"] = state["last"], bar.close
        if last is None:
            return math.nan
        change = bar.close - last
        gain, loss = state["gain"].update(max(change, 0.0)), state["loss"].update(max(-change, 0.0))
        return 50.0 if gain + loss == 0 else 100 * gain / (gain + loss)


class ATR(Indicator):
    """Wilder's average true range, NaN before n ranges; the first range needs a previous close."""

    def __init__(self, n):
        self.n, self.name = n, f"ATR_{n}"
        super().__init__()

    def state(self):
        """The smoothed range, and the last close."""
        return {"mean": Wilder(self.n), "last": None}

    def compute(self, bar, state):
        """The average range at this bar."""
        last, state["last"] = state["last"], bar.close
        if last is None:
            return math.nan
        return state["mean"].update(max(bar.high - bar.low, abs(bar.high - last), abs(bar.low - last)))


def indicators():
    """The five that every benchmark of an exploration computes."""
    return [SMA(20), SMA(50), BollingerUpper(20, 2.0), RSI(14), ATR(14)]


def explore(connection, instrument_id, rtype, out, run_id, symbol, period, batch_rows=1000):
    """Read, update and write bar by bar.

    Args:
        connection: An apsw connection to the security master.
        instrument_id: The instrument.
        rtype: The record type.
        out: An apsw connection to a database with the table `bars_processed`.
        run_id: Written in each row.
        symbol: Written in each row.
        period: Written in each row.
        batch_rows: Rows of a transaction.

    Returns:
        Series name → list of values, one per bar.
    """
    working = indicators()
    values = {indicator.name: [] for indicator in working}
    out.execute("BEGIN")
    for i, bar in enumerate(feed(connection, instrument_id, rtype, symbol, period)):
        for indicator in working:
            indicator.update(bar)
        processed = BarProcessed(**vars(bar), indicators={x.name: x.latest(symbol) for x in working})
        record(out, run_id, processed)
        for name, value in processed.indicators.items():
            values[name].append(value)
        if i % batch_rows == batch_rows - 1:
            out.execute("COMMIT")
            out.execute("BEGIN")
    out.execute("COMMIT")
    return values


def feed(connection, instrument_id, rtype, symbol, period):
    """The bars of an instrument as events."""
    rows = connection.execute(
        "SELECT ts_event, open, high, low, close, volume FROM ohlcv WHERE instrument_id=? AND rtype=? "
        "ORDER BY ts_event",
        (instrument_id, rtype),
    )
    for ts, o, h, low, c, v in rows:
        yield BarReceived(
            ts_event_ns=ts,
            ts_created_ns=0,
            symbol=symbol,
            bar_period=period,
            open=o / 1e9,
            high=h / 1e9,
            low=low / 1e9,
            close=c / 1e9,
            volume=v,
        )


def record(out, run_id, bar):
    """Write a processed bar as a row; NaN becomes null."""
    found = {name: None if math.isnan(value) else value for name, value in bar.indicators.items()}
    out.execute(
        "INSERT INTO bars_processed (run_id, ts_event_ns, ts_created_ns, symbol, bar_period, open, high, low, close,"
        " volume, indicators) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (
            run_id,
            bar.ts_event_ns,
            bar.ts_created_ns,
            bar.symbol,
            bar.bar_period,
            bar.open,
            bar.high,
            bar.low,
            bar.close,
            bar.volume,
            json.dumps(found),
        ),
    )
