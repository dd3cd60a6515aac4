"""Bars for the tests of indicators, and a registry that forgets what a test defined."""

import numpy as np
import pytest

from barscope.domain.bars import Bars
from barscope.indicators import catalogue, registry


@pytest.fixture
def bars():
    """Two hundred bars of a seeded random walk."""
    rng = np.random.default_rng(7)
    close = 100 + np.round(np.cumsum(rng.normal(size=200)), 2)
    open_ = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(open_, close) + 0.25, np.minimum(open_, close) - 0.25
    return Bars(np.arange(200) * 60_000_000_000, open_, high, low, close, rng.integers(1, 1000, 200))


@pytest.fixture(autouse=True)
def clean_registry():
    """Classes that a test defines are gone after it."""
    before = {cls.class_name: cls for cls in catalogue()}
    yield
    registry._classes.clear()
    registry._classes.update(before)
