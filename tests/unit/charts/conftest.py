"""Bars to draw: small, exact and the same every time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from barscope.charts.data import ChartData, ChartSeries
from barscope.domain.bars import Bars
from barscope.domain.periods import BarPeriod

MakeBars = Callable[..., Bars]


def walk(ts: np.ndarray, seed: int = 7, base: float = 100.0) -> Bars:
    """A random walk in cents at given times."""
    rng = np.random.default_rng(seed)
    n = len(ts)
    close = np.round(base * np.exp(np.cumsum(rng.standard_normal(n) * 0.001)), 2)
    open_ = np.concatenate((close[:1], close[:-1]))
    high = np.maximum(open_, close) + rng.integers(0, 20, n) / 100
    low = np.minimum(open_, close) - rng.integers(0, 20, n) / 100
    return Bars(ts, open_, high, low, close, rng.integers(1, 10_000, n))


@pytest.fixture
def make_bars() -> MakeBars:
    """Makes bars: at given times, or n bars of a period without gaps from 2024-01-01 UTC."""

    def make(n: int = 0, period: BarPeriod = BarPeriod.MINUTE, ts: np.ndarray | None = None, **options) -> Bars:
        start = np.datetime64("2024-01-01", "ns").astype(np.int64)
        return walk(start + np.arange(n) * period.length_ns if ts is None else ts, **options)

    return make


@pytest.fixture
def session_minutes() -> np.ndarray:
    """Opening times of 40 New York sessions of 390 minutes that cross the change to summer time of 2024-03-10."""
    zone, ts = ZoneInfo("America/New_York"), []
    for day in range(56):
        date = datetime(2024, 2, 12, 9, 30, tzinfo=zone) + timedelta(days=day)
        if date.weekday() < 5:
            opening = int(date.timestamp()) * 10**9
            ts.append(opening + np.arange(390) * 60 * 10**9)
    return np.concatenate(ts)


@pytest.fixture
def session_data(make_bars: MakeBars, session_minutes: np.ndarray) -> ChartData:
    """Those sessions with a band, an oscillator and a histogram."""
    bars = make_bars(ts=session_minutes)
    wave = np.sin(np.arange(len(bars)) / 50) * 40 + 50
    wave[:14] = np.nan
    series = (
        ChartSeries("Upper", bars.close + 1, draw="dashed", band="Lower"),
        ChartSeries("SMA_20_CLOSE", bars.close),
        ChartSeries("Lower", bars.close - 1, draw="dashed"),
        ChartSeries("RSI_14_CLOSE", wave, pane="own", levels=(30.0, 70.0)),
        ChartSeries("hist", wave - 50, pane="own", group="MACD", draw="histogram"),
        ChartSeries("signal", wave - 50, pane="own", group="MACD"),
    )
    return ChartData("AAPL", bars, BarPeriod.MINUTE, series, "America/New_York")
