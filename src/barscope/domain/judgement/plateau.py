"""The plateau view: a combination is as good as what stands around it.

A single peak among poor neighbours is luck of the sample; where a step in any parameter changes little, the next sample
has a chance to look the same. `neighbours` says who stands around whom.

Source: R. Pardo, The Evaluation and Optimization of Trading Strategies, 2008, ch. 10 (robust optimisation profiles).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from barscope.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.domain.bars import FloatArray, IntArray

_CELLS = 2_000_000  # distances in memory at once
_MOST_CELLS = 2.0**62  # a grid with more cannot be numbered
_NOBODY = -1


@dataclass(frozen=True, eq=False, slots=True)
class Plateau:
    """A metric around each combination, columns of shape (combinations,). A higher metric is a better one.

    Attributes:
        mean: Mean of the metric of its neighbours; NaN without any.
        minimum: The lowest of them.
        count: How many neighbours have the metric.
        score: The lower of its own metric and the mean of its neighbours, so that neither a lone peak nor a hole in a
            plateau is chosen; NaN where it has no metric, or fewer than half of the neighbours it may have.
    """

    mean: FloatArray
    minimum: FloatArray
    count: IntArray
    score: FloatArray

    def __len__(self) -> int:
        return len(self.score)

    @property
    def pick(self) -> int:
        """The row with the best score; the first of equal ones.

        Raises:
            InvalidParameterError: If none has a score.
        """
        if np.isnan(self.score).all():
            raise InvalidParameterError(
                "no combination has neighbours enough for a plateau: try more values of each parameter, "
                "or pick the best point"
            )
        return int(np.nanargmax(self.score))


def plateau_view(metric: FloatArray, neighbours: IntArray) -> Plateau:
    """What stands around each combination.

    Args:
        metric: Shape (combinations,), higher is better: turn the sign of one where lower is. What is not finite
            does not count.
        neighbours: Rows of the neighbours of each, shape (combinations, most); −1 is nobody.

    Raises:
        InvalidParameterError: If the two do not have one length.
    """
    if neighbours.shape[:1] != metric.shape or neighbours.ndim != 2:
        raise InvalidParameterError(f"{metric.shape} metrics do not fit neighbours of shape {neighbours.shape}")
    own = np.where(np.isfinite(metric), metric, np.nan)
    around = np.where(neighbours == _NOBODY, np.nan, own[neighbours])
    known = ~np.isnan(around)
    count = known.sum(axis=1)
    total = np.where(known, around, 0.0).sum(axis=1)
    mean = np.divide(total, count, out=np.full(len(own), np.nan), where=count > 0)
    minimum = np.where(count > 0, np.where(known, around, np.inf).min(axis=1, initial=np.inf), np.nan)
    enough = (count > 0) & (2 * count >= neighbours.shape[1])
    return Plateau(mean, minimum, count, np.where(enough, np.minimum(own, mean), np.nan))


def neighbours(points: FloatArray, unordered: Sequence[int] = ()) -> IntArray:
    """Neighbours on the grid where most points have half of theirs or more, else the nearest.

    Args:
        points: Values of the parameters, shape (combinations, parameters).
        unordered: Columns that are names rather than amounts.
    """
    if _cells(points) < _MOST_CELLS:
        around = grid_neighbours(points, unordered)
        if not around.shape[1] or 2 * np.median((around != _NOBODY).sum(axis=1)) >= around.shape[1]:
            return around
    return nearest_neighbours(points, None, unordered)


def grid_neighbours(points: FloatArray, unordered: Sequence[int] = ()) -> IntArray:
    """Neighbours on a grid: one step to the next value that is tried, up or down, of one parameter.

    Args:
        points: Values of the parameters, shape (combinations, parameters).
        unordered: Columns that are names rather than amounts: no step leads from one to another.

    Returns:
        Shape (combinations, 2 × parameters that are tried at more than one value); −1 beyond the edge and in a gap of
        the grid, such as combinations that make no sense leave.

    Raises:
        InvalidParameterError: If the points are no grid at all but scattered.
    """
    if _cells(points) >= _MOST_CELLS:
        raise InvalidParameterError(f"{len(points)} scattered points are no grid: use nearest_neighbours")
    places = np.stack([np.unique(column, return_inverse=True)[1] for column in points.T], axis=1)
    sizes = places.max(axis=0) + 1
    axes = [axis for axis in range(points.shape[1]) if axis not in unordered and sizes[axis] > 1]
    cells = np.ravel_multi_index(tuple(places.T), tuple(sizes))
    order = np.argsort(cells, kind="stable")
    found = np.full((len(points), 2 * len(axes)), _NOBODY)
    for number, axis in enumerate(axes):
        width = int(np.prod(sizes[axis + 1 :]))
        for side, step in enumerate((-1, 1)):
            inside = (places[:, axis] + step >= 0) & (places[:, axis] + step < sizes[axis])
            wanted = np.where(inside, cells + step * width, cells)
            who = order[np.searchsorted(cells, wanted, sorter=order).clip(max=len(points) - 1)]
            found[:, 2 * number + side] = np.where(inside & (cells[who] == wanted), who, _NOBODY)
    return found


def nearest_neighbours(points: FloatArray, count: int | None = None, unordered: Sequence[int] = ()) -> IntArray:
    """The nearest combinations, each parameter scaled to 0 to 1 over the values that are tried.

    Exact, by all distances, in blocks of bounded memory: the time grows with the square of the combinations.

    Args:
        points: Values of the parameters, shape (combinations, parameters).
        count: How many; None takes two for each parameter, and at least 4. Never more than there are others.
        unordered: Columns that are names rather than amounts: who has another name is no neighbour.

    Returns:
        Shape (combinations, count), in no order; −1 where there are fewer.

    Raises:
        InvalidParameterError: If `count` is below 1.
    """
    n, parameters = points.shape
    if count is not None and count < 1:
        raise InvalidParameterError(f"count is {count}: it has to be 1 or more")
    k = min(max(2 * parameters, 4) if count is None else count, n - 1)
    if k < 1:
        return np.empty((n, 0), np.int64)
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = (points - low) / np.where(high > low, high - low, 1.0)
    names = np.unique(points[:, list(unordered)], axis=0, return_inverse=True)[1]
    squares = (scaled * scaled).sum(axis=1)
    found = np.empty((n, k), np.int64)
    step = max(1, _CELLS // n)
    for start in range(0, n, step):
        rows = np.arange(start, min(start + step, n))
        distances = squares - 2 * (scaled[rows] @ scaled.T)  # squared, less what is the same in a row
        distances[names[rows, np.newaxis] != names] = np.inf
        distances[rows - start, rows] = np.inf
        nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
        found[rows] = np.where(np.isinf(np.take_along_axis(distances, nearest, axis=1)), _NOBODY, nearest)
    return found


def _cells(points: FloatArray) -> float:
    """How many combinations the values of the parameters have."""
    return float(np.prod([len(np.unique(column)) for column in points.T], dtype=np.float64))
