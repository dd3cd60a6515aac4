"""Falls of the equity from its highest so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray, IntArray

_BLOCK = 256
_MANY = 16 * _BLOCK


def max_drawdown(equity: FloatArray, before: float = -np.inf) -> float:
    """The largest fall from a high, as a fraction of that high, at least 0: max(1 − equity / highest so far).

    Args:
        equity: Shape (bars,).
        before: The equity before the first bar, which counts as a high too.

    Source: M. Magdon-Ismail and A. Atiya, Maximum Drawdown, Risk, 2004.
    """
    if not len(equity):
        return 0.0
    if len(equity) < _MANY or not equity[0] > 0:
        return _largest_fall(equity, before)
    return _largest_fall_of_many(equity, before)


def _largest_fall(equity: FloatArray, peak_before: float) -> float:
    """The readable form: the fall of each value from the highest so far."""
    peak = np.maximum(np.maximum.accumulate(equity), peak_before)
    return float(np.max(np.divide(peak - equity, peak, out=np.zeros_like(peak), where=peak > 0)))


def _largest_fall_of_many(equity: FloatArray, first: float) -> float:
    """The same, block by block, looking at each value only where a block could hold a larger fall than is known.

    The fall from the high before a block to its low is certain; that from the highest up to its end is possible.
    """
    blocks = equity[: len(equity) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    low, peak = blocks.min(axis=1), np.maximum(np.maximum.accumulate(blocks.max(axis=1)), first)
    if low.min() < 0:  # below zero the fall from a higher peak is the smaller one
        return _largest_fall(equity, first)
    before = np.concatenate([[max(first, float(equity[0]))], peak[:-1]])
    certain = float(((before - low) / before).max())
    open_blocks = np.flatnonzero((peak - low) / peak > certain)
    peaks = np.maximum(np.maximum.accumulate(blocks[open_blocks], axis=1), before[open_blocks, np.newaxis])
    falls = (peaks - blocks[open_blocks]) / peaks
    rest = equity[blocks.size :]
    last = _largest_fall(rest, float(peak[-1])) if len(rest) else 0.0
    return max(certain, float(falls.max(initial=0.0)), last, 0.0)


def max_drawdown_length_ns(ts: IntArray, equity: FloatArray) -> int:
    """The longest time from a high until it was reached again, or until the end, ns."""
    if not len(equity):
        return 0
    at_peak = equity >= np.maximum.accumulate(equity)
    peak_ts = np.maximum.accumulate(np.where(at_peak, ts, ts[0]))
    before = np.concatenate([peak_ts[:1], peak_ts[:-1]])
    under_water = ~at_peak
    recovered = at_peak & np.concatenate([[False], under_water[:-1]])
    lengths = np.where(under_water | recovered, ts - before, 0)
    return int(lengths.max())
