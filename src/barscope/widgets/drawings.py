"""What a person draws on the chart of a symbol: tools for the mouse, a form for the keyboard, a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import ipywidgets as widgets

from barscope.charts.clock import moment_text
from barscope.charts.text import price
from barscope.domain.annotations import POINTS, Annotation
from barscope.domain.periods import BarPeriod
from barscope.errors import InvalidParameterError, cut
from barscope.widgets.fields import icon_button, labelled, text_line
from barscope.widgets.notices import close_all
from barscope.workspace.annotations import annotation_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barscope.domain.annotations import AnnotationKind, Point
    from barscope.store.annotations import StoredAnnotation
    from barscope.widgets.guard import Guard
    from barscope.widgets.live_chart import LiveChart


class Drawn(Protocol):
    """Where annotations are kept."""

    def add(self, annotation: Annotation) -> None:
        """Keep one more, and draw it."""

    def remove_drawing(self, annotation_id: str) -> None:
        """Remove one, and draw the others."""


TOOLS: tuple[tuple[AnnotationKind, str, str], ...] = (
    ("level", "minus", "Horizontal level: click a price"),
    ("trend", "line-chart", "Trend line: click two points"),
    ("box", "square-o", "Box: click two corners"),
    ("text", "font", "Text: write it, then click where"),
)
_NAMES = {"level": "Level", "trend": "Trend line", "box": "Box", "text": "Text"}


class DrawingTools:
    """The tools beside the chart: take one, click where it goes; Escape puts it away.

    Attributes:
        widget: What a toolbar shows.
        buttons: A button per tool.
        text: What is written at the next one.
    """

    def __init__(self, chart: LiveChart, guard: Guard, drawn: Drawn) -> None:
        self._chart, self._drawn = chart, drawn
        self._points: list[Point] = []
        self._is_quiet = False
        self.buttons = {
            kind: widgets.ToggleButton(icon=icon, tooltip=tooltip).add_class("barscope-icon")
            for kind, icon, tooltip in TOOLS
        }
        self.text = widgets.Text(placeholder="Text", tooltip="Written at what you draw next")
        self.text.add_class("barscope-drawing-text").layout.display = "none"
        self.widget = widgets.Box([self.text, *self.buttons.values()]).add_class("barscope-tools")
        for kind, button in self.buttons.items():
            button.observe(guard(lambda change, kind=kind: self._turn(kind, change["new"])), "value")
        chart.on_point(guard(self._place))

    @property
    def tool(self) -> AnnotationKind | None:
        """The tool in hand."""
        return next((kind for kind, button in self.buttons.items() if button.value), None)

    def enable(self, is_enabled: bool) -> None:
        """Whether there is a chart to draw on."""
        for button in self.buttons.values():
            button.disabled = not is_enabled

    def put_away(self) -> None:
        """Draw nothing more."""
        for button in self.buttons.values():
            button.value = False

    def _turn(self, kind: str, is_on: bool) -> None:
        if self._is_quiet:
            return
        self._is_quiet = True
        try:
            for other, button in self.buttons.items():
                if is_on and other != kind:
                    button.value = False
        finally:
            self._is_quiet = False
        self._points = []
        self.text.layout.display = "" if self.tool else "none"
        self._chart.take_tool(self.tool or "")

    def _place(self, point: Point | None) -> None:
        kind = self.tool
        if point is None or kind is None:
            self.put_away()
            return
        if kind == "text" and not self.text.value.strip():
            raise InvalidParameterError("a text without words: write it beside the tools, then click where it goes")
        self._points.append(point)
        if len(self._points) == POINTS[kind]:
            self._drawn.add(Annotation(kind, tuple(self._points), self.text.value.strip()))
            self.text.value = ""
            self.put_away()


class DrawingForm:
    """The same by keyboard: what, when and at which price; and the list of what there is.

    Attributes:
        widget: What a panel shows.
        kind, text, colour: What is drawn.
        times, prices: Where: of the first and of the second point.
        add: The button.
        remove: A button for each drawing, by id.
    """

    def __init__(self, guard: Guard, drawn: Drawn) -> None:
        self._guard, self._drawn = guard, drawn
        self._listed: tuple[StoredAnnotation, ...] | None = None
        self.kind = widgets.Dropdown(options=[(name, kind) for kind, name in _NAMES.items()], tooltip="What to draw")
        self.text = widgets.Text(placeholder="Text", tooltip="Written at it")
        self.colour = widgets.ColorPicker(concise=True, value="#2962ff", tooltip="Colour").add_class("barscope-colour")
        self.times = [widgets.Text(placeholder="2024-01-31 09:30", tooltip=f"Time {n}, UTC") for n in ("1", "2")]
        self.prices = [widgets.Text(placeholder="Price", tooltip=f"Price {n}") for n in ("1", "2")]
        self.add = widgets.Button(description="Draw", tooltip="Draw it at these times and prices")
        self.remove: dict[str, widgets.Button] = {}
        self._points = [
            widgets.Box([labelled(f"Time {n} (UTC)", time), labelled(f"Price {n}", price)]).add_class("barscope-pair")
            for n, time, price in zip((1, 2), self.times, self.prices, strict=True)
        ]
        what = widgets.Box([self.kind, self.text, self.colour]).add_class("barscope-drawing-what")
        self._rows = widgets.VBox().add_class("barscope-rows")
        self._empty = text_line("Nothing is drawn on this symbol.").add_class("barscope-empty")
        head = widgets.Box([text_line("Drawings").add_class("barscope-heading"), self.add]).add_class(
            "barscope-section"
        )
        self.widget = widgets.VBox([head, what, *self._points, self._empty, self._rows])
        self.widget.add_class("barscope-drawings")
        self.kind.observe(guard(lambda _change: self._arrange()), "value")
        self.add.on_click(guard(lambda _button: self._add()))
        self._arrange()

    def show(self, drawings: Iterable[StoredAnnotation]) -> None:
        """List what is drawn."""
        listed = tuple(drawings)
        if listed == self._listed:
            return
        self._listed = listed
        before = self._rows.children
        self.remove = {}
        self._rows.children = tuple(self._row(stored) for stored in listed)
        for row in before:
            close_all(row)
        self._empty.layout.display = "none" if listed else ""

    def _row(self, stored: StoredAnnotation) -> widgets.Widget:
        text = text_line(_told(stored.annotation)).add_class("barscope-name")
        text.tooltip = text.value
        button = icon_button("trash-o", "Delete this drawing")
        button.on_click(self._guard(lambda _button: self._drawn.remove_drawing(stored.annotation_id)))
        self.remove[stored.annotation_id] = button
        return widgets.Box([text, button]).add_class("barscope-drawing-row")

    def _arrange(self) -> None:
        self._points[1].layout.display = "" if POINTS[self.kind.value] == 2 else "none"

    def _add(self) -> None:
        n = POINTS[self.kind.value]
        points = [(time.value, _number(price.value)) for time, price in zip(self.times, self.prices, strict=True)][:n]
        self._drawn.add(annotation_at(self.kind.value, points, self.text.value.strip(), self.colour.value))
        self.text.value = ""


def _number(text: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        raise InvalidParameterError(f"price {cut(repr(text))} is not a number") from None


def _told(annotation: Annotation) -> str:
    """One line on a drawing: what, at which prices, when."""
    first, last = annotation.points[0], annotation.points[-1]
    prices = price(first.price) if first == last else f"{price(first.price)} – {price(last.price)}"
    when = "" if annotation.kind == "level" else moment_text(first.ts_ns, BarPeriod.MINUTE)
    parts = (annotation.text or _NAMES[annotation.kind], prices, when)
    return " · ".join(part for part in parts if part)
