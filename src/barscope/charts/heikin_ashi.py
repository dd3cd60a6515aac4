"""Heikin-Ashi candles: an average in place of each price, so that a trend shows as a run of one colour."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.bars import Bars

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray


def heikin_ashi(bars: Bars) -> Bars:
    """The same bars with averaged prices; each open depends on all bars before it.

    The close is the mean of the four prices. The open is the middle of the body before, and of the first bar its own.

    Source: D. Valcu, Using the Heikin-Ashi technique, Technical Analysis of Stocks & Commodities 22:2, 2004.
    """
    if not len(bars):
        return bars
    close = (bars.open + bars.high + bars.low + bars.close) / 4
    first = float(bars.open[0] + bars.close[0]) / 2
    before = accumulate(close[:-1].tolist(), lambda opened, closed: (opened + closed) / 2, initial=first)
    open_: FloatArray = np.fromiter(before, np.float64, len(bars))
    high, low = (
        pick(extreme, pick(open_, close)) for pick, extreme in ((np.maximum, bars.high), (np.minimum, bars.low))
    )
    return Bars(bars.ts, open_, high, low, close, bars.volume)
