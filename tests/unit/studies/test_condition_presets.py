"""Conditions kept by name in presets.db."""

from __future__ import annotations

import pytest

from barscope.domain.conditions import Comparison
from barscope.errors import InvalidParameterError, StoreError
from barscope.store.presets import PresetStore
from barscope.studies.condition_presets import ConditionPresets
from barscope.studies.segments import ByCondition

HOW = ByCondition(Comparison("close", "crosses_above", "SMA(20, CLOSE)") & Comparison("volume", ">", 0), 5, 2)


@pytest.fixture
def store(tmp_path):
    """An open presets.db."""
    store = PresetStore(tmp_path / "presets.db")
    yield store
    store.close()


@pytest.fixture
def presets(store):
    """Its condition presets."""
    return ConditionPresets(store.condition_presets)


def test_a_preset_comes_back_equal(presets):
    """What was saved is loaded with its context and gap tolerance, listed, and gone once deleted."""
    presets.save("breakout", HOW)
    assert presets.load("breakout") == HOW
    assert list(presets.list()) == [("breakout", HOW)]
    presets.delete("breakout")
    assert list(presets.list()) == []


def test_a_name_that_is_not_there_is_told(presets):
    """The message says which names there are."""
    presets.save("breakout", HOW)
    with pytest.raises(InvalidParameterError, match="no condition preset brakeout: there is breakout"):
        presets.load("brakeout")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"version": 2, "condition": {}}, "newer has version 2, this barscope reads up to 1: update"),
        ({"condition": HOW.condition.to_json()}, "newer is broken: it has no version"),
        ([], "newer is broken"),
        ({"version": 1}, "newer is broken: None is not a condition"),
        ({"version": 1, "condition": {"left": "close", "operator": "above", "right": 1}}, "Unknown operator: above"),
        ({"version": 1, "condition": HOW.condition.to_json(), "gap_tolerance": -3}, "gap_tolerance -3"),
    ],
)
def test_a_broken_or_newer_preset_is_named_and_the_others_load(store, presets, value, message):
    """One preset that cannot be read is told by name; those beside it are read."""
    presets.save("good", HOW)
    store.condition_presets.set("newer", value)
    found = presets.list()
    assert list(found) == [("good", HOW)]
    assert len(found.problems) == 1
    with pytest.raises(StoreError, match=message):
        presets.load("newer")


def test_text_that_is_not_json_is_named_and_the_others_load(store, presets):
    """A row that is no JSON at all is a problem of its own."""
    presets.save("good", HOW)
    with store.database.atomic() as connection:
        connection.execute("INSERT INTO condition_presets VALUES ('torn', '{')")
    found = presets.list()
    assert [name for name, _how in found] == ["good"]
    assert "torn" in str(found.problems[0])
