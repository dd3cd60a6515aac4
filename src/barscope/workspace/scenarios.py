"""Scenarios of a workspace: where their prices come from, and their results as DataFrames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barscope.studies.price_source import StoredPrices, SyntheticPrices
from barscope.studies.scenario import ScenarioDesk, Scenarios

if TYPE_CHECKING:
    import pandas as pd

    from barscope.studies.price_source import PriceSource
    from barscope.studies.scenario_result import ScenarioResult
    from barscope.workspace.workspace import Workspace


def scenarios_of(ws: Workspace) -> Scenarios:
    """The queue of scenarios of a workspace."""
    sources: dict[str, PriceSource] = {"secmaster": StoredPrices(ws.secmaster, ws.bars), "synthetic": SyntheticPrices()}
    desk = ScenarioDesk(ws.runs_store, sources, ws.hedge_templates.all)
    return Scenarios(desk, ws.jobs, ws.run)


def daily_frame(result: ScenarioResult, slug: str) -> pd.DataFrame:
    """Prices, values, loan-to-value ratios and margin calls of one template, indexed by day."""
    import pandas as pd

    days = result.daily(slug)
    dates = pd.DatetimeIndex(days.pop("date").astype("datetime64[ns]"), name="date")
    return pd.DataFrame(days, index=dates)


def ranking_frame(result: ScenarioResult) -> pd.DataFrame:
    """The templates from best to worst, indexed by rank."""
    import pandas as pd

    return pd.DataFrame(list(result.ranking())).set_index("rank")
