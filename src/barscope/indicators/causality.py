"""Does an indicator look ahead? Computed on the first bars alone it must give the first values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from barscope.domain.bars import Bars
    from barscope.indicators.core import Indicator


def first_lookahead(indicator: Indicator, bars: Bars, *, cuts: int = 32) -> int | None:
    """The first bar whose values change once later bars are known, or None if there is none.

    Args:
        indicator: What to examine.
        bars: Enough of them to pass the warm-up.
        cuts: How many prefixes are computed, spread evenly; a value that leaks from the next bars shows at each cut.
    """
    whole = list(indicator.compute(bars).values())
    changed: list[int] = []
    for n in sorted({len(bars) * k // cuts for k in range(1, cuts)} - {0}):
        part = indicator.compute(bars.rows(0, n)).values()
        for full, prefix in zip(whole, part, strict=True):
            same = (full[:n] == prefix) | (np.isnan(full[:n]) & np.isnan(prefix))
            changed.extend(np.flatnonzero(~same)[:1].tolist())
    return min(changed, default=None)
