"""The metrics against known answers, and where they cannot be said."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from barscope.domain.equity import EquityCurve
from barscope.domain.performance import activity, calendar, drawdowns, ratios, returns, summarize, trades
from barscope.domain.roundtrips import Direction, RoundTrip

DAY = 86_400 * 10**9
ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "performance.json").read_text())


def trip(pnl, mae=0.0, mfe=0.0, r=math.nan):
    """A closed round trip that made `pnl`."""
    return RoundTrip(
        symbol="A",
        direction=Direction.LONG,
        entry_ts=0,
        exit_ts=DAY,
        is_open=False,
        entry_price=100,
        exit_price=100 + pnl,
        quantity=1,
        max_position=1,
        duration_bars=1,
        high_watermark=max(pnl, 0),
        low_watermark=min(pnl, 0),
        max_drawdown=0,
        pnl_before_commission=pnl,
        commission=0,
        pnl_after_commission=pnl,
        mae=mae,
        mfe=mfe,
        r=r,
    )


def curve(equity, ts=None, exposure=None, traded=None):
    """An equity curve, daily unless told otherwise."""
    n = len(equity)
    zeros = np.zeros(n)
    return EquityCurve(
        np.arange(n) * DAY if ts is None else np.asarray(ts),
        np.asarray(equity, dtype=float),
        zeros,
        zeros if exposure is None else np.asarray(exposure, dtype=float),
        zeros if traded is None else np.asarray(traded, dtype=float),
    )


@pytest.mark.parametrize("case", ANSWERS["cases"], ids=lambda case: case["name"])
def test_the_metrics_of_returns_equal_an_independent_library(case):
    """Total and annual return, volatility, Sharpe, Sortino, Calmar and drawdown to 9 digits."""
    changes, per_year, expected = np.array(case["returns"]), case["periods_per_year"], case["expected"]
    equity = np.concatenate([[1.0], np.cumprod(1 + changes)])
    total = returns.total_return(equity)
    annual = returns.annual_return(total, len(changes) / per_year)
    fall = drawdowns.max_drawdown(equity)
    found = {
        "total_return": total,
        "annual_return": annual,
        "volatility": returns.volatility(changes, per_year),
        "sharpe": ratios.sharpe(changes, per_year),
        "sortino": ratios.sortino(changes, per_year),
        "calmar": ratios.calmar(annual, fall),
        "max_drawdown": fall,
    }
    assert found == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(returns.simple_returns(equity), changes)


def test_drawdown_lengths_last_until_the_high_is_reached_again():
    """From the high on day 1 to day 4 is longer than the fall that is still on at the end."""
    ts = np.arange(7) * DAY
    assert drawdowns.max_drawdown_length_ns(ts, np.array([100, 110, 90, 100, 110, 120, 110.0])) == 3 * DAY
    assert drawdowns.max_drawdown_length_ns(ts, np.array([100, 110, 90, 100, 105, 106, 107.0])) == 5 * DAY
    assert drawdowns.max_drawdown_length_ns(ts, np.arange(7.0)) == 0


def test_a_year_has_as_many_periods_as_the_bars_say():
    """Weekdays give about 261, weeks 52, and one bar alone says nothing."""
    days = np.arange(5 * 365)
    weekdays = days[days % 7 < 5] * DAY
    assert calendar.periods_per_year(weekdays) == pytest.approx(261, abs=1)
    assert calendar.periods_per_year(np.arange(200) * 7 * DAY) == pytest.approx(365.25 / 7)
    assert math.isnan(calendar.periods_per_year(np.array([0])))


def test_intraday_curves_are_measured_day_by_day():
    """The last value of each UTC day counts; daily curves stay as they are."""
    ts = np.array([0, DAY // 2, DAY - 1, DAY, DAY + 5, 3 * DAY])
    days, equity = calendar.daily(ts, np.arange(6.0))
    assert (days.tolist(), equity.tolist()) == ([DAY - 1, DAY + 5, 3 * DAY], [2, 4, 5])
    daily = np.arange(4) * DAY
    assert calendar.daily(daily, np.arange(4.0))[0].tolist() == daily.tolist()


def test_metrics_of_trades():
    """Two gains of 10 and 20, a loss of 10, and one that came out even."""
    trips = [trip(10, mae=-2, mfe=12, r=1), trip(20, mfe=25), trip(-10, mae=-10, r=-1), trip(0)]
    pnl = [10, 20, -10, 0]
    assert trades.profit_factor(pnl) == 3
    assert trades.win_rate(pnl) == 0.5
    assert trades.expectancy(pnl) == 5
    assert trades.average_mae(trips) == -3
    assert trades.average_mfe(trips) == 9.25
    assert trades.average_r(trips) == 0


def test_what_cannot_be_said_is_nan():
    """No trades, no time, no risk: nothing is made up, and nothing divides by zero."""
    assert trades.profit_factor([5]) == math.inf
    for value in (
        trades.profit_factor([]),
        trades.win_rate([]),
        trades.expectancy([]),
        returns.annual_return(0.5, 0),
        returns.annual_return(0.5, math.nan),
        returns.volatility(np.array([0.1]), 252),
        ratios.sharpe(np.full(10, 0.01), 252),
        ratios.sortino(np.full(10, 0.01), 252),
        ratios.calmar(0.1, 0),
        returns.total_return(np.array([])),
        activity.turnover(curve([100, 100]), math.nan),
    ):
        assert math.isnan(value)
    assert returns.annual_return(-1.0, 2) == -1
    assert returns.annual_return(1.0, 1e-9) == math.inf


def test_exposure_and_turnover():
    """Half the bars in the market with half the equity; 400 traded on a mean of 100 in two years."""
    of_run = curve([100, 100, 100, 100], exposure=[0, 50, 50, 0], traded=[0, 200, 200, 0])
    assert activity.time_in_market(of_run) == 0.5
    assert activity.average_exposure(of_run) == 0.25
    assert activity.turnover(of_run, 2) == 2


def test_an_account_that_lost_everything_is_summarised_all_the_same():
    """Equity at and below zero gives NaN where a return is impossible, and no warning."""
    summary = summarize("ruin", curve([100, 0, -50]), [], 100)
    assert summary.final_equity == -50
    assert summary.annual_return == -1
    assert summary.max_drawdown == 1.5
    assert math.isnan(summary.sharpe)


def test_a_single_bar_is_summarised_all_the_same():
    """One bar has no volatility and no year."""
    summary = summarize("short", curve([101]), [], 100)
    assert summary.total_return == pytest.approx(0.01)
    assert math.isnan(summary.annual_return)


def test_a_summary_prints_itself():
    """As aligned text, in a notebook too: what is text needs no escaping."""
    summary = summarize("<b>run</b>", curve([100, 110, 121.0]), [trip(5)], 100)
    assert "Total return" in str(summary)
    assert "21.00%" in repr(summary)
    assert not hasattr(summary, "_repr_html_")
    assert dict(summary.rows())["Win rate"] == "100.00%"
