"""What a picture of a sweep is made of: a grid of two parameters, or one line per combination of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray, IntArray

NO_COMBINATION = -1
"""The number of a cell that no combination belongs to."""


@dataclass(frozen=True, eq=False, slots=True)
class SweepGrid:
    """One metric over two parameters.

    Attributes:
        x_name: The parameter along x.
        x_values: Its values, in order: numbers, texts or truth values.
        y_name: The parameter along y.
        y_values: Its values, in order.
        metric: The name of the metric.
        values: Shape (len(y_values), len(x_values)); NaN where there is no result, or none yet.
        combinations: Of the same shape, int64: which combination a cell shows; −1 where there is none.
    """

    x_name: str
    x_values: tuple[Any, ...]
    y_name: str
    y_values: tuple[Any, ...]
    metric: str
    values: FloatArray
    combinations: IntArray

    def __post_init__(self) -> None:
        shape = (len(self.y_values), len(self.x_values))
        for name in ("values", "combinations"):
            found = getattr(self, name).shape
            if found != shape:
                raise InvalidParameterError(
                    f"{name} of a grid of {cut(self.metric)} have shape {found}: {shape} is expected"
                )

    def __repr__(self) -> str:
        y, x = self.values.shape
        return f"SweepGrid({cut(self.metric)}, {cut(self.x_name)} ({x}) × {cut(self.y_name)} ({y}))"

    def cell_of(self, combination: int) -> tuple[int, int] | None:
        """Row and column of the cell that shows a combination; None where none does."""
        if combination == NO_COMBINATION:
            return None
        found = np.argwhere(self.combinations == combination)
        return (int(found[0, 0]), int(found[0, 1])) if len(found) else None


@dataclass(frozen=True, eq=False, slots=True)
class SweepLines:
    """Combinations as points of as many dimensions as there are parameters.

    Attributes:
        names: The parameters.
        values: Shape (combinations, parameters): numbers as they are; a parameter that is no number by the position of
            its value among those that are tried.
        metric: Shape (combinations,); NaN where there is no result.
        combinations: Shape (combinations,), int64: their numbers.
    """

    names: tuple[str, ...]
    values: FloatArray
    metric: FloatArray
    combinations: IntArray

    def __post_init__(self) -> None:
        n = len(self.combinations)
        if self.values.shape != (n, len(self.names)) or self.metric.shape != (n,):
            raise InvalidParameterError(
                f"{n} combinations of {len(self.names)} parameters have values of shape {self.values.shape} "
                f"and metrics of shape {self.metric.shape}: (combinations, parameters) and (combinations,) are expected"
            )

    def __len__(self) -> int:
        return len(self.combinations)

    def __repr__(self) -> str:
        return f"SweepLines({len(self)} of {', '.join(map(cut, self.names))})"
