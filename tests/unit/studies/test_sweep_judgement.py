"""Judgement of a table of children, made from seeded returns."""

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest

from barscope.domain.judgement import Fold, Window, deflated_sharpe, walk_forward
from barscope.domain.performance import ratios
from barscope.domain.performance.measures import ReturnPeriods, Trading, block_sums, measures
from barscope.errors import InvalidParameterError
from barscope.studies import sweep_judgement
from barscope.studies.sweep_frame import BLOCK_COLUMNS
from barscope.studies.sweep_judgement import MEAN

DAY = 86_400 * 10**9
FAST, SLOW = (5, 10, 15, 20), (50, 100, 150, 200)


def children(edge=None, *, symbols=("A", "B"), stretches=("train", "test"), days=320, seed=1, scale=0.01, centred=True):
    """A grid of 4 × 4 combinations without edge, but for the (stretch, symbol, combination) → mean daily return given.

    A key may have None in any place, which is every one. Centred returns have exactly the mean given.
    """
    rng = np.random.default_rng(seed)
    periods = ReturnPeriods.of(np.arange(days) * DAY)
    pairs = [(fast, slow) for fast in FAST for slow in SLOW]
    rows = []
    for stretch in stretches:
        for symbol in symbols:
            for number, (fast, slow) in enumerate(pairs):
                changes = rng.normal(0, scale, days)
                changes -= changes.mean() if centred else 0.0
                for key, mean in (edge or {}).items():
                    if all(k in (None, own) for k, own in zip(key, (stretch, symbol, number), strict=True)):
                        changes = changes + mean
                trading = Trading(np.cumprod(1 + changes), 1.0, np.empty(0), 0, 0.0)
                keys = {"combination": number, "symbol": symbol, "stretch": stretch, "state": "done", "error": None}
                params = {"param:fast_period": fast, "param:slow_period": slow}
                rows.append({**keys, **params, **measures(trading, periods), **block_sums(changes)})
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(BLOCK_COLUMNS, pl.Array(pl.Float64, 32)))


def one(frame, symbol="A", stretch="train"):
    """The children of one symbol in one stretch."""
    return frame.filter(symbol=symbol, stretch=stretch)


HILL = {(None, None, n): 0.002 for n in (5, 6, 9, 10)} | {(None, None, 3): 0.0}
PEAK = {("train", None, 3): 0.004}


def test_the_deflated_sharpe_ratio_of_the_best():
    """It is what the pure formula gives for the best combination, its moments, and all combinations as trials."""
    frame = one(children({("train", "A", 7): 0.002}))
    found = sweep_judgement.deflated_sharpe(frame)
    best = frame.row(7, named=True)
    daily = frame["sharpe"].to_numpy() / np.sqrt(frame["periods_per_year"].to_numpy())
    assert (found.combination, found.stretch, found.symbols) == (7, "train", ("A",))
    assert found.sharpe == pytest.approx(best["sharpe"])
    assert found.trials == found.combinations == 16
    assert found.probability == pytest.approx(
        deflated_sharpe(daily[7], 320, best["skewness"], best["kurtosis"], trials=16, variance=np.var(daily, ddof=1))
    )
    assert found.probability < found.probability_alone
    assert found.expected_maximum / math.sqrt(best["periods_per_year"]) < daily[7]


def test_fewer_trials_deflate_less():
    """The number of independent trials is estimated and may be used; another combination may be judged."""
    frame = one(children({(None, None, 7): 0.001}))
    cautious = sweep_judgement.deflated_sharpe(frame)
    estimated = sweep_judgement.deflated_sharpe(frame, trials=cautious.independent_trials)
    assert 1 <= cautious.independent_trials <= 16
    assert estimated.trials == cautious.independent_trials
    assert sweep_judgement.deflated_sharpe(frame, trials=2).probability > cautious.probability
    assert sweep_judgement.deflated_sharpe(frame, combination=0).probability < cautious.probability


def test_combinations_that_are_alike_are_few_trials():
    """Sixteen times nearly the same returns are hardly more than one trial."""
    frame = one(children(scale=1e-5))
    shared = np.random.default_rng(2).normal(0, 0.01, 32)
    blocks = [np.asarray(x) + shared for x in frame["block_sum"].to_list()]
    alike = frame.with_columns(pl.Series("block_sum", blocks, dtype=pl.Array(pl.Float64, 32)))
    found = sweep_judgement.deflated_sharpe(alike)
    assert found.average_correlation > 0.99
    assert found.independent_trials < 1.2


