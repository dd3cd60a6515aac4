"""The Chart tab of the explorer panel over a real workspace whose jobs run inline: settings and drawings."""

from __future__ import annotations

import asyncio

import pytest

from barscope.charts.settings import ChartSettings
from barscope.domain.annotations import Point
from barscope.widgets.live_figure import Move
from barscope.workspace.saved_charts import indicator_owner


@pytest.fixture
def panel(workspace):
    """A panel on SYN with a band and an oscillator, zoomed in."""
    made = workspace.explorer_panel()
    made.source.symbols.value = ["SYN"]
    made.add_indicator("BBANDS")
    made.add_indicator("RSI")
    made.chart.zoom(100.0, 200.0)
    yield made
    made.close()


def series(panel, part):
    """The drawn series whose name holds a part."""
    return next(s for s in panel.chart.data.series if part in s.name)


def row(panel, part):
    """The row of that series."""
    return panel.settings.rows[series(panel, part).name]


def problems(panel):
    """The messages under the panel."""
    return [line.value for note in panel.notices.widget.children for line in note.children[0].children[:1]]


def click(panel, place, price):
    """What a page says when a person clicks with a tool in hand."""
    panel.chart._on_move(Move("point", "v", 800, (place, price)))


def test_the_form_shows_the_indicators_own_looks(panel):
    """Band filled, oscillator below, colours of the theme, everything visible."""
    upper, rsi = row(panel, "upper"), row(panel, "RSI")
    assert (upper.pane.value, upper.fill.value) == ("price", series(panel, "lower").name)
    assert (rsi.pane.value, rsi.draw.value, rsi.eye.value) == ("own", "line", True)
    assert upper.colour.value == row(panel, "lower").colour.value != rsi.colour.value


def test_every_choice_is_drawn_at_once_and_the_zoom_stays(panel):
    """Type, scale, volume, style, colour, width, pane, fill, visibility and order reach the chart."""
    form, rsi = panel.settings, row(panel, "RSI")
    form.chart_type.value, form.scale.value, form.volume.value = "close", "log", False
    rsi.pane.value, rsi.draw.value, rsi.colour.value, rsi.width.value = "above", "dotted", "#FF0000", 3
    row(panel, "upper").fill.value = ""
    row(panel, "middle").eye.value = False
    rsi.up.click()
    spec, s = panel.chart.spec, series(panel, "RSI")
    assert (spec.chart_type, spec.scale, spec.show_volume) == ("close", "log", False)
    assert (s.pane, s.draw, s.colour, s.width) == ("above", "dotted", "#ff0000", 3)
    assert (series(panel, "upper").band, series(panel, "middle").hidden) == (None, True)
    assert [t.name for t in panel.chart.data.ordered][-2] == s.name
    assert panel.chart.visible == (100, 200)
    assert panel.chart.widget.data[0].type == "scatter"


def test_choices_are_kept_with_the_session(workspace, panel):
    """Another panel, as after a restart of the kernel, opens the session as it was left."""
    panel.settings.chart_type.value = "ohlc"
    row(panel, "RSI").colour.value = "#ff0000"
    again = workspace.explorer_panel()
    assert again.chart.spec.chart_type == "ohlc"
    assert series(again, "RSI").colour == "#ff0000"
    assert row(again, "RSI").colour.value == "#ff0000"
    again.close()


def test_a_session_without_settings_goes_on_with_those_that_are_open(workspace, panel):
    """Adding a symbol makes another session; the chart looks as before."""
    panel.settings.chart_type.value = "ohlc"
    panel.source.symbols.value = ["SYN", "ALT"]
    assert panel.chart.spec.chart_type == "ohlc"


def test_for_every_indicator_of_a_class(workspace, panel):
    """A choice made for RSI everywhere is drawn for another RSI in another session, and reset takes it back."""
    row(panel, "RSI").draw.value = "dots"
    row(panel, "RSI").everywhere.click()
    other = workspace.explorer_panel()
    other.source.symbols.value = ["ALT"]
    other.add_indicator("RSI", {"period": 9})
    assert series(other, "RSI").draw == "dots"
    other.settings.reset.click()
    assert series(other, "RSI").draw == "line"
    assert workspace.presets.chart_settings.get(indicator_owner("RSI")) is None
    other.close()


def test_comparison_reads_the_other_symbol(panel):
    """A symbol to compare with is read, drawn in percent, and its scale cannot be another."""
    panel.settings.compare.value = ["ALT"]
    panel.refresh()
    assert [other.symbol for other in panel.chart.data.compared] == ["ALT"]
    assert panel.settings.scale.disabled
    assert panel.chart.widget.layout.yaxis.ticktext[0].endswith("%")
    panel.settings.compare.value = []
    assert panel.chart.data.compared == ()


def test_presets_of_settings(panel):
    """Saved under a name, loaded over other choices, deleted."""
    form = panel.settings
    form.chart_type.value, form.presets.name.value = "ohlc", "bars"
    form.presets.save.click()
    form.reset.click()
    assert (form.chart_type.value, form.presets.menu.value) == ("candlestick", "bars")
    form.presets.menu.value = None
    form.presets.menu.value = "bars"
    assert panel.chart.spec.chart_type == "ohlc"
    form.presets.delete.click()
    assert [label for label, _ in form.presets.menu.options] == ["Saved …"]


