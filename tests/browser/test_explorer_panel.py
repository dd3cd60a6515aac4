"""The explorer panel in a real JupyterLab, used with mouse and keyboard."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from barscope.ingest import sample_stocks, synthetic_bars

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
WAITS = """
import threading
class Waits(bs.Indicator):
    opened = threading.Event()
    def compute(self, bars):
        assert self.opened.wait(60)
        return bars.close
"""
FAILS = """
class Fails(bs.Indicator):
    def compute(self, bars):
        raise ValueError("<img src=x onerror='document.title=1'> costs $5 and $6")
"""
FITS = """() => {
  const boxes = ".jp-OutputArea-output:has(.barscope-panel), .barscope-panel .widget-box";
  const parts = [...document.querySelectorAll(boxes)];
  const stage = document.querySelector(".barscope-stage").clientWidth;
  const drawn = document.querySelector(".barscope-stage .main-svg").clientWidth;
  return parts.every((part) => part.scrollWidth <= part.clientWidth + 1) && drawn <= stage && drawn > stage - 40;
}"""


@pytest.fixture
def folder(tmp_path):
    """A workspace folder with five stocks by day and one made-up symbol by minute."""
    import barscope as bs

    with bs.Workspace(tmp_path / "ws") as workspace:
        stocks = workspace.secmaster.ensure_publisher("Sample", "STOCKS", "XNAS")
        workspace.secmaster.write(stocks.publisher_id, sample_stocks())
        synthetic = workspace.secmaster.ensure_publisher("Synthetic", "SYNTHETIC")
        workspace.secmaster.write(synthetic.publisher_id, [synthetic_bars(sessions=30)])
    return tmp_path / "ws"


@pytest.fixture
def opened(request, lab, open_notebook, folder):
    """A function that opens a notebook with a panel, its chart drawn; gives the notebook and the panel."""

    def open_(*before, dark=False):
        setup = f"import barscope as bs\nws = bs.Workspace({str(folder)!r})"
        name = lab.notebook(f"{request.node.name}.ipynb", setup, *before, "panel = ws.explorer_panel()\npanel")
        notebook = open_notebook(name)
        if dark:
            notebook.theme("Dark")
        notebook.run_all()
        notebook.chart()
        return notebook, notebook.page.locator(".barscope-panel")

    return open_


def shot(notebook, panel, name):
    """A screenshot with the panel at the top of the window."""
    panel.evaluate("(element) => element.scrollIntoView({block: 'start'})")
    notebook.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    notebook.shot(name)


def add(panel, name, *, by_key=False):
    """Searches an indicator, and adds it with the mouse or the keyboard."""
    panel.get_by_placeholder("Search indicators").fill(name)
    panel.locator(".barscope-picker .widget-select option").first.filter(has_text=name).wait_for(state="attached")
    button = panel.get_by_role("button", name="Add indicator")
    if by_key:
        button.press("Enter")
    else:
        button.click()


def test_from_symbol_to_recorded_indicator_by_mouse(opened):
    """A person types a symbol, adds an indicator with the mouse, sees it drawn and recorded, and zooms."""
    notebook, panel = opened()
    symbols = panel.get_by_label("Add a symbol")
    symbols.click()
    symbols.press_sequentially("ms")
    panel.get_by_role("option", name="MSFT").click()
    panel.get_by_role("button", name="Remove AAPL").click()
    panel.locator(".barscope-facts", has_text="3,270 bars").wait_for()
    add(panel, "SMA")
    panel.locator(".barscope-is-completed").wait_for()
    notebook.chart().get_by_text("SMA(30)").first.wait_for()
    assert notebook.kernel("[panel.chart.data.symbol, panel.request.symbols]") == ["MSFT", ["MSFT"]]
    notebook.chart().hover(position={"x": 300, "y": 200})
    notebook.page.mouse.wheel(0, -400)
    notebook.wait_for_kernel("panel.chart.visible[1] - panel.chart.visible[0] < 3000")
    shot(notebook, panel, "explorer_panel_1280")


def test_first_notebook_from_start_to_cancel(lab, open_notebook):
    """`01_explore` runs to its end; then a person adds an indicator in its panel, zooms, and cancels another one."""
    book = nbformat.read(NOTEBOOKS / "01_explore.ipynb", as_version=4)
    book.cells.insert(2, nbformat.v4.new_code_cell(WAITS))
    nbformat.write(book, lab.folder / "01_explore.ipynb")
    notebook = open_notebook("01_explore.ipynb")
    notebook.run_all()
    panel = notebook.page.locator(".barscope-panel")
    panel.scroll_into_view_if_needed()
    add(panel, "MACD")
    panel.locator(".barscope-is-completed", has_text="MACD").wait_for()
    shown = panel.locator(".js-plotly-plot")
    shown.get_by_text("MACD(12) macd").first.wait_for()
    n = notebook.kernel("len(panel.chart.data.bars)")
    shown.hover(position={"x": 300, "y": 200})
    notebook.page.mouse.wheel(0, -400)
    notebook.wait_for_kernel(f"panel.chart.visible[1] - panel.chart.visible[0] < {n} * 0.95")
    add(panel, "Waits")
    running = panel.locator(".barscope-row-item", has_text="computing indicators")
    running.get_by_title("Stop computing this indicator").click()
    panel.locator(".barscope-row-item", has_text="stopping").wait_for()
    assert notebook.kernel("Waits.opened.set()") is None
    panel.locator(".barscope-is-cancelled").wait_for()
    shot(notebook, panel, "first_notebook")


def test_running_indicator_is_cancelled_with_the_mouse(opened):
    """While an indicator is computed its row says so, and its stop button ends it; the panel stays usable meanwhile."""
    notebook, panel = opened(WAITS)
    add(panel, "Waits")
    running = panel.locator(".barscope-row-item", has_text="computing indicators")
    running.wait_for()
    add(panel, "RSI")
    panel.locator(".barscope-is-completed", has_text="RSI_14_CLOSE").wait_for()
    shot(notebook, panel, "explorer_panel_running")
    running.get_by_title("Stop computing this indicator").click()
    panel.locator(".barscope-row-item", has_text="stopping").wait_for()
    assert notebook.kernel("Waits.opened.set()") is None
    panel.locator(".barscope-is-cancelled").wait_for()


def test_failure_is_shown_as_text(opened):
    """A failing indicator shows its reason in its row and whole under the panel, markup and dollars as written."""
    notebook, panel = opened(FAILS)
    add(panel, "Fails")
    panel.locator(".barscope-is-failed").get_by_title("Show the whole error").click()
    message = panel.locator(".barscope-notice .barscope-text")
    assert message.inner_text() == "Fails failed: ValueError: <img src=x onerror='document.title=1'> costs $5 and $6"
    panel.get_by_role("button", name="Details").click()
    panel.locator(".barscope-details", has_text="in compute").wait_for()
    shot(notebook, panel, "explorer_panel_failed")
    panel.get_by_title("Dismiss this message").click()
    message.wait_for(state="detached")


def test_keyboard_is_enough_and_stays_in_the_panel(opened):
    """Symbols, search and buttons work by keyboard, and no key of the panel reaches the notebook's commands."""
    notebook, panel = opened()
    cells = "jupyterapp.shell.currentWidget.content.widgets.length"
    before = notebook.page.evaluate(cells)
    symbols = panel.get_by_label("Add a symbol")
    symbols.press("Backspace")
    symbols.press_sequentially("ibm, goog")
    symbols.press("Enter")
    notebook.wait_for_kernel("panel.source.symbols.value == ['IBM', 'GOOG']")
    add(panel, "RSI", by_key=True)
    panel.locator(".barscope-is-completed").wait_for()
    for _ in range(2):
        panel.get_by_role("button", name="Add indicator").press("d")
    assert notebook.page.evaluate(cells) == before


