"""The time axis that figures of curves share: what is visible, at which level of detail, how it is labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.charts.axis import ticks
from barscope.charts.clock import local_ns, moment_text
from barscope.charts.lod import Buckets, Levels, turning_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.charts.data import ChartSpec
    from barscope.domain.bars import FloatArray, IntArray
    from barscope.domain.periods import BarPeriod


class TimeAxis:
    """The time axis of curves: what is visible, at which level of detail, and what its positions are called."""

    def __init__(self, ts: IntArray, zone: str, period: BarPeriod, spec: ChartSpec) -> None:
        self._local, self._period, self._spec = local_ns(ts, zone, period), period, spec
        self.visible = spec.visible or (-0.5, len(ts) - 0.5)
        levels = Levels(self._local, period)
        self.buckets: Buckets = levels.buckets(self.visible, spec.max_candles, spec.max_candles, 0.0)

    def turning_points(self, columns: Sequence[FloatArray]) -> IntArray:
        """Positions to draw: of the highs and lows of each column, and of both ends."""
        b = self.buckets
        ends = np.array([b.start[0], b.stop[-1] - 1], np.int64) if len(b) else np.empty(0, np.int64)
        return np.unique(np.concatenate([ends, *(turning_points(values, b) for values in columns)]))

    def axis(self, shown: IntArray) -> dict[str, Any]:
        """Plotly's axis: the visible range, labelled."""
        labels = ticks(self._local[self.buckets.start], self.buckets.x, *self.visible, self._spec.width)
        places = {"tickmode": "array", "tickvals": list(labels.positions), "ticktext": list(labels.texts)}
        return {"type": "linear", "range": list(self.visible), **places}

    def moment(self, i: int) -> str:
        """When position i is."""
        return moment_text(int(self._local[i]), self._period)
