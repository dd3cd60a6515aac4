"""A pledged asset day by day, with answers worked out by hand."""

import datetime as dt

import numpy as np
import pytest

from barscope.domain.hedge_path import DailyPrices, HedgeTerms, add_months, hedge_path
from barscope.domain.hedges import BUILT_IN, HedgeLeg, HedgeTemplate
from barscope.domain.loans import Loan
from barscope.domain.options import Market, european_prices
from barscope.errors import InvalidParameterError

ATM = BUILT_IN[0]
LOAN = Loan(68_000, 1000, 0.75)
QUARTER = HedgeTemplate("quarter", (HedgeLeg(1.0, 3),))


def prices(close, low=None, start="2024-01-02", volatility=0.16):
    """Prices on weekdays."""
    close = np.array(close, dtype=float)
    days = np.busday_offset(start, np.arange(len(close))).astype("datetime64[D]")
    return DailyPrices(days, close, close if low is None else np.array(low, float), np.full(len(close), volatility))


def half_a_year(price=100.0):
    """130 weekdays at one price."""
    return np.full(130, price)


def test_the_vector_of_the_contract():
    """Five falling closes: the bare loan is called from .7727 on, the protected one never."""
    path = hedge_path(prices([100, 96, 92, 88, 85]), ATM, LOAN, HedgeTerms())
    assert path.ltv_unhedged == pytest.approx([0.68, 0.7083, 0.7391, 0.7727, 0.8], abs=5e-5)
    assert path.margin_call_unhedged.tolist() == [False, False, False, True, True]
    assert not path.margin_call_hedged.any()


def test_the_premium_is_paid_from_cash_at_entry():
    """Nothing is gained or lost by buying at the model price; a spread costs half of it."""
    path = hedge_path(prices([100, 100]), ATM, LOAN, HedgeTerms())
    years = np.array([366 / 365])
    premium = european_prices("put", np.array([100.0]), 100.0, years, np.array([0.16]), Market())[0] * 1000
    assert path.cash[0] == pytest.approx(-premium)
    assert path.net_portfolio_value[0] == pytest.approx(100_000)
    dear = hedge_path(prices([100, 100]), ATM, LOAN, HedgeTerms(option_spread_pct=0.10))
    assert dear.net_portfolio_value[0] == pytest.approx(100_000 - premium * 0.05)


def test_at_expiry_the_put_settles_to_intrinsic_and_is_renewed_at_the_new_price():
    """A quarter at 100, then 80: the put of 100 pays 20 a unit, the next one has a strike of 80."""
    close = np.concatenate([half_a_year()[:40], np.full(40, 80.0)])
    path = hedge_path(prices(close), QUARTER, LOAN, HedgeTerms())
    first, second = path.puts
    assert (first.strike, first.proceeds) == (100.0, pytest.approx(20_000.0))
    assert first.expiry == dt.date(2024, 4, 2)
    assert (second.bought, second.strike) == (first.ended, 80.0)
    assert path.option_contracts.tolist() == [10.0] * 80


def test_a_put_held_to_expiry_without_renewal_leaves_the_asset_bare():
    """After the settlement no put is held and its cash stays."""
    close = np.concatenate([half_a_year()[:40], np.full(60, 80.0)])
    once = HedgeTemplate("once", QUARTER.legs, renews=False)
    path = hedge_path(prices(close), once, LOAN, HedgeTerms())
    ended = path.puts[0].ended
    assert len(path.puts) == 1
    assert not path.option_market_value[ended:].any()
    assert path.cash[-1] == pytest.approx(20_000 - path.premiums_paid)


def test_a_put_that_expires_on_a_closed_day_settles_at_the_last_close_before():
    """The next close is not known on the day of expiry."""
    put = hedge_path(prices(half_a_year(), start="2024-02-16"), QUARTER, LOAN, HedgeTerms()).puts[0]
    assert put.expiry == dt.date(2024, 5, 16)
    days = prices(half_a_year(), start="2024-02-15").dates
    gap = np.delete(days, np.flatnonzero(days == np.datetime64("2024-05-15")))
    path = hedge_path(
        DailyPrices(gap, np.full(129, 90.0), np.full(129, 90.0), np.full(129, 0.16)), QUARTER, LOAN, HedgeTerms()
    )
    assert gap[path.puts[0].ended] == np.datetime64("2024-05-14")


