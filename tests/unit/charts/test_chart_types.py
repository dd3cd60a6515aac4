"""Chart types, scales of the prices, and comparison with other symbols."""

from __future__ import annotations

import numpy as np
import pytest

from barscope.charts.compared import compared
from barscope.charts.data import ChartData, ChartSeries, ChartSpec
from barscope.charts.drawing import Drawing
from barscope.charts.figure import figure
from barscope.charts.heikin_ashi import heikin_ashi
from barscope.domain.bars import Bars
from barscope.domain.periods import BarPeriod

MINUTE = 60 * 10**9


def rising(n: int = 100, first: float = 50.0, step: float = 0.5) -> Bars:
    """Closes that rise by a step from bar to bar."""
    close = first + step * np.arange(n)
    return Bars(np.arange(n) * MINUTE, close - 0.1, close + 0.2, close - 0.3, close, np.full(n, 10))


def chart(bars: Bars, **more) -> ChartData:
    """The chart of some minutes."""
    return ChartData("A", bars, BarPeriod.MINUTE, **more)


def test_heikin_ashi_by_hand():
    """Four bars give the candles worked out on paper."""
    bars = Bars(
        np.arange(4), [10.0, 11, 12, 11], [12.0, 13, 13, 11.5], [9.0, 10, 11, 8], [11.0, 12, 11.5, 9], np.ones(4)
    )
    found = heikin_ashi(bars)
    assert found.close.tolist() == [10.5, 11.5, 11.875, 9.875]
    assert found.open.tolist() == [10.5, 10.5, 11.0, 11.4375]
    assert found.high.tolist() == [12.0, 13.0, 13.0, 11.5]
    assert found.low.tolist() == [9.0, 10.0, 11.0, 8.0]


def test_heikin_ashi_in_a_view_comes_from_all_bars():
    """Zoomed in, the candles are those of the whole history, not of the bars in view."""
    bars = rising(500)
    drawn = figure(chart(bars), ChartSpec(visible=(400, 420), chart_type="heikin-ashi")).data[0]
    at = drawn.x.astype(int)
    np.testing.assert_allclose(drawn.open, heikin_ashi(bars).open[at], rtol=1e-6)
    assert drawn.type == "candlestick"


def test_ohlc_bars_and_a_line_of_closes():
    """Each type draws the same closes at the same places."""
    bars = rising()
    candles, ohlc, line = (
        figure(chart(bars), ChartSpec(chart_type=t)).data[0] for t in ("candlestick", "ohlc", "close")
    )
    assert (ohlc.type, line.type) == ("ohlc", "scatter")
    np.testing.assert_array_equal(ohlc.close, candles.close)
    np.testing.assert_array_equal(line.y, candles.close)
    np.testing.assert_array_equal(line.x, candles.x)


def test_a_logarithmic_axis_has_its_range_and_tag_in_powers_of_ten():
    """The range holds every visible price, and labels are round prices."""
    bars = rising(1000, first=2.0)
    layout = figure(chart(bars), ChartSpec(scale="log")).layout
    bottom, top = layout.yaxis.range
    assert layout.yaxis.type == "log"
    assert 10**bottom < bars.low.min() < bars.high.max() < 10**top
    assert layout.annotations[0].y == pytest.approx(np.log10(bars.close[-1]))
    assert set(layout.yaxis.ticktext) >= {"2.00", "5.00", "10.00", "100.00"}


def test_prices_at_or_below_zero_are_drawn_linear():
    """A logarithm of nothing, and a percentage of less, are not drawn: the scale is linear."""
    bars = rising(100, first=-10.0)
    for scale in ("log", "percent"):
        layout = figure(chart(bars), ChartSpec(scale=scale)).layout
        assert (layout.yaxis.type, layout.yaxis.ticktext) == ("linear", None)


def test_percent_is_of_the_first_visible_close():
    """The label 0% stands at the close of the first bar in view, +10% a tenth above."""
    bars = rising()
    layout = figure(chart(bars), ChartSpec(scale="percent", visible=(20, 60))).layout
    labels = dict(zip(layout.yaxis.ticktext, layout.yaxis.tickvals, strict=True))
    assert labels["0%"] == bars.close[20]
    assert labels["+10%"] == pytest.approx(bars.close[20] * 1.1)
    assert layout.annotations[0].text == f"{(bars.close[-1] / bars.close[20] - 1) * 100:+.2f}%"


def test_percent_of_a_chosen_bar_stays_when_the_view_moves():
    """With a moment chosen, 0% is the close of its bar in any view."""
    bars, moment = rising(), 30 * MINUTE
    for visible in ((10, 60), (50, 90)):
        spec = ChartSpec(scale="percent", percent_from=moment, visible=visible)
        assert Drawing(chart(bars)).scale(spec).base == bars.close[30]


def test_a_compared_symbol_is_aligned_by_time():
    """It has a value where both have a bar at the same moment, and a gap where only the chart has one."""
    bars = rising(6)
    other = Bars(np.array([1, 2, 4, 5, 9]) * MINUTE, *[np.array([10.0, 11, 12, 13, 99])] * 4, np.ones(5))
    np.testing.assert_array_equal(compared("B", other, bars.ts).closes, [np.nan, 10, 11, np.nan, 12, 13])
    empty = compared("B", other.rows(0, 0), bars.ts)
    assert np.isnan(empty.closes).all()
    assert np.isnan(empty.close_at(3))


def test_a_compared_symbol_begins_where_the_symbol_does():
    """Two symbols that both double meet at both ends of a percent axis; the gap of one stays a gap."""
    bars = Bars(np.arange(11) * MINUTE, *[np.linspace(50, 100, 11)] * 4, np.ones(11))
    other = Bars(bars.ts, *[np.linspace(3, 6, 11)] * 4, np.ones(11)).rows(0, 11)
    closes = compared("B", other, bars.ts)
    closes.closes[5] = np.nan
    fig = figure(chart(bars, compared=(closes,)))
    line = next(trace for trace in fig.data if trace.name == "B")
    assert (line.y[0], line.y[-1]) == (50, 100)
    assert np.isnan(line.y[5])
    assert "+100%" in fig.layout.yaxis.ticktext
    assert "+100.00%" in fig.layout.annotations[1].text


def test_a_symbol_that_begins_later_begins_at_the_symbols_base():
    """One whose first bar comes after the first visible one starts at 0 percent there."""
    bars = rising(10)
    later = Bars(bars.ts[4:], *[np.full(6, 7.0)] * 4, np.ones(6))
    line = figure(chart(bars, compared=(compared("B", later, bars.ts),))).data[-2]
    assert np.isnan(line.y[3])
    assert line.y[4] == pytest.approx(bars.close[0])


def test_compared_lines_are_inside_the_axis():
    """The range reaches to a compared symbol that runs far away."""
    bars = rising(50)
    away = Bars(bars.ts, *[np.linspace(1, 20, 50)] * 4, np.ones(50))
    fig = figure(chart(bars, compared=(compared("B", away, bars.ts),), series=(ChartSeries("s", bars.close),)))
    assert fig.layout.yaxis.range[1] > np.nanmax(fig.data[-2].y)
