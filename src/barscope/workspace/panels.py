"""The panels and live charts a workspace hands out: the one place that imports upward, inside the functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from barscope.charts.data import ChartData, ChartSpec
    from barscope.widgets.backtest_panel import BacktestPanel
    from barscope.widgets.explorer_panel import ExplorerPanel
    from barscope.widgets.live_chart import LiveChart
    from barscope.widgets.quality_panel import QualityPanel
    from barscope.widgets.runs_panel import RunsPanel
    from barscope.widgets.scenario_panel import ScenarioPanel
    from barscope.widgets.splits_panel import SplitsPanel
    from barscope.widgets.sweep_panel import SweepPanel
    from barscope.workspace.workspace import Workspace


class Panels:
    """The panels of a workspace; `Workspace` alone derives from it."""

    def splits_panel(self) -> SplitsPanel:
        """Splits as a panel: choose bars and percentages, look at the bars of each region, save, rename, delete."""
        from barscope.widgets.splits_panel import SplitsPanel

        return SplitsPanel(self._workspace)

    def explorer_panel(self) -> ExplorerPanel:
        """The explorer as a panel: choose bars and indicators, watch them compute, look at them."""
        from barscope.widgets.explorer_panel import ExplorerPanel

        return ExplorerPanel(self._workspace)

    def backtest_panel(self) -> BacktestPanel:
        """Backtests as a panel: choose bars and a strategy, watch it run, look at what came out."""
        from barscope.widgets.backtest_panel import BacktestPanel

        return BacktestPanel(self._workspace)

    def runs_panel(self) -> RunsPanel:
        """All runs as a panel: find them, look at what each came from and what came out, compare, repeat, delete."""
        from barscope.widgets.runs_panel import RunsPanel

        return RunsPanel(self._workspace)

    def quality_panel(self) -> QualityPanel:
        """Data quality as a panel: examine stored bars, and look at each finding on a chart."""
        from barscope.widgets.quality_panel import QualityPanel

        return QualityPanel(self._workspace)

    def scenario_panel(self) -> ScenarioPanel:
        """Scenarios as a panel: describe a loan, choose templates of protection, look at what would have happened."""
        from barscope.widgets.scenario_panel import ScenarioPanel

        return ScenarioPanel(self._workspace)

    def sweep_panel(self) -> SweepPanel:
        """Sweeps as a panel: choose ranges of parameters, watch the heat map fill, open any child, judge the picks."""
        from barscope.widgets.sweep_panel import SweepPanel

        return SweepPanel(self._workspace)

    @property
    def _workspace(self) -> Workspace:
        return cast("Workspace", self)


def live_chart(data: ChartData, spec: ChartSpec | None = None) -> LiveChart:
    """A live chart of some bars and series."""
    from barscope.widgets.live_chart import LiveChart

    return LiveChart(data, spec)
