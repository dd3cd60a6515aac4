"""The readable form of an exploration: one bar at a time, each indicator updated, one JSON row written per bar."""

from __future__ import annotations

import json
import math
from collections import deque
from typing import NamedTuple


class Bar(NamedTuple):
    """One bar, prices in currency units."""

    ts: int
    open: float
    high: float
    low: float
    close: float
    volume: int


class SMA:
    """Mean of the last n closes."""

    def __init__(self, n):
        self.n, self.window, self.name = n, deque(maxlen=n), f"SMA_{n}_CLOSE"

    def update(self, bar):
        """The mean at this bar, NaN before n bars."""
        self.window.append(bar.close)
        return sum(self.window) / self.n if len(self.window) == self.n else math.nan


class BollingerUpper:
    """Mean plus k population standard deviations of the last n closes."""

    def __init__(self, n, k):
        self.n, self.k, self.window = n, k, deque(maxlen=n)
        self.name = f"Upper Bollinger Band ({n}, {k}, CLOSE)"

    def update(self, bar):
        """The upper band at this bar, NaN before n bars."""
        self.window.append(bar.close)
        if len(self.window) < self.n:
            return math.nan
        mean = sum(self.window) / self.n
        return mean + self.k * math.sqrt(sum((x - mean) ** 2 for x in self.window) / self.n)


class Wilder:
    """Wilder's smoothing of values fed one by one."""

    def __init__(self, n):
        self.n, self.seed, self.value = n, [], math.nan

    def update(self, x):
        """The smoothed value, NaN before n inputs."""
        if len(self.seed) < self.n:
            self.seed.append(x)
            if len(self.seed) == self.n:
                self.value = sum(self.seed) / self.n
        else:
            self.value = (self.value * (self.n - 1) + x) / self.n
        return self.value


class RSI:
    """Wilder's relative strength of closes."""

    def __init__(self, n):
        self.gain, self.loss, self.last, self.name = Wilder(n), Wilder(n), None, f"RSI_{n}_CLOSE"

    def update(self, bar):
        """The strength at this bar, NaN before n changes."""
        last, self.last = self.last, bar.close
        if last is None:
            return math.nan
        change = bar.close - last
        gain, loss = self.gain.update(max(change, 0.0)), self.loss.update(max(-change, 0.0))
        if math.isnan(gain):
            return math.nan
        return 50.0 if gain + loss == 0 else 100 * gain / (gain + loss)


class ATR:
    """Wilder's average true range; the first range needs a previous close."""

    def __init__(self, n):
        self.mean, self.last, self.name = Wilder(n), None, f"ATR_{n}"

    def update(self, bar):
        """The average range at this bar, NaN before n ranges."""
        last, self.last = self.last, bar.close
        if last is None:
            return math.nan
        return self.mean.update(max(bar.high - bar.low, abs(bar.high - last), abs(bar.low - last)))


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
    rows = connection.execute(
        "SELECT ts_event, open, high, low, close, volume FROM ohlcv WHERE instrument_id=? AND rtype=? ORDER BY ts_event",
        (instrument_id, rtype),
    )
    out.execute("BEGIN")
    for i, (ts, o, h, low, c, v) in enumerate(rows):
        bar = Bar(ts, o / 1e9, h / 1e9, low / 1e9, c / 1e9, v)
        now = {}
        for indicator in working:
            value = indicator.update(bar)
            values[indicator.name].append(value)
            now[indicator.name] = None if math.isnan(value) else value
        out.execute(
            "INSERT INTO bars_processed (run_id, ts_event_ns, ts_created_ns, symbol, bar_period, open, high, low, close,"
            " volume, indicators) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (run_id, ts, 0, symbol, period, bar.open, bar.high, bar.low, bar.close, v, json.dumps(now)),
        )
        if i % batch_rows == batch_rows - 1:
            out.execute("COMMIT")
            out.execute("BEGIN")
    out.execute("COMMIT")
    return values
