"""The explorer panel over a real workspace whose jobs run inline: what a person does, and what they see."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest

import barscope as bs
from barscope.errors import InvalidParameterError, StoreError, UnknownIndicatorError
from barscope.indicators import registry
from barscope.jobs import JobStatus
from barscope.studies.session import compute_session_id

SMA = {"timeperiod": 20}


@pytest.fixture
def panel(workspace):
    """A panel on SYN."""
    made = workspace.explorer_panel()
    made.source.symbols.value = ["SYN"]
    yield made
    made.close()


@pytest.fixture
def faulty():
    """An indicator that fails while its class attribute says so."""

    class PanelFaulty(bs.Indicator):
        """Fails on demand."""

        broken = True

        def compute(self, bars):
            if self.broken:
                raise ValueError("the <b>moon</b> is in the wrong house")
            return bars.close

    yield PanelFaulty
    registry.unregister_module(PanelFaulty.__module__)


def rows(panel):
    """Name and state of each row of the list, as text."""
    return [(row._name.value, row._state.value) for row in panel.indicators.rows.values()]


def row(panel, place=0):
    """One row of the list."""
    return list(panel.indicators.rows.values())[place]


def drawn(panel):
    """The names of the series in the chart."""
    return [series.name for series in panel.chart.data.series]


def session_id(*symbols):
    """The id of a session over all bars of some symbols."""
    return compute_session_id(1, 33, symbols)


def test_a_new_panel_shows_the_first_symbol(workspace):
    """A panel over a workspace without sessions draws the first symbol's candles at once, no indicator needed."""
    panel = workspace.explorer_panel()
    assert panel.chart.data.symbol == "ALT"
    assert len(panel.chart.data.bars) == 500
    assert workspace.explorer.list_sessions() == ()


def test_an_empty_workspace_says_what_is_missing(tmp_path):
    """A panel over an empty workspace opens and says that nothing is stored."""
    with bs.Workspace(tmp_path) as workspace:
        panel = workspace.explorer_panel()
        assert panel.source.symbols.placeholder == "No bars are stored yet"
        assert panel.area._cover.value == "Choose a symbol to see its bars"
        assert panel.request is None
        assert panel.notices.messages == ()


def test_panel_is_what_a_cell_shows(panel):
    """A cell that ends with the panel shows its widget."""
    assert "application/vnd.jupyter.widget-view+json" in panel._repr_mimebundle_()


def test_added_indicator_is_recorded_and_drawn(panel, workspace):
    """An indicator that was added is in the list, in the chart and in runs.db."""
    job = panel.add_indicator("SMA", SMA)
    assert rows(panel) == [("SMA(20, CLOSE)", "recorded")]
    assert drawn(panel) == ["SMA(20, CLOSE)"]
    assert workspace.run(job.run_id).status == "completed"
    assert panel.jobs == (job,)


def test_button_adds_what_the_form_holds(panel):
    """The button does what `add_indicator` does, with the parameters in the form."""
    panel.picker.select("RSI", {"period": 9})
    panel.picker.add.click()
    assert rows(panel) == [("RSI_9_CLOSE", "recorded")]


def test_request_repeats_what_is_shown(panel, workspace):
    """The panel's request, explored in code, is answered from the panel's own record."""
    panel.add_indicator("SMA", SMA)
    request = panel.request
    assert request.symbols == ("SYN",)
    assert workspace.explore(request).snapshot.stage == "cached"


def test_series_of_all_runs_are_in_one_chart(panel):
    """Each indicator is a run of its own, and all their series are drawn on the same bars."""
    panel.add_indicator("SMA", SMA)
    panel.add_indicator("BBANDS")
    panel.add_indicator("RSI")
    assert len(drawn(panel)) == 5
    assert len(panel.indicators.rows) == 3


def test_adding_twice_is_answered_from_the_record(panel):
    """The same indicator again is one row, and says that it was recorded before."""
    panel.add_indicator("SMA", SMA)
    panel.add_indicator("SMA", {"timeperiod": 20, "bar_field": "CLOSE"})
    assert rows(panel) == [("SMA(20, CLOSE)", "recorded before")]


def test_hidden_indicator_leaves_the_chart(panel):
    """The eye takes a series out of the chart and puts it back; the row stays."""
    panel.add_indicator("SMA", SMA)
    panel.add_indicator("RSI")
    row(panel).eye.value = False
    assert drawn(panel) == ["RSI_14_CLOSE"]
    assert len(rows(panel)) == 2
    row(panel).eye.value = True
    assert drawn(panel) == ["SMA(20, CLOSE)", "RSI_14_CLOSE"]


