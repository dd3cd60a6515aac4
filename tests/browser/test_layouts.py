"""Layouts and watchlists in a real JupyterLab: save, change, load, and carry in a file."""

from __future__ import annotations

import json

import pytest

from barscope.ingest import sample_stocks

FITS = """() => {
  const panel = document.querySelector(".barscope-panel");
  const parts = [...panel.querySelectorAll(".barscope-layouts, .barscope-layouts .widget-box, .barscope-watchlists")];
  return parts.every((part) => part.scrollWidth <= part.clientWidth + 1);
}"""


@pytest.fixture
def opened(request, lab, open_notebook, tmp_path):
    """A notebook with the explorer panel on AAPL and an average of it drawn."""
    import barscope as bs

    with bs.Workspace(tmp_path / "ws") as workspace:
        stocks = workspace.secmaster.ensure_publisher("Sample", "STOCKS", "XNAS")
        workspace.secmaster.write(stocks.publisher_id, sample_stocks())
    setup = f"import barscope as bs\nws = bs.Workspace({str(tmp_path / 'ws')!r})"
    show = 'panel = ws.explorer_panel()\npanel.add_indicator("SMA", {"timeperiod": 20})\npanel'
    notebook = open_notebook(lab.notebook(f"{request.node.name}.ipynb", setup, show))
    notebook.run_all()
    notebook.chart()
    notebook.wait_for_kernel("[series.name for series in panel.chart.data.series] == ['SMA(20, CLOSE)']")
    return notebook, notebook.page.locator(".barscope-panel")


def shot(notebook, panel, name):
    """A screenshot with the panel at the top of the window."""
    panel.evaluate("(element) => element.scrollIntoView({block: 'start'})")
    notebook.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    notebook.shot(name)


def save(panel, name, within):
    """Saves under a name with the menu that is inside a part of the panel."""
    menu = panel.locator(within)
    menu.locator("input").first.fill(name)
    menu.locator(".fa-floppy-o").click()


def test_save_change_load_and_carry(opened):
    """A layout comes back whole after other choices; as a file it goes through the browser and comes in again."""
    notebook, panel = opened
    panel.get_by_role("button", name="Layouts", exact=True).click()
    layouts = panel.locator(".barscope-layouts .barscope-preset-list").first
    save(panel, "morning", ".barscope-layouts .barscope-preset-list >> nth=0")
    layouts.locator("option", has_text="morning").wait_for(state="attached")
    save(panel, "averages", ".barscope-layouts .barscope-preset-list >> nth=1")
    notebook.wait_for_kernel("ws.saved.indicator_sets.names() == ('averages',)")
    watch(notebook, panel)
    notebook.wait_for_kernel("panel.chart.data is not None and panel.chart.data.symbol == 'IBM'")
    shot(notebook, panel, "layouts_changed")
    layouts.locator(".fa-undo").click()
    drawn = "panel.chart.data.symbol == 'AAPL' and [s.name for s in panel.chart.data.series] == ['SMA(20, CLOSE)']"
    notebook.wait_for_kernel(drawn)
    panel.get_by_text("AAPL · 1 day · SMA(20, CLOSE)").wait_for()
    carry(notebook, panel)
    for width, dark in ((1280, False), (1280, True), (700, True), (390, False)):
        notebook.theme("Dark" if dark else "Light")
        notebook.page.set_viewport_size({"width": width, "height": 900})
        notebook.page.wait_for_function(FITS)
        shot(notebook, panel, f"layouts_{'dark' if dark else 'light'}_{width}")


def watch(notebook, panel):
    """Keeps AAPL as a watchlist, turns to IBM, keeps that too and leaves the line open."""
    panel.get_by_title("Watchlists").click()
    save(panel, "apple", ".barscope-watchlists")
    notebook.wait_for_kernel("ws.saved.watchlists.names() == ('apple',)")
    notebook.kernel("setattr(panel.source.symbols, 'value', ['IBM'])")


def carry(notebook, panel):
    """Exports all presets by way of the browser, deletes the layout, and imports the file."""
    with notebook.page.expect_download() as download:
        panel.get_by_role("button", name="Export").click()
    path = download.value.path()
    assert download.value.suggested_filename == "barscope-presets.json"
    assert list(json.loads(path.read_text())["layouts"]) == ["morning"]
    panel.locator(".barscope-layouts .fa-trash-o").first.click()
    notebook.wait_for_kernel("ws.saved.layouts.names() == ()")
    panel.locator(".barscope-layouts input[type=file]").set_input_files(path)
    notebook.wait_for_kernel("ws.saved.layouts.names() == ('morning',)")
    panel.get_by_text("1 loaded, 2 skipped, 0 with problems").wait_for()
    assert panel.locator(".barscope-watchlists select").input_value() == "apple"
