"""Comparing the events of two runs row by row."""

from __future__ import annotations

import pytest

import barscope as bs
from barscope.errors import UnknownRunError
from barscope.studies import comparison
from barscope.studies.comparison import Difference, first_difference, first_different_bar
from barscope.workspace.read_only import ReadOnlyWorkspace


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


@pytest.mark.parametrize("params", [{}, {"quantity": 2.0}, {"slow_period": 30}, {"fast_period": 6}])
def test_bars_are_compared_by_columns_as_by_rows(workspace, run, params):
    """The first different bar has the place and time of the first different row, also in a snapshot without rows."""
    runs = run(), run(**params)
    row = first_difference(workspace.runs_store, *runs, tables=["bars_processed"])
    bar = first_different_bar(workspace.runs_store, *runs)
    assert (bar and (bar.position, bar.ts_event_ns)) == (row and (row.position, row.ts_event_ns))
    assert (bar and {name for name, _, _ in bar.changes}) == (row and {name for name, _, _ in row.changes})
    published = workspace.publish(runs, workspace.paths.folder / "snapshot.db")
    with ReadOnlyWorkspace.of_snapshot(published) as snapshot:
        assert first_different_bar(snapshot.runs_store, *runs) == bar


def test_bars_of_other_symbols_and_lengths_differ(workspace, minute_bars):
    """A symbol that one run lacks is missing from its first bar on; a run that ends earlier, from the bar after."""

    def explore(*symbols, **choice):
        indicators = [bs.IndicatorConfig(class_name="SMA", params={"timeperiod": 5})]
        request = bs.ExplorerRequest(symbols=symbols, rtype=33, publisher_id=1, indicators=indicators, **choice)
        return workspace.explore(request).run_id

    both, one = explore("ALT", "SYN"), explore("ALT")
    found = first_different_bar(workspace.runs_store, both, one)
    assert (found.position, found.first["symbol"], found.second) == (1, "SYN", None)
    workspace.secmaster.write(1, [minute_bars("LONG", n=1500)])
    day, whole = explore("LONG", end_date="2024-01-02"), explore("LONG")
    found = first_different_bar(workspace.runs_store, day, whole)
    assert (found.position, found.first) == (len(workspace.run(day).bars("LONG")), None)
    assert str(found).endswith("only the second run has it")


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
