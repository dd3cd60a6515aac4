"""The JSON schema of docs/run-state.md describes what the endpoints really send."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

import barscope as bs
from barscope.dashboard.answers import Asked, endpoints

PAGE = Path(__file__).parents[2] / "docs" / "run-state.md"


@pytest.fixture(scope="module")
def validator():
    """Checks a value against the schema of the page, the formats of times too."""
    schema = json.loads(re.search(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)[1])
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def answer(workspace, name, is_owner=True):
    """What an endpoint sends, parsed."""
    return json.loads(endpoints()[name](Asked(lambda: workspace, {}, is_owner)).body)


def explore(workspace):
    """A run that completes."""
    rsi = bs.IndicatorConfig(class_name="RSI")
    workspace.explore(bs.ExplorerRequest(symbols=["SYN"], rtype=33, publisher_id=1, indicators=[rsi])).wait()


def backtest(workspace):
    """A backtest that completes."""
    request = bs.BacktestRequest(strategy="BuyAndHold", symbols=["SYN"], rtype=33, publisher_id=1)
    workspace.backtest(request).wait()


def crash(workspace):
    """A run that fails, with a cause."""
    writer = workspace.runs_store.begin("boom", "a run", 10**18, {})
    try:
        try:
            raise KeyError("a")
        except KeyError as error:
            raise ValueError("b") from error
    except ValueError:
        writer.fail(10**18 + 5, {})


def begin(workspace):
    """A run that goes on."""
    workspace.live = workspace.runs_store.begin("live", "a run", 10**18, {})


@pytest.mark.parametrize("happens", [explore, backtest, crash, begin])
@pytest.mark.parametrize("name", ["status", "state"])
@pytest.mark.parametrize("is_owner", [True, False])
def test_answers_keep_to_the_schema(workspace, validator, happens, name, is_owner):
    """/status and /state of runs that complete, crash and go on, for owners and strangers."""
    happens(workspace)
    validator.validate(answer(workspace, name, is_owner))


def test_the_schema_knows_every_field(workspace, validator):
    """Nothing in the schema that is never sent, and nothing sent that is not in it."""
    explore(workspace)
    assert set(answer(workspace, "state")) == set(validator.schema["properties"])
    assert set(answer(workspace, "status")) == set(validator.schema["required"])


@pytest.mark.parametrize("change", [{"cycles": -1}, {"crashed_at": 5}, {"more": 1}, {"exception": {"type": "E"}}])
def test_the_schema_refuses_what_is_wrong(workspace, validator, change):
    """The check can fail: a negative counter, a time that is a number, an unknown field, half an exception."""
    explore(workspace)
    assert not validator.is_valid(answer(workspace, "status") | change)
