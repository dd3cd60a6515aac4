"""What came out of a sweep, whole or so far: a row per child, and the views of it that a person compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from barscope.domain.performance.measures import LOWER_IS_BETTER
from barscope.domain.sweeps import NO_COMBINATION, SweepGrid, SweepLines
from barscope.errors import InvalidParameterError, close_matches, cut
from barscope.studies.sweep_frame import BLOCK_COLUMNS, DONE, FAILED, PARAM, SKIPPED, TRUST, metrics_of
from barscope.studies.sweep_request import ParameterRange, SweepRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from barscope.domain.judgement import Fold, Overfitting
    from barscope.studies.sweep_columns import Pick
    from barscope.studies.sweep_judgement import DeflatedSharpe

MISSING = "missing"
_CELLS = 20


@dataclass(frozen=True, eq=False)
class SweepResult:
    """A sweep as far as it is.

    Attributes:
        request: What was asked for.
        way: How children are computed: `vectorised`, `events` or `indicator`.
        frames: The children that are there, in pieces.
        axes: Parameter → its values in order; empty where it may be any number.
        combinations: How many combinations there are, skipped ones among them.
        skipped: How many of them were skipped because their values do not fit together.
        reasons: The first of them: number of the combination → why.
        reused: How many children were taken over from an earlier sweep.
    """

    request: SweepRequest
    way: str
    frames: Sequence[pl.DataFrame] = field(repr=False)
    axes: Mapping[str, Sequence[object]]
    combinations: int
    skipped: int = 0
    reasons: Mapping[int, str] = field(default_factory=dict, repr=False)
    reused: int = 0

    def __repr__(self) -> str:
        counts = ", ".join(f"{n:,} {state}" for state, n in self.counts().items() if n)
        return f"SweepResult({self.request.target}: {counts})"

    @cached_property
    def children(self) -> pl.DataFrame:
        """A row per child that is there, by stretch, symbol and combination.

        Columns: `combination`, `symbol`, `stretch`, `state` (`done` or `failed`), `error`, a column `param:NAME` for
        each parameter, the metrics, and, of strategies, what judges them: `observations`, `periods_per_year`,
        `skewness`, `kurtosis`, and arrays of 32 blocks `block_n`, `block_sum`, `block_squares`.
        """
        if not self.frames:
            return pl.DataFrame(schema={"combination": pl.Int64, "symbol": pl.String, "stretch": pl.String,
                                        "state": pl.String, "error": pl.String})  # fmt: skip
        order = {name: place for place, name in enumerate(self.stretches)}
        symbols = {name: place for place, name in enumerate(self.request.symbols)}
        whole = pl.concat(self.frames, how="vertical_relaxed")
        return whole.sort(
            pl.col("stretch").replace_strict(order, default=len(order)),
            pl.col("symbol").replace_strict(symbols, default=len(symbols)),
            "combination",
        )

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The parameters that vary."""
        return tuple(self.request.parameters)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics."""
        return metrics_of(self.way)

    @property
    def stretches(self) -> tuple[str, ...]:
        """The names of the stretches."""
        return tuple(stretch.name for stretch in self.request.spans)

    @property
    def total(self) -> int:
        """How many children there are to be, skipped ones among them."""
        return self.combinations * len(self.request.symbols) * len(self.stretches)

    @property
    def done(self) -> int:
        """How many children are there."""
        return sum(map(len, self.frames))

    def counts(self) -> dict[str, int]:
        """How many children are done, skipped, failed, and missing."""
        failed = sum(len(frame) - frame["error"].null_count() for frame in self.frames)
        skipped = self.skipped * len(self.request.symbols) * len(self.stretches)
        missing = self.total - skipped - self.done
        return {DONE: self.done - failed, SKIPPED: skipped, FAILED: failed, MISSING: missing}

    def table(self) -> pd.DataFrame:
        """The children as a DataFrame: parameters by their names, then the metrics; without the blocks of returns."""
        kept = self.children.drop(*BLOCK_COLUMNS, strict=False)
        names = {f"{PARAM}{name}": name for name in self.parameter_names}
        clash = set(names.values()) & (set(kept.columns) | set(TRUST))
        renamed = {column: name for column, name in names.items() if name not in clash}
        return kept.rename(renamed, strict=False).to_pandas()

    # ---- views of one metric

    def ranking(self, metric: str, stretch: str | None = None, symbol: str | None = None) -> pl.DataFrame:
        """The combinations by one metric, the best first: its mean over the symbols.

        Args:
            metric: One of `metrics`.
            stretch: One of `stretches`; None is the first.
            symbol: One symbol; None is the mean over those that have the metric.

        Returns:
            `combination`, the parameters, the metric, and `symbols`, how many have it.
        """
        self._check_metric(metric)
        rows = self._of(stretch, symbol).filter(pl.col(metric).is_not_nan() & pl.col(metric).is_not_null())
        params = [pl.col(f"{PARAM}{name}").first() for name in self.parameter_names]
        means = rows.group_by("combination").agg(*params, pl.col(metric).mean(), symbols=pl.len())
        return means.sort(metric, "combination", descending=[metric not in LOWER_IS_BETTER, False])

    def best(self, metric: str = "sharpe", stretch: str | None = None, symbol: str | None = None) -> int:
        """The number of the best combination by a metric, of those that most symbols have; of equal ones the first.

        Raises:
            InvalidParameterError: If no child has the metric.
        """
        ranked = self.ranking(metric, stretch, symbol)
        if not len(ranked):
            raise InvalidParameterError(f"no child has {metric} yet: wait for the sweep, or look at its failures")
        return int(ranked.filter(pl.col("symbols") == pl.col("symbols").max())["combination"][0])

    def grid(self, metric: str, x: str, y: str, symbol: str | None = None, stretch: str | None = None) -> SweepGrid:
        """A metric over two parameters: the mean over the symbols, the best over further parameters.

        Raises:
            InvalidParameterError: If the metric or a parameter is unknown, or both are one.
        """
        for name in (x, y):
            if name not in self.parameter_names:
                raise InvalidParameterError(
                    f"{cut(name)} does not vary in this sweep: choose from {', '.join(self.parameter_names)}"
                )
        if x == y:
            raise InvalidParameterError(f"{x} cannot be on both axes: choose another parameter for one of them")
        ranked = self.ranking(metric, stretch, symbol)
        xs, across = self._cells(x, ranked[f"{PARAM}{x}"])
        ys, down = self._cells(y, ranked[f"{PARAM}{y}"])
        values = np.full((len(ys), len(xs)), np.nan)
        numbers = np.full((len(ys), len(xs)), NO_COMBINATION, np.int64)
        rows = zip(down, across, ranked[metric].to_list(), ranked["combination"].to_list(), strict=True)
        for at_y, at_x, value, number in rows:
            if numbers[at_y, at_x] == NO_COMBINATION:  # the best comes first
                values[at_y, at_x], numbers[at_y, at_x] = value, number
        return SweepGrid(x, tuple(xs), y, tuple(ys), metric, values, numbers)

    def _cells(self, name: str, column: pl.Series) -> tuple[list[object], list[int]]:
        """The values of an axis, and the place of each row on it; any number goes to the nearest of some."""
        listed = list(self.axes[name])
        if listed:
            places = {value: place for place, value in enumerate(listed)}
            return listed, [places[value] for value in column.to_list()]
        given = self.request.parameters[name]
        assert isinstance(given, ParameterRange)  # noqa: S101  # only a range is without listed values
        edges = np.linspace(given.low, given.high, _CELLS + 1)
        centres: list[object] = [float(f"{centre:.4g}") for centre in (edges[1:] + edges[:-1]) / 2]
        inside = np.searchsorted(edges, column.to_numpy(), side="right") - 1
        return centres, np.clip(inside, 0, _CELLS - 1).tolist()

    def lines(self, metric: str, symbol: str | None = None, stretch: str | None = None) -> SweepLines:
        """Every combination with its parameters and a metric, for parallel coordinates; texts by their place."""
        ranked = self.ranking(metric, stretch, symbol)
        columns = [_as_numbers(ranked[f"{PARAM}{name}"]) for name in self.parameter_names]
        values = np.column_stack(columns) if len(ranked) else np.empty((0, len(self.parameter_names)))
        return SweepLines(self.parameter_names, values, ranked[metric].to_numpy(), ranked["combination"].to_numpy())

    def params_of(self, combination: int) -> dict[str, object]:
        """The values of a combination that is there.

        Raises:
            InvalidParameterError: If it is not.
        """
        rows = self.children.filter(pl.col("combination") == combination)
        if not len(rows):
            why = self.reasons.get(combination)
            detail = f"it was skipped: {why}" if why else f"there are {self.combinations:,}, counted from 0"
            raise InvalidParameterError(f"combination {combination} has no result: {detail}")
        return {name: rows[f"{PARAM}{name}"][0] for name in self.parameter_names}

    # ---- how far to trust the best; `sweep_judgement` says more of each

    def plateau(self, metric: str = "sharpe", *, stretch: str | None = None, symbol: str | None = None) -> pl.DataFrame:
        """A metric of each combination beside that of its neighbours, the best neighbourhood first."""
        from barscope.studies.sweep_judgement import plateau

        return plateau(self.children, metric, symbol, self._stretch(stretch))

    def train_against_test(
        self,
        train: str,
        test: str | Sequence[str],
        metric: str = "sharpe",
        *,
        pick: Pick = "best",
        symbol: str | None = None,
    ) -> pl.DataFrame:
        """What is chosen in one stretch, by the `best` point or the `plateau`, and what became of it in others."""
        from barscope.studies.sweep_judgement import train_against_test

        return train_against_test(self.children, train, test, metric, pick, symbol)

    def deflated_sharpe(
        self,
        *,
        combination: int | None = None,
        stretch: str | None = None,
        symbol: str | None = None,
        trials: float | None = None,
    ) -> DeflatedSharpe:
        """What the Sharpe ratio of a combination, by default the best, is worth given how many were tried."""
        from barscope.studies.sweep_judgement import deflated_sharpe

        return deflated_sharpe(self.children, symbol, self._stretch(stretch), combination=combination, trials=trials)

    def overfitting(self, *, stretch: str | None = None, symbol: str | None = None, groups: int = 16) -> Overfitting:
        """The probability that the best combination is the best by luck."""
        from barscope.studies.sweep_judgement import overfitting

        return overfitting(self.children, symbol, self._stretch(stretch), groups=groups)

    def cross_validation(
        self,
        folds: int = 8,
        *,
        purge: int = 1,
        embargo: int = 0,
        pick: Pick = "best",
        stretch: str | None = None,
        symbol: str | None = None,
    ) -> pl.DataFrame:
        """What is chosen on some parts of a stretch, and what became of it on the part that was left out."""
        from barscope.studies.sweep_judgement import cross_validation

        where = self._stretch(stretch)
        return cross_validation(
            self.children, folds, purge=purge, embargo=embargo, pick=pick, symbol=symbol, stretch=where
        )

    def walk_forward(
        self, folds: Iterable[Fold], metric: str = "sharpe", *, pick: Pick = "best", symbol: str | None = None
    ) -> pl.DataFrame:
        """What is chosen in each window, and what became of it in the days after; the windows are stretches."""
        from barscope.studies.sweep_judgement import walk_forward

        return walk_forward(self.children, folds, metric, pick, symbol)

    def _stretch(self, name: str | None) -> str:
        """A stretch by its name; None is the first."""
        return self.stretches[0] if name is None else name

    def _of(self, stretch: str | None, symbol: str | None) -> pl.DataFrame:
        chosen = self._stretch(stretch)
        for what, name, known in (("stretch", chosen, self.stretches), ("symbol", symbol, self.request.symbols)):
            if name is not None and name not in known:
                raise InvalidParameterError(f"no {what} {cut(name)} in this sweep: choose from {cut(', '.join(known))}")
        rows = self.children.filter((pl.col("stretch") == chosen) & (pl.col("state") == DONE))
        return rows if symbol is None else rows.filter(pl.col("symbol") == symbol)

    def _check_metric(self, metric: str) -> None:
        if metric not in self.metrics:
            near = close_matches(metric, self.metrics)
            hint = f"did you mean {near[0]}? " if near else ""
            raise InvalidParameterError(f"no metric {cut(metric)}: {hint}there is {', '.join(self.metrics)}")
        if not self.frames:
            raise InvalidParameterError("no child is there yet: wait for the first results")


def _values(column: pl.Series) -> list[object]:
    """The distinct values in order."""
    return column.unique().sort().to_list()


def _as_numbers(column: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if column.dtype == pl.String:
        places = {value: place for place, value in enumerate(_values(column))}
        return np.array([places[value] for value in column.to_list()], np.float64)
    return column.cast(pl.Float64).to_numpy()
