"""The static figure."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from barscope.charts.data import ChartData, ChartSeries, ChartSpec
from barscope.charts.drawing import WIRE_BYTES, Drawing, price_decimals
from barscope.charts.figure import figure
from barscope.charts.theme import PALETTES, template
from barscope.domain.bars import Bars
from barscope.domain.periods import BarPeriod
from barscope.errors import InvalidParameterError, MissingBarsError


def wire_bytes(view) -> int:
    """Bytes of the arrays of a view."""
    return sum(a.nbytes for arrays in view.arrays for a in arrays.values() if isinstance(a, np.ndarray))


def test_panes_from_top_to_bottom(session_data):
    """Prices on top, then volume, then one pane per indicator; outputs of one indicator share theirs."""
    fig = figure(session_data)
    axes = {trace.name: trace.yaxis for trace in fig.data}
    assert axes == {
        "AAPL": "y",
        "Volume": "y2",
        "Lower": "y",
        "Upper": "y",
        "SMA_20_CLOSE": "y",
        "RSI_14_CLOSE": "y3",
        "hist": "y4",
        "signal": "y4",
        "values": None,
    }
    domains = [fig.layout[name].domain for name in ("yaxis", "yaxis2", "yaxis3", "yaxis4")]
    assert domains[0][1] == 1
    assert domains[-1][0] == 0
    assert all(above[0] > below[1] - 1e-9 for above, below in pairwise(domains))


def test_price_pane_keeps_its_share_below_ten_indicators(make_bars):
    """Ten own panes leave the prices 40 % of the height."""
    bars = make_bars(50)
    series = tuple(ChartSeries(f"s{i}", bars.close, pane="own") for i in range(10))
    bottom, top = figure(ChartData("A", bars, BarPeriod.MINUTE, series)).layout.yaxis.domain
    assert top - bottom == pytest.approx(0.4, abs=0.02)


def test_a_band_is_shaded_to_its_partner(session_data):
    """The trace that fills comes right after the trace it fills to."""
    names = [trace.name for trace in figure(session_data).data]
    assert names.index("Upper") == names.index("Lower") + 1
    assert figure(session_data).data[names.index("Upper")].fill == "tonexty"


def test_candles_of_a_view_are_its_bars(session_data):
    """Zoomed in, each candle is one bar at its own number, so the axis has no gaps."""
    candles = figure(session_data, ChartSpec(visible=(380, 400))).data[0]
    positions = candles.x.astype(int)
    np.testing.assert_array_equal(np.diff(positions), 1)
    np.testing.assert_allclose(candles.close, session_data.bars.close[positions], rtol=1e-6)


def test_y_fits_the_visible_range(session_data):
    """The price axis spans the visible lows and highs with little to spare, and no more of the bars outside."""
    bars, fig = session_data.bars, figure(session_data.with_series(()), ChartSpec(visible=(1000, 1100)))
    low, high = bars.low[1000:1101].min(), bars.high[1000:1101].max()
    bottom, top = fig.layout.yaxis.range
    assert bottom < low < high < top
    assert top - bottom < 1.25 * (high - low)


def test_a_far_overlay_does_not_flatten_the_prices(make_bars):
    """An overlay at ten times the price moves the axis by half a height, not tenfold."""
    bars = make_bars(100)
    far = ChartSeries("far", bars.close * 10)
    bottom, top = figure(ChartData("A", bars, BarPeriod.MINUTE, (far,))).layout.yaxis.range
    assert top - bottom < 2 * (bars.high.max() - bars.low.min())


def test_spikes_stay_visible(make_bars):
    """One value of 99 among 5,000 is drawn in an own pane at any zoom."""
    bars = make_bars(5_000)
    values = np.zeros(5_000)
    values[2_345] = 99
    fig = figure(ChartData("A", bars, BarPeriod.MINUTE, (ChartSeries("spike", values, pane="own"),)))
    drawn = next(trace for trace in fig.data if trace.name == "spike")
    assert drawn.y.max() == 99
    assert len(drawn.y) < 5_000


def test_prices_keep_their_decimals_on_the_wire(make_bars):
    """65432.1234 is drawn as float64; a price that float32 rounds right takes half the bytes."""
    bars = make_bars(60)
    coin = Bars(
        bars.ts, *(np.round(getattr(bars, c) * 654.321234, 4) for c in ("open", "high", "low", "close")), bars.volume
    )
    candles = Drawing(ChartData("BTC", coin, BarPeriod.MINUTE)).view(ChartSpec()).arrays[0]
    assert candles["close"].dtype == np.float64
    stock = Drawing(ChartData("A", bars, BarPeriod.MINUTE)).view(ChartSpec()).arrays[0]
    assert stock["close"].dtype == np.float32
    assert [f"{v:.2f}" for v in stock["close"]] == [f"{v:.2f}" for v in bars.close]


@pytest.mark.parametrize(("price", "decimals"), [(12.5, 2), (1.2345, 4), (0.000123, 6), (100 / 3, 4), (1000 / 3, 2)])
def test_decimals_of_prices(price, decimals):
    """Prices are written with the decimals they have; endless ones with few."""
    assert price_decimals(np.full(10, price)) == decimals


def test_a_zoom_step_stays_small_on_the_wire(session_data):
    """No width of view sends more than 52 kB of arrays with six series on the chart."""
    drawing = Drawing(session_data)
    sizes = [wire_bytes(drawing.view(ChartSpec(visible=(4_000, 4_000 + 1.3**k)))) for k in range(4, 36)]
    assert max(sizes) <= WIRE_BYTES
    assert max(sizes) > WIRE_BYTES / 3


def test_hostile_names_are_text(make_bars):
    """HTML and 10,000 characters in symbol, title and series reach Plotly escaped and cut."""
    bars, evil = make_bars(30), "<img src=x onerror=alert(1)>" + "x" * 10_000
    data = ChartData(evil, bars, BarPeriod.DAY, (ChartSeries(evil, bars.close),), title=evil)
    text = json.dumps(figure(data).to_plotly_json()["layout"]["annotations"]) + figure(data).data[0].name
    assert "<img" not in text
    assert "&lt;img" in text
    assert "x" * 64 not in text


@pytest.mark.parametrize("theme", list(PALETTES))
def test_every_theme_has_candles_that_differ_in_lightness(theme):
    """Up and down differ by a tenth of the lightness scale or more, so a grey print tells them apart."""

    def lightness(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 1.16 * (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]) ** (1 / 3) - 0.16

    palette = PALETTES[theme]
    assert abs(lightness(palette.up_candle) - lightness(palette.down_candle)) >= 0.1


def test_the_hover_label_reads_every_pane(session_data):
    """One label per candle: its time at the exchange, its prices, and the value of each series there."""
    fig = figure(session_data, ChartSpec(visible=(389, 395)))
    i = fig.data[-1].x.tolist().index(390)
    lines = fig.data[-1].text[i].split("<br>")
    assert lines[0] == "<b>Tue 13 Feb 2024 09:30</b>"
    assert lines[1].startswith(f"O {session_data.bars.open[390]:.2f} H ")
    assert len(lines) == 3 + 6
    assert all(trace.hoverinfo == "skip" for trace in fig.data[:-1])


def test_templates_are_registered_when_used(session_data):
    """A figure names the template of its theme, and Plotly knows it."""
    import plotly.io as pio

    assert figure(session_data, ChartSpec(theme="dark")).layout.template.layout.paper_bgcolor == "#131722"
    assert template("dark") in pio.templates


def test_no_bars_is_an_error_that_names_the_symbol():
    """An empty range is not an empty chart."""
    with pytest.raises(MissingBarsError, match="no bars of AAPL"):
        figure(ChartData("AAPL", Bars(*[np.empty(0)] * 6), BarPeriod.DAY))


def test_one_bar_is_a_chart(make_bars):
    """A single bar, and a flat one without volume, can be drawn."""
    one = make_bars(1)
    flat = Bars(one.ts, *[np.array([5.0])] * 4, np.array([0]))
    for bars in (one, flat):
        fig = figure(ChartData("A", bars, BarPeriod.DAY))
        assert len(fig.data[0].x) == 1
        assert fig.layout.yaxis.range[0] < fig.layout.yaxis.range[1]


def test_series_of_nothing_but_nan_is_drawn_as_nothing(make_bars):
    """An indicator that never warmed up does not break its pane."""
    bars = make_bars(20)
    nothing = np.full(20, np.nan)
    series = tuple(
        ChartSeries(f"{p}{d}", nothing, pane=p, draw=d) for p in ("price", "own") for d in ("line", "histogram")
    )
    assert figure(ChartData("A", bars, BarPeriod.DAY, series)).layout.yaxis3.range is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"zone": "Mars/Olympus"}, "unknown time zone 'Mars/Olympus'"),
        ({"zone": "../etc/passwd"}, "unknown time zone"),
        ({"series": (ChartSeries("a", np.zeros(3)),)}, "series a has shape"),
        ({"series": (ChartSeries("a", np.zeros(5)), ChartSeries("a", np.ones(5)))}, "two series are called a"),
    ],
)
def test_bad_data_is_refused(make_bars, change, message):
    """The error names the value and the remedy."""
    good = ChartData("A", make_bars(5), BarPeriod.DAY)
    with pytest.raises(InvalidParameterError, match=message):
        replace(good, **change)


@pytest.mark.parametrize(
    "options",
    [
        {"theme": "pink"},
        {"max_candles": 5000},
        {"height": 10},
        {"width": -1},
        {"visible": (5, 1)},
        {"visible": (0, np.nan)},
    ],
)
def test_bad_spec_is_refused(options):
    """A spec cannot hold a value that cannot be drawn."""
    with pytest.raises(InvalidParameterError):
        ChartSpec(**options)


def test_spec_prints_as_it_is_written():
    """A view can be copied from its repr."""
    spec = ChartSpec(theme="dark", visible=(10, 20))
    assert eval(repr(spec)) == spec  # noqa: S307
