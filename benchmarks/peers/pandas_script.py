"""An exploration as one writes it by hand: `read_sql`, five indicators by rolling windows, `to_sql`."""

import json
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

READ = "SELECT ts_event, open, high, low, close, volume FROM ohlcv WHERE instrument_id = 1 AND rtype = 33 ORDER BY 1"


def wilder(values, n, first):
    """Wilder's smoothing, seeded by the mean of n values from `first` on."""
    seeded = values.copy()
    seeded.iloc[: first + n] = np.nan
    seeded.iloc[first + n - 1] = values.iloc[first : first + n].mean()
    return seeded.ewm(alpha=1 / n, adjust=False).mean()


def explore(connection):
    """The bars with five indicators beside them."""
    frame = pd.read_sql(READ, connection)
    prices = ["open", "high", "low", "close"]
    frame[prices] = frame[prices] / 1e9
    close = frame["close"]
    frame["SMA_20_CLOSE"] = close.rolling(20).mean()
    frame["SMA_50_CLOSE"] = close.rolling(50).mean()
    frame["Upper Bollinger Band (20, 2.0, CLOSE)"] = frame["SMA_20_CLOSE"] + 2 * close.rolling(20).std(ddof=0)
    change = close.diff()
    gain, loss = wilder(change.clip(lower=0), 14, 1), wilder(-change.clip(upper=0), 14, 1)
    frame["RSI_14_CLOSE"] = 100 * gain / (gain + loss)
    before = close.shift()
    ranges = [frame["high"] - frame["low"], (frame["high"] - before).abs(), (frame["low"] - before).abs()]
    frame["ATR_14"] = wilder(pd.concat(ranges, axis=1).max(axis=1), 14, 1)
    return frame


def main(folder, database, results):
    """Explore and record; print the seconds of both, and leave the columns in the folder."""
    Path(results).unlink(missing_ok=True)
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(results)) as out:
        explore_some = pd.read_sql(READ + " LIMIT 100", source)
        explore_some.rolling(2).mean()  # pandas is warm
        start = time.perf_counter()
        frame = explore(source)
        ready = time.perf_counter() - start
        out.execute("PRAGMA journal_mode=WAL")
        out.execute("PRAGMA synchronous=NORMAL")
        frame.to_sql("explored", out, index=False, chunksize=20_000)
        out.commit()
        recorded = time.perf_counter() - start
        (count,) = out.execute("SELECT count(*) FROM explored").fetchone()
    for number, name in enumerate(frame.columns[6:]):
        np.save(folder / f"series-{number}.npy", frame[name].to_numpy())
    print(
        json.dumps(
            {
                "peer": f"pandas {pd.__version__} with to_sql",
                "ready": ready,
                "recorded": recorded,
                "rows": count,
                "series": list(frame.columns[6:]),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
