"""The tables of a scenario: its templates ranked, the days of one of them, and what puts would have cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.description import Description
from barscope.charts.text import block, plain, price
from barscope.jobs import JobStatus
from barscope.widgets.data_table import Column, DataTable, TableRow
from barscope.widgets.formats import count
from barscope.widgets.scenario_cards import ratio
from barscope.workspace.run_view import enqueue_hedge_costs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from barscope.jobs import Job
    from barscope.studies.hedge_costs import HedgeCost, HedgeCosts
    from barscope.studies.scenario_result import ScenarioResult
    from barscope.widgets.guard import Guard
    from barscope.workspace.run_view import RunView
    from barscope.workspace.shelf import Shelf


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _share(value: float) -> str:
    return f"{value:+.2%}"


_UNPRICED = "Not priced yet"
_RANKING = (
    Column("rank", "#", str, "right", 30, 0.1),
    Column("template_name", "Template", str, "left", 170, 2),
    Column("survived", "Survived", _yes, "left", 76, 0.3, toned=True),
    Column("max_ltv", "Max LTV", ratio, "right", 76, 0.3),
    Column("max_ltv_at_low", "At the low", ratio, "right", 82, 0.3, spare=3),
    Column("margin_call_days", "Call days", "{:,}".format, "right", 76, 0.3),
    Column("first_margin_call", "First call", str, "left", 98, 0.3, spare=4),
    Column("total_hedge_cost", "Premiums", _whole, "right", 80, 0.4),
    Column("net_hedge_cost", "Net cost", _whole, "right", 78, 0.4, spare=1),
    Column("annual_cost_pct", "A year", _share, "right", 76, 0.3, spare=5),
    Column("final_equity", "Final equity", _whole, "right", 92, 0.4, spare=2),
    Column("puts_bought", "Puts", "{:,}".format, "right", 52, 0.2, spare=6),
)
_DAILY = (
    Column("date", "Day", str, "left", 100, 0.2),
    Column("spot_close", "Close", price, "right", 70, 0.3),
    Column("spot_low", "Low", price, "right", 70, 0.3, spare=4),
    Column("underlying_value", "Underlying", _whole, "right", 88, 0.4, spare=1),
    Column("option_market_value", "Puts", _whole, "right", 70, 0.4),
    Column("cash", "Cash", _whole, "right", 72, 0.4, spare=3),
    Column("net_portfolio_value", "Net value", _whole, "right", 80, 0.4),
    Column("option_contracts", "Contracts", "{:,.4g}".format, "right", 76, 0.3, spare=5),
    Column("ltv_unhedged", "LTV unhedged", ratio, "right", 104, 0.3),
    Column("ltv_hedged", "LTV hedged", ratio, "right", 92, 0.3),
    Column("low_ltv_hedged", "At the low", ratio, "right", 82, 0.3, spare=2),
    Column("called", "Called", str, "left", 78, 0.3, toned=True),
)


def _cost_columns(heading: str) -> tuple[Column, ...]:
    return (
        Column("how", heading, str, "left", 150, 1),
        Column("first", "First premium a year", "{:.2%}".format, "right", 140, 0.4),
        Column("net", "Net cost a year", _share, "right", 110, 0.4),
        Column("max_ltv", "Max LTV", ratio, "right", 80, 0.3),
        Column("survived", "Survived", _yes, "left", 80, 0.3, toned=True),
    )


class ScenarioTabs:
    """The tables; each shows what `show` was given last.

    Attributes:
        ranking: The templates from best to worst.
        template: Which template's days are looked at.
        daily: Its days.
        costs: What puts cost by maturity and by roll, with the recommended way in words.
        by_maturity, by_roll: The tables of `costs`.
        advice: The words.
    """

    def __init__(self, workspace: Shelf, guard: Guard, on_template: Callable[[], None]) -> None:
        self._workspace = workspace
        self._on_template = on_template
        self._result: ScenarioResult | None = None
        self._priced: RunView | None = None
        self._job: Job[HedgeCosts] | None = None
        self.ranking = DataTable(_RANKING, guard, label="Templates", nothing="No templates")
        self.daily = DataTable(_DAILY, guard, label="Days", nothing="No days")
        self.by_maturity = DataTable(_cost_columns("By maturity"), guard, label="Costs by maturity", nothing=_UNPRICED)
        self.by_roll = DataTable(_cost_columns("By roll"), guard, label="Costs by roll", nothing=_UNPRICED)
        self.template = widgets.Dropdown(tooltip="The template whose days are shown")
        self.advice = widgets.HTML().add_class("barscope-text")
        self.costs = widgets.VBox([self.advice, self.by_maturity, self.by_roll]).add_class("barscope-costs")
        self.template.observe(guard(lambda _change: self._show_days()), "value")

    def show(self, view: RunView) -> None:
        """The tables of another run; nothing happens where it is no scenario, or the one that is shown."""
        result = view.scenario
        if result is None or result is self._result:
            return
        self._result = result
        rows = result.ranking()
        self.ranking.show([TableRow(row["template_slug"], row, _tone(row["survived"])) for row in rows])
        best = rows[0]["template_slug"]
        self.template.options = [(plain(result.template_name(slug)), slug) for slug in result.slugs]
        self.template.value = best
        self._show_days()

    def price(self, view: RunView) -> None:
        """Price the puts of the costs, where that is not done already."""
        if view is self._priced or view.scenario is None:
            return
        self._stop()
        self._priced = view
        self.advice.value = block("Pricing puts of other maturities")
        self._job = enqueue_hedge_costs(self._workspace, view.run)

    def update(self) -> bool:
        """Take over what was priced; tells whether it waits for more."""
        job = self._job
        if job is not None and job.snapshot.status.is_terminal:
            self._job = None
            if job.snapshot.status is JobStatus.COMPLETED:
                self._show_costs(job.result())
            elif job.snapshot.status is JobStatus.FAILED:
                self.advice.value = block(job.snapshot.error)
        return self._job is not None

    def close(self) -> None:
        """Price no further."""
        self._stop()

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._priced = None

    def _show_days(self) -> None:
        result, slug = self._result, self.template.value
        if result is not None and slug in result.slugs:
            self.daily.show(_day_rows(result, slug))
            if self.ranking.current != slug:
                self.ranking.current = ""
            self._on_template()

    def _show_costs(self, costs: HedgeCosts) -> None:
        self.by_maturity.show(_cost_rows(costs.by_maturity, lambda cost: f"{cost.months} months, held to expiry"))
        self.by_roll.show(_cost_rows(costs.by_roll, _rolled))
        self.advice.value = block(advice(costs))


def describe_scenario(result: ScenarioResult) -> Description:
    """Loan-to-value in words: the greatest ratio and the margin calls, bare and under each template."""
    flat = result.summary
    facts = [
        ("Days", f"{flat['start_date']} to {flat['end_date']}"),
        ("Margin-call LTV", ratio(flat["margin_call_ltv"])),
        ("Margin-call price", price(flat["margin_call_price"])),
        ("Unhedged", _said(flat["max_ltv_unhedged"], flat["margin_call_days_unhedged"])),
        *((plain(row["template_name"]), _said(row["max_ltv"], row["margin_call_days"])) for row in result.ranking()),
    ]
    return Description(f"Loan-to-value on {plain(flat['symbol'])}", tuple(facts))


def _said(most: float | None, calls: int) -> str:
    return f"max {ratio(most)}, " + (f"called on {count(calls, 'day')}" if calls else "never called")


def advice(costs: HedgeCosts) -> str:
    """Which way to roll would have been best over these prices, in a sentence."""
    best = costs.by_roll[0]
    how = _rolled(best)
    called = "never called" if best.survived else "called all the same"
    return (
        f"Puts at the money, as a share of the asset a year. Of those of {best.months} months, {how.lower()} would "
        f"have been best over these prices: {called}, net cost {_share(best.net_cost_pct_per_year)} a year. "
        "A cost below zero is a gain; what was best here need not be best again."
    )


def _rolled(cost: HedgeCost) -> str:
    days = cost.roll_days_before
    return "Held to expiry" if days is None else f"Rolled {days} days before"


def _cost_rows(costs: Iterable[HedgeCost], how: Callable[[HedgeCost], str]) -> list[TableRow]:
    return [
        TableRow(
            how(cost),
            {
                "how": how(cost),
                "first": cost.first_premium_pct_per_year,
                "net": cost.net_cost_pct_per_year,
                "survived": cost.survived,
                "max_ltv": cost.max_ltv,
            },
            _tone(cost.survived),
        )
        for cost in costs
    ]


def _day_rows(result: ScenarioResult, slug: str) -> list[TableRow]:
    days: dict[str, Any] = result.daily(slug)
    bare, hedged = days["margin_call_unhedged"].tolist(), days["margin_call_hedged"].tolist()
    columns = {name: (values.astype(str) if name == "date" else values).tolist() for name, values in days.items()}
    rows = zip(*columns.values(), strict=True)
    return [
        TableRow(
            columns["date"][n],
            dict(zip(columns, row, strict=True)) | {"called": _called(bare[n], hedged[n])},
            "bad" if hedged[n] else "",
        )
        for n, row in enumerate(rows)
    ]


def _called(bare: bool, hedged: bool) -> str | None:
    """Who is called on a day."""
    if hedged:
        return "both" if bare else "hedged"
    return "unhedged" if bare else None


def _tone(survived: bool) -> Any:  # noqa: ANN401  # a tone of a row
    return "good" if survived else "bad"
