"""JSON as the text of a column."""

import json

import pytest

from barscope.errors import InvalidParameterError, StoreError
from barscope.store.json_text import from_json, to_json


def test_what_is_not_finite_becomes_null_at_any_depth():
    """NaN and infinities are null inside lists, tuples and dicts."""
    assert to_json({"a": [float("nan"), (float("-inf"), 1.5)]}) == '{"a": [null, [null, 1.5]]}'


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", {("a",): 1}])
def test_what_json_cannot_say_is_refused(value):
    """An object, a set, bytes or a tuple as a key is an InvalidParameterError."""
    with pytest.raises(InvalidParameterError, match="JSON"):
        to_json(value)


def test_a_value_inside_itself_is_refused():
    """Endless nesting is an InvalidParameterError, not a RecursionError."""
    endless = []
    endless.append(endless)
    with pytest.raises(InvalidParameterError):
        to_json(endless)


@pytest.mark.parametrize("text", ["", "{", "nul", "[" * 100_000, b"\xff"])
def test_broken_text_is_named(text):
    """Reading damaged JSON raises StoreError with the place it was found in."""
    with pytest.raises(StoreError, match="config of x holds broken JSON"):
        from_json(text, "config of x")


def test_null_and_text_come_back():
    """NULL is None, everything else what was written."""
    assert from_json(None, "x") is None
    assert from_json(to_json({"ü": ["\ud800"]}), "x") == {"ü": ["\ud800"]}
    assert json.loads(to_json("é")) == "é"
