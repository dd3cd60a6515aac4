"""How far the best of a sweep can be trusted: the functions of `domain.judgement` applied to a table of children.

All take the table as it is, whole or half computed. Over several symbols the statistic of a combination is the mean
over the symbols; `sweep_columns` says how.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from barscope.domain.judgement import (
    annualized,
    average_correlation,
    expected_maximum_sharpe,
    independent_trials,
    plateau_view,
    probabilistic_sharpe,
    purged_k_fold,
    symmetric_cross_validation,
)
from barscope.domain.judgement.overfitting import GROUPS
from barscope.domain.performance.measures import BLOCKS
from barscope.errors import InvalidParameterError, cut
from barscope.studies.sweep_columns import (
    SweepColumns,
    best_row,
    mean_over_symbols,
    rank,
    sign_of,
    value_at,
)
from barscope.studies.sweep_frame import PARAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from barscope.domain.bars import FloatArray
    from barscope.domain.judgement import Fold, Overfitting
    from barscope.studies.sweep_columns import Pick

_MOMENTS = ("observations", "skewness", "kurtosis")
MEAN = "mean over symbols"
"""What stands for the symbol in a row that is about all of them."""


@dataclass(frozen=True, slots=True)
class DeflatedSharpe:
    """What the Sharpe ratio of one combination is worth, given how many were tried. Sharpe ratios are annualised.

    Attributes:
        combination: Its number.
        stretch: Where it was measured.
        symbols: On which symbols; of several it is the mean.
        sharpe: As measured.
        expected_maximum: What the best of so many trials without any edge is expected to reach.
        probability: The deflated Sharpe ratio: that the true one is above the expected maximum, 0 to 1.
        probability_alone: The probabilistic Sharpe ratio: that the true one is above 0, had it been the only trial.
        trials: The number of independent trials that was used.
        combinations: How many combinations have a Sharpe ratio.
        average_correlation: Of the returns of all pairs of combinations, summed up in blocks of time.
        independent_trials: How many independent trials that correlation makes of them.
        observations: Returns per symbol.
        skewness: Of the returns.
        kurtosis: Of the returns; 3 for a normal distribution.
    """

    combination: int
    stretch: str
    symbols: tuple[str, ...]
    sharpe: float
    expected_maximum: float
    probability: float
    probability_alone: float
    trials: float
    combinations: int
    average_correlation: float
    independent_trials: float
    observations: int
    skewness: float
    kurtosis: float

    def __str__(self) -> str:
        return (
            f"combination {self.combination}: Sharpe ratio {self.sharpe:.2f}; the best of {self.trials:,.4g} trials "
            f"without edge is expected at {self.expected_maximum:.2f}; deflated Sharpe ratio {self.probability:.1%}"
        )


def deflated_sharpe(
    children: pl.DataFrame,
    symbol: str | None = None,
    stretch: str | None = None,
    *,
    combination: int | None = None,
    trials: float | None = None,
) -> DeflatedSharpe:
    """The deflated Sharpe ratio of a combination of a sweep.

    Of several symbols the Sharpe ratio is their mean, and its error is taken to be that of one symbol, as if all moved
    together: cautious where they do not.

    Args:
        children: The children of a sweep.
        symbol: On which; None takes the mean over all.
        stretch: Where; None is enough where there is only one.
        combination: Which one; None takes the one with the highest Sharpe ratio.
        trials: From how many independent trials it was chosen; None takes all combinations that have a Sharpe ratio,
            the cautious choice. The result says how many `independent_trials` their correlation leaves.

    Raises:
        InvalidParameterError: If a name is unknown, fewer than two combinations have a Sharpe ratio, or `trials` is
            below 1.
    """
    search = SweepColumns(children)
    where, symbols = search.stretch(stretch), search.symbols(symbol)
    per_year = search.column("periods_per_year", where, symbols)
    ratios = mean_over_symbols(search.column("sharpe", where, symbols) / np.sqrt(per_year))
    known = np.isfinite(ratios)
    row = search.row(combination) if combination is not None else best_row(ratios)
    if known.sum() < 2 or not known[row]:
        raise InvalidParameterError(
            f"{known.sum()} combinations have a Sharpe ratio in stretch {where!r}"
            f"{'' if combination is None else f', combination {combination} is not among them'}: "
            "two are the least, and the one to judge must have traded"
        )
    correlation = average_correlation(np.concatenate(search.blocks(where, symbols).total, axis=1)[known])
    independent = independent_trials(int(known.sum()), 0.0 if math.isnan(correlation) else correlation)
    used = float(known.sum()) if trials is None else trials
    luck = expected_maximum_sharpe(used, float(np.var(ratios[known], ddof=1)))
    observations, skewness, kurtosis = (search.column(name, where, symbols)[:, row] for name in _MOMENTS)
    year = float(per_year[:, row].mean())
    moments = float(observations.min()), float(np.nanmean(skewness)), float(np.nanmean(kurtosis))
    return DeflatedSharpe(
        combination=int(search.combinations[row]),
        stretch=where,
        symbols=symbols,
        sharpe=annualized(float(ratios[row]), year),
        expected_maximum=annualized(luck, year),
        probability=probabilistic_sharpe(float(ratios[row]), *moments, benchmark=luck),
        probability_alone=probabilistic_sharpe(float(ratios[row]), *moments),
        trials=used,
        combinations=int(known.sum()),
        average_correlation=correlation,
        independent_trials=independent,
        observations=int(moments[0]),
        skewness=moments[1],
        kurtosis=moments[2],
    )


def overfitting(
    children: pl.DataFrame,
    symbol: str | None = None,
    stretch: str | None = None,
    *,
    groups: int = GROUPS,
    check: Callable[[], None] = lambda: None,
) -> Overfitting:
    """The probability that the best combination of a sweep is the best by luck.

    Args:
        children: The children of a sweep.
        symbol: On which; None takes the mean Sharpe ratio over all.
        stretch: Where; None is enough where there is only one.
        groups: Into how many groups the 32 blocks of the stretch are cut: 2, 4, 8 or 16. Time grows with symbols ×
            combinations × splits; 8 groups have 70 splits, 16 have 12,870.
        check: Called every few splits; what it raises ends the work.

    Returns:
        As `domain.judgement.symmetric_cross_validation` gives it; `picked` are numbers of combinations.

    Raises:
        InvalidParameterError: If a name is unknown, fewer than two combinations traded, or the stretch is too short.
    """
    search = SweepColumns(children)
    where, symbols = search.stretch(stretch), search.symbols(symbol)
    search.check_enough(where, symbols)
    found = symmetric_cross_validation(search.blocks(where, symbols), groups, check)
    return replace(found, picked=np.where(found.picked >= 0, search.combinations[found.picked], -1))


def plateau(
    children: pl.DataFrame, metric: str = "sharpe", symbol: str | None = None, stretch: str | None = None
) -> pl.DataFrame:
    """A metric of each combination beside that of its neighbours.

    Neighbours are one step away on a grid, and the nearest in a sample. Parameters that are no numbers make no steps.

    Args:
        children: The children of a sweep.
        metric: The name of its column.
        symbol: On which; None takes the mean over all.
        stretch: Where; None is enough where there is only one.

    Returns:
        One row per combination that has the metric: its number and parameters, the metric, `neighbours` (how many have
        the metric), `neighbours_mean`, `neighbours_worst`, and `score`: the worse of its own metric and the mean of its
        neighbours, null where it has too few. The best score comes first; it is the pick.

    Raises:
        InvalidParameterError: If a name is unknown, or fewer than two combinations are done.
    """
    search = SweepColumns(children)
    where, symbols = search.stretch(stretch), search.symbols(symbol)
    values = search.values(metric, where, symbols)
    sign = sign_of(metric)
    view = plateau_view(sign * values, search.neighbours)
    columns = {
        metric: values,
        "neighbours": view.count,
        "neighbours_mean": sign * view.mean,
        "neighbours_worst": sign * view.minimum,
        "score": sign * view.score,
    }
    table = search.parameters.with_columns(pl.Series(name, column) for name, column in columns.items())
    known = table.with_columns(pl.col(pl.Float64).exclude(f"^{PARAM}.*$").fill_nan(None)).drop_nulls(metric)
    return known.sort("score", descending=sign > 0, nulls_last=True, maintain_order=True)


def train_against_test(
    children: pl.DataFrame,
    train: str,
    test: str | Sequence[str],
    metric: str = "sharpe",
    pick: Pick = "best",
    symbol: str | None = None,
) -> pl.DataFrame:
    """What is chosen in one stretch, and what became of it in others.

    Args:
        children: The children of a sweep over these stretches.
        train: The stretch to choose in.
        test: The stretch to prove in, or several, such as `("dev", "test")`.
        metric: To choose by and to compare.
        pick: `best` or `plateau`.
        symbol: On which; None gives a row for each symbol with a pick of its own and, where there are several, a last
            row for the pick by the mean over them.

    Returns:
        Symbol, combination and its parameters, `METRIC:STRETCH` for each stretch, and `rank:STRETCH` for those to
        prove in: the share of the other combinations that do worse there, ties by half; 1 is the best. Nulls where no
        combination has the metric in `train`.

    Raises:
        InvalidParameterError: If a name is unknown, or fewer than two combinations are done.
    """
    tests = (test,) if isinstance(test, str) else tuple(test)
    if not tests or train in tests or len(set(tests)) < len(tests):
        raise InvalidParameterError(f"test is {cut(tests)}: name stretches other than {cut(train)}, each once")
    search = SweepColumns(children)
    symbols = search.symbols(symbol)
    judged = {name: (name,) for name in symbols} | ({MEAN: symbols} if len(symbols) > 1 else {})
    rows = []
    for name, of in judged.items():
        values = {where: search.values(metric, search.stretch(where), of) for where in (train, *tests)}
        row = search.pick(values[train], metric, pick)
        found = {f"{metric}:{where}": value_at(there, row) for where, there in values.items()}
        ranks = {f"rank:{where}": rank(values[where], row, metric) for where in tests}
        rows.append({"symbol": name, **search.describe(row), **found, **ranks})
    return pl.DataFrame(rows, infer_schema_length=None)


def walk_forward(
    children: pl.DataFrame,
    folds: Iterable[Fold],
    metric: str = "sharpe",
    pick: Pick = "best",
    symbol: str | None = None,
) -> pl.DataFrame:
    """What is chosen in each window, and what became of it in the days after.

    Args:
        children: The children of a sweep whose stretches are the windows of the folds, by name.
        folds: As `domain.judgement.walk_forward` gives them.
        metric: To choose by and to compare.
        pick: `best` or `plateau`.
        symbol: On which; None takes the mean over all.

    Returns:
        A row per fold: fold, first and last day of the test, combination and its parameters, the metric in `train` and
        in `test`, and the `rank` in test as in `train_against_test`. The mean of `test` / the mean of `train` is the
        walk-forward efficiency.

    Raises:
        InvalidParameterError: If there is no fold, a name is unknown, or fewer than two combinations are done.

    Source: R. Pardo, The Evaluation and Optimization of Trading Strategies, 2008, ch. 11.
    """
    search = SweepColumns(children)
    symbols = search.symbols(symbol)
    rows = []
    for fold in folds:
        chosen_on, proved_on = (search.values(metric, search.stretch(w.name), symbols) for w in (fold.train, fold.test))
        days = {"fold": fold.number, "test_start": fold.test.start, "test_end": fold.test.last}
        rows.append(days | _compared(search, chosen_on, proved_on, metric, pick))
    if not rows:
        raise InvalidParameterError("there is no fold: make some with domain.judgement.walk_forward")
    return pl.DataFrame(rows, infer_schema_length=None)


def cross_validation(
    children: pl.DataFrame,
    folds: int = 8,
    *,
    purge: int = 1,
    embargo: int = 0,
    pick: Pick = "best",
    symbol: str | None = None,
    stretch: str | None = None,
) -> pl.DataFrame:
    """Purged k-fold cross-validation of the choice of a combination, by Sharpe ratio, within one stretch.

    Args:
        children: The children of a sweep.
        folds: How many; each proves on its own part of the 32 blocks of the stretch and chooses on the others.
        purge: Blocks left out on both sides of those to prove on.
        embargo: Further blocks left out after them.
        pick: `best` or `plateau`.
        symbol: On which; None takes the mean over all.
        stretch: Where; None is enough where there is only one.

    Returns:
        A row per fold: fold, combination and its parameters, the annualised Sharpe ratio in `train` and in `test`, and
        the `rank` in test as in `train_against_test`.

    Raises:
        InvalidParameterError: If a name is unknown, a number is out of range, or fewer than two combinations are done.

    Source: M. López de Prado, Advances in Financial Machine Learning, 2018, ch. 7.
    """
    search = SweepColumns(children)
    where, symbols = search.stretch(stretch), search.symbols(symbol)
    search.check_enough(where, symbols)
    blocks = search.blocks(where, symbols)
    per_year = np.sqrt(search.column("periods_per_year", where, symbols))
    rows = []
    for fold in purged_k_fold(folds, blocks=BLOCKS, purge=purge, embargo=embargo):
        chosen_on, proved_on = (mean_over_symbols(blocks.sharpe(part) * per_year) for part in (fold.train, fold.test))
        rows.append({"fold": fold.number, **_compared(search, chosen_on, proved_on, "sharpe", pick)})
    return pl.DataFrame(rows, infer_schema_length=None)


def _compared(
    search: SweepColumns, chosen_on: FloatArray, proved_on: FloatArray, metric: str, pick: Pick
) -> dict[str, Any]:
    row = search.pick(chosen_on, metric, pick)
    values = {"train": value_at(chosen_on, row), "test": value_at(proved_on, row), "rank": rank(proved_on, row, metric)}
    return search.describe(row) | values
