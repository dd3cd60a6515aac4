"""The results of scenarios as DataFrames and curves; reading them needs no workspace that writes."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from barscope.charts.ltv import LtvCurve

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from barscope.studies.hedge_costs import HedgeCosts
    from barscope.studies.scenario_result import ScenarioResult


def daily_frame(result: ScenarioResult, slug: str) -> pd.DataFrame:
    """Prices, values, loan-to-value ratios and margin calls of one template, indexed by day."""
    import pandas as pd

    days = result.daily(slug)
    dates = pd.DatetimeIndex(days.pop("date").astype("datetime64[ns]"), name="date")
    return pd.DataFrame(days, index=dates)


def every_day_frame(result: ScenarioResult) -> pd.DataFrame:
    """The days of all templates, indexed by template and day."""
    import pandas as pd

    return pd.concat({slug: daily_frame(result, slug) for slug in result.slugs}, names=["template_slug"])


def ranking_frame(result: ScenarioResult) -> pd.DataFrame:
    """The templates from best to worst, indexed by rank."""
    import pandas as pd

    return pd.DataFrame(list(result.ranking())).set_index("rank")


def stretches_frame(results: Mapping[str, ScenarioResult]) -> pd.DataFrame:
    """A row per stretch and template, the templates of each stretch from best to worst."""
    import pandas as pd

    frame = pd.concat({stretch: ranking_frame(result) for stretch, result in results.items()}, names=["stretch"])
    return frame.reset_index("rank").set_index("template_slug", append=True)


def costs_frame(costs: HedgeCosts) -> pd.DataFrame:
    """A row per maturity held to expiry, then a row per day of rolling; the recommended way to roll is marked."""
    import pandas as pd

    maturities = [{"study": "maturity", **asdict(cost), "recommended": False} for cost in costs.by_maturity]
    rolls = [{"study": "roll", **asdict(cost), "recommended": n == 0} for n, cost in enumerate(costs.by_roll)]
    frame = pd.DataFrame([*maturities, *rolls])
    return frame.astype({"roll_days_before": "Int64"})


def ltv_curves(result: ScenarioResult) -> tuple[LtvCurve, ...]:
    """The ratios of the bare collateral and of each template."""
    bare = result.daily(result.slugs[0])
    curves = [LtvCurve("Unhedged", bare["ltv_unhedged"], bare["low_ltv_unhedged"], bare["margin_call_unhedged"])]
    for slug in result.slugs:
        days = result.daily(slug)
        name = result.template_name(slug)
        curves.append(LtvCurve(name, days["ltv_hedged"], days["low_ltv_hedged"], days["margin_call_hedged"]))
    return tuple(curves)
