"""What the metrics of a sweep are called and which colours their values have, the same in all its pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from barscope.charts.text import compact
from barscope.charts.theme import text_on

if TYPE_CHECKING:
    from barscope.charts.theme import Palette
    from barscope.domain.bars import FloatArray

Form = Literal["percent", "ratio", "correlation", "amount", "count"]
_D3 = {"percent": "+.2%", "ratio": ".2f", "correlation": "+.3f", "amount": ",.2f", "count": ",d"}
_OUTER = 0.02
"""The share of values on each side that only reach the end of the colours: one wild value does not pale the rest."""
_FEW = 20
"""Up to so many values all of them count."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric on the screen.

    Attributes:
        name: As in the table of a sweep.
        label: What a person calls it.
        form: How its values are written.
        middle: The value where its colours part, such as 0 for returns; None where they run one way.
        is_cost: Whether less of it is better.
    """

    name: str
    label: str
    form: Form = "ratio"
    middle: float | None = None
    is_cost: bool = False

    @property
    def d3(self) -> str:
        """The format of its values for Plotly."""
        return _D3[self.form] if self.form != "percent" or self.middle is not None else ".2%"

    def text(self, value: float) -> str:
        """A value as a person reads it; `–` where there is none."""
        if value != value:
            return "–"
        if self.form == "count":
            return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
        return compact(value) if self.form == "amount" and abs(value) >= 1e6 else f"{value:{self.d3}}"


_KNOWN = {
    metric.name: metric
    for metric in (
        Metric("total_return", "Total return", "percent", 0.0),
        Metric("annual_return", "Annual return", "percent", 0.0),
        Metric("volatility", "Volatility", "percent", is_cost=True),
        Metric("sharpe", "Sharpe", middle=0.0),
        Metric("sortino", "Sortino", middle=0.0),
        Metric("calmar", "Calmar", middle=0.0),
        Metric("max_drawdown", "Max drawdown", "percent", is_cost=True),
        Metric("time_in_market", "Time in market", "percent"),
        Metric("round_trips", "Round trips", "count"),
        Metric("win_rate", "Win rate", "percent"),
        Metric("profit_factor", "Profit factor", middle=1.0),
        Metric("expectancy", "Expectancy", "amount", 0.0),
        Metric("commission", "Commission", "amount", is_cost=True),
        Metric("final_equity", "Final equity", "amount"),
        Metric("first_bar", "First bar", "count", is_cost=True),
        *(Metric(f"ic_{n}", f"IC after {n} bar{'s' if n > 1 else ''}", "correlation", 0.0) for n in (1, 5, 20)),
        *(Metric(f"t_{n}", f"t after {n} bar{'s' if n > 1 else ''}", middle=0.0) for n in (1, 5, 20)),
    )
}


def metric_of(name: str) -> Metric:
    """A metric by its name; one that is not known is written as a plain number."""
    return _KNOWN.get(name, Metric(name, name.replace("_", " ").capitalize()))


@dataclass(frozen=True, slots=True)
class ColourScale:
    """Colours of values between two ends.

    Attributes:
        low: The value of the first colour.
        high: The value of the last.
        stops: Place between 0 and 1, and the colour `#rrggbb` there, in order.
    """

    low: float
    high: float
    stops: tuple[tuple[float, str], ...]

    def colour(self, value: float) -> str:
        """The colour of a value; those beyond the ends have that of the end."""
        place = min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        at = next(i for i, (stop, _colour) in enumerate(self.stops) if place <= stop)
        if at == 0:
            return self.stops[0][1]
        (before, first), (after, second) = self.stops[at - 1 : at + 1]
        return mixed(first, second, (place - before) / (after - before))


def colour_scale(metric: Metric, values: FloatArray, palette: Palette, *, lines: bool = False) -> ColourScale:
    """The colours for some values of a metric, the same distance from its middle in both directions.

    Args:
        metric: The metric.
        values: What is drawn.
        palette: The theme.
        lines: Whether thin lines are drawn, whose palest colour has to stand out from the ground.
    """
    low, high = _ends(values)
    if metric.middle is None:
        far = high if high > low else low + (abs(low) or 1.0)
        strong = palette.down if metric.is_cost else palette.lines[0]
        return ColourScale(low, far, ((0.0, mixed(palette.paper, strong, 0.35 if lines else 0.2)), (1.0, strong)))
    if lines and not low < metric.middle < high:  # all of one kind: the whole scale tells them apart
        is_good = low >= metric.middle
        ends = (palette.muted, palette.up) if is_good else (palette.down, palette.muted)
        return ColourScale(low, high if high > low else low + 1.0, ((0.0, ends[0]), (1.0, ends[1])))
    reach = max(abs(high - metric.middle), abs(low - metric.middle)) or 1.0
    stops = ((0.0, palette.down), (0.5, palette.muted if lines else _between(palette)), (1.0, palette.up))
    return ColourScale(metric.middle - reach, metric.middle + reach, stops)


def mixed(first: str, second: str, share: float) -> str:
    """A `#rrggbb` colour between two, nearer to the second the greater the share."""
    pairs = ((int(first[i : i + 2], 16), int(second[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _between(palette: Palette) -> str:
    """Neither good nor bad, and not the ground of the page either: that is the colour of no result."""
    return "#f5efdc" if text_on(palette.paper) != "#ffffff" else "#3a4152"


def _ends(values: FloatArray) -> tuple[float, float]:
    numbers = values[np.isfinite(values)]
    if not len(numbers):
        return 0.0, 1.0
    if len(numbers) <= _FEW:
        return float(numbers.min()), float(numbers.max())
    low, high = np.quantile(numbers, (_OUTER, 1 - _OUTER)).tolist()
    return low, high
