"""The heat map and the parallel coordinates of a sweep in a panel: they fill while it computes, and hear clicks."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.parallel_coordinates import Brush
from barscope.domain.sweeps import NO_COMBINATION
from barscope.widgets.figure_view import FigureView
from barscope.widgets.latest import Latest
from barscope.workspace import sweep_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.charts.data import ChartSpec
    from barscope.charts.description import Description
    from barscope.domain.sweeps import SweepGrid
    from barscope.studies.sweep_result import SweepResult
    from barscope.widgets.guard import Guard
    from barscope.widgets.live_figure import Move
    from barscope.workspace.shelf import Shelf
    from barscope.workspace.sweep_view import SweepLook, SweepPicture

Shown = tuple["SweepResult", "SweepLook", "ChartSpec"]
_RELAYOUT_PX = 24
"""A width that differs by less needs no other labels."""
_LEAST_BRUSH = 0.01
"""A brush shorter than that share of an axis is a click, which takes the brushes of the axis away."""


class _Picture:
    """One figure that follows a sweep.

    Attributes:
        widget: What a panel shows.
        figure: Where it is drawn; made when there is something to draw.
        description: It in words; None before it is there.
        problem: Why there is nothing to see; empty where there is.
    """

    def __init__(self, workspace: Shelf, guard: Guard, height: int, on_news: Callable[[], None], tool: str) -> None:
        self._workspace = workspace
        self._on_news = on_news
        self._asked: object = None
        self._shown: Shown | None = None
        self._width: int | None = None
        self._guard, self._height, self._tool = guard, height, tool
        self.widget = widgets.VBox()
        self.figure: FigureView | None = None
        self.description: Description | None = None
        self.problem = ""
        self._latest: Latest[SweepPicture] = Latest(self._take, self._refuse)

    def show(self, result: SweepResult, look: SweepLook, spec: ChartSpec) -> None:
        """Draw a sweep; while one state of it is being drawn, the next waits."""
        before, self._shown = self._shown, (result, look, spec)
        if not (self._latest.is_waiting and before is not None and before[1:] == (look, spec)):
            self._draw()

    def update(self) -> bool:
        """Take over what was drawn; tells whether it waits for more."""
        if not self._latest.update():
            self._draw()  # what has changed since it was asked for
        return self._latest.is_waiting

    def close(self) -> None:
        """Draw no further."""
        self._latest.stop()
        if self.figure is not None:
            self.figure.close()

    def _draw(self) -> None:
        if self._shown is None:
            return
        result, look, spec = self._shown
        wanted = (result, look, replace(spec, width=self._width), self._own)
        if wanted != self._asked:
            self._asked = wanted
            self._latest.ask(sweep_view.enqueue(self._workspace, "picture", partial(self._make, *wanted)))
            self._on_news()

    @property
    def _own(self) -> tuple[Brush, ...]:
        """What is brushed."""
        return ()

    def _make(self, result: SweepResult, look: SweepLook, spec: ChartSpec, brushes: tuple[Brush, ...]) -> SweepPicture:
        raise NotImplementedError

    def _take(self, picture: SweepPicture) -> None:
        self.problem = ""
        self.description = picture.description
        figure = self.figure or self._make_figure()
        figure.widget.description = str(picture.description)
        figure.refresh(picture.parts)

    def _make_figure(self) -> FigureView:
        self.figure = FigureView(self._height)
        self.figure.widget.tool = self._tool
        self.figure.widget.on_move(self._guard(self._hear))
        self.widget.children = (self.figure.widget,)
        return self.figure

    def _refuse(self, problem: str) -> None:
        self.problem = problem

    def _hear(self, move: Move) -> None:
        if move.width is not None and abs(move.width - (self._width or 0)) > _RELAYOUT_PX:
            self._width = max(200, min(move.width, 10_000))
            self._draw()


class HeatmapView(_Picture):
    """The heat map; a cell that is clicked is told by its combination and its row."""

    def __init__(
        self,
        workspace: Shelf,
        guard: Guard,
        height: int,
        on_news: Callable[[], None],
        on_pick: Callable[[int, int], None],
    ) -> None:
        super().__init__(workspace, guard, height, on_news, "pick")
        self._on_pick = on_pick
        self.grid: SweepGrid | None = None

    def _make(self, result: SweepResult, look: SweepLook, spec: ChartSpec, brushes: tuple[Brush, ...]) -> SweepPicture:
        return sweep_view.heatmap(result, look, spec)

    def _take(self, picture: SweepPicture) -> None:
        super()._take(picture)
        self.grid = picture.grid

    def _hear(self, move: Move) -> None:
        super()._hear(move)
        if move.kind != "point" or move.range is None or self.grid is None:
            return
        column, row = (round(place) for place in move.range)
        rows, columns = self.grid.combinations.shape
        if 0 <= row < rows and 0 <= column < columns and self.grid.combinations[row, column] != NO_COMBINATION:
            self._on_pick(int(self.grid.combinations[row, column]), row)


class LinesView(_Picture):
    """Parallel coordinates; a drag along an axis keeps the lines that pass there, a click on it lets them go.

    Attributes:
        brushes: What is kept.
    """

    def __init__(self, workspace: Shelf, guard: Guard, height: int, on_news: Callable[[], None]) -> None:
        super().__init__(workspace, guard, height, on_news, "brush")
        self.brushes: tuple[Brush, ...] = ()

    def clear(self) -> None:
        """Keep all lines."""
        self.brush(())

    def brush(self, brushes: tuple[Brush, ...]) -> None:
        """Keep the lines that pass some stretches of the axes."""
        self.brushes = brushes
        self._draw()

    @property
    def _own(self) -> tuple[Brush, ...]:
        return self.brushes

    def _make(self, result: SweepResult, look: SweepLook, spec: ChartSpec, brushes: tuple[Brush, ...]) -> SweepPicture:
        return sweep_view.lines(result, look, spec, brushes)

    def _hear(self, move: Move) -> None:
        super()._hear(move)
        if move.kind == "home":
            self.clear()
        elif move.kind == "brush" and move.range is not None and move.place is not None and self._shown is not None:
            axis = min(max(round(move.place), 0), len(self._shown[0].parameter_names))
            low, high = sorted(min(max(end, 0.0), 1.0) for end in move.range)
            if high - low < _LEAST_BRUSH:
                self.brush(tuple(b for b in self.brushes if b.axis != axis))
            else:
                self.brush((*self.brushes, Brush(axis, low, high)))
