"""A chart in words says what the chart says."""

from __future__ import annotations

import numpy as np

from barscope.charts.data import ChartData, ChartSeries
from barscope.charts.description import describe_chart, describe_trades
from barscope.charts.markers import TradeMarker
from barscope.charts.text import disclosure
from barscope.domain.bars import Bars
from barscope.domain.periods import BarPeriod


def bars():
    """Three days: 10 → 12, between 9 and 14."""
    ts = np.array(["2024-01-02", "2024-01-03", "2024-01-04"], "datetime64[ns]").astype(np.int64)
    columns = ([10.0, 11, 13], [11.0, 14, 13], [9.0, 10, 12], [11.0, 13, 12])
    return Bars(ts, *(np.array(c, np.float64) for c in columns), np.array([1, 2, 3], np.int64))


def test_candlesticks_tell_range_prices_series_and_trades():
    """Period, range, last close, high, low, change, the last value of each series and the number of trades."""
    series = (
        ChartSeries("SMA", np.array([np.nan, 11.5, 12.25])),
        ChartSeries("RSI", np.array([50.0, 61.5, np.nan]), pane="own"),
        ChartSeries("None yet", np.full(3, np.nan)),
    )
    opened = int(bars().ts[0])
    markers = (TradeMarker(opened, 10.0, "entry-long", "in"), TradeMarker(opened, 11.0, "exit-long", "out"))
    said = describe_chart(ChartData("AAPL", bars(), BarPeriod.DAY, series, markers=markers))
    assert dict(said.facts) == {
        "Bars": "3 of 1 day",
        "Range": "Tue 2 Jan 2024 to Thu 4 Jan 2024",
        "Last close": "12.00",
        "High": "14.00",
        "Low": "9.00",
        "Change": "+2.00 (+20.00%)",
        "SMA": "12.25",
        "RSI": "61.5",
        "None yet": "no value",
        "Trades": "1",
    }
    assert str(said).startswith("Candlesticks of AAPL. Bars: 3 of 1 day. Range: ")


def test_times_within_a_day_are_those_of_the_exchange():
    """Bars shorter than a day say the time in the zone of the chart, and which zone that is."""
    said = describe_chart(ChartData("AAPL", bars(), BarPeriod.MINUTE, zone="America/New_York"))
    assert dict(said.facts)["Range"] == "Mon 1 Jan 2024 19:00 to Wed 3 Jan 2024 19:00, America/New_York"


def test_no_trades_are_told():
    """A backtest that never traded says so, in place of sums of nothing."""
    assert str(describe_trades("Profit and loss by trade", ())) == "Profit and loss by trade. Trades: none."


def test_names_are_shown_as_text():
    """Hostile names and values stay text."""
    html = disclosure("Summary", "<script>", [("<b>", "a & b")])
    assert "<script>" not in html
    assert "<dt>&lt;b&gt;</dt><dd>a &amp; b</dd>" in html
