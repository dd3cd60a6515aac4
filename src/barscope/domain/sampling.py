"""Combinations of parameters: the axes they lie on, and which a grid, a random or a Latin-hypercube sample takes.

Combinations are held as columns, so that a million of them are a few arrays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barscope.errors import InvalidParameterError, cut

GRID, RANDOM, LATIN_HYPERCUBE = "grid", "random", "latin_hypercube"
SAMPLINGS = (GRID, RANDOM, LATIN_HYPERCUBE)
MOST_VALUES = 1_000_000
"""The most values one parameter may have."""

_TRIES = 20


@dataclass(frozen=True, slots=True)
class Axis:
    """The values of one parameter: some that are listed, or any number between two.

    Attributes:
        name: The parameter.
        values: The values, each once; empty for a continuous axis.
        low: The lowest number of a continuous axis.
        high: The highest.
    """

    name: str
    values: tuple[Any, ...] = ()
    low: float = math.nan
    high: float = math.nan

    @property
    def size(self) -> float:
        """How many values there are; infinite for a continuous axis."""
        return len(self.values) if self.values else math.inf

    def at(self, shares: NDArray[np.float64]) -> Sequence[Any]:
        """The values at shares of the axis, 0 to below 1."""
        if not self.values:
            numbers: Sequence[Any] = (self.low + shares * (self.high - self.low)).tolist()
            return numbers
        places = np.minimum((shares * len(self.values)).astype(np.int64), len(self.values) - 1)
        return [self.values[place] for place in places.tolist()]


@dataclass(frozen=True, eq=False, slots=True)
class Combinations:
    """Sets of parameter values, numbered from 0.

    Attributes:
        columns: Parameter → its value in each combination.
    """

    columns: Mapping[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, number: int) -> dict[str, Any]:
        return {name: column[number] for name, column in self.columns.items()}

    def take(self, numbers: Sequence[int]) -> Combinations:
        """Some of them, renumbered."""
        return Combinations({name: [column[k] for k in numbers] for name, column in self.columns.items()})


def linear_values(low: float, high: float, step: float) -> tuple[float, ...]:
    """low, low + step, … up to high inclusive; whole numbers where all three are.

    Raises:
        InvalidParameterError: If there are more than `MOST_VALUES`.
    """
    steps = (high - low) / step
    if not steps < MOST_VALUES:
        raise InvalidParameterError(
            f"{low:g} to {high:g} by {step:g} is more than {MOST_VALUES:,} values: take a larger step"
        )
    count = math.floor(steps + 1e-9) + 1
    if all(isinstance(number, int) for number in (low, high, step)):
        return tuple(low + k * step for k in range(count))
    return tuple(float(f"{low + k * step:.12g}") for k in range(count))


def combinations(axes: Sequence[Axis], sampling: str, samples: int | None, seed: int) -> Combinations:
    """The combinations of a sample; no combination comes twice.

    Args:
        axes: At least one.
        sampling: One of `SAMPLINGS`.
        samples: How many to take; a grid takes all of them.
        seed: Of the random numbers.

    Raises:
        InvalidParameterError: If the sampling is unknown, a number is missing or too many, or a grid has an axis
            without listed values.

    Source: M. D. McKay, R. J. Beckman and W. J. Conover, A Comparison of Three Methods for Selecting Values of Input
        Variables, Technometrics, 1979 (Latin hypercube).
    """
    if sampling not in SAMPLINGS:
        raise InvalidParameterError(f"unknown sampling {cut(repr(sampling))}: use one of {', '.join(SAMPLINGS)}")
    if sampling == GRID:
        return _grid(axes, samples)
    if samples is None or samples < 1:
        raise InvalidParameterError(f"samples is {samples}: say how many combinations a {sampling} sample takes")
    rng = np.random.default_rng(seed)
    if samples >= grid_size(axes):
        return _grid(axes, None)  # all there are
    return _random(axes, samples, rng) if sampling == RANDOM else _latin_hypercube(axes, samples, rng)


def grid_size(axes: Sequence[Axis]) -> float:
    """How many combinations a grid has; infinite with a continuous axis."""
    return math.prod(axis.size for axis in axes)


def _grid(axes: Sequence[Axis], samples: int | None) -> Combinations:
    if samples is not None:
        raise InvalidParameterError(f"samples is {samples}, but a grid takes every combination: use random sampling")
    for axis in axes:
        if not axis.values:
            raise InvalidParameterError(f"{axis.name} from {axis.low:g} to {axis.high:g} has no step: a grid needs one")
    total, before, columns = int(grid_size(axes)), 1, {}
    for axis in axes:
        before *= len(axis.values)
        places = (np.arange(total) // (total // before)) % len(axis.values)
        columns[axis.name] = [axis.values[place] for place in places.tolist()]
    return Combinations(columns)


def _random(axes: Sequence[Axis], samples: int, rng: np.random.Generator) -> Combinations:
    """Independent draws; one that came before is drawn anew."""
    size = grid_size(axes)
    if size < 4 * samples:  # drawing anew would take long: shuffle all there are
        whole = _grid(axes, None)
        return whole.take(sorted(rng.permutation(len(whole))[:samples].tolist()))
    found: dict[tuple[Any, ...], None] = {}
    for _ in range(_TRIES):
        shares = rng.random((samples, len(axes)))
        rows = zip(*(axis.at(shares[:, k]) for k, axis in enumerate(axes)), strict=True)
        found |= dict.fromkeys(rows)
        if len(found) >= samples:
            break
    return _of_rows(axes, list(found)[:samples])


def _latin_hypercube(axes: Sequence[Axis], samples: int, rng: np.random.Generator) -> Combinations:
    """Each axis cut into as many equal parts as there are samples, one sample in each part of each axis."""
    shares = [(rng.permutation(samples) + rng.random(samples)) / samples for _ in axes]
    rows = zip(*(axis.at(share) for axis, share in zip(axes, shares, strict=True)), strict=True)
    return _of_rows(axes, list(dict.fromkeys(rows)))  # listed values may meet twice


def _of_rows(axes: Sequence[Axis], rows: Sequence[tuple[Any, ...]]) -> Combinations:
    return Combinations({axis.name: list(column) for axis, column in zip(axes, zip(*rows, strict=True), strict=True)})
