"""The floor of a recorded exploration: a bulk read, TA-Lib, JSON by polars, a bulk write of the rows."""

from __future__ import annotations

from itertools import chain, repeat

import numpy as np
import polars as pl
import talib

BATCH_ROWS = 20_000


def explore(connection, instrument_id, rtype, out, run_id, symbol, period):
    """Read, compute and write in bulk; returns the number of rows."""
    cursor = connection.execute(
        "SELECT ts_event, open, high, low, close, volume FROM ohlcv WHERE instrument_id=? AND rtype=? "
        "ORDER BY ts_event",
        (instrument_id, rtype),
    )
    table = np.fromiter(chain.from_iterable(cursor), dtype=np.int64).reshape(-1, 6)
    ts, volume = np.ascontiguousarray(table[:, 0]), table[:, 5]
    o, h, low, c = (np.ascontiguousarray(table[:, i]) / 1e9 for i in range(1, 5))
    series = {
        "SMA_20_CLOSE": talib.SMA(c, 20),
        "SMA_50_CLOSE": talib.SMA(c, 50),
        "Upper Bollinger Band (20, 2.0, CLOSE)": talib.BBANDS(c, 20, 2.0, 2.0)[0],
        "RSI_14_CLOSE": talib.RSI(c, 14),
        "ATR_14": talib.ATR(h, low, c, 14),
    }
    frame = pl.DataFrame({name: pl.Series(values, nan_to_null=True) for name, values in series.items()})
    for start in range(0, len(ts), BATCH_ROWS):
        part = slice(start, start + BATCH_ROWS)
        text = frame[part].select(pl.struct(pl.all()).struct.json_encode()).to_series().to_list()
        columns = (x[part].tolist() for x in (ts, o, h, low, c, volume))
        t, *ohlcv = columns
        out.execute("BEGIN IMMEDIATE")
        out.executemany(
            "INSERT INTO bars_processed (run_id, ts_event_ns, ts_created_ns, symbol, bar_period, open, high, low,"
            " close, volume, indicators) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            zip(repeat(run_id), t, repeat(0), repeat(symbol), repeat(period), *ohlcv, text, strict=False),
        )
        out.execute("COMMIT")
    return len(ts)
