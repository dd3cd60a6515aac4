"""The sweep panel in a real JupyterLab: the estimate, a heat map that fills, a child, cancel, resume, every width."""

from __future__ import annotations

import pytest

from barscope.ingest import sample_stocks

FITS = """() => {
  const boxes = document.querySelectorAll(".jp-OutputArea-output:has(.barscope-panel), .barscope-panel .widget-box");
  const seen = [...boxes].filter((part) => part.offsetParent && !part.closest(".barscope-scroll, .barscope-forms"));
  return seen.every((part) => part.scrollWidth <= part.clientWidth + 1);
}"""
FILLED = """() => [...document.querySelectorAll(".js-plotly-plot")].every(
  (plot) => !plot.offsetParent || Math.abs((plot._fullLayout?.width ?? 0) - plot.clientWidth) < 2)"""
DRAWN = """() => {
  const plot = [...document.querySelectorAll(".js-plotly-plot")].find((plot) => plot.offsetParent);
  return plot?._fullData?.[0]?.type === "heatmap" && plot.querySelector(".hm image") !== null;
}"""
DARK = """() => [...document.querySelectorAll(".js-plotly-plot")].some(
  (plot) => plot.offsetParent && plot._fullLayout?.paper_bgcolor === "#131722")"""
GATED = """
import threading
from barscope.studies import sweep_run, sweep_threads
sweep_run._MOST = 8
tickets, compute = threading.Semaphore(0), sweep_threads.children_of
def gated(desk, numbers, combinations, is_cancelled=lambda: False):
    while not tickets.acquire(timeout=0.05):
        if is_cancelled():
            break
    return compute(desk, numbers, combinations, is_cancelled)
sweep_threads.children_of = gated
"""
CELL = """([row, column]) => {
  const plot = [...document.querySelectorAll(".js-plotly-plot")].find((plot) => plot.offsetParent);
  const {xaxis, yaxis, _size: size} = plot._fullLayout, box = plot.getBoundingClientRect();
  return [box.left + size.l + xaxis.d2p(column), box.top + yaxis._offset + yaxis.d2p(row)];
}"""


@pytest.fixture
def opened(request, lab, open_notebook, tmp_path):
    """A notebook with a sweep panel over five stocks by day and a split of them; gives the notebook and the panel."""
    import barscope as bs

    with bs.Workspace(tmp_path / "ws") as workspace:
        stocks = workspace.secmaster.ensure_publisher("Sample", "STOCKS", "XNAS")
        workspace.secmaster.write(stocks.publisher_id, sample_stocks())
        choice = bs.ExplorerRequest(symbols=("AAPL",), rtype=35, publisher_id=stocks.publisher_id)
        workspace.data_splits.save(workspace.data_splits.plan(choice), "Honest")
    setup = f"import barscope as bs\nws = bs.Workspace({str(tmp_path / 'ws')!r})"
    name = lab.notebook(f"{request.node.name}.ipynb", setup, GATED, "panel = ws.sweep_panel()\npanel")
    notebook = open_notebook(name)
    notebook.run_all()
    return notebook, notebook.page.locator(".barscope-panel")


def shot(notebook, panel, name):
    """A screenshot with the panel at the top of the window, its charts as wide as their places."""
    panel.evaluate("(element) => element.scrollIntoView({block: 'start'})")
    notebook.page.wait_for_function(FILLED)
    notebook.shot(name)


