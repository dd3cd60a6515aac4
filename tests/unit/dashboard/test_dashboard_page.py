"""The dashboard over a live workspace that it only reads, with jobs that run inline."""

from __future__ import annotations

import datetime as dt
import logging
import re

import pytest

import barscope as bs
from barscope.charts.theme import PALETTES
from barscope.dashboard.files import TEMPLATE, TEMPLATES
from barscope.dashboard.live_runs import LiveRuns, progress_of
from barscope.dashboard.page import failure, source_of
from barscope.dashboard.panel import DashboardPanel
from barscope.dashboard.quiet_guard import UNEXPECTED, QuietGuard, without_paths
from barscope.dashboard.settings import SNAPSHOT, WORKSPACE
from barscope.domain.run_state import RunState
from barscope.errors import InvalidParameterError, StoreError
from barscope.jobs import InlineExecutor
from barscope.workspace.read_only import ReadOnlyWorkspace

CHOICE = {"symbols": ["SYN"], "rtype": 33, "publisher_id": 1}


@pytest.fixture
def runs(workspace):
    """An exploration, two backtests and a failed run, by a name of their own."""
    cross = bs.BacktestRequest(**CHOICE, strategy="SMACrossover", strategy_params={"fast_period": 5, "slow_period": 20})
    other = cross.model_copy(update={"symbols": ("SYN", "ALT")})
    made = {
        "sma": workspace.explore(
            bs.ExplorerRequest(**CHOICE, indicators=[bs.IndicatorConfig(class_name="SMA")])
        ).run_id,
        "cross": workspace.backtest(cross).run_id,
        "both": workspace.backtest(other).run_id,
    }
    workspace.runs_store.begin("failed-1", "Broken", 1, {"mode": "backtest", "symbols": ["SYN"], "rtype": 33}).fail(
        2, {"reason": "error", "error": "ValueError: no"}
    )
    return made


@pytest.fixture
def dashboard(workspace, runs):
    """A dashboard whose page has not told of itself."""
    with ReadOnlyWorkspace.of_live(workspace.paths.folder, executor=InlineExecutor()) as source:
        made = DashboardPanel(source)
        yield made
        made.close()


def tell(dashboard, **facts):
    """What a page says when it is there."""
    with dashboard.viewport.hold_trait_notifications():
        dashboard.viewport.height = 500
        for name, value in facts.items():
            setattr(dashboard.viewport, name, value)
        dashboard.viewport.told = True


def test_it_is_ready_before_a_page_comes(dashboard, runs):
    """The lists and the newest run with results are there before anybody looks."""
    assert set(dashboard.finder.table.row_keys) == {*runs.values(), "failed-1"}
    assert dashboard.results.run_id == runs["both"]
    assert not dashboard.viewport.settled
    tell(dashboard, dark=True)
    assert (dashboard.viewport.settled, dashboard.viewport.charted) == (True, True)
    spec = dashboard.results.chart.spec
    assert (spec.theme, spec.height) == ("dark", 500)
    assert dashboard.notices.messages == ()


def test_nothing_is_chosen_for_a_visitor(dashboard):
    """A page without a run in its address keeps it so: on a phone the list comes first."""
    tell(dashboard)
    assert dashboard.viewport.run == ""
    assert "barscope-has-run" not in dashboard.widget._dom_classes


def test_the_address_names_the_run(dashboard, runs):
    """A run in the address is opened, and one that is chosen gets into the address; going back leaves it."""
    tell(dashboard, run=runs["sma"])
    assert dashboard.results.run_id == runs["sma"]
    dashboard.finder.table.current = runs["cross"]
    assert dashboard.viewport.run == runs["cross"]
    assert "barscope-has-run" in dashboard.widget._dom_classes
    dashboard.back.click()
    assert dashboard.viewport.run == ""
    assert "barscope-has-run" not in dashboard.widget._dom_classes


def test_an_unknown_run_in_the_address_is_told(dashboard):
    """An address of a run that is not there says so."""
    tell(dashboard, run="no-such-run")
    assert "no-such-run" in dashboard.results.error


def test_a_failed_run_says_what_to_do(dashboard):
    """A failed run shows its error and the remedy, and no chart is waited for."""
    tell(dashboard, run="failed-1")
    assert dashboard.results.tabs.value == "Outcome"
    title, error, _advice = (part.value for part in dashboard.results.outcome.widget.children)
    assert (title, error) == ("This run failed", "ValueError: no")


def test_a_chart_is_told_in_words(dashboard, runs):
    """The chart and its summary say the same, and follow the symbol."""
    tell(dashboard, run=runs["both"])
    chart = dashboard.results.chart.widget
    assert chart.description.startswith("Candlesticks of SYN. Bars: 500 of 1 minute.")
    dashboard.results.symbol.value = "ALT"
    dashboard._step()
    assert chart.description.startswith("Candlesticks of ALT.")
    assert "<strong>Candlesticks of ALT</strong>" in dashboard.results.summary.value
    dashboard.results.tabs.value = "Equity"
    dashboard._step()
    assert "<strong>Equity and drawdown</strong>" in dashboard.results.summary.value


def test_a_session_narrows_the_list(dashboard, runs):
    """A click on a session lists its runs and opens one; one button leads back to all."""
    tell(dashboard)
    (key,) = dashboard.sessions.row_keys
    dashboard.sessions.current = key
    assert dashboard.finder.table.row_keys == (runs["sma"],)
    assert dashboard.results.run_id == runs["sma"]
    assert dashboard.nav.value == "Runs"
    dashboard.all_runs.click()
    assert len(dashboard.finder.table.row_keys) == 4


