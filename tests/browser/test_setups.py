"""Finding setups in a real JupyterLab: the condition builder, the list and the stepper, by mouse and keyboard."""

from __future__ import annotations

import pytest

from barscope.ingest import sample_stocks

FITS = """() => {
  const parts = [...document.querySelectorAll(".barscope-setups, .barscope-setups .widget-box")];
  return parts.every((part) => part.scrollWidth <= part.clientWidth + 1);
}"""


@pytest.fixture
def opened(request, lab, open_notebook, tmp_path):
    """A function that opens a notebook with the explorer panel on its Setups tab, an average drawn."""
    import barscope as bs

    with bs.Workspace(tmp_path / "ws") as workspace:
        stocks = workspace.secmaster.ensure_publisher("Sample", "STOCKS", "XNAS")
        workspace.secmaster.write(stocks.publisher_id, sample_stocks())

    def open_(*, dark=False, width=1280):
        setup = f"import barscope as bs\nws = bs.Workspace({str(tmp_path / 'ws')!r})"
        show = 'panel = ws.explorer_panel()\npanel.add_indicator("SMA", {"timeperiod": 20})\npanel'
        notebook = open_notebook(lab.notebook(f"{request.node.name}.ipynb", setup, show), width)
        if dark:
            notebook.theme("Dark")
        notebook.run_all()
        notebook.chart()
        notebook.wait_for_kernel("[series.name for series in panel.chart.data.series] == ['SMA(20, CLOSE)']")
        panel = notebook.page.locator(".barscope-panel")
        panel.get_by_role("button", name="Setups", exact=True).click()
        return notebook, panel

    return open_


def shot(notebook, panel, name):
    """A screenshot with the panel at the top of the window."""
    panel.evaluate("(element) => element.scrollIntoView({block: 'start'})")
    notebook.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    notebook.shot(name)


def test_from_condition_to_setups_by_mouse(opened):
    """A person builds a condition, is told what is wrong in it, finds its setups and steps through them."""
    notebook, panel = opened()
    row = panel.locator(".barscope-condition-row")
    right = row.get_by_label("Right side")
    right.fill("SMA(21")
    row.get_by_text("Unknown series: SMA(21").wait_for()
    assert panel.get_by_role("button", name="Find setups").is_disabled()
    shot(notebook, panel, "setups_wrong")
    right.fill("sma")
    row.get_by_role("option", name="SMA(20, CLOSE)").click()
    row.locator("select").select_option("crosses above")
    panel.get_by_title("Another comparison in this group").click()
    second = panel.locator(".barscope-condition-row").nth(1)
    second.get_by_label("Right side").fill("20")
    second.locator("select").select_option("<")
    panel.get_by_text("Bars where close crosses above SMA(20, CLOSE) and close < 20").wait_for()
    shot(notebook, panel, "setups_condition")
    panel.get_by_role("button", name="Find setups").click()
    panel.locator(".barscope-thumbnail").first.wait_for()
    total = notebook.kernel("panel.setups.stepper.total")
    panel.get_by_text(f"{total} setups in 3,270 bars of AAPL").wait_for()
    assert panel.locator(".barscope-thumbnail").count() == min(total, 24)
    assert panel.locator(".js-plotly-plot").count() <= 2
    shot(notebook, panel, "setups_found")
    panel.locator(".barscope-thumbnail").nth(2).click()
    notebook.wait_for_kernel("panel.setups.stepper.place == 2")
    shaded = "panel.chart.data.highlights[0].first_ns == panel.setups.view.segments[2].condition_start_ts"
    notebook.wait_for_kernel(shaded)
    panel.get_by_title("Next (arrow right)").click()
    notebook.wait_for_kernel("panel.setups.stepper.place == 3 and panel.setups.list.chosen == 3")
    panel.get_by_role("button", name="Returns").click()
    panel.locator(".barscope-returns .main-svg").first.wait_for()
    panel.get_by_text("all bars").first.wait_for()
    shot(notebook, panel, "setups_returns")
    step_by_keyboard(notebook, panel.locator(".barscope-stepper"))


def step_by_keyboard(notebook, stepper):
    """Arrow keys, End and a typed number lead through the setups, and no key reaches the notebook's commands."""
    cells = "jupyterapp.shell.currentWidget.content.widgets.length"
    before = notebook.page.evaluate(cells)
    stepper.press("Home")
    stepper.press("ArrowRight")
    notebook.wait_for_kernel("panel.setups.stepper.place == 1")
    stepper.press("End")
    notebook.wait_for_kernel("panel.setups.stepper.place == panel.setups.stepper.total - 1")
    number = stepper.get_by_label("Number to go to")
    number.fill("26")
    number.press("Enter")
    notebook.wait_for_kernel("panel.setups.list.page == 1 and panel.setups.list.items[0]['number'] == 24")
    stepper.press("d")
    stepper.press("d")
    assert notebook.page.evaluate(cells) == before


def test_dark_and_narrow(opened):
    """On a dark page everything is dark, and in a narrow cell no part of the tab is wider than its place."""
    notebook, panel = opened(dark=True)
    panel.get_by_title("Another comparison in this group").click()
    panel.get_by_role("button", name="Group").click()
    panel.get_by_title("Remove this group").nth(1).wait_for()
    shot(notebook, panel, "setups_dark_groups")
    panel.get_by_title("Remove this group").nth(1).click()
    panel.get_by_title("Remove this comparison").nth(1).click()
    panel.get_by_role("button", name="Find setups").click()
    panel.locator(".barscope-thumbnail").first.wait_for()
    notebook.wait_for_kernel("panel.setups.list.items and not panel.setups.list.waiting")
    for width, height in ((1280, 900), (700, 800)):
        notebook.page.set_viewport_size({"width": width, "height": height})
        notebook.page.wait_for_function(FITS)
        shot(notebook, panel, f"setups_dark_{width}")
