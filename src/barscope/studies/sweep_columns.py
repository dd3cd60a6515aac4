"""The table of a sweep's children laid out by symbol and combination, and the choice of one combination from it.

A combination counts where it is done for every symbol asked for. Over several symbols its metric is the mean over those
that have it, so that each symbol weighs the same. A metric that is infinite is never picked.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from barscope.domain.judgement import ReturnBlocks, neighbours, plateau_view
from barscope.domain.performance.measures import BLOCKS, LOWER_IS_BETTER
from barscope.errors import InvalidParameterError, close_matches, cut
from barscope.studies.sweep_frame import BLOCK_COLUMNS, DONE, PARAM, TRUST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from barscope.domain.bars import FloatArray, IntArray

Pick = Literal["best", "plateau"]
"""How to choose: the best point, or the point with the best neighbourhood."""

_KEYS = ("combination", "symbol", "stretch", "state")
_NOTHING = pl.Series(dtype=pl.UInt32), np.empty(0, np.int64)
_NOT_METRICS = frozenset({*_KEYS, *TRUST, *BLOCK_COLUMNS, "error"})


class SweepColumns:
    """The combinations of a table of children.

    Args:
        children: The children of a sweep, all or those that are there.

    Attributes:
        parameters: Number and parameters of each combination, by number.
        combinations: The numbers, shape (combinations,).

    Raises:
        InvalidParameterError: If there are no children.
    """

    def __init__(self, children: pl.DataFrame) -> None:
        missing = [name for name in _KEYS if name not in children.columns]
        if missing or children.is_empty():
            raise InvalidParameterError(
                f"children without {', '.join(missing)} are not those of a sweep: give the `children` of its result"
                if missing
                else "the sweep has no children yet: judge it when some are done"
            )
        self._children = children
        names = ("combination", *(name for name in children.columns if name.startswith(PARAM)))
        self.parameters = children.select(names).unique("combination", keep="first").sort("combination")
        self.combinations: IntArray = self.parameters["combination"].to_numpy()
        done = children.select(*_KEYS).with_row_index("row").filter(state=DONE)
        self._done = {
            key: (part["row"], np.searchsorted(self.combinations, part["combination"].to_numpy()))
            for key, part in done.partition_by("stretch", "symbol", as_dict=True).items()
        }
        """(Stretch, symbol) → the rows of the table that are done, and the places of their combinations."""

    def symbols(self, name: str | None) -> tuple[str, ...]:
        """A symbol by its name; None is all there are."""
        names = self._children["symbol"].unique(maintain_order=True).to_list()
        return tuple(names) if name is None else (_known("symbol", name, names),)

    def stretch(self, name: str | None) -> str:
        """A stretch by its name; None is the only one there is."""
        names = self._children["stretch"].unique(maintain_order=True).to_list()
        if name is None and len(names) > 1:
            raise InvalidParameterError(f"the sweep has {len(names)} stretches: name one of {_listed(names)}")
        return _known("stretch", names[0] if name is None else name, names)

    def row(self, combination: int) -> int:
        """Where a combination stands."""
        found = np.flatnonzero(self.combinations == combination)
        if not len(found):
            raise InvalidParameterError(f"the sweep has no combination {cut(combination)}: look at its table")
        return int(found[0])

    def done(self, stretch: str, symbols: Sequence[str]) -> NDArray[np.bool_]:
        """Which combinations are done for every one of the symbols, shape (combinations,)."""
        counted = np.zeros(len(self.combinations), np.int64)
        for symbol in symbols:
            _, places = self._done.get((stretch, symbol), _NOTHING)
            counted[places] += 1
        whole: NDArray[np.bool_] = counted == len(symbols)
        return whole

    def column(self, name: str, stretch: str, symbols: Sequence[str]) -> FloatArray:
        """A column, shape (symbols, combinations); NaN for combinations that are not done for every symbol."""
        return self._laid_out(name, stretch, symbols, ())

    def blocks(self, stretch: str, symbols: Sequence[str]) -> ReturnBlocks:
        """The returns in blocks, shape (symbols, combinations, blocks); NaN as in `column`."""
        return ReturnBlocks(*(self._laid_out(name, stretch, symbols, (BLOCKS,)) for name in BLOCK_COLUMNS))

    def values(self, metric: str, stretch: str, symbols: Sequence[str]) -> FloatArray:
        """A metric of each combination, its mean over the symbols; NaN where there is none."""
        numbers = [name for name, kind in self._children.schema.items() if kind.is_numeric() or kind == pl.Null]
        metrics = [name for name in numbers if name not in _NOT_METRICS and not name.startswith(PARAM)]
        self.check_enough(stretch, symbols)
        return mean_over_symbols(self.column(_known("metric", metric, metrics), stretch, symbols))

    def check_enough(self, stretch: str, symbols: Sequence[str]) -> None:
        """Refuse to choose from fewer than two."""
        there = int(self.done(stretch, symbols).sum())
        if there < 2:
            of = symbols[0] if len(symbols) == 1 else f"all {len(symbols)} symbols"
            raise InvalidParameterError(
                f"{there} combinations are done for {cut(of)} in stretch {cut(repr(stretch))}: two are the least to "
                "choose from"
            )

    @cached_property
    def neighbours(self) -> IntArray:
        """The neighbours of each combination, failed ones included so that a grid is seen as one."""
        names = self.parameters.columns[1:]
        kinds = [self.parameters.schema[name].is_numeric() for name in names]
        columns = [
            self.parameters[name].cast(pl.Float64) if number else self.parameters[name].cast(pl.String).rank("dense")
            for name, number in zip(names, kinds, strict=True)
        ]
        points = np.column_stack([column.to_numpy() for column in columns]).astype(np.float64)
        unordered = [place for place, number in enumerate(kinds) if not number]
        return neighbours(points, unordered)

    def pick(self, values: FloatArray, metric: str, how: Pick) -> int | None:
        """The row of the pick; None where no combination has a value."""
        if how not in ("best", "plateau"):
            raise InvalidParameterError(f"pick is {cut(repr(how))}: it has to be 'best' or 'plateau'")
        oriented = sign_of(metric) * values
        if not np.isfinite(oriented).any():
            return None
        return best_row(oriented) if how == "best" else plateau_view(oriented, self.neighbours).pick

    def describe(self, row: int | None) -> dict[str, Any]:
        """Number and parameters of a combination."""
        return dict.fromkeys(self.parameters.columns) if row is None else self.parameters.row(row, named=True)

    def _laid_out(self, name: str, stretch: str, symbols: Sequence[str], shape: tuple[int, ...]) -> FloatArray:
        if name not in self._children.columns:
            raise InvalidParameterError(f"the sweep has no {name}: only a sweep of a strategy has returns to judge")
        out = np.full((len(symbols), len(self.combinations), *shape), np.nan)
        for number, symbol in enumerate(symbols):
            rows, places = self._done.get((stretch, symbol), _NOTHING)
            out[number, places] = self._children[name].gather(rows).to_numpy()
        out[:, ~self.done(stretch, symbols)] = np.nan
        return out


def mean_over_symbols(values: FloatArray) -> FloatArray:
    """The mean of what is not NaN: of shape (combinations,) from shape (symbols, combinations)."""
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    mean: FloatArray = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return mean


def best_row(values: FloatArray) -> int:
    """The row of the highest value that is finite, the first of equal ones; 0 where there is none."""
    return int(np.where(np.isfinite(values), values, -np.inf).argmax())


def rank(values: FloatArray, row: int | None, metric: str) -> float | None:
    """The share of the other combinations that do worse than one, ties by half; 1 is the best."""
    own = value_at(values, row)
    others = values[~np.isnan(values)]
    if own is None or len(others) < 2:
        return None
    sign = sign_of(metric)
    worse, equal = (sign * others < sign * own).sum(), (others == own).sum() - 1
    return float((worse + equal / 2) / (len(others) - 1))


def value_at(values: FloatArray, row: int | None) -> float | None:
    """The value of a combination; None where there is none."""
    return None if row is None or np.isnan(values[row]) else float(values[row])


def sign_of(metric: str) -> float:
    """−1 for a metric of which less is better, else 1."""
    return -1.0 if metric in LOWER_IS_BETTER else 1.0


def _known(what: str, name: str, names: Sequence[str]) -> str:
    if name in names:
        return name
    close = close_matches(str(name), names)
    hint = f"did you mean {_listed(close)}?" if close else f"there are {_listed(names)}"
    raise InvalidParameterError(f"the sweep has no {what} {cut(repr(name))}: {hint}")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(cut(name) for name in names[:10]) + more
