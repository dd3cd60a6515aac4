"""The page of a shared run in a real Chromium: from a file, without a kernel, without a single request."""

from __future__ import annotations

import functools
import http.server
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import barscope as bs
from barscope.charts.data import ChartData, ChartSeries
from barscope.charts.share import SharedRun, share_page
from barscope.domain.bars import Bars
from barscope.domain.periods import BarPeriod
from barscope.jobs import InlineExecutor

TIMEOUT_MS = 20_000
HOSTILE = "<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script>"


def minutes(n, symbol="SYN"):
    """A chart of n minute bars of a random walk with a series on the prices and one below them."""
    rng = np.random.default_rng(7)
    close = 100 + rng.integers(-15, 16, n).cumsum() / 100
    opens = np.concatenate([close[:1], close[:-1]])
    ts = 1_704_205_800_000_000_000 + np.arange(n, dtype=np.int64) * 60_000_000_000
    high, low = np.maximum(opens, close) + 0.05, np.minimum(opens, close) - 0.05
    bars = Bars(ts, opens, high, low, close, rng.integers(1, 1000, n))
    own = np.where(np.arange(n) < 14, np.nan, 50 + 20 * np.sin(np.arange(n) / 50))
    series = (ChartSeries("average", close + 0.1), ChartSeries("oscillator", own, pane="own", levels=(30, 70)))
    return ChartData(symbol, bars, BarPeriod.MINUTE, series, zone="America/New_York")


@pytest.fixture
def artifacts():
    """The folder of screenshots."""
    folder = Path(__file__).parents[2] / "test-artifacts"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def backtest(tmp_path_factory):
    """A backtest of daily sample bars, to be shared."""
    with bs.Workspace(tmp_path_factory.mktemp("share") / "data", executor=InlineExecutor()) as ws:
        samples = ws.load_samples()
        request = bs.BacktestRequest(
            strategy="SMACrossover", symbols=["AAPL", "MSFT"], rtype=35, publisher_id=samples.publisher_id
        )
        yield ws.backtest(request).result()


class SharedPage:
    """A page in a browser window that must not ask for anything."""

    def __init__(self, page, requests, faults) -> None:
        self.page = page
        self.requests = requests
        self.faults = faults

    @property
    def chart(self):
        """The chart of the open tab."""
        return self.page.locator("#share-chart")

    def bars_in_a_candle(self) -> int:
        """How many bars one drawn candle stands for."""
        return int(self.chart.get_attribute("data-bars"))

    def visible(self) -> list[float]:
        """The visible range, in bars."""
        return self.page.evaluate("() => document.getElementById('share-chart').layout.xaxis.range")

    def wheel(self, way: int) -> None:
        """Turns the wheel once and waits until Plotly has told the new range."""
        before = self.visible()
        self.page.mouse.wheel(0, way)
        for _ in range(600):
            self.page.evaluate("() => new Promise(requestAnimationFrame)")
            if self.visible() != before:
                return
        raise AssertionError(f"still {before}")

    def wait_for_bars(self, bars: int) -> None:
        """Waits until one candle stands for so many bars."""
        self.page.locator(f'#share-chart[data-bars="{bars}"]').wait_for(timeout=TIMEOUT_MS)


@pytest.fixture
def open_page(chromium):
    """Opens a page; a script error or a request beyond the page itself fails the test."""
    opened, contexts = [], []

    def open_(url: str, width=1280, height=900, scheme="light") -> SharedPage:
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        context.set_default_timeout(TIMEOUT_MS)
        contexts.append(context)
        page, requests, faults = context.new_page(), [], []
        page.on("request", lambda r: requests.append(r.url))
        page.on("console", lambda m: m.type in ("error", "warning") and faults.append(m.text))
        page.on("pageerror", lambda e: faults.append(str(e)))
        page.on("dialog", lambda d: (faults.append(f"dialog: {d.message}"), d.dismiss()))
        page.goto(url)
        page.locator('html[data-ready="yes"]').wait_for()
        opened.append(SharedPage(page, requests, faults))
        return opened[-1]

    yield open_
    for shared in opened:
        assert not shared.faults
        outside = [url for url in shared.requests[1:] if not url.startswith(("data:", "blob:"))]
        assert not outside
    for context in contexts:
        context.close()


def write(path, content: bytes) -> str:
    """Writes a page; its file: address."""
    path.write_bytes(content)
    return path.as_uri()


