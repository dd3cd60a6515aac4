"""Backtests from a workspace: request, job, record, tables, repetition and comparison, on real databases."""

import linecache
import sys
import threading

import numpy as np
import pytest

import barscope as bs
from barscope.engine.lookahead import first_lookahead
from barscope.errors import (
    InvalidParameterError,
    JobCancelledError,
    MissingBarsError,
    StrategyError,
    UnknownRunError,
    UnknownStrategyError,
    UnknownSymbolError,
)
from barscope.jobs import JobContext, JobStatus
from barscope.studies.comparison import config_differences, first_difference


def asked(**changes):
    """A request for a crossover of averages on SYN."""
    params = {"fast_period": 5, "slow_period": 10}
    fields = {"strategy": "SMACrossover", "strategy_params": params, "symbols": ["SYN"], "rtype": 33, "publisher_id": 1}
    return bs.BacktestRequest(**{**fields, **changes})


def test_a_backtest_is_recorded_and_read_back_whole(workspace):
    """What the run shows from its record is what the engine had in memory when it ended."""
    job = workspace.backtest(asked())
    run = job.result()
    assert run.run_id == job.run_id
    assert run.run_id.endswith("_SMACrossover")
    assert run.status == "completed"
    assert workspace.runs_store.verify(run.run_id)
    assert len(run.fills()) == run.record.metadata["fills"] > 4
    assert run.equity()["equity"].iloc[-1] == pytest.approx(run.record.metadata["final_equity"])
    assert len(run.equity()) == len(run.bars()) == 500
    assert set(run.indicators().columns) == {"SMA_5_CLOSE", "SMA_10_CLOSE"}


def test_round_trips_and_costs_explain_the_equity(workspace):
    """Starting cash plus the profit of every round trip after commission is the final equity."""
    run = workspace.backtest(asked(broker={"commission_per_order": 1.0, "slippage_bps": 2.0})).result()
    profit = run.roundtrips()["pnl_after_commission"].sum()
    assert run.equity()["equity"].iloc[-1] == pytest.approx(100_000 + profit)
    assert run.roundtrips()["commission"].sum() == pytest.approx(len(run.fills()))


def test_no_fill_is_on_the_bar_of_its_order(workspace):
    """Every fill is on a later bar than the order it is for."""
    run = workspace.backtest(asked()).result()
    placed = run.orders().set_index("system_order_id")["ts_event"]
    fills = run.fills()
    assert (fills["ts_event"].to_numpy() > placed[fills["associated_order_id"]].to_numpy()).all()


def test_a_period_of_the_strategy_without_bars_is_refused_at_once(workspace):
    """The bars of the request are there, those the strategy reads are not: the error names the coverage."""

    class Daily(bs.Strategy):
        bar_periods = (bs.BarPeriod.MINUTE, bs.BarPeriod.DAY)

        def on_bar(self, event):
            pass

    with pytest.raises(MissingBarsError, match=r"SYN has no bars of rtype 35\. There is rtype 33 from"):
        workspace.backtest(asked(strategy="Daily", strategy_params={}))
    assert workspace.runs().empty


def test_the_summary_prints_itself(workspace):
    """Every metric stands on a line of its own."""
    lines = str(workspace.backtest(asked()).result().summary()).splitlines()
    assert sum(line.startswith("Sharpe") for line in lines) == 1


def test_a_repetition_comes_out_equal(workspace):
    """Every event of the second run is that of the first, down to the ids."""
    first = workspace.backtest(asked()).result()
    repeated = workspace.repeat(first.run_id)
    assert repeated.equal, str(repeated)
    assert repeated.changed == {}
    assert repeated.run.run_id != first.run_id


def test_a_repetition_on_other_bars_says_what_changed(workspace, minute_bars):
    """The data fingerprint differs, and the first event that came out differently is named."""
    first = workspace.backtest(asked()).result()
    workspace.secmaster.write(1, [minute_bars("SYN", seed=5)], replace=True)
    repeated = workspace.repeat(first.run_id)
    assert not repeated.equal
    assert "data_fingerprint" in repeated.changed
    assert repeated.difference.position == 0


