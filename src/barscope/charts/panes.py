"""The panes of a chart from top to bottom: indicators above, prices, volume, indicators below."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.charts.data import ChartData, ChartSpec

VOLUME_SHARE = 0.14
OWN_SHARE = 0.19
LEAST_PRICE_SHARE = 0.4
GAP_PX = 10


@dataclass(frozen=True, slots=True)
class PaneBox:
    """One pane.

    Attributes:
        key: `price`, `volume`, or the `pane_key` of the series in it: `:RSI` below the prices, `^RSI` above them.
        axis: Plotly's name of its y axis: `y` for the prices, `y2`, …
        domain: Bottom and top as shares of the plot's height.
    """

    key: str
    axis: str
    domain: tuple[float, float]

    @property
    def layout_key(self) -> str:
        """Plotly's name of the axis in a layout, such as `yaxis2`."""
        return f"yaxis{self.axis[1:]}"


def label_count(box: PaneBox, spec: ChartSpec) -> int:
    """How many labels the axis of a pane has room for."""
    return max(2, int((box.domain[1] - box.domain[0]) * spec.height / 46))


def panes(data: ChartData, spec: ChartSpec) -> tuple[PaneBox, ...]:
    """The panes a chart needs; the price pane never has less than 40 % of the height."""
    keys = dict.fromkeys(s.pane_key for s in data.shown if s.pane_key != "price")
    above = {key: OWN_SHARE for key in keys if key.startswith("^")}
    below = ({"volume": VOLUME_SHARE} if spec.show_volume else {}) | {key: OWN_SHARE for key in keys if key[0] == ":"}
    total = sum(above.values()) + sum(below.values())
    scale = min(total, 1 - LEAST_PRICE_SHARE) / total if total else 0.0
    shares = {**above, "price": 0.0, **below}
    shares = {key: share * scale for key, share in shares.items()}
    return stack(shares | {"price": 1 - sum(shares.values())}, spec.height)


def stack(shares: Mapping[str, float], height: int) -> tuple[PaneBox, ...]:
    """Panes from top to bottom by their shares of the height, which add up to 1, with a gap between them.

    The axis of the prices, or of the first pane where there are none, is the `y` that all others follow.
    """
    gap, top, main = GAP_PX / height, 1.0, "price" if "price" in shares else next(iter(shares))
    numbers = dict(zip([main, *(key for key in shares if key != main)], itertools.count(1), strict=False))
    boxes: list[PaneBox] = []
    for key, share in shares.items():
        axis = "y" if key == main else f"y{numbers[key]}"
        is_last = len(boxes) == len(shares) - 1
        bottom = 0.0 if is_last else top - share
        boxes.append(PaneBox(key, axis, (bottom if is_last else bottom + gap, top)))
        top = bottom
    return tuple(boxes)
