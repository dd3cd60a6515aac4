"""Backtests recorded in runs.db: what is kept, how runs end, and that they repeat."""

import json
from typing import ClassVar

import numpy as np
import pytest

from barscope.domain import events
from barscope.domain.bars import Bars, FixedPointBars
from barscope.domain.batches import BarBatch
from barscope.domain.orders import OrderSide, OrderType
from barscope.domain.periods import BarPeriod
from barscope.engine.configuration import configured
from barscope.engine.datafeed import SimulatedDatafeed
from barscope.engine.monitor import SilentMonitor
from barscope.engine.orchestrator import Orchestrator, new_run_id
from barscope.engine.recorded import recorded_events, recorded_result
from barscope.engine.recorder import RunRecorder
from barscope.engine.simulated_broker import SimulatedBroker
from barscope.engine.strategies import DonchianBreakout, RSIMeanReversion, SMACrossover
from barscope.engine.strategy import Strategy
from barscope.errors import (
    InvalidParameterError,
    JobCancelledError,
    MissingBarsError,
    StrategyError,
    UnknownRunError,
    UnknownSymbolError,
)
from barscope.store.run_events import read_events
from barscope.store.runs import RunStore
from barscope.store.runs_schema import EVENT_TABLES
from barscope.store.secmaster import SecurityMaster

MINUTE = BarPeriod.MINUTE
NOW = 1_700_000_000_000_000_000


def walk(n, seed=1, period=MINUTE):
    """A random walk of bars with prices in cents."""
    rng = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.002, n))), 2)
    open_ = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(open_, close) + 0.05, np.minimum(open_, close) - 0.05
    return Bars(np.arange(n) * period.length_ns, open_, high, low, close, rng.integers(0, 1000, n))


@pytest.fixture
def runs(tmp_path):
    """An empty runs.db."""
    store = RunStore(tmp_path / "runs.db")
    yield store
    store.close()


def orchestrator(runs, strategies, bars=None, *, feed=None, **kwargs):
    """A run over bars given in memory, recorded in `runs`."""
    feed = feed or {"bars": bars, "bar_period": MINUTE}
    return Orchestrator(
        strategies,
        configured(SimulatedBroker, **kwargs.pop("broker", {})),
        configured(SimulatedDatafeed, **feed),
        configured(RunRecorder, store=runs),
        now_ns=lambda: NOW,
        **kwargs,
    )


def table_rows(runs, table):
    """All rows of a table, the first column left out: the id of a row, or of the run."""
    return [row[1:] for row in runs.database.rows(f"SELECT * FROM {table} ORDER BY rowid")]  # noqa: S608


def single(runs):
    """The only run there is."""
    (record,) = runs.list_runs()
    return record


class _Failing(Strategy):
    """Raises where it is told to."""

    symbols = ("A",)
    where: ClassVar[str] = "bar"
    error: ClassVar[BaseException] = ValueError("bad idea")

    def setup(self):
        """Counts bars."""
        self.n = 0
        self._fail("setup")

    def on_bar(self, event):
        """Trades, then fails."""
        self.n += 1
        self.submit_order(OrderType.MARKET, OrderSide.BUY, 1)
        if self.n == 30:
            self._fail("bar")
        if event.ts_event_ns == 99 * MINUTE.length_ns:
            self._fail("last bar")

    def _fail(self, where):
        if where == self.where:
            raise self.error


