"""What a chart shows (`ChartData`) and how it is looked at (`ChartSpec`): plain values, no Plotly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from barscope.charts.markers import TradeMarker
    from barscope.domain.bars import Bars, FloatArray
    from barscope.domain.periods import BarPeriod

Draw = Literal["line", "dashed", "histogram", "dots"]
Pane = Literal["price", "own"]
Theme = Literal["light", "dark", "colour-blind", "colour-blind-dark"]
THEMES: tuple[str, ...] = get_args(Theme)


@dataclass(frozen=True, eq=False, repr=False)
class ChartSeries:
    """One series of an indicator and how it wants to be drawn.

    Attributes:
        name: What the legend calls it; unique in a chart.
        values: Shape (bars,), float64, NaN where there is no value.
        pane: On the prices, or in a pane of its own.
        group: Own-pane series of one group share a pane; the name where it is None.
        draw: A line, a dashed line, bars from zero, or dots.
        levels: Values of horizontal reference lines, such as 30 and 70.
        band: Name of the series up to which the area is shaded.
    """

    name: str
    values: FloatArray
    pane: Pane = "price"
    group: str | None = None
    draw: Draw = "line"
    levels: tuple[float, ...] = ()
    band: str | None = None

    def __post_init__(self) -> None:
        _one_of("pane", self.pane, get_args(Pane))
        _one_of("draw", self.draw, get_args(Draw))
        object.__setattr__(self, "values", np.ascontiguousarray(self.values, dtype=np.float64))

    def __repr__(self) -> str:
        return f"ChartSeries({cut(self.name)!r}, {len(self.values)} values, {self.pane}, {self.draw})"

    @property
    def pane_key(self) -> str:
        """The pane it is drawn in: `price`, or a colon and the group."""
        return "price" if self.pane == "price" else f":{self.group or self.name}"


@dataclass(frozen=True, eq=False, repr=False)
class ChartData:
    """The bars of one symbol with the series drawn on and below them.

    Attributes:
        symbol: Exact text; escaped where it is drawn.
        bars: The bars, all of them; charts send only what can be seen.
        period: Length of a bar.
        series: Series of the same length as the bars, unique by name.
        zone: IANA time zone of the labels; daily bars show their UTC date whatever it is.
        title: Shown in place of the symbol.
        markers: Where trades began and ended; in any order.
    """

    symbol: str
    bars: Bars
    period: BarPeriod
    series: tuple[ChartSeries, ...] = ()
    zone: str = "UTC"
    title: str | None = None
    markers: tuple[TradeMarker, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "series", tuple(self.series))
        object.__setattr__(self, "markers", tuple(self.markers))
        names = [s.name for s in self.series]
        for s in self.series:
            if s.values.shape != (len(self.bars),):
                remedy = "compute it on the bars of this chart"
                raise InvalidParameterError(
                    f"series {cut(s.name)} has shape {s.values.shape}, the chart has {len(self.bars)} bars: {remedy}"
                )
            if names.count(s.name) > 1:
                raise InvalidParameterError(f"two series are called {cut(s.name)}: give each its own name")
        _check_zone(self.zone)

    def __repr__(self) -> str:
        return (
            f"ChartData({cut(self.symbol)!r}, {len(self.bars)} bars of {self.period.label}, {len(self.series)} series)"
        )

    def with_series(self, series: tuple[ChartSeries, ...]) -> ChartData:
        """The same bars with other series."""
        return replace(self, series=series)


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """The whole state of a view as one printable value: equal data and spec draw equal pictures.

    Attributes:
        theme: One of `light`, `dark`, `colour-blind`, `colour-blind-dark`.
        visible: First and last visible position in bars; bar n covers n − ½ to n + ½. None shows all bars.
        max_candles: Most candles in the visible range; more bars than that are drawn as larger candles.
        height: Pixels.
        width: Pixels the time labels are laid out for; None assumes a narrow chart.
        show_volume: Whether there is a volume pane.
    """

    theme: Theme = "light"
    visible: tuple[float, float] | None = None
    max_candles: int = 700
    height: int = 640
    width: int | None = None
    show_volume: bool = True

    def __post_init__(self) -> None:
        _one_of("theme", self.theme, THEMES)
        _within("max_candles", self.max_candles, 10, 1300)
        _within("height", self.height, 200, 4000)
        if self.width is not None:
            _within("width", self.width, 200, 10_000)
        if self.visible is not None:
            first, last = map(float, self.visible)
            if not (np.isfinite([first, last]).all() and first < last):
                raise InvalidParameterError(f"visible {self.visible} is not a range of bar positions: first < last")
            object.__setattr__(self, "visible", (first, last))


def _one_of(what: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidParameterError(f"unknown {what} {cut(repr(value))}: use one of {', '.join(choices)}")


def _within(what: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidParameterError(f"{what} {cut(repr(value))} is not a whole number from {low} to {high}")


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        remedy = "use an IANA name such as America/New_York"
        raise InvalidParameterError(f"unknown time zone {cut(repr(zone))}: {remedy}") from None
