"""Comparing the events of two runs row by row."""

from __future__ import annotations

import pytest

import barscope as bs
from barscope.errors import UnknownRunError
from barscope.studies import comparison
from barscope.studies.comparison import Difference, first_difference


@pytest.fixture
def run(workspace):
    """A function that runs a crossover and gives its id."""

    def run_(**params):
        choice = {"symbols": ["SYN"], "rtype": 33, "publisher_id": 1, "strategy": "SMACrossover"}
        params = {"fast_period": 5, "slow_period": 20, **params}
        return workspace.backtest(bs.BacktestRequest(**choice, strategy_params=params)).run_id

    return run_


def test_equal_runs_have_no_difference(workspace, run):
    """The same request twice gives the same events."""
    assert first_difference(workspace.runs_store, run(), run()) is None


def test_the_first_different_order_is_found(workspace, run):
    """A larger quantity shows in the first order, with the two values."""
    found = first_difference(workspace.runs_store, run(), run(quantity=2.0))
    assert (found.table, found.position) == ("order_submissions", 0)
    assert (found.first["quantity"], found.second["quantity"]) == (1.0, 2.0)


def test_bars_of_equal_digest_are_not_read(workspace, run, monkeypatch):
    """Where both records name one digest of their columns, the bars are passed over; else they are compared."""
    read = []
    stream = comparison.stream_events

    def watched(runs, run_id, table, columns):
        read.append(table)
        return stream(runs, run_id, table, columns)

    monkeypatch.setattr(comparison, "stream_events", watched)
    one = run()
    first_difference(workspace.runs_store, one, run(quantity=2.0))
    assert "fills" in read
    assert "bars_processed" not in read
    first_difference(workspace.runs_store, one, run(slow_period=30))
    assert "bars_processed" in read


def test_some_events_can_be_compared_alone(workspace, run):
    """Asked for fills only, it tells the first different fill though orders differ before."""
    found = first_difference(workspace.runs_store, run(), run(quantity=2.0), tables=["fills"])
    assert found.table == "fills"


def test_comparing_can_be_stopped(workspace, run):
    """What the check raises ends the comparison."""
    with pytest.raises(ZeroDivisionError):
        first_difference(workspace.runs_store, run(), run(), lambda: 1 // 0)


def test_only_completed_runs_are_compared(workspace, run):
    """A run without results is refused by name."""
    workspace.runs_store.begin("failed-1", "x", 1, {}).fail(2, {})
    with pytest.raises(UnknownRunError, match="failed-1 is failed"):
        first_difference(workspace.runs_store, run(), "failed-1")


def test_a_difference_is_told_in_words():
    """Times are text, and of the indicators only the series that differ are named."""
    first = {"ts_event_ns": 0, "close": 1.0, "indicators": '{"A": null, "B": 2.0}'}
    second = {"ts_event_ns": 10**9, "close": 1.0, "indicators": '{"A": 1.5, "B": 2.0}'}
    difference = Difference("bars_processed", 3, 0, first, second)
    assert difference.changes == (
        ("ts_event", "1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z"),
        ("A", None, 1.5),
    )
    assert str(difference) == (
        "bars_processed[3]: ts_event: '1970-01-01T00:00:00Z' ≠ '1970-01-01T00:00:01Z', A: None ≠ 1.5"
    )
