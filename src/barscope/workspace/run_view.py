"""What the screen needs of one run: its chart, trades, metrics and figures, read and drawn in the background."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from barscope.jobs import JobContext, Stage
from barscope.studies.scenario_result import LTV_PANE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import plotly.graph_objects as go

    from barscope.charts.data import ChartData, ChartSpec
    from barscope.domain.performance import Summary
    from barscope.domain.roundtrips import RoundTrip
    from barscope.jobs import Job
    from barscope.studies.hedge_costs import HedgeCosts
    from barscope.studies.scenario_result import ScenarioResult
    from barscope.studies.sweep_result import SweepResult
    from barscope.workspace.run import Run
    from barscope.workspace.shelf import Shelf

STAGES = (Stage("opening the run", 4), Stage("computing results", 1), Stage("drawing", 1))
_numbers = itertools.count(1)

FigureParts = dict[str, Any]
"""A figure as Plotly's `data` and `layout`."""


@dataclass(frozen=True, slots=True)
class RunView:
    """One run, ready to be shown.

    Attributes:
        run: The run.
        symbol: The symbol in the chart; None where the run has no results.
        spec: How the figures are drawn.
        chart: What the chart draws.
        trips: The round trips of a backtest.
        summary: Its metrics.
        figures: `equity`, `pnl` and `journey` of a backtest, `ltv` of a scenario.
        scenario: The result of a scenario.
        sweep: What is there of a sweep.
    """

    run: Run
    symbol: str | None
    spec: ChartSpec
    chart: ChartData | None = None
    trips: tuple[RoundTrip, ...] = ()
    summary: Summary | None = None
    figures: Mapping[str, FigureParts] = field(default_factory=dict)
    scenario: ScenarioResult | None = None
    sweep: SweepResult | None = None

    @property
    def is_backtest(self) -> bool:
        """Whether it traded."""
        return self.summary is not None


def enqueue_run_view(
    ws: Shelf, run_id: str, symbol: str | None, spec: ChartSpec, known: Run | None = None
) -> Job[RunView]:
    """Read a run without waiting for explorations and backtests.

    Args:
        ws: Where the run is.
        run_id: The run.
        symbol: Which of its symbols to chart; None is its first.
        spec: How to draw the figures.
        known: The run where it was opened before: what it has read is not read again.
    """
    work = lambda context: read_run_view(context, ws, run_id, symbol, spec, known)  # noqa: E731
    return ws.reads.submit(f"run-view-{next(_numbers)}", work, STAGES)


def enqueue_figure(ws: Shelf, draw: Callable[[], go.Figure]) -> Job[FigureParts]:
    """Draw another figure of a run that was opened."""
    work = lambda _context: parts_of(draw())  # noqa: E731
    return ws.reads.submit(f"figure-{next(_numbers)}", work, STAGES[-1:])


def enqueue_hedge_costs(ws: Shelf, run: Run) -> Job[HedgeCosts]:
    """Price puts of other maturities and rolls over the prices of a recorded scenario."""

    def work(context: JobContext) -> HedgeCosts:
        from barscope.studies.hedge_costs import hedge_costs

        result, check = run.scenario, lambda _day: context.check()
        return hedge_costs(result.prices, result.loan, result.terms, on_day=check)

    return ws.reads.submit(f"hedge-costs-{next(_numbers)}", work, (Stage("pricing puts"),))


def read_run_view(
    context: JobContext, ws: Shelf, run_id: str, symbol: str | None, spec: ChartSpec, known: Run | None
) -> RunView:
    """The work of `enqueue_run_view`.

    Raises:
        UnknownRunError: If there is no such run any more.
    """
    context.enter("opening the run")
    run = known or ws.run(run_id)
    if run.config.get("mode") == "sweep" and run.sweep.done:
        return RunView(run, None, spec, sweep=run.sweep)
    if run.status != "completed" or not run.symbols:
        return RunView(run, None, spec)
    chosen = symbol if symbol in run.symbols else run.symbols[0]
    chart = run.chart_data(chosen)
    context.enter("computing results")
    if run.config.get("mode") == "scenario":
        values = chart.with_series(tuple(series for series in chart.series if series.group != LTV_PANE))
        figures = {"ltv": parts_of(run.ltv_figure(spec))}
        return RunView(run, chosen, spec, values, figures=figures, scenario=run.scenario)
    if run.config.get("mode") != "backtest":
        return RunView(run, chosen, spec, chart)
    trips, summary = run.result.round_trips, run.summary()
    context.enter("drawing")
    return RunView(run, chosen, spec, chart, trips, summary, _figures(run, spec))


def _figures(run: Run, spec: ChartSpec) -> dict[str, FigureParts]:
    drawn = {
        "equity": run.equity_figure(spec),
        "pnl": run.pnl_figure(spec),
        "journey": run.journey_figure(spec),
    }
    return {name: parts_of(figure) for name, figure in drawn.items()}


def parts_of(figure: go.Figure) -> FigureParts:
    """The parts of a figure, its arrays as they are."""
    return {"data": [trace.to_plotly_json() for trace in figure.data], "layout": figure.layout.to_plotly_json()}
