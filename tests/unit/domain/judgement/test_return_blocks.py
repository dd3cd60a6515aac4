"""Returns in blocks against the returns themselves."""

import numpy as np
import pytest

from barscope.domain.judgement import ReturnBlocks
from barscope.domain.performance import ratios
from barscope.domain.performance.measures import block_sums
from barscope.errors import InvalidParameterError


def noise(*shape, seed=1):
    """Seeded daily returns."""
    return np.random.default_rng(seed).normal(0.0004, 0.01, shape)


@pytest.mark.parametrize("periods", [5, 32, 100, 1251])
def test_the_sharpe_ratio_of_all_blocks_is_that_of_the_returns(periods):
    """Number, sum and sum of squares are enough, however many returns a block has."""
    changes = noise(periods)
    assert ReturnBlocks.of(changes).sharpe() == pytest.approx(ratios.sharpe(changes, 1.0), rel=1e-9)


def test_the_sharpe_ratio_of_a_union_is_that_of_its_returns():
    """Blocks that do not touch count as one series; several unions at once give a column each."""
    changes = noise(3, 640)
    chosen = np.zeros((2, 32), bool)
    chosen[0, [0, 5, 6, 31]] = True
    chosen[1, 8:] = True
    found = ReturnBlocks.of(changes).sharpe(chosen)
    assert found.shape == (3, 2)
    for row, series in enumerate(changes):
        for column, union in enumerate(chosen):
            expected = ratios.sharpe(series[np.repeat(union, 20)], 1.0)
            assert found[row, column] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("periods", [31, 33, 100, 1250])
def test_they_are_the_blocks_that_a_sweep_stores(periods):
    """The same bounds as the columns block_n, block_sum and block_squares."""
    changes = noise(periods)
    blocks, stored = ReturnBlocks.of(changes), block_sums(changes)
    for own, name in ((blocks.n, "block_n"), (blocks.total, "block_sum"), (blocks.squares, "block_squares")):
        np.testing.assert_allclose(own, stored[name], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(("value", "periods"), [(0.0, 1000), (0.1, 999), (-0.3, 100), (0.7, 4321)])
def test_returns_that_do_not_vary_have_no_sharpe_ratio(value, periods):
    """Rounding of constant returns is no risk: NaN, as in the summary of a run."""
    assert np.isnan(ReturnBlocks.of(np.full(periods, value)).sharpe())


def test_nan_is_no_return():
    """What cannot be said does not count, neither as a return nor as zero."""
    changes = noise(64)
    with_gaps = np.concatenate([changes, np.full(64, np.nan)])
    blocks = ReturnBlocks.of(with_gaps)
    assert blocks.n.sum() == 64
    assert blocks.sharpe() == pytest.approx(ratios.sharpe(changes, 1.0), rel=1e-9)


def test_groups_are_longer_blocks():
    """Two blocks become one, and the Sharpe ratio of the whole stays."""
    blocks = ReturnBlocks.of(noise(2, 999))
    groups = blocks.groups(16)
    assert groups.n.shape == (2, 16)
    np.testing.assert_allclose(groups.sharpe(), blocks.sharpe(), rtol=1e-9)


@pytest.mark.parametrize("count", [0, 5, 64])
def test_groups_of_different_size_are_refused(count):
    """The message names both numbers."""
    with pytest.raises(InvalidParameterError, match=f"32 blocks cannot make {count} equal groups: choose a divisor"):
        ReturnBlocks.of(noise(64)).groups(count)


def test_columns_that_do_not_fit_together_are_refused():
    """All three have one shape."""
    with pytest.raises(InvalidParameterError, match="one shape"):
        ReturnBlocks(np.ones(32), np.ones(32), np.ones(31))
