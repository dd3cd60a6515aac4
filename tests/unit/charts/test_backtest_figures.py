"""The figures of a backtest: equity, profit and loss, journey, one trade."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from barscope.charts.data import ChartData, ChartSeries, ChartSpec
from barscope.charts.equity import comparison_figure, equity_figure
from barscope.charts.figure import figure
from barscope.charts.journey import PAGE, journey_figure, trade_data, trade_spec
from barscope.charts.lod import Buckets, turning_points
from barscope.charts.pnl import MAX_BARS, pnl_figure
from barscope.charts.theme import PALETTES
from barscope.domain.equity import EquityCurve, buy_and_hold
from barscope.domain.periods import BarPeriod
from barscope.domain.roundtrips import Direction, RoundTrip
from barscope.errors import InvalidParameterError

MINUTE = 60 * 10**9


def curve(equity, ts=None) -> EquityCurve:
    """An account of some values, a minute apart."""
    equity = np.asarray(equity, np.float64)
    ts = np.arange(len(equity)) * MINUTE if ts is None else np.asarray(ts)
    return EquityCurve(ts, equity, equity, equity * 0, equity * 0)


def trip(pnl: float = 5.0, at: int = 0, **changes) -> RoundTrip:
    """A long trade of ten minutes that was a unit worse and two better than it ended."""
    values = {
        "symbol": "AAPL",
        "direction": Direction.LONG,
        "entry_ts": at * MINUTE,
        "exit_ts": (at + 10) * MINUTE,
        "is_open": False,
        "entry_price": 100.0,
        "exit_price": 100.0 + pnl,
        "quantity": 1.0,
        "max_position": 1.0,
        "duration_bars": 10,
        "high_watermark": max(pnl, 0.0),
        "low_watermark": min(pnl, 0.0),
        "max_drawdown": 0.0,
        "pnl_before_commission": pnl,
        "commission": 1.0,
        "pnl_after_commission": pnl - 1.0,
        "mae": min(pnl, 0.0) - 1.0,
        "mfe": max(pnl, 0.0) + 2.0,
    }
    return RoundTrip(**values | changes)


def texts(fig) -> str:
    """All that a figure says outside its hover labels."""
    return " ".join(a.text for a in fig.layout.annotations)


def pane(fig, axis: str, kind: str = "scatter"):
    """The visible traces of a pane."""
    return [t for t in fig.data if t.yaxis == axis and t.type == kind and t.name != "values"]


@pytest.mark.parametrize("n", [1, 50, 5_000, 1_000_000])
def test_the_largest_drawdown_is_drawn_at_any_length(n):
    """However many bars, few points are drawn, and the highest, the lowest and the deepest are among them."""
    equity = 1_000 + np.cumsum(np.random.default_rng(4).standard_normal(n))
    equity[n // 3] += 50  # a spike and a hole of one bar each
    equity[n // 2] -= 90
    of = curve(equity)
    fig = equity_figure(of, period=BarPeriod.MINUTE)
    line, drop = pane(fig, "y")[0], pane(fig, "y2")[0]
    assert len(line.x) <= 5_000
    assert (line.y.min(), line.y.max()) == (equity.min(), equity.max())
    assert drop.y.min() == of.drawdown.min() * 100
    np.testing.assert_array_equal(line.y, equity[line.x.astype(int)])
    assert line.x[-1] == n - 1
    assert fig.layout.yaxis2.range[0] <= drop.y.min()


def test_the_deepest_point_is_marked_and_named():
    """A dot stands at the deepest drawdown, and the legend gives its size and its time."""
    fig = equity_figure(curve([100, 120, 90, 130]), period=BarPeriod.MINUTE)
    dot = pane(fig, "y2")[1]
    assert (dot.x.tolist(), dot.y.tolist()) == ([2], [-25.0])
    assert "deepest -25.00% on Thu 1 Jan 1970 00:02" in texts(fig)


def test_a_view_of_the_equity_draws_what_is_in_it():
    """A visible range limits the points and fits the axis to them."""
    fig = equity_figure(curve(np.arange(1.0, 1_001)), ChartSpec(visible=(99.5, 199.5)), period=BarPeriod.MINUTE)
    line = pane(fig, "y")[0]
    assert 99 <= line.x.min() < line.x.max() <= 201
    assert fig.layout.yaxis.range[1] < 260
    assert fig.layout.xaxis.range == (99.5, 199.5)


def test_a_benchmark_is_a_second_line():
    """The benchmark is dashed, at the times of the account, and missing before it begins."""
    fig = equity_figure(
        curve([100, 110, 120]), period=BarPeriod.MINUTE, benchmark=curve([50, 60], [MINUTE, 2 * MINUTE])
    )
    other, mine = pane(fig, "y")
    np.testing.assert_array_equal(other.y, [np.nan, 50, 60])
    assert other.line.dash != mine.line.dash
    assert "Buy and hold" in texts(fig)
    assert fig.layout.yaxis.range[0] < 50


def test_accounts_are_compared_by_return_at_common_times():
    """Each account begins at 0 %, stands at its own times, and ends where it ended."""
    late = curve([200, 220], np.array([2, 4]) * MINUTE)
    fig = comparison_figure({"a<b>": curve([10, 11, 12]), "late": late}, period=BarPeriod.MINUTE)
    one, two = pane(fig, "y")
    np.testing.assert_allclose(one.y, [0, 10, 20, np.nan])
    np.testing.assert_allclose(two.y, [np.nan, np.nan, 0, 10])
    assert "a&lt;b&gt;" in texts(fig)
    assert "<b>" not in "".join(t.name or "" for t in fig.data)


def test_turning_points_are_the_first_extremes_of_each_bucket():
    """For each bucket the positions of its least and its greatest value; none where all is NaN."""
    values = np.array([9.0, 1, 5, 1, np.nan, np.nan, 7, 7])
    b = Buckets(np.array([1, 4, 6]), np.array([4, 6, 8]), "any")
    assert turning_points(values, b).tolist() == [1, 2, 6]


def test_buy_and_hold_spends_all_cash_at_the_first_opens(make_bars):
    """Two symbols share the cash; the later one waits for its first bar."""
    first, second = make_bars(4, seed=1), make_bars(4, seed=2).rows(2, 4)
    of = buy_and_hold({"A": first, "B": second}, 1_000.0)
    expected = 500 / first.open[0] * first.close
    expected += np.array([500, 500, *(500 / second.open[0] * second.close)])
    np.testing.assert_allclose(of.equity, expected)
    assert of.cash.tolist() == [500, 500, 0, 0]


def test_profit_and_loss_sums_bars_and_bins():
    """The line is the sum after commission, each trade is a bar, and the bins hold every trade on its side of zero."""
    pnl = [5.0, -3.0, 11.0, 0.5]
    fig = pnl_figure([trip(p) for p in pnl])
    after = np.array(pnl) - 1
    np.testing.assert_allclose(pane(fig, "y")[0].y, np.cumsum(after))
    won, lost = pane(fig, "y2", "bar")
    np.testing.assert_allclose(sorted([*won.y, *lost.y]), sorted(after))
    assert won.y.min() > 0 > lost.y.max()
    right, left = pane(fig, "y4", "bar")
    assert (sum(right.y), sum(left.y)) == (2, 2)
    assert min(right.x) > 0 > max(left.x)
    assert "+9.50" in texts(fig)


def test_many_trades_are_summed_in_runs_that_lose_nothing():
    """Bars beyond the limit stand for several trades and say so; they add up to the whole."""
    pnl = np.random.default_rng(1).standard_normal(10 * MAX_BARS + 1)
    pnl[3_000] = -500
    fig = pnl_figure([trip(float(p)) for p in pnl])
    bars = pane(fig, "y2", "bar")
    assert sum(len(t.x) for t in bars) <= MAX_BARS
    assert sum(t.y.sum() for t in bars) == pytest.approx((pnl - 1).sum())
    assert "Each 11 trades together" in texts(fig)
    assert pane(fig, "y")[0].y.min() == pytest.approx(np.cumsum(pnl - 1).min())


@pytest.mark.parametrize("n", [1, 2, 40, PAGE])
def test_each_trade_is_a_span_from_worst_to_best_with_its_exit(n):
    """The spans end at MAE and MFE, the marks stand at the exits, one of each for every trade."""
    trips = [trip(float(p), at) for at, p in enumerate(np.random.default_rng(2).standard_normal(n))]
    fig = journey_figure(trips)
    worst, best = pane(fig, "y", "bar")
    np.testing.assert_array_equal(worst.y, [t.mae for t in trips])
    np.testing.assert_array_equal(best.y, [t.mfe for t in trips])
    exits = {x: y for t in pane(fig, "y") for x, y in zip(t.x, t.y, strict=True)}
    assert exits == {i: t.pnl_before_commission for i, t in enumerate(trips)}
    bottom, top = fig.layout.yaxis.range
    assert bottom < min(worst.y) <= max(best.y) < top


def test_the_journey_can_be_ordered_and_turned_over():
    """Ordered by profit and loss the exits rise; more than a page says which part of how many is shown."""
    trips = [trip(float(p), at) for at, p in enumerate(np.random.default_rng(3).permutation(PAGE + 20))]
    first, second = (journey_figure(trips, order="pnl", page=page) for page in (1, 2))
    exits = [y for fig in (first, second) for t in pane(fig, "y") for y in t.y]
    assert len(exits) == PAGE + 20
    assert sorted(exits) == [float(n) for n in range(PAGE + 20)]
    assert max(y for t in pane(first, "y") for y in t.y) < min(y for t in pane(second, "y") for y in t.y)
    assert f"20 of {PAGE + 20} trades by profit and loss, page 2 of 2" in texts(second)
    assert pane(second, "y", "bar")[0].x[0] == PAGE


@pytest.mark.parametrize("options", [{"order": "size"}, {"page": 0}, {"page": 2}])
def test_a_journey_that_is_not_there_is_refused(options):
    """An unknown order or page is an error, not an empty figure."""
    with pytest.raises(InvalidParameterError):
        journey_figure([trip()], **options)


def test_an_open_trade_is_told_apart():
    """What is open has a mark of its own shape, and both figures say so."""
    trips = [trip(), trip(is_open=True)]
    shapes = {t.marker.symbol: len(t.x) for t in pane(journey_figure(trips), "y")}
    assert shapes == {"circle": 1, "diamond": 0, "circle-open": 1}
    assert "still open" in texts(journey_figure(trips))
    assert "1 still open" in texts(pnl_figure(trips))


@pytest.mark.parametrize("theme", list(PALETTES))
def test_nothing_to_show_is_said_calmly(theme):
    """No bars, no trades or nothing but NaN gives a figure of one sentence in the colours of the theme."""
    spec, nan = ChartSpec(theme=theme), float("nan")
    unknown = trip(pnl_before_commission=nan, pnl_after_commission=nan)
    for fig, said in (
        (equity_figure(curve([]), spec, period=BarPeriod.DAY), "no bars"),
        (equity_figure(curve([nan, nan]), spec, period=BarPeriod.DAY), "no bars"),
        (comparison_figure({}, spec, period=BarPeriod.DAY), "no bars"),
        (pnl_figure([], spec), "no trades"),
        (pnl_figure([unknown], spec), "no trade has a known result"),
        (journey_figure([], spec), "no trades"),
        (journey_figure([unknown], spec), "no trade has a known result"),
    ):
        assert said in texts(fig)
        assert not fig.data
        assert fig.layout.template.layout.paper_bgcolor == PALETTES[theme].paper


def test_odd_values_do_not_break_a_figure():
    """A gap in the account, an account of nothing, trades of nothing and a view beside the bars can be drawn."""
    nan = float("nan")
    equity_figure(curve([nan, 100, nan, 90, nan]), period=BarPeriod.DAY)
    equity_figure(curve([0, 0, 0]), period=BarPeriod.DAY, benchmark=curve([]))
    equity_figure(curve([1, 2]), ChartSpec(visible=(50, 60)), period=BarPeriod.DAY)
    comparison_figure({"zero": curve([0, 0]), "one": curve([5])}, period=BarPeriod.DAY)
    pnl_figure([trip(1.0), trip(1.0), trip(float("nan"))])
    journey_figure([trip(0.0, mae=0.0, mfe=0.0)])


def test_figures_of_a_backtest_keep_plotlys_cloud_off():
    """The cloud button is off in every figure, as HTML and as a picture's page."""
    for fig in (equity_figure(curve([1, 2]), period=BarPeriod.DAY), pnl_figure([trip()]), pnl_figure([])):
        assert '"showSendToCloud": false' in fig.to_html(include_plotlyjs=False)


