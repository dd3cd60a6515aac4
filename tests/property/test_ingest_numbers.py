"""Prices and volumes of any number are exact."""

from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from barscope.ingest.numbers import fixed_point, whole_numbers

NINTH = Decimal("1e-9")
prices = st.decimals(-9_223_372_036, 9_223_372_036, allow_nan=False, places=9)


def exact(price):
    """Price × 1e9, rounded half to even, by decimal arithmetic."""
    return int(Decimal(price).quantize(NINTH, ROUND_HALF_EVEN).scaleb(9))


@given(st.lists(prices, min_size=1))
def test_text_prices_are_exact(values):
    """A price as text becomes the integer that decimal arithmetic gives."""
    fixed, reason = fixed_point(pl.Series([str(value) for value in values], dtype=pl.String))
    assert fixed.tolist() == [exact(value) for value in values]
    assert not reason.any()


@given(st.lists(st.decimals(-9_000_000_000, 9_000_000_000, allow_nan=False, places=12), min_size=1))
def test_more_than_nine_places_are_rounded(values):
    """Places after the ninth are rounded half to even."""
    fixed, _ = fixed_point(pl.Series([f"{value:f}" for value in values], dtype=pl.String))
    assert fixed.tolist() == [exact(value) for value in values]


@given(st.lists(st.decimals(-9_223_372_036, 9_223_372_036, allow_nan=False, places=4), min_size=1))
def test_float_prices_are_the_decimals_they_show(values):
    """A float that shows a price of up to 15 digits becomes that price."""
    fixed, reason = fixed_point(pl.Series([float(value) for value in values]))
    assert fixed.tolist() == [exact(repr(float(value))) for value in values]
    assert not reason.any()


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_whole_volumes_are_exact(values):
    """A whole volume is itself as integer, as text, and as text with a fraction of zero."""
    for column in (
        pl.Series(values, dtype=pl.Int64),
        pl.Series(map(str, values)),
        pl.Series([f"{v}.0" for v in values]),
    ):
        whole, reason = whole_numbers(column)
        assert whole.tolist() == values
        assert not reason.any()


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_has_a_reason(text):
    """Any text is read as Python's Decimal reads it, or rejected."""
    fixed, reason = fixed_point(pl.Series([text], dtype=pl.String))
    if not reason[0]:
        assert fixed[0] == exact(text.strip())