def test_removed_indicator_stays_recorded(panel, workspace):
    """A removed row is gone from list and chart, and comes back from the record when it is added again."""
    job = panel.add_indicator("SMA", SMA)
    row(panel).remove.click()
    assert rows(panel) == []
    assert drawn(panel) == []
    assert panel.add_indicator("SMA", SMA).run_id == job.run_id


def test_duplicate_fills_the_form(panel):
    """Duplicating a row chooses its indicator with its parameters, to be changed and added."""
    panel.add_indicator("RSI", {"period": 9})
    row(panel).duplicate.click()
    assert panel.picker.found.value == "RSI"
    panel.picker.form.fields["period"].input.value = 10
    panel.picker.add.click()
    assert [name for name, _state in rows(panel)] == ["RSI_9_CLOSE", "RSI_10_CLOSE"]


def test_rows_are_changed_in_place(panel):
    """A row keeps its widgets while others come and go: nothing is drawn anew."""
    panel.add_indicator("SMA", SMA)
    first = row(panel).widget
    panel.add_indicator("RSI")
    row(panel, 1).remove.click()
    assert panel.indicators._rows.children == (first,)
    assert row(panel).widget is first


def test_failed_indicator_shows_its_reason_and_can_be_retried(panel, faulty):
    """A failing indicator fails in its own row, with the reason as text; retry computes it anew."""
    panel.add_indicator("SMA", SMA)
    panel.add_indicator("PanelFaulty")
    state = "failed: ValueError: the &lt;b&gt;moon&lt;/b&gt; is in the wrong house"
    assert rows(panel)[1] == ("PanelFaulty", state)
    assert drawn(panel) == ["SMA(20, CLOSE)"]
    row(panel, 1).explain.click()
    assert panel.notices.messages == ("PanelFaulty failed: ValueError: the <b>moon</b> is in the wrong house",)
    faulty.broken = False
    row(panel, 1).retry.click()
    assert rows(panel)[1] == ("PanelFaulty", "recorded")
    assert drawn(panel) == ["SMA(20, CLOSE)", "PanelFaulty"]


def test_wrong_requests_from_code_raise(panel):
    """In code a wrong indicator raises as everywhere else, and nothing is listed."""
    with pytest.raises(UnknownIndicatorError, match="Unknown indicator: SMMA"):
        panel.add_indicator("SMMA")
    with pytest.raises(InvalidParameterError, match="timeperiod is 0"):
        panel.add_indicator("SMA", {"timeperiod": 0})
    panel.source.symbols.value = []
    with pytest.raises(InvalidParameterError, match="No symbols selected"):
        panel.add_indicator("SMA")
    assert rows(panel) == []


def test_errors_of_buttons_appear_under_the_panel(panel, workspace, monkeypatch):
    """What goes wrong in a callback is shown under the panel, and the panel lives on."""
    panel.picker.select("SMA", SMA)
    monkeypatch.setattr(workspace.explorer, "enqueue_exploration", lambda *_a, **_k: 1 / 0)
    panel.picker.add.click()
    assert panel.notices.messages == ("ZeroDivisionError: division by zero",)
    monkeypatch.undo()
    panel.picker.add.click()
    assert rows(panel) == [("SMA(20, CLOSE)", "recorded")]


def test_another_symbol_is_another_session(panel, workspace):
    """Adding a symbol opens its own session, shows that symbol, and offers to carry the indicators over."""
    panel.add_indicator("SMA", SMA)
    panel.source.symbols.value = ["SYN", "ALT"]
    assert panel.chart.data.symbol == "ALT"
    assert rows(panel) == []
    assert panel.indicators.carry_over.layout.display == ""
    panel.indicators.carry_over.click()
    assert rows(panel) == [("SMA(20, CLOSE)", "recorded")]
    assert {s.session_id for s in workspace.explorer.list_sessions()} == {session_id("SYN"), session_id("SYN", "ALT")}


def test_chart_turns_to_another_symbol_with_its_series(panel):
    """The symbol selector draws another symbol's bars with the same indicators."""
    panel.source.symbols.value = ["SYN", "ALT"]
    panel.add_indicator("SMA", SMA)
    before = panel.chart.data
    panel.area.symbol.value = "SYN"
    after = panel.chart.data
    assert (before.symbol, after.symbol) == ("ALT", "SYN")
    assert drawn(panel) == ["SMA(20, CLOSE)"]
    assert (before.bars.close != after.bars.close).any()


