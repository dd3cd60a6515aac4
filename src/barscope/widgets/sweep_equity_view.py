"""The accounts of the best, the median and the worst combination in a panel; the wheel zooms."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.text import block
from barscope.widgets.figure_view import FigureView
from barscope.widgets.latest import Latest
from barscope.workspace.run_view import enqueue_figure
from barscope.workspace.sweep_equity import equity_figure, equity_picture, extreme_curves
from barscope.workspace.sweep_view import enqueue

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.charts.data import ChartSpec
    from barscope.charts.description import Description
    from barscope.jobs import Job
    from barscope.studies.sweep_result import SweepResult
    from barscope.workspace.run_view import FigureParts
    from barscope.workspace.sweep_equity import Curves
    from barscope.workspace.sweep_view import SweepLook, SweepPicture
    from barscope.workspace.workspace import Workspace


class SweepEquityView:
    """The figure.

    Attributes:
        widget: What a panel shows.
        figure: Where it is drawn.
        description: It in words; None before it is there.
    """

    def __init__(self, workspace: Workspace, height: int, on_news: Callable[[], None]) -> None:
        self._workspace = workspace
        self._on_news = on_news
        self._asked: object = None
        self._spec: ChartSpec | None = None
        self._result: SweepResult | None = None
        self._curves: Curves | None = None
        self._latest: Latest[tuple[Curves, SweepPicture]] = Latest(self._take, self._refuse)
        self.description: Description | None = None
        self.figure = FigureView(height, on_news)
        self._problem = widgets.HTML().add_class("barscope-hint")
        self.widget = widgets.VBox([self._problem, self.figure.widget]).add_class("barscope-sweep-equity")

    def show(self, result: SweepResult, look: SweepLook, spec: ChartSpec) -> None:
        """Compute and draw the accounts; nothing happens where that is done."""
        wanted = (result, look.metric, look.symbol, look.stretch, spec)
        if wanted == self._asked:
            return
        self._asked, self._spec, self._result = wanted, spec, result
        self._problem.value = block("Computing the accounts")
        self._latest.ask(enqueue(self._workspace, "equity", partial(self._make, result, look, spec)))
        self._on_news()

    def update(self) -> bool:
        """Take over what was computed; tells whether it waits for more."""
        waiting = self._latest.update()
        return self.figure.update() or waiting

    def close(self) -> None:
        """Compute no further."""
        self._latest.stop()
        self.figure.close()

    def _make(self, result: SweepResult, look: SweepLook, spec: ChartSpec) -> tuple[Curves, SweepPicture]:
        curves = extreme_curves(self._workspace, result, look)
        return curves, equity_picture(self._workspace, result, curves, spec)

    def _take(self, found: tuple[Curves, SweepPicture]) -> None:
        self._curves, picture = found
        self._problem.value = ""
        self.description = picture.description
        self.figure.widget.description = str(picture.description)
        self.figure.show(picture.parts, self._detail)

    def _detail(self, visible: tuple[float, float]) -> Job[FigureParts]:
        result, curves, spec = self._result, self._curves, self._spec
        assert result is not None and curves is not None and spec is not None  # noqa: S101, PT018  # it is drawn
        zoomed = replace(spec, visible=visible)
        return enqueue_figure(self._workspace, lambda: equity_figure(self._workspace, result, curves, zoomed))

    def _refuse(self, problem: str) -> None:
        self._problem.value = block(problem)
