"""How one series of an indicator is named and drawn."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from barscope.domain.bars import BarField

if TYPE_CHECKING:
    from collections.abc import Iterable

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


class Drawn(Protocol):
    """What has series to be drawn: an indicator, or what stands for one."""

    @property
    def class_name(self) -> str:
        """The class of the indicator."""

    @property
    def variant(self) -> str:
        """The group its series share."""

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Its series."""


def recorded_outputs(indicators: Iterable[Drawn]) -> dict[str, dict[str, Any]]:
    """What the record of a run says of its series: name → how it is drawn, and whose it is (`group`, `indicator`)."""
    return {o.name: {**asdict(o), "group": i.variant, "indicator": i.class_name} for i in indicators for o in i.outputs}


def pane_of(field: BarField) -> Pane:
    """Where a series on the scale of a column is drawn."""
    return "own" if field is BarField.VOLUME else "price"
