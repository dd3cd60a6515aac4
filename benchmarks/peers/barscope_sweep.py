"""The pairs of averages in barscope, in a process of their own as those of the peers are: no store, no record."""

import json
import sys
import time
from pathlib import Path

BEGIN = time.perf_counter()
import numpy as np  # noqa: E402  # the time that the libraries take to load is told as well
from memory import peak_mb  # noqa: E402

import barscope as bs  # noqa: E402
from barscope.domain.sampling import Combinations  # noqa: E402
from barscope.engine.strategies import SMACrossover  # noqa: E402
from barscope.studies.sweep_frame import VECTORISED  # noqa: E402
from barscope.studies.sweep_work import SweepDesk, SweepWork, SymbolBars, children_of  # noqa: E402

LOADED = time.perf_counter() - BEGIN
CASH = 1_000_000.0
SYMBOL, PERIOD = "SYN-A", bs.BarPeriod.MINUTE
COLUMNS = ("ts", "open", "high", "low", "close", "volume")


def sweep(bars, combinations):
    """A row per pair, on a desk that has computed nothing yet."""
    work = SweepWork(SMACrossover, VECTORISED, PERIOD, {"quantity": 1.0}, {"starting_cash": CASH})
    desk = SweepDesk(work, SymbolBars(SYMBOL, {PERIOD: bars}, {PERIOD: bars.ts + PERIOD.length_ns}))
    return children_of(desk, range(len(combinations)), combinations)


def main(folder):
    """Two passes; print the seconds of both, and leave the results in the folder."""
    bars = bs.Bars(*(np.load(folder / f"{name}.npy") for name in COLUMNS))
    fast, slow = np.load(folder / "pairs.npy").T
    combinations, seconds = Combinations({"fast_period": fast, "slow_period": slow}), []
    for _ in range(2):
        begin = time.perf_counter()
        found = sweep(bars, combinations)
        seconds.append(time.perf_counter() - begin)
    np.save(folder / "our-trades.npy", found["round_trips"].to_numpy())
    np.save(folder / "our-returns.npy", found["total_return"].to_numpy())
    print(json.dumps({"loaded": LOADED, "cold": seconds[0], "warm": seconds[1], "megabytes": peak_mb()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
