"""The probability of backtest overfitting, by combinatorially symmetric cross-validation.

Time is cut into groups. Every half of the groups is once what the best combination is chosen on, and the other half
what it has to prove itself on. If choosing means anything, the chosen one does better than the median of all there.

Source: D. H. Bailey, J. M. Borwein, M. López de Prado and Q. J. Zhu, The Probability of Backtest Overfitting, Journal
of Computational Finance, 2015.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.judgement.blocks import sharpe_of_sums
from barscope.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from barscope.domain.bars import FloatArray, IntArray
    from barscope.domain.judgement.blocks import ReturnBlocks

GROUPS = 16
"""Groups of blocks unless told otherwise: 12,870 splits."""
_MOST_GROUPS = 20
_CELLS = 40_000  # Sharpe ratios in memory at once: what a processor keeps close
_PRODUCT = 250_000  # multiplications at once: linear algebra spreads more over threads, which wait on a busy machine
_ROUNDING = 1e-9  # Sharpe ratios nearer than this are equal


@dataclass(frozen=True, eq=False, slots=True)
class Overfitting:
    """What became of the best combination of each split. Sharpe ratios are per period.

    Attributes:
        combinations: How many competed.
        left_out: How many did not, because they traded nothing in the whole time.
        picked: The row of the one chosen in each split, shape (splits,); −1 where no combination traded in the half to
            choose on.
        in_sample: Its Sharpe ratio where it was chosen, shape (splits,); NaN without a pick.
        out_of_sample: Its Sharpe ratio in the other half; 0 where it did not trade there.
        logits: log(ω / (1 − ω)), where ω = rank / (combinations + 1) is its rank from the worst, in the other half.
            Ties have their mean rank. 0 is the median.
    """

    combinations: int
    left_out: int
    picked: IntArray
    in_sample: FloatArray
    out_of_sample: FloatArray
    logits: FloatArray

    def __str__(self) -> str:
        return (
            f"probability of overfitting {self.pbo:.1%}, of a loss out of sample {self.probability_of_loss:.1%}, "
            f"slope {self.slope:.2f} ({self.combinations:,} combinations, {self.splits:,} splits)"
        )

    __repr__ = __str__

    @property
    def splits(self) -> int:
        """Ways to halve the time."""
        return len(self.picked)

    @property
    def pbo(self) -> float:
        """The share of splits in which the best in sample ends below the median out of sample.

        Exactly at the median counts half, so that luck alone gives 0.5 whatever the number of combinations.
        """
        logits = self.logits[self.picked >= 0]
        return float(np.mean((logits < 0) + 0.5 * (logits == 0)))

    @property
    def probability_of_loss(self) -> float:
        """The share of splits in which the best in sample loses out of sample."""
        return float(np.mean(self.out_of_sample[self.picked >= 0] < 0))

    @property
    def slope(self) -> float:
        """How much of each Sharpe ratio gained in sample is kept out of sample: the slope of a straight line.

        Negative where looking better means becoming worse; NaN where all picks look equally good in sample.
        """
        there = self.picked >= 0
        x, y = self.in_sample[there], self.out_of_sample[there]
        x = x - x.mean()
        spread = float(x @ x)
        return float(x @ y) / spread if spread > 1e-18 else float("nan")

    def histogram(self, bins: int = 30) -> tuple[IntArray, FloatArray]:
        """Splits by logit: counts of shape (bins,) and edges of shape (bins + 1,), symmetric about 0."""
        logits = self.logits[self.picked >= 0]
        widest = max(float(np.abs(logits).max()), 1.0)
        counts, edges = np.histogram(logits, bins, (-widest, widest))
        return counts, edges


def symmetric_cross_validation(
    blocks: ReturnBlocks, groups: int = GROUPS, check: Callable[[], None] = lambda: None
) -> Overfitting:
    """Choose the best combination on every half of the time, and look at it in the other half.

    Of combinations that are equally good the first is chosen. Memory is bounded whatever their number; the time grows
    with symbols × combinations × splits.

    Args:
        blocks: The returns, shape (combinations, blocks), or (symbols, combinations, blocks): then a combination is as
            good as the mean of its Sharpe ratios over the symbols that it traded.
        groups: Into how many groups of equal length the blocks are cut; even, 2 to 20, a divisor of the blocks.
        check: Called every few splits; what it raises ends the work.

    Raises:
        InvalidParameterError: If the groups do not fit, fewer than two combinations traded, or time has groups without
            a return or no half to choose by.
    """
    if not isinstance(groups, int) or groups % 2 or not 2 <= groups <= _MOST_GROUPS:
        raise InvalidParameterError(f"groups is {groups!r}: it has to be an even number from 2 to {_MOST_GROUPS}")
    if blocks.n.ndim not in (2, 3):
        raise InvalidParameterError(f"{blocks!r} is no table: (combinations, blocks) or (symbols, …) is expected")
    cut = blocks.groups(groups)
    sums = np.stack([x.reshape(-1, *x.shape[-2:]).swapaxes(1, 2) for x in (cut.n, cut.total, cut.squares)])
    traded = np.isfinite(_performance(sums, np.ones((1, groups), bool))[0])
    kept = np.flatnonzero(traded)
    if len(kept) < 2:
        raise InvalidParameterError(
            f"{len(kept)} of {len(traded)} combinations traded: two are the least to choose from"
        )
    sums = np.ascontiguousarray(sums[..., kept])
    if not np.nansum(sums[0], axis=(0, 2)).all():
        most = int(np.nansum(sums[0], axis=1).max())
        raise InvalidParameterError(
            f"{most} returns leave some of {groups} groups empty: take more days or fewer groups"
        )
    picked, *measured = _judge(sums, _halves(groups), check)
    if (picked < 0).all():
        raise InvalidParameterError("in no half of the time returns vary: there is nothing to choose by")
    rows = np.where(picked >= 0, kept[picked], -1)
    return Overfitting(len(kept), len(traded) - len(kept), rows, *measured)


def _halves(groups: int) -> NDArray[np.bool_]:
    """Every half of the groups, shape (splits, groups); each has its complement in the same place from the end."""
    members = np.array(list(combinations(range(groups), groups // 2)))
    inside = np.zeros((len(members), groups), bool)
    np.put_along_axis(inside, members, True, axis=1)
    return inside


def _judge(
    sums: FloatArray, halves: NDArray[np.bool_], check: Callable[[], None]
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Pick, its two Sharpe ratios and its logit, each of shape (splits,); each half is measured once."""
    splits, n = len(halves), sums.shape[-1]
    picked = np.empty(splits, np.int64)
    inside, outside, logits = (np.empty(splits) for _ in range(3))
    step = max(4, _CELLS // n)
    for start in range(0, splits // 2, step):
        check()
        first = np.arange(start, min(start + step, splits // 2))
        second = splits - 1 - first
        one, other = _performance(sums, halves[first]), _performance(sums, halves[second])
        for where, chosen_on, proved_on in ((first, one, other), (second, other, one)):
            picked[where], inside[where], outside[where], logits[where] = _pick(chosen_on, proved_on)
    return picked, inside, outside, logits


def _performance(sums: FloatArray, halves: NDArray[np.bool_]) -> FloatArray:
    """Mean Sharpe ratio over the symbols that were traded, shape (splits, combinations); NaN where none was."""
    weights = halves.astype(np.float64)
    if sums.shape[1] == 1:
        return sharpe_of_sums(*(_union(weights, x[0]) for x in sums))
    total = np.zeros((len(halves), sums.shape[-1]))
    traded = np.zeros(total.shape)
    for symbol in range(sums.shape[1]):
        ratio = sharpe_of_sums(*(_union(weights, x[symbol]) for x in sums))
        known = ~np.isnan(ratio)
        traded += known
        total += np.where(known, ratio, 0.0)
    mean: FloatArray = np.divide(total, traded, out=np.full(total.shape, np.nan), where=traded > 0)
    return mean


def _union(weights: FloatArray, sums: FloatArray) -> FloatArray:
    """Sums over unions of groups, shape (splits, combinations), from those of shape (groups, combinations)."""
    whole = np.empty((len(weights), sums.shape[1]))
    width = max(1, _PRODUCT // weights.size)
    for start in range(0, sums.shape[1], width):
        part = slice(start, start + width)
        np.matmul(weights, sums[:, part], out=whole[:, part])
    return whole


def _pick(chosen_on: FloatArray, proved_on: FloatArray) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """The best of each row, and what it is worth in the other half, where all that did not trade are worth 0."""
    rows = np.arange(len(chosen_on))
    best = np.where(np.isnan(chosen_on), -np.inf, chosen_on).argmax(axis=1)
    there = ~np.isnan(chosen_on[rows, best])
    proved = np.where(np.isnan(proved_on), 0.0, proved_on)
    value = proved[rows, best]
    below = (proved < value[:, np.newaxis] - _ROUNDING).sum(axis=1)
    not_above = (proved <= value[:, np.newaxis] + _ROUNDING).sum(axis=1)
    share = (below + not_above + 1) / 2 / (proved.shape[1] + 1)  # the mean rank of those that tie
    logits = np.log(share / (1 - share))
    inside = chosen_on[rows, best]
    return np.where(there, best, -1), inside, *(np.where(there, x, np.nan) for x in (value, logits))
