"""Combinatorially symmetric cross-validation against a plain loop over returns, and on planted cases."""

from itertools import combinations

import numpy as np
import pytest

from barscope.domain.judgement import ReturnBlocks, symmetric_cross_validation
from barscope.domain.performance import ratios
from barscope.errors import InvalidParameterError


def noise(*shape, seed=1):
    """Seeded daily returns without edge."""
    return np.random.default_rng(seed).normal(0.0, 0.01, shape)


def blocks_of(changes, count=32):
    """The blocks of series."""
    return ReturnBlocks.of(changes, count)


def plain(changes, groups):
    """The definition, split by split and series by series: picks, Sharpe ratios in and out of sample, logits."""
    parts = np.split(changes, groups, axis=1)
    rows = []
    for inside in combinations(range(groups), groups // 2):
        outside = [g for g in range(groups) if g not in inside]
        train, test = (np.concatenate([parts[g] for g in half], axis=1) for half in (inside, outside))
        in_sample, out_of_sample = ([ratios.sharpe(series, 1.0) for series in half] for half in (train, test))
        best = int(np.nanargmax(in_sample))
        proved = np.nan_to_num(out_of_sample)
        rank = 1 + sum(proved < proved[best]) + (sum(proved == proved[best]) - 1) / 2
        share = rank / (len(changes) + 1)
        rows.append((best, in_sample[best], proved[best], np.log(share / (1 - share))))
    return [np.array(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize(("n", "groups", "seed"), [(2, 2, 1), (7, 6, 2), (30, 8, 3), (5, 4, 4)])
def test_it_equals_the_plain_loop(n, groups, seed):
    """Picks, Sharpe ratios and logits of every split."""
    changes = noise(n, groups * 12, seed=seed)
    changes[1, 12:24] = 0.0  # one that rests for a while
    found = symmetric_cross_validation(blocks_of(changes, groups), groups)
    picked, inside, outside, logits = plain(changes, groups)
    np.testing.assert_array_equal(found.picked, picked)
    for own, expected in ((found.in_sample, inside), (found.out_of_sample, outside), (found.logits, logits)):
        np.testing.assert_allclose(own, expected, rtol=1e-9, atol=1e-12)
    assert found.pbo == pytest.approx(np.mean((logits < 0) + 0.5 * (logits == 0)))
    assert found.probability_of_loss == pytest.approx(np.mean(outside < 0))
    assert found.slope == pytest.approx(np.polyfit(inside, outside, 1)[0])


def test_sixteen_groups_make_12870_splits():
    """The number of the paper, and each split has a logit."""
    found = symmetric_cross_validation(blocks_of(noise(20, 640)))
    assert found.splits == 12_870
    assert np.isfinite(found.logits).all()


def test_an_edge_is_no_overfitting():
    """One combination with a real edge is picked in nearly every split, and is the best in the other half too."""
    changes = noise(50, 1280)
    changes[17] += 0.004
    found = symmetric_cross_validation(blocks_of(changes))
    assert found.pbo < 0.01
    assert found.probability_of_loss < 0.01
    assert np.mean(found.picked == 17) > 0.99


def test_what_works_in_one_half_only_is_overfitting():
    """Two series that are good in turns: the better one in sample is the worse one out of sample, always."""
    good, bad = 0.01 + noise(320, seed=2) / 10, -0.01 + noise(320, seed=3) / 10
    found = symmetric_cross_validation(blocks_of(np.array([np.r_[good, bad], np.r_[bad, good]])), 2)
    assert found.pbo == 1.0
    assert found.probability_of_loss == 1.0


def test_equal_combinations_have_the_median_rank():
    """A sweep whose combinations all do the same cannot be chosen from: logit 0, one half."""
    found = symmetric_cross_validation(blocks_of(np.tile(noise(640), (9, 1))))
    np.testing.assert_allclose(found.logits, 0.0, atol=1e-12)
    assert found.pbo == 0.5


def test_what_never_traded_does_not_compete():
    """Flat and unknown series are left out and counted; the picks keep the numbers of the rows."""
    changes = noise(6, 640)
    changes[5] += 0.01
    changes[0] = 0.0
    changes[3] = np.nan
    found = symmetric_cross_validation(blocks_of(changes))
    assert (found.combinations, found.left_out) == (4, 2)
    assert set(found.picked) == {5}


def test_what_rests_in_a_half_is_not_picked_there_and_is_worth_nothing():
    """A combination that trades in the first half only has a Sharpe ratio of 0 in the second."""
    first = np.r_[0.01 + noise(320) / 10, np.zeros(320)]
    losing = noise(640, seed=4) / 10 - 0.001
    found = symmetric_cross_validation(blocks_of(np.array([first, losing])), 2)
    assert found.picked.tolist() == [0, 1]
    assert found.out_of_sample[0] == 0.0


def test_a_half_in_which_nobody_traded_is_no_split():
    """Without a pick there is neither Sharpe ratio nor logit, and the rest counts."""
    late = np.concatenate([np.zeros((3, 320)), noise(3, 320)], axis=1)
    found = symmetric_cross_validation(blocks_of(late), 2)
    assert found.picked[0] == -1
    assert np.isnan([found.in_sample[0], found.out_of_sample[0], found.logits[0]]).all()
    assert found.pbo in (0.0, 0.5, 1.0)


def test_several_symbols_count_by_their_mean():
    """Of one symbol twice the result is that of one; a symbol that is good turns the pick."""
    changes = noise(8, 640)
    one = symmetric_cross_validation(blocks_of(changes), 8)
    twice = symmetric_cross_validation(blocks_of(np.stack([changes, changes])), 8)
    np.testing.assert_array_equal(one.picked, twice.picked)
    np.testing.assert_allclose(one.logits, twice.logits)
    other = noise(8, 640, seed=9)
    other[3] += 0.02
    both = symmetric_cross_validation(blocks_of(np.stack([changes, other])), 8)
    assert set(both.picked) == {3}


def test_a_symbol_that_is_not_traded_does_not_count():
    """A combination that trades one of two symbols has the Sharpe ratio of that one, not half of it."""
    changes = np.stack([noise(3, 640, seed=2), noise(3, 640, seed=3)])
    changes[1, 0] = 0.0
    changes[0, 0] += 0.01
    changes[:, 1] += 0.007
    found = symmetric_cross_validation(blocks_of(changes), 8)
    assert set(found.picked) == {0}
    whole = ReturnBlocks.of(changes[0, 0]).sharpe()
    assert found.in_sample.mean() == pytest.approx(whole, rel=0.05)


def test_the_histogram_holds_every_split():
    """Counts add up, and the edges are symmetric about the median."""
    found = symmetric_cross_validation(blocks_of(noise(40, 640)), 8)
    counts, edges = found.histogram(10)
    assert counts.sum() == found.splits
    np.testing.assert_allclose(edges, -edges[::-1])


def test_it_prints_its_findings():
    """In one line, without arrays."""
    text = repr(symmetric_cross_validation(blocks_of(noise(5, 640)), 8))
    assert text.startswith("probability of overfitting ")
    assert text.endswith("(5 combinations, 70 splits)")


@pytest.mark.parametrize("groups", [0, 3, 22, 12, 16.0])
def test_groups_that_cannot_be_are_refused(groups):
    """Odd, too many, or no divisor of the blocks."""
    with pytest.raises(InvalidParameterError, match=f"groups|{groups} equal groups"):
        symmetric_cross_validation(blocks_of(noise(5, 640)), groups)


def test_one_combination_is_nothing_to_choose_from():
    """The message says how many traded."""
    changes = np.stack([noise(640), np.zeros(640)])
    with pytest.raises(InvalidParameterError, match="1 of 2 combinations traded: two are the least"):
        symmetric_cross_validation(blocks_of(changes))


def test_a_stretch_that_is_too_short_is_refused():
    """With fewer returns than groups some half would be empty."""
    with pytest.raises(InvalidParameterError, match="9 returns leave some of 16 groups empty: take more days or fewer"):
        symmetric_cross_validation(blocks_of(noise(5, 9)))


def test_it_can_be_ended():
    """What the check raises comes out; a judgement of many combinations asks it often."""
    asked = []

    def check():
        asked.append(1)
        if len(asked) > 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        symmetric_cross_validation(blocks_of(noise(200, 640)), check=check)


def test_halves_without_variation_are_refused():
    """Returns that vary from one half to the other only give no Sharpe ratio to choose by."""
    steps = np.r_[np.zeros(320), np.full(320, 0.01)]
    with pytest.raises(InvalidParameterError, match="in no half of the time returns vary"):
        symmetric_cross_validation(blocks_of(np.stack([steps, 2 * steps])), 2)


def test_one_series_is_no_table():
    """The expected shape is named."""
    with pytest.raises(InvalidParameterError, match="is no table"):
        symmetric_cross_validation(blocks_of(noise(640)))
