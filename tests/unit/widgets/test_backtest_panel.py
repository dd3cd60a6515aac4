"""The backtest panel over a real workspace whose jobs run inline: what a person does, and what they see."""

from __future__ import annotations

import threading

import pytest
from ipywidgets.widgets.widget import _instances

import barscope as bs
from barscope.engine import registry
from barscope.errors import InvalidParameterError, UnknownStrategyError
from barscope.jobs import InlineExecutor
from barscope.studies.request import BacktestRequest

MINE = """
import barscope as bs
class PanelMine(bs.Strategy):
    def setup(self):
        pass
    def on_bar(self, bar):
        pass
"""
FAST = {"fast_period": 5, "slow_period": 20}


@pytest.fixture
def panel(workspace):
    """A panel on SYN."""
    made = workspace.backtest_panel()
    made.source.symbols.value = ["SYN"]
    yield made
    made.close()


@pytest.fixture
def failing():
    """A strategy that raises."""

    class PanelFailing(bs.Strategy):
        """Raises on its first bar."""

        def setup(self):
            pass

        def on_bar(self, event):
            raise ValueError("the <b>moon</b> is in the wrong house")

    yield PanelFailing
    registry.unregister_module(PanelFailing.__module__)


@pytest.fixture
def patient():
    """A strategy that waits on its first bar until it is let go."""

    class PanelPatient(bs.Strategy):
        """Waits."""

        begun = threading.Event()
        go_on = threading.Event()

        def setup(self):
            pass

        def on_bar(self, event):
            self.begun.set()
            assert self.go_on.wait(30)

    yield PanelPatient
    PanelPatient.go_on.set()
    registry.unregister_module(PanelPatient.__module__)


def rows(panel):
    """Name and state of each row of the list, as text."""
    return [(row.open.description, row.state) for row in panel.runs.rows.values()]


def row(panel, place=0):
    """One row of the list."""
    return list(panel.runs.rows.values())[place]


def test_a_new_panel_is_ready_to_run(workspace):
    """A panel over a workspace without backtests offers the first symbol and a strategy, and says what to do."""
    panel = workspace.backtest_panel()
    assert panel.request == BacktestRequest(
        symbols=["ALT"],
        rtype=33,
        publisher_id=1,
        strategy="SMACrossover",
        strategy_params={"fast_period": 20, "slow_period": 100, "quantity": 1.0},
    )
    assert not panel.picker.run.disabled
    assert panel.results._cover.value == "Run a backtest, or open one from the list"
    assert panel.notices.messages == ()
    panel.close()


def test_an_empty_workspace_asks_for_a_symbol(tmp_path):
    """Without bars there is nothing to run, and the panel says what is missing."""
    with bs.Workspace(tmp_path) as workspace:
        panel = workspace.backtest_panel()
        assert panel.request is None
        assert panel.picker.run.disabled
        assert panel.picker._note.value == "Choose a symbol first."
        with pytest.raises(InvalidParameterError, match="No symbols selected"):
            panel.run("SMACrossover")
        panel.close()


def test_the_button_runs_what_the_forms_hold(panel, workspace):
    """One click records the backtest of the forms, lists it, and shows what came out."""
    panel.picker.form.fields["fast_period"].input.value = 5
    panel.picker.form.fields["slow_period"].input.value = 20
    panel.picker.broker.fields["commission_per_order"].input.value = 1.5
    panel.picker.run.click()
    (record,) = workspace.runs_store.list_runs(mode="backtest")
    request = workspace.run(record.run_id).request
    assert request.strategy_params == {"fast_period": 5, "slow_period": 20, "quantity": 1.0}
    assert request.broker == {"commission_per_order": 1.5}
    assert rows(panel)[0][0] == "SMACrossover · SYN · 1m"
    assert " fills · " in rows(panel)[0][1]
    assert panel.results.view.run.run_id == record.run_id
    assert panel.notices.messages == ()


def test_every_tab_shows_its_part(panel, workspace):
    """Chart with markers and averages, three figures, trades, metrics and card are those of the run."""
    job = panel.run("SMACrossover", FAST)
    run = workspace.run(job.run_id)
    assert [series.name for series in panel.chart.data.series] == ["SMA_5_CLOSE", "SMA_20_CLOSE"]
    assert len(panel.chart.data.markers) > 2
    for tab in ("Equity", "P&L", "Journey"):
        panel.results.tabs.value = tab
        assert len(panel.results.figures[tab].traces) > 1, tab
    assert len(panel.results.trades.shown) == len(run.roundtrips())
    assert panel.results.metrics.shown == run.summary().rows()
    card = dict(panel.results.card.facts.shown)
    assert card["Run"] == job.run_id
    assert card["Fast period"] == "5"
    assert card["Code hash"] == run.config["strategies"][0]["source_hash"]
    assert "class SMACrossover(SignalStrategy)" in panel.results.card._text.value


