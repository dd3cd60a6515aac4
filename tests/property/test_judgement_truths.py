"""What holds of every judgement, whatever was searched."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from barscope.domain.judgement import (
    ReturnBlocks,
    deflated_sharpe,
    grid_neighbours,
    intervals,
    nearest_neighbours,
    plateau_view,
    probabilistic_sharpe,
    purged_k_fold,
    symmetric_cross_validation,
    walk_forward,
)
from barscope.domain.performance import ratios
from barscope.errors import InvalidParameterError

few = settings(max_examples=30)
SEEDS = st.integers(0, 2**32 - 1)


def noise(seed, *shape):
    """Returns without edge."""
    return np.random.default_rng(seed).normal(0.0, 0.01, shape)


def judged(changes, groups=8):
    """The cross-validation of series."""
    return symmetric_cross_validation(ReturnBlocks.of(changes), groups)


def test_searching_noise_is_a_toss_of_a_coin():
    """Over 60 searches the mean probability of overfitting is one half, of a loss too."""
    found = [judged(noise(seed, 40, 320)) for seed in range(60)]
    assert np.mean([one.pbo for one in found]) == pytest.approx(0.5, abs=0.06)
    assert np.mean([one.probability_of_loss for one in found]) == pytest.approx(0.5, abs=0.06)


def test_the_best_of_noise_is_seldom_significant():
    """Of 200 searches of 60 combinations the best is above 95 % in fewer than one of ten; undeflated in nearly all."""
    deflated, alone = [], []
    for seed in range(200):
        sharpe = ReturnBlocks.of(noise(seed, 60, 500)).sharpe()
        deflated.append(deflated_sharpe(sharpe.max(), 500, trials=60, variance=sharpe.var(ddof=1)) > 0.95)
        alone.append(probabilistic_sharpe(sharpe.max(), 500) > 0.95)
    assert np.mean(deflated) < 0.1
    assert np.mean(alone) > 0.9


@few
@given(SEEDS, st.integers(2, 40))
def test_an_edge_is_never_taken_for_overfitting(seed, combinations):
    """Whatever the noise around it, a daily mean of half a standard deviation is found and holds."""
    changes = noise(seed, combinations, 640)
    changes[seed % combinations] += 0.005
    found = judged(changes)
    assert found.pbo < 0.05
    assert found.probability_of_loss < 0.05


@few
@given(SEEDS, st.integers(2, 12), st.floats(0.01, 100.0))
def test_neither_order_nor_scale_matters(seed, combinations, scale):
    """Combinations in another order, groups of time in another order, and other leverage give the same probability."""
    changes = noise(seed, combinations, 160)
    rng = np.random.default_rng(seed)
    found = judged(changes)
    others = (
        rng.permutation(changes),
        changes * scale,
        changes.reshape(-1, 8, 20)[:, rng.permutation(8)].reshape(-1, 160),
    )
    for other in others:
        assert judged(other).pbo == pytest.approx(found.pbo)


@few
@given(SEEDS, st.integers(2, 20), st.floats(0.0, 0.9))
def test_logits_lie_between_the_worst_and_the_best_rank(seed, combinations, resting):
    """Also where combinations rest; every pick is a row that traded, with a Sharpe ratio."""
    changes = noise(seed, combinations, 64)
    changes[np.random.default_rng(seed).random(changes.shape) < resting] = 0.0
    assume((changes != 0).any(axis=1).sum() >= 2)
    found = judged(changes)
    there = found.picked >= 0
    assert (np.abs(found.logits[there]) <= np.log(found.combinations) + 1e-9).all()
    assert np.isfinite(found.in_sample[there]).all()
    assert 0 <= found.pbo <= 1


@few
@given(SEEDS, st.lists(st.booleans(), min_size=32, max_size=32))
def test_a_union_of_blocks_is_the_union_of_its_returns(seed, chosen):
    """Their Sharpe ratio is that of the returns put together."""
    changes = noise(seed, 160)
    union = np.array(chosen)
    expected = ratios.sharpe(changes[np.repeat(union, 5)], 1.0)
    assert ReturnBlocks.of(changes).sharpe(union) == pytest.approx(expected, rel=1e-8, nan_ok=True)


@few
@given(st.floats(-0.3, 0.5), st.integers(2, 5000), st.floats(-2, 2), st.floats(0, 10), st.floats(1, 1e6))
def test_more_trials_never_make_it_surer(sharpe, observations, skewness, more, trials):
    """The deflated ratio is a probability, at most the one of a single trial, and falls with the trials."""
    moments = (observations, skewness, 1 + skewness**2 + more)
    once, often, oftener = (
        deflated_sharpe(sharpe, *moments, trials=n, variance=0.002) for n in (1, trials, trials * 2)
    )
    assert 0 <= oftener <= often <= once <= 1
    assert once == probabilistic_sharpe(sharpe, *moments)


@given(st.integers(2, 16), st.integers(2, 40), st.integers(0, 6), st.integers(0, 6))
def test_what_is_chosen_on_never_touches_what_is_proved_on(folds, blocks, purge, embargo):
    """At least `purge` blocks lie between them, and `embargo` more after the test; no block is both."""
    try:
        made = purged_k_fold(folds, blocks=blocks, purge=purge, embargo=embargo)
    except InvalidParameterError:
        assert folds > blocks or 2 * purge + embargo + -(-blocks // folds) >= blocks / 2
        return
    for fold in made:
        train, test = np.flatnonzero(fold.train), np.flatnonzero(fold.test)
        before, after = train[train < test[0]], train[train > test[-1]]
        assert len(train) == len(before) + len(after)
        assert not len(before) or test[0] - before[-1] - 1 == purge
        assert not len(after) or after[0] - test[-1] - 1 == purge + embargo
    assert (np.sum([fold.test for fold in made], axis=0) == 1).all()


@given(
    st.dates(dt.date(1990, 1, 1), dt.date(2030, 1, 1)),
    st.integers(1, 2000),
    st.integers(1, 400),
    st.integers(1, 400),
    st.integers(0, 50),
    st.booleans(),
)
def test_no_day_is_chosen_and_proved_on_at_once(start, days, train, test, gap, anchored):
    """Each window to prove on begins after the gap, inside the dates, and no day is proved on twice."""
    end = start + dt.timedelta(days=days - 1)
    terms = {"train_days": train, "test_days": test, "gap_days": gap, "anchored": anchored}
    try:
        folds = walk_forward(start, end, **terms)
    except InvalidParameterError:
        assert days < train + gap + test
        return
    assert len(folds) == (days - train - gap) // test
    seen = set()
    for fold in folds:
        assert (fold.test.start - fold.train.end).days == gap
        assert start <= fold.train.start < fold.train.end
        assert fold.test.last <= end
        proved = set(range(fold.test.start.toordinal(), fold.test.end.toordinal()))
        assert not proved & seen
        seen |= proved


@few
@given(SEEDS, st.integers(1, 4), st.integers(2, 60))
def test_neighbours_on_a_grid_are_mutual(seed, parameters, count):
    """Who is my neighbour has me as a neighbour."""
    points = np.unique(np.random.default_rng(seed).integers(0, 4, (count, parameters)), axis=0).astype(float)
    around = [set(row[row >= 0].tolist()) for row in grid_neighbours(points)]
    assert all(own in around[other] for own, others in enumerate(around) for other in others)


@few
@given(SEEDS, st.integers(5, 60))
def test_a_score_is_never_above_what_it_is_made_of(seed, count):
    """At most the own metric and the mean around it, and the pick has the highest."""
    rng = np.random.default_rng(seed)
    metric = np.where(rng.random(count) < 0.1, np.nan, rng.normal(size=count))
    view = plateau_view(metric, nearest_neighbours(rng.random((count, 2))))
    scored = ~np.isnan(view.score)
    assume(scored.any())
    assert (view.score[scored] <= metric[scored]).all()
    assert (view.score[scored] <= view.mean[scored]).all()
    assert (view.minimum[scored] <= view.mean[scored] + 1e-12).all()
    assert view.score[view.pick] == np.nanmax(view.score)


@few
@given(SEEDS, st.integers(10, 200), st.floats(1.0, 30.0), st.floats(0.1, 3.0))
def test_intervals_are_in_order_and_ratios_know_no_leverage(seed, n, block, leverage):
    """Low is at most high; a Sharpe ratio and its interval stay when all returns are multiplied."""
    changes = noise(seed, n)
    one, other = (intervals(r, 252.0, resamples=100, block=block, seed=1) for r in (changes, changes * leverage))
    for found in (one, other):
        assert all(row.low <= row.high for row in found.rows)
    assert other["sharpe"].low == pytest.approx(one["sharpe"].low)
    assert other["volatility"].high == pytest.approx(one["volatility"].high * leverage)
