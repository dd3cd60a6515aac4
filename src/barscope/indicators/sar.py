"""The Parabolic SAR with Wilder's start: long at the second bar if the high did not fall."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from barscope.indicators.kernels import Steps, TalibKernel, talib_kernel

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray


@dataclass(frozen=True)
class SarKernel:
    """The stop over highs and lows.

    The second bar takes the side that the highs say, with the first bar's far end as its stop. Each later stop moves
    towards the extreme of the trend by the acceleration, never into the two bars before. A bar that touches it
    reverses the trend: the stop becomes the extreme, kept outside that bar and the one before.

    Attributes:
        start: Acceleration after a reversal.
        step: Added at each new extreme.
        maximum: Highest acceleration.
    """

    start: float
    step: float
    maximum: float
    lookback: int = 1
    width: int = 1

    def batch(self, *columns: FloatArray) -> tuple[FloatArray, ...]:
        """The stop over a stretch; by TA-Lib where start and step are equal, which is 50 times faster."""
        if self.start != self.step:
            steps = _Sar(self)
            rows = zip(*(column.tolist() for column in columns), strict=True)
            return (np.array([steps.update(high, low)[0] for high, low in rows]),)
        highs, lows = columns
        stop, seed_highs, seed_lows = _seed(*highs[:2].tolist(), *lows[:2].tolist())
        padded = np.concatenate([seed_highs, highs[2:]]), np.concatenate([seed_lows, lows[2:]])
        (stops,) = self.talib.batch(*padded)
        return (np.concatenate([[math.nan, stop], stops[len(seed_highs) :]]),)

    @property
    def talib(self) -> TalibKernel:
        """TA-Lib's SAR, which has one number for start and step."""
        return talib_kernel("SAR", acceleration=self.start, maximum=self.maximum)

    def steps(self) -> Steps:
        """One bar after the other."""
        return _TalibSar(self) if self.start == self.step else _Sar(self)


def _seed(high0: float, high1: float, low0: float, low1: float) -> tuple[float, list[float], list[float]]:
    """The stop of the second bar, and highs and lows that bring TA-Lib's SAR to its state after that bar.

    TA-Lib takes its first stop from its first bar, reads the side from both, and keeps the next stop out of its second
    bar only. So the first bar here is made to say the side, with a stop one step outside the second bar's far end;
    the clipping moves it exactly onto that end (but for bars without any range, which leave it that step away).
    """
    if high1 < high0:
        return high0, [math.nextafter(high0, math.inf), high0, high1], [high0, low1, low1]
    if low1 > low0:
        return low0, [high1, high1, high1], [math.nextafter(low0, -math.inf), low0, low1]
    return low0, [high1, high1], [math.nextafter(low1, -math.inf), low1]


class _TalibSar:
    """TA-Lib's handle, opened at the second bar."""

    def __init__(self, kernel: SarKernel) -> None:
        self._talib = kernel.talib
        self._first: tuple[float, float] | None = None
        self._steps: Steps | None = None

    def update(self, *values: float) -> tuple[float, ...]:
        if self._steps is not None:
            return self._steps.update(*values)
        if self._first is None:
            self._first = (values[0], values[1])
            return (math.nan,)
        stop, highs, lows = _seed(self._first[0], values[0], self._first[1], values[1])
        self._steps = self._talib.steps()
        for high, low in zip(highs, lows, strict=True):
            self._steps.update(high, low)
        return (stop,)


class _Sar:
    """The rule itself. Prices are multiplied by the side (1 long, −1 short), so that both sides read as long."""

    def __init__(self, kernel: SarKernel) -> None:
        self._kernel = kernel
        self._first: tuple[float, float] | None = None
        self._side = 0.0
        self._stop = self._extreme = self._acceleration = math.nan
        self._near = self._far = math.nan

    def update(self, *values: float) -> tuple[float, ...]:
        high, low = values
        if self._first is None:
            self._first = (high, low)
            return (math.nan,)
        if self._side == 0.0:
            return (self._begin(high, low),)
        near, far = (high, low) if self._side > 0 else (-low, -high)
        if far <= self._stop:
            stop = self._reverse(near, far)
        else:
            stop = self._stop * self._side
            if near > self._extreme:
                self._extreme = near
                self._acceleration = min(self._acceleration + self._kernel.step, self._kernel.maximum)
            self._advance(near, far)
        return (stop,)

    def _begin(self, high: float, low: float) -> float:
        first_high, first_low = self._first or (high, low)
        self._side = 1.0 if high >= first_high else -1.0
        near, far = (high, low) if self._side > 0 else (-low, -high)
        stop = self._far = first_low if self._side > 0 else -first_high
        self._start_trend(stop, near)
        self._advance(near, far)
        return stop * self._side

    def _reverse(self, near: float, far: float) -> float:
        stop = max(self._extreme, self._near, near)
        self._side = -self._side
        self._far = -self._near
        self._start_trend(-stop, -far)
        self._advance(-far, -near)
        return stop * -self._side

    def _start_trend(self, stop: float, extreme: float) -> None:
        self._stop, self._extreme = stop, extreme
        self._acceleration = min(self._kernel.start, self._kernel.maximum)

    def _advance(self, near: float, far: float) -> None:
        """The next stop, kept out of this bar and the one before."""
        stop = self._stop + self._acceleration * (self._extreme - self._stop)
        self._stop = min(stop, self._far, far)
        self._near, self._far = near, far