def test_a_heat_map_fills_and_a_cell_opens_its_trades(opened):
    """A person reads the estimate, watches cells appear, opens one, comes back, filters, and reads the judgement."""
    notebook, panel = opened
    page = notebook.page
    panel.get_by_text("56 combinations = 56 children").wait_for()
    shot(notebook, panel, "sweep_panel_estimate")
    panel.get_by_role("button", name="Run sweep").click()
    running = panel.locator(".barscope-row-item.barscope-is-running")
    running.wait_for()
    notebook.kernel("tickets.release(2)")
    running.get_by_text("16 of 56").wait_for()
    page.wait_for_function(DRAWN)
    panel.get_by_text("40 without a result").first.wait_for()
    shot(notebook, panel, "sweep_panel_filling")
    notebook.kernel("tickets.release(100)")
    panel.locator(".barscope-is-completed").wait_for()
    notebook.wait_for_kernel("panel.results.view.heatmap.grid.combinations.min() >= 0")
    panel.get_by_text("SMACrossover · 56 done").wait_for()
    shot(notebook, panel, "sweep_panel_heat_map")
    page.mouse.click(*page.evaluate(CELL, [2, 1]))
    panel.get_by_text("AAPL · fast_period 15, slow_period 90").wait_for()
    panel.locator(".barscope-legend:visible").first.wait_for()
    shot(notebook, panel, "sweep_panel_child")
    panel.get_by_role("button", name="Back to the sweep").click()
    panel.locator(".js-plotly-plot:visible").get_by_text("picked").first.wait_for()
    edited = "() => jupyterapp.shell.currentWidget.content.mode"
    page.locator(".jp-CodeCell .cm-content").first.click()
    assert page.evaluate(edited) == "edit"
    page.keyboard.press("Escape")
    assert page.evaluate(edited) == "command"  # Escape is the notebook's
    for tab, ready in (("Parallel coordinates", "56 combinations"), ("Best and worst", "Median")):
        panel.get_by_role("button", name=tab, exact=True).click()
        panel.locator(".js-plotly-plot:visible").get_by_text(ready).first.wait_for()
        shot(notebook, panel, f"sweep_panel_{tab.split()[0].lower()}")
    panel.get_by_role("button", name="Table", exact=True).click()
    grid = panel.get_by_role("grid", name="Children of the sweep")
    grid.locator(".barscope-table-row").nth(20).wait_for()
    panel.get_by_placeholder("Filter, such as").fill("fast_period = 10, Slow_period <= 90, sharpe > 0")
    panel.get_by_placeholder("Filter, such as").press("Enter")
    panel.get_by_text("3 children").wait_for()
    shot(notebook, panel, "sweep_panel_table")
    with page.expect_download() as download:
        panel.get_by_role("button", name="CSV").click()
    assert len(download.value.path().read_text().splitlines()) == 4
    panel.get_by_role("button", name="Judgement", exact=True).click()
    panel.locator(".barscope-card-figure", has_text="Overfitting").get_by_text("12,870 splits").wait_for()
    shot(notebook, panel, "sweep_panel_judgement")
    notebook.theme("Dark")
    notebook.wait_for_kernel("panel.surroundings.dark")
    shot(notebook, panel, "sweep_panel_dark_judgement")
    panel.get_by_role("button", name="Heat map", exact=True).click()
    page.wait_for_function(DARK)
    page.wait_for_function(DRAWN)
    shot(notebook, panel, "sweep_panel_dark_heat_map")


def test_cancel_resume_and_a_narrow_page(opened):
    """What is there when a sweep is stopped stays, and is not computed again; a drag greys lines; 390 pixels fit."""
    notebook, panel = opened
    page = notebook.page
    panel.get_by_label("Stretches").select_option("Honest")
    panel.get_by_text("56 combinations × 3 = 168 children").wait_for()
    panel.get_by_role("button", name="Run sweep").click()
    notebook.kernel("tickets.release(3)")
    panel.locator(".barscope-row-item", has_text="24 of 168").wait_for()
    panel.get_by_title("Stop this").first.click()
    panel.locator(".barscope-is-cancelled").wait_for()
    panel.get_by_text("SMACrossover · 24 done · 144 missing").wait_for()
    shot(notebook, panel, "sweep_panel_cancelled")
    notebook.kernel("tickets.release(1000)")
    panel.get_by_role("button", name="Resume").click()
    panel.locator(".barscope-is-completed").wait_for()
    panel.get_by_text("SMACrossover · 168 done").wait_for()
    assert notebook.kernel("panel.results.result.reused") == 24
    panel.get_by_role("button", name="Judgement", exact=True).click()
    panel.get_by_text("Chosen in train, proved elsewhere").wait_for()
    panel.get_by_role("grid", name="Picks proved").locator(".barscope-table-row").first.wait_for()
    shot(notebook, panel, "sweep_panel_proved")
    panel.get_by_role("button", name="Parallel coordinates", exact=True).click()
    panel.locator(".js-plotly-plot:visible").get_by_text("56 combinations").first.wait_for()
    x, low = page.evaluate(CELL, [0.0, 0])
    _x, high = page.evaluate(CELL, [0.3, 0])
    page.mouse.move(x, low)
    page.mouse.down()
    page.mouse.move(x + 3, high)
    page.mouse.up()
    panel.locator(".js-plotly-plot:visible").get_by_text("brushed").first.wait_for()
    shot(notebook, panel, "sweep_panel_brushed")
    page.set_viewport_size({"width": 390, "height": 2200})
    page.wait_for_function(FITS)
    shot(notebook, panel, "sweep_panel_narrow_lines")
    panel.get_by_role("button", name="Heat map", exact=True).click()
    page.wait_for_function(DRAWN)
    page.wait_for_function(FITS)
    panel.locator(".heatmap-label:visible").first.wait_for(state="detached")  # no room for numbers in the cells
    shot(notebook, panel, "sweep_panel_narrow")
