"""A sweep in tabs: heat map, parallel coordinates, table; where it may be computed with, accounts and judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.data import ChartSpec
from barscope.widgets.result_tabs import HEAT_MAP, JUDGEMENT, LINES, SWEEP_EQUITY, SWEEP_TABLE
from barscope.widgets.sweep_look import SweepLookFields
from barscope.widgets.sweep_pictures import HeatmapView, LinesView
from barscope.widgets.sweep_table import SweepTable
from barscope.workspace.sweep_view import STRETCH, SYMBOL

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.charts.description import Description
    from barscope.studies.sweep_result import SweepResult
    from barscope.widgets.guard import Guard
    from barscope.widgets.sweep_equity_view import SweepEquityView
    from barscope.widgets.sweep_judgement_view import JudgementView
    from barscope.widgets.sweep_table import Child
    from barscope.workspace.shelf import Shelf

_TURNS = 5
"""Updates from one state of a sweep that computes to the next: half a second, which leaves the processor to it."""
BAR_PX = 48
"""Of the fields above a picture."""


class SweepTabs:
    """The tabs; each draws the sweep that was shown last when it is turned to.

    Args:
        workspace: Where reading is done.
        guard: Of the panel.
        spec: Theme and height of a tab.
        on_news: Called when something was asked for: somebody has to call `update` until it is there.
        on_child: Gets the child of a cell or row that was clicked; None where children cannot be opened.
        equity, judgement: What computes; None where nothing may.

    Attributes:
        fields: Metric, stretch, symbol and the parameters of the heat map.
        heatmap, lines, table, equity, judgement: The tabs.
        panes: Tab → widget.
        bar: The fields that matter to the open tab; stands above it.
        pick: The combination that was clicked; None marks the best.
    """

    def __init__(
        self,
        workspace: Shelf,
        guard: Guard,
        spec: ChartSpec,
        on_news: Callable[[], None],
        on_child: Callable[[Child], None] | None = None,
        *,
        equity: SweepEquityView | None = None,
        judgement: JudgementView | None = None,
    ) -> None:
        self._on_child = on_child
        self._spec = spec
        self._result: SweepResult | None = None
        self._next: SweepResult | None = None
        self._is_live = False
        self._turns = 0
        self.pick: int | None = None
        height = spec.height - BAR_PX
        self.fields = SweepLookFields(guard, self._draw)
        self.heatmap = HeatmapView(workspace, guard, height, on_news, self._pick)
        self.lines = LinesView(workspace, guard, height, on_news)
        self.table = SweepTable(workspace, guard, on_news)
        self.equity, self.judgement = equity, judgement
        self.clear = widgets.Button(description="All lines", tooltip="Take the brushes away")
        self.clear.on_click(guard(lambda _button: self.lines.clear()))
        self.table.on_open(guard(self._open))
        self._tab = ""
        self.bar = widgets.Box([self.fields.widget, self.clear]).add_class("barscope-sweep-bars")
        self.panes = self._arrange()
        self.show_bar("")

    @property
    def result(self) -> SweepResult | None:
        """The sweep that is shown."""
        return self._result

    def turn_to(self, tab: str, spec: ChartSpec) -> None:
        """Draw a tab, where it is not drawn already."""
        self._tab, self._spec = tab, spec
        self._draw()

    def show(self, result: SweepResult, *, is_live: bool = False) -> None:
        """Another sweep, or another state of the same one.

        Args:
            result: It.
            is_live: Whether it computes: its next states wait a moment, and nothing else is computed meanwhile.
        """
        was_live, self._is_live = self._is_live, is_live
        if result is self._result and was_live == is_live:
            return
        is_same = self._result is not None and result.request == self._result.request
        if is_same and is_live and self._result is not None and self._result.done:
            self._next = result
            return
        if not is_same:
            self.pick, self.lines.brushes = None, ()
        self._take(result)

    def _take(self, result: SweepResult) -> None:
        self._result, self._next, self._turns = result, None, 0
        self.fields.offer(result)
        self._draw()

    def show_bar(self, tab: str) -> None:
        """Show the fields that matter to a tab; none where it is not of a sweep."""
        self.bar.layout.display = "" if tab in self.panes and tab != SWEEP_TABLE else "none"
        self.clear.layout.display = "" if tab == LINES else "none"
        self.fields.show(axes=tab == HEAT_MAP)

    def update(self) -> bool:
        """Take over what was read and drawn; tells whether it waits for more."""
        self._turns += 1
        if self._next is not None and self._turns >= _TURNS:
            self._take(self._next)
        waiting = [part.update() for part in self._parts if part is not None]
        return any(waiting) or self._next is not None

    def description(self, tab: str) -> Description | None:
        """A tab in words; None where there is none."""
        found = {HEAT_MAP: self.heatmap, LINES: self.lines, SWEEP_EQUITY: self.equity}.get(tab)
        return None if found is None else found.description

    def close(self) -> None:
        """Read no further."""
        for part in self._parts:
            if part is not None:
                part.close()

    @property
    def _parts(self) -> tuple[HeatmapView | LinesView | SweepTable | SweepEquityView | JudgementView | None, ...]:
        return self.heatmap, self.lines, self.table, self.equity, self.judgement

    def _draw(self) -> None:
        result = self._result
        look = self.fields.look(self.pick) if result is not None and result.done else None
        if result is None or look is None:
            return
        spec = ChartSpec(theme=self._spec.theme, height=self._spec.height - BAR_PX)
        if self._tab == HEAT_MAP:
            self.heatmap.show(result, look, spec)
        elif self._tab == LINES:
            self.lines.show(result, look, spec)
        elif self._tab == SWEEP_TABLE:
            self.table.show(result, look)
        elif self._tab == SWEEP_EQUITY and self.equity is not None and not self._is_live:
            self.equity.show(result, look, spec)
        elif self._tab == JUDGEMENT and self.judgement is not None and not self._is_live:
            self.judgement.show(result, look)

    def _pick(self, combination: int, row: int) -> None:
        """A cell was clicked: mark it, and open its child on the symbol of its row or its picture, or on the first."""
        self.pick = combination
        self._draw()
        look, grid = self.fields.look(combination), self.heatmap.grid
        if look is None or grid is None or self._result is None:
            return
        side = {grid.y_name: str(grid.y_values[row])}
        symbol = side.get(SYMBOL, look.symbol or self._result.request.symbols[0])
        self._open((combination, symbol, side.get(STRETCH, look.stretch)))

    def _open(self, child: Child) -> None:
        if self._on_child is not None:
            self._on_child(child)

    def _arrange(self) -> dict[str, widgets.Widget]:
        panes: dict[str, widgets.Widget] = {
            HEAT_MAP: self.heatmap.widget,
            LINES: self.lines.widget,
            SWEEP_TABLE: self.table.widget,
        }
        computed = {SWEEP_EQUITY: self.equity, JUDGEMENT: self.judgement}
        return panes | {tab: view.widget for tab, view in computed.items() if view is not None}
