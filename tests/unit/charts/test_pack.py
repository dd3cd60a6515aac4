"""Columns packed for a page read back as they were, at the finest detail the budget allows."""

import gzip

import numpy as np
import pytest

from barscope.charts.data import ChartData, ChartSeries
from barscope.charts.drawing import Drawing
from barscope.charts.pack import pack
from barscope.domain.bars import Bars
from barscope.domain.periods import BarPeriod


def chart(n, *, seed=1, largest_volume=1000, scale=1.0):
    """A drawing of n minute bars with a series on the prices and one, with gaps, in its own pane."""
    rng = np.random.default_rng(seed)
    close = np.abs(10_000 + rng.integers(-15, 16, n).cumsum()) + 100
    opens = np.concatenate([close[:1], close[:-1]])
    prices = (opens, np.maximum(opens, close) + 3, np.minimum(opens, close) - 4, close)
    ts = 1_704_205_800_000_000_000 + np.arange(n, dtype=np.int64) * 60_000_000_000
    bars = Bars(ts, *(p / 100 * scale for p in prices), rng.integers(0, largest_volume, n))
    own = np.where(np.arange(n) % 7 == 3, np.nan, rng.normal(size=n) * 40)
    series = (ChartSeries("average", bars.close.copy()), ChartSeries("own", own, pane="own"))
    return Drawing(ChartData("SYN", bars, BarPeriod.MINUTE, series))


def unpack(packed):
    """What share_detail.js does."""
    n = -(-packed.bars // packed.step)
    raw = np.frombuffer(gzip.decompress(packed.blob), np.uint8).reshape(-1, 4, n)
    found = {}
    for planes, head in zip(raw, packed.columns, strict=True):
        zigzag = np.ascontiguousarray(planes.T).view("<u4").ravel().astype(np.int64)
        values = (zigzag >> 1) ^ -(zigzag & 1)
        for _ in range(head["deltas"]):
            values = values.cumsum()
        found[head["name"]] = (values, head)
    whole = {name: values for name, (values, _) in found.items()}
    before = np.concatenate([whole["close"][:1], whole["close"][:-1]])
    whole["open"] = whole["open"] + before
    whole["high"] = whole["high"] + np.maximum(whole["open"], whole["close"])
    whole["low"] = np.minimum(whole["open"], whole["close"]) - whole["low"]
    return {name: (values + found[name][1]["base"]) / found[name][1]["perUnit"] for name, values in whole.items()}


@pytest.mark.parametrize("scale", [1.0, 1e5])
def test_small_data_is_whole_and_exact(scale):
    """Every bar is there: prices to their last decimal, volumes and times exactly, series to five digits."""
    drawing = chart(5000, scale=scale)
    packed = pack(drawing, drawing.data.series, 1_000_000)
    assert packed.step == 1
    found, bars = unpack(packed), drawing.data.bars
    for name in ("open", "high", "low", "close"):
        np.testing.assert_allclose(found[name], getattr(bars, name), rtol=1e-8)
    np.testing.assert_array_equal(found["volume"], bars.volume)
    np.testing.assert_array_equal(found["time"], drawing.local // 10**9)
    own = drawing.data.series[1].values
    np.testing.assert_array_equal(found["series1 known"], np.isfinite(own))
    known = np.isfinite(own)
    np.testing.assert_allclose(found["series1"][known], own[known], atol=np.nanmax(np.abs(own)) * 1e-4)


def test_large_volumes_fit():
    """Volumes beyond 32 bits keep nine digits."""
    drawing = chart(100, largest_volume=10**13)
    found = unpack(pack(drawing, (), 100_000))
    np.testing.assert_allclose(found["volume"], drawing.data.bars.volume, rtol=1e-6, atol=20_000)


@pytest.mark.parametrize("n", [1, 2, 5, 4999])
def test_over_budget_the_finest_candle_is_several_bars(n):
    """First open, highest high, lowest low, last close and summed volume of runs of 2^k bars; the blob keeps within."""
    drawing = chart(n)
    budget = len(pack(drawing, (), 10**9).blob) // 3
    packed = pack(drawing, (), budget)
    found, bars = unpack(packed), drawing.data.bars
    assert packed.step & (packed.step - 1) == 0
    assert len(packed.blob) <= budget or packed.step >= n
    starts = range(0, n, packed.step)
    np.testing.assert_allclose(found["high"], [bars.high[i : i + packed.step].max() for i in starts])
    np.testing.assert_allclose(found["low"], [bars.low[i : i + packed.step].min() for i in starts])
    np.testing.assert_allclose(found["volume"], [bars.volume[i : i + packed.step].sum() for i in starts])
    np.testing.assert_allclose(found["open"], bars.open[:: packed.step])


def test_a_sample_decides_the_step_of_long_data():
    """Beyond the sample's length the result keeps its budget too, and does not waste half of it needlessly often."""
    drawing = chart(60_000)
    whole = len(pack(drawing, drawing.data.series, 10**9).blob)
    packed = pack(drawing, drawing.data.series, whole // 2)
    assert packed.step in (2, 4)
    assert len(packed.blob) <= whole // 2
