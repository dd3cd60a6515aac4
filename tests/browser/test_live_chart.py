"""The live chart at a million bars in JupyterLab, and exported pages, in a real Chromium."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from barscope.charts.data import ChartData, ChartSeries, ChartSpec
from barscope.charts.export import html, png
from barscope.charts.figure import figure
from barscope.domain.bars import Bars
from barscope.domain.periods import BarPeriod

MILLION = """
import numpy as np
from barscope.charts.data import ChartData, ChartSeries, ChartSpec
from barscope.domain.bars import Bars
from barscope.domain.periods import BarPeriod
from barscope.widgets.live_chart import LiveChart

n, rng = 1_000_000, np.random.default_rng(5)
day, minute = np.arange(n) // 390, np.arange(n) % 390
weekday = day // 5 * 7 + day % 5
ts = np.datetime64("2014-01-06T14:30", "ns").astype("i8") + (weekday * 1440 + minute) * 60_000_000_000
close = np.round(100 * np.exp(np.cumsum(rng.standard_normal(n)) * 4e-4), 2)
open_ = np.concatenate((close[:1], close[:-1]))
spread = rng.integers(0, 6, (2, n)) / 100
bars = Bars(ts, open_, np.maximum(open_, close) + spread[0], np.minimum(open_, close) - spread[1], close,
            (rng.gamma(2, 900, n) * (0.6 + (minute / 195 - 1) ** 2)).astype("i8"))

def mean(x, k):
    total = np.cumsum(np.concatenate(([0.0], x)))
    return np.concatenate((np.full(k - 1, np.nan), (total[k:] - total[:-k]) / k))

