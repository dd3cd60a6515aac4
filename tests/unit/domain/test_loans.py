"""A loan secured by units of an asset."""

import numpy as np
import pytest

from barscope.domain.loans import Loan
from barscope.errors import InvalidParameterError

LOAN = Loan(amount=68_000, units=1000, margin_call_ltv=0.75)


def test_the_margin_call_price_is_where_the_ratio_reaches_the_limit():
    """Loan / (ltv × units), and the ratio at that price is the limit."""
    assert pytest.approx(90.6667, abs=1e-4) == LOAN.margin_call_price
    ratio = LOAN.ltv(np.array([LOAN.margin_call_price * 1000]))
    assert ratio == pytest.approx([0.75])


def test_collateral_worth_nothing_makes_the_ratio_infinite_and_is_called():
    """A portfolio at or below zero covers no loan."""
    ratio = LOAN.ltv(np.array([0.0, -5.0]))
    assert np.isinf(ratio).all()
    assert LOAN.is_called(ratio).all()


def test_no_loan_is_never_called():
    """Nothing is owed, so the ratio is zero whatever the collateral is worth."""
    assert Loan(0, 1000, 0.75).ltv(np.array([0.0, 1.0])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"amount": -1.0}, "loan_amount -1.0"),
        ({"amount": float("nan")}, "loan_amount nan"),
        ({"units": 0.0}, "underlying_units 0.0"),
        ({"units": float("inf")}, "underlying_units inf"),
        ({"margin_call_ltv": 0.0}, "margin_call_ltv 0.0"),
        ({"margin_call_ltv": 1.0}, "margin_call_ltv 1.0"),
        ({"margin_call_ltv": float("nan")}, "margin_call_ltv nan"),
    ],
)
def test_a_number_out_of_its_bounds_is_named(fields, named):
    """Wrong signs, NaN and ratios outside 0 to 1 are refused by name."""
    with pytest.raises(InvalidParameterError, match=named):
        Loan(**{"amount": 68_000.0, "units": 1000.0, "margin_call_ltv": 0.75, **fields})


@pytest.mark.parametrize("spot", [68.0, 60.0])
def test_a_loan_that_is_not_covered_at_entry_is_refused(spot):
    """At the value of the units or above it, with the sums in the message."""
    collateral = f"{spot * 1000:,.2f}"
    with pytest.raises(InvalidParameterError) as refused:
        LOAN.check_start(spot)
    assert str(refused.value) == (
        f"Historical scenario starts undercollateralized: loan $68,000.00 exceeds initial collateral ${collateral} "
        f"at entry spot ${spot:.2f}. Reduce loan amount or increase underlying units."
    )
    LOAN.check_start(68.01)