def test_an_exploration_can_be_repeated_too(workspace):
    """It is computed again, not answered from the cache."""
    request = bs.ExplorerRequest(
        symbols=["SYN"], rtype=33, publisher_id=1, indicators=[bs.IndicatorConfig(class_name="RSI")]
    )
    first = workspace.explore(request).result()
    repeated = workspace.repeat(first.run_id)
    assert repeated.equal
    assert repeated.run.run_id != first.run_id


def test_two_runs_are_compared_by_what_they_came_from_and_what_they_did(workspace):
    """The one parameter that differs is named, and the first event in which the runs part."""
    first = workspace.backtest(asked()).result()
    second = workspace.backtest(asked(strategy_params={"fast_period": 6, "slow_period": 10})).result()
    changed = config_differences(first.config, second.config)
    assert changed["strategies.0.params.fast_period"] == (5, 6)
    difference = first_difference(workspace.runs_store, first.run_id, second.run_id)
    assert difference.ts_event_ns <= second.result.fills[0].ts_event_ns


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"strategy": "SMACros"}, UnknownStrategyError, "invalid strategy: SMACros. Did you mean SMACrossover"),
        ({"strategy_params": {"fast_period": 3}}, InvalidParameterError, "fast_period is 3"),
        ({"strategy_params": {"fast_period": 50, "slow_period": 20}}, InvalidParameterError, "below slow_period"),
        ({"strategy_params": {"fast": 5}}, InvalidParameterError, "no parameter fast"),
        ({"strategy_params": {"symbols": ["ALT"]}}, InvalidParameterError, "no parameter symbols"),
        ({"broker": {"commission": 1}}, InvalidParameterError, "no setting commission"),
        ({"broker": {"slippage_bps": -1}}, InvalidParameterError, "slippage_bps is -1"),
        ({"symbols": ["NOPE"]}, UnknownSymbolError, "Unknown symbol: NOPE"),
        ({"symbols": []}, InvalidParameterError, "No symbols selected"),
        ({"rtype": 36}, InvalidParameterError, "invalid rtype 36"),
        ({"rtype": 35}, MissingBarsError, "There is rtype 33"),
    ],
)
def test_a_request_that_does_not_hold_is_refused_and_nothing_is_written(workspace, changes, error, message):
    """The error is typed and names the value; there is no run."""
    with pytest.raises(error, match=message):
        workspace.backtest(asked(**changes))
    assert workspace.runs().empty


class _Failing(bs.Strategy):
    """What the failing strategies of this file share: they raise at the bar they are told."""

    parameters = {"at_bar": bs.ParamSpec(0, min=0)}  # noqa: RUF012  # as users write it

    def setup(self):
        self.seen = 0

    def on_bar(self, event):
        if self.seen == self.at_bar:
            self.fall()
        self.seen += 1


class RaisesZeroDivision(_Failing):
    """Divides by zero."""

    def fall(self):
        """Raise."""
        raise ZeroDivisionError("no volatility")


class CallsExit(_Failing):
    """Calls sys.exit."""

    def fall(self):
        """Exit."""
        raise SystemExit(3)


class ChangesTheBars(bs.Strategy):
    """Writes to the bar it is given."""

    def on_bar(self, event):
        """Cheat."""
        event.close = 0.0


@pytest.mark.parametrize(
    ("strategy", "params", "message"),
    [
        ("RaisesZeroDivision", {"at_bar": 0}, "no volatility"),
        ("RaisesZeroDivision", {"at_bar": 499}, "no volatility"),
        ("CallsExit", {"at_bar": 7}, "SystemExit"),
        ("ChangesTheBars", {}, "FrozenInstanceError"),
    ],
)
def test_a_strategy_that_fails_fails_its_run_and_no_other(workspace, strategy, params, message):
    """The error names symbol and bar, the run is failed without rows, and a run beside it comes out as ever."""
    before = workspace.backtest(asked()).result()
    job = workspace.backtest(asked(strategy=strategy, strategy_params=params))
    with pytest.raises(StrategyError, match=message) as caught:
        job.result()
    assert caught.value.symbol == "SYN"
    record = workspace.run(job.run_id).record
    assert record.status == "failed"
    assert "Traceback" in record.metadata["traceback"]
    with pytest.raises(UnknownRunError):
        workspace.run(job.run_id).fills()
    assert workspace.repeat(before.run_id).equal


