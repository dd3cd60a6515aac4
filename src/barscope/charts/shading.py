"""Stretches of bars that are shaded: merged where they cannot be told apart, and drawn as one path for each look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray, IntArray

_PLACES = 160
"""Stretches that have room beside each other in a view."""
SHADE_BYTES = 5_500
"""Most bytes of one path on the wire."""
_LEAST = 800
"""Least width of a stretch, as this part of the view: about a pixel and a half."""


@dataclass(frozen=True, eq=False)
class Stretches:
    """Runs of bars.

    Attributes:
        first: First bar of each, increasing.
        last: Its last bar, included.
    """

    first: IntArray
    last: IntArray

    def __len__(self) -> int:
        return len(self.first)

    def merged(self, reach: int) -> Stretches:
        """Those with fewer than `reach` bars between them as one; at 1 those that touch or overlap."""
        if not len(self):
            return self
        furthest = np.maximum.accumulate(self.last)
        head = np.concatenate(([0], np.flatnonzero(self.first[1:] - furthest[:-1] > reach) + 1))
        return Stretches(self.first[head], furthest[np.append(head[1:], len(self)) - 1])

    def within(self, first: float, last: float) -> Stretches:
        """Those that reach into a range of places; they must not overlap."""
        i, j = np.searchsorted(self.last, first - 0.5), np.searchsorted(self.first, last + 0.5, "right")
        return Stretches(self.first[i:j], self.last[i:j])


def runs(values: FloatArray, sign: int) -> Stretches:
    """The runs of bars on which a series is above zero (`sign` 1) or below it (−1)."""
    is_in = np.concatenate(([False], values * sign > 0, [False]))
    edges = np.flatnonzero(is_in[1:] != is_in[:-1])
    return Stretches(edges[::2], edges[1::2] - 1)


def path(stretches: Stretches, drawn: tuple[float, float], visible: tuple[float, float]) -> str | None:
    """One SVG path with a rectangle, from 0 to 1 in height, for each stretch; None where there is none.

    Which are merged depends on the width of the view alone, so panning never changes one.

    Args:
        stretches: What is shaded, not overlapping.
        drawn: The places of the first and last bar that are drawn, margins included.
        visible: The visible places.
    """
    width = visible[1] - visible[0]
    reach = 1 << max(0, int(np.ceil(np.log2(max(width, 1.0) / _PLACES))))
    shown = stretches.merged(reach).within(*drawn)
    least = width / _LEAST
    parts = []
    for first, last in zip(shown.first.tolist(), shown.last.tolist(), strict=True):
        left, right = first - 0.5, max(last + 0.5, first - 0.5 + least)
        parts.append(f"M{left:.9g},0V1H{right:.9g}V0Z")
    return "".join(parts) or None
