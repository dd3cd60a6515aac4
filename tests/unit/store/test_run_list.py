"""The list of all runs: what it tells, and that one broken record harms nothing."""

from __future__ import annotations

import pytest

from barscope.store.run_list import glance_at_runs
from barscope.store.runs import RunStore


@pytest.fixture
def runs(tmp_path):
    """An empty runs.db."""
    store = RunStore(tmp_path / "runs.db")
    yield store
    store.close()


def test_a_glance_tells_what_a_list_shows(runs):
    """Newest first: id, name, times, status, mode, symbols, record type and final equity."""
    config = {"mode": "backtest", "symbols": ["A", "B"], "rtype": 33}
    runs.begin("one", "First", 10, config).complete(20, {"final_equity": 1234.5})
    runs.begin("two", "Second", 30, {"mode": "exploration", "symbols": ["A"], "rtype": 35}).fail(40, {"error": "no"})
    second, first = glance_at_runs(runs)
    assert (first.run_id, first.name, first.ts_start, first.ts_end, first.status) == (
        "one",
        "First",
        10,
        20,
        "completed",
    )
    assert (first.mode, first.symbols, first.rtype, first.final_equity) == ("backtest", ("A", "B"), 33, 1234.5)
    assert (second.mode, second.status, second.final_equity) == ("exploration", "failed", None)


def test_a_glance_tells_what_bars_were_made_into(runs):
    """The timeframe of a request is there whether the record holds the request itself or beside other things."""
    runs.begin("one", "First", 10, {"mode": "exploration", "rtype": 33, "timeframe": "1h"}).complete(20, {})
    runs.begin("two", "Second", 30, {"mode": "backtest", "rtype": 33, "request": {"timeframe": "1d"}}).complete(40, {})
    assert [glance.timeframe for glance in glance_at_runs(runs)] == ["1d", "1h"]


@pytest.mark.parametrize("config", ["{broken", '"text"', '{"symbols": 5, "rtype": "x", "mode": 3}', None])
def test_a_broken_record_is_listed_with_what_it_has(runs, config):
    """A record that cannot be read, or tells nonsense, is in the list all the same."""
    runs.begin("odd", "Odd", 1, {}).complete(2, {})
    with runs.database.atomic() as connection:
        connection.execute("UPDATE runs SET config = ?, metadata = ?", (config, config))
    (glance,) = glance_at_runs(runs)
    assert (glance.name, glance.symbols, glance.rtype, glance.final_equity) == ("Odd", (), None, None)
