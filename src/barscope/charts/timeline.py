"""Between moments and the places of bars on an axis that counts bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from barscope.domain.bars import IntArray


class Timeline:
    """The opens of a chart's bars; bar n covers the places n − ½ to n + ½, and its time until the next bar at most.

    Args:
        ts: Opens, ns UTC, strictly increasing, at least one.
        bar_ns: Length of a bar.
    """

    def __init__(self, ts: IntArray, bar_ns: int) -> None:
        self._ts = ts
        self._bar_ns = bar_ns

    def __len__(self) -> int:
        return len(self._ts)

    def place(self, ns: int) -> float:
        """The middle of the bar a moment falls into, or the line between two bars where it falls between them.

        Before the first bar and after the last one each length of a bar counts as one bar.
        """
        first, last = int(self._ts[0]), int(self._ts[-1])
        if ns < first:
            return (ns - first) / self._bar_ns
        if ns >= last + self._bar_ns:
            return len(self._ts) - 1 + (ns - last) / self._bar_ns
        bar = int(np.searchsorted(self._ts, ns, "right")) - 1
        return float(bar) if ns < int(self._ts[bar]) + self._bar_ns else bar + 0.5

    def moment(self, place: float) -> int:
        """The open of the bar at a place, ns; beyond the bars one length of a bar for each."""
        bar, last = round(place), len(self._ts) - 1
        if 0 <= bar <= last:
            return int(self._ts[bar])
        return int(self._ts[0]) + bar * self._bar_ns if bar < 0 else int(self._ts[-1]) + (bar - last) * self._bar_ns

    def spans(self, first_ns: IntArray, last_ns: IntArray) -> tuple[IntArray, IntArray]:
        """First and last bar of stretches of time, in order of time; those without a bar are left out."""
        first = np.searchsorted(self._ts, first_ns, "right") - 1
        is_over = (first < 0) | (first_ns >= self._ts[np.maximum(first, 0)] + self._bar_ns)
        first = np.where(is_over, first + 1, first)
        last = np.searchsorted(self._ts, last_ns, "right") - 1
        order = np.lexsort((last, first))
        order = order[(first <= last)[order]]
        return first[order].astype(np.int64), last[order].astype(np.int64)