def test_a_cancelled_backtest_leaves_no_rows(tmp_path, minute_bars, monkeypatch):
    """The job says cancelling until the engine has stopped; the run keeps its row and nothing else."""
    reached, go_on = threading.Event(), threading.Event()
    tell = JobContext.report

    def report(context, fraction, message=""):
        tell(context, fraction, message)
        if context._label == "calculating" and not reached.is_set():
            reached.set()
            go_on.wait(20)

    monkeypatch.setattr(JobContext, "report", report)
    with bs.Workspace(tmp_path / "ws", workers=1) as ws:
        ws.secmaster.ensure_publisher("test", "TEST.WALK")
        ws.secmaster.write(1, [minute_bars("SYN", n=50_000)])
        job = ws.backtest(asked())
        assert reached.wait(20)
        assert job.cancel()
        assert job.snapshot.status is JobStatus.CANCELLING
        go_on.set()
        with pytest.raises(JobCancelledError):
            job.result(30)
        assert ws.run(job.run_id).status == "cancelled"
        assert ws.runs_store.database.rows("SELECT count(*) FROM bars_processed")[0][0] == 0


def test_shipped_strategies_do_not_look_ahead(workspace):
    """Played on the first bars alone each of them does what it did on all."""
    from barscope.engine.registry import strategies

    run = workspace.backtest(asked()).result()
    bars = {"SYN": run.columns("SYN").bars}
    shipped = [s for s in strategies() if s.__module__.startswith("barscope.")]
    assert len(shipped) >= 4
    for strategy in shipped:
        played = bs.configured(strategy, symbols=["SYN"])
        assert first_lookahead([played], bars, bar_period=bs.BarPeriod.MINUTE) is None, strategy.name


def test_a_run_that_is_no_backtest_says_so(workspace):
    """Fills of an exploration are an error that names the run, not an empty table."""
    request = bs.ExplorerRequest(
        symbols=["SYN"], rtype=33, publisher_id=1, indicators=[bs.IndicatorConfig(class_name="RSI")]
    )
    run = workspace.explore(request).result()
    with pytest.raises(InvalidParameterError, match="not a backtest"):
        run.fills()
    assert np.isnan(run.indicators().iloc[0, 0])


def run_cell(text, number):
    """Run a notebook cell as IPython does: its text is known by a name, its classes belong to `__main__`."""
    name = f"<cell {number}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), {"__name__": "__main__", "bs": bs})  # noqa: S102  # what a notebook does


def test_a_strategy_of_a_notebook_is_recorded_with_its_source(workspace, monkeypatch):
    """After an edit of the cell a repetition says that the code changed."""
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)  # as in a kernel
    cell = (
        "class InACell(bs.Strategy):\n"
        "    def on_bar(self, event):\n"
        "        if self.position == 0:\n"
        "            self.submit_order(bs.OrderType.MARKET, bs.OrderSide.BUY, {})\n"
    )
    run_cell(cell.format(1), 1)
    first = workspace.backtest(asked(strategy="InACell", strategy_params={})).result()
    assert "bs.OrderSide.BUY, 1)" in first.config["strategies"][0]["source"]
    run_cell(cell.format(2), 2)
    repeated = workspace.repeat(first.run_id)
    assert not repeated.equal
    assert "strategies.0.source_hash" in repeated.changed


def test_events_about_orders_can_be_read_as_tables(workspace):
    """Refused orders stand in a table of their own, with the reason; bars are no such events."""
    run = workspace.backtest(asked(broker={"starting_cash": 10.0, "buying_power_check": True})).result()
    refused = run.events(bs.events.OrderRejected)
    assert len(refused) > 0
    assert set(refused["rejection_reason"]) == {"INSUFFICIENT_BUYING_POWER"}
    with pytest.raises(InvalidParameterError, match="about orders"):
        run.events(bs.events.BarReceived)
