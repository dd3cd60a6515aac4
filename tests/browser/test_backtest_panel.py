"""The backtest panel and the runs panel in a real JupyterLab, used with mouse and keyboard."""

from __future__ import annotations

import pytest

from barscope.ingest import sample_stocks

WAITS = """
import threading
class Waits(bs.Strategy):
    opened = threading.Event()
    def setup(self):
        pass
    def on_bar(self, bar):
        assert self.opened.wait(60)
"""
TWO_RUNS = """
request = bs.BacktestRequest(strategy="SMACrossover", symbols=["AAPL"], rtype=35, publisher_id=1)
for quantity in (1, 50):
    ws.backtest(request.model_copy(update={"strategy_params": {"quantity": quantity}})).result()
"""
FITS = """() => {
  const boxes = document.querySelectorAll(".jp-OutputArea-output:has(.barscope-panel), .barscope-panel .widget-box");
  const seen = [...boxes].filter((part) => part.offsetParent && !part.closest(".barscope-scroll, .barscope-forms"));
  return seen.every((part) => part.scrollWidth <= part.clientWidth + 1);
}"""

SORTED_OUT_OF_SIGHT = """async (grid) => {
  grid.parentNode.style.display = "none";
  grid.querySelector("button").click();
  for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
  grid.parentNode.style.display = "";
  return grid.querySelectorAll(".barscope-table-row").length;
}"""
"""Rows a table holds when it was sorted while nothing of it could be seen, as in a tab behind another."""


@pytest.fixture
def folder(tmp_path):
    """A workspace folder with five stocks by day."""
    import barscope as bs

    with bs.Workspace(tmp_path / "ws") as workspace:
        stocks = workspace.secmaster.ensure_publisher("Sample", "STOCKS", "XNAS")
        workspace.secmaster.write(stocks.publisher_id, sample_stocks())
    return tmp_path / "ws"


@pytest.fixture
def opened(request, lab, open_notebook, folder):
    """A function that opens a notebook with a panel; gives the notebook and the panel."""

    def open_(panel, *before):
        setup = f"import barscope as bs\nws = bs.Workspace({str(folder)!r})"
        name = lab.notebook(f"{request.node.name}.ipynb", setup, *before, f"panel = ws.{panel}()\npanel")
        notebook = open_notebook(name)
        notebook.run_all()
        return notebook, notebook.page.locator(".barscope-panel")

    return open_


def shot(notebook, panel, name):
    """A screenshot with the panel at the top of the window."""
    panel.evaluate("(element) => element.scrollIntoView({block: 'start'})")
    notebook.shot(name)


def test_from_strategy_to_a_trade_among_its_bars(opened):
    """A person sets a parameter, runs, sees each tab, clicks a trade and sees its bars, stops another run."""
    notebook, panel = opened("backtest_panel", WAITS)
    run = panel.get_by_role("button", name="Run backtest")
    panel.locator(".barscope-choose select").select_option("SMACrossover")
    fast = panel.get_by_label("Fast period")
    fast.fill("600")
    panel.get_by_text("fast_period is 600: it must be a whole number from 5 to 100").wait_for()
    assert run.is_disabled()
    fast.fill("30")
    run.click()
    panel.locator(".barscope-is-completed").wait_for()
    notebook.chart().get_by_text("SMA_30_CLOSE").first.wait_for()
    for tab, text in (("Equity", "Drawdown"), ("P&L", "Distribution"), ("Journey", "Trade journey")):
        panel.get_by_role("button", name=tab, exact=True).click()
        panel.locator(".js-plotly-plot:visible").get_by_text(text).first.wait_for()
        notebook.page.wait_for_function(FITS)
    panel.get_by_role("button", name="Metrics").click()
    panel.locator(".barscope-table-row", has_text="Sharpe").wait_for()
    assert panel.get_by_role("grid", name="Metrics").evaluate(SORTED_OUT_OF_SIGHT) > 10
    panel.get_by_role("button", name="Run card").click()
    panel.locator(".barscope-table-row", has_text="Data fingerprint").wait_for()
    panel.get_by_role("button", name="Trades").click()
    shot(notebook, panel, "backtest_panel_trades")
    panel.get_by_role("button", name="P&L").nth(1).click()  # the heading of the column
    panel.get_by_role("columnheader", name="P&L").and_(panel.locator("[aria-sort=ascending]")).wait_for()
    panel.get_by_role("grid", name="Trades").locator(".barscope-table-row").first.click()
    notebook.wait_for_kernel("panel.chart.visible[1] - panel.chart.visible[0] < 1500")
    assert panel.get_by_role("button", name="Chart", exact=True).get_attribute("class").count("mod-active")
    shot(notebook, panel, "backtest_panel_trade")
    panel.locator(".barscope-choose select").select_option("Waits")
    run.click()
    running = panel.locator(".barscope-row-item", has_text="calculating")
    running.get_by_title("Stop this").click()
    panel.locator(".barscope-row-item", has_text="stopping").wait_for()
    assert notebook.kernel("Waits.opened.set()") is None
    panel.locator(".barscope-is-cancelled").wait_for()
    notebook.theme("Dark")
    notebook.wait_for_kernel("panel.chart.spec.theme == 'dark'")
    for width, height in ((1920, 1080), (1280, 900)):
        notebook.page.set_viewport_size({"width": width, "height": height})
        notebook.page.wait_for_function(FITS)
        shot(notebook, panel, f"backtest_panel_dark_{width}")


def test_runs_are_opened_compared_and_deleted(opened):
    """By keyboard a run is opened and ticked, two are compared, and one is deleted after a question."""
    notebook, panel = opened("runs_panel", TWO_RUNS)
    table = panel.get_by_role("grid", name="Runs", exact=True)
    table.locator(".barscope-table-row").nth(1).wait_for()
    table.press("ArrowDown")
    table.press("Enter")
    panel.locator(".barscope-facts", has_text="SMACrossover · AAPL").wait_for()
    notebook.chart().get_by_text("SMA_20_CLOSE").first.wait_for()
    table.press(" ")
    table.press("ArrowDown")
    table.press(" ")
    panel.get_by_text("2 ticked").wait_for()
    panel.get_by_role("button", name="Compare").press("Enter")
    panel.get_by_text("First different event").wait_for()
    panel.get_by_role("grid", name="Metrics of both runs").locator(".barscope-table-row", has_text="Sharpe").wait_for()
    notebook.page.wait_for_function(FITS)
    shot(notebook, panel, "runs_panel_compared")
    table.press(" ")
    panel.get_by_text("1 ticked").wait_for()
    panel.get_by_role("button", name="Delete…").press("Enter")
    panel.get_by_role("button", name="Keep").and_(panel.locator(":focus")).wait_for()
    notebook.page.keyboard.press("Shift+Tab")
    notebook.page.keyboard.press("Enter")
    notebook.wait_for_kernel("len(panel.table.row_keys) == 1")
    assert notebook.kernel("list(panel.notices.messages)") == []
