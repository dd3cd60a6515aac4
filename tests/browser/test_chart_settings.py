"""Chart settings and drawings in a real JupyterLab, used with mouse and keyboard."""

from __future__ import annotations

import pytest

from barscope.ingest import sample_stocks

INDICATORS = 'for name in ("BBANDS", "RSI"):\n    panel.add_indicator(name)'
OPEN = "import barscope as bs\nws = bs.Workspace({folder!r})"


@pytest.fixture
def opened(lab, open_notebook, tmp_path):
    """A notebook with an explorer panel that has two indicators, open at its Chart tab."""
    import barscope as bs

    folder = str(tmp_path / "ws")
    with bs.Workspace(folder) as workspace:
        stocks = workspace.secmaster.ensure_publisher("Sample", "STOCKS", "XNAS")
        workspace.secmaster.write(stocks.publisher_id, sample_stocks())
    cells = (OPEN.format(folder=folder), "panel = ws.explorer_panel()", INDICATORS, "panel")
    notebook = open_notebook(lab.notebook("chart_settings.ipynb", *cells))
    notebook.run_all()
    notebook.chart().get_by_text("RSI_14_CLOSE").wait_for()
    panel = notebook.page.locator(".barscope-panel")
    panel.get_by_role("button", name="Chart", exact=True).click()
    return notebook, panel


def shot(notebook, panel, name):
    """A screenshot with the panel at the top of the window."""
    panel.evaluate("(element) => element.scrollIntoView({block: 'start'})")
    notebook.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    notebook.shot(name)


def drawn(notebook, expression):
    """Waits until something is true of what the browser has drawn; `gd` is the graph, `full` its traces."""
    notebook.page.locator(".js-plotly-plot").first.wait_for()
    found = (
        f"() => {{ const gd = document.querySelector('.js-plotly-plot'), full = gd._fullData; return {expression}; }}"
    )
    for _ in range(600):
        if notebook.page.evaluate(found):
            return
        notebook.page.evaluate("() => new Promise(requestAnimationFrame)")
    raise AssertionError(f"never drawn: {expression}")


def test_settings_change_the_chart_and_are_kept(opened):
    """Type, scale, colour and pane change what is drawn without moving the view, and are there after a restart."""
    notebook, panel = opened
    notebook.kernel("panel.chart.zoom(3000.0, 3200.0)")
    panel.get_by_title("How prices are drawn").select_option("OHLC bars")
    drawn(notebook, "full[0].type === 'ohlc'")
    panel.get_by_title("Scale of the prices").select_option("Logarithmic")
    drawn(notebook, "gd._fullLayout.yaxis.type === 'log'")
    row = panel.locator(".barscope-series-row", has_text="RSI")
    row.get_by_title("Pane", exact=True).select_option("Pane above")
    drawn(
        notebook,
        "full.some((t) => t.name === 'RSI_14_CLOSE' && gd._fullLayout[`yaxis${t.yaxis.slice(1)}`].domain[1] === 1)",
    )
    row.locator("input[type=color]").fill("#ff0000")
    drawn(notebook, "full.some((t) => t.name === 'RSI_14_CLOSE' && t.line.color === '#ff0000')")
    panel.locator(".barscope-series-row").first.get_by_title("More choices").click()
    shot(notebook, panel, "chart_settings_1280")
    assert notebook.kernel("panel.chart.visible") == [3000.0, 3200.0]
    notebook.wait_for_kernel("len(ws.presets.chart_settings.names()) > 0")
    notebook.wait_for_kernel("panel._chart.choices._timer is None")
    notebook.kernel("globals().update(again=ws.explorer_panel())")
    notebook.wait_for_kernel("'RSI_14_CLOSE' in again.settings.rows")
    spec, colour = "again.chart.spec", "again.settings.rows['RSI_14_CLOSE'].colour.value"
    assert notebook.kernel(f"[{spec}.chart_type, {spec}.scale, {colour}]") == ["ohlc", "log", "#ff0000"]


def test_a_level_and_a_trend_line_are_placed_with_the_mouse(opened):
    """A tool in hand turns clicks into a drawing at that bar and price; it is listed, and its button deletes it."""
    notebook, panel = opened
    notebook.kernel("panel.chart.zoom(3000.0, 3200.0)")
    chart = notebook.chart()
    panel.get_by_title("Horizontal level").click()
    chart.locator(".nsewdrag").first.click(position={"x": 300, "y": 150})
    panel.locator(".barscope-drawing-row", has_text="Level").wait_for()
    drawn(notebook, "(gd._fullLayout.shapes || []).some((s) => s.line.width === 1.5)")
    panel.get_by_title("Trend line").click()
    prices = chart.locator(".nsewdrag").first
    prices.click(position={"x": 100, "y": 200})
    prices.hover(position={"x": 300, "y": 100})
    chart.locator(".barscope-band").wait_for()  # the line to be, under the pointer
    notebook.page.keyboard.press("Escape")
    notebook.wait_for_kernel("panel.chart.widget.tool == ''")
    chart.locator(".barscope-band").wait_for(state="hidden")
    panel.get_by_title("Trend line").click()
    for x, y in ((100, 200), (400, 120)):
        prices.click(position={"x": x, "y": y})
    panel.locator(".barscope-drawing-row", has_text="Trend line").wait_for()
    panel.locator(".barscope-drawing-row").first.scroll_into_view_if_needed()
    shot(notebook, panel, "drawings_1280")
    first, last, opens = notebook.kernel(
        "(lambda a, ts: [*(int(ts.searchsorted(p.ts_ns)) for p in a.points), [p.ts_ns in ts for p in a.points]])"
        "(panel._chart.annotations[1].annotation, panel.chart.data.bars.ts)"
    )
    assert (3000 < first < last < 3200, opens) == (True, [True, True])
    assert notebook.kernel("panel.chart.visible") == [3000.0, 3200.0]
    panel.locator(".barscope-drawing-row", has_text="Level").get_by_title("Delete this drawing").click()
    notebook.wait_for_kernel("len(ws.annotations('AAPL')) == 1")
    drawn(notebook, "gd._fullLayout.shapes.filter((s) => s.line.width === 1.5).length === 1")