def test_chart_is_one_figure_for_life(panel):
    """Symbols, series and dates change in one figure."""
    figure = panel.chart.widget
    panel.add_indicator("SMA", SMA)
    panel.source.symbols.value = ["ALT"]
    panel.add_indicator("RSI")
    assert panel.chart.widget is figure


def test_last_session_is_there_again(panel, workspace):
    """A new panel opens the session that was open last, indicators and all."""
    panel.add_indicator("SMA", SMA)
    panel.close()
    again = workspace.explorer_panel()
    assert again.source.value.symbols == ("SYN",)
    assert rows(again) == [("SMA(20, CLOSE)", "recorded")]
    assert drawn(again) == ["SMA(20, CLOSE)"]


def test_earlier_session_is_opened_from_the_list(panel, workspace):
    """A session is listed with what it is, and one click works in it again."""
    panel.add_indicator("SMA", SMA)
    panel.source.symbols.value = ["ALT"]
    panel.add_indicator("RSI")
    earlier = panel.sessions.rows[session_id("SYN")]
    assert (earlier._name.value, earlier._state.value) == ("SYN", "1 minute · all days · 1 indicator")
    assert panel.sessions.rows[session_id("ALT")].open.disabled
    earlier.open.click()
    assert panel.source.symbols.value == ["SYN"]
    assert rows(panel) == [("SMA(20, CLOSE)", "recorded")]
    assert workspace.explorer.list_sessions()[0].session_id == session_id("SYN")


def test_session_is_pinned_from_the_list(panel, workspace):
    """The pin of a row keeps its session, and lets it go."""
    panel.add_indicator("SMA", SMA)
    panel.sessions.rows[session_id("SYN")].pin.value = True
    assert workspace.explorer.get_session(session_id("SYN")).pinned
    panel.sessions.rows[session_id("SYN")].pin.value = False
    assert not workspace.explorer.get_session(session_id("SYN")).pinned


def test_session_whose_bars_are_gone_says_so(panel, workspace):
    """Opening a session whose symbol is no longer stored is explained under the panel, and nothing changes."""
    panel.add_indicator("SMA", SMA)
    workspace.explorer.create_or_get_session(1, 33, ["GONE"])
    panel.refresh()
    panel.sessions.rows[session_id("GONE")].open.click()
    assert "of GONE from publisher 1 are stored any more" in panel.notices.messages[0]
    assert panel.source.symbols.value == ["SYN"]


def test_open_session_outlives_retention(tmp_path, minute_bars):
    """Retention never deletes the session that is open in a panel, and deletes it once the panel is closed."""
    from barscope.jobs import InlineExecutor

    with bs.Workspace(tmp_path, executor=InlineExecutor(), retention=1) as workspace:
        publisher = workspace.secmaster.ensure_publisher("test", "TEST.WALK")
        workspace.secmaster.write(publisher.publisher_id, [minute_bars("SYN"), minute_bars("ALT", seed=2)])
        panel = workspace.explorer_panel()
        panel.source.symbols.value = ["SYN"]
        panel.add_indicator("SMA", SMA)
        other = panel.request.model_copy(update={"symbols": ("ALT",)})
        workspace.explore(other)
        assert len(workspace.explorer.list_sessions()) == 2
        panel.close()
        workspace.explore(other, fresh=True)
        assert [s.session_id for s in workspace.explorer.list_sessions()] == [session_id("ALT")]


def test_retention_notices_are_shown(panel, workspace):
    """What retention could not delete is said under the panel."""
    workspace.explorer.retention.notices.append("old sessions could not be removed: disk full")
    panel.refresh()
    assert panel.notices.messages == ("old sessions could not be removed: disk full",)


def test_exploration_from_code_appears(panel, workspace):
    """What a cell explores in the open session is listed and drawn at the next refresh."""
    indicator = bs.IndicatorConfig(class_name="EMA", params={"timeperiod": 9})
    workspace.explore(panel.request.model_copy(update={"indicators": (indicator,)}))
    panel.refresh()
    assert rows(panel) == [("EMA(9, CLOSE)", "recorded")]
    assert drawn(panel) == ["EMA(9, CLOSE)"]


