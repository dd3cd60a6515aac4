"""The scale of the prices: linear, logarithmic, or in percent of one bar's close. Prices stay prices on the axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from barscope.charts.data import Scale
    from barscope.domain.bars import FloatArray

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MANTISSAS = ((1, 1.5, 2, 3, 4, 5, 6, 8), (1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))
"""What is labelled in each power of ten on a logarithmic axis, most labels first."""


@dataclass(frozen=True, slots=True)
class PriceScale:
    """How prices become places on the axis, and what is written there.

    Attributes:
        kind: What the axis shows.
        base: The price that is 0 percent, and at which compared symbols begin.
        decimals: Of a price.
    """

    kind: Scale
    base: float
    decimals: int

    def on_axis(self, price: float) -> float | None:
        """What a range or a text wants as the place of a price; a logarithmic axis has none at zero or below."""
        if self.kind != "log":
            return price
        return math.log10(price) if price > 0 else None

    def places(self, prices: FloatArray) -> FloatArray:
        """The places of some prices that are numbers; a logarithmic axis has none at zero or below."""
        numbers = prices[np.isfinite(prices)]
        return np.log10(numbers[numbers > 0]) if self.kind == "log" else numbers

    def labels(self, ends: list[float], count: int) -> dict[str, Any]:
        """Plotly's `tickvals` and `ticktext` between the ends of an axis; nothing where Plotly's own will do."""
        if self.kind == "linear":
            return {}
        if self.kind == "log":
            prices = _log_prices(10.0 ** ends[0], 10.0 ** ends[1], count)
            return {"tickvals": prices, "ticktext": [self.text(price) for price in prices]}
        low, high = (self.percent(end) for end in ends)
        marks, step = _even(low, high, count)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9)) + (step * 10 % 1 > 1e-9 and step < 10)
        texts = [f"{mark:+.{decimals}f}%" if abs(mark) > step / 2 else "0%" for mark in marks]
        return {"tickvals": [self.base * (1 + mark / 100) for mark in marks], "ticktext": texts}

    def text(self, price: float) -> str:
        """A price as the axis shows it."""
        return f"{self.percent(price):+.2f}%" if self.kind == "percent" else f"{price:,.{self.decimals}f}"

    def percent(self, price: float) -> float:
        """How far a price is above the base, percent."""
        return (price / self.base - 1) * 100


def _even(low: float, high: float, count: int) -> tuple[list[float], float]:
    """Multiples of a round step in a range, at most about `count`, and the step."""
    least = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(least))
    step = next(s * power for s in _STEPS if s * power >= least * (1 - 1e-9))
    return [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)], step


def _log_prices(low: float, high: float, count: int) -> list[float]:
    """Round prices in a range: evenly spaced where it is narrow, some of each power of ten where it is wide."""
    if high / low < 2.5:
        return _even(low, high, count)[0]
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for mantissas in _MANTISSAS:
        found = [m * 10.0**power for power in powers for m in mantissas if low <= m * 10.0**power <= high]
        if len(found) <= count:
            return found
    return found[:: -(-len(found) // max(count, 1))]
