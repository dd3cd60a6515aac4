"""A figure in a place that lives as long as its panel: the wheel zooms at once, finer detail follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.charts.data import ChartSpec
from barscope.charts.figure import empty_parts
from barscope.jobs import JobStatus
from barscope.widgets.live_figure import LiveFigure

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.jobs import Job
    from barscope.widgets.live_figure import Move

Range = tuple[float, float]
_ARRAYS = ("x", "y", "text")
_VALUES = (*_ARRAYS, "z", "zmin", "zmax")
_LOOKS = ("type", "mode", "hovertemplate", "texttemplate", "colorscale")
_SCALE = ("range", "tickvals", "ticktext", "title")
_AXIS = ("range", "tickvals", "ticktext")


class FigureView:
    """One figure after another in the same place; the wheel zooms along x, a double click shows all of it.

    Args:
        height: Pixels.
        on_news: Called when a zoom asks for detail: somebody has to call `update` until it is there.

    Attributes:
        widget: What a panel shows.
        visible: The range of x that was zoomed to; None is all of it.
    """

    def __init__(self, height: int, on_news: Callable[[], None] = lambda: None) -> None:
        self._on_news = on_news
        self._parts: dict[str, Any] | None = None
        self._draw: Callable[[Range], Job[dict[str, Any]]] | None = None
        self._job: Job[dict[str, Any]] | None = None
        self._expected: Job[dict[str, Any]] | None = None
        self._is_coarse = False
        self.visible: Range | None = None
        self.widget = LiveFigure()
        self.widget.replace(empty_parts(ChartSpec(height=height)))
        self.widget.on_move(self._move)

    @property
    def traces(self) -> tuple[Any, ...]:
        """What is drawn."""
        return tuple(self.widget.data)

    def show(self, parts: dict[str, Any], draw: Callable[[Range], Job[dict[str, Any]]] | None = None) -> None:
        """Draw another figure; nothing happens where it is drawn already.

        Args:
            parts: The whole of it, as Plotly's `data` and `layout`.
            draw: Begins to draw the same traces at the detail of a range of x; None where there is no more detail.
        """
        if parts is not self._parts:
            self._parts, self._draw = parts, draw
            self._forget()
            self.widget.replace(parts)

    def refresh(self, parts: dict[str, Any]) -> None:
        """Draw another state of the same figure: values change in place, without the page drawing it anew."""
        drawn = self._parts
        if drawn is None or _skeleton(drawn) != _skeleton(parts):
            self.show(parts)
            return
        with self.widget.lock:
            self._parts = parts
            arrays = [{name: trace[name] for name in _VALUES if name in trace} for trace in parts["data"]]
            self.widget.step(arrays, {"annotations": parts["layout"].get("annotations", ())})

    def expect(self, job: Job[dict[str, Any]]) -> None:
        """Draw the figure a job makes once it is there; what is shown stays until then."""
        with self.widget.lock:
            self._forget()
            self._expected = job
        self._on_news()

    def home(self) -> None:
        """Show all of it."""
        with self.widget.lock:
            if self._parts is not None:
                self._forget()
                self._step(self._parts)

    def update(self) -> bool:
        """Take over the detail that was drawn, and ask for what is missing; tells whether it waits for more."""
        with self.widget.lock:
            expected, job = self._expected, self._job
            if expected is not None and expected.snapshot.status.is_terminal:
                self._expected = None
                if expected.snapshot.status is JobStatus.COMPLETED:
                    self.show(expected.result())
            if job is not None and job.snapshot.status.is_terminal:
                self._job = None
                if job.snapshot.status is JobStatus.COMPLETED:
                    self._step(job.result())
            if self._job is None and self._is_coarse and self._draw is not None and self.visible is not None:
                self._is_coarse = False
                self._job = self._draw(self.visible)
            return self._job is not None or self._expected is not None

    def close(self) -> None:
        """Draw no further."""
        self._forget()

    def _forget(self) -> None:
        for job in (self._job, self._expected):
            if job is not None:
                job.cancel()
        self._job = self._expected = self.visible = None
        self._is_coarse = False

    def _move(self, move: Move) -> None:
        with self.widget.lock:
            if self._parts is None:
                return
            if move.kind == "home":
                self.home()
            elif move.kind in ("view", "wheel") and move.range is not None:
                self.visible, self._is_coarse = move.range, True
                self.widget.step((), {"xaxis.range": list(move.range)}, move.view if move.kind == "view" else None)
        self._on_news()

    def _step(self, parts: dict[str, Any]) -> None:
        """Send what differs between two views of one figure: the points, and the ranges and labels of the axes."""
        arrays = [{name: trace[name] for name in _ARRAYS if name in trace} for trace in parts["data"]]
        layout = {
            f"{axis}.{name}": value
            for axis, settings in parts["layout"].items()
            if axis.startswith(("xaxis", "yaxis"))
            for name, value in settings.items()
            if name in _AXIS
        }
        if self.visible is not None:  # moved on while it was drawn
            layout["xaxis.range"] = list(self.visible)
        self.widget.step(arrays, layout)


def _skeleton(parts: dict[str, Any]) -> str:
    """What has to be equal for values to change in place: the kinds and looks of traces, the axes, the size."""
    layout = parts["layout"]
    traces = [[trace.get(name) for name in _LOOKS] for trace in parts["data"]]
    axes = [[axis.get(name) for name in _SCALE] for name, axis in layout.items() if name[1:5] == "axis"]
    return repr([traces, axes, layout.get("height"), layout.get("template")])
