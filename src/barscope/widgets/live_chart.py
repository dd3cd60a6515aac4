"""The live chart: all bars stay in the kernel, the browser gets the candles of the visible range, the figure stays one.

`LiveChart` holds what is shown (`ChartData`) and how (`ChartSpec`) and redraws the least that a change needs: a pan
inside the margins sends ranges and labels, a zoom sends new candles, new data or another theme draws the figure anew.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from barscope.charts.data import ChartSpec
from barscope.charts.drawing import Drawing
from barscope.charts.figure import empty_parts, figure_parts
from barscope.errors import InvalidParameterError, cut
from barscope.widgets.kernel_loop import kernel_loop
from barscope.widgets.live_figure import LiveFigure, Move

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from barscope.charts.data import ChartData, ChartSeries, Highlight, Theme
    from barscope.charts.drawing import View
    from barscope.domain.annotations import Annotation, Point

DEBOUNCE_S = 0.04
_PAN = {"left": -0.2, "right": 0.2}
_ZOOM = {"in": 0.7, "out": 1 / 0.7}


class LiveChart:
    """A chart in a notebook that stays quick at a million bars; `widget` is what a cell or a panel shows."""

    def __init__(self, data: ChartData | None = None, spec: ChartSpec | None = None) -> None:
        """An empty chart, or one of `data`.

        Raises:
            MissingBarsError: If the data hold no bars.
        """
        self._spec = spec or ChartSpec()
        self._drawing: Drawing | None = None
        self._sent: View | None = None
        self._pending: Move | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._on_point: list[Callable[[Point | None], None]] = []
        self._loop = kernel_loop()
        self.widget = LiveFigure()
        self.widget.on_move(self._on_move)
        if data is None:
            self.widget.replace(empty_parts(self._spec))
        else:
            self.show(data, self._spec)

    def __repr__(self) -> str:
        return f"LiveChart({self.data!r}, {self._spec!r})"

    def _repr_mimebundle_(self, *_args: object, **_kwargs: object) -> dict[str, Any]:
        return self.widget._repr_mimebundle_()

    @property
    def data(self) -> ChartData | None:
        """What is shown; None where nothing is yet."""
        return self._drawing.data if self._drawing else None

    @property
    def spec(self) -> ChartSpec:
        """How it is shown."""
        return self._spec

    @property
    def visible(self) -> tuple[float, float] | None:
        """First and last visible position in bars; None where nothing is shown."""
        return self._drawing.clamp(*(self._spec.visible or self._drawing.everything)) if self._drawing else None

    def show(self, data: ChartData, spec: ChartSpec | None = None) -> None:
        """Shows other data in the same figure, all of it unless the spec says which part.

        Raises:
            MissingBarsError: If the data hold no bars; the chart stays as it is.
        """
        with self.widget.lock:
            self._redraw(Drawing(data, like=self._drawing), spec or replace(self._spec, visible=None))

    def set_series(self, series: Iterable[ChartSeries]) -> None:
        """Other series on the same bars; the visible range stays."""
        with self.widget.lock:
            drawing = self._shown()
            self._redraw(Drawing(drawing.data.with_series(tuple(series)), like=drawing), self._spec)

    def add_series(self, *series: ChartSeries) -> None:
        """More series; one of a name that is shown already takes its place."""
        with self.widget.lock:
            new = {s.name: s for s in series}
            kept = [new.pop(s.name, s) for s in self._shown().data.series]
            self.set_series([*kept, *new.values()])

    def remove_series(self, *names: str) -> None:
        """Takes series away.

        Raises:
            InvalidParameterError: If a name is not shown.
        """
        with self.widget.lock:
            shown = {s.name: s for s in self._shown().data.series}
            for name in names:
                if name not in shown:
                    known = ", ".join(map(cut, shown)) or "none"
                    raise InvalidParameterError(f"no series {cut(name)} in this chart: it shows {known}")
                del shown[name]
            self.set_series(shown.values())

    def zoom(self, first: float, last: float) -> None:
        """Shows the bars from position `first` to `last`."""
        with self.widget.lock:
            self._step(self._shown(), replace(self._spec, visible=(first, last)))

    def home(self) -> None:
        """Shows all bars."""
        with self.widget.lock:
            self._step(self._shown(), replace(self._spec, visible=None))

    def set_annotations(self, annotations: Iterable[Annotation]) -> None:
        """Other annotations on the same chart; sends them alone."""
        with self.widget.lock:
            drawing = self._shown()
            data = replace(drawing.data, annotations=tuple(annotations))
            self._drawing = Drawing(data, like=drawing)
            self._step(self._drawing, self._spec)

    def set_highlights(self, highlights: Iterable[Highlight]) -> None:
        """Other shaded stretches on the same chart; the visible range stays."""
        with self.widget.lock:
            drawing = self._shown()
            data = replace(drawing.data, highlights=tuple(highlights))
            self._redraw(Drawing(data, like=drawing), self._spec)

    def take_tool(self, tool: str) -> None:
        """What a click on the prices places from now on; empty for nothing."""
        with self.widget.lock:
            self.widget.tool = tool

    def on_point(self, listener: Callable[[Point | None], None]) -> None:
        """Calls `listener` with each bar and price that is clicked with a tool in hand; None puts the tool away."""
        self._on_point.append(listener)

    def set_theme(self, theme: Theme) -> None:
        """Draws the same view in other colours."""
        self.restyle(theme, self._spec.height)

    def restyle(self, theme: Theme, height: int) -> None:
        """Draws the same view in other colours and of another height, in pixels."""
        with self.widget.lock:
            spec = replace(self._spec, theme=theme, height=height)
            if self._drawing is None:
                self.widget.replace(empty_parts(spec))
                self._spec = spec
            else:
                self._redraw(self._drawing, spec)

    def _shown(self) -> Drawing:
        if self._drawing is None:
            raise InvalidParameterError("the chart is empty: show(data) first")
        return self._drawing

    # ---- what a change needs

    def _redraw(self, drawing: Drawing, spec: ChartSpec) -> None:
        view = drawing.view(spec)
        self.widget.replace(figure_parts(drawing, spec, hover=False, view=view))
        self._drawing, self._spec, self._sent = drawing, spec, view

    def _step(self, drawing: Drawing, spec: ChartSpec, source: str | None = None) -> None:
        """Sends what a new visible range needs, to every page; `source` is the view that has it already."""
        view = drawing.view(spec)
        sent = self._sent
        covered = sent is not None and _covers(sent, view)
        known = {} if sent is None else {part: sent.layout[part] for part in ("shapes", "annotations")}
        layout = {key: value for key, value in view.layout.items() if key not in known or value != known[key]}
        self.widget.step(() if covered else view.arrays, layout, source)
        self._spec, self._sent = spec, replace(sent, layout=view.layout) if sent is not None and covered else view

    # ---- what a person did

    def _on_move(self, move: Move) -> None:
        """Applies a move at once; moves that follow within 40 ms wait, and only the newest of them counts.

        What is done with a tool in hand always counts.
        """
        loop = self._loop
        if loop is None or not loop.is_running():
            self._apply(move)
        else:
            act = self._apply if move.kind in ("point", "drop") else self._schedule
            loop.call_soon_threadsafe(act, move)

    def _schedule(self, move: Move) -> None:
        self._pending = move
        if self._timer is None:
            self._flush()

    def _flush(self) -> None:
        move, self._pending, self._timer = self._pending, None, None
        if move is not None and self._loop is not None:
            self._timer = self._loop.call_later(DEBOUNCE_S, self._flush)
            self._apply(move)

    def _apply(self, move: Move) -> None:
        with self.widget.lock:
            if self._drawing is None or self.visible is None:
                return
            first, last = self.visible
            spec = replace(
                self._spec, width=self._spec.width if move.width is None else min(max(move.width, 200), 10_000)
            )
            if move.kind == "point" and move.range is not None:
                self._place(self._drawing.point(*move.range))
            elif move.range is not None:
                visible = self._drawing.clamp(*move.range)
                source = move.view if move.kind == "view" and visible == move.range else None
                self._step(self._drawing, replace(spec, visible=visible), source)
            elif move.kind in _PAN:
                by = (last - first) * _PAN[move.kind]
                self._step(self._drawing, replace(spec, visible=(first + by, last + by)))
            elif move.kind in _ZOOM:
                middle, half = (first + last) / 2, (last - first) / 2 * _ZOOM[move.kind]
                self._step(self._drawing, replace(spec, visible=(middle - half, middle + half)))
            elif move.kind == "home":
                self._step(self._drawing, replace(spec, visible=None))
            elif move.kind == "drop":
                self._place(None)
            elif spec != self._spec:
                self._step(self._drawing, spec)

    def _place(self, point: Point | None) -> None:
        for listener in self._on_point:
            listener(point)


def _covers(sent: View, view: View) -> bool:
    """Whether the candles a page has are those of the view, and reach as far as it."""
    had, wanted, (first, last) = sent.buckets, view.buckets, view.visible
    return (
        had.label == wanted.label
        and sent.scale == view.scale
        and (had.start[0] <= wanted.start[0] or had.start[0] - 0.5 <= first)
        and (had.stop[-1] >= wanted.stop[-1] or had.stop[-1] - 0.5 >= last)
    )
