"""Every built-in indicator: one definition, two drivers, no look-ahead."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barscope.domain.bars import Bars
from barscope.indicators import build_indicator, catalogue, first_lookahead
from barscope.indicators.certificates import first_driver_difference

BUILT_IN = [cls.class_name for cls in catalogue() if cls.__module__.startswith("barscope.")]
N = 260


def random_bars(seed: int, n: int = N, *, holes: tuple[int, ...] = (), digits: int = 2) -> Bars:
    """A random walk on a price grid, so that equal prices occur; a hole is a bar without a close."""
    rng = np.random.default_rng(seed)
    close = 100 + np.round(np.cumsum(rng.normal(size=n)), digits)
    open_ = close + np.round(rng.normal(size=n), digits)
    high = np.maximum(open_, close) + np.round(rng.random(n), digits)
    low = np.minimum(open_, close) - np.round(rng.random(n), digits)
    for i, column in zip(holes, (close, high, low, open_) * n, strict=False):
        column[i] = (np.nan, np.inf)[i % 2]
    return Bars(np.arange(n) * 60_000_000_000, open_, high, low, close, rng.integers(0, 1000, n))


@pytest.mark.parametrize("name", BUILT_IN)
def test_batch_equals_stream(name):
    """Both drivers give the same bits, before, in and after missing and infinite inputs."""
    bars = random_bars(1, holes=(0, 110, 111, 114, 200))
    assert first_driver_difference(build_indicator(name), bars) is None


@pytest.mark.parametrize("name", BUILT_IN)
def test_no_lookahead(name):
    """Computed on the first bars alone, an indicator gives the first values."""
    bars = random_bars(2, holes=(150,))
    assert first_lookahead(build_indicator(name), bars, cuts=6) is None


@pytest.mark.parametrize("name", BUILT_IN)
def test_warm_up(name):
    """On clean bars the first value stands at the lookback, in every output."""
    indicator = build_indicator(name)
    bars = random_bars(3)
    for series in indicator.compute(bars).values():
        assert np.isnan(series[: indicator.lookback]).all()
        values = series[indicator.lookback :]
        if name in PARTLY_UNDEFINED:
            assert len(values)
        else:
            assert np.isfinite(values[:1]).all()


PARTLY_UNDEFINED = {"ACOS", "ASIN", "EXP", "COSH", "SINH"}
"""Functions that have no value for prices: an arc cosine of 100 does not exist."""


@pytest.mark.parametrize("name", BUILT_IN)
def test_hole_does_not_poison(name):
    """A missing input leaves values before it alone, and after its own warm-up the series is there again."""
    indicator = build_indicator(name)
    clean, holed = random_bars(4), random_bars(4, holes=(120,))
    for before, after in zip(indicator.compute(clean).values(), indicator.compute(holed).values(), strict=True):
        assert before[:120].tobytes() == after[:120].tobytes()
        tail = 121 + indicator.lookback
        assert np.isfinite(before[tail:]).sum() == np.isfinite(after[tail:]).sum()


def test_no_two_default_variants_share_a_series_name():
    """Each default variant of each class names its series differently from all others."""
    names = [output.name for name in BUILT_IN for output in build_indicator(name).outputs]
    assert len(set(names)) == len(names)
    assert len(BUILT_IN) == 219


SOME = ["SimpleMovingAverage", "BollingerUpper", "BollingerBandwidth", "RSI", "ATR", "PlusDI", "ADX", "ROC"]


@settings(max_examples=120, deadline=None)
@given(
    name=st.sampled_from([*SOME, "ParabolicSAR", "DetrendOscillator", "EMA", "KAMA", "STOCH", "SUPERTREND", "MFI"]),
    seed=st.integers(0, 1000),
    digits=st.integers(0, 6),
    holes=st.lists(st.integers(0, 59), max_size=6, unique=True),
)
def test_drivers_agree_wherever_the_holes_are(name, seed, digits, holes):
    """Batch equals stream and no value depends on later bars, for any bars and holes."""
    indicator = build_indicator(name, {"period": 3} if "period" in build_indicator(name).parameters else None)
    bars = random_bars(seed, 60, holes=tuple(sorted(holes)), digits=digits)
    assert first_driver_difference(indicator, bars) is None
    assert first_lookahead(indicator, bars, cuts=5) is None


@settings(max_examples=80, deadline=None)
@given(
    outer=st.sampled_from(["SMA", "EMA", "MAX", "RSI", "ROC", "STDDEV", "PeriodExtreme"]),
    inner=st.sampled_from(["RSI", "BBANDS", "MACD", "Volume", "ParabolicSAR", "CDLDOJI", "DIV", "OBV"]),
    seed=st.integers(0, 1000),
    holes=st.lists(st.integers(0, 119), max_size=4, unique=True),
)
def test_nested_sources_agree(outer, inner, seed, holes):
    """An indicator of another indicator gives the same bits from both drivers."""
    indicator = build_indicator("TA_" + outer if outer in ("RSI", "ROC") else outer, {"source": inner})
    bars = random_bars(seed, 120, holes=tuple(sorted(holes)))
    assert first_driver_difference(indicator, bars) is None
    assert first_lookahead(indicator, bars, cuts=3) is None
