"""A heat map of a sweep as a small picture, drawn without a browser."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from barscope.charts.picture import Boxes, Label, Picture
from barscope.charts.sweep_metrics import colour_scale, metric_of
from barscope.charts.text import plain
from barscope.charts.theme import PALETTES
from barscope.charts.thumbnail import SMALL

if TYPE_CHECKING:
    from barscope.charts.data import Theme
    from barscope.charts.picture import Shape, Size
    from barscope.charts.sweep_metrics import ColourScale
    from barscope.domain.sweeps import SweepGrid

_LABELLED_FROM_PX = 200
_HEAD_PX = 28
_EDGE_PX = 4
_SHADES = 24
"""Cells of nearly one colour are one path, which keeps the picture small."""


def heatmap_picture(grid: SweepGrid, *, size: Size = SMALL, theme: Theme = "light") -> Picture:
    """The cells of a grid in the colours of its heat map; from 200 pixels of height on with a title.

    Args:
        grid: What to draw; cells without a value stay empty.
        size: Width and height, pixels.
        theme: The colours.
    """
    palette, metric = PALETTES[theme], metric_of(grid.metric)
    title = f"{metric.label} by {' and '.join(plain(name) for name in (grid.x_name, grid.y_name) if name)}"
    there = np.argwhere(np.isfinite(grid.values))
    head = _HEAD_PX if size[1] >= _LABELLED_FROM_PX else _EDGE_PX
    shapes: list[Shape] = []
    if head == _HEAD_PX or not len(there):
        text = title if len(there) else f"{title}: no results"
        shapes.append(Label(_EDGE_PX * 2, _HEAD_PX / 2, text, palette.text))
    if len(there):
        shapes += _cells(grid, there, size, head, colour_scale(metric, grid.values, palette))
    return Picture(size, palette.paper, f"{title}, {len(there):,} of {grid.values.size:,} cells", tuple(shapes))


def _cells(
    grid: SweepGrid, there: np.ndarray[tuple[int, int], np.dtype[np.int64]], size: Size, head: int, scale: ColourScale
) -> list[Boxes]:
    """The cells that have a value, the first row at the bottom."""
    rows, columns = grid.values.shape
    across = np.linspace(_EDGE_PX, size[0] - _EDGE_PX, columns + 1).round()
    down = np.linspace(size[1] - _EDGE_PX, head, rows + 1).round()
    boxes: dict[str, list[tuple[float, float, float, float]]] = defaultdict(list)
    step = (scale.high - scale.low) / _SHADES
    for row, column in there.tolist():
        shade = scale.low + round((float(grid.values[row, column]) - scale.low) / step) * step
        left, bottom = across[column], down[row]
        place = (left, down[row + 1], across[column + 1] - left, bottom - down[row + 1])
        boxes[scale.colour(shade)].append(place)
    return [Boxes(np.array(places), colour) for colour, places in boxes.items()]
