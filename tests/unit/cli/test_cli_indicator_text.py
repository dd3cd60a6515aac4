"""Indicators as they are written on the command line."""

from __future__ import annotations

import pytest

from barscope.cli.explore import indicator_of
from barscope.errors import InvalidParameterError


@pytest.mark.parametrize(
    ("text", "class_name", "params"),
    [
        ("SMA", "SMA", {}),
        ("SMA:timeperiod=20", "SMA", {"timeperiod": 20}),
        ("BBANDS:timeperiod=20, nbdevup=2.5", "BBANDS", {"timeperiod": 20, "nbdevup": 2.5}),
        ("RSI:period=14,bar_field=HIGH", "RSI", {"period": 14, "bar_field": "HIGH"}),
        ("X:on=true,none=null", "X", {"on": True, "none": None}),
        ("X:text=a=b", "X", {"text": "a=b"}),
        (' {"class_name": "SMA", "params": {"timeperiod": 20}}', "SMA", {"timeperiod": 20}),
    ],
)
def test_both_forms_of_an_indicator(text, class_name, params):
    """The short form and JSON give the same request; a value that is no JSON is text."""
    config = indicator_of(text)
    assert (config.class_name, config.params) == (class_name, params)


@pytest.mark.parametrize("text", ["SMA:20", "SMA:=20", "SMA:a=1,,b=2", "{", '{"params": {}}', '{"class_name": 5}'])
def test_what_is_neither_form_is_refused(text):
    """Text that cannot be read as an indicator is refused with the reason."""
    with pytest.raises(InvalidParameterError, match=r"cannot be read|is not JSON"):
        indicator_of(text)