def test_rolling_sells_at_the_model_price_before_expiry():
    """30 days before, less half the spread, and buys the next the same day."""
    rolled = HedgeTemplate("rolled", QUARTER.legs, roll_days_before=30)
    market = prices(half_a_year(), volatility=0.2)
    path = hedge_path(market, rolled, LOAN, HedgeTerms(option_spread_pct=0.02))
    first = path.puts[0]
    day = market.dates[first.ended]
    assert day == np.datetime64("2024-03-04")  # the first day at or after 2024-03-03, a Sunday
    years = np.array([(np.datetime64("2024-04-02") - day).astype(int) / 365])
    worth = european_prices("put", np.array([100.0]), 100.0, years, np.array([0.2]), Market())[0] * 1000
    assert first.proceeds == pytest.approx(worth * 0.99)
    assert path.puts[1].bought == first.ended


def test_an_expiry_beyond_the_data_is_marked_and_not_invented():
    """The put is open at the end, worth its model price, with no proceeds."""
    path = hedge_path(prices([100, 96]), ATM, LOAN, HedgeTerms())
    (put,) = path.open_puts
    assert (put.ended, put.proceeds) == (None, 0.0)
    assert path.option_market_value[-1] > 0


def test_the_call_is_judged_at_the_low_with_the_puts_priced_there():
    """A day that recovers by its close is still called; the first day counts from its close on."""
    path = hedge_path(prices([100, 95], low=[80, 88]), ATM, LOAN, HedgeTerms())
    assert path.margin_call_unhedged.tolist() == [False, True]
    assert path.low_ltv_unhedged[1] == pytest.approx(68_000 / 88_000)
    assert not path.margin_call_hedged.any()
    assert path.low_ltv_hedged[1] < path.low_ltv_unhedged[1]


def test_coverage_and_weights_share_the_units_out():
    """Half of the units over two maturities: 2.5 contracts each."""
    half = HedgeTemplate("half", (HedgeLeg(1.0, 6, 0.5), HedgeLeg(0.9, 12, 0.5)), coverage=0.5)
    path = hedge_path(prices([100, 100]), half, LOAN, HedgeTerms())
    assert [put.units for put in path.puts] == [250.0, 250.0]
    assert path.option_contracts.tolist() == [5.0, 5.0]


def test_cash_below_zero_costs_interest_by_calendar_days():
    """Over a weekend three days are due."""
    path = hedge_path(prices([100, 100], start="2024-01-05"), ATM, LOAN, HedgeTerms(financing_rate=0.05))
    assert path.interest == pytest.approx(path.premiums_paid * 0.05 * 3 / 365)
    assert path.cash[1] == pytest.approx(-path.premiums_paid - path.interest)


def test_american_puts_cost_at_least_as_much():
    """The same path with the tree in place of the formula."""
    close = [100, 90, 80, 70, 60]
    american = hedge_path(prices(close), ATM, LOAN, HedgeTerms(exercise="american"))
    european = hedge_path(prices(close), ATM, LOAN, HedgeTerms())
    assert (american.option_market_value >= european.option_market_value - 20).all()
    assert american.option_market_value[-1] >= 40_000 - 1e-6  # exercise is always there


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"exercise": "bermudan"}, "bermudan"),
        ({"financing_rate": -0.1}, "financing_rate -0.1"),
        ({"option_spread_pct": float("nan")}, "option_spread_pct nan"),
        ({"contract_size": 0}, "contract_size 0"),
    ],
)
def test_terms_out_of_their_bounds_are_named(fields, named):
    """Each with what is allowed."""
    with pytest.raises(InvalidParameterError, match=named):
        HedgeTerms(**fields)


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (dt.date(2024, 1, 31), 1, dt.date(2024, 2, 29)),
        (dt.date(2023, 11, 30), 3, dt.date(2024, 2, 29)),
        (dt.date(2024, 12, 15), 12, dt.date(2025, 12, 15)),
        (dt.date(2024, 3, 31), 24, dt.date(2026, 3, 31)),
    ],
)
def test_months_are_calendar_months(day, months, then):
    """The last of a month stays within the month."""
    assert add_months(day, months) == then
