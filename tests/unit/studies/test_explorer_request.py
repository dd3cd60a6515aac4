"""Requests are frozen values that travel, and say what is wrong with them."""

import datetime as dt
import pickle

import numpy as np
import pytest

from barscope.errors import InvalidParameterError
from barscope.studies.request import ExplorerRequest, IndicatorConfig

SMA = IndicatorConfig(class_name="SMA", params={"timeperiod": 20})


def request(**changes):
    """A sound request with some fields changed."""
    fields = {"symbols": ["AAPL"], "rtype": 35, "publisher_id": 1, "indicators": [SMA]}
    return ExplorerRequest(**{**fields, **changes})


def test_a_request_survives_pickle_and_json():
    """What comes back is equal to what went in."""
    asked = request(start_date=dt.date(2024, 1, 2), end_date="2024-02-01")
    assert pickle.loads(pickle.dumps(asked)) == asked  # noqa: S301  # our own bytes
    assert ExplorerRequest.from_json(asked.model_dump_json()) == asked
    assert asked.start_date == "2024-01-02"


def test_numbers_of_numpy_are_as_good_as_python_ones():
    """What a DataFrame hands out can be used as it is."""
    sma = IndicatorConfig(class_name="SMA", params={"timeperiod": np.int64(20)})
    assert request(rtype=np.int32(35), publisher_id=np.int64(1), indicators=[sma]) == request()


def test_a_request_is_frozen():
    """No field can be changed after the fact."""
    with pytest.raises(ValueError, match="frozen"):
        request().rtype = 33


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"symbols": "AAPL"}, "symbols: Input should be a valid tuple"),
        ({"symbols": [1]}, r"symbols\.0: Input should be a valid string"),
        ({"rtype": "35"}, "rtype: Input should be a valid integer"),
        ({"publisher_id": None}, "publisher_id: Input should be a valid integer"),
        ({"indicators": ["SMA"]}, r"indicators\.0"),
        ({"symbol": "AAPL"}, "symbol: Extra inputs are not permitted"),
        ({"start_date": 20240102}, "start_date: Input should be a valid string"),
    ],
)
def test_a_wrong_field_is_named_with_its_value(changes, message):
    """The error is typed, is a ValueError too, and names the field."""
    with pytest.raises(InvalidParameterError, match=message):
        request(**changes)


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"symbols": 1}', "not json"])
def test_json_that_is_no_request_is_refused(text):
    """Whatever the text, the error is typed."""
    with pytest.raises(InvalidParameterError, match="ExplorerRequest"):
        ExplorerRequest.from_json(text)
