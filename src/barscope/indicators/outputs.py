"""How one series of an indicator is named and drawn."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from barscope.domain.bars import BarField

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barscope.indicators.core import Indicator

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


def recorded_outputs(indicators: Iterable[Indicator]) -> dict[str, dict[str, Any]]:
    """What the record of a run says of its series: name → how it is drawn and, as `group`, whose it is."""
    return {o.name: {**asdict(o), "group": i.variant} for i in indicators for o in i.outputs}


def pane_of(field: BarField) -> Pane:
    """Where a series on the scale of a column is drawn."""
    return "own" if field is BarField.VOLUME else "price"