def test_several_symbols_are_judged_by_their_mean():
    """The Sharpe ratio is the mean over the symbols, the observations are those of one."""
    frame = children({(None, None, 4): 0.001})
    found = sweep_judgement.deflated_sharpe(frame, stretch="train")
    rows = frame.filter(combination=4, stretch="train")
    assert (found.combination, found.symbols, found.observations) == (4, ("A", "B"), 320)
    assert found.sharpe == pytest.approx(rows["sharpe"].mean())


def test_overfitting_of_noise_and_of_an_edge():
    """Near one half without an edge, near zero with one; picks are numbers of combinations."""
    noise = sweep_judgement.overfitting(one(children(centred=False)))
    frame = one(children({(None, None, 11): 0.004})).filter(pl.col("combination") > 8)
    edge = sweep_judgement.overfitting(frame)
    assert 0.2 < noise.pbo < 0.9
    assert edge.pbo < 0.01
    assert set(edge.picked) == {11}
    both = sweep_judgement.overfitting(children({(None, "B", 2): 0.004}), stretch="train", groups=8)
    assert set(both.picked) == {2}


def test_the_plateau_table():
    """The best score comes first; the lone peak has poor neighbours."""
    frame = children(HILL | PEAK)
    table = sweep_judgement.plateau(frame, "sharpe", "A", "train")
    assert set(table["combination"][:4].to_list()) == {5, 6, 9, 10}
    peak = table.filter(combination=3).row(0, named=True)
    assert peak["sharpe"] == table["sharpe"].max()
    assert peak["neighbours"] == 2
    assert peak["neighbours_worst"] <= peak["neighbours_mean"] < 1
    assert peak["score"] == pytest.approx(peak["neighbours_mean"])


def test_less_is_better_where_it_is():
    """The plateau of drawdowns is low, and so is the pick."""
    frame = one(children(HILL))
    table = sweep_judgement.plateau(frame, "max_drawdown")
    own = table.filter(combination=5).row(0, named=True)
    around = frame.filter(pl.col("combination").is_in([1, 4, 6, 9]))["max_drawdown"]
    assert (own["neighbours_mean"], own["neighbours_worst"]) == pytest.approx((around.mean(), around.max()))
    assert table["combination"][0] in {5, 6, 9, 10}
    assert table["score"][0] == table["score"].min()
    found = sweep_judgement.train_against_test(children(HILL), "train", "test", "max_drawdown")
    assert set(found["combination"]) <= {5, 6, 9, 10}


