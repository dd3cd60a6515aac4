"""The panels and live charts a workspace hands out: the one place that imports upward, inside the functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barscope.charts.data import ChartData, ChartSpec
    from barscope.widgets.backtest_panel import BacktestPanel
    from barscope.widgets.explorer_panel import ExplorerPanel
    from barscope.widgets.live_chart import LiveChart
    from barscope.widgets.runs_panel import RunsPanel
    from barscope.widgets.splits_panel import SplitsPanel
    from barscope.workspace.workspace import Workspace


def explorer_panel(workspace: Workspace) -> ExplorerPanel:
    """The explorer panel over a workspace."""
    from barscope.widgets.explorer_panel import ExplorerPanel

    return ExplorerPanel(workspace)


def backtest_panel(workspace: Workspace) -> BacktestPanel:
    """The backtest panel over a workspace."""
    from barscope.widgets.backtest_panel import BacktestPanel

    return BacktestPanel(workspace)


def runs_panel(workspace: Workspace) -> RunsPanel:
    """The runs panel over a workspace."""
    from barscope.widgets.runs_panel import RunsPanel

    return RunsPanel(workspace)


def splits_panel(workspace: Workspace) -> SplitsPanel:
    """The splits panel over a workspace."""
    from barscope.widgets.splits_panel import SplitsPanel

    return SplitsPanel(workspace)


def live_chart(data: ChartData, spec: ChartSpec | None = None) -> LiveChart:
    """A live chart of some bars and series."""
    from barscope.widgets.live_chart import LiveChart

    return LiveChart(data, spec)
