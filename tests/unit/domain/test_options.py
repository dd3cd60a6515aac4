"""Option prices and Greeks against published values and what no arbitrage allows."""

import numpy as np
import pytest

from barscope.domain.options import Market, american_prices, european_prices, greeks, intrinsic
from barscope.errors import InvalidParameterError

# J. C. Hull, Options, Futures, and Other Derivatives, 8th ed.: example 14.6, section 18.4 ff., example 20.1.
HULL = Market(rate=0.10)


def one(value):
    """A number as an array."""
    return np.array([float(value)])


def test_european_prices_are_those_of_the_textbook():
    """Hull, example 14.6: a call at 4.76 and a put at 0.81."""
    terms = (one(42), 40.0, one(0.5), one(0.2), HULL)
    assert european_prices("call", *terms) == pytest.approx([4.76], abs=0.005)
    assert european_prices("put", *terms) == pytest.approx([0.81], abs=0.005)


def test_greeks_are_those_of_the_textbook():
    """Hull, chapter 18: delta 0.522, gamma 0.066, theta −4.31, vega 12.1, rho 8.91."""
    found = greeks("call", 49.0, 50.0, 20 / 52, 0.2, Market(rate=0.05))
    assert found.delta == pytest.approx(0.522, abs=0.0005)
    assert found.gamma == pytest.approx(0.066, abs=0.0005)
    assert found.theta == pytest.approx(-4.31, abs=0.005)
    assert found.vega == pytest.approx(12.1, abs=0.05)
    assert found.rho == pytest.approx(8.91, abs=0.005)


def test_the_american_put_is_that_of_the_textbook():
    """Hull, example 20.1: the binomial put of 50 at 50 over five months converges to 4.28."""
    found = american_prices("put", one(50), 50.0, one(152 / 365), one(0.4), HULL, steps=500)
    assert found == pytest.approx([4.28], abs=0.006)


def test_an_american_put_is_worth_at_least_the_european_and_its_exercise():
    """The right to exercise early costs nothing, and is worth its exercise."""
    spot = np.linspace(60.0, 140.0, 9)
    terms = (spot, 100.0, np.full(9, 1.0), np.full(9, 0.25), Market())
    american = american_prices("put", *terms)
    assert (american >= european_prices("put", *terms) - 0.02).all()  # the tree's own error
    assert (american >= intrinsic("put", spot, 100.0) - 1e-9).all()


def test_prices_do_not_depend_on_the_evaluation_date_of_the_process():
    """Other code may move QuantLib's global date."""
    import QuantLib as ql  # noqa: N813

    terms = (one(95), 100.0, one(0.5), one(0.2), Market())
    before = american_prices("put", *terms), european_prices("put", *terms)
    kept = ql.Settings.instance().evaluationDate
    try:
        ql.Settings.instance().evaluationDate = ql.Date(1, 1, 2099)
        after = american_prices("put", *terms), european_prices("put", *terms)
    finally:
        ql.Settings.instance().evaluationDate = kept
    assert [x.tolist() for x in after] == [x.tolist() for x in before]


def test_at_its_expiry_an_option_is_worth_its_exercise():
    """No time is left, in the formula and on the tree."""
    spot = np.array([90.0, 100.0, 110.0])
    terms = (spot, 100.0, np.zeros(3), np.full(3, 0.2), Market())
    for price in (european_prices, american_prices):
        assert price("put", *terms).tolist() == [10.0, 0.0, 0.0]
        assert price("call", *terms).tolist() == [0.0, 0.0, 10.0]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"spot": one(0)}, "spot 0.0"),
        ({"spot": one("nan")}, "spot nan"),
        ({"strike": -1.0}, "strike -1.0"),
        ({"years": one(-0.1)}, "years -0.1"),
        ({"volatility": one(0)}, "volatility 0.0"),
        ({"kind": "straddle"}, "straddle"),
    ],
)
def test_what_cannot_be_priced_is_named(changed, named):
    """Zero volatility, negative times, prices that are none."""
    terms = {"kind": "put", "spot": one(90), "strike": 100.0, "years": one(1), "volatility": one(0.2)}
    with pytest.raises(InvalidParameterError, match=named):
        european_prices(**{**terms, **changed}, market=Market())


@pytest.mark.parametrize("rate", [float("nan"), 2.0])
def test_a_rate_that_is_none_is_refused(rate):
    """A rate is a share a year."""
    with pytest.raises(InvalidParameterError, match="rate"):
        Market(rate=rate)
