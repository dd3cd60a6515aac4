"""What protection costs by maturity and by the day it is rolled."""

import numpy as np
import pytest

from barscope.domain.hedge_path import DailyPrices, HedgeTerms
from barscope.domain.loans import Loan
from barscope.domain.options import Market, european_prices
from barscope.studies.hedge_costs import cost_by_maturity, cost_by_roll

LOAN = Loan(60_000, 1000, 0.75)


def steady(days=800, price=100.0):
    """Prices that stand still on weekdays."""
    dates = np.busday_offset("2020-01-02", np.arange(days)).astype("datetime64[D]")
    flat = np.full(days, price)
    return DailyPrices(dates, flat, flat, np.full(days, 0.2))


def test_a_longer_put_costs_less_a_year():
    """At the money the premium grows slower than the maturity."""
    costs = cost_by_maturity(steady(), LOAN, HedgeTerms())
    yearly = [cost.first_premium_pct_per_year for cost in costs]
    assert [cost.months for cost in costs] == [3, 6, 9, 12, 18, 24]
    assert yearly == sorted(yearly, reverse=True)
    one = european_prices("put", np.array([100.0]), 100.0, np.array([366 / 365]), np.array([0.2]), Market())[0]
    assert costs[3].first_premium_pct_per_year == pytest.approx(one / 100)


def test_the_net_cost_counts_what_is_left():
    """Over prices that stand still a put held to expiry costs all of its premium."""
    (cost,) = cost_by_maturity(steady(523), LOAN, HedgeTerms(), maturities=(24,))
    assert cost.net_cost_pct_per_year == pytest.approx(cost.first_premium_pct_per_year, rel=0.01)


def test_the_recommended_roll_survives_and_costs_least():
    """Ways that were called come last, then costs rise."""
    found = cost_by_roll(steady(), LOAN, HedgeTerms(option_spread_pct=0.02))
    order = [(not cost.survived, cost.net_cost_pct_per_year) for cost in found]
    assert order == sorted(order)
    assert {cost.roll_days_before for cost in found} == {None, 7, 14, 30, 60, 90}
    assert {cost.roll_days_before for cost in cost_by_roll(steady(), LOAN, HedgeTerms(), months=3)} == {
        *(None, 7, 14, 30, 60)
    }