def test_run_of_another_process_is_followed_at_each_refresh(panel, workspace, monkeypatch):
    """An indicator that another process computes is listed as such, and as recorded once it is."""
    job = panel.add_indicator("SMA", SMA)
    row(panel).remove.click()
    (mine,) = workspace.explorer.get_session_indicators(session_id("SYN"))
    theirs = replace(mine, run_id="20240101-000000-00000000", status="running")
    seen = [theirs]
    monkeypatch.setattr(workspace.explorer, "get_session_indicators", lambda _session: tuple(seen))
    panel.refresh()
    assert rows(panel) == [("SMA(20, CLOSE)", "running in another process")]
    assert panel.indicators.cancel_all.disabled
    seen[0] = replace(mine, run_id="20240101-000000-00000000", status="completed")
    monkeypatch.setattr(workspace, "run", lambda _run_id, run=workspace.run: run(job.run_id))
    panel.refresh()
    assert rows(panel) == [("SMA(20, CLOSE)", "recorded")]
    assert drawn(panel) == ["SMA(20, CLOSE)"]


def test_one_of_several_indicators_fails_alone(panel, workspace, faulty):
    """Of a run of several indicators only the one that failed is shown as failed."""
    names = ("SMA", "PanelFaulty")
    indicators = tuple(bs.IndicatorConfig(class_name=name) for name in names)
    workspace.explore(panel.request.model_copy(update={"indicators": indicators}))
    panel.refresh()
    assert [state.partition(":")[0] for _name, state in rows(panel)] == ["recorded", "failed"]


def test_record_on_other_bars_is_marked(panel, workspace, minute_bars):
    """An indicator recorded before bars were added is not drawn on the new ones; retry computes it on them."""
    panel.add_indicator("SMA", SMA)
    workspace.secmaster.write(1, [minute_bars("SYN", n=510)], replace=True)
    panel.source.symbols.value = ["ALT"]
    panel.source.symbols.value = ["SYN"]
    ((name, state),) = rows(panel)
    assert (name, state[:15]) == ("SMA(20, CLOSE)", "cannot be shown")
    assert drawn(panel) == []
    assert len(panel.chart.data.bars) == 510
    row(panel).retry.click()
    assert rows(panel) == [("SMA(20, CLOSE)", "recorded")]
    assert drawn(panel) == ["SMA(20, CLOSE)"]


def test_bars_that_cannot_be_read_are_explained(panel, workspace, monkeypatch):
    """A chart that cannot be read says why in its place, and is not asked for again and again."""
    tried = []

    def broken(*_args, **_kwargs):
        tried.append(1)
        raise StoreError("the disk went away")

    monkeypatch.setattr(workspace.bars, "load", broken)
    panel.source.symbols.value = ["ALT"]
    panel.refresh()
    panel.refresh()
    assert panel.area._cover.value == "the disk went away"
    assert panel.area._cover.layout.display == ""
    assert len(tried) == 1


def test_broken_indicator_file_is_shown(tmp_path):
    """A file of the user's that cannot be imported is named with its error; a good one after a reload is offered."""
    folder = tmp_path / "indicators"
    folder.mkdir()
    file = folder / "mine_for_panel.py"
    file.write_text("import nothing_of_that_name\n")
    with bs.Workspace(tmp_path) as workspace:
        panel = workspace.explorer_panel()
        assert "No module named 'nothing_of_that_name'" in panel.notices.messages[0]
        assert panel.notices.messages[0].startswith("The code in ")
        file.write_text(
            "import barscope as bs\n\n\nclass PanelReloaded(bs.Indicator):\n"
            "    def compute(self, bars):\n        return bars.close\n"
        )
        panel.picker.reload.click()
        assert ("PanelReloaded", "PanelReloaded") in panel.picker.found.options
        file.unlink()
        workspace.reload_indicators()


def test_theme_follows_the_page_until_one_is_chosen(panel, workspace):
    """The chart is dark on a dark page; a chosen theme stays, in the next panel too."""
    assert panel.chart.spec.theme == "light"
    panel.surroundings.dark = True
    assert panel.chart.spec.theme == "dark"
    panel.area.theme.value = "colour-blind"
    assert panel.chart.spec.theme == "colour-blind-dark"
    panel.surroundings.dark = False
    assert panel.chart.spec.theme == "colour-blind"
    panel.close()
    assert workspace.explorer_panel().area.theme.value == "colour-blind"


def test_home_shows_all_bars(panel):
    """The home button shows all bars after a zoom."""
    panel.chart.zoom(100, 120)
    panel.area.home.click()
    assert panel.chart.visible == (-0.5, 499.5)


