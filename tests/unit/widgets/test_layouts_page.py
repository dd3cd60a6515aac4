"""Layouts, indicator sets, watchlists and defaults in the panel without a browser."""

from __future__ import annotations

from dataclasses import replace

import pytest

import barscope as bs
from barscope.errors import UnknownIndicatorError
from barscope.studies.segments import ByCondition
from barscope.widgets.explorer_panel import LAYOUTS
from barscope.workspace.layouts import IndicatorSet, ShownIndicator


@pytest.fixture
def panel(workspace):
    """The explorer panel on both symbols, ALT in the chart, with two averages, one of them hidden."""
    panel = workspace.explorer_panel()
    panel.source.symbols.value = ["SYN", "ALT"]
    panel.area.symbol.value = "ALT"
    for n in (5, 9):
        panel.add_indicator("SMA", {"timeperiod": n})
    panel.refresh()
    panel.indicators.rows[next(iter(panel.indicators.rows))].eye.value = False
    panel.settings.chart_type.value = "ohlc"
    yield panel
    panel.close()


def kept(menu, name):
    """Saves with a menu under a name."""
    menu.name.value = name
    menu.save.click()


def names(panel):
    """The series in the chart."""
    return [series.name for series in panel.chart.data.series]


def listed(panel):
    """The titles of the rows of indicators, in order."""
    return [row._name.value for row in panel.indicators.rows.values()]


def test_a_layout_comes_back_whole(panel, workspace):
    """Bars, symbol, indicators with order and visibility, chart settings and condition are as they were saved."""
    panel.setups.builder.set(ByCondition(bs.Comparison("close", "<", 7.0), 3))
    before = panel.layouts.current
    kept(panel.layouts.menu, "morning")
    panel.source.symbols.value = ["SYN"]
    panel.settings.chart_type.value = "close"
    panel.add_indicator("EMA", {"timeperiod": 3})
    panel.setups.builder.set(ByCondition(bs.Comparison("close", ">", 1.0)))
    panel.layouts.menu.load.click()
    assert panel.notices.messages == ()
    assert panel.layouts.current == before == workspace.saved.layouts.load("morning")
    assert panel.chart.data.symbol == "ALT"
    assert panel.chart.spec.chart_type == "ohlc"
    assert names(panel) == ["SMA(9, CLOSE)"]


def test_all_of_a_layout_is_drawn_at_once(panel):
    """Between the first change and the last nothing is drawn."""
    kept(panel.layouts.menu, "morning")
    panel.settings.chart_type.value = "close"  # of the session of the layout
    panel.source.symbols.value = ["SYN"]
    drawn = []
    show = panel.chart.show
    panel.chart.show = lambda data, spec=None: drawn.append((data.symbol, spec.chart_type)) or show(data, spec)
    panel.layouts.menu.load.click()
    assert set(drawn) == {("ALT", "ohlc")}


def test_open_days_are_all_days(panel, workspace, minute_bars):
    """Days that were narrowed meanwhile do not stay where the layout has all."""
    workspace.secmaster.write(1, [minute_bars("LONG", n=3000)])
    panel.source.reload()
    panel.source.symbols.value = ["LONG"]
    layout = panel.layouts.current
    panel.source.start.value = "2024-01-03"
    assert panel.source.value.start_date == "2024-01-03"
    panel.layouts.open(layout)
    assert panel.source.value.start_date is None


def test_what_is_gone_is_told_and_the_rest_is_shown(panel, workspace):
    """A symbol without bars, an unknown indicator, and a split that was deleted are named in one message."""
    layout = panel.layouts.current
    source = layout.source.model_copy(update={"symbols": ("SYN", "OLD"), "split": "train of walk"})
    unknown = ShownIndicator(bs.IndicatorConfig(class_name="SMMA"))
    workspace.saved.layouts.save("old", replace(layout, source=source, indicators=(unknown, *layout.indicators)))
    panel.layouts.menu.refresh()
    panel.layouts.menu.menu.value = "old"
    (message,) = panel.notices.messages
    assert "No bars of rtype 33 from test are stored of OLD: left out." in message
    assert "SMMA is left out: Unknown indicator: SMMA" in message
    assert "The split train of walk is not offered any more" in message
    assert panel.source.value.symbols == ("SYN",)
    assert len(listed(panel)) == 2


