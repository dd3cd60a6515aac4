"""Pairs of averages in vectorbt: every pair's trades and total return, in chunks of columns that fit into memory.

The first pass is cold: numba compiles what it has no cache of. The second is warm.
"""

import json
import sys
import time
from pathlib import Path

BEGIN = time.perf_counter()
import numba  # noqa: E402  # the time that the libraries take to load is told as well
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import vectorbt as vbt  # noqa: E402
from memory import peak_mb  # noqa: E402

LOADED = time.perf_counter() - BEGIN
CASH = 1_000_000.0


def signals(close, pairs):
    """Entries and exits of each pair, moved to the bar at whose open they are executed; shape (bars, pairs)."""
    fast, slow = (vbt.MA.run(close, windows.tolist()).ma.to_numpy() for windows in pairs.T)
    above, known = fast > slow, ~np.isnan(slow)
    entries, exits = np.zeros_like(above), np.zeros_like(above)
    entries[2:] = above[1:-1] & ~above[:-2] & known[:-2]
    exits[1:] = ~above[:-1] & known[:-1]
    return entries, exits


def sweep(opens, close, pairs, chunk):
    """Number of closed trades and total return of each pair."""
    trades, returns = [], []
    for first in range(0, len(pairs), chunk):
        entries, exits = signals(close, pairs[first : first + chunk])
        portfolio = vbt.Portfolio.from_signals(close, entries, exits, price=opens, size=1.0, init_cash=CASH)
        trades.append(np.atleast_1d(portfolio.trades.closed.count()))
        returns.append(np.atleast_1d(portfolio.total_return()))
    return np.concatenate(trades), np.concatenate(returns)


def main(folder, chunk):
    """Two passes; print the seconds of both, and leave the results in the folder."""
    opens, close = (pd.Series(np.load(folder / f"{name}.npy")) for name in ("open", "close"))
    pairs, seconds = np.load(folder / "pairs.npy"), []
    for _ in range(2):
        begin = time.perf_counter()
        trades, returns = sweep(opens, close, pairs, chunk)
        seconds.append(time.perf_counter() - begin)
    np.save(folder / "trades.npy", trades)
    np.save(folder / "returns.npy", returns)
    peer = f"vectorbt {vbt.__version__} with numba {numba.__version__}"
    print(json.dumps({"peer": peer, "loaded": LOADED, "cold": seconds[0], "warm": seconds[1], "megabytes": peak_mb()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