def test_panel_fits_the_cell_and_follows_the_theme(opened):
    """On a dark page the chart is dark, and at no width is any part of the panel wider than the cell's output."""
    notebook, panel = opened(dark=True)
    notebook.wait_for_kernel("panel.chart.spec.theme == 'dark'")
    add(panel, "BBANDS")
    panel.locator(".barscope-is-completed").wait_for()
    for width, height in ((1000, 800), (1280, 900), (1920, 1080)):
        notebook.page.set_viewport_size({"width": width, "height": height})
        notebook.page.wait_for_function(FITS)
        shot(notebook, panel, f"explorer_panel_dark_{width}")


def test_nothing_covers_what_is_to_be_read(opened):
    """In a narrow cell a message stands there in full, and the buttons of the chart leave its prices free."""
    notebook, panel = opened()
    panel.get_by_placeholder("Search indicators").fill("MACDEXT")
    panel.get_by_label("Fastperiod").fill("1")
    message = panel.locator(".barscope-add .barscope-problem .widget-html-content")
    message.get_by_text("it must be a whole number from 2 to 100000").wait_for()
    assert message.evaluate("(text) => text.scrollHeight <= text.clientHeight && text.scrollWidth <= text.clientWidth")
    notebook.page.set_viewport_size({"width": 1000, "height": 800})
    notebook.chart().hover(position={"x": 200, "y": 200})
    buttons = panel.locator(".modebar").bounding_box()
    prices = panel.locator(".barscope-legend").first.bounding_box()
    assert buttons["y"] >= prices["y"] + prices["height"]


def test_a_chart_outlives_its_kernel_calmly(opened):
    """Turning the wheel over the chart of a kernel that is gone reports no fault, and the chart is still there."""
    notebook, _panel = opened()
    notebook.shut_down()
    with notebook.page.expect_console_message(lambda message: "wheel was not sent" in message.text):
        notebook.chart().hover(position={"x": 300, "y": 200})
        notebook.page.mouse.wheel(0, -400)
    assert notebook.chart().is_visible()


def test_earlier_session_is_reopened(opened):
    """A session in the list is opened with one click, its indicator drawn again."""
    _notebook, panel = opened()
    add(panel, "SMA")
    panel.locator(".barscope-is-completed").wait_for()
    panel.get_by_role("combobox", name="Period", exact=True).select_option("1 minute")
    panel.get_by_role("button", name="Remove SYN-A").wait_for()  # chosen: it is the only one
    panel.get_by_text("Choose an indicator above and add it.").wait_for()
    panel.get_by_role("button", name="Sessions").click()
    panel.locator(".barscope-sessions .barscope-row-item", has_text="AAPL").get_by_title("Open this session").click()
    panel.locator(".barscope-is-completed", has_text="SMA(30, CLOSE)").wait_for()
    panel.locator(".barscope-legend", has_text="SMA(30)").first.wait_for()
