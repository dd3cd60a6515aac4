"""Does an indicator look ahead? Computed on the first bars alone it must give the first values."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from barscope.errors import IndicatorError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.domain.bars import Bars, FloatArray
    from barscope.indicators.core import Indicator


def first_lookahead(indicator: Indicator, bars: Bars, *, cuts: int = 32) -> int | None:
    """The first bar whose values change once later bars are known, or None if there is none.

    Args:
        indicator: What to examine.
        bars: Enough of them to pass the warm-up.
        cuts: How many prefixes are computed, spread evenly; a value that leaks from the next bars shows at each cut.
            Where one shows, all shorter prefixes are computed too, to find the first.
    """
    whole = list(indicator.compute(bars).values())
    evenly = sorted({len(bars) * k // cuts for k in range(1, cuts)} - {0})
    changed = [bar for n in evenly for bar in _changed(indicator, bars.rows(0, n), whole)]
    for n in range(min(changed, default=0), 0, -1):
        with suppress(IndicatorError):  # too few bars for its code
            changed += _changed(indicator, bars.rows(0, n), whole)
    return min(changed, default=None)


def _changed(indicator: Indicator, first: Bars, whole: Sequence[FloatArray]) -> list[int]:
    """The first bar of each series whose value is another one when only the first bars are known."""
    n, changed = len(first), []
    for full, prefix in zip(whole, indicator.compute(first).values(), strict=True):
        same = (full[:n] == prefix) | (np.isnan(full[:n]) & np.isnan(prefix))
        changed += np.flatnonzero(~same)[:1].tolist()
    return changed
