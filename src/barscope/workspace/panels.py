"""The panels and live charts a workspace hands out: the one place that imports upward, inside the functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barscope.charts.data import ChartData, ChartSpec
    from barscope.widgets.explorer_panel import ExplorerPanel
    from barscope.widgets.live_chart import LiveChart
    from barscope.workspace.workspace import Workspace


def explorer_panel(workspace: Workspace) -> ExplorerPanel:
    """The explorer panel over a workspace."""
    from barscope.widgets.explorer_panel import ExplorerPanel

    return ExplorerPanel(workspace)


def live_chart(data: ChartData, spec: ChartSpec | None = None) -> LiveChart:
    """A live chart of some bars and series."""
    from barscope.widgets.live_chart import LiveChart

    return LiveChart(data, spec)
