"""The panes of a chart from top to bottom: prices, volume, then one for each own-pane indicator."""

from __future__ import annotations

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
        key: `price`, `volume`, or the group of an own-pane indicator behind a colon: `:RSI`.
        axis: Plotly's name of its y axis: `y`, `y2`, …
        domain: Bottom and top as shares of the plot's height.
    """

    key: str
    axis: str
    domain: tuple[float, float]

    @property
    def layout_key(self) -> str:
        """Plotly's name of the axis in a layout, such as `yaxis2`."""
        return f"yaxis{self.axis[1:]}"


def panes(data: ChartData, spec: ChartSpec) -> tuple[PaneBox, ...]:
    """The panes a chart needs, prices first; the price pane never has less than 40 % of the height."""
    own = dict.fromkeys((s.pane_key for s in data.series if s.pane == "own"), OWN_SHARE)
    shares = ({"volume": VOLUME_SHARE} if spec.show_volume else {}) | own
    below = min(sum(shares.values()), 1 - LEAST_PRICE_SHARE)
    scale = below / sum(shares.values()) if shares else 0.0
    return stack({"price": 1 - below, **{k: v * scale for k, v in shares.items()}}, spec.height)


def stack(shares: Mapping[str, float], height: int) -> tuple[PaneBox, ...]:
    """Panes from top to bottom by their shares of the height, which add up to 1, with a gap between them."""
    gap, top = GAP_PX / height, 1.0
    boxes: list[PaneBox] = []
    for key, share in shares.items():
        axis = f"y{len(boxes) + 1}" if boxes else "y"
        is_last = len(boxes) == len(shares) - 1
        bottom = 0.0 if is_last else top - share
        boxes.append(PaneBox(key, axis, (bottom if is_last else bottom + gap, top)))
        top = bottom
    return tuple(boxes)
