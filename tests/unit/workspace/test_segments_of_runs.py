"""Segments of a run: as a sequence, as a table with forward returns, as a distribution, and in the background."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

import barscope as bs
from barscope.errors import InvalidParameterError, JobCancelledError, UnknownRunError, UnknownSymbolError
from barscope.workspace.segment_view import PAGE, enqueue_segment_view, enqueue_segments, enqueue_thumbnails
from barscope.workspace.segments import ALL_BARS, SIGNALS

SMA = "SMA(5, CLOSE)"
ABOVE = bs.ByCondition(bs.Comparison("close", "crosses_above", SMA), context_bars=3, gap_tolerance=1)
NEVER = bs.ByCondition(bs.Comparison("close", ">", 1e9))
KEYS = [
    "symbol",
    "segment_num",
    "start_ts",
    "end_ts",
    "condition_start_ts",
    "condition_end_ts",
    "bar_count",
    "condition_bar_count",
]


@pytest.fixture
def run(workspace):
    """A completed exploration of two symbols with a moving average."""
    indicator = bs.IndicatorConfig(class_name="SMA", params={"timeperiod": 5})
    request = bs.ExplorerRequest(symbols=("ALT", "SYN"), rtype=33, publisher_id=1, indicators=(indicator,))
    return workspace.explore(request).result()


def test_all_symbols_or_one(run):
    """Segments of all symbols follow each other, numbered within each; those of one symbol are the same."""
    found = run.segments(ABOVE)
    symbols = [segment.symbol for segment in found]
    assert symbols == sorted(symbols)
    assert set(symbols) == {"ALT", "SYN"}
    assert tuple(run.segments(ABOVE, "SYN")) == tuple(segment for segment in found if segment.symbol == "SYN")
    assert [segment.segment_num for segment in run.segments(ABOVE, "SYN")] == list(range(1, symbols.count("SYN") + 1))
    assert found[-1] == found[len(found) - 1] == list(found)[-1]
    assert found[1:3] == (found[1], found[2])
    with pytest.raises(IndexError, match="there are"):
        found[len(found)]


def test_the_table_has_the_values_of_the_segments(run):
    """One row per segment with the keys of a segment, times as UTC, and the returns the bars give by hand."""
    found, frame = run.segments(ABOVE, "SYN"), run.segments(ABOVE, "SYN").frame((1, 7))
    assert list(frame) == [*KEYS, "signal_ts", "signal_close", "return_1", "return_7"]
    ns = frame.assign(**{key: frame[key].astype("int64") for key in KEYS if key.endswith("_ts")})
    assert [tuple(row) for row in ns[KEYS].itertuples(index=False)] == [
        tuple(getattr(segment, key) for key in KEYS) for segment in found
    ]
    bars = run.bars("SYN")
    row = frame.iloc[4]
    place = bars.index.get_loc(row.signal_ts)
    assert row.signal_ts == row.condition_start_ts
    assert row.return_7 == pytest.approx(bars.close.iloc[place + 7] / bars.close.iloc[place] - 1)


def test_a_signal_is_measured_from_the_first_bar_that_shows_it(run):
    """However long a stretch turns out to be, its return counts from the close of its first bar."""
    frame = run.segments(bs.ByCondition(bs.Comparison("close", ">", SMA), gap_tolerance=2), "SYN").frame()
    assert (frame.condition_bar_count > 1).any()
    closes = run.bars("SYN").close
    assert (closes.loc[frame.condition_start_ts].to_numpy() == frame.signal_close.to_numpy()).all()


def test_segments_without_a_condition_are_measured_from_their_end(run):
    """A segment by bars or time is complete at its last bar; it has no condition times."""
    frame = run.segments(bs.ByBars(100), "SYN").frame()
    assert (frame.signal_ts == frame.end_ts).all()
    assert frame.condition_start_ts.isna().all()
    assert str(frame.condition_start_ts.dtype) == "datetime64[ns, UTC]"
    assert frame.return_1.isna().tolist() == [False] * 4 + [True]
    assert run.segments(bs.ByTime("hour"), "SYN").frame().bar_count.sum() == 500


def test_the_distribution_is_that_of_the_tables(run):
    """Count, mean, median, deviation, hit rate and quantiles are those of pandas, against all bars of both symbols."""
    found = run.segments(ABOVE)
    table, returns = found.distribution(), found.frame().return_5.dropna()
    row = table.loc[5, SIGNALS]
    expected = [len(returns), returns.mean(), returns.median(), returns.std(), (returns > 0).mean()]
    assert row[["count", "mean", "median", "std", "hit_rate"]].tolist() == pytest.approx(expected)
    assert row.q05 == pytest.approx(returns.quantile(0.05))
    every = pd.concat([run.bars(symbol).close.pct_change(20) for symbol in run.symbols]).dropna()
    baseline = table.loc[20, ALL_BARS]
    assert baseline[["count", "mean", "q95"]].tolist() == pytest.approx([960, every.mean(), every.quantile(0.95)])


def test_a_condition_that_never_holds_is_a_result(run):
    """Nothing is found, the reason says why, and table, distribution and figure have their usual form."""
    found = run.segments(NEVER)
    assert len(found) == 0
    assert found.reason.count("close > 1000000000 holds at none of the 500 bars of") == 2
    assert "close is between" in repr(found)
    frame = found.frame()
    assert frame.empty
    assert (frame.dtypes == run.segments(ABOVE).frame().dtypes).all()
    assert found.distribution().loc[5, SIGNALS]["count"] == 0
    assert "close &gt; 1000000000 holds at none" in found.figure().layout.annotations[0].text
    assert run.segments(ABOVE).reason is None


def test_what_cannot_be_answered_is_refused(run, workspace):
    """An unknown series, symbol, horizon or way to cut is an error that names it."""
    with pytest.raises(InvalidParameterError, match=r"Unknown series: SMA\(6, CLOSE\)\. Did you mean SMA\(5, CLOSE\)"):
        run.segments(bs.ByCondition(bs.Comparison("close", ">", "SMA(6, CLOSE)")))
    with pytest.raises(UnknownSymbolError, match="SYM"):
        run.segments(ABOVE, "SYM")
    with pytest.raises(InvalidParameterError, match="'week' is no way to cut bars: use ByBars, ByTime or ByCondition"):
        run.segments("week")
    with pytest.raises(InvalidParameterError, match="no way to cut bars: put it into ByCondition"):
        run.segments(ABOVE.condition)
    with pytest.raises(InvalidParameterError, match="horizons"):
        run.segments(ABOVE).frame([0])
    workspace.runs_store.delete([run.run_id])
    workspace._results.forget([run.run_id])
    with pytest.raises(UnknownRunError):
        run.segments(ABOVE)


def test_in_the_background(run, workspace):
    """The job finds what the call finds, symbol by symbol."""
    job = enqueue_segments(workspace, run, ABOVE)
    assert tuple(job.result()) == tuple(run.segments(ABOVE))
    assert tuple(enqueue_segments(workspace, run, ABOVE, "ALT").result()) == tuple(run.segments(ABOVE, "ALT"))


def test_a_search_is_cancelled_between_symbols(run, tmp_path, monkeypatch):
    """A cancelled search stops before the next symbol and says so."""
    began, go_on = threading.Event(), threading.Event()
    read = type(run).columns

    def slowly(self, symbol=None):
        began.set()
        assert go_on.wait(20)
        return read(self, symbol)

    monkeypatch.setattr(type(run), "columns", slowly)
    with bs.Workspace(tmp_path / "other") as other:
        job = enqueue_segments(other, run, ABOVE)
        assert began.wait(20)
        job.cancel()
        go_on.set()
        with pytest.raises(JobCancelledError):
            job.result(20)
    assert job.snapshot.status == "cancelled"


def test_a_view_of_a_chart(run, workspace):
    """The segments of a chart are those of the run; each is shown with room around it and has a thumbnail."""
    data = run.chart_data("SYN")
    view = enqueue_segment_view(workspace, data, ABOVE).result()
    assert tuple(view.segments) == tuple(run.segments(ABOVE, "SYN"))
    thumbnails = enqueue_thumbnails(workspace, view, 0, (132, 64), "light").result()
    assert len(thumbnails) == min(PAGE, len(view.segments))
    for n, (thumbnail, row) in enumerate(zip(thumbnails, view.segments.frame().itertuples(), strict=False)):
        start, stop = view.shown(n)
        first, last = view.range(n)
        assert 0 <= start <= first <= last <= stop < 500
        assert stop - start >= 12
        assert thumbnail.svg.startswith("<svg")
        assert thumbnail.outcome == pytest.approx(row.return_5, nan_ok=True)
    assert np.isnan(view.outcome(len(view.segments) - 1, horizon=500))
    assert enqueue_thumbnails(workspace, view, len(view.segments), (132, 64), "dark").result() == ()


def test_segments_of_a_backtest(workspace):
    """What a strategy computed can be searched like what an exploration computed."""
    request = bs.BacktestRequest(
        strategy="SMACrossover", strategy_params={"fast_period": 5, "slow_period": 20}, symbols=("SYN",), rtype=33,
        publisher_id=1,
    )  # fmt: skip
    run = workspace.backtest(request).result()
    fast, slow = run.indicators().columns[:2]
    assert len(run.segments(bs.ByCondition(bs.Comparison(fast, "crosses_above", slow)))) > 5