def test_tabs_are_drawn_when_they_are_turned_to(panel):
    """A figure that nobody looks at is not drawn."""
    panel.run("SMACrossover", FAST)
    assert panel.results.figures["Equity"].traces == ()
    panel.results.tabs.value = "Equity"
    assert panel.results.figures["Equity"].traces != ()


def test_a_clicked_trade_is_shown_among_its_bars(panel, workspace):
    """A click on a trade turns to the chart, zoomed to its bars with others on both sides."""
    job = panel.run("SMACrossover", FAST)
    trip = workspace.run(job.run_id).result.round_trips[2]
    panel.results.tabs.value = "Trades"
    panel.results.trades.current = "2"
    first, last = panel.chart.visible
    ts = panel.chart.data.bars.ts.tolist()
    assert panel.results.tabs.value == "Chart"
    assert first < ts.index(trip.entry_ts) < ts.index(trip.exit_ts) < last
    assert last - first < 3 * trip.duration_bars + 60


def test_a_trade_of_another_symbol_turns_to_that_symbol(panel):
    """In a run of two symbols a click on a trade brings the chart of its symbol."""
    panel.source.symbols.value = ["SYN", "ALT"]
    panel.run("SMACrossover", FAST)
    trips = panel.results.view.trips
    place = next(n for n, trip in enumerate(trips) if trip.symbol == "ALT")
    assert panel.chart.data.symbol == "SYN"
    panel.results.trades.current = str(place)
    panel.refresh()
    assert panel.chart.data.symbol == "ALT"
    assert panel.chart.visible[1] - panel.chart.visible[0] < 500


def test_times_of_trades_are_those_of_the_chart(tmp_path, minute_bars):
    """Entries of minute bars are told in the time of the exchange, as the chart labels them, not in UTC."""
    with bs.Workspace(tmp_path, executor=InlineExecutor()) as workspace:
        publisher = workspace.secmaster.ensure_publisher("test", "TEST.WALK", "XNAS")
        workspace.secmaster.write(publisher.publisher_id, [minute_bars("SYN")])
        panel = workspace.backtest_panel()
        panel.run("BuyAndHold")
        assert panel.chart.data.zone == "America/New_York"
        _n, _side, _quantity, entry, _at, leave, *_rest = panel.results.trades.shown[0]
        assert (entry, leave) == ("2024-01-02 09:31", "–")
        panel.close()


def test_figures_live_as_long_as_the_panel(panel):
    """A second run is drawn in the widgets of the first."""
    panel.run("SMACrossover", FAST)
    before = [panel.chart.widget, *(figure.widget for figure in panel.results.figures.values())]
    panel.run("BuyAndHold")
    after = [panel.chart.widget, *(figure.widget for figure in panel.results.figures.values())]
    assert all(one is other for one, other in zip(before, after, strict=True))
    assert len(panel.results.trades.shown) == 1


def test_earlier_backtests_are_listed_and_opened(panel, workspace):
    """A new panel lists what was recorded before, opens the newest, and any other with one click."""
    first = panel.run("SMACrossover", FAST)
    second = panel.run("BuyAndHold")
    again = workspace.backtest_panel()
    assert [name for name, _state in rows(again)] == ["BuyAndHold · SYN · 1m", "SMACrossover · SYN · 1m"]
    assert again.results.run_id == second.run_id
    assert again.picker.strategy.value == "BuyAndHold"
    assert " · 1 fill · " in rows(again)[0][1]
    row(again, 1).open.click()
    assert again.results.view.run.run_id == first.run_id
    again.close()


def test_backtests_from_code_join_the_list(panel, workspace):
    """What a cell runs is there after the next refresh."""
    request = panel.request.model_copy(update={"strategy": "BuyAndHold", "strategy_params": {}})
    workspace.backtest(request).result()
    panel.refresh()
    assert [name for name, _state in rows(panel)] == ["BuyAndHold · SYN · 1m"]


def test_reuse_fills_the_forms(panel):
    """The copy button of a row brings back its bars, strategy, parameters and broker."""
    panel.run("SMACrossover", FAST, {"slippage_bps": 2.0})
    before = panel.request.model_copy(
        update={"strategy_params": {**FAST, "quantity": 1.0}, "broker": {"slippage_bps": 2.0}}
    )
    panel.source.symbols.value = ["ALT"]
    panel.picker.strategy.value = "BuyAndHold"
    row(panel).reuse.click()
    assert panel.request == before


def test_a_failing_strategy_says_why(panel, failing):
    """A strategy that raises fails in its row, with the reason as text and the traceback on request."""
    panel.run("PanelFailing")
    assert rows(panel)[0][1].startswith("failed: run ")
    row(panel).explain.click()
    assert "ValueError: the <b>moon</b> is in the wrong house" in panel.notices.messages[0]
    assert "&lt;b&gt;moon" in panel.notices._shown[0]._details.value