@contextmanager
def served(folder):
    """The files of a folder on 127.0.0.1."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    handler.func.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_zooming_shows_finer_candles_down_to_the_bars(open_page, tmp_path, artifacts):
    """The wheel and the keys zoom from candles of many bars to every bar, exact; Home shows all again."""
    data = minutes(40_000)
    shared = open_page(write(tmp_path / "a.html", share_page(SharedRun("Minutes", [("Run", "r")], [data]))))
    assert shared.bars_in_a_candle() == 64
    assert shared.visible() == [-0.5, 39_999.5]
    box = shared.chart.bounding_box()
    shared.page.mouse.move(box["x"] + 600, box["y"] + 150)
    for _ in range(40):
        if shared.bars_in_a_candle() < 64:
            break
        shared.wheel(-600)
    assert shared.bars_in_a_candle() <= 32
    first, last = shared.visible()
    assert 0 < first < 20_000 < last < 39_999
    shared.chart.focus()
    for _ in range(14):
        shared.page.keyboard.press("+")
    shared.wait_for_bars(1)
    drawn = shared.page.evaluate(
        "() => { const t = document.getElementById('share-chart').data[0];"
        " return [...Array(5).keys()].map((i) => [t.x[i], t.open[i], t.high[i], t.low[i], t.close[i]]) }"
    )
    for x, *prices in drawn:
        bars = data.bars
        i = int(x)
        assert np.allclose(prices, [bars.open[i], bars.high[i], bars.low[i], bars.close[i]], atol=1e-9)
    shared.page.screenshot(path=artifacts / "share-zoomed.png")
    shared.page.keyboard.press("Home")
    shared.wait_for_bars(64)
    assert shared.visible() == [-0.5, 39_999.5]


def test_candles_of_several_bars_are_exact(open_page, tmp_path):
    """A candle of 64 bars is their first open, highest high, lowest low, last close and summed volume."""
    data = minutes(40_000)
    shared = open_page(write(tmp_path / "a.html", share_page(SharedRun("Minutes", [], [data]))))
    drawn = shared.page.evaluate(
        "() => { const [t] = document.getElementById('share-chart').data; return [t.open, t.high, t.low, t.close] }"
    )
    starts = np.arange(0, 40_000, 64)
    bars = data.bars
    expected = [
        bars.open[starts],
        np.maximum.reduceat(bars.high, starts),
        np.minimum.reduceat(bars.low, starts),
        bars.close[np.minimum(starts + 63, 39_999)],
    ]
    for found, wanted in zip(drawn, expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-9)


def test_data_beyond_the_budget_says_its_finest_detail(open_page, tmp_path):
    """With a small budget the page ends at candles of several bars, and says so."""
    shared = open_page(write(tmp_path / "a.html", share_page(SharedRun("Small", [], [minutes(30_000)]), budget=60_000)))
    says = shared.page.locator("#share-says").inner_text()
    assert "Finest detail in this page: candles of 8 bars" in says or "candles of 4 bars" in says
    shared.chart.focus()
    for _ in range(30):
        shared.page.keyboard.press("+")
    shared.page.locator('#share-chart[data-bars="4"], #share-chart[data-bars="8"]').wait_for()
    first, last = shared.visible()
    assert last - first >= 8


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_backtest_shows_everything_from_a_server(open_page, backtest, tmp_path, artifacts, width, scheme):
    """Symbols as tabs, trades in the chart, equity, metrics and a table; nothing is wider than the window."""
    backtest.share(tmp_path / "run.html")
    with served(tmp_path) as address:
        shared = open_page(f"{address}/run.html", width=width, scheme=scheme)
        page = shared.page
        assert page.locator("html").get_attribute("data-theme") == scheme
        assert page.locator("h1").inner_text() == backtest.record.name
        assert page.get_by_role("tab").all_inner_texts() == ["AAPL", "MSFT"]
        assert "every bar" in page.locator("#share-says").inner_text()
        assert page.locator("#share-metrics dt").count() == len(backtest.summary().rows())
        rows = page.locator("#share-trades tbody tr")
        assert rows.count() == min(100, len(backtest.roundtrips()))
        assert page.locator("#share-figures .share-figure .main-svg").count() > 0
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        assert page.locator(".barscope-legend").first.inner_text().startswith("AAPL")
        page.screenshot(path=artifacts / f"share-{scheme}-{width}.png", full_page=True)
        page.get_by_role("tab", name="AAPL").focus()
        page.keyboard.press("ArrowRight")
        page.locator('#share-chart[aria-label="Chart of MSFT"]').wait_for()
        page.locator(".barscope-legend").filter(has_text="MSFT").first.wait_for()
        page.get_by_role("button", name="Turn").click()
        other = "dark" if scheme == "light" else "light"
        page.locator(f'html[data-theme="{other}"]').wait_for()


def test_hostile_texts_stay_text(open_page, tmp_path):
    """Markup in a symbol, a title, a series, a fact and a metric runs nowhere and is shown as it is."""
    data = minutes(300, HOSTILE)
    data = replace(data, series=(replace(data.series[0], name=HOSTILE), data.series[1]))
    run = SharedRun(HOSTILE, [(HOSTILE, HOSTILE)], [data, replace(data, symbol="other")], metrics=[(HOSTILE, HOSTILE)])
    shared = open_page(write(tmp_path / "a.html", share_page(run)))
    assert shared.page.locator("h1").inner_text().startswith("<img src=x onerror")
    assert shared.page.locator("img").count() == 0
    assert shared.page.title().startswith("<img")


def test_scripts_from_elsewhere_do_not_run(open_page, tmp_path):
    """The policy of the page stops a script that was put in later, and every connection."""
    shared = open_page(write(tmp_path / "a.html", share_page(SharedRun("a", [], [minutes(300)]))))
    ran = shared.page.evaluate(
        """async () => {
          const script = document.createElement("script");
          script.textContent = "globalThis.evil = 1";
          document.head.append(script);
          const fetched = await fetch("http://127.0.0.1:9/").then(() => "fetched", () => "refused");
          return [globalThis.evil, fetched];
        }"""
    )
    assert ran == [None, "refused"]
    assert len(shared.faults) >= 2
    assert all("Content Security Policy" in fault for fault in shared.faults)
    shared.faults.clear()
