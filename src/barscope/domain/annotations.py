"""What a person draws on a chart: lines, boxes and texts anchored to time and price, for any chart of the symbol."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from barscope.errors import InvalidParameterError, cut

AnnotationKind = Literal["level", "trend", "box", "text"]
KINDS: tuple[AnnotationKind, ...] = get_args(AnnotationKind)
POINTS = {"level": 1, "trend": 2, "box": 2, "text": 1}
"""How many points each kind has."""
LONGEST_TEXT = 200
_VERSION = 1
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_KEYS = {"version", "kind", "points", "text", "colour"}


@dataclass(frozen=True, slots=True)
class Point:
    """A moment and a price: ns since the epoch, UTC, and currency units."""

    ts_ns: int
    price: float

    def __post_init__(self) -> None:
        if not isinstance(self.ts_ns, int) or isinstance(self.ts_ns, bool) or abs(self.ts_ns) >= 2**63:
            raise InvalidParameterError(f"time {cut(repr(self.ts_ns))} is not a whole number of ns since 1970")
        if not isinstance(self.price, (int, float)) or isinstance(self.price, bool) or not math.isfinite(self.price):
            raise InvalidParameterError(f"price {cut(repr(self.price))} is not a number")
        object.__setattr__(self, "price", float(self.price))


@dataclass(frozen=True, slots=True)
class Annotation:
    """One thing drawn on a chart.

    Attributes:
        kind: A horizontal `level` at the price of its point, a `trend` line between two points, a `box` with its
            corners at two, or a `text` at one.
        points: Where it is anchored, in order of time.
        text: What is written at it; a `text` needs one.
        colour: `#rrggbb`; None is the chart's own.
    """

    kind: AnnotationKind
    points: tuple[Point, ...]
    text: str = ""
    colour: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidParameterError(f"unknown kind {cut(repr(self.kind))}: use one of {', '.join(KINDS)}")
        if len(self.points) != POINTS[self.kind]:
            raise InvalidParameterError(f"a {self.kind} has {POINTS[self.kind]} points, not {len(self.points)}")
        if not isinstance(self.text, str) or len(self.text) > LONGEST_TEXT:
            raise InvalidParameterError(f"text {cut(repr(self.text))} is not text of at most {LONGEST_TEXT} characters")
        if self.kind == "text" and not self.text.strip():
            raise InvalidParameterError("a text without words: give its text")
        check_colour(self.colour)
        object.__setattr__(self, "points", tuple(sorted(self.points, key=lambda point: point.ts_ns)))

    def to_dict(self) -> dict[str, Any]:
        """The annotation as plain JSON values."""
        points = [[point.ts_ns, point.price] for point in self.points]
        return {"version": _VERSION, "kind": self.kind, "points": points, "text": self.text, "colour": self.colour}

    @classmethod
    def from_dict(cls, values: Any) -> Annotation:  # noqa: ANN401  # whatever was stored
        """The annotation of some JSON values.

        Raises:
            InvalidParameterError: If they are broken, or of a newer barscope.
        """
        if not isinstance(values, dict):
            raise InvalidParameterError(f"{cut(repr(values))} is not an annotation: give a JSON object")
        if values.get("version", _VERSION) != _VERSION or not set(values) <= _KEYS:
            raise InvalidParameterError(f"an annotation of a newer barscope ({cut(repr(values))}): upgrade to read it")
        pairs = values.get("points")
        if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
            raise InvalidParameterError(f"points {cut(repr(pairs))} of an annotation are not pairs of time and price")
        points = tuple(Point(*pair) for pair in pairs)
        return cls(values.get("kind"), points, values.get("text", ""), values.get("colour"))  # type: ignore[arg-type]  # checked there


def check_colour(colour: object) -> None:
    """None, or a colour that the browser gets as it is.

    Raises:
        InvalidParameterError: If it is not `#rrggbb`.
    """
    if colour is not None and not (isinstance(colour, str) and _COLOUR.fullmatch(colour)):
        raise InvalidParameterError(f"colour {cut(repr(colour))} is not of the form #rrggbb, lower case")
