"""The metrics that runs are compared by, from columns: the same formulas as a run's summary, without its objects."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.domain.performance import calendar, drawdowns, ratios, returns, trades

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray, IntArray

METRICS = (
    "total_return", "annual_return", "volatility", "sharpe", "sortino", "calmar", "max_drawdown", "time_in_market",
    "round_trips", "win_rate", "profit_factor", "expectancy", "commission", "final_equity",
)  # fmt: skip
"""The metrics, called as in `Summary`."""

LOWER_IS_BETTER = frozenset({"max_drawdown", "volatility", "commission"})
"""The metrics of which less is better."""

BLOCKS = 32
"""Into how many consecutive stretches of equal length returns are summed up, for what is judged afterwards."""


@dataclass(frozen=True, eq=False, slots=True)
class ReturnPeriods:
    """The periods that returns over some bars are measured by: days for intraday bars, else the bars themselves.

    Attributes:
        ends: The place of the last bar of each.
        per_year: How many a year has.
    """

    ends: IntArray
    per_year: float

    @classmethod
    def of(cls, ts: IntArray) -> ReturnPeriods:
        """The periods of bars that open at `ts`."""
        days, ends = calendar.daily(ts, np.arange(len(ts), dtype=np.float64))
        return cls(ends.astype(np.int64), calendar.periods_per_year(days))


@dataclass(frozen=True, eq=False, slots=True)
class Trading:
    """What one run over the bars of one symbol came to.

    Attributes:
        equity: The account at each bar, currency, shape (bars,).
        starting_cash: The account before the first bar.
        pnl: Profit and loss after commission of each closed round trip.
        held_bars: Bars at whose close something was held.
        commission: What all fills were charged.
    """

    equity: FloatArray
    starting_cash: float
    pnl: FloatArray
    held_bars: int
    commission: float


def measures(trading: Trading, periods: ReturnPeriods) -> dict[str, float]:
    """The metrics, and the moments of the returns that tell how far to trust them.

    Returns:
        `METRICS`, then `observations` (returns there are), `periods_per_year`, `skewness` and `kurtosis` (3 for a
        normal distribution).
    """
    equity, cash = trading.equity, trading.starting_cash
    changes = period_returns(trading, periods)
    years = len(changes) / periods.per_year
    total = float(equity[-1]) / cash - 1 if cash > 0 else math.nan
    annual = returns.annual_return(total, years)
    fall = drawdowns.max_drawdown(equity, cash)
    pnl = trading.pnl.tolist()
    return {
        "total_return": total,
        "annual_return": annual,
        "volatility": returns.volatility(changes, periods.per_year),
        "sharpe": ratios.sharpe(changes, periods.per_year),
        "sortino": ratios.sortino(changes, periods.per_year),
        "calmar": ratios.calmar(annual, fall),
        "max_drawdown": fall,
        "time_in_market": trading.held_bars / len(equity),
        "round_trips": float(len(pnl)),
        "win_rate": trades.win_rate(pnl),
        "profit_factor": trades.profit_factor(pnl),
        "expectancy": trades.expectancy(pnl),
        "commission": trading.commission,
        "final_equity": float(equity[-1]),
        "observations": float(len(changes)),
        "periods_per_year": periods.per_year,
        **_moments(changes),
    }


def period_returns(trading: Trading, periods: ReturnPeriods) -> FloatArray:
    """The simple return of each period, the first one from the starting cash on."""
    return returns.simple_returns(np.concatenate([[trading.starting_cash], trading.equity[periods.ends]]))


def block_sums(changes: FloatArray) -> dict[str, FloatArray]:
    """Number, sum and sum of squares of the returns of each of `BLOCKS` consecutive blocks; each of shape (BLOCKS,)."""
    bounds = np.linspace(0, len(changes), BLOCKS + 1).astype(np.int64)
    return {
        "block_n": np.diff(bounds).astype(np.float64),
        "block_sum": np.diff(np.concatenate([[0.0], np.cumsum(changes)])[bounds]),
        "block_squares": np.diff(np.concatenate([[0.0], np.cumsum(changes**2)])[bounds]),
    }


def _moments(changes: FloatArray) -> dict[str, Any]:
    """Skewness and kurtosis of the population; NaN where nothing varies."""
    if len(changes) < 2:
        return {"skewness": math.nan, "kurtosis": math.nan}
    centred = changes - changes.mean()
    squares = centred * centred
    variance = float(squares.mean())
    if not variance > 1e-24:
        return {"skewness": math.nan, "kurtosis": math.nan}
    return {
        "skewness": float((squares * centred).mean()) / variance**1.5,
        "kurtosis": float((squares * squares).mean()) / variance**2,
    }