def test_a_layout_with_nothing_left_changes_nothing(panel, workspace):
    """The panel stays as it is and says why."""
    before = panel.layouts.current
    source = before.source.model_copy(update={"symbols": ("OLD",)})
    workspace.saved.layouts.save("old", replace(before, source=source))
    panel.layouts.menu.refresh()
    panel.layouts.menu.menu.value = "old"
    assert "are stored of OLD: ingest them first" in panel.notices.messages[0]
    assert panel.layouts.current == before


def test_a_set_takes_the_place_of_what_is_listed(panel, workspace):
    """Its indicators are listed and drawn on the bars that are chosen; the jobs of others are left alone."""
    kept(panel.layouts.sets, "averages")
    panel.layouts.open_set(
        IndicatorSet((ShownIndicator(bs.IndicatorConfig(class_name="EMA", params={"timeperiod": 3})),))
    )
    assert names(panel) == ["EMA(3, CLOSE)"]
    panel.source.symbols.value = ["SYN"]
    panel.layouts.sets.load.click()
    assert names(panel) == ["SMA(9, CLOSE)"]
    assert listed(panel) == ["SMA(5, CLOSE)", "SMA(9, CLOSE)"]


def test_two_panels_that_change_one_layout_conflict(panel, workspace, tmp_path):
    """The second to save is told, offered to overwrite, and loses nothing meanwhile."""
    kept(panel.layouts.menu, "morning")
    with bs.Workspace(workspace.paths.folder) as other:
        theirs = other.saved.layouts.load("morning")
        other.saved.layouts.save("morning", replace(theirs, indicators=()), before=theirs)
    menu = panel.layouts.menu
    assert menu.overwrite.layout.display == "none"
    menu.save.click()
    assert "the layout preset morning was changed by another session" in panel.notices.messages[0]
    assert workspace.saved.layouts.load("morning").indicators == ()
    assert (menu.overwrite.layout.display, menu.name.value, menu.menu.value) == ("", "morning", None)
    menu.overwrite.click()
    assert workspace.saved.layouts.load("morning") == panel.layouts.current
    assert menu.overwrite.layout.display == "none"


def test_deleting_what_another_session_changed_is_a_conflict(panel, workspace):
    """The preset stays; loaded again it can be deleted."""
    kept(panel.layouts.menu, "morning")
    layout = workspace.saved.layouts.load("morning")
    workspace.saved.layouts.save("morning", replace(layout, symbol="SYN"), overwrite=True)
    panel.layouts.menu.delete.click()
    assert "was changed by another session" in panel.notices.messages[0]
    panel.layouts.menu.menu.value = "morning"
    panel.layouts.menu.delete.click()
    assert workspace.saved.layouts.names() == ()


def test_renaming(panel, workspace):
    """A preset gets the name beside it; one that is taken is refused."""
    for name in ("a", "b"):
        kept(panel.layouts.menu, name)
    panel.layouts.menu.rename.click()
    panel.layouts.menu.name.value = "c"
    panel.layouts.menu.rename.click()
    assert workspace.saved.layouts.names() == ("a", "c")
    panel.layouts.menu.name.value = "a"
    panel.layouts.menu.rename.click()
    assert "holds a already" in panel.notices.messages[0]


def test_watchlists_beside_the_symbols(panel, workspace):
    """The chosen symbols are kept and chosen again; symbols that are gone are named, days stay as they are."""
    lists = panel.source.watchlists
    lists.button.value = True
    kept(lists.presets, "both")
    panel.source.symbols.value = ["SYN"]
    lists.presets.load.click()
    assert panel.source.value.symbols == ("SYN", "ALT")
    both = workspace.saved.watchlists.load("both")
    workspace.saved.watchlists.save("more", replace(both, symbols=("ALT", "OLD")))
    lists.presets.refresh()
    lists.presets.menu.value = "more"
    assert panel.source.value.symbols == ("ALT",)
    assert "stored of OLD: left out" in panel.notices.messages[0]
    panel.source.symbols.value = []
    assert lists.presets.save.disabled


