"""The dashboard in a real Chromium, served by its own server: found, looked at, and left, by mouse, touch and keys."""

from __future__ import annotations

import dataclasses
import os
import re
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import barscope as bs
from barscope.engine.strategies import SMACrossover
from barscope.ingest import sample_stocks
from barscope.jobs import InlineExecutor

ARTIFACTS = Path(__file__).parents[2] / "test-artifacts"
TIMEOUT_MS = 30_000
TOKEN = "a-token-nobody-can-guess"  # noqa: S105  # of this test
HOSTILE = "<img src=x onerror=\"document.title='taken'\">"
BREAKING = '"><svg onload=document.title=1>'
CLOSING = "</script><script>document.title='taken'</script>"
FITS = "() => [document.documentElement, document.querySelector('main')].every((e) => e.scrollWidth <= innerWidth)"
RANGE = "(plot) => plot._fullLayout.xaxis.range"
PAPER = "(plot) => plot._fullLayout.paper_bgcolor"


class Breaks(bs.Strategy):
    """Fails on its first bar."""

    def setup(self):
        """Needs nothing."""

    def on_bar(self, bar):
        """Fail with a text that would be a script."""
        raise ValueError(HOSTILE)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with an exploration, a backtest of two symbols and a failed run; and their ids."""
    folder = tmp_path_factory.mktemp("dashboard") / "Desk results"
    with bs.Workspace(folder, executor=InlineExecutor()) as ws:
        stocks = ws.secmaster.ensure_publisher("Sample", "STOCKS", "XNAS")
        ws.secmaster.write(stocks.publisher_id, sample_stocks())
        choice = {"rtype": 35, "publisher_id": stocks.publisher_id}
        indicators = [bs.IndicatorConfig(class_name=name) for name in ("SMA", "BBANDS", "RSI")]
        jobs = {
            "explored": ws.explore(bs.ExplorerRequest(**choice, symbols=["AAPL"], indicators=indicators)),
            "failed": ws.backtest(bs.BacktestRequest(**choice, symbols=["AAPL"], strategy="Breaks")),
            "tested": ws.backtest(bs.BacktestRequest(**choice, symbols=["AAPL", "IBM"], strategy="SMACrossover")),
        }
    return folder, {name: job.run_id for name, job in jobs.items()}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The address of a snapshot in which all texts of runs would be scripts, and a function that publishes one more."""
    folder = tmp_path_factory.mktemp("published")
    bars = dataclasses.replace(next(iter(sample_stocks())), symbol=HOSTILE)
    for name, strategy in ((HOSTILE, SMACrossover), (BREAKING, Breaks)):
        type(name, (strategy,), {"__module__": "theirs", "__doc__": HOSTILE})
    with bs.Workspace(folder / "ws", executor=InlineExecutor()) as ws:
        stocks = ws.secmaster.ensure_publisher(HOSTILE, "STOCKS", "XNAS")
        ws.secmaster.write(stocks.publisher_id, [bars])
        choice = {"rtype": 35, "publisher_id": stocks.publisher_id, "symbols": [HOSTILE]}
        ws.backtest(bs.BacktestRequest(**choice, strategy=BREAKING))
        ws.explore(bs.ExplorerRequest(**choice, indicators=[bs.IndicatorConfig(class_name="RSI")]))
        request = bs.BacktestRequest(**choice, strategy=HOSTILE)

        def publish(**params):
            ws.backtest(request.model_copy(update={"strategy_params": params}))
            runs = [record.run_id for record in ws.runs_store.list_runs()]
            return ws.publish(runs, folder / "snapshot.db", title=CLOSING, include_failed=True)

        publish(fast_period=10)
        publish(fast_period=30)
        with served("--snapshot", folder / "snapshot.db", places=2) as url:
            yield url, publish