def test_the_best_point_of_training_disappoints_and_the_plateau_holds():
    """Train and test for each symbol's own pick, and for the pick by the mean."""
    frame = children(HILL | PEAK)
    best = sweep_judgement.train_against_test(frame, "train", "test")
    plateau = sweep_judgement.train_against_test(frame, "train", "test", pick="plateau")
    assert best["symbol"].to_list() == ["A", "B", MEAN]
    assert best["combination"].to_list() == [3, 3, 3]
    assert set(plateau["combination"]) <= {5, 6, 9, 10}
    assert (best["sharpe:train"] > plateau["sharpe:train"]).all()
    assert (best["sharpe:test"] < plateau["sharpe:test"]).all()
    assert (plateau["rank:test"] >= 0.8).all()
    last = plateau.row(2, named=True)
    expected = frame.filter(combination=last["combination"], stretch="test")["sharpe"].mean()
    assert last["sharpe:test"] == pytest.approx(expected)
    assert last["param:fast_period"] == FAST[last["combination"] // 4]


def test_train_dev_and_test():
    """Several stretches to prove in, each with the metric and the rank; one symbol is one row."""
    frame = children(HILL, stretches=("train", "dev", "test"))
    found = sweep_judgement.train_against_test(frame, "train", ("dev", "test"), "total_return", symbol="B")
    assert found.columns[-5:] == [
        "total_return:train",
        "total_return:dev",
        "total_return:test",
        "rank:dev",
        "rank:test",
    ]
    assert len(found) == 1


def test_the_rank_is_the_share_that_does_worse():
    """1 for the best, 0 for the worst, one half where all are equal."""
    frame = children(symbols=("A",))
    number = pl.col("combination").cast(pl.Float64)
    same = frame.with_columns(pl.when(stretch="test").then(1.0).otherwise(number).alias("sharpe"))
    turned = frame.with_columns(pl.when(stretch="test").then(-number).otherwise(number).alias("sharpe"))
    assert sweep_judgement.train_against_test(same, "train", "test")["rank:test"][0] == 0.5
    assert sweep_judgement.train_against_test(turned, "train", "test")["rank:test"][0] == 0.0
    assert sweep_judgement.train_against_test(turned, "test", "train")["rank:train"][0] == 0.0


def folds_of(*pairs):
    """Folds whose windows have the names given."""
    day = dt.date(2020, 1, 1)
    return [Fold(n, Window(a, day, day), Window(b, day, day)) for n, (a, b) in enumerate(pairs, start=1)]


def test_walking_forward():
    """Each fold has the pick of its window to choose on and what became of it in the days after."""
    folds = walk_forward("2020-01-01", "2020-12-31", train_days=150, test_days=100)
    names = [window.name for fold in folds for window in (fold.train, fold.test)]
    frame = children({("train 1", None, 3): 0.004, ("train 2", None, 12): 0.004}, stretches=names)
    found = sweep_judgement.walk_forward(frame, folds, symbol="A")
    assert found["combination"].to_list() == [3, 12]
    assert found["test_start"].to_list() == [fold.test.start for fold in folds]
    assert found["test_end"].to_list() == [fold.test.last for fold in folds]
    test = frame.filter(symbol="A", stretch="test 2", combination=12)["sharpe"][0]
    assert found["test"][1] == pytest.approx(test)
    assert found["train"][0] > 3


def test_cross_validation_chooses_on_other_blocks():
    """The Sharpe ratios are those of the returns of the blocks, annualised; what is near the test is left out."""
    days = 640
    frame = one(children({(None, None, 6): 0.003}, days=days))
    found = sweep_judgement.cross_validation(frame, 4, purge=1, embargo=1)
    assert found["combination"].to_list() == [6] * 4
    rng = np.random.default_rng(1)
    drawn = [rng.normal(0, 0.01, days) for _ in range(7)][6]
    changes = drawn - drawn.mean() + 0.003
    per_year = frame["periods_per_year"][0]
    test = slice(8 * 20, 16 * 20)
    train = np.r_[changes[: 7 * 20], changes[18 * 20 :]]
    assert found["test"][1] == pytest.approx(ratios.sharpe(changes[test], per_year))
    assert found["train"][1] == pytest.approx(ratios.sharpe(train, per_year))


def test_cross_validation_over_symbols_takes_the_mean():
    """The pick of a sweep whose edge is on one symbol only, and on the other a loss, is another one."""
    frame = children({(None, "A", 2): 0.004, (None, "B", 2): -0.006, (None, None, 9): 0.002})
    alone = sweep_judgement.cross_validation(frame, 4, symbol="A", stretch="train")
    both = sweep_judgement.cross_validation(frame, 4, stretch="train")
    assert set(alone["combination"]) == {2}
    assert set(both["combination"]) == {9}


def test_only_what_is_done_for_every_symbol_counts():
    """A combination that failed on one symbol, or is not there yet, is not picked by the mean."""
    frame = children({(None, None, 5): 0.004, (None, None, 6): 0.002})
    failed = (pl.col("combination") == 5) & (pl.col("symbol") == "B")
    with_failure = frame.with_columns(pl.when(failed).then(pl.lit("failed")).otherwise("state").alias("state"))
    for part in (with_failure, frame.filter(~failed)):
        found = sweep_judgement.train_against_test(part, "train", "test")
        assert found["combination"].to_list() == [5, 6, 6]
        assert sweep_judgement.deflated_sharpe(part, stretch="train").combination == 6
        assert 5 not in sweep_judgement.overfitting(part, stretch="train", groups=4).picked


def test_what_cannot_be_said_is_not_picked():
    """NaN, null and infinity are no best; where there is nothing else the row has no combination."""
    frame = children({(None, None, 5): 0.004}, symbols=("A",))
    number = pl.col("combination")
    odd = frame.with_columns(
        pl.when(number == 1).then(math.nan).when(number == 2).then(None).when(number == 3).then(math.inf)
        .otherwise(number).cast(pl.Float64).alias("profit_factor")
    )  # fmt: skip
    for pick, expected in (("best", 15), ("plateau", 14)):
        found = sweep_judgement.train_against_test(odd, "train", "test", "profit_factor", pick)
        assert found["combination"].to_list() == [expected]
    assert 1 not in sweep_judgement.plateau(odd, "profit_factor", stretch="train")["combination"]
    nothing = frame.with_columns(pl.lit(math.nan).alias("sharpe"))
    found = sweep_judgement.walk_forward(nothing, folds_of(("train", "test")))
    assert found.row(0, named=True)["combination"] is None
    assert found.row(0, named=True)["rank"] is None


def test_parameters_may_be_names_and_truth_values():
    """They make no steps: the neighbours of a combination are alike in them."""
    frame = one(children(HILL)).with_columns(
        pl.Series("param:kind", ["SMA"] * 8 + ["EMA"] * 8), pl.Series("param:both_ways", ([True] * 4 + [False] * 4) * 2)
    )
    table = sweep_judgement.plateau(frame.drop("param:fast_period")).sort("combination")
    assert table["neighbours"].to_list() == [1, 2, 2, 1] * 4
    sharpe = table["sharpe"]
    assert table["neighbours_mean"][3] == sharpe[2]
    assert table["neighbours_mean"][4] == sharpe[5]


def test_children_of_a_sample_have_their_nearest_as_neighbours():
    """Scattered values make no grid, and still a plateau."""
    rng = np.random.default_rng(3)
    frame = one(children(HILL)).with_columns(pl.Series("param:fast_period", rng.random(16)))
    assert set(sweep_judgement.plateau(frame)["neighbours"]) == {4}


FRAME = children(stretches=("train", "test"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sweep_judgement.overfitting(FRAME.clear()), "the sweep has no children yet"),
        (lambda: sweep_judgement.overfitting(FRAME.drop("state")), "children without state are not those of a sweep"),
        (lambda: sweep_judgement.overfitting(FRAME), "the sweep has 2 stretches: name one of train, test"),
        (lambda: sweep_judgement.overfitting(FRAME, stretch="tset"), "no stretch 'tset': did you mean test"),
        (lambda: sweep_judgement.overfitting(FRAME, "ZZ", "train"), "no symbol 'ZZ': there are A, B"),
        (lambda: sweep_judgement.overfitting(FRAME.head(1)), "1 combinations are done for A in stretch 'train': two"),
        (
            lambda: sweep_judgement.overfitting(FRAME.filter(pl.col("symbol").eq("A") | pl.col("combination").eq(1))
                                                .filter(stretch="train")),
            "1 combinations are done for all 2 symbols",
        ),
        (lambda: sweep_judgement.overfitting(one(FRAME).drop("block_sum")), "only a sweep of a strategy has returns"),
        (lambda: sweep_judgement.deflated_sharpe(one(FRAME), combination=99), "no combination 99"),
        (lambda: sweep_judgement.deflated_sharpe(one(FRAME), trials=0), "trials is 0"),
        (
            lambda: sweep_judgement.deflated_sharpe(one(FRAME).with_columns(sharpe=pl.lit(math.nan))),
            "0 combinations have a Sharpe ratio in stretch 'train'",
        ),
        (lambda: sweep_judgement.plateau(one(FRAME), "sharp"), "no metric 'sharp': did you mean sharpe"),
        (lambda: sweep_judgement.plateau(one(FRAME), "state"), "no metric 'state'"),
        (lambda: sweep_judgement.train_against_test(FRAME, "train", "train"), "name stretches other than train"),
        (lambda: sweep_judgement.train_against_test(FRAME, "train", ()), "name stretches other than train"),
        (lambda: sweep_judgement.train_against_test(FRAME, "train", "test", pick="luck"), "pick is 'luck'"),
        (lambda: sweep_judgement.walk_forward(FRAME, []), "there is no fold"),
        (lambda: sweep_judgement.walk_forward(FRAME, folds_of(("train", "later"))), "no stretch 'later'"),
        (lambda: sweep_judgement.cross_validation(one(FRAME), 1), "folds is 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_refused(call, message):
    """The message names the value and what to do."""
    with pytest.raises(InvalidParameterError, match=message):
        call()
