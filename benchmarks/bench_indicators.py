"""What indicators cost over columns and bar by bar, beside talipp and pandas; the values are equal.

talipp updates an indicator by one bar at a time, and its batch is a loop over that. pandas has no stream: a bar costs a
window computed anew.
"""

from __future__ import annotations

import statistics
import time
from functools import partial
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest
import talipp.indicators as talipp
from peers.pandas_script import wilder
from talipp.ohlcv import OHLCV

from barscope.indicators import indicator_class

NAMES = ("SimpleMovingAverage", "BollingerUpper", "RSI", "ATR")
ROUNDS = 3
STREAMED_BARS, WINDOWED_BARS = 20_000, 2_000
SETTLED = 1000
"""Bars after which a different first value of a smoothing has died away: talipp's true range begins one bar earlier."""


def ours(name):
    """One of ours, with the parameters all of them get here."""
    return indicator_class(name)(period=14 if name in ("RSI", "ATR") else 20)


def with_talipp(name, values=None):
    """The same of talipp; over all values at once, where some are given."""
    if name == "BollingerUpper":
        return talipp.BB(20, 2.0, input_values=values)
    period = 14 if name in ("RSI", "ATR") else 20
    return getattr(talipp, {"SimpleMovingAverage": "SMA"}.get(name, name))(period, input_values=values)


def with_pandas(name, frame):
    """The same over columns by rolling windows."""
    close = frame["close"]
    if name == "SimpleMovingAverage":
        return close.rolling(20).mean()
    if name == "BollingerUpper":
        return close.rolling(20).mean() + 2 * close.rolling(20).std(ddof=0)
    before = close.shift()
    if name == "ATR":
        ranges = [frame["high"] - frame["low"], (frame["high"] - before).abs(), (frame["low"] - before).abs()]
        return wilder(pd.concat(ranges, axis=1).max(axis=1), 14, 1)
    change = close - before
    gain, loss = wilder(change.clip(lower=0), 14, 1), wilder(-change.clip(upper=0), 14, 1)
    return 100 * gain / (gain + loss)


def inputs(name, bars):
    """What talipp's indicator takes, one a bar."""
    if name != "ATR":
        return bars.close.tolist()
    return [OHLCV(bar.open, bar.high, bar.low, bar.close) for bar in bars]


def values_of(name, found):
    """The values of talipp's, as a column."""
    if name == "BollingerUpper":
        found = [value and value.ub for value in found]
    return np.array([np.nan if value is None else value for value in found], dtype=float)


def seconds(work, rounds=ROUNDS):
    """The median of some rounds, and the last result."""
    taken = []
    for _ in range(rounds):
        begin = time.perf_counter()
        result = work()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken), result


def fed(take, values):
    """Give the values one by one; what came of each."""
    return [take(value) for value in values]


def assert_equal(expected, found):
    """The values agree once every first value has died away."""
    np.testing.assert_allclose(found[SETTLED:], expected[SETTLED:], rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_over_columns(quarter_bars, n_bars, name, compare):
    """All three give the same column."""
    bars = quarter_bars(n_bars)
    frame = pd.DataFrame({key: getattr(bars, key) for key in ("open", "high", "low", "close")})
    mine, columns = seconds(partial(ours(name).compute, bars))
    expected = next(iter(columns.values()))
    told = {"topic": "Indicators", "what": f"{name} over columns", "size": f"{n_bars:,} bars", "ours": mine}
    theirs, series = seconds(partial(with_pandas, name, frame))
    assert_equal(expected, series.to_numpy())
    compare(**told, peer=f"pandas {pd.__version__}", theirs=theirs)
    theirs, series = seconds(partial(with_talipp, name, inputs(name, bars)), 1)
    assert_equal(expected, values_of(name, series))
    compare(**told, peer=f"talipp {version('talipp')}", theirs=theirs)


@pytest.mark.parametrize("name", NAMES)
def test_bar_by_bar(quarter_bars, name, compare):
    """Each bar gives the value that talipp gives."""
    bars = quarter_bars(STREAMED_BARS)
    each = list(bars)
    mine, values = seconds(lambda: fed(ours(name).stream().update, each))
    given, peer = inputs(name, bars), with_talipp(name)
    theirs, _ = seconds(lambda: fed(peer.add, given), 1)
    assert_equal(np.array(values)[:, 0], values_of(name, peer))
    compare(
        topic="Indicators",
        what=f"{name} bar by bar",
        size=f"{STREAMED_BARS:,} bars",
        peer=f"talipp {version('talipp')}",
        ours=mine,
        theirs=theirs,
    )


def test_bar_by_bar_in_pandas(quarter_bars, compare):
    """The mean of the last twenty closes at each bar, in pandas and by a stream."""
    bars = quarter_bars(WINDOWED_BARS)
    closes, each = pd.Series(bars.close), list(bars)
    mine, values = seconds(lambda: fed(ours("SimpleMovingAverage").stream().update, each))
    theirs, found = seconds(lambda: [closes.iloc[max(0, i - 19) : i + 1].mean() for i in range(len(closes))])
    assert_equal(np.array(values)[:, 0], np.array(found))
    compare(
        topic="Indicators",
        what="SimpleMovingAverage bar by bar",
        size=f"{WINDOWED_BARS:,} bars",
        peer=f"pandas {pd.__version__}",
        ours=mine,
        theirs=theirs,
    )
