"""What the screen reads of a session: bars and series, checked against each other."""

from __future__ import annotations

import numpy as np
import pytest

from barscope.errors import MissingBarsError
from barscope.studies.request import ExplorerRequest, IndicatorConfig
from barscope.workspace.symbol_view import STALE, enqueue_view, same_bars

SOURCE = ExplorerRequest(symbols=("ALT", "SYN"), rtype=33, publisher_id=1)


def explored(workspace, period=5):
    """The run id of a moving average over both symbols."""
    indicator = IndicatorConfig(class_name="SMA", params={"timeperiod": period})
    return workspace.explore(SOURCE.model_copy(update={"indicators": (indicator,)})).run_id


def test_bars_come_without_any_indicator(workspace):
    """The bars of a symbol can be seen before anything was computed on them."""
    view = enqueue_view(workspace, SOURCE, "SYN").result()
    assert len(view.bars) == 500
    assert view.series == {}


def test_series_of_several_runs_come_together(workspace):
    """The series of each run are read for the one symbol, as the chart draws them."""
    runs = [explored(workspace, 5), explored(workspace, 9)]
    view = enqueue_view(workspace, SOURCE, "ALT", runs).result()
    assert [series.name for run_id in runs for series in view.series[run_id]] == ["SMA(5, CLOSE)", "SMA(9, CLOSE)"]
    expected = workspace.run(runs[0]).indicators("ALT")["SMA(5, CLOSE)"]
    np.testing.assert_array_equal(view.series[runs[0]][0].values, expected)


def test_a_run_that_is_gone_is_a_problem_of_its_own(workspace):
    """A deleted run is named as a problem and the other series are read all the same."""
    kept, gone = explored(workspace, 5), explored(workspace, 9)
    workspace.delete_run(gone)
    view = enqueue_view(workspace, SOURCE, "SYN", [kept, gone]).result()
    assert list(view.series) == [kept]
    assert gone in view.problems[gone]


def test_series_on_other_bars_are_not_mixed_in(workspace, minute_bars):
    """Series that were computed before bars were added are not drawn on the new bars."""
    run_id = explored(workspace)
    workspace.secmaster.write(1, [minute_bars("SYN", n=501)], replace=True)
    view = enqueue_view(workspace, SOURCE, "SYN", [run_id]).result()
    assert len(view.bars) == 501
    assert view.problems == {run_id: STALE}


def test_an_empty_range_names_the_coverage(workspace):
    """A range without bars ends the job with an error that says what there is."""
    source = SOURCE.model_copy(update={"start_date": "2030-01-01"})
    with pytest.raises(MissingBarsError, match="There is rtype 33 from 2024-01-02"):
        enqueue_view(workspace, source, "SYN").result()


def test_same_bars_compares_every_column(workspace):
    """Bars that differ in one price of one bar are not the same."""
    bars = enqueue_view(workspace, SOURCE, "SYN").result().bars
    close = bars.close.copy()
    close[7] += 0.01
    assert same_bars(bars, bars.rows(0, len(bars)))
    assert not same_bars(bars, type(bars)(bars.ts, bars.open, bars.high, bars.low, close, bars.volume))
