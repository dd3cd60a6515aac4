"""How one series of an indicator is named and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from barscope.domain.bars import BarField

Pane = Literal["price", "own"]
Draw = Literal["line", "dashed", "histogram", "dots"]
Edge = Literal["upper", "lower"]


@dataclass(frozen=True, slots=True)
class Output:
    """One series of an indicator.

    Attributes:
        name: The series name, unique between variants: `SMA_20_CLOSE`.
        key: Short name inside the indicator: `upperband`.
        pane: Over the candles, or in a pane of its own.
        draw: How it is drawn.
        levels: Reference lines across its pane, such as 30 and 70.
        band: Name of the band this series bounds; the two edges of one band enclose a fill.
        edge: Which side of the band it is.
    """

    name: str
    key: str = "value"
    pane: Pane = "own"
    draw: Draw = "line"
    levels: tuple[float, ...] = ()
    band: str | None = None
    edge: Edge | None = None


def pane_of(field: BarField) -> Pane:
    """Where a series on the scale of a column is drawn."""
    return "own" if field is BarField.VOLUME else "price"
