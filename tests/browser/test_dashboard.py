"""The dashboard in a real Chromium, served by its own server: found, looked at, and left, by mouse, touch and keys."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import barscope as bs
from barscope.ingest import sample_stocks
from barscope.jobs import InlineExecutor

ARTIFACTS = Path(__file__).parents[2] / "test-artifacts"
TIMEOUT_MS = 30_000
HOSTILE = "<img src=x onerror=\"document.title='taken'\">"
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


@contextmanager
def served(folder, places):
    """The address of a dashboard over a workspace."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--workspace", str(folder), "--port", str(port), "--places", str(places), "--prepared", "1"]
    server = subprocess.Popen([sys.executable, "-P", "-m", "barscope.dashboard", *options], stderr=subprocess.DEVNULL)
    try:
        while not _answers(port):
            assert server.poll() is None, "the dashboard did not start"
        yield f"http://127.0.0.1:{port}/"
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
    """The dashboard over those runs."""
    with served(runs[0], places=3) as url:
        yield url


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
    faults.seen[:] = [fault for fault in faults.seen if not _is_missing_picture(fault)]


def _is_missing_picture(fault):
    """A run without results has no picture, and a server that has drawn none says 404."""
    return "visualisation?" in fault


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
    """An address of a failed run shows its error as text and the remedy, and no chart."""
    page = look(f"{address}#run={runs[1]['failed']}")
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


@pytest.fixture
def empty(tmp_path):
    """A dashboard with one place over a workspace without runs."""
    bs.Workspace(tmp_path / "new", executor=InlineExecutor()).close()
    with served(tmp_path / "new", places=1) as url:
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
