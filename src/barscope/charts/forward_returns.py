"""What prices did after signals, horizon by horizon, against what they did after any bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barscope.charts.data import ChartSpec
from barscope.charts.sheet import Sheet, calm_figure, room, round_width
from barscope.charts.text import bold, coloured, stacked
from barscope.charts.traces import faded

if TYPE_CHECKING:
    from collections.abc import Mapping

    import plotly.graph_objects as go

    from barscope.domain.bars import FloatArray, IntArray

_REACH = 3
"""How many times the middle half of the returns the first view reaches beyond it: a crash does not squeeze the rest."""
_BINS = 5
"""Bins in the middle half."""
_MOST_BINS = 1000
"""Bins on each side of zero; what lies beyond is counted in the last, far out of view."""
_LEGEND_PX = 42
_TITLE = "Forward returns"


def returns_figure(
    samples: Mapping[int, tuple[FloatArray, FloatArray]], spec: ChartSpec | None = None, *, reason: str | None = None
) -> go.Figure:
    """How forward returns are spread: bars after the signals, an outline after all bars, each as shares of its own.

    Args:
        samples: Bars after the signal → returns after signals, and after all bars; NaN are passed over.
        spec: Theme, height and width.
        reason: What to say where there is no signal.
    """
    spec = spec or ChartSpec()
    there = {horizon: tuple(r[~np.isnan(r)] for r in pair) for horizon, pair in samples.items()}
    there = {horizon: pair for horizon, pair in there.items() if len(pair[0])}
    if not there:
        return calm_figure(spec, _TITLE, reason or "no signal is followed by enough bars")
    sheet = Sheet(spec, {str(horizon): 1 / len(there) for horizon in there})
    for horizon, (signals, every) in there.items():
        _draw(sheet, horizon, signals, every)
    bounds = _range([r for pair in there.values() for r in pair])
    axis = {"type": "linear", "range": bounds, "tickformat": "+,.3~%", "nticks": 6, "showline": True}
    return sheet.figure(room("100%"), axis, barmode="overlay", bargap=0.1)


def _draw(sheet: Sheet, horizon: int, signals: FloatArray, every: FloatArray) -> None:
    key, p = str(horizon), sheet.palette
    low, high = _middle_half(every if len(every) else signals)
    width = round_width((high - low or 0.01) / _BINS)
    bins, share, counts = _shares(signals, width)
    all_bins, all_share, _counts = _shares(every, width)
    look = {"color": faded(p.lines[0], 0.55), "line": {"width": 0}}
    sheet.draw(key, type="bar", x=(bins + 0.5) * width, y=share, marker=look, width=width * 0.9)
    sheet.line(key, (all_bins + 0.5) * width, all_share, p.muted, line={"shape": "hvh", "width": 1.2})
    for sample, colour, dash in ((every, p.muted, "dot"), (signals, p.lines[0], "solid")):
        if len(sample):
            _mark(sheet, key, float(np.median(sample)), colour, dash)
    texts = [
        stacked([bold(f"{a * width:+.2%} to {(a + 1) * width:+.2%}"), f"{n:,} of {len(signals):,} signals"])
        for a, n in zip(bins.tolist(), counts.tolist(), strict=True)
    ]
    sheet.hover(key, (bins + 0.5) * width, share, texts)
    sheet.scale(
        key, [share, all_share, np.zeros(1)], below=0.0, above=_headroom(sheet, key), tickformat=".0%", nticks=3
    )
    sheet.say(key, *_legend(sheet, horizon, signals, every))


def _shares(returns: FloatArray, width: float) -> tuple[IntArray, FloatArray, IntArray]:
    """Bins from the lowest to the highest return, the share in each, and its count; zero is the edge of a bin."""
    if not len(returns):
        return np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64)
    place = np.clip(np.floor(returns / width), -_MOST_BINS, _MOST_BINS).astype(np.int64)
    counts = np.bincount(place - place.min())
    return np.arange(len(counts)) + place.min(), counts / len(returns), counts


def _mark(sheet: Sheet, key: str, x: float, colour: str, dash: str) -> None:
    """An upright line through a pane."""
    bottom, top = sheet.box(key).domain
    top -= _LEGEND_PX / sheet.spec.height
    line = {"color": colour, "width": 1.4, "dash": dash}
    sheet.shapes.append(
        {"type": "line", "xref": "x", "x0": x, "x1": x, "yref": "paper", "y0": bottom, "y1": top, "line": line}
    )


def _headroom(sheet: Sheet, key: str) -> float:
    """Room for the legend above the bars, as a share of their height."""
    bottom, top = sheet.box(key).domain
    pixels = (top - bottom) * sheet.spec.height
    return _LEGEND_PX / max(pixels - _LEGEND_PX, _LEGEND_PX)


def _legend(sheet: Sheet, horizon: int, signals: FloatArray, every: FloatArray) -> tuple[str, str]:
    p = sheet.palette
    title = f"After {horizon:,} bar{'s' if horizon > 1 else ''}"
    medians = [coloured(f"{len(signals):,} signals: median {np.median(signals):+.2%}", p.lines[0])]
    medians += [coloured(f"all {np.median(every):+.2%}", p.muted)] if len(every) else []
    return coloured(title, p.text, bold=True), "  ".join(medians)


def _range(samples: list[FloatArray]) -> list[float]:
    ends = []
    for r in filter(len, samples):
        low, high = _middle_half(r)
        reach = (high - low) * _REACH
        ends.append((max(float(r.min()), low - reach), min(float(r.max()), high + reach)))
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    spare = (high - low) * 0.05 or 0.01
    return [low - spare, high + spare]


def _middle_half(returns: FloatArray) -> tuple[float, float]:
    low, high = np.quantile(returns, (0.25, 0.75)).tolist()
    return low, high
