"""Five templates over 13 years of daily bars with rolling puts: how long from the prices to the result."""

import time

import numpy as np

from barscope.domain.hedge_path import DailyPrices, HedgeTerms, hedge_path
from barscope.domain.hedges import BUILT_IN, HedgeTemplate
from barscope.domain.loans import Loan
from barscope.domain.options import european_prices

BUDGET_S = 2.0
DAYS = 3270


def rolled():
    """Five templates whose puts are all rolled 30 days before they expire."""
    return [HedgeTemplate(t.name, t.legs, roll_days_before=30) for t in BUILT_IN[:3]] + list(BUILT_IN[4:6])


def test_five_templates_over_13_years(figure):
    """Formula pricing in one pass per put; the same prices one call a day as the floor that it is held against."""
    dates = np.busday_offset("2000-03-01", np.arange(DAYS)).astype("datetime64[D]")
    close = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.012, DAYS)))
    prices = DailyPrices(dates, close, close * 0.99, np.full(DAYS, 0.2))
    loan, terms = Loan(50_000, 1000, 0.75), HedgeTerms()
    hedge_path(prices, BUILT_IN[0], loan, terms)  # QuantLib is loaded
    start = time.perf_counter()
    paths = [hedge_path(prices, template, loan, terms) for template in rolled()]
    taken = time.perf_counter() - start
    priced = sum(2 * ((put.ended or DAYS - 1) - put.bought + 1) for path in paths for put in path.puts)
    one_by_one = _one_by_one(close, terms, 2000) * priced / 2000
    for path in paths:
        value = path.underlying_value + path.option_market_value + path.cash
        assert np.array_equal(path.net_portfolio_value, value)
        assert len(path.puts) > 5
    figure("5 templates × 13 years of days, rolling puts", f"{taken:.3f} s", f"< {BUDGET_S:g} s", taken < BUDGET_S)
    figure("… against one array call a price", f"1/{one_by_one / taken:.0f}")


def _one_by_one(close, terms, n):
    start = time.perf_counter()
    for spot in close[:n]:
        one = np.array([spot])
        european_prices("put", one, 100.0, np.ones(1), np.full(1, 0.2), terms.market)
    return time.perf_counter() - start
