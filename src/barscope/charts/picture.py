"""A small picture as a value: shapes on a ground, written as SVG or PNG without a browser."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Literal

import numpy as np

from barscope.charts.text import escape, plain
from barscope.charts.theme import FONT
from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

    from barscope.domain.bars import FloatArray

Size = tuple[int, int]
Anchor = Literal["start", "middle", "end"]

_ANCHORS = {"start": "lm", "middle": "mm", "end": "rm"}
_FAMILY = FONT.replace('"', "'")
_SMALLEST, _LARGEST = 16, 4000
_FINER = 3
"""A PNG is drawn so many times larger and then reduced, which smooths its edges."""


@dataclass(frozen=True, eq=False)
class Boxes:
    """Filled rectangles of one colour: left, top, width and height of each, shape (n, 4), pixels."""

    boxes: FloatArray
    colour: str
    opacity: float = 1.0

    def svg(self) -> str:
        """One path of all rectangles."""
        parts = [f"M{_n(x)} {_n(y)}h{_n(w)}v{_n(h)}h{_n(-w)}z" for x, y, w, h in self.boxes.tolist()]
        return f'<path d="{"".join(parts)}" fill="{self.colour}"{_opacity(self.opacity)}/>' if parts else ""

    def draw(self, on: ImageDraw, scale: int) -> None:
        """Fills them on a canvas of `scale` pixels per pixel."""
        for x, y, w, h in (np.round(self.boxes * scale)).tolist():
            on.rectangle((x, y, x + max(w, 1) - 1, y + max(h, 1) - 1), fill=_rgba(self.colour, self.opacity))


@dataclass(frozen=True, eq=False)
class Line:
    """A line through points of shape (n, 2), pixels; NaN interrupts it."""

    points: FloatArray
    colour: str
    width: float = 1.4
    opacity: float = 1.0

    def svg(self) -> str:
        """One path of all its stretches."""
        d = "".join("M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in run.tolist()) for run in self._stretches())
        style = f'fill="none" stroke="{self.colour}" stroke-width="{_n(self.width)}" stroke-linejoin="round"'
        return f'<path d="{d}" {style}{_opacity(self.opacity)}/>' if d else ""

    def draw(self, on: ImageDraw, scale: int) -> None:
        """Draws it on a canvas of `scale` pixels per pixel."""
        width = max(1, round(self.width * scale))
        for run in self._stretches():
            flat = (run * scale).ravel().tolist()
            on.line(flat, fill=_rgba(self.colour, self.opacity), width=width, joint="curve")

    def _stretches(self) -> list[FloatArray]:
        there = np.isfinite(self.points).all(axis=1)
        cuts = np.flatnonzero(np.diff(there)) + 1
        runs = np.split(self.points, cuts)
        return [run for run in runs if len(run) > 1 and np.isfinite(run[0]).all()]


@dataclass(frozen=True, eq=False)
class Area:
    """A filled polygon, its corners of shape (n, 2), pixels."""

    corners: FloatArray
    colour: str
    opacity: float

    def svg(self) -> str:
        """One closed path."""
        d = "L".join(f"{_n(x)} {_n(y)}" for x, y in self.corners.tolist())
        return f'<path d="M{d}z" fill="{self.colour}"{_opacity(self.opacity)}/>'

    def draw(self, on: ImageDraw, scale: int) -> None:
        """Fills it on a canvas of `scale` pixels per pixel."""
        on.polygon((self.corners * scale).ravel().tolist(), fill=_rgba(self.colour, self.opacity))


@dataclass(frozen=True)
class Label:
    """One line of text, its middle at a height; escaped and cut where it is written."""

    x: float
    y: float
    text: str
    colour: str
    size: int = 11
    anchor: Anchor = "start"

    def svg(self) -> str:
        """A text element."""
        place = f'x="{_n(self.x)}" y="{_n(self.y + self.size * 0.35)}" text-anchor="{self.anchor}"'
        return f'<text {place} font-size="{self.size}" fill="{self.colour}">{escape(self.text)}</text>'

    def draw(self, on: ImageDraw, scale: int) -> None:
        """Writes it in the font that comes with Pillow, the same on every machine."""
        from PIL import ImageFont

        font = ImageFont.load_default(self.size * scale)
        at = (self.x * scale, self.y * scale)
        on.text(at, plain(self.text), fill=_rgba(self.colour, 1.0), font=font, anchor=_ANCHORS[self.anchor])


Shape = Boxes | Line | Area | Label


@dataclass(frozen=True, eq=False)
class Picture:
    """Shapes on a ground, the first at the back.

    Attributes:
        size: Width and height, pixels.
        paper: Colour of the ground.
        title: What it shows, for a person who does not see it.
        shapes: What is drawn.
    """

    size: Size
    paper: str
    title: str
    shapes: tuple[Shape, ...]

    def __post_init__(self) -> None:
        whole = all(isinstance(n, int) and _SMALLEST <= n <= _LARGEST for n in self.size)
        if len(self.size) != 2 or not whole:
            remedy = f"width and height are whole numbers from {_SMALLEST} to {_LARGEST}"
            raise InvalidParameterError(f"size {cut(repr(self.size))} is no size of a picture: {remedy}")

    def svg(self) -> str:
        """A whole SVG document without script, style sheet or reference."""
        width, height = self.size
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" font-family="{_FAMILY}">'
            f"<title>{escape(self.title)}</title>"
            f'<rect width="{width}" height="{height}" fill="{self.paper}"/>'
            f"{''.join(shape.svg() for shape in self.shapes)}</svg>"
        )

    def png(self, scale: int = 1) -> bytes:
        """A PNG of `scale` pixels per pixel of the picture."""
        from PIL import Image, ImageDraw

        width, height = (n * scale for n in self.size)
        canvas = Image.new("RGB", (width * _FINER, height * _FINER), self.paper)
        on = ImageDraw.Draw(canvas, "RGBA")
        for shape in self.shapes:
            shape.draw(on, scale * _FINER)
        buffer = BytesIO()
        canvas.reduce(_FINER).save(buffer, "png", optimize=True)
        return buffer.getvalue()


def _n(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")  # + 0.0: no minus before a zero


def _opacity(value: float) -> str:
    return "" if value == 1 else f' opacity="{value:g}"'


def _rgba(colour: str, opacity: float) -> tuple[int, int, int, int]:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue, round(opacity * 255)
