"""The scenario panel in a real JupyterLab: the form as it is typed, a run with its tabs, cancel, files."""

from __future__ import annotations

import json

import pytest

from barscope.ingest import sample_stocks

FITS = """() => {
  const boxes = document.querySelectorAll(".jp-OutputArea-output:has(.barscope-panel), .barscope-panel .widget-box");
  const seen = [...boxes].filter((part) => part.offsetParent && !part.closest(".barscope-scroll, .barscope-forms"));
  return seen.every((part) => part.scrollWidth <= part.clientWidth + 1);
}"""
FILLED = """() => [...document.querySelectorAll(".js-plotly-plot")].every(
  (plot) => !plot.offsetParent || Math.abs((plot._fullLayout?.width ?? 0) - plot.clientWidth) < 2)"""
SLOW = """
import threading
fetching, go_on = threading.Event(), threading.Event()
source = ws.scenarios._desk.sources["secmaster"]
fetch = source.fetch
def slow(request, tell):
    if request.loan_amount == 75_000:
        tell(0.5, "half of the bars")
        fetching.set()
        assert go_on.wait(60)
        tell(0.6, "more of the bars")
    return fetch(request, tell)
source.fetch = slow
"""


@pytest.fixture
def opened(request, lab, open_notebook, tmp_path):
    """A notebook with a scenario panel over five stocks by day; gives the notebook and the panel."""
    import barscope as bs

    with bs.Workspace(tmp_path / "ws") as workspace:
        stocks = workspace.secmaster.ensure_publisher("Sample", "STOCKS", "XNAS")
        workspace.secmaster.write(stocks.publisher_id, sample_stocks())
    setup = f"import barscope as bs\nws = bs.Workspace({str(tmp_path / 'ws')!r})"
    name = lab.notebook(f"{request.node.name}.ipynb", setup, SLOW, "panel = ws.scenario_panel()\npanel")
    notebook = open_notebook(name)
    notebook.run_all()
    return notebook, notebook.page.locator(".barscope-panel")


def shot(notebook, panel, name):
    """A screenshot with the panel at the top of the window, its charts as wide as their places."""
    panel.evaluate("(element) => element.scrollIntoView({block: 'start'})")
    notebook.page.wait_for_function(FILLED)
    notebook.shot(name)


def test_from_a_loan_to_its_days(opened):
    """A person types a loan, is refused, mends it, runs, sees each tab, changes an input, and stops another run."""
    notebook, panel = opened
    panel.get_by_role("button", name="Remove AAPL").click()
    symbol = panel.get_by_label("Add a symbol")
    symbol.fill("IBM")
    symbol.press("Enter")
    panel.locator(".barscope-fact", has_text="Entry spot").get_by_text("118.30").wait_for()
    loan, run = panel.get_by_role("spinbutton", name="Loan"), panel.get_by_role("button", name="Run scenario")
    loan.fill("200000")
    panel.get_by_text("Historical scenario starts undercollateralized: loan $200,000.00").wait_for()
    assert run.is_disabled()
    shot(notebook, panel, "scenario_panel_refused")
    loan.fill("76000")
    panel.locator(".barscope-fact", has_text="Start LTV").get_by_text("0.642").wait_for()
    panel.get_by_label("Protective put 90% 12m").check()
    panel.get_by_label("Laddered puts ATM 3-6-9-12m").check()
    run.click()
    panel.locator(".barscope-is-completed").wait_for()
    panel.locator(".barscope-card-figure", has_text="Margin-call days").get_by_text("unhedged 121").wait_for()
    notebook.chart()
    notebook.page.wait_for_function(FITS)
    shot(notebook, panel, "scenario_panel_chart")
    panel.get_by_role("button", name="LTV", exact=True).click()
    panel.locator(".js-plotly-plot:visible").get_by_text("called on 121 days").first.wait_for()
    shot(notebook, panel, "scenario_panel_ltv")
    panel.get_by_role("button", name="Costs", exact=True).click()
    panel.get_by_role("grid", name="Costs by roll").locator(".barscope-table-row").first.wait_for()
    shot(notebook, panel, "scenario_panel_costs")
    panel.get_by_role("button", name="Templates", exact=True).click()
    shot(notebook, panel, "scenario_panel_templates")
    panel.get_by_role("grid", name="Templates").locator(".barscope-table-row", has_text="90%").click()
    days = panel.get_by_role("grid", name="Days")
    days.locator(".barscope-table-row", has_text="2007-10-09").wait_for()
    panel.locator(".barscope-card-figure", has_text="Margin-call days").get_by_text("58", exact=True).wait_for()
    shot(notebook, panel, "scenario_panel_daily")
    with notebook.page.expect_download() as download:
        panel.get_by_role("button", name="JSON").click()
    assert json.loads(download.value.path().read_text())["margin_call_days_unhedged"] == 121
    loan.fill("75000")
    panel.get_by_text("The inputs have changed since: run again.").wait_for()
    shot(notebook, panel, "scenario_panel_stale")
    run.click()
    running = panel.locator(".barscope-row-item", has_text="Fetching historical prices...")
    running.get_by_text("half of the bars").wait_for()
    running.get_by_title("Stop this").click()
    panel.locator(".barscope-row-item", has_text="stopping").wait_for()
    notebook.kernel("go_on.set()")
    panel.locator(".barscope-is-cancelled").wait_for()
    notebook.theme("Dark")
    notebook.wait_for_kernel("panel.results.chart.spec.theme == 'dark'")
    panel.get_by_role("button", name="LTV", exact=True).click()
    panel.locator(".js-plotly-plot:visible").get_by_text("called on 121 days").first.wait_for()
    shot(notebook, panel, "scenario_panel_dark_ltv")


def test_a_template_of_ones_own_on_a_narrow_page(opened):
    """The form says what is wrong while it is typed, and what it saves is ticked; nothing overflows at 390 pixels."""
    notebook, panel = opened
    panel.get_by_role("button", name="New…").click()
    panel.get_by_placeholder("Name, such as").fill("Puts 92% 9m")
    panel.get_by_label("Strike %").fill("92")
    panel.get_by_role("button", name="Add leg").click()
    panel.locator(".barscope-template-form select").first.select_option("Own weights")
    panel.get_by_label("Weight", exact=True).first.fill("0.4")
    panel.get_by_text("the weights of template Puts 92% 9m sum to 0.9: they have to sum to 1").wait_for()
    shot(notebook, panel, "scenario_panel_builder")
    save = panel.get_by_role("button", name="Save template")
    assert save.is_disabled()
    panel.get_by_label("Weight", exact=True).first.fill("0.5")
    notebook.wait_for_kernel("panel.templates.builder.template")
    save.click()
    panel.locator(".barscope-template", has_text="Puts 92% 9m").locator("input:checked").wait_for()
    panel.get_by_role("button", name="Run scenario").click()
    panel.locator(".barscope-is-completed").wait_for()
    notebook.page.set_viewport_size({"width": 390, "height": 2200})
    notebook.page.wait_for_function(FITS)
    notebook.chart()
    shot(notebook, panel, "scenario_panel_narrow")
    panel.get_by_title("Delete Puts 92% 9m").click()
    panel.get_by_label("Puts 92% 9m").wait_for(state="detached")
