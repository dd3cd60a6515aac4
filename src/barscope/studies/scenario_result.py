"""What came of a scenario: one representation, whether it was just computed or read from its record."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.domain.hedge_path import DailyPrices, HedgeTerms
from barscope.domain.loans import Loan
from barscope.domain.options import Market
from barscope.domain.time import NS_PER_DAY, date_of
from barscope.errors import InvalidParameterError, close_matches, cut

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.domain.bars import Bars, FloatArray
    from barscope.domain.hedge_path import Dates, HedgePath
    from barscope.domain.hedges import HedgeTemplate
    from barscope.studies.results import SymbolColumns

UNHEDGED = ("underlying_value", "ltv_unhedged", "low_ltv_unhedged", "margin_call_unhedged")
OF_TEMPLATE = (
    "option_market_value",
    "cash",
    "net_portfolio_value",
    "option_contracts",
    "ltv_hedged",
    "low_ltv_hedged",
    "margin_call_hedged",
)
VOLATILITY = "volatility"
"""The series of the volatility a year that options are priced at."""
TERMS = ("rate", "dividend_yield", "exercise", "financing_rate", "option_spread_pct", "contract_size")
"""What protection costs besides the market's prices, as a request and its result name it."""
_FLAGS = ("margin_call_hedged", "margin_call_unhedged")
_SHORT = {"net_portfolio_value": "value", "ltv_hedged": "LTV"}
_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, eq=False)
class ScenarioResult:
    """The result of a scenario.

    Attributes:
        summary: The flat result, its templates without their days.
        columns: The daily bars, and series named `series_name(slug, field)`.
    """

    summary: Mapping[str, Any]
    columns: SymbolColumns

    @property
    def slugs(self) -> tuple[str, ...]:
        """The templates, as they were asked for."""
        return tuple(template["template_slug"] for template in self.summary["template_results"])

    def daily(self, slug: str) -> dict[str, Any]:
        """The days of one template as arrays of shape (days,): dates, prices, values, ratios and calls.

        Raises:
            InvalidParameterError: If the scenario has no such template.
        """
        if slug not in self.slugs:
            close = ", ".join(close_matches(slug, self.slugs)) or ", ".join(self.slugs)
            raise InvalidParameterError(f"the scenario has no template {cut(slug)}: it has {close}")
        bars, series = self.columns.bars, self.columns.series
        found: dict[str, Any] = {"date": days_of(bars)}
        found |= {f"spot_{name}": getattr(bars, name) for name in ("close", "open", "low", "high")}
        found |= {field: series[field] for field in UNHEDGED}
        found |= {field: series[series_name(slug, field)] for field in OF_TEMPLATE}
        return found | {flag: found[flag] > 0 for flag in _FLAGS}

    def daily_path(self, slug: str) -> list[dict[str, Any]]:
        """The days of one template as JSON values; a ratio without a number is null."""
        days = self.daily(slug)
        columns = {name: values.astype(str) if name == "date" else values for name, values in days.items()}
        rows = zip(*(values.tolist() for values in columns.values()), strict=True)
        return [{name: _number(value) for name, value in zip(columns, row, strict=True)} for row in rows]

    def to_dict(self) -> dict[str, Any]:
        """The whole result as JSON values."""
        templates = [
            {**template, "daily_path": self.daily_path(template["template_slug"])}
            for template in self.summary["template_results"]
        ]
        return {**self.summary, "template_results": templates}

    def template_name(self, slug: str) -> str:
        """What a person calls a template of the scenario; its slug where there is no such template."""
        names = {t["template_slug"]: str(t["template_name"]) for t in self.summary["template_results"]}
        return names.get(slug, slug)

    @property
    def prices(self) -> DailyPrices:
        """The days with the volatility their options were priced at."""
        bars = self.columns.bars
        return DailyPrices(days_of(bars), bars.close, bars.low, self.columns.series[VOLATILITY])

    @property
    def loan(self) -> Loan:
        """The loan."""
        flat = self.summary
        return Loan(flat["loan_amount"], flat["underlying_units"], flat["margin_call_ltv"])

    @property
    def terms(self) -> HedgeTerms:
        """What protection cost besides the market's prices."""
        terms = {name: self.summary[name] for name in TERMS}
        return HedgeTerms(Market(terms.pop("rate"), terms.pop("dividend_yield")), **terms)

    def ranking(self) -> tuple[dict[str, Any], ...]:
        """The templates from best to worst: survived, then least LTV, least cost, most equity at the end."""
        rows = [
            {"template_slug": t["template_slug"], "template_name": t["template_name"], **t["summary_metrics"]}
            for t in self.summary["template_results"]
        ]

        def order(row: Mapping[str, Any]) -> tuple[float, ...]:
            most = math.inf if row["max_ltv"] is None else row["max_ltv"]
            return (not row["survived"], most, row["total_hedge_cost"], -row["final_equity"])

        return tuple({"rank": n, **row} for n, row in enumerate(sorted(rows, key=order), 1))