def test_published_runs_are_compared(workspace, runs, tmp_path):
    """A snapshot, which has no rows of bars, compares as the workspace does: bars by their columns, orders by rows."""
    published = workspace.publish([runs["cross"], runs["both"]], tmp_path / "snapshot.db")
    with ReadOnlyWorkspace.of_snapshot(published, executor=InlineExecutor()) as source:
        panel = DashboardPanel(source)
        tell(panel)
        panel.finder.table.checked = [runs["cross"], runs["both"]]
        panel.compare.click()
        assert panel.notices.messages == ()
        assert panel.compared.is_shown
        assert "First different event" in panel.compared.view.verdict.value
        panel.close()


def test_two_runs_are_compared(dashboard, runs):
    """Two ticked runs stand side by side; a filter that hides one of them leaves the comparison."""
    tell(dashboard)
    dashboard.finder.table.checked = [runs["cross"], runs["both"]]
    dashboard.compare.click()
    assert dashboard.compared.is_shown
    dashboard.finder.search.value = "exploration-only"
    assert not dashboard.compared.is_shown


def test_new_runs_join_the_list(dashboard, workspace, runs):
    """What is recorded while somebody looks appears, and what is open stays open."""
    tell(dashboard, run=runs["sma"])
    fresh = workspace.backtest(bs.BacktestRequest(**CHOICE, strategy="BuyAndHold")).run_id
    dashboard._look()
    assert dashboard.finder.table.row_keys[0] == fresh
    assert dashboard.results.run_id == runs["sma"]


def test_a_replaced_snapshot_is_offered(workspace, runs, tmp_path):
    """A snapshot that is published anew is not swapped under a reader: a link offers it."""
    path = tmp_path / "shared.barscope"
    bs_publish(workspace, [runs["sma"]], path)
    with ReadOnlyWorkspace.of_snapshot(path, executor=InlineExecutor()) as source:
        dashboard = DashboardPanel(source)
        tell(dashboard)
        assert dashboard._news.layout.display == "none"
        bs_publish(workspace, [runs["sma"], runs["cross"]], path)
        dashboard._look()
        assert dashboard._news.layout.display == ""
        assert dashboard.finder.table.row_keys == (runs["sma"],)
        dashboard.close()


def bs_publish(workspace, run_ids, path):
    """A snapshot of some runs."""
    from barscope.workspace.publish import publish

    publish(workspace, run_ids, path, "Shared results")


def test_an_empty_workspace_says_what_will_come(workspace):
    """Without runs there is a page that says so, and nothing to press."""
    with ReadOnlyWorkspace.of_live(workspace.paths.folder, executor=InlineExecutor()) as source:
        dashboard = DashboardPanel(source)
        assert "No runs yet" in dashboard._nothing.value
        assert dashboard._body.layout.display == "none"
        assert dashboard.viewport.settled
        dashboard.close()


def test_a_source_is_named_by_the_environment(tmp_path):
    """Without a source, or with one that is not there, the error says so, and the page shows no folder."""
    with pytest.raises(InvalidParameterError, match="nothing to show"):
        source_of({})
    for name in (SNAPSHOT, WORKSPACE):
        with pytest.raises(StoreError) as told:
            source_of({name: str(tmp_path / "missing")})
        said = failure(told.value).children[1].value
        assert str(tmp_path) not in said


def test_visitors_see_no_traceback_and_no_path(caplog):
    """What a callback raises is in the log; a visitor reads that it did not work."""
    guard = QuietGuard()
    with caplog.at_level(logging.ERROR, "barscope.dashboard"):
        guard(lambda: {}["a secret"])()
    assert guard.notices.messages == (UNEXPECTED,)
    assert "a secret" in caplog.text
    assert without_paths("cannot open /home/ann/data/runs.db: it is of 'x/y'") == "cannot open runs.db: it is of 'x/y'"


def test_what_runs_now_is_listed_as_long_as_it_runs():
    """A launch under way has a row with what it has done; it goes when it has ended."""
    began = dt.datetime(2024, 1, 2, 9, 30, tzinfo=dt.UTC)
    state = RunState.begun("run-1", began).counted(began + dt.timedelta(seconds=75), cycles=1200)
    assert progress_of(state) == "1 min 15 s · 1,200 steps"
    live = LiveRuns()
    live.show([state], {"run-1": "<b>Mine</b>"})
    assert list(live.rows) == ["run-1"]
    assert live.widget.layout.display == ""
    live.show([state.ended(began + dt.timedelta(seconds=80))], {})
    assert not live.rows
    assert live.widget.layout.display == "none"


def test_the_page_has_the_colours_of_the_charts():
    """Ground, text, muted text and lines of the page are those of the charts' themes."""
    css = (TEMPLATES / TEMPLATE / "static" / "dashboard.css").read_text()
    light, dark = re.findall(r"body[^{]*\{\s*--jp-layout-color0[^}]*\}", css)
    for block, palette in ((light, PALETTES["light"]), (dark, PALETTES["dark"])):
        for colour in (palette.paper, palette.text, palette.muted, palette.border, palette.grid, palette.up):
            assert colour in block.replace("#fff;", "#ffffff;")


def test_the_page_asks_nothing_of_other_hosts():
    """No address of another host stands in the template or its files."""
    for path in (TEMPLATES / TEMPLATE).rglob("*.*"):
        assert not re.findall(r"(?:src|href|url|from|import)\W{1,3}(?:https?:)?//\w", path.read_text()), path.name
