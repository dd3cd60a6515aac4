"""Names of contracts and of continuous series."""

import datetime as dt

import pytest

from barscope.domain.futures import ContinuousName, parse_continuous, parse_contract
from barscope.domain.time import date_of


@pytest.mark.parametrize(
    ("symbol", "root", "month", "year"),
    [
        ("ESZ4", "ES", 12, 4),
        ("6EZ4", "6E", 12, 4),
        ("M2KH5", "M2K", 3, 5),
        ("0QZ23", "0Q", 12, 23),
        ("ZNF09", "ZN", 1, 9),
        ("ZZ9", "Z", 12, 9),
    ],
)
def test_a_contract_says_root_month_and_year(symbol, root, month, year):
    """Roots may hold digits and month codes; the year has one digit or two."""
    name = parse_contract(symbol)
    assert (name.root, name.month, name.year) == (root, month, year)


@pytest.mark.parametrize(
    "symbol", ["ESZ4-ESH5", "ES:BF H5-M5-U5", "ESZ4 C5000", "Z4", "ESA4", "ESZ", "esz4", "ESZ2024"]
)
def test_spreads_and_other_symbols_are_no_contracts(symbol):
    """Spreads, options, unknown month codes and other texts name no contract."""
    assert parse_contract(symbol) is None


@pytest.mark.parametrize(
    ("symbol", "first", "last", "years"),
    [
        ("ESZ9", "2019-03-01", "2019-12-20", [2019]),
        ("ESZ9", "2029-03-01", "2029-12-20", [2029]),
        ("ESZ9", "2019-12-31", "2020-01-05", [2019]),
        ("ESZ9", "2018-06-01", "2029-01-02", [2019, 2029]),
        ("ESZ9", "2020-01-08", "2020-02-01", [2029]),
        ("ESH0", "2019-12-31", "2020-03-20", [2020]),
        ("0QZ23", "2019-01-02", "2023-12-29", [2023]),
        ("ESZ19", "2019-12-01", "2019-12-20", [2019]),
        ("ESF0", "2009-12-01", "2010-01-15", [2010]),
    ],
)
def test_years_are_told_by_the_bars(symbol, first, last, years):
    """The delivery year is the first one of these digits in or after the bars; a digit comes again in ten years."""
    dates = (dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    assert list(parse_contract(symbol).years(*dates)) == years


def test_bars_of_one_symbol_belong_to_one_contract_each():
    """A symbol changes from one contract to the next a week after the delivery month."""
    name = parse_contract("ESZ9")
    assert name.range_of(2019).end_ns == name.range_of(2029).start_ns
    assert date_of(name.range_of(2019).end_ns) == dt.date(2020, 1, 8)
    assert dt.date(1970, 1, 1) + dt.timedelta(days=name.last_day(2019)) == dt.date(2019, 11, 30)


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("ES.c.0", ContinuousName("ES", "calendar")),
        ("6E.v.1", ContinuousName("6E", "volume", 1)),
        ("CL.n.0+ratio", ContinuousName("CL", "open_interest", adjustment="ratio")),
        ("CL.c.12+5d+diff", ContinuousName("CL", "calendar", 12, 5, "diff")),
    ],
)
def test_names_of_series_are_read_and_written_alike(symbol, name):
    """Root, rule, rank, days and adjustment go into a name and come out of it."""
    assert parse_continuous(symbol) == name
    assert str(name) == symbol


@pytest.mark.parametrize(
    "symbol", ["ES", "ES.x.0", "ES.c", "ES.c.-1", "ES.c.0+", "ES.c.0+back", "ES.c.0+diff+5d", "es.c.0"]
)
def test_other_texts_name_no_series(symbol):
    """A rule, rank or adjustment that does not exist makes no name."""
    assert parse_continuous(symbol) is None
