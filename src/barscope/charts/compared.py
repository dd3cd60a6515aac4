"""Another symbol on the bars of a chart: its closes at the same moments, drawn from the price they are compared at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from barscope.errors import cut

if TYPE_CHECKING:
    from barscope.domain.bars import Bars, FloatArray, IntArray


@dataclass(frozen=True, eq=False, repr=False)
class ComparedSymbol:
    """The closes of another symbol.

    Attributes:
        symbol: Exact text; escaped where it is drawn.
        closes: Shape (bars of the chart,); NaN at moments at which it has no bar.
    """

    symbol: str
    closes: FloatArray

    def __repr__(self) -> str:
        return f"ComparedSymbol({cut(self.symbol)!r}, {int(np.isfinite(self.closes).sum())} bars in common)"

    def close_at(self, bar: int) -> float:
        """Its close at a bar of the chart, or the last one before, or the first one after; NaN if it has none."""
        known = np.flatnonzero(np.isfinite(self.closes))
        if not len(known):
            return float("nan")
        return float(self.closes[known[max(int(np.searchsorted(known, bar, "right")) - 1, 0)]])


def compared(symbol: str, bars: Bars, ts: IntArray) -> ComparedSymbol:
    """A symbol on the bars of a chart that open at `ts`; nothing is filled in where only one of the two has a bar."""
    at = np.searchsorted(bars.ts, ts)
    found = at < len(bars)
    found[found] = bars.ts[at[found]] == ts[found]
    closes = np.full(len(ts), np.nan)
    closes[found] = bars.close[at[found]]
    return ComparedSymbol(symbol, closes)
