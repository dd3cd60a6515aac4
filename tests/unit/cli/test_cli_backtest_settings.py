"""Parameters of strategies and settings of the broker as they are written on the command line."""

from __future__ import annotations

import pytest

from barscope.cli.backtest import settings_of
from barscope.errors import InvalidParameterError


def test_values_are_json_or_text():
    """Numbers and truth values are read as such, all else is text, and an equals sign may be part of it."""
    texts = ["fast_period=20", "stop_atr = 2.5", "allow_short=true", "kind=LIMIT", "note=a=b"]
    expected = {"fast_period": 20, "stop_atr": 2.5, "allow_short": True, "kind": "LIMIT", "note": "a=b"}
    assert settings_of("--param", texts) == expected


@pytest.mark.parametrize("text", ["fast_period", "=20", "", "fast_period 20"])
def test_what_names_no_value_is_refused(text):
    """The error names the option and the form it wants."""
    with pytest.raises(InvalidParameterError, match=r"--param .*write NAME=VALUE"):
        settings_of("--param", [text])


def test_a_name_given_twice_is_refused():
    """Neither of the two wins silently."""
    with pytest.raises(InvalidParameterError, match="--broker slippage_bps is given twice"):
        settings_of("--broker", ["slippage_bps=1", "slippage_bps=2"])
