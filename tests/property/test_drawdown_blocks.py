"""The largest fall of a long curve, found block by block."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from barscope.domain.performance import drawdowns


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(drawdowns._MANY, drawdowns._MANY + 3 * drawdowns._BLOCK),
    drift=st.floats(-0.01, 0.01),
    spread=st.sampled_from([0.0, 1e-6, 0.01, 0.3]),
    may_fall_below_zero=st.booleans(),
    before=st.sampled_from([-np.inf, 0.0, 90.0, 130.0]),
)
def test_the_largest_fall_is_that_of_the_readable_form(seed, n, drift, spread, may_fall_below_zero, before):
    """Whatever the curve and what it began with, block by block and value by value give the same number."""
    steps = np.cumsum(np.random.default_rng(seed).normal(drift, spread, n))
    curve = 100 * (1 + steps) if may_fall_below_zero else 100 * np.exp(steps)
    assert drawdowns.max_drawdown(curve, before) == drawdowns._largest_fall(curve, before)
