"""Conditions as values: where they hold, how they read, and that they survive JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from barscope.domain.conditions import DEEPEST, OPERATORS, AllOf, AnyOf, Comparison, condition_of
from barscope.errors import InvalidParameterError

NAN = np.nan
COLUMNS = {
    "close": np.array([1.0, 2.0, 3.0, NAN, 3.0, 2.0, 2.0]),
    "open": np.array([2.0, 2.0, 2.0, 2.0, 2.0, 2.0, NAN]),
    "SMA": np.array([NAN, 2.0, 2.0, 2.0, NAN, 3.0, 1.0]),
}

EXPECTED = {
    ">": [0, 0, 1, 0, 1, 0, 0],
    ">=": [0, 1, 1, 0, 1, 1, 0],
    "<": [1, 0, 0, 0, 0, 0, 0],
    "<=": [1, 1, 0, 0, 0, 1, 0],
    "==": [0, 1, 0, 0, 0, 1, 0],
    "!=": [1, 0, 1, 0, 1, 0, 0],
    "crosses_above": [0, 0, 1, 0, 0, 0, 0],
    "crosses_below": [0, 0, 0, 0, 0, 0, 0],
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_where_a_comparison_holds(operator):
    """Each operator holds where its arithmetic says, and nowhere that either side is NaN, unequal included."""
    mask = Comparison("close", operator, "open").mask(COLUMNS)
    assert mask.astype(int).tolist() == EXPECTED[operator]


def test_a_number_stands_on_either_side():
    """A number may be left or right; a series falls below a level at the bar after which it was not below."""
    below = Comparison("close", "crosses_below", 2.5).mask(COLUMNS)
    assert below.tolist() == Comparison(2.5, "crosses_above", "close").mask(COLUMNS).tolist()
    assert np.flatnonzero(below).tolist() == [5]


def test_a_cross_needs_a_value_before_it():
    """Nothing crosses at the first bar or at the first value after a gap."""
    assert not Comparison("SMA", "crosses_above", 0).mask(COLUMNS).any()


def test_groups_join_and_nest():
    """`&` and `|` make groups; one inside another keeps its parentheses, equal ones flow together."""
    up, flat, high = Comparison("close", ">", "open"), Comparison("close", "==", "open"), Comparison("SMA", ">=", 2)
    either = (up | flat) & high
    assert either == AllOf((AnyOf((up, flat)), high))
    assert str(either) == "(close > open or close == open) and SMA >= 2"
    assert (up & flat) & high == AllOf((up, flat, high))
    assert either.mask(COLUMNS).tolist() == [False, True, True, False, False, True, False]
    assert [str(part) for part in either.comparisons] == ["close > open", "close == open", "SMA >= 2"]


def test_json_round_trip():
    """A condition comes back from JSON text equal to what it was."""
    condition = (Comparison("close", "crosses_above", "SMA") | Comparison(30, ">", "SMA")) & Comparison(
        "low", "!=", 0.1
    )
    assert condition_of(json.loads(json.dumps(condition.to_json()))) == condition
    assert condition.to_json()["all"][1] == {"left": "low", "operator": "!=", "right": 0.1}


def test_an_unknown_operator_is_named_with_what_it_may_have_meant():
    """The message names the operator and close matches, also when it comes from JSON."""
    with pytest.raises(InvalidParameterError, match=r"Unknown operator: cross_above\. Did you mean crosses_above"):
        Comparison("close", "cross_above", 1)
    with pytest.raises(InvalidParameterError, match=r"Unknown operator: =>\. Did you mean"):
        condition_of({"left": "close", "operator": "=>", "right": 1})


def test_an_unknown_series_is_named_with_what_it_may_have_meant():
    """The message names the series and close matches."""
    with pytest.raises(InvalidParameterError, match=r"Unknown series: SMAA\. Did you mean SMA\?"):
        Comparison("close", ">", "SMAA").mask(COLUMNS)
    with pytest.raises(InvalidParameterError, match=r"Unknown series: zzz\. There is "):
        (Comparison("close", ">", 1) & Comparison("zzz", ">", 1)).check(COLUMNS)


@pytest.mark.parametrize("operand", [True, None, "", "  ", NAN, float("inf"), 10**400, ["close"]])
def test_what_is_no_operand_is_refused(operand):
    """Anything but a text or a finite number is refused by its value."""
    with pytest.raises(InvalidParameterError, match="is no operand"):
        Comparison("close", ">", operand)


def test_two_numbers_are_no_condition():
    """A comparison of two numbers says nothing of bars."""
    with pytest.raises(InvalidParameterError, match="2 > 1 compares two numbers"):
        Comparison(2, ">", 1)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "is not a condition"),
        ("close > 1", "is not a condition"),
        ({}, "no keys"),
        ({"all": []}, "is empty"),
        ({"all": {}}, "here: all"),
        ({"left": "close", "operator": ">"}, "here: left, operator"),
        ({"left": "close", "operator": [">"], "right": 1}, "Unknown operator"),
        ({"all": [{"any": [7]}]}, "7 is not a condition"),
        ({"any": [{"left": "close", "operator": ">", "right": 1}] * 101}, "more than 100"),
    ],
)
def test_broken_json_is_refused(value, message):
    """What is not a condition is refused with a reason."""
    with pytest.raises(InvalidParameterError, match=message):
        condition_of(value)


def test_bottomless_json_is_refused():
    """Nesting without end is refused before it costs anything."""
    value = {"left": "close", "operator": ">", "right": 1}
    for _ in range(5000):
        value = {"all": [value]}
    with pytest.raises(InvalidParameterError, match=f"deeper than {DEEPEST} levels"):
        condition_of(value)
