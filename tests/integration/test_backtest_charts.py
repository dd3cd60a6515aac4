"""The charts a recorded backtest hands out."""

from __future__ import annotations

import pytest

import barscope as bs
from barscope.charts.data import ChartSpec
from barscope.charts.markers import KINDS
from barscope.domain.equity import buy_and_hold
from barscope.errors import InvalidParameterError


@pytest.fixture
def run(workspace):
    """A completed backtest that trades both symbols and has an overlay and an own-pane indicator."""
    request = bs.BacktestRequest(strategy="DonchianBreakout", symbols=["SYN", "ALT"], rtype=33, publisher_id=1)
    return workspace.backtest(request).result()


def test_the_record_says_how_each_indicator_is_drawn(run):
    """The overlay goes on the prices and the average true range in a pane of its own, as in an exploration."""
    panes = {s.name: s.pane for s in run.chart_data("SYN").series}
    assert set(panes) == set(run.config["outputs"])
    assert panes["ATR_14"] == "own"
    assert set(panes.values()) == {"price", "own"}


def test_the_marks_of_a_chart_are_the_trades_of_its_symbol(run):
    """Every round trip of the symbol has its entry on the chart, every closed one its exit; no other symbol's."""
    for symbol in ("SYN", "ALT"):
        mine = [trip for trip in run.result.round_trips if trip.symbol == symbol]
        assert mine
        expected = [(t.entry_ts, t.entry_price) for t in mine]
        expected += [(t.exit_ts, t.exit_price) for t in mine if not t.is_open]
        assert sorted((m.ts_ns, m.price) for m in run.chart_data(symbol).markers) == sorted(expected)
    names = [trace.name for trace in run.figure("SYN").data]
    assert set(KINDS) <= set(names)
    assert set(KINDS) <= {trace.name for trace in run.chart("SYN").widget.data}


def test_the_figures_of_a_backtest(run):
    """Equity, profit and loss, journey and a trade are drawn from the recorded result, in its theme."""
    result, dark = run.result, ChartSpec(theme="dark")
    equity = run.equity_figure(dark, benchmark=True)
    held = buy_and_hold(result.bars, result.starting_cash)
    assert equity.data[0].y[-1] == held.equity[-1]
    assert equity.data[1].y[-1] == result.equity.equity[-1]
    total = sum(trip.pnl_after_commission for trip in result.round_trips)
    assert run.pnl_figure(dark).data[0].y[-1] == pytest.approx(total)
    assert len(run.journey_figure(dark, order="pnl").data[0].x) == len(result.round_trips)
    last = len(result.round_trips) - 1
    trade = run.trade_figure(last, dark, context=5)
    assert result.round_trips[last].symbol in trade.layout.annotations[1].text
    assert {fig.layout.template.layout.paper_bgcolor for fig in (equity, trade)} == {"#131722"}


def test_a_trade_that_is_not_there_is_refused(run):
    """The error says how many trades there are."""
    for n in (-1, len(run.result.round_trips)):
        with pytest.raises(InvalidParameterError, match="counted from 0"):
            run.trade_figure(n)


def test_a_run_without_trades_has_calm_figures(workspace):
    """A strategy that never trades has a flat equity, and figures that say there are no trades."""
    request = bs.BacktestRequest(
        strategy="SMACrossover", strategy_params={"slow_period": 500}, symbols=["SYN"], rtype=33, publisher_id=1
    )
    run = workspace.backtest(request).result()
    assert "no trades" in run.pnl_figure().layout.annotations[0].text
    assert "no trades" in run.journey_figure().layout.annotations[0].text
    assert "none" in run.equity_figure().layout.annotations[-1].text
    assert not run.chart_data().markers


def test_an_exploration_has_no_marks(workspace):
    """The chart of an exploration is not asked for trades."""
    request = bs.ExplorerRequest(
        symbols=["SYN"], rtype=33, publisher_id=1, indicators=[bs.IndicatorConfig(class_name="SMA", params={})]
    )
    run = workspace.explore(request).result()
    assert run.chart_data().markers == ()
    with pytest.raises(InvalidParameterError, match="not a backtest"):
        run.equity_figure()