def test_new_series_leave_the_zoom_alone(panel):
    """Adding an indicator keeps the visible range."""
    panel.chart.zoom(100, 160)
    panel.add_indicator("SMA", SMA)
    assert panel.chart.visible == (100, 160)


def test_closed_panel_leaves_no_widget_open(workspace):
    """Closing a panel closes every widget it made, the rows' too."""
    panel = workspace.explorer_panel()
    panel.add_indicator("SMA", SMA)
    inside = [panel.widget]
    for widget in inside:
        inside.extend(getattr(widget, "children", ()))
    panel.close()
    assert len(inside) > 60
    assert all(widget.comm is None for widget in inside)


# ---- with a pool of threads, on a loop as in a notebook


@pytest.fixture
def threaded(tmp_path, minute_bars):
    """A workspace with a pool of threads."""
    with bs.Workspace(tmp_path) as workspace:
        publisher = workspace.secmaster.ensure_publisher("test", "TEST.WALK")
        workspace.secmaster.write(publisher.publisher_id, [minute_bars("SYN")])
        yield workspace


async def until(condition):
    """Lets the loop run until something is true."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0)


@pytest.fixture
def gate():
    """An indicator that waits for a gate, so that a test sees it being computed."""

    class PanelGate(bs.Indicator):
        """Waits, over the stored bars; those it is examined on are others."""

        opened = threading.Event()
        entered = threading.Event()

        def compute(self, bars):
            if len(bars) == 500:
                self.entered.set()
                assert self.opened.wait(20)
            return bars.close

    yield PanelGate
    PanelGate.opened.set()
    registry.unregister_module(PanelGate.__module__)


def test_news_arrive_by_themselves(threaded):
    """On a loop the candles, the progress and the result appear without a call, and polling ends with the work."""

    async def main():
        panel = threaded.explorer_panel()
        await until(lambda: panel.chart.data is not None)
        job = panel.add_indicator("SMA", SMA)
        await job
        await until(lambda: rows(panel) == [("SMA(20, CLOSE)", "recorded")] and drawn(panel))
        await until(lambda: panel._poller.is_resting)
        panel.close()

    asyncio.run(main())


def test_panel_stays_usable_while_a_job_runs(threaded, gate):
    """While one indicator is computed the panel shows it so, adds another, and draws that one."""

    async def main():
        panel = threaded.explorer_panel()
        await until(lambda: panel.chart.data is not None)
        panel.add_indicator("PanelGate")
        await until(lambda: "computing indicators" in rows(panel)[0][1])
        assert not panel.indicators.cancel_all.disabled
        panel.add_indicator("SMA", SMA)
        await until(lambda: drawn(panel) == ["SMA(20, CLOSE)"])
        gate.opened.set()
        await until(lambda: drawn(panel) == ["PanelGate", "SMA(20, CLOSE)"])
        panel.close()

    asyncio.run(main())


def test_cancel_stops_one_and_cancel_all_stops_all(threaded, gate):
    """The button of a row cancels that one, the button above the list all; neither leaves a series."""

    async def main():
        panel = threaded.explorer_panel()
        await until(lambda: panel.chart.data is not None)
        panel.add_indicator("PanelGate")
        await until(gate.entered.is_set)
        row(panel).cancel.click()
        assert rows(panel) == [("PanelGate", "stopping")]
        gate.opened.set()
        await until(lambda: rows(panel) == [("PanelGate", "cancelled")])
        gate.opened.clear()
        gate.entered.clear()
        row(panel).retry.click()
        await until(gate.entered.is_set)
        panel.indicators.cancel_all.click()
        gate.opened.set()
        await until(lambda: rows(panel) == [("PanelGate", "cancelled")])
        assert drawn(panel) == []
        assert {job.snapshot.status for job in panel.jobs} == {JobStatus.CANCELLED}
        panel.close()

    asyncio.run(main())


def test_callback_on_another_thread_is_right(threaded):
    """A callback that arrives on another thread, as with a kernel's subshells, does what it does on the loop's."""

    async def main():
        panel = threaded.explorer_panel()
        await until(lambda: panel.chart.data is not None)
        panel.picker.select("SMA", SMA)
        await asyncio.to_thread(panel.picker.add.click)
        await until(lambda: drawn(panel) == ["SMA(20, CLOSE)"])
        assert panel.notices.messages == ()
        panel.close()

    asyncio.run(main())
