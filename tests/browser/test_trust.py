"""What can be trusted, in a real JupyterLab: certificates in the explorer, and the data-quality panel."""

from __future__ import annotations

import pytest

from barscope.ingest import sample_stocks

TOMORROW = '''
import numpy as np
@bs.indicator
def next_close(close):
    """Looks ahead, on purpose."""
    return np.append(close[1:], np.nan)
'''
FITS = """() => [...document.querySelectorAll(".barscope-panel, .barscope-panel .widget-box")]
  .every((part) => part.scrollWidth <= part.clientWidth + 1)"""


@pytest.fixture
def opened(request, lab, open_notebook, tmp_path):
    """A function that opens a notebook whose last cell shows a panel over the sample stocks."""
    import barscope as bs

    with bs.Workspace(tmp_path / "ws") as workspace:
        stocks = workspace.secmaster.ensure_publisher("Sample", "STOCKS", "XNAS")
        workspace.secmaster.write(stocks.publisher_id, sample_stocks())

    def open_(*cells, dark=False, width=1280):
        setup = f"import barscope as bs\nws = bs.Workspace({str(tmp_path / 'ws')!r})"
        notebook = open_notebook(lab.notebook(f"{request.node.name}.ipynb", setup, *cells), width)
        if dark:
            notebook.theme("Dark")
        notebook.run_all()
        return notebook, notebook.page.locator(".barscope-panel")

    return open_


def shot(notebook, panel, name):
    """A screenshot with the panel at the top of the window."""
    panel.evaluate("(element) => element.scrollIntoView({block: 'start'})")
    notebook.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    notebook.shot(name)


def colour(locator):
    """The colour of a text, as a browser says it."""
    return locator.locator(".widget-html-content").evaluate("(element) => getComputedStyle(element).color")


def test_the_picker_proves_and_accuses(opened):
    """A chosen indicator shows its certificate by itself; one that looks ahead is red in form, list and session."""
    notebook, panel = opened(TOMORROW, "panel = ws.explorer_panel()\npanel")
    line = panel.locator(".barscope-certificate")
    panel.get_by_placeholder("Search indicators").fill("PlusDI")
    line.get_by_text("✓ causal, first value at bar 14").wait_for()
    line.get_by_text("TA-Lib PLUS_DI: equal from bar").wait_for()
    green = colour(line.locator(".barscope-verdict"))
    shot(notebook, panel, "trust_picker")
    panel.get_by_placeholder("Search indicators").fill("next_close")
    line.get_by_text("✗ looks ahead, first at bar 0").wait_for()
    panel.locator("option", has_text="✗ next_close").wait_for(state="attached")
    assert colour(line.locator(".barscope-verdict")) != green
    panel.get_by_role("button", name="Add indicator").click()
    mark = panel.locator(".barscope-warning-mark")
    mark.get_by_text("✗ looks ahead").wait_for()
    assert "the value at bar 0 changes" in mark.locator("[title]").last.get_attribute("title")
    shot(notebook, panel, "trust_picker_lookahead")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_quality_panel_shows_the_splits_of_apple(opened, dark):
    """A click checks the bars, a click on a finding shows it on the chart, and narrow pages hold it all."""
    notebook, panel = opened(
        "panel = ws.quality_panel()\npanel.source.symbols.value = ['AAPL', 'IBM']\npanel", dark=dark
    )
    panel.get_by_text("Choose a finding to see it on a chart").wait_for()
    shot(notebook, panel, f"trust_quality_empty_{dark}")
    panel.get_by_role("button", name="Check").click()
    panel.get_by_text("3 findings in 6,540 bars of AAPL, IBM").wait_for()
    panel.get_by_text("AAPL · probable split · 2:1: 101.25 → 50.5").wait_for()
    notebook.chart()
    panel.get_by_text("2005-02-28").click()
    panel.get_by_text("AAPL · probable split · 2:1: 88.99 → 44.68").wait_for()
    notebook.wait_for_kernel("panel.chart.data.highlights[0].label == 'probable split'")
    assert notebook.kernel("panel.chart.visible[1] - panel.chart.visible[0]") == 81
    shot(notebook, panel, f"trust_quality_{dark}")
    for width, height in ((1280, 900), (700, 1300)):
        notebook.page.set_viewport_size({"width": width, "height": height})
        notebook.page.wait_for_function(FITS)
    shot(notebook, panel, f"trust_quality_narrow_{dark}")