def test_a_run_is_recorded_whole(runs):
    """Every order event, one row per bar with the series of all strategies, columns, counts, digest and manifest."""
    bars = {"A": walk(2000), "B": walk(1500, seed=2)}
    strategies = [
        configured(RSIMeanReversion, symbols=["A", "B"], period=5),
        configured(DonchianBreakout, symbols=["A"], channel_period=10),
    ]
    result = orchestrator(runs, strategies, bars, broker={"commission_per_unit": 0.01}).run()
    record = single(runs)
    assert (record.run_id, record.status) == ("2023-11-14_22-13-20_RSIMeanReversion_DonchianBreakout", "completed")
    assert (record.ts_start, record.ts_end) == (NOW, NOW)
    assert len(table_rows(runs, "bars_processed")) == 3500
    assert len(table_rows(runs, "fills")) == len(result.fills) > 50
    assert len(table_rows(runs, "order_submissions")) == len(result.orders)
    assert len(table_rows(runs, "orders_accepted")) + len(table_rows(runs, "orders_rejected")) >= len(result.orders)
    assert record.metadata["row_counts"]["fills"] == len(result.fills)
    assert record.metadata["final_equity"] == pytest.approx(result.summary().final_equity)
    assert runs.verify(record.run_id)
    first = json.loads(runs.database.rows("SELECT indicators FROM bars_processed LIMIT 1")[0][0])
    assert first["RSI_5_CLOSE"] is None
    assert set(first) == set(runs.series_names(record.run_id, "A")) > {"RSI_5_CLOSE", "ATR_14"}
    assert runs.series_names(record.run_id, "B") == ("RSI_5_CLOSE",)
    np.testing.assert_array_equal(runs.bars(record.run_id, "A").close, bars["A"].close)


def test_the_manifest_says_what_the_run_came_from(runs):
    """Mode, symbols, strategies with all parameter values, broker settings, versions, code and data."""
    strategy = configured(SMACrossover, symbols=["A"], fast_period=5, slow_period=10)
    orchestrator(runs, [strategy], {"A": walk(50)}, broker={"slippage_bps": 2.0}, config={"publisher_id": 7}).run()
    config = single(runs).config
    assert (config["mode"], config["symbols"], config["rtype"], config["publisher_id"]) == ("backtest", ["A"], 33, 7)
    (described,) = config["strategies"]
    assert described["class_name"] == "SMACrossover"
    assert described["params"] == {"fast_period": 5, "slow_period": 10, "quantity": 1.0}
    assert "class SMACrossover(SignalStrategy)" in described["source"]
    assert len(described["source_hash"]) == 64
    assert config["broker"]["class_name"] == "SimulatedBroker"
    assert config["broker"]["settings"]["slippage_bps"] == 2.0
    assert {"python", "barscope", "numpy", "ta-lib"} <= set(config["versions"])
    assert len(config["data_fingerprint"]) == 32


def test_the_same_inputs_give_the_same_rows(runs, tmp_path):
    """Two runs into two databases differ in nothing, not even in ids or times of creation."""
    other = RunStore(tmp_path / "other.db")
    bars = {"A": walk(1000), "B": walk(1000, seed=2)}
    for store in (runs, other):
        strategies = [
            configured(DonchianBreakout, symbols=["A", "B"], channel_period=10, allow_short=True),
            configured(RSIMeanReversion, symbols=["B"], period=5),
        ]
        orchestrator(store, strategies, bars, broker={"max_participation_pct": 5, "slippage_bps": 1.0}).run()
    for table in ("runs", "run_columns", *EVENT_TABLES):
        assert table_rows(runs, table) == table_rows(other, table), table
    assert len(table_rows(runs, "fills")) > 50
    other.close()


def test_results_from_the_record_equal_those_of_the_run(runs):
    """Orders, fills, round trips with owner and R, equity and summary come back from the database."""
    strategies = [
        configured(DonchianBreakout, symbols=["A"], channel_period=10),
        configured(RSIMeanReversion, symbols=["A"], period=5),
    ]
    live = orchestrator(runs, strategies, {"A": walk(1500)}, broker={"starting_cash": 5000.0}).run()
    again = recorded_result(runs, live.run_id)
    assert again.fills == live.fills
    assert len(again.orders) == len(live.orders)
    assert repr(again.round_trips) == repr(live.round_trips)
    assert {trip.strategy for trip in again.round_trips} == {"DonchianBreakout", "RSIMeanReversion"}
    assert any(trip.r > 0 for trip in again.round_trips)
    assert str(again.summary()) == str(live.summary())
    np.testing.assert_array_equal(again.equity.equity, live.equity.equity)
    assert recorded_events(runs, live.run_id, events.OrderAccepted)[0].broker_order_id == "SIM-1"
    with pytest.raises(InvalidParameterError, match="no event table nonsense"):
        read_events(runs, live.run_id, "nonsense")


