"""How long a chart takes to open in a notebook in a real browser, and to zoom: beside plain Plotly with every candle.

Both draw the same candles and two averages in JupyterLab, from columns that are in the kernel already.
"""

from __future__ import annotations

import importlib.util
import statistics
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

BROWSER = Path(__file__).parents[1] / "tests" / "browser" / "conftest.py"
LIMIT_S = 60
TURNS = 6

PREPARE = """
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from barscope.charts.data import ChartData, ChartSeries
from barscope.domain.bars import Bars
from barscope.domain.periods import BarPeriod
from barscope.widgets.live_chart import LiveChart

n, rng = {n}, np.random.default_rng(5)
close = (16_000 + rng.integers(-4, 5, n).cumsum()) / 4
opens = np.concatenate([close[:1], close[:-1]])
ts = np.datetime64("2010-01-04T14:30", "ns").astype("i8") + np.arange(n) * 60_000_000_000
high, low = np.maximum(opens, close) + 0.25, np.minimum(opens, close) - 0.25
bars = Bars(ts, opens, high, low, close, rng.integers(1, 1000, n))
averages = {{k: pd.Series(close).rolling(k).mean().to_numpy() for k in (20, 50)}}
LiveChart(ChartData("WARM", bars.rows(0, 100), BarPeriod.MINUTE))
go.FigureWidget([go.Candlestick(x=[1], open=[1], high=[1], low=[1], close=[1])])
None
"""
OURS = """
series = tuple(ChartSeries(f"SMA_{k}_CLOSE", values) for k, values in averages.items())
LiveChart(ChartData("SYN-A", bars, BarPeriod.MINUTE, series))
"""
PLAIN = """
x = pd.to_datetime(ts)
candles = go.Candlestick(x=x, open=bars.open, high=bars.high, low=bars.low, close=bars.close)
lines = [go.Scatter(x=x, y=values) for values in averages.values()]
chart = go.FigureWidget([candles, *lines], {"xaxis": {"rangeslider": {"visible": False}}, "height": 600})
chart._config = {**chart._config, "scrollZoom": True}
chart
"""
OPEN = """() => {
  const began = performance.now();
  window.opened = null;
  const look = () => document.querySelector('.js-plotly-plot .trace path')
    ? requestAnimationFrame(() => setTimeout(() => { window.opened = performance.now() - began; }))
    : requestAnimationFrame(look);
  requestAnimationFrame(look);
  jupyterapp.commands.execute('notebook:run-cell');
}"""
SETTLED_MS = 800
WATCH = """settled => {
  const gd = document.querySelector('.js-plotly-plot');
  let turned = 0, timer = 0;
  window.turns = [];
  gd.addEventListener('wheel', () => { turned = performance.now(); }, {capture: true});
  const painted = () => turned && requestAnimationFrame(() => setTimeout(() => {
    const took = performance.now() - turned;
    clearTimeout(timer);
    timer = setTimeout(() => window.turns.push(took), settled);
  }));
  for (const event of ['plotly_update', 'plotly_relayout', 'plotly_afterplot']) gd.on(event, painted);
}"""
SHOWN = """() => {
  const candles = document.querySelector('.js-plotly-plot')._fullData.find(trace => trace.high);
  const [high, low] = [Array.from(candles.high), Array.from(candles.low)];
  return [high.reduce((a, b) => Math.max(a, b)), low.reduce((a, b) => Math.min(a, b)),
    candles.open[0], candles.close[candles.close.length - 1]];
}"""


def load_browser():
    """The fixtures that drive JupyterLab in the tests."""
    spec = importlib.util.spec_from_file_location("browser_fixtures", BROWSER)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


browser = load_browser()
lab, chromium, open_notebook = browser.lab, browser.chromium, browser.open_notebook


@pytest.fixture(scope="module", autouse=True)
def ended():
    """Playwright ends with the last benchmark here: its event loop occupies the thread."""
    yield
    browser._playing.close()


def opened(lab, open_notebook, n, code):
    """A notebook whose second cell shows a chart of n bars, the seconds that took, its prices; None at the limit."""
    from playwright.sync_api import TimeoutError as GaveUpError

    notebook = open_notebook(lab.notebook(f"chart-{n}-{abs(hash(code))}.ipynb", PREPARE.format(n=n), code), 1400, 1000)
    page = notebook.page
    page.evaluate("() => jupyterapp.commands.execute('notebook:run-cell-and-select-next')")
    page.evaluate(OPEN)
    try:
        page.wait_for_function("() => window.opened", timeout=LIMIT_S * 1000)
    except GaveUpError:
        return notebook, None, None
    return notebook, page.evaluate("window.opened") / 1000, page.evaluate(SHOWN)


def zoomed(notebook):
    """Seconds from a turn of the wheel until nothing more is painted, the median of some; None after the limit."""
    from playwright.sync_api import TimeoutError as GaveUpError

    page = notebook.page
    graph = page.locator(".js-plotly-plot").first
    graph.evaluate("gd => gd.scrollIntoView({block: 'center'})")
    box = graph.bounding_box()
    page.evaluate(WATCH, SETTLED_MS)
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 200)
    for turn in range(TURNS):
        page.mouse.wheel(0, -300)
        try:
            page.wait_for_function("turn => window.turns.length > turn", arg=turn, timeout=LIMIT_S * 1000)
        except GaveUpError:
            return None
    return statistics.median(page.evaluate("window.turns")) / 1000


def test_open_and_zoom(lab, open_notebook, n_bars, figure, compare):
    """Both charts show the same prices; where plain Plotly shows nothing within the limit, that is said."""
    mine, our_open, our_prices = opened(lab, open_notebook, n_bars, OURS)
    assert our_prices is not None, "the chart was not drawn"
    our_zoom = zoomed(mine)
    mine.page.context.close()
    plain, their_open, their_prices = opened(lab, open_notebook, n_bars, PLAIN)
    if their_open is not None:
        assert their_prices == pytest.approx(our_prices)
    told = {"topic": "Chart in a browser", "size": f"{n_bars:,} bars", "limit": LIMIT_S}
    told["peer"] = f"plain Plotly {version('plotly')}"
    compare(what="open: from running the cell to candles on the screen", ours=our_open, theirs=their_open, **told)
    if their_open is not None:
        what = "zoom: from the wheel until all is painted"
        compare(what=what, ours=our_zoom, theirs=zoomed(plain), **told)
    budget = "150 ms from the wheel to the repaint"
    figure(f"one zoom step in the browser, {n_bars:,} bars", f"{our_zoom * 1e3:.0f} ms", budget, our_zoom <= 0.15)
