"""Which combinations a grid, a random and a Latin-hypercube sample take."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barscope.domain.sampling import GRID, LATIN_HYPERCUBE, RANDOM, Axis, combinations, grid_size, linear_values
from barscope.errors import InvalidParameterError

FAST, SLOW, KIND = Axis("fast", (5, 10, 15)), Axis("slow", (20, 40)), Axis("kind", ("a", "b"))
LEVEL, SHARE = Axis("level", low=10.0, high=20.0), Axis("share", low=0.0, high=1.0)


def rows(found):
    """The combinations one by one."""
    return [tuple(found[number].values()) for number in range(len(found))]


def test_a_grid_goes_through_the_last_axis_fastest():
    """The order of nested loops over the axes as they were given."""
    found = combinations([FAST, SLOW], GRID, None, seed=0)
    assert rows(found) == [(5, 20), (5, 40), (10, 20), (10, 40), (15, 20), (15, 40)]
    assert found[2] == {"fast": 10, "slow": 20}
    assert rows(found.take([4, 1])) == [(15, 20), (5, 40)]


def test_the_size_of_a_grid_is_the_product_of_its_axes():
    """Infinite with an axis that takes any number."""
    assert grid_size([FAST, SLOW, KIND]) == 12
    assert grid_size([FAST, LEVEL]) == math.inf


@pytest.mark.parametrize(
    ("low", "high", "step", "expected"),
    [
        (5, 50, 15, (5, 20, 35, 50)),
        (5, 49, 15, (5, 20, 35)),
        (0.1, 0.5, 0.1, (0.1, 0.2, 0.3, 0.4, 0.5)),
        (2, 2, 1, (2,)),
        (1, 2, 0.5, (1.0, 1.5, 2.0)),
    ],
)
def test_a_range_has_its_ends_and_no_noise_of_adding_up(low, high, step, expected):
    """Whole numbers stay whole; 0.1 + 0.2 is 0.3."""
    found = linear_values(low, high, step)
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


@given(st.integers(0, 2**32), st.integers(1, 40), st.sampled_from([RANDOM, LATIN_HYPERCUBE]))
def test_no_combination_comes_twice_and_each_is_on_its_axes(seed, samples, sampling):
    """Whatever the sample; asked for as many as there are or more, it takes all."""
    found = rows(combinations([FAST, SLOW, KIND], sampling, samples, seed))
    assert len(set(found)) == len(found) <= samples
    assert all(a in FAST.values and b in SLOW.values and c in KIND.values for a, b, c in found)
    if sampling == RANDOM or samples >= 12:
        assert len(found) == min(samples, 12)


@given(st.integers(0, 2**32), st.integers(1, 200))
def test_a_latin_hypercube_has_one_sample_in_each_part_of_each_axis(seed, samples):
    """An axis cut into as many equal parts as there are samples has exactly one in each."""
    found = combinations([LEVEL, SHARE], LATIN_HYPERCUBE, samples, seed)
    for axis in (LEVEL, SHARE):
        shares = (np.array(found.columns[axis.name]) - axis.low) / (axis.high - axis.low)
        assert sorted(np.floor(shares * samples + 1e-9).astype(int).tolist()) == list(range(samples))


@given(st.integers(0, 2**32))
def test_a_latin_hypercube_takes_listed_values_equally_often(seed):
    """Of three values and nine samples each comes three times."""
    found = combinations([FAST, SHARE], LATIN_HYPERCUBE, 9, seed)
    assert sorted(found.columns["fast"]) == [5] * 3 + [10] * 3 + [15] * 3


@pytest.mark.parametrize("sampling", [RANDOM, LATIN_HYPERCUBE])
def test_a_sample_is_repeated_by_its_seed(sampling):
    """Equal seeds give equal samples, another seed another one."""
    first, again, other = (rows(combinations([LEVEL, SHARE], sampling, 20, seed)) for seed in (1, 1, 2))
    assert first == again
    assert set(first).isdisjoint(other)


def test_a_random_sample_of_a_large_grid_is_drawn_without_listing_it():
    """A thousand of 10^12 combinations."""
    axes = [Axis(name, tuple(range(1000))) for name in "abcd"]
    found = rows(combinations(axes, RANDOM, 1000, seed=3))
    assert len(set(found)) == 1000


@pytest.mark.parametrize(
    ("axes", "sampling", "samples", "message"),
    [
        ([FAST], "sobol", 3, "unknown sampling 'sobol'"),
        ([FAST], RANDOM, None, "samples is None: say how many"),
        ([FAST], LATIN_HYPERCUBE, 0, "samples is 0: say how many"),
        ([FAST], GRID, 3, "samples is 3, but a grid takes every combination"),
        ([FAST, LEVEL], GRID, None, "level from 10 to 20 has no step"),
    ],
)
def test_a_sample_that_cannot_be_is_refused(axes, sampling, samples, message):
    """With the value and the remedy."""
    with pytest.raises(InvalidParameterError, match=message):
        combinations(axes, sampling, samples, seed=0)
