"""Scenarios of a workspace: where their prices come from, and what is asked of them without a record."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from barscope.ingest.vendors.daily_cache import DailyCache
from barscope.ingest.vendors.vendor import DATABENTO, YFINANCE
from barscope.jobs import Stage
from barscope.studies.hedge_costs import STRETCHES, hedge_costs
from barscope.studies.price_source import StoredPrices, SyntheticPrices
from barscope.studies.scenario import ScenarioDesk, Scenarios, daily_prices
from barscope.studies.scenario_entry import entry_of
from barscope.studies.vendor_prices import VendorPrices
from barscope.workspace.scenario_frames import costs_frame, stretches_frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from barscope.jobs import Job
    from barscope.studies.price_source import PriceSource
    from barscope.studies.scenario_entry import ScenarioEntry
    from barscope.studies.scenario_request import ScenarioRequest
    from barscope.workspace.workspace import Workspace

_READING = (Stage("reading prices"),)
_numbers = itertools.count(1)


class WorkspaceScenarios(Scenarios):
    """The queue of scenarios of a workspace, with the studies that end in a table instead of a record."""

    def hedge_costs(self, request: ScenarioRequest, *, strike_pct: float = 1.0, months: int = 12) -> pd.DataFrame:
        """What puts would have cost over the prices of a scenario, by maturity and by the day they are rolled.

        Args:
            request: Prices, loan and what protection costs; its templates are not looked at.
            strike_pct: Strike as a share of the price at purchase.
            months: Maturity of the puts that are rolled.

        Returns:
            A row per maturity held to expiry, then one per day of rolling, the recommended first.

        Raises:
            BarscopeError: If the request does not hold.
        """
        prices = daily_prices(request, self.prices(request))
        return costs_frame(hedge_costs(prices, request.loan, request.terms, strike_pct=strike_pct, months=months))

    def compare_stretches(
        self, request: ScenarioRequest, stretches: Mapping[str, tuple[str, str | None]] = STRETCHES
    ) -> pd.DataFrame:
        """The templates of a scenario over several stretches of history; nothing is recorded.

        Args:
            request: What to run; its dates are not looked at.
            stretches: Name → first and last day, `YYYY-MM-DD`.

        Returns:
            A row per stretch and template.

        Raises:
            BarscopeError: If the request does not hold over one of them.
        """
        results = {}
        for name, (first, last) in stretches.items():
            results[name] = self.follow(request.model_copy(update={"start_date": first, "end_date": last}))
        return stretches_frame(results)


def enqueue_entry(ws: Workspace, request: ScenarioRequest) -> Job[ScenarioEntry]:
    """Read where a scenario would begin, without waiting for what is being computed; nothing is ever bought for it."""
    free = request.model_copy(update={"max_cost_usd": 0.0})
    work = lambda context: entry_of(request, ws.scenarios.prices(free, context.report))  # noqa: E731
    return ws.reads.submit(f"scenario-entry-{next(_numbers)}", work, _READING)


def scenarios_of(ws: Workspace) -> WorkspaceScenarios:
    """The queue of scenarios of a workspace."""
    delivered = DailyCache(ws.paths.folder / "vendors")
    sources: dict[str, PriceSource] = {
        "secmaster": StoredPrices(ws.secmaster, ws.bars),
        "synthetic": SyntheticPrices(),
        **{vendor.name: VendorPrices(vendor, delivered) for vendor in (DATABENTO, YFINANCE)},
    }
    desk = ScenarioDesk(ws.runs_store, sources, ws.hedge_templates.all)
    return WorkspaceScenarios(desk, ws.jobs, ws.run)