def test_settings_that_cannot_be_used_are_told(workspace, panel):
    """Those of a newer barscope are named under the panel, and the chart is drawn with defaults."""
    (owner,) = (panel._chart.choices._owner,)
    workspace.presets.chart_settings.set(owner, {"version": 99})
    again = workspace.explorer_panel()
    assert again.chart.spec.chart_type == "candlestick"
    assert any("version 99" in text for text in problems(again))
    again.close()


def test_changes_in_a_row_are_kept_once(workspace):
    """On a kernel's loop a burst of changes is one write, and closing the panel keeps the last."""
    saved = []

    async def work():
        panel = workspace.explorer_panel()
        workspace.charts.save = lambda owner, settings: saved.append(settings)
        for chart_type in ("ohlc", "close", "heikin-ashi"):
            panel.settings.chart_type.value = chart_type
        await asyncio.sleep(0)
        assert saved == []
        panel._chart.choices.flush()
        assert len(saved) == 1
        panel.close()

    try:
        asyncio.run(work())
    finally:
        del workspace.charts.save
    assert saved == [ChartSettings(chart_type="heikin-ashi")]


def test_tools_place_what_is_clicked(workspace, panel):
    """One click makes a level, two a line; each is kept, drawn without moving the view, and listed."""
    tools, ts = panel.area.tools, panel.chart.data.bars.ts
    tools.buttons["level"].value = True
    assert panel.chart.widget.tool == "level"
    click(panel, 120.3, 101.236)
    assert panel.chart.widget.tool == ""
    tools.buttons["trend"].value = True
    click(panel, 150, 102)
    assert len(workspace.annotations("SYN")) == 1
    click(panel, 110, 99)
    level, trend = panel.chart.data.annotations
    assert level.points == (Point(int(ts[120]), 101.24),)
    assert [p.ts_ns for p in trend.points] == [ts[110], ts[150]]
    assert panel.chart.visible == (100, 200)
    assert len(panel.drawings.remove) == 2
    next(iter(panel.drawings.remove.values())).click()
    assert [a.kind for a in panel.chart.data.annotations] == ["trend"]
    assert workspace.annotations("SYN")["kind"].tolist() == ["trend"]


def test_one_tool_at_a_time_and_escape_puts_it_away(panel):
    """Taking a tool puts the other away; Escape drops it and forgets the first point."""
    tools = panel.area.tools
    tools.buttons["level"].value = True
    tools.buttons["box"].value = True
    assert (tools.tool, tools.buttons["level"].value) == ("box", False)
    click(panel, 110, 100)
    panel.chart._on_move(Move("drop", "v", 800))
    assert (tools.tool, panel.chart.widget.tool) == (None, "")
    click(panel, 120, 100)
    assert panel.chart.data.annotations == ()


def test_drawings_from_code_appear_with_the_next_cell(workspace, panel):
    """What a cell draws on the symbol is on the chart and in the list once the panel looks again."""
    workspace.annotate("level", "SYN", [("2024-01-02 15:00", 101)], publisher_id=1)
    panel.refresh()
    assert [a.kind for a in panel.chart.data.annotations] == ["level"]
    assert len(panel.drawings.remove) == 1


def test_the_form_follows_the_theme(panel):
    """Colours nobody chose are those of the theme, in the chart and in the form."""
    before = row(panel, "RSI").colour.value
    panel.area.theme.value = "dark"
    assert row(panel, "RSI").colour.value != before


def test_a_text_needs_words(panel):
    """Clicking with the text tool and no words says so, and keeps the tool in hand."""
    tools = panel.area.tools
    tools.buttons["text"].value = True
    click(panel, 110, 100)
    assert any("text without words" in text for text in problems(panel))
    tools.text.value = "earnings"
    click(panel, 110, 100)
    assert panel.chart.data.annotations[0].text == "earnings"


def test_the_form_draws_by_keyboard(workspace, panel):
    """Time and price as text do what two clicks do; what cannot be read is told, and nothing is kept."""
    form = panel.drawings
    form.kind.value = "box"
    for field, text in zip(
        (*form.times, *form.prices), ("2024-01-02 15:00", "2024-01-02 16:00", "1,000.5", "99"), strict=True
    ):
        field.value = text
    form.add.click()
    (box,) = panel.chart.data.annotations
    assert (box.kind, [p.price for p in box.points]) == ("box", [1000.5, 99.0])
    form.prices[0].value = "much"
    form.add.click()
    assert len(workspace.annotations("SYN")) == 1
    assert any("much" in text for text in problems(panel))


def test_drawings_belong_to_the_symbol(panel):
    """Turning to another symbol shows its own drawings, and back those of the first."""
    panel.source.symbols.value = ["SYN", "ALT"]
    panel.area.symbol.value = "SYN"
    panel.area.tools.buttons["level"].value = True
    click(panel, 110, 100)
    panel.area.symbol.value = "ALT"
    assert panel.chart.data.annotations == ()
    panel.area.symbol.value = "SYN"
    assert len(panel.chart.data.annotations) == 1


def test_one_annotation_more_sends_no_candles(panel, monkeypatch):
    """A new drawing is a message with the shapes alone."""
    sent = []
    monkeypatch.setattr(type(panel.chart.widget), "step", lambda *args, **_more: sent.append(args[1:3]))
    panel.area.tools.buttons["level"].value = True
    click(panel, 110, 100)
    ((arrays, layout),) = sent
    assert arrays == ()
    assert any(shape.get("line", {}).get("width") == 1.5 for shape in layout["shapes"])
