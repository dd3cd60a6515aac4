"""Charts as small pictures, drawn without a browser: candlesticks with overlays, and the equity of an account.

From 200 pixels of height a picture has a title, prices and dates; below that it is the drawing alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from barscope.charts.axis import ticks
from barscope.charts.clock import local_ns
from barscope.charts.data import THEMES
from barscope.charts.drawing import price_decimals
from barscope.charts.lod import Buckets, candles, last, turning_points
from barscope.charts.picture import Area, Boxes, Label, Line, Picture
from barscope.charts.text import plain
from barscope.charts.theme import PALETTES, Palette
from barscope.charts.traces import series_colours
from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from barscope.charts.data import ChartData, ChartSeries, Theme
    from barscope.charts.lod import Candles
    from barscope.charts.picture import Shape, Size
    from barscope.domain.bars import FloatArray, IntArray
    from barscope.domain.equity import EquityCurve
    from barscope.domain.periods import BarPeriod

SMALL: Size = (240, 96)
LARGE: Size = (960, 480)

_LABELLED_FROM_PX = 200
_CANDLE_PX = 3.0
"""Least width of a candle with the gap beside it."""
_WIDEST_BODY_PX = 24.0
_PRICE_LABEL_PX = 42
"""Least distance of two price labels."""
_CHARACTER_PX = 6.5
_VOLUME_SHARE = 0.16


def svg(
    data: ChartData,
    *,
    size: Size = SMALL,
    theme: Theme = "light",
    volume: bool = False,
    highlight: tuple[int, int] | None = None,
) -> str:
    """Candlesticks with the overlays of the price pane, as an SVG document; see `candlesticks`."""
    return candlesticks(data, size=size, theme=theme, volume=volume, highlight=highlight).svg()


def png(
    data: ChartData,
    *,
    size: Size = SMALL,
    theme: Theme = "light",
    volume: bool = False,
    highlight: tuple[int, int] | None = None,
) -> bytes:
    """Candlesticks with the overlays of the price pane, as a PNG; see `candlesticks`."""
    return candlesticks(data, size=size, theme=theme, volume=volume, highlight=highlight).png()


def candlesticks(
    data: ChartData,
    *,
    size: Size = SMALL,
    theme: Theme = "light",
    volume: bool = False,
    highlight: tuple[int, int] | None = None,
) -> Picture:
    """All bars at the level of detail that the width has room for, with the overlays of the price pane.

    Args:
        data: The bars and series; without any bars the picture says so.
        size: Width and height, pixels.
        theme: The colours.
        volume: Whether the volume stands below the prices.
        highlight: First and last position of bars to mark, both included; clipped to the bars there are.

    Raises:
        InvalidParameterError: If the theme is unknown, the size is none, or the marked stretch ends before it begins.
    """
    palette, title = _palette(theme), f"{data.title or data.symbol} {data.bar_length.label}"
    if not len(data.bars):
        return _empty(size, palette, title, "no bars")
    local = local_ns(data.bars.ts, data.zone, data.period)
    frame = _Frame.of(size, len(data.bars), data.bars.high)
    b = frame.buckets()
    c = candles(data.bars, b)
    overlays = {s.name: last(s.values, b) for s in data.series if s.pane == "price"}
    frame = frame.fitted(c.low, c.high, list(overlays.values()), _VOLUME_SHARE if volume else 0.0)
    colours = series_colours(data, palette)
    shapes: list[Shape] = [*_highlight(frame, highlight, palette)]
    if frame.labelled:
        decimals = price_decimals(data.bars.close)
        close = f"{float(data.bars.close[-1]):,.{decimals}f}"
        said = {title: palette.text, close: _direction(c, palette)} | {name: colours[name] for name in overlays}
        shapes += [*_axes(frame, local, b, decimals, palette), *_legend(frame, said)]
    shapes += _volume(frame, c, b, palette) if volume else []
    shapes += _candles(frame, c, b, palette)
    shapes += [_overlay(frame, s, b, overlays[s.name], colours[s.name]) for s in data.series if s.name in overlays]
    return Picture(size, palette.paper, f"{title}, {len(data.bars):,} bars", tuple(shapes))


def equity(
    curve: EquityCurve, *, period: BarPeriod, zone: str = "UTC", size: Size = SMALL, theme: Theme = "light"
) -> Picture:
    """The equity of an account; highs and lows of every stretch are drawn.

    Args:
        curve: The account at each bar; without any value the picture says so.
        period: Length of a bar.
        zone: IANA time zone of the labels.
        size: Width and height, pixels.
        theme: The colours.

    Raises:
        InvalidParameterError: If the theme is unknown or the size is none.
    """
    palette, values = _palette(theme), curve.equity
    numbers = values[np.isfinite(values)]
    if not len(numbers):
        return _empty(size, palette, "Equity", "no account")
    local = local_ns(curve.ts, zone, period)
    frame = _Frame.of(size, len(curve), numbers)
    b = frame.buckets()
    frame = frame.fitted(numbers, numbers, [], 0.0)
    at = np.unique(np.concatenate(([0, len(curve) - 1], turning_points(values, b))))
    line = np.column_stack([frame.x(at.astype(np.float64)), frame.y(values[at])])
    ground = frame.y(np.array([frame.low]))[0]
    drawn = line[np.isfinite(line[:, 1])]
    under = np.vstack([drawn, [[drawn[-1, 0], ground], [drawn[0, 0], ground]]])
    colour = palette.lines[0]
    shapes: list[Shape] = []
    if frame.labelled:
        decimals = 0 if np.abs(numbers).max() >= 10_000 else 2
        gain = palette.up if numbers[-1] >= numbers[0] else palette.down
        said = {"Equity": palette.text, f"{numbers[-1]:,.{decimals}f}": gain}
        shapes = [*_axes(frame, local, b, decimals, palette), *_legend(frame, said)]
    shapes += [Area(under, colour, 0.1), Line(line, colour, 1.6)]
    return Picture(size, palette.paper, f"Equity, {len(curve):,} bars", tuple(shapes))


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the drawing stands in the picture: bar positions and values to pixels.

    Attributes:
        left: Left edge of the plot, pixels.
        right: Right edge.
        top: Top edge of the values.
        bottom: Bottom edge of the values.
        floor: Bottom edge of the plot; the volume stands between `bottom` and it.
        n: Bars.
        low: The value at the bottom edge.
        high: The value at the top edge.
        labelled: Whether there is a title, prices and dates.
    """

    left: float
    right: float
    top: float
    bottom: float
    floor: float
    n: int
    low: float
    high: float
    labelled: bool

    @classmethod
    def of(cls, size: Size, n: int, values: FloatArray) -> _Frame:
        width, height = size
        labelled = height >= _LABELLED_FROM_PX
        digits = len(f"{np.nanmax(np.abs(values)):,.2f}") if np.isfinite(values).any() else 4
        side = max(44.0, 14 + _CHARACTER_PX * digits) if labelled else 3.0
        top, floor = (30.0, height - 24.0) if labelled else (3.0, height - 3.0)
        left = 10.0 if labelled else 3.0
        return cls(left, max(width - side, left + 1), top, floor, floor, n, 0.0, 1.0, labelled)

    def fitted(self, low: FloatArray, high: FloatArray, overlays: list[FloatArray], below: float) -> _Frame:
        """The frame over a range of values, and overlays as far as half its height more; `below` is left free."""
        least, most = float(np.nanmin(low)), float(np.nanmax(high))
        height = (most - least) or abs(most) * 0.01 or 1.0
        ends = [y[np.isfinite(y)] for y in overlays]
        floor = min([least, *(max(float(y.min()), least - height / 2) for y in ends if len(y))])
        roof = max([most, *(min(float(y.max()), most + height / 2) for y in ends if len(y))])
        spare = height * 0.02
        bottom = self.floor - (self.floor - self.top) * below
        return _Frame(
            self.left, self.right, self.top, bottom, self.floor, self.n, floor - spare, roof + spare, self.labelled
        )

    def buckets(self) -> Buckets:
        """The candles there is room for, each of equally many bars: a picture has no zoom steps to keep in line."""
        each = -(-self.n // max(10, int((self.right - self.left) / _CANDLE_PX)))
        start = np.arange(0, self.n, each)
        return Buckets(start, np.minimum(start + each, self.n), f"{each} bars")

    def x(self, position: FloatArray) -> FloatArray:
        """Pixels of bar positions; bar n covers n − ½ to n + ½."""
        return self.left + (position + 0.5) / self.n * (self.right - self.left)

    def y(self, value: FloatArray) -> FloatArray:
        """Pixels of values; those outside stand at the edge."""
        share = np.clip((value - self.low) / (self.high - self.low), 0.0, 1.0)
        return self.bottom - share * (self.bottom - self.top)

    def columns(self, b: Buckets) -> tuple[FloatArray, FloatArray]:
        """Left edge and width of the body of each candle."""
        width = (b.stop - b.start) / self.n * (self.right - self.left)
        body = np.clip(np.minimum(width, np.median(width)) * 0.72, 1.0, _WIDEST_BODY_PX)
        return self.x(b.x) - body / 2, body


def _palette(theme: str) -> Palette:
    if theme not in PALETTES:
        raise InvalidParameterError(f"unknown theme {cut(repr(theme))}: use one of {', '.join(THEMES)}")
    return PALETTES[theme]


def _empty(size: Size, palette: Palette, title: str, reason: str) -> Picture:
    middle = Label(size[0] / 2, size[1] / 2, reason, palette.muted, 12, "middle")
    return Picture(size, palette.paper, f"{title}, {reason}", (middle,))


def _highlight(frame: _Frame, marked: tuple[int, int] | None, palette: Palette) -> list[Shape]:
    if marked is None:
        return []
    first, final = marked
    if final < first:
        raise InvalidParameterError(f"highlight {cut(repr(marked))} ends before it begins: give first and last bar")
    edges = frame.x(np.clip([first - 0.5, final + 0.5], -0.5, frame.n - 0.5))
    box = np.array([[edges[0], frame.top, edges[1] - edges[0], frame.floor - frame.top]])
    return [Boxes(box, palette.lines[0], 0.16)] if edges[1] > edges[0] else []


def _candles(frame: _Frame, c: Candles, b: Buckets, palette: Palette) -> list[Shape]:
    left, width = frame.columns(b)
    up = c.close >= c.open
    head, foot = frame.y(np.maximum(c.open, c.close)), frame.y(np.minimum(c.open, c.close))
    top, bottom = frame.y(c.high), frame.y(c.low)
    bodies = np.column_stack([left, head, width, np.maximum(foot - head, 1.0)])
    wicks = np.column_stack([left + width / 2 - 0.5, top, np.ones(len(b)), bottom - top])
    there = np.isfinite(bodies).all(axis=1) & np.isfinite(wicks).all(axis=1)
    pairs = ((up, palette.up_candle), (~up, palette.down_candle))
    return [Boxes(np.vstack([wicks[mine & there], bodies[mine & there]]), colour) for mine, colour in pairs]


def _volume(frame: _Frame, c: Candles, b: Buckets, palette: Palette) -> list[Shape]:
    left, width = frame.columns(b)
    room = (frame.floor - frame.bottom) * 0.85
    height = c.volume / max(float(c.volume.max()), 1.0) * room
    boxes, up = np.column_stack([left, frame.floor - height, width, height]), c.close >= c.open
    pairs = ((up, palette.up_candle), (~up, palette.down_candle))
    return [Boxes(boxes[mine], colour, palette.volume_opacity) for mine, colour in pairs]


def _overlay(frame: _Frame, s: ChartSeries, b: Buckets, values: FloatArray, colour: str) -> Shape:
    x, y = frame.x(b.x), frame.y(values)
    if s.draw == "dots":
        there = np.isfinite(y)
        dots = np.column_stack([x[there] - 1, y[there] - 1, np.full((int(there.sum()), 2), 2.0)])
        return Boxes(dots, colour)
    return Line(np.column_stack([x, y]), colour, 1.2, 0.7 if s.draw == "dashed" else 1.0)


def _axes(frame: _Frame, local: IntArray, b: Buckets, decimals: int, palette: Palette) -> list[Shape]:
    """Lines at round values with their labels on the right, and the times below."""
    span = frame.right - frame.left
    values = round_values(frame.low, frame.high, max(2, int((frame.bottom - frame.top) / _PRICE_LABEL_PX)))
    heights = frame.y(np.array(values))
    grid = [[frame.left, y, span, 1.0] for y in heights] + [[frame.left, frame.floor, span, 1.0]]
    labels = ticks(local[b.start], b.x, -0.5, frame.n - 0.5, int(span))
    times = frame.x(np.array(labels.positions))
    prices = [
        Label(frame.right + 7, y, f"{value:,.{decimals}f}", palette.muted)
        for value, y in zip(values, heights.tolist(), strict=True)
    ]
    dates = [
        Label(x, frame.floor + 13, text, palette.muted, anchor="middle")
        for x, text in zip(times.tolist(), labels.texts, strict=True)
    ]
    return [Boxes(np.array(grid), palette.border, 0.7), *prices, *dates]


def _legend(frame: _Frame, said: dict[str, str]) -> list[Shape]:
    """Texts in their colours, side by side as far as there is room."""
    labels: list[Shape] = []
    x = frame.left
    for text, colour in said.items():
        width = (_CHARACTER_PX + 0.7) * len(plain(text))
        if labels and x + width > frame.right:
            break
        labels.append(Label(x, 15, text, colour, 12))
        x += width + 10
    return labels


def _direction(c: Candles, palette: Palette) -> str:
    return palette.up if c.close[-1] >= c.open[0] else palette.down


def round_values(low: float, high: float, most: int) -> list[float]:
    """At most `most` multiples of 1, 2 or 5 times a power of ten within a range, increasing."""
    rough = (high - low) / max(most, 1)
    power = 10.0 ** np.floor(np.log10(rough))
    wide = next(n for n in (1, 2, 5, 10) if n * power >= rough)
    for n in (n for n in (10, 5, 2, 1, 0.5, 0.2, 0.1) if n <= wide):  # a wide step may miss the range: then a finer one
        step = n * power
        found = range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)
        if found:
            return [float(i * step) for i in found[:most]]
    return []
