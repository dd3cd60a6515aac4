"""What no arbitrage demands of option prices, for any market."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from barscope.domain.options import Market, european_prices

PRICES = st.floats(1.0, 10_000.0)
TERMS = {
    "spot": PRICES,
    "strike": PRICES,
    "years": st.floats(1 / 365, 3.0),
    "volatility": st.floats(0.01, 2.0),
    "rate": st.floats(-0.1, 0.3),
    "dividend_yield": st.floats(0.0, 0.2),
}


@given(**TERMS)
def test_put_call_parity(spot, strike, years, volatility, rate, dividend_yield):
    """Call − put = discounted spot − discounted strike."""
    terms = (np.array([spot]), strike, np.array([years]), np.array([volatility]), Market(rate, dividend_yield))
    left = european_prices("call", *terms) - european_prices("put", *terms)
    right = spot * np.exp(-dividend_yield * years) - strike * np.exp(-rate * years)
    assert np.abs(left - right).max() <= 1e-9 * (spot + strike)


@given(**TERMS)
def test_a_put_lies_between_its_bounds(spot, strike, years, volatility, rate, dividend_yield):
    """Never below its discounted exercise, never above the discounted strike."""
    terms = (np.array([spot]), strike, np.array([years]), np.array([volatility]), Market(rate, dividend_yield))
    put = european_prices("put", *terms)[0]
    worth = strike * np.exp(-rate * years)
    least = max(worth - spot * np.exp(-dividend_yield * years), 0.0)
    assert least - 1e-9 * (spot + strike) <= put <= worth * (1 + 1e-12)


@given(**TERMS)
def test_more_volatility_never_makes_a_put_cheaper(spot, strike, years, volatility, rate, dividend_yield):
    """Vega is not negative."""
    of = lambda v: european_prices(  # noqa: E731
        "put", np.array([spot]), strike, np.array([years]), np.array([v]), Market(rate, dividend_yield)
    )[0]
    assert of(volatility * 1.1) >= of(volatility) - 1e-9 * strike