def test_a_second_period_is_recorded_as_rows(runs):
    """Bars of both periods are there; the columns hold the one that orders are matched on."""
    hours = walk(5, period=BarPeriod.HOUR)
    strategy = configured(SMACrossover, symbols=["A"], bar_periods=[MINUTE, BarPeriod.HOUR])
    result = orchestrator(runs, [strategy], {("A", MINUTE): walk(300), ("A", BarPeriod.HOUR): hours}).run()
    counts = runs.database.rows("SELECT bar_period, count(*) FROM bars_processed GROUP BY bar_period ORDER BY 1")
    assert counts == [("HOUR", 5), ("MINUTE", 300)]
    assert len(runs.bars(result.run_id, "A")) == 300


def test_bars_are_recorded_as_received_and_as_processed(runs):
    """Both tables have a row per bar, which says that it was known at the end of its interval."""
    bars = {"A": walk(50)}
    Orchestrator(
        [configured(SMACrossover, symbols=["A"])],
        SimulatedBroker,
        configured(SimulatedDatafeed, bars=bars, bar_period=MINUTE),
        configured(RunRecorder, store=runs),
        now_ns=lambda: NOW,
    ).run()
    received, processed = table_rows(runs, "bars"), table_rows(runs, "bars_processed")
    assert len(received) == len(processed) == 50
    assert received[0][1:5] == (0, MINUTE.length_ns, "A", "MINUTE")
    assert [row[:10] for row in received] == [row[:10] for row in processed]


@pytest.mark.parametrize(
    ("where", "at"),
    [("setup", "while setting up"), ("bar", "A 1970-01-01T00:29"), ("last bar", "A 1970-01-01T01:39")],
)
def test_a_strategy_that_raises_fails_its_run_and_no_other(runs, where, at):
    """The error says run, symbol and bar with the original as its cause; no row stays; the next run is unharmed."""
    with pytest.raises(StrategyError, match=rf"failed (at )?{at}.*: ValueError: bad idea") as caught:
        orchestrator(runs, [configured(_Failing, where=where)], {"A": walk(100)}).run()
    assert isinstance(caught.value.__cause__, ValueError)
    record = single(runs)
    assert caught.value.run_id == record.run_id
    assert record.status == "failed"
    assert record.metadata["error"] == "ValueError: bad idea"
    assert "in _fail" in record.metadata["traceback"]
    if where != "setup":
        assert record.metadata["symbol"] == "A"
        assert record.metadata["ts_event_ns"] == caught.value.ts_event_ns > 0
    assert all(not table_rows(runs, table) for table in (*EVENT_TABLES, "run_columns"))
    with pytest.raises(UnknownRunError):
        recorded_result(runs, record.run_id)
    orchestrator(runs, [configured(SMACrossover, symbols=["A"])], {"A": walk(200)}).run()
    assert [r.status for r in runs.list_runs("completed")] == ["completed"]


def test_sys_exit_in_a_strategy_fails_the_run_and_not_the_program(runs):
    """A SystemExit is as much a failure as any other exception."""
    with pytest.raises(StrategyError, match="SystemExit: 3"):
        orchestrator(runs, [configured(_Failing, error=SystemExit(3))], {"A": walk(100)}).run()
    assert single(runs).status == "failed"


class _Cancelling(SilentMonitor):
    """Cancels in a stage, after some calls."""

    def __init__(self, stage, calls=0):
        self.stage, self.calls, self.current = stage, calls, ""
        self.stages = []

    def enter(self, label, message=""):
        """Remembers the stage."""
        self.current = label
        self.stages.append(label)

    def report(self, fraction, message=""):
        """Counts down."""
        assert 0 <= fraction <= 1
        if self.current == self.stage:
            self.calls -= 1
            if self.calls < 0:
                raise JobCancelledError("cancelled by a person")

    def seal(self):
        """Passed over."""
        if self.stage == "sealing":
            raise JobCancelledError("cancelled by a person")


