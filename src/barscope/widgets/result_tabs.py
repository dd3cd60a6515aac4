"""Which tabs the results of a run have, and what is said of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.charts.description import Description, describe_chart, describe_equity, describe_trades
from barscope.charts.text import plain
from barscope.widgets.data_table import TableRow
from barscope.widgets.formats import count
from barscope.widgets.scenario_tabs import describe_scenario

if TYPE_CHECKING:
    from barscope.workspace.run_view import RunView

CHART, EQUITY, PNL, TRADES, JOURNEY, METRICS, CARD, OUTCOME = (
    "Chart", "Equity", "P&L", "Trades", "Journey", "Metrics", "Run card", "Outcome",
)  # fmt: skip
LTV, TEMPLATES, DAILY, COSTS = "LTV", "Templates", "Daily", "Costs"
HEAT_MAP, LINES, SWEEP_TABLE, SWEEP_EQUITY, JUDGEMENT = (
    "Heat map", "Parallel coordinates", "Table", "Best and worst", "Judgement",
)  # fmt: skip
OF_BACKTESTS = (CHART, EQUITY, PNL, TRADES, JOURNEY, METRICS, CARD)
_OF_EXPLORATIONS = (CHART, CARD)
OF_SCENARIOS = (CHART, LTV, TEMPLATES, DAILY, COSTS, CARD)
OF_SWEEPS = (HEAT_MAP, LINES, SWEEP_TABLE, CARD)
_OF_OTHERS = (OUTCOME, CARD)
FIGURES = {EQUITY: "equity", PNL: "pnl", JOURNEY: "journey", LTV: "ltv"}
"""The tabs with a figure, and what it is called in a `RunView`."""


def tabs_of(view: RunView) -> tuple[str, ...]:
    """The tabs of a run, by its kind and by whether it has results."""
    if view.is_backtest:
        return OF_BACKTESTS
    if view.scenario is not None:
        return OF_SCENARIOS
    if view.sweep is not None:
        return OF_SWEEPS
    return _OF_EXPLORATIONS if view.chart is not None else _OF_OTHERS


def descriptions(view: RunView) -> dict[str, Description]:
    """What each chart of a run shows, in words, by tab."""
    said: dict[str, Description] = {}
    if view.chart is not None:
        said[CHART] = describe_chart(view.chart)
    if view.summary is not None:
        said[EQUITY] = describe_equity(view.summary)
        said[PNL] = describe_trades("Profit and loss by trade", view.trips)
        said[JOURNEY] = describe_trades("Journey of the trades", view.trips)
    if view.scenario is not None:
        said[LTV] = describe_scenario(view.scenario)
    return said


def headline(view: RunView) -> str:
    """A run in one line: its name, its symbols, what it came to."""
    name = ", ".join(plain(symbol) for symbol in view.run.symbols[:3])
    parts = [view.run.record.name, name]
    if view.summary is not None:
        numbers = view.summary
        trips = numbers.round_trips + numbers.open_trips
        parts += [f"{numbers.total_return:+.2%}", f"Sharpe {numbers.sharpe:.2f}", count(trips, "trade")]
    elif view.sweep is not None:
        parts += [f"{n:,} {state}" for state, n in view.sweep.counts().items() if n]
    elif view.run.status != "completed":
        parts.append(view.run.status)
    return " · ".join(part for part in parts if part)


def metric_rows(view: RunView) -> list[TableRow]:
    """The metrics of a backtest as rows; none for other runs."""
    rows: Any = () if view.summary is None else view.summary.rows()
    return [TableRow(label, {"what": label, "value": text}) for label, text in rows]
