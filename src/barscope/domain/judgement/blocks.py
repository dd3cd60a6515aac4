"""Returns summed up in consecutive blocks of time, from which the Sharpe ratio of any union of blocks follows.

Three numbers a block stand for all its returns, so a hundred thousand combinations can be judged over thousands of
divisions of time without their returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.performance.measures import BLOCKS
from barscope.errors import InvalidParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from barscope.domain.bars import FloatArray

_ROUNDING = 1e-12  # below this share of the sum of squares, squared deviations are rounding of constant returns


@dataclass(frozen=True, eq=False, slots=True)
class ReturnBlocks:
    """Returns per period in blocks, for any number of series at once.

    Attributes:
        n: How many returns a block has, shape (…, blocks).
        total: Their sum, of the same shape.
        squares: The sum of their squares, of the same shape.
    """

    n: FloatArray
    total: FloatArray
    squares: FloatArray

    def __post_init__(self) -> None:
        shapes = self.n.shape, self.total.shape, self.squares.shape
        if len(set(shapes)) != 1 or self.n.ndim < 1:
            raise InvalidParameterError(f"blocks have shapes {shapes}: one shape (…, blocks) is expected for all three")

    def __repr__(self) -> str:
        return f"ReturnBlocks{self.n.shape}"

    @property
    def count(self) -> int:
        """Blocks of a series."""
        return int(self.n.shape[-1])

    @classmethod
    def of(cls, returns: FloatArray, blocks: int = BLOCKS) -> ReturnBlocks:
        """The blocks of series of returns.

        Args:
            returns: Shape (…, periods); NaN is no return and does not count.
            blocks: How many; their lengths differ by one period at most, and some are empty where there are fewer
                periods than blocks.
        """
        place = np.arange(returns.shape[-1])[:, np.newaxis]
        bounds = np.arange(blocks + 1) * len(place) // blocks
        belongs = ((place >= bounds[:-1]) & (place < bounds[1:])).astype(np.float64)
        known = np.isfinite(returns)
        r = np.where(known, returns, 0.0)
        return cls(known @ belongs, r @ belongs, (r * r) @ belongs)

    def groups(self, count: int) -> ReturnBlocks:
        """The same returns in fewer, longer blocks.

        Raises:
            InvalidParameterError: If the blocks cannot be divided into so many groups of one size.
        """
        if count < 1 or self.count % count:
            raise InvalidParameterError(f"{self.count} blocks cannot make {count} equal groups: choose a divisor")
        shape = (*self.n.shape[:-1], count, -1)
        return ReturnBlocks(*(x.reshape(shape).sum(axis=-1) for x in (self.n, self.total, self.squares)))

    def sharpe(self, chosen: NDArray[np.bool_] | None = None) -> FloatArray:
        """The Sharpe ratio per period, not annualised, over a union of blocks.

        Args:
            chosen: The blocks of the union, shape (blocks,); None takes all. Of shape (unions, blocks) it gives as many
                unions at once.

        Returns:
            Mean / sample standard deviation, shape (…,) or (…, unions); NaN where there are fewer than two returns or
            they do not vary, as where nothing was traded.
        """
        weights = np.ones(self.count) if chosen is None else np.asarray(chosen, np.float64).T
        return sharpe_of_sums(self.n @ weights, self.total @ weights, self.squares @ weights)


def sharpe_of_sums(n: FloatArray, total: FloatArray, squares: FloatArray) -> FloatArray:
    """Mean / sample standard deviation from the number, sum and sum of squares of returns, of one shape.

    NaN for fewer than two returns, and where they do not vary.

    Source: W. F. Sharpe, The Sharpe Ratio, Journal of Portfolio Management, 1994.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        deviations = squares - total * total / n
        ratio = total / n * np.sqrt((n - 1) / deviations)
    return np.where((n >= 2) & (deviations > _ROUNDING * squares), ratio, np.nan)
