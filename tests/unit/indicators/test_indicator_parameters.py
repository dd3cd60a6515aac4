"""Parameters: what is accepted, what is refused and with which words."""

import json
import pickle

import numpy as np
import pytest

from barscope.domain.bars import BarField
from barscope.errors import InvalidParameterError, UnknownIndicatorError
from barscope.indicators import Indicator, build_indicator, indicator_class
from barscope.indicators.core import DEEPEST_SOURCE


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"period": "20"}, "period is '20': it must be a whole number from 1 to 100000"),
        ({"period": True}, "period is True: it must be a whole number"),
        ({"period": 2.5}, "period is 2.5: it must be a whole number"),
        ({"period": 0}, "period is 0: it must be a whole number from 1 to 100000"),
        ({"period": 10**400}, "it must be a whole number from 1 to 100000"),
        ({"period": None}, "period is None"),
        ({"period": [20]}, r"period is \[20\]"),
        ({"bar_field": "close"}, "bar_field is 'close': it must be one of OPEN, HIGH, LOW, CLOSE, VOLUME"),
        ({"bar_field": 3}, "bar_field is 3"),
        ({"bar_field": True}, "bar_field is True"),
        ({"perid": 3}, "no parameter perid: did you mean period"),
        ({"<b>": 3}, "no parameter <b>: its parameters are period, bar_field"),
    ],
)
def test_wrong_parameter_is_named(params, words):
    """A wrong value is refused with its name, itself and what is allowed."""
    with pytest.raises(InvalidParameterError, match=f"SimpleMovingAverage.*{words}"):
        build_indicator("SimpleMovingAverage", params)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "2", True, 10**400, None, -1, [2.0]])
def test_wrong_number_is_refused(value):
    """A number that is not finite, not a number or out of range is refused."""
    with pytest.raises(InvalidParameterError, match=r"num_std is .*a finite number from 0 to 1000"):
        build_indicator("BollingerUpper", {"num_std": value})


@pytest.mark.parametrize("params", [3, [1], {1: 2}])
def test_parameters_must_be_an_object(params):
    """Parameters that are not names and values are refused."""
    with pytest.raises(InvalidParameterError, match="must be an object of names and values"):
        build_indicator("RSI", params)


def test_positional_arguments():
    """Parameters are accepted by position, but not too many and not twice."""
    cls = indicator_class("SimpleMovingAverage")
    assert cls(20, "OPEN") == cls(period=20, bar_field=BarField.OPEN)
    with pytest.raises(InvalidParameterError, match=r"takes 2 parameters \(period, bar_field\), 3 were given"):
        cls(20, "OPEN", 1)
    with pytest.raises(InvalidParameterError, match="period twice"):
        cls(20, period=20)


def test_params_are_plain_json_with_defaults():
    """What was left out is filled in, enumerations are names, and numbers are Python's."""
    indicator = build_indicator("SimpleMovingAverage", {"period": np.int64(20)})
    assert indicator.params == {"period": 20, "bar_field": "CLOSE"}
    assert json.loads(json.dumps(indicator.params)) == indicator.params
    assert indicator.canonical_params() == '{"bar_field": "CLOSE", "period": 20}'
    assert build_indicator("BollingerUpper", {"num_std": 2}).params["num_std"] == 2.0


def test_params_are_a_copy():
    """Changing the returned parameters changes nothing."""
    indicator = build_indicator("PeriodExtreme", {"source": "RSI"})
    indicator.params["source_kwargs"]["period"] = 3
    assert indicator.params["source_kwargs"]["period"] == 14


def test_sent_default_and_omitted_one_are_one_key():
    """Canonical parameters do not depend on which defaults were spelled out, nor on their order."""
    short = build_indicator("PeriodExtreme", {"source": "RSI"})
    full = {"extreme": "MAX", "source_kwargs": {"bar_field": "CLOSE", "period": 14}, "period": 20, "source": "RSI"}
    assert build_indicator("PeriodExtreme", full).canonical_params() == short.canonical_params()
    assert build_indicator("PeriodExtreme", short.params) == short


def test_equality_and_hash():
    """Indicators are equal by class and parameters."""
    rsi = build_indicator("RSI")
    assert {rsi, build_indicator("RSI", {"period": 14})} == {rsi}
    assert rsi != build_indicator("RSI", {"period": 15})
    assert build_indicator("PlusDI") != build_indicator("MinusDI")
    assert rsi != "RSI"
    assert repr(rsi) == "RSI(period=14, bar_field='CLOSE')"


@pytest.mark.parametrize("name", ["RSI", "BBANDS", "PeriodExtreme", "TA_RSI", "ParabolicSAR"])
def test_pickle(name):
    """An indicator survives pickling with its parameters."""
    indicator = build_indicator(name)
    assert pickle.loads(pickle.dumps(indicator)) == indicator  # noqa: S301  # our own bytes


def test_unknown_source():
    """An unknown source is an error that says it is the source."""
    with pytest.raises(UnknownIndicatorError, match=r"Unknown source indicator: RSY\. Did you mean RSI"):
        build_indicator("PeriodExtreme", {"source": "RSY"})
    with pytest.raises(InvalidParameterError, match="source is 3: it must be the name of an indicator"):
        build_indicator("PeriodExtreme", {"source": 3})
    with pytest.raises(InvalidParameterError, match="RSI: period is 'x'"):
        build_indicator("PeriodExtreme", {"source": "RSI", "source_kwargs": {"period": "x"}})
    with pytest.raises(InvalidParameterError, match="must be an object of names and values"):
        build_indicator("PeriodExtreme", {"source": "RSI", "source_kwargs": [3]})


def nested(levels):
    """The JSON form of an extreme of an extreme of … of the close."""
    params = {}
    for _ in range(levels - 1):
        params = {"source": "PeriodExtreme", "source_kwargs": params, "period": 2}
    return params


def test_sources_nest_to_a_bounded_depth():
    """Sources may be nested, in JSON and as objects, but not without end."""
    deepest = build_indicator("PeriodExtreme", nested(DEEPEST_SOURCE - 1))
    assert deepest.depth == DEEPEST_SOURCE
    for levels in (DEEPEST_SOURCE, 900):
        with pytest.raises(InvalidParameterError, match="nested deeper than 8"):
            build_indicator("PeriodExtreme", nested(levels))
    with pytest.raises(InvalidParameterError, match="nested deeper than 8"):
        type(deepest)(deepest)


def test_older_name_of_source_arguments():
    """The arguments of any source may be called source_kwargs."""

    class Doubled(Indicator):
        base: Indicator = indicator_class("Close")

        def compute(self, bars):
            return 2 * next(iter(self.base.compute(bars).values()))

    assert Doubled("RSI", source_kwargs={"period": 3}) == Doubled("RSI", base_kwargs={"period": 3})
    assert Doubled("RSI", period=3).params["base_kwargs"]["period"] == 3
    assert Doubled().params == {"base": "Close", "base_kwargs": {}}


def test_built_source_takes_no_arguments():
    """Arguments for a source that is built already are refused."""
    with pytest.raises(InvalidParameterError, match="source is built already"):
        indicator_class("PeriodExtreme")(build_indicator("RSI"), source_kwargs={"period": 3})
