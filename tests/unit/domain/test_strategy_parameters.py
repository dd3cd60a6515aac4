"""The bounds of a strategy's parameters."""

from enum import Enum

import pytest

from barscope.domain.parameters import ParamSpec, parse_parameters
from barscope.errors import InvalidParameterError


class Side(Enum):
    """A choice."""

    LONG = 1
    SHORT = 2


@pytest.mark.parametrize(
    ("spec", "value", "parsed"),
    [
        (ParamSpec(20, min=5, max=100), 5, 5),
        (ParamSpec(20, min=5, max=100), 100.0, 100),
        (ParamSpec(2.0), 3, 3.0),
        (ParamSpec(True), False, False),
        (ParamSpec("close", choices=("open", "close")), "open", "open"),
        (ParamSpec(Side.LONG), "SHORT", Side.SHORT),
        (ParamSpec(Side.LONG), Side.LONG, Side.LONG),
        (ParamSpec(20, min=5, max=100, step=5), 17, 17),
    ],
)
def test_a_value_within_bounds_is_taken(spec, value, parsed):
    """Whole numbers may come as floats, members of an enumeration by name; a step is for forms only."""
    assert spec.parse("x", value) == parsed


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        (ParamSpec(20, min=5, max=100), 4),
        (ParamSpec(20, min=5, max=100), 101),
        (ParamSpec(20), 2.5),
        (ParamSpec(20), True),
        (ParamSpec(20), "20"),
        (ParamSpec(20), None),
        (ParamSpec(2.0), float("nan")),
        (ParamSpec(2.0), float("inf")),
        (ParamSpec(True), 1),
        (ParamSpec("close", choices=("open", "close")), "high"),
        (ParamSpec(Side.LONG), "FLAT"),
        (ParamSpec(Side.LONG), ["LONG"]),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_what_is_allowed(spec, value):
    """The message names the parameter and what it takes."""
    with pytest.raises(InvalidParameterError, match=r"x is .*: it must be"):
        spec.parse("x", value)


def test_a_default_out_of_its_own_bounds_is_refused():
    """A wrong ParamSpec fails where it is written."""
    with pytest.raises(InvalidParameterError, match="default is 3: it must be a whole number from 5 to 10"):
        ParamSpec(3, min=5, max=10)


def test_a_parameter_that_is_not_there_is_refused_with_the_nearest():
    """A slip of the pen is answered with the name that was meant."""
    with pytest.raises(InvalidParameterError, match="did you mean fast_period"):
        parse_parameters("SMACrossover", {"fast_period": ParamSpec(20)}, {"fast_periode": 10})
