"""What a chart shows (`ChartData`) and how it is looked at (`ChartSpec`): plain values, no Plotly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from barscope.domain.annotations import check_colour
from barscope.domain.local_time import check_zone
from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from barscope.charts.compared import ComparedSymbol
    from barscope.charts.markers import TradeMarker
    from barscope.domain.annotations import Annotation
    from barscope.domain.bars import Bars, FloatArray
    from barscope.domain.periods import BarPeriod
    from barscope.domain.timeframes import Timeframe

Draw = Literal["line", "dashed", "dotted", "histogram", "dots", "background", "background-all"]
Pane = Literal["above", "price", "own"]
ChartType = Literal["candlestick", "ohlc", "close", "heikin-ashi"]
Scale = Literal["linear", "log", "percent"]
Theme = Literal["light", "dark", "colour-blind", "colour-blind-dark"]
THEMES: tuple[str, ...] = get_args(Theme)
HighlightKind = Literal["condition", "session", "warning"]


@dataclass(frozen=True, slots=True)
class Highlight:
    """A stretch of time that is shaded across all panes, whatever the length of a bar.

    Attributes:
        first_ns: Its first moment, ns UTC; the bar this falls into is the first shaded one.
        last_ns: Its last moment, included: the open of its last bar, or one ns before a session ends.
        label: Written at its foot where there is room.
        kind: What it means, which decides its colour.
    """

    first_ns: int
    last_ns: int
    label: str | None = None
    kind: HighlightKind = "condition"

    def __post_init__(self) -> None:
        one_of("kind", self.kind, get_args(HighlightKind))
        if self.first_ns > self.last_ns:
            raise InvalidParameterError(f"a highlight cannot end ({self.last_ns}) before it begins ({self.first_ns})")


@dataclass(frozen=True, slots=True)
class VerticalMark:
    """A line across all panes at a moment, such as the roll to another contract.

    Attributes:
        ts_ns: When, ns UTC; it is drawn at the left edge of the bar this falls into.
        label: Written beside its foot where there is room.
    """

    ts_ns: int
    label: str | None = None


@dataclass(frozen=True, eq=False, repr=False)
class ChartSeries:
    """One series of an indicator and how it wants to be drawn.

    Attributes:
        name: What the legend calls it; unique in a chart.
        values: Shape (bars,), float64, NaN where there is no value.
        pane: On the prices, or in a pane of its own above or below them.
        group: Own-pane series of one group share a pane; the name where it is None.
        draw: A line (also dashed or dotted), bars from zero, dots, or a shade of its pane or of all panes where the
            value is not zero.
        levels: Values of horizontal reference lines, such as 30 and 70.
        band: Name of the series up to which the area is shaded.
        opacity: How strong that shade is, 0 to 1.
        colour: `#rrggbb`; None is the next colour of the theme.
        width: Of the line, pixels.
        hidden: Not drawn itself; another series can be filled up to it.
        indicator: The class it comes from, where it is known.
        key: Which of the outputs of that class it is.
    """

    name: str
    values: FloatArray
    pane: Pane = "price"
    group: str | None = None
    draw: Draw = "line"
    levels: tuple[float, ...] = ()
    band: str | None = None
    opacity: float = 0.08
    colour: str | None = None
    width: float = 1.4
    hidden: bool = False
    indicator: str | None = None
    key: str = "value"

    def __post_init__(self) -> None:
        one_of("pane", self.pane, get_args(Pane))
        one_of("draw", self.draw, get_args(Draw))
        between("opacity", self.opacity, 0, 1)
        between("width", self.width, 0.5, 10)
        check_colour(self.colour)
        object.__setattr__(self, "values", np.ascontiguousarray(self.values, dtype=np.float64))

    def __repr__(self) -> str:
        return f"ChartSeries({cut(self.name)!r}, {len(self.values)} values, {self.pane}, {self.draw})"

    @property
    def pane_key(self) -> str:
        """The pane it is drawn in: `price`, or its group behind a colon (below the prices) or a circumflex (above)."""
        if self.pane == "price" or self.draw == "background-all":
            return "price"
        return f"{'^' if self.pane == 'above' else ':'}{self.group or self.name}"

    @property
    def is_background(self) -> bool:
        """Whether it shades instead of drawing values."""
        return self.draw in ("background", "background-all")


@dataclass(frozen=True, eq=False, repr=False)
class ChartData:
    """The bars of one symbol with the series drawn on and below them.

    Attributes:
        symbol: Exact text; escaped where it is drawn.
        bars: The bars, all of them; charts send only what can be seen.
        period: Period of the stored bars; it says how times are written.
        series: Series of the same length as the bars, unique by name.
        zone: IANA time zone of the labels; daily bars show their UTC date whatever it is.
        title: Shown in place of the symbol.
        markers: Where trades began and ended; in any order.
        highlights: Stretches of time that are shaded; in any order.
        marks: Moments with a line across all panes; in any order.
        annotations: What a person drew.
        compared: Other symbols, drawn as lines that begin at the price of this one.
        order: Names of series in the order of their panes and in the legend; the others follow in their own.
        timeframe: The longer bars that the stored ones were made into; None shows them as stored.
    """

    symbol: str
    bars: Bars
    period: BarPeriod
    series: tuple[ChartSeries, ...] = ()
    zone: str = "UTC"
    title: str | None = None
    markers: tuple[TradeMarker, ...] = ()
    highlights: tuple[Highlight, ...] = ()
    marks: tuple[VerticalMark, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    compared: tuple[ComparedSymbol, ...] = ()
    order: tuple[str, ...] = ()
    timeframe: Timeframe | None = None

    def __post_init__(self) -> None:
        for name in ("series", "markers", "highlights", "marks", "annotations", "compared", "order"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        names = [s.name for s in self.series]
        for s in self.series:
            if s.values.shape != (len(self.bars),):
                remedy = "compute it on the bars of this chart"
                raise InvalidParameterError(
                    f"series {cut(s.name)} has shape {s.values.shape}, the chart has {len(self.bars)} bars: {remedy}"
                )
            if names.count(s.name) > 1:
                raise InvalidParameterError(f"two series are called {cut(s.name)}: give each its own name")
        check_zone(self.zone)

    def __repr__(self) -> str:
        n, length = len(self.bars), self.bar_length.label
        return f"ChartData({cut(self.symbol)!r}, {n} bars of {length}, {len(self.series)} series)"

    @property
    def bar_length(self) -> BarPeriod | Timeframe:
        """The length of a bar."""
        return self.timeframe or self.period

    @property
    def shown(self) -> tuple[ChartSeries, ...]:
        """The series that are not hidden, in order."""
        return tuple(s for s in self.ordered if not s.hidden)

    @property
    def ordered(self) -> tuple[ChartSeries, ...]:
        """All series, in order."""
        rank = {name: i for i, name in enumerate(self.order)}
        return tuple(sorted(self.series, key=lambda s: rank.get(s.name, len(rank))))

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
        chart_type: Candlesticks, OHLC bars, a line of closes, or Heikin-Ashi candles (computed over all bars).
        scale: Of the prices: linear, logarithmic, or in percent of a bar's close. Prices that are not all above zero
            are drawn linear.
        percent_from: The moment whose bar is 0 percent, ns UTC; None is the first visible bar.
    """

    theme: Theme = "light"
    visible: tuple[float, float] | None = None
    max_candles: int = 700
    height: int = 640
    width: int | None = None
    show_volume: bool = True
    chart_type: ChartType = "candlestick"
    scale: Scale = "linear"
    percent_from: int | None = None

    def __post_init__(self) -> None:
        one_of("chart type", self.chart_type, get_args(ChartType))
        one_of("scale", self.scale, get_args(Scale))
        one_of("theme", self.theme, THEMES)
        _within("max_candles", self.max_candles, 10, 1300)
        _within("height", self.height, 200, 4000)
        if self.width is not None:
            _within("width", self.width, 200, 10_000)
        if self.visible is not None:
            first, last = map(float, self.visible)
            if not (np.isfinite([first, last]).all() and first < last):
                raise InvalidParameterError(f"visible {self.visible} is not a range of bar positions: first < last")
            object.__setattr__(self, "visible", (first, last))


def one_of(what: str, value: object, choices: tuple[str, ...]) -> None:
    """Refuses a value that is not one of some choices, by name."""
    if value not in choices:
        raise InvalidParameterError(f"unknown {what} {cut(repr(value))}: use one of {', '.join(choices)}")


def between(what: str, value: object, low: float, high: float) -> None:
    """Refuses a value that is not a number of a range."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidParameterError(f"{what} {cut(repr(value))} is not a number from {low} to {high}")


def _within(what: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidParameterError(f"{what} {cut(repr(value))} is not a whole number from {low} to {high}")
