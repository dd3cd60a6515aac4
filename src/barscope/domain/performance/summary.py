"""All metrics of a run as one value that prints itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.performance import activity, calendar, drawdowns, ratios, returns, trades
from barscope.domain.time import NS_PER_DAY, iso

if TYPE_CHECKING:
    from barscope.domain.equity import EquityCurve
    from barscope.domain.roundtrips import RoundTrip


@dataclass(frozen=True, slots=True)
class Summary:
    """The metrics of a run. Fractions are of 1; money is in the currency of the prices; NaN is "cannot be said".

    Returns are measured from day to day for intraday bars, from bar to bar otherwise, and annualised by the
    number of such periods the bars have in a year.
    """

    title: str
    start_ts: int
    end_ts: int
    bars: int
    starting_equity: float
    final_equity: float
    total_return: float
    annual_return: float
    volatility: float
    sharpe: float
    sortino: float
    calmar: float
    max_drawdown: float
    max_drawdown_days: float
    time_in_market: float
    average_exposure: float
    turnover: float
    round_trips: int
    open_trips: int
    win_rate: float
    profit_factor: float
    expectancy: float
    average_mae: float
    average_mfe: float
    average_r: float
    commission: float
    periods_per_year: float
    assumptions: int = 0

    def rows(self) -> tuple[tuple[str, str], ...]:
        """Each metric as a label and a text, in order."""
        return tuple((_label(f.name), _text(f.name, getattr(self, f.name))) for f in fields(self) if f.name != "title")

    def __str__(self) -> str:
        rows = self.rows()
        width = max(len(label) for label, _ in rows)
        return "\n".join([self.title, *(f"{label:<{width}}  {text:>20}" for label, text in rows)])

    __repr__ = __str__


def summarize(
    title: str, curve: EquityCurve, trips: Sequence[RoundTrip], starting_cash: float, assumptions: int = 0
) -> Summary:
    """All metrics of a run.

    Args:
        title: What it is called.
        curve: Its equity, at least one bar.
        trips: Its round trips, open ones among them.
        starting_cash: The equity before the first bar.
        assumptions: How often the broker had to assume what came first.
    """
    ts, equity = calendar.daily(curve.ts, curve.equity)
    per_year = calendar.periods_per_year(ts)
    changes = returns.simple_returns(np.concatenate([[starting_cash], equity]))  # the first bar earns too
    years = len(changes) / per_year
    total = float(curve.equity[-1]) / starting_cash - 1 if starting_cash > 0 else math.nan
    annual = returns.annual_return(total, years)
    fall = drawdowns.max_drawdown(curve.equity, starting_cash)
    closed = [trip for trip in trips if not trip.is_open]
    pnl = [trip.pnl_after_commission for trip in closed]
    return Summary(
        title=title,
        start_ts=int(curve.ts[0]),
        end_ts=int(curve.ts[-1]),
        bars=len(curve),
        starting_equity=starting_cash,
        final_equity=float(curve.equity[-1]),
        total_return=total,
        annual_return=annual,
        volatility=returns.volatility(changes, per_year),
        sharpe=ratios.sharpe(changes, per_year),
        sortino=ratios.sortino(changes, per_year),
        calmar=ratios.calmar(annual, fall),
        max_drawdown=fall,
        max_drawdown_days=drawdowns.max_drawdown_length_ns(curve.ts, curve.equity) / NS_PER_DAY,
        time_in_market=activity.time_in_market(curve),
        average_exposure=activity.average_exposure(curve),
        turnover=activity.turnover(curve, years),
        round_trips=len(closed),
        open_trips=len(trips) - len(closed),
        win_rate=trades.win_rate(pnl),
        profit_factor=trades.profit_factor(pnl),
        expectancy=trades.expectancy(pnl),
        average_mae=trades.average_mae(closed),
        average_mfe=trades.average_mfe(closed),
        average_r=trades.average_r(closed),
        commission=math.fsum(trip.commission for trip in trips),
        periods_per_year=per_year,
        assumptions=assumptions,
    )


_PERCENT = {
    "total_return", "annual_return", "volatility", "max_drawdown", "time_in_market", "average_exposure", "win_rate"
}  # fmt: skip
_MONEY = {"starting_equity", "final_equity", "expectancy", "average_mae", "average_mfe", "commission"}


def _label(name: str) -> str:
    words = {"average_mae": "Average MAE", "average_mfe": "Average MFE", "average_r": "Average R"}
    named = {"start_ts": "Start", "end_ts": "End", "max_drawdown_days": "Max drawdown length (days)"}
    return {**words, **named}.get(name, name.replace("_", " ").capitalize())


def _text(name: str, value: float) -> str:
    if name in ("start_ts", "end_ts"):
        return iso(int(value))
    if isinstance(value, float) and math.isnan(value):
        return "–"
    if name in _PERCENT:
        return f"{value:.2%}"
    if name in _MONEY:
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
