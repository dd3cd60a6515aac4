"""Heat maps of sweeps as small pictures."""

import io

import numpy as np
from PIL import Image

from barscope.charts.sweep_thumbnail import heatmap_picture
from barscope.charts.theme import PALETTES
from barscope.domain.sweeps import SweepGrid

VALUES = np.array([[1.0, -1.0], [np.nan, 0.5]])
GRID = SweepGrid("fast", (5, 10), "slow", (20, 50), "sharpe", VALUES, np.arange(4).reshape(2, 2))


def pixel(picture, x, y):
    """The colour of a point of a picture."""
    return "#" + bytes(Image.open(io.BytesIO(picture.png())).convert("RGB").getpixel((x, y))).hex()


def test_each_cell_has_the_colour_of_its_value():
    """The best is green and the worst red, the first row at the bottom; a cell without a result is the ground."""
    picture, palette = heatmap_picture(GRID), PALETTES["light"]
    width, height = picture.size
    at = {(c, r): pixel(picture, width * (1 + 2 * c) // 4, height * (3 - 2 * r) // 4) for c in (0, 1) for r in (0, 1)}
    assert at[0, 0] == palette.up
    assert at[1, 0] == palette.down
    assert at[0, 1] == palette.paper
    assert at[1, 1] not in {palette.up, palette.down, palette.paper}


def test_a_sweep_without_results_says_so():
    """A picture of nothing has a sentence instead of cells."""
    empty = SweepGrid("fast", (), "slow", (), "sharpe", np.empty((0, 0)), np.empty((0, 0), np.int64))
    assert "no results" in heatmap_picture(empty, theme="dark").svg()