@pytest.mark.parametrize("name", ["backtest_panel", "sweep_panel", "splits_panel", "quality_panel"])
def test_watchlists_of_the_explorer_are_in_every_panel_of_symbols(panel, workspace, name):
    """What was saved beside the symbols of one panel is picked, and saved, beside those of another."""
    kept(panel.source.watchlists.presets, "both")
    other = getattr(workspace, name)()
    lists = other.source.watchlists
    lists.button.value = True
    lists.presets.menu.value = "both"
    assert other.source.value.symbols == ("SYN", "ALT")
    other.source.symbols.value = ["ALT"]
    kept(lists.presets, "one")
    assert workspace.saved.watchlists.load("one").symbols == ("ALT",)
    assert other.notices.messages == ()
    other.close()


def test_parameters_as_defaults(panel, workspace):
    """The bookmark keeps the parameters of the form; a new panel offers them; the usual ones are not kept."""
    panel.picker.select("EMA", {"timeperiod": 77})
    panel.picker.keep.click()
    assert workspace.saved.indicator_defaults.load("EMA")["timeperiod"] == 77
    assert panel.picker.keep.icon == "bookmark"
    again = workspace.explorer_panel()
    again.picker.select("EMA")
    assert again.picker.form.params["timeperiod"] == 77
    again.picker.select("EMA", {"timeperiod": 30})
    again.picker.keep.click()
    assert workspace.saved.indicator_defaults.names() == ()
    assert again.picker.keep.icon == "bookmark-o"
    again.close()
    workspace.saved.indicator_defaults.save("EMA", {"timeperiod": 5}, overwrite=True)
    panel.picker.keep.click()
    assert "was changed by another session" in panel.notices.messages[0]


def test_broken_defaults_do_not_keep_a_panel_from_opening(workspace):
    """They are told, and the form has the indicator's own."""
    first = workspace.explorer_panel()
    name = first.picker.found.value
    first.close()
    workspace.presets.indicator_defaults.set(name, [1])
    panel = workspace.explorer_panel()
    assert any(f"indicator defaults preset {name} is broken" in message for message in panel.notices.messages)
    panel.close()


def test_files_by_way_of_the_page(panel, workspace):
    """The page asks for the file and gives it back; one that is not ours and other messages change nothing."""
    kept(panel.layouts.menu, "morning")
    sent = []
    panel.layouts.file.send = sent.append
    say = panel.layouts.file._handle_custom_msg
    say({"ask": "file"}, [])
    content = sent[0]["text"].encode()
    workspace.saved.layouts.delete("morning")
    for message, buffers in (({"give": "file"}, []), ("x", [b"y"]), ({"ask": "x"}, []), (None, None)):
        say(message, buffers)
    assert workspace.saved.layouts.names() == panel.notices.messages == ()
    say({"give": "file"}, [memoryview(content)])
    assert workspace.saved.layouts.names() == ("morning",)
    assert panel.layouts._told.value == "1 loaded, 0 skipped, 0 with problems."
    say({"give": "file"}, [memoryview(b'{"barscope_presets": 9}')])
    assert "this file has version 9" in panel.notices.messages[0]
    say({"give": "too large"}, [])
    assert "larger than 10,000,000 bytes" in panel.notices.messages[0]


def test_a_tab_shows_what_another_session_saved(panel, workspace):
    """Turning to the tab reads the names anew."""
    workspace.saved.layouts.save("theirs", panel.layouts.current)
    panel._tabs.value = LAYOUTS
    assert [value for _label, value in panel.layouts.menu.menu.options] == ["theirs"]


def test_an_unknown_class_has_no_defaults(workspace):
    """It is refused by name."""
    with pytest.raises(UnknownIndicatorError):
        workspace.saved.indicator_defaults.of("Nothing")