@contextmanager
def served(*source, places, token=""):
    """The address of a dashboard over a workspace or a snapshot."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [*map(str, source), "--port", str(port), "--places", str(places), "--prepared", "1"]
    command = [sys.executable, "-P", "-m", "barscope.dashboard", *options]
    environment = {**os.environ, "BARSCOPE_DASHBOARD_TOKEN": token}
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        while not _answers(port):
            assert server.poll() is None, "the dashboard did not start"
        yield f"http://127.0.0.1:{port}/{f'?token={token}' if token else ''}"
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(port):
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def address(runs):
    """The dashboard over those runs; when the last test is through, no byte of the databases has changed."""
    before = {path: path.read_bytes() for path in runs[0].glob("*.db")}
    with served("--workspace", runs[0], places=3, token=TOKEN) as url:
        yield url
    assert {path: path.read_bytes() for path in runs[0].glob("*.db")} == before


@pytest.fixture
def look(chromium, faults):
    """Opens a dashboard in a new browser window and waits until it shows what it begins with."""
    contexts = []

    def open_(url, width=1280, height=900, scheme="light", *, wait=True, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
        context.set_default_timeout(TIMEOUT_MS)
        contexts.append(context)
        page = context.new_page()
        faults.watch(page)
        page.goto(url, wait_until="commit")
        if wait:
            page.locator("main.barscope-is-ready").wait_for()
            page.locator(".barscope-skeleton").wait_for(state="detached")
        return page

    yield open_
    for context in contexts:
        for page in context.pages:
            page.close(run_before_unload=True)
        context.close()


def shot(page, name):
    """A screenshot in test-artifacts/."""
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"dashboard_{name}.png")


def chart(page):
    """The candlesticks, drawn."""
    plot = page.locator(".js-plotly-plot:visible")
    plot.locator(".barscope-legend").first.wait_for()
    return plot


def row(page, text):
    """A row in the list of runs."""
    return page.get_by_role("grid", name="Runs", exact=True).locator(".barscope-table-row", has_text=text).first


def ask_until(page, plot, expression, holds):
    """What an expression says of a plot once it holds, asked with each painted frame."""
    for _ in range(900):
        value = plot.evaluate(expression)
        if holds(value):
            return value
        page.evaluate("() => new Promise(requestAnimationFrame)")
    raise AssertionError(f"{expression} stayed {value}")


def test_a_run_is_found_and_looked_at(look, address):
    """The newest run is there at once; a wheel zooms it, a symbol is switched, a trade is shown among its bars."""
    page = look(address)
    plot = chart(page)
    assert page.title() == "barscope"
    assert page.get_by_text("Desk results").is_visible()
    first, last = plot.evaluate(RANGE)
    shot(page, "1280")
    plot.hover(position={"x": 300, "y": 200})
    page.mouse.wheel(0, -400)
    ask_until(page, plot, RANGE, lambda range_: range_[1] - range_[0] < 0.8 * (last - first))
    page.locator(".barscope-toolbar select:visible").first.select_option("IBM")
    plot.locator(".barscope-legend").get_by_text("IBM").first.wait_for()
    page.get_by_role("application", name=re.compile("^Candlesticks of IBM")).wait_for()
    page.get_by_role("button", name="Trades", exact=True).click()
    page.get_by_role("grid", name="Trades").locator(".barscope-table-row").nth(3).click()
    ask_until(page, chart(page), RANGE, lambda range_: range_[1] - range_[0] < 1500)
    shot(page, "trade")
    for tab in ("Equity", "P&L", "Journey"):
        page.get_by_role("button", name=tab, exact=True).click()
        page.locator(".js-plotly-plot:visible .annotation").first.wait_for()
    page.get_by_role("button", name="Metrics", exact=True).click()
    page.locator(".barscope-table-row", has_text="Sharpe").wait_for()
    assert page.evaluate(FITS)


def test_runs_are_searched_and_sessions_opened(look, address, runs):
    """A search narrows the list; a session lists its runs and opens one; the address names what is chosen."""
    page = look(address)
    page.get_by_placeholder("Search runs").fill("fast_period")
    page.get_by_text("1 of 3").wait_for()
    page.get_by_placeholder("Search runs").fill("")
    page.get_by_role("button", name="Sessions").click()
    page.get_by_role("grid", name="Sessions").locator(".barscope-table-row").first.click()
    page.get_by_text("Runs of the session on AAPL").wait_for()
    chart(page).locator(".barscope-legend").get_by_text("RSI").first.wait_for()
    row(page, "AAPL").click()
    page.wait_for_url(re.compile(re.escape(f"#run={runs[1]['explored']}")))
    shot(page, "session")


def test_colours_follow_the_visitor(look, address):
    """A dark browser gets a dark page with a dark chart; the switch turns both, and is remembered."""
    page = look(address, 1920, 1080, "dark")
    plot = chart(page)
    assert plot.evaluate(PAPER) == "#131722"
    shot(page, "1920_dark")
    page.get_by_role("button", name="Dark colours").click()
    ask_until(page, plot, PAPER, lambda colour: colour == "#ffffff")
    page.close(run_before_unload=True)
    again = page.context.new_page()
    again.goto(address, wait_until="commit")
    again.locator("main.barscope-is-ready").wait_for()
    assert again.locator("body").get_attribute("data-jp-theme-light") == "true"
    assert chart(again).evaluate(PAPER) == "#ffffff"


def test_a_phone_shows_one_thing_at_a_time(look, address):
    """On 390 pixels the list comes first, a tap opens a run, one button leads back, and nothing is cut off."""
    page = look(address, 390, 844, has_touch=True, is_mobile=True)
    assert row(page, "SMACrossover").is_visible()
    assert not page.get_by_role("button", name="Metrics").is_visible()
    assert page.evaluate(FITS)
    shot(page, "390_list")
    row(page, "SMACrossover").tap()
    page.get_by_role("button", name="Metrics").wait_for()
    plot = chart(page)
    assert plot.evaluate("(plot) => plot.getBoundingClientRect().right <= innerWidth")
    assert page.evaluate(FITS)
    shot(page, "390_run")
    page.get_by_role("button", name="All runs").tap()
    row(page, "SMACrossover").wait_for()


def test_a_failed_run_says_what_to_do(look, address, runs):
    """A whole link to a failed run shows its error as text and the remedy; the token goes from the address."""
    page = look(f"{address}#run={runs[1]['failed']}")
    assert page.url == address.partition("?")[0] + f"#run={runs[1]['failed']}"
    page.get_by_text("This run failed").wait_for()
    assert page.get_by_text(HOSTILE).is_visible()
    assert page.get_by_text("run it again").is_visible()
    assert page.title() == "barscope"
    shot(page, "failed")


def test_keys_are_enough(look, address):
    """By keys alone a visitor skips to the results, opens a run, zooms its chart and reads its summary."""
    page = look(address)
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the results"
    table = page.get_by_role("grid", name="Runs", exact=True)
    table.focus()
    for key in ("End", "Enter"):
        table.press(key)
    plot = chart(page)
    plot.locator(".barscope-legend").get_by_text("RSI").first.wait_for()
    first, last = plot.evaluate(RANGE)
    page.get_by_role("application", name=re.compile("Candlesticks of AAPL")).press("+")
    ask_until(page, plot, RANGE, lambda range_: range_[1] - range_[0] < 0.8 * (last - first))
    page.locator(".barscope-summary summary").press("Enter")
    page.get_by_text("Last close").wait_for()
    shot(page, "summary")


TABS = {
    0: ("Chart", "Equity", "P&L", "Trades", "Journey", "Metrics", "Run card"),
    2: ("Chart", "Run card"),
    3: ("Outcome", "Run card"),
}
"""By the place of a run in the list: a backtest, an exploration and a run that failed."""


def test_no_text_of_a_run_is_a_script(look, published):
    """Title, symbols, names and errors that are markup are text in every list, tab, chart, summary and comparison."""
    page = look(published[0])
    chart(page)
    assert page.locator(".barscope-dash-title").inner_text() == CLOSING
    rows = page.get_by_role("grid", name="Runs", exact=True).locator(".barscope-table-row")
    for place, names in TABS.items():
        rows.nth(place).locator(".barscope-cell").nth(2).click()
        tabs = page.locator(".barscope-results > .barscope-tabs", has_text=re.compile(r"\s*".join(("^", *names, "$"))))
        for name in names:
            tabs.get_by_role("button", name=name, exact=True).click()
            drawn = page.locator(".barscope-results :is(.main-svg, .barscope-table-row, .barscope-outcome)")
            drawn.filter(visible=True).first.wait_for()
            _assert_no_script(page)
    for place in (0, 1):
        rows.nth(place).get_by_role("checkbox").click()
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("First different event").wait_for()
    shot(page, "hostile")
    page.get_by_role("button", name="Sessions").click()
    page.get_by_role("grid", name="Sessions").get_by_text(HOSTILE).wait_for()
    _assert_no_script(page)


def test_a_page_offers_what_was_published_since(look, published):
    """A snapshot that is published again stays as it was in open pages, and one click brings the new runs."""
    page = look(published[0])
    page.get_by_text("4 of 4").wait_for()
    published[1](fast_period=40)
    page.get_by_role("link", name="Newer results: reload").click()
    page.get_by_text("5 of 5").wait_for()


def _assert_no_script(page):
    assert page.locator("img[src=x], svg[onload], script:text('taken')").count() == 0
    assert page.title() == "barscope"


@pytest.fixture
def empty(tmp_path):
    """A dashboard with one place over a workspace without runs."""
    bs.Workspace(tmp_path / "new", executor=InlineExecutor()).close()
    with served("--workspace", tmp_path / "new", places=1) as url:
        yield url


def test_nothing_yet_and_a_full_house(empty, look, faults):
    """An empty workspace says what will come; whoever finds all places taken reads so."""
    page = look(empty)
    page.locator(".barscope-nothing", has_text="No runs yet").wait_for()
    shot(page, "empty")
    late = look(empty, 390, 844, "dark", wait=False)
    late.get_by_role("heading", name="All places are taken").wait_for()
    shot(late, "full")
    assert [fault for fault in faults.seen if "503" in fault]
    faults.seen[:] = [fault for fault in faults.seen if "503" not in fault]


def test_a_sweep_is_looked_at_and_computes_nothing(tmp_path, look):
    """Heat map, lines and table of a sweep; a click marks a cell, and no run is added."""
    with bs.Workspace(tmp_path / "ws", executor=InlineExecutor()) as ws:
        stocks = ws.secmaster.ensure_publisher("Sample", "STOCKS", "XNAS")
        ws.secmaster.write(stocks.publisher_id, sample_stocks())
        ranges = {"fast_period": [10, 20, 60], "slow_period": bs.ParameterRange(30, 120, 30)}
        choice = {"symbols": ("AAPL", "IBM"), "rtype": 35, "publisher_id": stocks.publisher_id}
        run = ws.sweep(bs.SweepRequest(**choice, strategy="SMACrossover", parameters=ranges), "inline").result()
    with served("--workspace", tmp_path / "ws", places=1) as url:
        page = look(url)
        plot = page.locator(".js-plotly-plot:visible")
        plot.get_by_text("2 without a result").first.wait_for()
        shot(page, "sweep")
        box = plot.bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
        plot.get_by_text("picked").first.wait_for()
        page.get_by_role("button", name="Parallel coordinates").click()
        page.locator(".js-plotly-plot:visible").get_by_text("10 combinations").first.wait_for()
        page.get_by_role("button", name="Table", exact=True).click()
        page.get_by_role("grid", name="Children of the sweep").locator(".barscope-table-row").nth(19).wait_for()
        shot(page, "sweep_table")
        page.close()
    with bs.Workspace(tmp_path / "ws") as ws:
        assert list(ws.runs()["run_id"]) == [run.run_id]
