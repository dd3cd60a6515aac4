"""Small pictures of charts: what they show, and that nothing of a user's text can run in them."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from barscope.charts import thumbnail
from barscope.charts.data import THEMES, ChartData, ChartSeries
from barscope.charts.theme import PALETTES
from barscope.charts.thumbnail import LARGE, SMALL, candlesticks, png, round_values, svg
from barscope.domain.bars import Bars
from barscope.domain.equity import EquityCurve, buy_and_hold
from barscope.domain.periods import BarPeriod

SVG = "{http://www.w3.org/2000/svg}"


def data_of(bars: Bars, *series: ChartSeries, symbol: str = "AAPL") -> ChartData:
    """A chart of minutes."""
    return ChartData(symbol, bars, BarPeriod.MINUTE, series)


def shown(document: str) -> list[str]:
    """The texts of an SVG."""
    return [text.text for text in ElementTree.fromstring(document).iter(f"{SVG}text")]  # noqa: S314 (our own)


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("theme", THEMES)
def test_equal_data_make_equal_bytes(session_data, theme, size):
    """The same bars, theme and size give the same SVG and PNG, byte by byte."""
    options = {"theme": theme, "size": size, "volume": True}
    assert svg(session_data, **options) == svg(session_data, **options)
    assert png(session_data, **options) == png(session_data, **options)


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_png_has_the_size_and_the_ground_of_its_theme(session_data, size):
    """A PNG is as large as asked and its corner has the colour of the theme's paper."""
    picture = Image.open(BytesIO(png(session_data, size=size, theme="dark")))
    assert picture.size == size
    assert "#{:02x}{:02x}{:02x}".format(*picture.getpixel((0, 0))) == PALETTES["dark"].paper


def test_every_bar_is_a_candle_where_there_is_room(make_bars):
    """30 bars make 30 bodies and 30 wicks, each in the colour of its direction."""
    bars = make_bars(30)
    picture = candlesticks(data_of(bars))
    counts = {shape.colour: len(shape.boxes) for shape in picture.shapes}
    up = int((bars.close >= bars.open).sum())
    assert counts == {PALETTES["light"].up_candle: 2 * up, PALETTES["light"].down_candle: 2 * (30 - up)}


def test_extremes_of_a_long_run_are_drawn(make_bars):
    """At 200,000 bars the highest high still reaches the top of the drawing and the SVG stays small."""
    bars = make_bars(200_000)
    picture = candlesticks(data_of(bars), size=LARGE)
    tops = min(float(shape.boxes[:, 1].min()) for shape in picture.shapes[-2:])
    assert tops == pytest.approx(30, abs=0.02 * LARGE[1])
    assert len(picture.svg()) < 60_000


def test_large_pictures_have_prices_and_dates(session_data):
    """960 × 480 names the symbol, the last close, prices and dates; 240 × 96 has no text."""
    texts = shown(svg(session_data, size=LARGE))
    assert texts[-5:-2] == ["AAPL 1m", f"{session_data.bars.close[-1]:,.2f}", "Upper"]
    assert "Mar" in texts
    assert len([text for text in texts if text.replace(".", "").isdigit()]) >= 4
    assert shown(svg(session_data)) == []


def test_text_of_users_cannot_run(make_bars):
    """Markup in a symbol or the name of a series is text in the SVG: no element but shapes, no reference."""
    hostile = '<script>alert(1)</script>"]]>&\x00'
    bars = make_bars(50)
    drawn = svg(data_of(bars, ChartSeries(hostile, bars.close), symbol=hostile), size=LARGE)
    names = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(drawn).iter()}  # noqa: S314 (our own)
    assert names == {"svg", "title", "rect", "path", "text"}
    assert "href" not in drawn
    assert "<script" not in drawn


def test_highlight_marks_its_bars(make_bars):
    """Bars 10 to 19 of 40 are marked from a quarter to a half of the width; beyond the bars it is clipped."""
    data = data_of(make_bars(40))
    box = candlesticks(data, highlight=(10, 19)).shapes[0].boxes[0]
    assert box.tolist() == pytest.approx([3 + 234 * 0.25, 3, 234 * 0.25, 90])
    whole = candlesticks(data, highlight=(-5, 99)).shapes[0].boxes[0]
    assert whole.tolist() == pytest.approx([3, 3, 234, 90])


def test_overlay_is_interrupted_where_it_has_no_value(make_bars):
    """A line with NaN in the middle is drawn as two stretches."""
    bars = make_bars(30)
    values = bars.close.copy()
    values[10:15] = np.nan
    line = candlesticks(data_of(bars, ChartSeries("a", values))).shapes[-1]
    assert line.svg().count("M") == 2


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_bars_make_a_picture(make_bars, n, size):
    """No bars, one and two are drawn without an error, as SVG and PNG; none says so."""
    data = data_of(make_bars(n))
    assert ("no bars" in svg(data, size=size)) is (n == 0)
    assert png(data, size=size, volume=True)


def test_flat_prices_and_no_volume(make_bars):
    """Bars of one price without any volume are drawn."""
    ts, one = make_bars(20).ts, np.ones(20)
    assert png(data_of(Bars(ts, one, one, one, one, np.zeros(20, np.int64))), size=LARGE, volume=True)


def test_equity_ends_at_its_last_value(make_bars):
    """The equity of an account names its last value and its line ends at the right edge."""
    curve = buy_and_hold({"A": make_bars(5000)}, 100_000.0)
    drawn = thumbnail.equity(curve, period=BarPeriod.MINUTE, size=LARGE)
    assert f"{curve.equity[-1]:,.0f}" in shown(drawn.svg())
    assert np.diff(drawn.shapes[-1].points[:, 0]).min() > 0
    assert drawn.png()


def test_equity_of_nothing_says_so():
    """An account without bars is a picture that says so."""
    none = np.empty(0)
    curve = EquityCurve(np.empty(0, np.int64), none, none, none, none)
    assert "no account" in thumbnail.equity(curve, period=BarPeriod.DAY).svg()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"theme": "neon"}, "unknown theme 'neon': use one of light, dark"),
        ({"size": (0, 10)}, "size .* whole numbers from 16 to 4000"),
        ({"highlight": (5, 4)}, "ends before it begins"),
    ],
)
def test_what_cannot_be_drawn_is_refused(make_bars, options, message):
    """An unknown theme, a size without area and a stretch that ends first name the value and the remedy."""
    with pytest.raises(ValueError, match=message):
        svg(data_of(make_bars(10)), **options)


@example(1.0, 400000001.0, 2)
@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.integers(2, 12))
def test_labels_are_round_and_within(low, height, most):
    """Labels of a range are within it, increasing, evenly apart, and not too many."""
    if low + height <= low or height < abs(low) * 1e-9:
        return
    values = round_values(low, low + height, most)
    assert 1 <= len(values) <= most + 1
    assert all(low - height * 1e-6 <= value <= low + height * (1 + 1e-6) for value in values)
    assert values == sorted(values)


def test_no_browser_and_no_plotly():
    """Drawing a picture loads neither Plotly nor a browser."""
    code = "import sys, barscope.charts.thumbnail; sys.exit('plotly' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