def days_of(bars: Bars) -> Dates:
    """The days of daily bars."""
    return bars.ts.astype("datetime64[ns]").astype("datetime64[D]")


def series_name(slug: str, field: str) -> str:
    """The name of the series of a template in a run; those that charts draw have short ones."""
    return f"{slug} {_SHORT.get(field, field)}"


def path_series(paths: Mapping[str, HedgePath]) -> dict[str, FloatArray]:
    """The series of a run, from the paths of its templates; an infinite ratio is NaN."""
    bare = next(iter(paths.values()))
    series = {field: _floats(bare, field) for field in UNHEDGED}
    for slug, path in paths.items():
        series |= {series_name(slug, field): _floats(path, field) for field in OF_TEMPLATE}
    return series


VALUE_PANE, LTV_PANE = "Portfolio value", "LTV"


def outputs_of(slugs: tuple[str, ...], margin_call_ltv: float) -> dict[str, dict[str, Any]]:
    """How a chart draws the series of a run: values in one pane, ratios with the lender's line in another."""
    value = {"pane": "own", "group": VALUE_PANE}
    ratio = {"pane": "own", "group": LTV_PANE, "levels": [margin_call_ltv]}
    shown: dict[str, dict[str, Any]] = {"underlying_value": value, "ltv_unhedged": ratio}
    shown |= {series_name(slug, "net_portfolio_value"): value for slug in slugs}
    shown |= {series_name(slug, "ltv_hedged"): ratio for slug in slugs}
    names = [*UNHEDGED, VOLATILITY, *(series_name(slug, field) for slug in slugs for field in OF_TEMPLATE)]
    return {name: shown.get(name, {"hidden": True}) for name in names}


def summarise(
    paths: Mapping[str, tuple[HedgeTemplate, HedgePath]], loan: Loan, bars: Bars, details: Mapping[str, Any]
) -> dict[str, Any]:
    """The flat result: `details`, the asset, and the templates of which the first also stands at the top level."""
    years = (bars.ts[-1] - bars.ts[0]) / (_DAYS_PER_YEAR * NS_PER_DAY)
    results: list[dict[str, Any]] = [
        {
            "template_slug": slug,
            "template_name": template.name,
            "summary_metrics": _metrics(path, loan, bars, years),
            "puts": [asdict(put) | {"expiry": put.expiry.isoformat()} for put in path.puts],
        }
        for slug, (template, path) in paths.items()
    ]
    _template, first = next(iter(paths.values()))
    metrics = _metrics(first, loan, bars, years)
    calls = int(first.margin_call_unhedged.sum())
    return {
        **details,
        "start_date": date_of(bars.ts[0]).isoformat(),
        "end_date": date_of(bars.ts[-1]).isoformat(),
        "entry_spot": float(bars.close[0]),
        "underlying_units": loan.units,
        "loan_amount": loan.amount,
        "margin_call_ltv": loan.margin_call_ltv,
        "margin_call_price": loan.margin_call_price,
        "start_value": float(first.underlying_value[0]),
        "end_value_unhedged": float(first.underlying_value[-1]),
        "end_value_hedged_net": metrics["end_value"],
        "total_hedge_cost": metrics["total_hedge_cost"],
        "max_ltv_hedged": metrics["max_ltv"],
        "max_ltv_unhedged": _number(float(first.ltv_unhedged.max())),
        "margin_call_days_hedged": metrics["margin_call_days"],
        "margin_call_days_unhedged": calls,
        "margin_threshold_breached_hedged": not metrics["survived"],
        "margin_threshold_breached_unhedged": calls > 0,
        "template_results": results,
    }


def _metrics(path: HedgePath, loan: Loan, bars: Bars, years: float) -> dict[str, Any]:
    calls = np.flatnonzero(path.margin_call_hedged)
    end_value = float(path.net_portfolio_value[-1])
    return {
        "survived": not len(calls),
        "max_ltv": _number(float(path.ltv_hedged.max())),
        "max_ltv_at_low": _number(float(path.low_ltv_hedged.max())),
        "margin_call_days": len(calls),
        "first_margin_call": date_of(bars.ts[calls[0]]).isoformat() if len(calls) else None,
        "total_hedge_cost": path.premiums_paid,
        "option_proceeds": path.proceeds,
        "interest_paid": path.interest,
        "net_hedge_cost": path.net_cost,
        "annual_cost_pct": path.net_cost / years / float(path.underlying_value[0]) if years >= 1 else None,
        "end_value": end_value,
        "final_equity": end_value - loan.amount,
        "puts_bought": len(path.puts),
        "expires_beyond_data": len(path.open_puts),
    }


def _floats(path: HedgePath, field: str) -> FloatArray:
    values = np.array(getattr(path, field), dtype=np.float64)
    values[~np.isfinite(values)] = np.nan
    return values


def _number(value: Any) -> Any:  # noqa: ANN401  # of a column of any kind
    return None if isinstance(value, float) and not math.isfinite(value) else value