def test_a_running_backtest_is_cancelled_in_its_row(tmp_path, minute_bars, patient):
    """A running row shows its stage and stops on request; nothing of the run is kept, and the panel lives on."""
    with bs.Workspace(tmp_path) as workspace:
        publisher = workspace.secmaster.ensure_publisher("test", "TEST.WALK")
        workspace.secmaster.write(publisher.publisher_id, [minute_bars("SYN")])
        panel = workspace.backtest_panel()
        job = panel.run("PanelPatient")
        assert patient.begun.wait(30)
        panel.refresh()
        assert rows(panel)[0][1].startswith("calculating")
        assert not panel.runs.cancel_all.disabled
        row(panel).cancel.click()
        assert rows(panel)[0][1] == "stopping"
        patient.go_on.set()
        job.wait(30)
        panel.refresh()
        assert rows(panel)[0][1] == "cancelled"
        assert panel.runs.cancel_all.disabled
        assert workspace.run(job.run_id).status == "cancelled"
        panel.close()


def test_wrong_requests_from_code_raise(panel):
    """In code a wrong strategy or parameter raises as everywhere else, and nothing is listed."""
    with pytest.raises(UnknownStrategyError, match=r"invalid strategy: SMACrosover\. Did you mean SMACrossover"):
        panel.run("SMACrosover")
    with pytest.raises(InvalidParameterError, match="fast_period is 3"):
        panel.run("SMACrossover", {"fast_period": 3})
    assert rows(panel) == []


def test_errors_of_buttons_appear_under_the_panel(panel, workspace, monkeypatch):
    """What goes wrong in a callback is shown under the panel, and the panel lives on."""
    monkeypatch.setattr(workspace.backtests, "enqueue", lambda *_a: 1 / 0)
    panel.picker.run.click()
    assert panel.notices.messages == ("ZeroDivisionError: division by zero",)


def test_user_strategies_come_from_the_workspace(workspace):
    """A file in strategies/ is offered after a reload, one that fails is shown with its reason, the rest still load."""
    panel = workspace.backtest_panel()
    folder = workspace.paths.strategies
    folder.mkdir()
    (folder / "mine.py").write_text(MINE)
    (folder / "wrong.py").write_text("1 / 0\n")
    panel.picker.reload.click()
    try:
        assert "PanelMine" in [name for _label, name in panel.picker.strategy.options]
        assert "wrong.py could not be loaded: ZeroDivisionError" in panel.notices.messages[0]
        panel.picker.strategy.value = "PanelMine"
        panel.picker.run.click()
        assert rows(panel)[0][0].startswith("PanelMine")
    finally:
        for file in folder.iterdir():
            file.unlink()
        workspace.reload_strategies()
    panel.picker.reload.click()
    assert "PanelMine" not in [name for _label, name in panel.picker.strategy.options]
    panel.close()


def test_the_journey_turns_its_pages(panel, monkeypatch):
    """A long journey has pages and an order; a page that was turned to stays when the colours change."""
    monkeypatch.setattr("barscope.widgets.results_view.PAGE", 4)
    monkeypatch.setattr("barscope.charts.journey.PAGE", 4)
    panel.run("SMACrossover", FAST)
    results, journey = panel.results, panel.results.figures["Journey"]
    results.tabs.value = "Journey"
    assert results.page.max == -(-len(results.view.trips) // 4) > 1
    first = list(journey.traces[0].y)
    results.page.value = 2
    panel.refresh()
    second = list(journey.traces[0].y)
    assert second != first
    panel.surroundings.dark = True
    panel.refresh()
    assert list(journey.traces[0].y) == second
    results.order.value, results.page.value = "pnl", 1
    panel.refresh()
    assert list(journey.traces[0].y) not in (first, second)
    panel.run("BuyAndHold")
    assert (results.order.value, results.page.value, results.page.max) == ("entry", 1, 1)


def test_dark_pages_get_dark_charts(panel):
    """When the page turns dark, chart and figures of the open run do."""
    panel.run("SMACrossover", FAST)
    panel.results.tabs.value = "Equity"
    panel.surroundings.dark = True
    panel.refresh()
    paper = panel.results.figures["Equity"].widget.layout.template.layout.paper_bgcolor
    assert panel.chart.spec.theme == "dark"
    assert paper == "#131722"


def test_a_closed_panel_leaves_no_widgets(workspace):
    """Closing frees every widget, after runs too."""
    before = set(_instances)
    panel = workspace.backtest_panel()
    panel.run("SMACrossover", FAST)
    panel.run("BuyAndHold")
    panel.close()
    assert set(_instances) <= before


def test_hostile_names_are_shown_as_text(workspace, minute_bars):
    """A symbol that is markup runs and is shown as written."""
    symbol = "<img src=x onerror=alert(1)>"
    workspace.secmaster.write(1, [minute_bars(symbol)])
    panel = workspace.backtest_panel()
    panel.source.symbols.value = [symbol]
    panel.run("BuyAndHold")
    assert panel.results._facts.value.startswith("BuyAndHold · &lt;img src=x onerror=alert(1)&gt;")
    assert panel.notices.messages == ()
    panel.close()
