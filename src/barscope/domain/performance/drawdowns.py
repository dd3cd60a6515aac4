"""Falls of the equity from its highest so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray, IntArray


def max_drawdown(equity: FloatArray) -> float:
    """The largest fall from a high, as a fraction of that high, at least 0: max(1 − equity / highest so far).

    Source: M. Magdon-Ismail and A. Atiya, Maximum Drawdown, Risk, 2004.
    """
    if not len(equity):
        return 0.0
    peak = np.maximum.accumulate(equity)
    fall = peak - equity
    if peak[0] > 0:  # so all of them are
        return float(np.divide(fall, peak, out=fall).max())
    return float(np.max(np.divide(fall, peak, out=np.zeros_like(peak), where=peak > 0)))


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