def test_one_trade_among_its_bars(make_bars):
    """The bars from some before the entry to some after the exit, with its series and its two marks."""
    bars = make_bars(ts=np.arange(200) * MINUTE)
    data = ChartData("AAPL", bars, BarPeriod.MINUTE, (ChartSeries("SMA", bars.close),))
    one = trade_data(data, trip(5.0, at=100), context=20)
    np.testing.assert_array_equal(one.bars.ts, np.arange(80, 131) * MINUTE)
    np.testing.assert_array_equal(one.series[0].values, bars.close[80:131])
    marks = {t.name: t.x.tolist() for t in figure(one).data if t.type == "scatter" and t.name and "-" in t.name}
    assert marks == {"entry-long": [20], "exit-long": [30], "entry-short": [], "exit-short": []}
    assert trade_spec(data, trip(5.0, at=100), 20).visible == (79.5, 130.5)


def test_context_ends_where_the_bars_do(make_bars):
    """A trade near an end of the bars has less context; the trade of another symbol or time is refused."""
    data = ChartData("AAPL", make_bars(ts=np.arange(20) * MINUTE), BarPeriod.MINUTE)
    assert len(trade_data(data, trip(at=5), 30).bars) == 20
    for other, context in ((trip(symbol="MSFT"), 3), (trip(at=15), 3), (trip(), -1)):
        with pytest.raises(InvalidParameterError):
            trade_data(data, other, context)


def test_hostile_names_stay_text():
    """HTML in a symbol reaches no figure unescaped."""
    evil = replace(trip(), symbol="<img src=x onerror=alert(1)>", strategy="<script>")
    for fig in (pnl_figure([evil]), journey_figure([evil])):
        found = json.dumps(fig.to_plotly_json()["layout"]["annotations"]) + "".join(
            str(t.text) for t in fig.data if t.text is not None
        )
        assert "<img" not in found
        assert "&lt;img" in found
