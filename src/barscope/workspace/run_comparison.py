"""Two runs side by side, read in the background: what they came from, what came out, where they part."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from barscope.domain.periods import period_of_rtype
from barscope.jobs import JobContext, Stage
from barscope.store.runs_schema import EVENT_TABLES
from barscope.studies.comparison import BAR_TABLES, config_differences, first_difference, first_different_bar
from barscope.workspace.run_view import parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.charts.data import ChartSpec
    from barscope.domain.performance import Summary
    from barscope.jobs import Job
    from barscope.studies.comparison import Difference
    from barscope.workspace.run import Run
    from barscope.workspace.run_view import FigureParts
    from barscope.workspace.shelf import Shelf

STAGES = (Stage("opening both runs", 2), Stage("comparing events", 3), Stage("drawing", 1))
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Two runs.

    Attributes:
        runs: Both.
        changed: What they came from differently: dotted key → the two values.
        summaries: Their metrics; None for one that is no backtest or not completed.
        has_events: Whether both are completed, so that there are events to compare.
        difference: The first event in which they differ, or None.
        order_difference: The first such event that is about an order, or None.
        equity: Their equity curves in one figure, where both have one.
    """

    runs: tuple[Run, Run]
    changed: Mapping[str, tuple[Any, Any]]
    summaries: tuple[Summary | None, Summary | None]
    has_events: bool
    difference: Difference | None
    order_difference: Difference | None
    equity: FigureParts | None


def enqueue_comparison(ws: Shelf, first: str, second: str, spec: ChartSpec) -> Job[RunComparison]:
    """Compare two runs without waiting for explorations and backtests."""
    work = lambda context: read_comparison(context, ws, first, second, spec)  # noqa: E731
    return ws.reads.submit(f"comparison-{next(_numbers)}", work, STAGES)


def read_comparison(context: JobContext, ws: Shelf, first: str, second: str, spec: ChartSpec) -> RunComparison:
    """The work of `enqueue_comparison`.

    Raises:
        UnknownRunError: If one of them is not there any more.
    """
    context.enter("opening both runs")
    one, other = ws.run(first), ws.run(second)
    summaries = (_summary(one), _summary(other))
    context.enter("comparing events")
    has_events = one.status == other.status == "completed"
    difference = order_difference = None
    if has_events:
        about_orders = [table for table in EVENT_TABLES if table not in BAR_TABLES]
        order_difference = first_difference(ws.runs_store, first, second, context.check, about_orders)
        found = (first_different_bar(ws.runs_store, first, second, context.check), order_difference)
        difference = min(filter(None, found), key=lambda one: one.ts_event_ns, default=None)
    context.enter("drawing")
    equity = None
    if all(summary is not None for summary in summaries):
        equity = _equity(one, other, spec)
    changed = config_differences(one.config, other.config)
    return RunComparison((one, other), changed, summaries, has_events, difference, order_difference, equity)


def _equity(one: Run, other: Run, spec: ChartSpec) -> FigureParts:
    from barscope.charts.equity import comparison_figure

    curves = {"First": one.result.equity, "Second": other.result.equity}
    periods = [period_of_rtype(run.config["rtype"]) for run in (one, other)]
    shortest = min(periods, key=lambda period: period.length_ns)
    return parts_of(comparison_figure(curves, spec, period=shortest, zone=one.zone))


def _summary(run: Run) -> Summary | None:
    is_backtest = run.status == "completed" and run.config.get("mode") == "backtest"
    return run.summary() if is_backtest else None