middle = mean(close, 20)
width = 2 * np.sqrt(np.maximum(mean(close**2, 20) - middle**2, 0))
gain = np.diff(close, prepend=close[0])
rsi = 100 * mean(np.maximum(gain, 0), 14) / (mean(np.abs(gain), 14) + 1e-9)
series = (
    ChartSeries("SMA_200_CLOSE", mean(close, 200)),
    ChartSeries("Lower Bollinger Band (20, 2.0, CLOSE)", middle - width, draw="dashed"),
    ChartSeries("Upper Bollinger Band (20, 2.0, CLOSE)", middle + width, draw="dashed",
                band="Lower Bollinger Band (20, 2.0, CLOSE)"),
    ChartSeries("RSI_14_CLOSE", rsi, pane="own", levels=(30.0, 70.0)),
    ChartSeries("VOLUME_DETREND", bars.volume - np.nan_to_num(mean(bars.volume, 20)), pane="own", draw="histogram"),
)
chart = LiveChart(ChartData("AAPL", bars, BarPeriod.MINUTE, series, "America/New_York"))
"""

REPAINTS = """() => {
  const gd = document.querySelector('.js-plotly-plot');
  let turned = 0;
  window.repaints = [];
  gd.addEventListener('wheel', () => { turned = performance.now(); }, {capture: true});
  gd.on('plotly_update', () => {
    const began = turned;
    turned = 0;
    if (began) requestAnimationFrame(() => setTimeout(() => window.repaints.push(performance.now() - began)));
  });
}"""


def state(notebook, number: int = 0) -> dict:
    """What a chart in the page shows."""
    return notebook.chart(number).evaluate(
        """gd => { const t = gd._fullData[0]; return {
          range: gd._fullLayout.xaxis.range, y: gd._fullLayout.yaxis.range, label: t.meta, traces: gd._fullData.length,
          x: Array.from(t.x), high: Array.from(t.high), close: Array.from(t.close),
          legend: gd.querySelector('.barscope-legend').innerText} }"""
    )


def shows_what_the_kernel_means(notebook, number: int = 0) -> None:
    """The page's range is the kernel's, and each candle is the exact one of its bars."""
    notebook.chart(number)
    visible = notebook.kernel("chart.visible")
    notebook.page.wait_for_function(
        """([number, [first, last]]) => {
          const range = document.querySelectorAll('.js-plotly-plot')[number]._fullLayout.xaxis.range;
          return Math.abs(range[0] - first) < 1e-6 && Math.abs(range[1] - last) < 1e-6 }""",
        arg=[number, visible],
    )
    shown = state(notebook, number)
    starts, stops = notebook.kernel("[chart._sent.buckets.start.tolist(), chart._sent.buckets.stop.tolist()]")
    assert shown["x"] == [(a + b - 1) / 2 for a, b in zip(starts, stops, strict=True)]
    assert shown["x"][0] <= max(visible[0], 0) + (stops[0] - starts[0])
    high, close = notebook.kernel(
        f"[np.maximum.reduceat(bars.high[{starts[0]}:{stops[-1]}], np.array({starts}) - {starts[0]}).tolist(),"
        f" bars.close[np.array({stops}) - 1].tolist()]"
    )
    np.testing.assert_allclose(shown["high"], high, rtol=1e-7)
    np.testing.assert_allclose(shown["close"], close, rtol=1e-7)


def turn_wheel(notebook, delta: int) -> None:
    """One turn of the wheel over the chart, until the candles it asks for are painted."""
    before = notebook.page.evaluate("repaints.length")
    notebook.page.mouse.wheel(0, delta)
    notebook.page.wait_for_function("before => repaints.length > before", arg=before)


def test_a_million_bars_in_jupyterlab(lab, open_notebook):
    """Wheel, drag, Home and keys lead to the right candles in page and kernel; a second tab shows them too."""
    name = lab.notebook("live.ipynb", MILLION, "chart")
    notebook = open_notebook(name, 1400, 1000)
    notebook.run_all()
    page = notebook.page
    notebook.chart().evaluate("gd => gd.scrollIntoView({block: 'center'})")
    box = notebook.chart().bounding_box()
    page.evaluate(REPAINTS)
    shows_what_the_kernel_means(notebook)
    notebook.shot("live-1m-light")

    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 180)
    for _ in range(12):
        turn_wheel(notebook, -300)
    times = page.evaluate("repaints")
    first, last = notebook.kernel("chart.visible")
    assert last - first == pytest.approx(1_000_000 * 0.67032**12, rel=0.01)
    shows_what_the_kernel_means(notebook)
    legend = state(notebook)["legend"]
    assert legend.startswith("AAPL")
    assert "Upper Bollinger Band" in legend
    notebook.shot("live-1m-zoomed")

    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 200, steps=6)
    page.mouse.up()
    notebook.wait_for_kernel(f"chart.visible[0] < {first - 100}")
    shows_what_the_kernel_means(notebook)
    low, high = state(notebook)["y"]
    assert notebook.kernel("[float(bars.low[int(a) + 1:int(b)].min()) for a, b in [chart.visible]][0]") > low
    assert notebook.kernel("[float(bars.high[int(a) + 1:int(b)].max()) for a, b in [chart.visible]][0]") < high

    notebook.kernel("[chart.set_theme('dark'), chart.remove_series('RSI_14_CLOSE'), None][-1]")
    page.wait_for_function("() => document.querySelector('.js-plotly-plot')._fullData.length === 8")
    shows_what_the_kernel_means(notebook)
    assert notebook.chart().bounding_box() == box  # nothing jumped
    notebook.shot("live-1m-dark")

    page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    other = open_notebook(name, 1000, 900)
    shows_what_the_kernel_means(other)
    before = tuple(notebook.kernel("chart.visible"))
    page.mouse.wheel(0, 300)
    notebook.wait_for_kernel(f"chart.visible != {before}")
    shows_what_the_kernel_means(notebook)
    shows_what_the_kernel_means(other)
    other.shot("live-second-tab")

    notebook.chart().focus()
    page.keyboard.press("Home")
    notebook.wait_for_kernel("chart.visible == (-0.5, 999999.5)")
    notebook.kernel("[chart.zoom(100, 900), None][-1]")
    page.locator(".modebar-btn[data-attr='home'], .modebar-btn[data-title^='Show all bars']").first.click()
    notebook.wait_for_kernel("chart.visible == (-0.5, 999999.5)")
    shows_what_the_kernel_means(notebook)
    assert page.locator(".modebar-btn[data-title*='Share']").count() == 0

    print(f"\nwheel to repaint, ms: median {median(times):.0f}, all {[round(t) for t in times]}")


@pytest.fixture
def daily() -> ChartData:
    """3,270 business days with an average."""
    days = np.busday_offset("2000-03-01", np.arange(3_270)).astype("M8[ns]").astype(np.int64)
    rng = np.random.default_rng(1)
    close = np.round(40 * np.exp(np.cumsum(rng.standard_normal(3_270)) * 0.015), 2)
    open_ = np.round(close * (1 + rng.standard_normal(3_270) * 0.006), 2)
    bars = Bars(
        days,
        open_,
        np.maximum(open_, close) * 1.006,
        np.minimum(open_, close) * 0.994,
        close,
        rng.integers(10**6, 10**8, 3_270),
    )
    return ChartData("<b>MSFT</b>", bars, BarPeriod.DAY, (ChartSeries("SMA_1_CLOSE", close),))


def test_an_exported_page(daily, tmp_path, chromium):
    """A page opened from a file needs no network, shows names as text, zooms with y fitted, offers no upload."""
    path = tmp_path / "chart.html"
    path.write_bytes(html(daily, ChartSpec(theme="colour-blind")))
    page = chromium.new_page(viewport={"width": 1280, "height": 700})
    faults: list[str] = []
    page.on("pageerror", lambda e: faults.append(str(e)))
    page.on("console", lambda m: m.type == "error" and faults.append(m.text))
    page.on("request", lambda r: r.url.startswith("http") and faults.append(r.url))
    page.goto(path.as_uri())
    page.locator(".barscope-legend").first.wait_for()
    assert page.locator(".barscope-legend").first.inner_text().startswith("<b>MSFT</b>")
    before = page.evaluate("() => document.getElementById('barscope-chart')._fullLayout.yaxis.range")
    page.mouse.move(900, 300)
    page.mouse.wheel(0, -2000)
    page.wait_for_function(
        "before => JSON.stringify(document.getElementById('barscope-chart')._fullLayout.yaxis.range) !== before",
        arg=json.dumps(before, separators=(",", ":")),
    )
    assert page.locator(".modebar-btn[data-title*='Share']").count() == 0
    page.screenshot(path=Path(__file__).parents[2] / "test-artifacts" / "export-daily-colour-blind.png")
    page.close()
    assert faults == []


def test_a_picture(daily):
    """A static figure becomes a PNG of the size asked for."""
    picture = png(figure(daily, ChartSpec(theme="colour-blind-dark", visible=(3_000, 3_269.5))), width=800, scale=1)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])) == (800, 640)
