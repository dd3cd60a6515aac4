"""How long a condition takes over all bars of a run, against the same in pandas; and what came after each setup."""

from __future__ import annotations

import statistics
import time

import numpy as np
import pandas as pd
from bench_explore import request

import barscope as bs

ROUNDS = 5
SLOW, CONTEXT, GAP = "SMA(200, CLOSE)", 10, 3


def test_condition(market, n_bars, figure):
    """Both find the same setups; a million bars take no longer than a second."""
    ws = market(n_bars)
    indicators = (
        bs.IndicatorConfig(class_name="SMA", params={"timeperiod": 200}),
        bs.IndicatorConfig(class_name="RSI", params={"period": 14}),
    )
    run = ws.explore(request(ws).model_copy(update={"indicators": indicators})).result()
    frame = pd.concat([run.bars(), run.indicators()], axis=1)
    condition = bs.Comparison("close", ">", SLOW) & (
        bs.Comparison("RSI_14_CLOSE", "<", 45) | bs.Comparison("close", "crosses_above", SLOW)
    )
    how = bs.ByCondition(condition, CONTEXT, GAP)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        table = run.segments(how).frame()
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        expected = in_pandas(frame)
        theirs.append(time.perf_counter() - start)
    assert len(table) > n_bars / 1000
    for column in expected:
        np.testing.assert_array_equal(table[column].to_numpy(), expected[column].to_numpy(), err_msg=column)
    seconds, ratio = statistics.median(ours), statistics.median(ours) / statistics.median(theirs)
    what = f"a condition over {len(frame):,} bars, {len(table):,} setups with forward returns"
    figure(what, f"{seconds * 1e3:.0f} ms", "1 s at 1M", seconds <= 1)
    figure("the same in pandas", f"{statistics.median(theirs) * 1e3:.0f} ms")
    figure("ratio", f"{ratio:.2f}", "1", ratio <= 1)


def in_pandas(frame):
    """The setups and their forward returns as one writes them in a notebook."""
    close, slow, rsi = frame["close"], frame[SLOW], frame["RSI_14_CLOSE"]
    crosses = (close > slow) & (close.shift() <= slow.shift())
    place = pd.Series(np.arange(len(frame)), frame.index)[(close > slow) & ((rsi < 45) | crosses)]
    stretch = (place.diff() > GAP + 1).cumsum()
    found = place.groupby(stretch).agg(["first", "last"]).reset_index(drop=True)
    start, stop = (found["first"] - CONTEXT).clip(lower=0), (found["last"] + CONTEXT).clip(upper=len(frame) - 1)
    table = pd.DataFrame(
        {
            "start_ts": frame.index[start],
            "end_ts": frame.index[stop],
            "condition_start_ts": frame.index[found["first"]],
            "condition_end_ts": frame.index[found["last"]],
            "bar_count": stop - start + 1,
            "signal_close": close.iloc[found["first"]].to_numpy(),
        }
    )
    for horizon in (1, 5, 20):
        table[f"return_{horizon}"] = (close.shift(-horizon) / close - 1).iloc[found["first"]].to_numpy()
    return table