@pytest.mark.parametrize("stage", ["fetching prices", "calculating", "recording", "sealing"])
def test_a_cancelled_run_says_so_and_keeps_nothing(runs, stage):
    """In every stage, the last moment too."""
    monitor = _Cancelling(stage, calls=1 if stage in ("calculating", "recording") else 0)
    with pytest.raises(JobCancelledError):
        orchestrator(runs, [configured(SMACrossover, symbols=["A"])], {"A": walk(50_000)}).run(monitor)
    record = single(runs)
    assert (record.status, record.ts_end) == ("cancelled", NOW)
    assert all(not table_rows(runs, table) for table in (*EVENT_TABLES, "run_columns"))
    assert not runs.owned(record.run_id)


def test_the_stages_are_those_a_person_is_told(runs):
    """Validating, fetching prices, calculating, recording; the results are shown before they are recorded."""
    shown = []

    class _Watching(_Cancelling):
        def publish(self, preview):
            shown.append((self.current, preview))

    monitor = _Watching("never")
    result = orchestrator(runs, [configured(SMACrossover, symbols=["A"])], {"A": walk(500)}).run(monitor)
    assert monitor.stages == ["validating", "fetching prices", "calculating", "recording"]
    assert shown == [("calculating", result)]


def test_interrupting_the_kernel_cancels_the_run(runs):
    """Ctrl-C comes out as it is, and the run is ended."""
    with pytest.raises(KeyboardInterrupt):
        orchestrator(runs, [configured(_Failing, error=KeyboardInterrupt())], {"A": walk(100)}).run()
    assert single(runs).status == "cancelled"


class _BrokenFeed(SimulatedDatafeed):
    """Fails while loading."""

    def load(self, on_rows):
        """Breaks."""
        raise OSError("line is down")


class _BrokenRecorder(RunRecorder):
    """Fails while writing."""

    def write(self, bars, known, board, on_rows):
        """Breaks after some rows."""
        super().write(bars, known, board, on_rows)
        raise RuntimeError("no more ink")


@pytest.mark.parametrize(("feed", "recorder", "words"), [
    (_BrokenFeed, RunRecorder, "while fetching prices: OSError: line is down"),
    (SimulatedDatafeed, _BrokenRecorder, "while recording: RuntimeError: no more ink"),
])  # fmt: skip
def test_a_failing_datafeed_or_recorder_fails_the_run(runs, feed, recorder, words):
    """The run is failed with the error, and none of its rows stays."""
    with pytest.raises(StrategyError, match=words):
        Orchestrator(
            [configured(SMACrossover, symbols=["A"])],
            SimulatedBroker,
            configured(feed, bars={"A": walk(30_000)}, bar_period=MINUTE),
            configured(recorder, store=runs),
        ).run()
    record = single(runs)
    assert record.status == "failed"
    assert words.rpartition("while ")[2].partition(": ")[2] in record.metadata["traceback"]
    assert all(not table_rows(runs, table) for table in (*EVENT_TABLES, "run_columns"))


@pytest.mark.parametrize(
    ("strategies", "words"),
    [
        ([], "No strategies selected"),
        ([SMACrossover], "No symbols selected"),
        ([configured(SMACrossover, symbols=["A"])] * 2, "2 strategies are named SMACrossover"),
        ([configured(SMACrossover, symbols=["A", "A"])], "symbol twice"),
        ([configured(SMACrossover, symbols="A")], "No symbols selected"),
        ([configured(SMACrossover, symbols=["A"], fast_period=99, slow_period=98)], "must be below"),
        (["SMACrossover"], "not a class of strategy"),
        ([configured(SMACrossover, symbols=["A"], bar_periods=["DAY"])], "not a member of BarPeriod"),
        ([configured(SMACrossover, symbols=["A"], name="../up")], "holds a slash"),
        ([configured(SMACrossover, symbols=["A"], name="n" * 10_000)], "too long"),
        ([configured(SMACrossover, symbols=["A"], name=5)], "not plain text"),
    ],
)
def test_what_is_configured_wrong_is_refused_before_the_run_exists(runs, strategies, words):
    """Nothing is recorded."""
    with pytest.raises(InvalidParameterError, match=words):
        orchestrator(runs, strategies, {"A": walk(10)}).run()
    assert runs.list_runs() == ()


