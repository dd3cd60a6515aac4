"""Where trades began and ended, as marks beside the candles: what is marked, and the marks of a view."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from barscope.charts.text import MAX_CHARS, plain, price
from barscope.charts.traces import Arrays, wire_x
from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.charts.lod import Buckets, Candles
    from barscope.charts.theme import Palette
    from barscope.domain.bars import FloatArray, IntArray
    from barscope.domain.roundtrips import RoundTrip

MarkerKind = Literal["entry-long", "exit-long", "entry-short", "exit-short"]
KINDS: tuple[MarkerKind, ...] = get_args(MarkerKind)
BUYS = ("entry-long", "exit-short")
MARKER_BYTES = 16_000
"""Most bytes that the markers of one zoom step take on the wire."""
_PLACES = 128
"""Markers of one kind that have room beside each other in a view."""
_BYTES_EACH = 14
"""Of a marker on the wire, without its text: x, y and the punctuation of a list."""


@dataclass(frozen=True, slots=True)
class TradeMarker:
    """The beginning or the end of a trade.

    Attributes:
        ts_ns: When, ns UTC; it is drawn at the bar this falls into.
        price: At which price.
        kind: What happened. Buys stand below their bar and sells above it, entries are triangles, exits diamonds.
        text: What the crosshair says of it, one line.
    """

    ts_ns: int
    price: float
    kind: MarkerKind
    text: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidParameterError(f"unknown kind {cut(repr(self.kind))}: use one of {', '.join(KINDS)}")


def trade_markers(trips: Sequence[RoundTrip]) -> tuple[TradeMarker, ...]:
    """The entry of each round trip, and its exit where it is closed, in order of time.

    Args:
        trips: Round trips of one symbol.
    """
    several = len({trip.strategy for trip in trips}) > 1
    found: list[TradeMarker] = []
    for trip in trips:
        side = trip.direction.name.lower()
        owner = f"{cut(trip.strategy, MAX_CHARS // 3)}: " if several else ""
        entry = f"{owner}{side.capitalize()} {trip.quantity:,.6g} @ {price(trip.entry_price)}"
        found.append(TradeMarker(trip.entry_ts, trip.entry_price, f"entry-{side}", entry))  # type: ignore[arg-type]  # a kind
        if not trip.is_open:
            closed = f"{owner}Exit {side} @ {price(trip.exit_price)}  {trip.pnl_after_commission:+,.2f}"
            found.append(TradeMarker(trip.exit_ts, trip.exit_price, f"exit-{side}", closed))  # type: ignore[arg-type]  # a kind
    return tuple(sorted(found, key=lambda marker: marker.ts_ns))


@dataclass(frozen=True, eq=False)
class Marks:
    """The marks of one kind in a view.

    Attributes:
        candle: Index of the candle each stands at, increasing.
        texts: What each says: the text of its marker, or how many markers it stands for.
    """

    candle: IntArray
    texts: tuple[str, ...]

    @property
    def nbytes(self) -> int:
        """What they take on the wire."""
        return sum(len(json.dumps(text)) + _BYTES_EACH for text in self.texts)


class PlacedMarkers:
    """The markers of a chart at its bars; those before the first bar and after the last one are left out."""

    def __init__(self, markers: Sequence[TradeMarker], ts: IntArray, bar_ns: int) -> None:
        """Args: `ts` are the opens of the bars, `bar_ns` their length."""
        inside = [m for m in markers if ts[0] <= m.ts_ns < ts[-1] + bar_ns]
        self._kinds: list[tuple[IntArray, list[str]]] = []
        for kind in KINDS:
            mine = sorted((m for m in inside if m.kind == kind), key=lambda m: m.ts_ns)
            bars = np.searchsorted(ts, np.array([m.ts_ns for m in mine], np.int64), "right") - 1
            self._kinds.append((bars, [m.text for m in mine]))

    def marks(self, b: Buckets, width: float) -> tuple[Marks, ...]:
        """The marks of each kind at some candles, in the order of `KINDS`.

        Markers too close to be told apart are one mark. Which are depends on the width of the view alone, so panning
        never changes one.

        Args:
            b: The candles.
            width: Bars in the visible range.
        """
        reach = 1 << max(0, int(np.ceil(np.log2(max(width, 1.0) / _PLACES))))
        while True:
            found = tuple(_marks(kind, *placed, b, reach) for kind, placed in zip(KINDS, self._kinds, strict=True))
            if sum(marks.nbytes for marks in found) <= MARKER_BYTES or reach > width:
                return found
            reach *= 2


def _marks(kind: MarkerKind, bars: IntArray, texts: list[str], b: Buckets, reach: int) -> Marks:
    """One mark for the markers of each run of `reach` bars, at the candle of the first of them."""
    if not len(bars) or not len(b):
        return Marks(np.empty(0, np.int64), ())
    first = np.flatnonzero(np.diff(bars // reach, prepend=-1))
    count = np.diff(first, append=len(bars))
    drawn = (bars[first] >= b.start[0]) & (bars[first] < b.stop[-1])
    first, count = first[drawn], count[drawn]
    candle = np.searchsorted(b.start, bars[first], "right") - 1
    head = np.flatnonzero(np.diff(candle, prepend=-1))  # runs that begin in one candle are one mark
    if not len(head):
        return Marks(np.empty(0, np.int64), ())
    total = np.add.reduceat(count, head).tolist()
    noun = " ".join(reversed(kind.split("-")))
    plural = noun.replace("entry", "entries").replace("exit", "exits")
    said = (plain(texts[i]) if n == 1 else f"{n:,} {plural}" for i, n in zip(first[head].tolist(), total, strict=True))
    return Marks(candle[head], tuple(said))


def marker_styles(palette: Palette) -> list[dict[str, Any]]:
    """A trace for each kind; an offset in pixels keeps the marks off the candles at any zoom."""
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": kind,
            "yaxis": "y",
            "marker": {
                "symbol": "triangle-up" if kind.startswith("entry") else "diamond",
                "size": 11 if kind.startswith("entry") else 9,
                "color": palette.up if kind in BUYS else palette.down,
                "line": {"color": palette.paper, "width": 1},
                "angle": 0 if kind in BUYS else 180,
                "standoff": 10,
            },
        }
        for kind in KINDS
    ]


def marker_arrays(marks: tuple[Marks, ...], c: Candles, b: Buckets, kind: type[np.floating[Any]]) -> list[Arrays]:
    """Arrays of the traces of `marker_styles`; `customdata` are the texts."""
    return [
        {"x": wire_x(b.x[m.candle]), "y": _side(which, c)[m.candle].astype(kind), "customdata": list(m.texts)}
        for which, m in zip(KINDS, marks, strict=True)
    ]


def _side(kind: MarkerKind, c: Candles) -> FloatArray:
    return c.low if kind in BUYS else c.high