def test_a_taken_run_id_gets_a_number(runs):
    """Two runs in one second are two runs."""
    for _ in range(3):
        orchestrator(runs, [configured(SMACrossover, symbols=["A"])], {"A": walk(10)}).run()
    name = "2023-11-14_22-13-20_SMACrossover"
    assert {record.run_id for record in runs.list_runs()} == {name, f"{name}-2", f"{name}-3"}
    assert new_run_id(NOW, ["X", "Y"], lambda run_id: False) == "2023-11-14_22-13-20_X_Y"


def test_a_nan_quantity_is_recorded_with_its_rejection(runs):
    """SQLite has no NaN: the quantity is stored as 0, the rejection tells what it was."""

    class _Lost(Strategy):
        symbols = ("A",)

        def on_bar(self, event):
            self.submit_order(OrderType.LIMIT, OrderSide.BUY, float("nan"), float("nan"))

    orchestrator(runs, [_Lost], {"A": walk(1)}).run()
    assert runs.database.rows("SELECT quantity, limit_price FROM order_submissions") == [(0.0, None)]
    assert runs.database.rows("SELECT rejection_reason, rejection_message FROM orders_rejected") == [
        ("INVALID_QUANTITY", "quantity nan is not a finite number above 0")
    ]


class TestSecurityMaster:
    """Bars of the security master."""

    @pytest.fixture
    def secmaster(self, tmp_path):
        """A database with 300 minutes of A from one publisher, and of B from two."""
        path = tmp_path / "secmaster.db"
        master = SecurityMaster(path)
        first = master.ensure_publisher("one", "ONE").publisher_id
        second = master.ensure_publisher("two", "TWO").publisher_id
        bars = walk(300)
        scaled = [np.rint(c * 1e9).astype(np.int64) for c in (bars.open, bars.high, bars.low, bars.close)]
        fixed = FixedPointBars(bars.ts, *scaled, bars.volume)
        for publisher, symbols in ((first, "AB"), (second, "B")):
            master.write(publisher, [BarBatch(33, fixed, symbol, "raw_symbol") for symbol in symbols])
        master.close()
        return path

    def test_bars_are_read_from_the_database(self, runs, secmaster):
        """With one publisher having the symbol it need not be named."""
        feed = {"database": secmaster, "bar_period": MINUTE}
        result = orchestrator(runs, [configured(SMACrossover, symbols=["A"])], feed=feed).run()
        np.testing.assert_array_equal(result.bars["A"].close, walk(300).close)

    def test_the_paths_of_the_environment_are_used(self, secmaster, tmp_path, monkeypatch):
        """The unconfigured classes find their databases."""
        monkeypatch.setenv("SECMASTER_DB_PATH", str(secmaster))
        monkeypatch.setenv("RUNS_DB_PATH", str(tmp_path / "other.db"))
        strategy = configured(SMACrossover, symbols=["A"], bar_periods=[MINUTE])
        result = Orchestrator(strategies=[strategy], broker=SimulatedBroker, datafeed=SimulatedDatafeed).run()
        store = RunStore(tmp_path / "other.db", readonly=True)
        assert store.get(result.run_id).status == "completed"
        store.close()

    @pytest.mark.parametrize(
        ("symbol", "feed", "error", "words"),
        [
            ("B", {}, InvalidParameterError, "publishers 1, 2 have B: set publisher_id"),
            ("C", {}, UnknownSymbolError, "Unknown symbol: C"),
            ("C", {"publisher_id": 1}, UnknownSymbolError, "Unknown symbol: C"),
            ("A", {"start_date": "1999-01-01"}, MissingBarsError, "1m bars from 1999-01-01 to"),
            ("A", {"bar_period": BarPeriod.DAY}, MissingBarsError, "A has no 1d bars. There is rtype 33"),
            ("A", {"start_date": "2020-01-02", "end_date": "2020-01-01"}, InvalidParameterError, "after end_date"),
        ],
    )  # fmt: skip
    def test_bars_that_are_not_there_are_an_error_that_says_what_is(self, runs, secmaster, symbol, feed, error, words):
        """No run completes empty."""
        feed = {"database": secmaster, "bar_period": MINUTE, **feed}
        with pytest.raises((error, StrategyError), match=words):
            orchestrator(runs, [configured(SMACrossover, symbols=[symbol])], feed=feed).run()
        assert runs.list_runs("completed") == ()
