"""Code of users that fails, ignores a cancel, or meddles: its own run ends as promised, and runs beside it and after it
are byte for byte those made alone.
"""

import hashlib
import os
import random
import sys
import threading
import warnings
from dataclasses import FrozenInstanceError

import numpy as np
import polars as pl
import pytest

import barscope as bs
from barscope.errors import (
    IndicatorError,
    InvalidParameterError,
    JobCancelledError,
    JobError,
    StoreError,
    StrategyError,
    UnknownRunError,
)
from barscope.indicators import build_indicator
from barscope.jobs import JobStatus
from barscope.store.runs_schema import EVENT_TABLES

PATIENCE_S = 30
CHOICE = {"symbols": ["SYN", "ALT"], "rtype": 33, "publisher_id": 1}
GOOD = [bs.IndicatorConfig(class_name=name) for name in ("BBANDS", "RSI", "ParabolicSAR")]
CROSSOVER = bs.BacktestRequest(strategy="SMACrossover", strategy_params={"fast_period": 5, "slow_period": 12}, **CHOICE)


class Meeting:
    """Where bad code waits in the middle of its work while the runs beside it are made."""

    def __init__(self):
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __call__(self):
        """Say that it is there, and wait."""
        self.reached.set()
        assert self.go_on.wait(PATIENCE_S)


@pytest.fixture
def meet():
    """A meeting of this test; whoever still waits at its end goes on."""
    meeting = Meeting()
    yield meeting
    meeting.go_on.set()


def make_workspace(folder, minute_bars):
    """A workspace with 300 minute bars of two symbols and three worker threads."""
    ws = bs.Workspace(folder, workers=3)
    ws.secmaster.ensure_publisher("test", "TEST.WALK")
    ws.secmaster.write(1, [minute_bars("SYN", n=300), minute_bars("ALT", n=300, seed=2)])
    return ws


@pytest.fixture
def ws(tmp_path, minute_bars):
    """Such a workspace, closed at the end."""
    with make_workspace(tmp_path / "ws", minute_bars) as workspace:
        yield workspace


def contents(ws, run_id):
    """A digest of all that a run recorded, without its id: rows of every table and the columns, byte for byte."""
    digest = hashlib.sha256()
    for table in (*EVENT_TABLES, "run_columns"):
        info = ws.runs_store.database.rows(f"PRAGMA table_info({table})")
        names = ", ".join(row[1] for row in info if row[1] not in ("id", "run_id"))
        query = f"SELECT {names} FROM {table} WHERE run_id = ? ORDER BY rowid"  # noqa: S608
        if table == "run_columns":
            query = query.replace("rowid", "symbol, series, chunk")
        for row in ws.runs_store.database.rows(query, (run_id,)):
            digest.update(repr(row).encode())
    return digest.hexdigest()


def siblings(ws):
    """An exploration and a backtest, made now on other threads; the digests of what they recorded."""
    jobs = [ws.explore(bs.ExplorerRequest(indicators=GOOD, **CHOICE), fresh=True), ws.backtest(CROSSOVER)]
    runs = [job.result(PATIENCE_S) for job in jobs]
    assert all(run.status == "completed" and ws.runs_store.verify(run.run_id) for run in runs)
    return [contents(ws, run.run_id) for run in runs]


_ALONE = []


@pytest.fixture
def alone(tmp_path_factory, minute_bars):
    """The digests of the same runs in a workspace where nothing else ever happens; made once."""
    if not _ALONE:
        with make_workspace(tmp_path_factory.mktemp("alone") / "ws", minute_bars) as workspace:
            _ALONE.extend(siblings(workspace))
    return _ALONE


def indicator(name, compute, **members):
    """A class of an indicator, as a user would write it."""
    return type(name, (bs.Indicator,), {"__module__": __name__, "compute": compute, **members})


def explore(ws, *names):
    """A job that explores indicators by name."""
    configs = [bs.IndicatorConfig(class_name=name) for name in names]
    return ws.explore(bs.ExplorerRequest(indicators=configs, **CHOICE), fresh=True)


def backtest(ws, name):
    """A job that tests a strategy by name."""
    return ws.backtest(bs.BacktestRequest(strategy=name, **CHOICE))


def assert_nothing_kept(ws, run_id, status):
    """The run is in runs.db with its status and its end, and not one row of it."""
    record = ws.run(run_id).record
    assert (record.status, record.ts_end is not None) == (status, True)
    for table in (*EVENT_TABLES, "run_columns"):
        count = f"SELECT count(*) FROM {table} WHERE run_id = ?"  # noqa: S608
        assert ws.runs_store.database.rows(count, (run_id,)) == [(0,)]
    with pytest.raises(UnknownRunError):
        ws.runs_store.symbols(run_id)


def assert_told(ws, job, kind, function):
    """The failure is in the job and in the record: the class of the exception, and the place in the user's code."""
    assert kind.__name__ in job.snapshot.error
    assert f"in {function}" in job.snapshot.traceback
    state = ws.run(job.run_id).state
    assert state.exception.root.type == kind.__name__
    everywhere = [frame for one in (state.exception, *state.exception.causes) for frame in one.frames]
    assert function in [frame.function for frame in everywhere if frame.file == "test_user_code.py"]


# ---- indicators that fail


class UnspeakableError(Exception):
    """An exception that cannot even be told."""

    def __str__(self):
        raise RuntimeError("no words")


class UnheardError(BaseException):
    """An exception outside of `Exception`, as a library in another language may raise."""


def raise_(error):
    """Raise it."""
    raise error


def own_cause(*_given):
    """Raises an exception that is its own cause."""
    error = LookupError("round and round")
    raise error from error


def endless(self, bars):
    """Calls itself."""
    return endless(self, bars)


def place_of(kind, function):
    """Where the record says it failed: the last frames are kept, which an endless recursion fills."""
    return "endless" if kind is RecursionError else function


def write_to_bars(_self, bars):
    """Writes to what all share."""
    bars.close[:] = 0


def unlock_bars(_self, bars):
    """Takes the lock off what all share, and writes to it."""
    bars.close.flags.writeable = True
    bars.close[:] = 0


def strict_warnings(_self, bars):
    """Makes errors of warnings, and warns."""
    warnings.simplefilter("error")
    warnings.warn("deprecated", DeprecationWarning, stacklevel=1)


def strict_numbers(_self, bars):
    """Makes errors of NaN, and divides by zero."""
    np.seterr(all="raise")
    return bars.close / np.zeros(len(bars))


FAILING_INDICATORS = {
    "raises": (lambda _self, bars: raise_(KeyError("high")), KeyError),
    "gives another number of values": (lambda _self, bars: bars.close[1:], None),
    "gives a table": (lambda _self, bars: np.zeros((len(bars), 2)), None),
    "gives text": (lambda _self, bars: np.array(["x"] * len(bars)), None),
    "gives complex numbers": (lambda _self, bars: bars.close * 1j, None),
    "gives objects": (lambda _self, bars: np.array([object()] * len(bars)), None),
    "gives nothing": (lambda _self, bars: None, None),
    "gives other outputs": (lambda _self, bars: {"a": bars.close, "b": bars.close}, None),
    "writes to the bars": (write_to_bars, ValueError),
    "takes the lock off the bars": (unlock_bars, ValueError),
    "calls itself for ever": (endless, RecursionError),
    "leaves the program": (lambda _self, bars: sys.exit("bye"), SystemExit),
    "runs out of memory": (lambda _self, bars: raise_(MemoryError()), MemoryError),
    "makes errors of warnings": (strict_warnings, DeprecationWarning),
    "makes errors of numbers": (strict_numbers, FloatingPointError),
    "raises what cannot be told": (lambda _self, bars: raise_(UnspeakableError()), UnspeakableError),
    "raises what is no Exception": (lambda _self, bars: raise_(UnheardError("boom")), UnheardError),
    "raises its own cause": (own_cause, LookupError),
    "raises an error of barscope": (lambda _self, bars: raise_(StoreError("not the store")), StoreError),
    "says it was cancelled": (lambda _self, bars: raise_(JobCancelledError("not at all")), JobCancelledError),
}


@pytest.mark.parametrize(("compute", "kind"), FAILING_INDICATORS.values(), ids=FAILING_INDICATORS)
def test_an_indicator_that_fails_fails_by_name_and_alone(ws, alone, meet, compute, kind):
    """Its run is failed, with the traceback and without rows; runs beside it and after it are as if made alone."""

    def bad(self, bars):
        meet()
        return compute(self, bars)

    indicator("Bad", bad)
    job = explore(ws, "Bad")
    assert meet.reached.wait(PATIENCE_S)
    assert siblings(ws) == alone
    meet.go_on.set()
    with pytest.raises(IndicatorError, match="Bad"):
        job.result(PATIENCE_S)
    assert job.snapshot.status is JobStatus.FAILED
    assert_nothing_kept(ws, job.run_id, "failed")
    if kind is not None:
        assert_told(ws, job, kind, place_of(kind, "bad"))
    assert siblings(ws) == alone


@pytest.mark.parametrize("kind", [KeyError, UnheardError, StoreError, UnspeakableError, SystemExit, JobCancelledError])
def test_an_indicator_that_fails_leaves_the_others_of_its_request(ws, kind):
    """Those are recorded; the job names the one that failed, with its traceback."""

    def bad(self, bars):
        raise kind("boom")

    indicator("Bad", bad)
    job = explore(ws, "Bad", "SMA")
    with pytest.raises(IndicatorError, match=r"Bad.*The other indicators are recorded in run"):
        job.result(PATIENCE_S)
    run = ws.run(job.run_id)
    assert run.status == "completed"
    assert ws.runs_store.verify(job.run_id)
    assert list(run.record.metadata["failed_indicators"]) == ["Bad {}"]
    assert "in bad" in job.snapshot.traceback
    assert kind.__name__ in job.snapshot.error


def test_the_numbers_of_one_indicator_are_not_errors_in_the_next(ws):
    """`np.seterr` in the code of a user ends with that code, in its request and on its thread."""

    def strict(self, bars):
        np.seterr(all="raise")
        return bars.close

    def lenient(self, bars):
        return np.array([float(word in ("warn", "ignore")) for word in np.geterr().values()] * len(bars))[: len(bars)]

    indicator("Strict", strict)
    indicator("Lenient", lenient)
    run = explore(ws, "Strict", "Lenient").result(PATIENCE_S)
    assert set(run.indicators(symbol="SYN")["Lenient"]) == {1.0}
    after = [ws.jobs.submit(f"after {n}", lambda _context: np.geterr(), ()).result(PATIENCE_S) for n in range(4)]
    assert all(settings == np.geterr() for settings in after)


def test_an_indicator_that_cannot_be_made_is_refused(ws):
    """What its constructor raises is an error that names it, before anything is queued or written."""

    def __init__(self, **params):  # noqa: N807  # a member of the class below
        raise ZeroDivisionError("no")

    indicator("Bad", lambda _self, bars: bars.close, __init__=__init__)
    with pytest.raises(IndicatorError, match=r"Bad.*ZeroDivisionError: no"):
        explore(ws, "Bad")
    assert ws.runs_store.list_runs() == ()


BROKEN_FILE = "import barscope as bs\nclass Half(bs.{base}):\n    pass\nraise OSError('no data')\n"
WHOLE_FILE = (
    "import barscope as bs\nclass WholeFile(bs.Indicator):\n    def compute(self, bars):\n        return bars.close\n"
)


def test_a_file_that_fails_to_import_is_shown_and_the_others_load(tmp_path, minute_bars, alone):
    """Its error stands in the workspace with its traceback, and indicators and strategies beside it work."""
    for folder, base in (("indicators", "Indicator"), ("strategies", "Strategy")):
        (tmp_path / "ws" / folder).mkdir(parents=True)
        (tmp_path / "ws" / folder / "broken.py").write_text(BROKEN_FILE.format(base=base))
        (tmp_path / "ws" / folder / "leaves.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "ws" / "indicators" / "whole.py").write_text(WHOLE_FILE)
    with make_workspace(tmp_path / "ws", minute_bars) as ws:
        for failures in (ws.load_failures, ws.strategy_failures):
            assert [failure.error for failure in failures] == ["OSError: no data", "SystemExit: 3"]
            assert "broken.py" in failures[0].traceback
        assert explore(ws, "WholeFile").result(PATIENCE_S).status == "completed"
        assert siblings(ws) == alone


def test_work_that_raises_what_cannot_be_told_still_ends_its_job(ws):
    """Found here: the text of the exception raised another one, and the job never ended."""
    job = ws.jobs.submit("untold", lambda _context: raise_(UnspeakableError()), ())
    with pytest.raises(UnspeakableError):
        job.result(PATIENCE_S)
    assert job.snapshot.status is JobStatus.FAILED
    assert "UnspeakableError" in job.snapshot.error


def test_an_indicator_that_forgets_its_base_is_refused(ws):
    """A constructor that does not call that of `Indicator` is told what it lacks."""

    def __init__(self, **params):  # noqa: N807  # a member of the class below
        self.mine = params

    indicator("Bad", lambda _self, bars: bars.close, __init__=__init__)
    with pytest.raises(IndicatorError, match=r"Bad cannot be made: its __init__ does not call super\(\).__init__"):
        explore(ws, "Bad")


# ---- indicators that meddle


def nothing_but_nan(_self, bars):
    """Has no value anywhere."""
    return np.full(len(bars), np.nan)


def infinite(_self, bars):
    """Has no finite value."""
    return np.full(len(bars), -np.inf)


def a_list(_self, bars):
    """Gives a list."""
    return list(range(len(bars)))


def elsewhere(_self, bars):
    """Goes to another folder and writes there."""
    os.chdir(elsewhere.folder)
    with open("note.txt", "w") as file:  # noqa: PTH123  # as users write
        file.write("here")
    return bars.close


def sown(_self, bars):
    """Seeds what everybody draws from."""
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002  # that is the point
    return np.random.rand(len(bars))  # noqa: NPY002


@pytest.mark.parametrize("compute", [nothing_but_nan, infinite, a_list, elsewhere, sown])
def test_an_indicator_that_meddles_is_recorded_and_changes_no_other_run(
    ws, alone, meet, tmp_path, monkeypatch, compute
):
    """Its run is whole, and while it holds the process as it left it, runs beside it are as if made alone."""
    monkeypatch.chdir(tmp_path)
    elsewhere.folder = tmp_path / "elsewhere"
    elsewhere.folder.mkdir()

    def odd(self, bars):
        values = compute(self, bars)
        meet()
        return values

    indicator("Odd", odd)
    job = explore(ws, "Odd")
    assert meet.reached.wait(PATIENCE_S)
    assert siblings(ws) == alone
    meet.go_on.set()
    run = job.result(PATIENCE_S)
    assert ws.runs_store.verify(run.run_id)
    values = run.indicators(symbol="SYN")["Odd"].to_numpy()
    assert np.isfinite(values).all() == (compute not in (nothing_but_nan, infinite))
    assert siblings(ws) == alone
    assert not list(elsewhere.folder.glob("*.db*"))


def test_what_an_indicator_does_to_its_result_later_is_not_recorded(ws, meet):
    """A thread that it leaves behind goes on writing to the array; the record is that of the moment it was given."""
    writing = threading.Event()

    def restless(self, bars):
        values = np.zeros(len(bars))

        def write():
            while not meet.go_on.is_set():
                values[:] = values + 1
                writing.set()

        threading.Thread(target=write, daemon=True).start()
        return values

    indicator("Restless", restless)
    run = explore(ws, "Restless").result(PATIENCE_S)
    assert writing.wait(PATIENCE_S)
    assert ws.runs_store.verify(run.run_id)
    rows = ws.runs_store.database.rows(
        "SELECT count(DISTINCT indicators) FROM bars_processed WHERE run_id = ? AND symbol = 'SYN'", (run.run_id,)
    )
    assert rows == [(1,)]
    assert len(set(run.indicators(symbol="SYN")["Restless"])) == 1


# ---- strategies that fail


def strategy(name, **members):
    """A class of a strategy, as a user would write it."""
    return type(name, (bs.Strategy,), {"__module__": __name__, "on_bar": lambda self, event: None, **members})


def buy(self, quantity=1, **more):
    """A market order."""
    return self.submit_order(bs.OrderType.MARKET, bs.OrderSide.BUY, quantity, **more)


def once(act):
    """An `on_bar` that acts on the twentieth bar."""

    def on_bar(self, event):
        self.seen = getattr(self, "seen", 0) + 1
        if self.seen == 20:
            act(self, event)

    return on_bar


def also_buy(act):
    """Members that buy on a bar and act on what becomes of the order."""

    def on_bar(self, event):
        if not self.position:
            buy(self)

    return {"on_bar": on_bar, **act}


def in_setup(act):
    """Members that act in `setup`."""

    def setup(self):
        act(self)

    return {"setup": setup}


FAILING_STRATEGIES = {
    "raises in its constructor": (
        {"__init__": lambda self, *args: raise_(KeyError("x"))},
        KeyError,
        "setting up",
        "<lambda>",
    ),
    "raises in setup": (in_setup(lambda self: raise_(KeyError("x"))), KeyError, "setting up", "setup"),
    "asks for an indicator that fails": (
        in_setup(lambda self: self.add_indicator(_Failing())),
        ZeroDivisionError,
        "calculating",
        "compute",
    ),
    "raises on a bar": ({"on_bar": once(lambda s, e: raise_(KeyError("x")))}, KeyError, "BarProcessed", "on_bar"),
    "raises on a fill": (
        also_buy({"on_fill": lambda self, event: raise_(KeyError("x"))}),
        KeyError,
        "FillEvent",
        "<lambda>",
    ),
    "raises on an answer": (
        also_buy({"on_order": lambda self, event: raise_(KeyError("x"))}),
        KeyError,
        "OrderAccepted",
        "<lambda>",
    ),
    "leaves the program": ({"on_bar": once(lambda s, e: sys.exit(3))}, SystemExit, "BarProcessed", "on_bar"),
    "runs out of memory": ({"on_bar": once(lambda s, e: raise_(MemoryError()))}, MemoryError, "BarProcessed", "on_bar"),
    "calls itself for ever": ({"on_bar": once(endless)}, RecursionError, "BarProcessed", "on_bar"),
    "raises what cannot be told": (
        {"on_bar": once(lambda s, e: raise_(UnspeakableError()))},
        UnspeakableError,
        "BarProcessed",
        "on_bar",
    ),
    "raises what is no Exception": (
        {"on_bar": once(lambda s, e: raise_(UnheardError()))},
        UnheardError,
        "BarProcessed",
        "on_bar",
    ),
    "raises its own cause": ({"on_bar": once(own_cause)}, LookupError, "BarProcessed", "on_bar"),
    "raises an error of the store": (
        {"on_bar": once(lambda s, e: raise_(StoreError("not the store")))},
        StoreError,
        "BarProcessed",
        "on_bar",
    ),
    "says it was cancelled": (
        {"on_bar": once(lambda s, e: raise_(JobCancelledError("not at all")))},
        JobCancelledError,
        "BarProcessed",
        "on_bar",
    ),
    "orders of no known type": (
        {"on_bar": once(lambda s, e: s.submit_order("MARKET", bs.OrderSide.BUY, 1))},
        InvalidParameterError,
        "BarProcessed",
        "on_bar",
    ),
    "orders no number": ({"on_bar": once(lambda s, e: buy(s, "many"))}, ValueError, "BarProcessed", "on_bar"),
    "changes the bar": (
        {"on_bar": once(lambda s, e: setattr(e, "close", 0.0))},
        FrozenInstanceError,
        "BarProcessed",
        "on_bar",
    ),
    "changes the indicators": (
        {"on_bar": once(lambda s, e: e.indicators.update(x=1))},
        AttributeError,
        "BarProcessed",
        "on_bar",
    ),
    "adds an indicator late": (
        {"on_bar": once(lambda s, e: s.add_indicator(build_indicator("SMA")))},
        InvalidParameterError,
        "BarProcessed",
        "on_bar",
    ),
}


class _Failing(bs.Indicator):
    def compute(self, bars):
        return 1 / 0


@pytest.mark.parametrize(("members", "kind", "where", "function"), FAILING_STRATEGIES.values(), ids=FAILING_STRATEGIES)
def test_a_strategy_that_fails_fails_its_run_by_name(ws, alone, members, kind, where, function):
    """Its run is failed where it stood, with the traceback and without rows; other runs are as if made alone."""
    strategy("Bad", **members)
    job = backtest(ws, "Bad")
    beside = siblings(ws)
    with pytest.raises(StrategyError, match=f"{where}.*{kind.__name__}"):
        job.result(PATIENCE_S)
    assert job.snapshot.status is JobStatus.FAILED
    assert_nothing_kept(ws, job.run_id, "failed")
    assert kind.__name__ in ws.run(job.run_id).record.metadata["traceback"]
    assert_told(ws, job, kind, place_of(kind, function))
    assert beside == siblings(ws) == alone


def test_a_strategy_that_interrupts_its_program_is_cancelled(ws, alone):
    """Ctrl-C in the middle of a bar leaves a cancelled run and nothing of it."""
    strategy("Bad", on_bar=once(lambda self, event: raise_(KeyboardInterrupt())))
    job = backtest(ws, "Bad")
    with pytest.raises(JobError, match="KeyboardInterrupt"):
        job.result(PATIENCE_S)
    assert_nothing_kept(ws, job.run_id, "cancelled")
    assert siblings(ws) == alone


REJECTED_ORDERS = {
    "nothing": lambda self, event: buy(self, 0),
    "less than nothing": lambda self, event: buy(self, -5),
    "NaN": lambda self, event: buy(self, float("nan")),
    "infinitely many": lambda self, event: buy(self, float("inf")),
    "at no price": lambda self, event: self.submit_order(bs.OrderType.LIMIT, bs.OrderSide.BUY, 1),
    "below zero": lambda self, event: self.submit_order(bs.OrderType.STOP, bs.OrderSide.SELL, 1, stop_price=-1.0),
    "another symbol": lambda self, event: buy(self, symbol="NOPE"),
}


@pytest.mark.parametrize("act", REJECTED_ORDERS.values(), ids=REJECTED_ORDERS)
def test_a_senseless_order_is_rejected_and_the_run_goes_on(ws, act):
    """The broker says why, in the record; the run is completed."""
    strategy("Odd", on_bar=once(act))
    run = backtest(ws, "Odd").result(PATIENCE_S)
    assert (run.status, len(run.fills())) == ("completed", 0)
    reasons = ws.runs_store.database.rows(
        "SELECT rejection_message FROM orders_rejected WHERE run_id = ?", (run.run_id,)
    )
    assert len(reasons) == 1
    assert reasons[0][0]


def test_parameters_that_cannot_be_checked_are_refused(ws):
    """What `check_parameters` raises is an error that names the strategy, before anything is queued or written."""

    def check_parameters(cls, values):
        raise ZeroDivisionError("no")

    strategy("Bad", check_parameters=classmethod(check_parameters))
    with pytest.raises(InvalidParameterError, match=r"Bad.*ZeroDivisionError: no"):
        backtest(ws, "Bad")
    assert ws.runs_store.list_runs() == ()


def test_a_strategy_that_meddles_changes_no_other_run(ws, alone, meet, tmp_path, monkeypatch):
    """The folder, the seeds and the state of numpy that it leaves behind touch no run beside it or after it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()

    def meddle(self, event):
        os.chdir(tmp_path / "elsewhere")
        random.seed(3)
        np.random.seed(3)  # noqa: NPY002  # that is the point
        np.seterr(all="raise")
        self.bus.publish(event)  # once more, out of turn
        meet()

    strategy("Odd", on_bar=once(meddle))
    job = backtest(ws, "Odd")
    assert meet.reached.wait(PATIENCE_S)
    assert siblings(ws) == alone
    meet.go_on.set()
    assert ws.runs_store.verify(job.result(PATIENCE_S).run_id)
    assert siblings(ws) == alone
    assert not list((tmp_path / "elsewhere").iterdir())


def fails_by_number(self, event):
    """Does what its parameter says: trades, fails in some way, or meddles."""
    if self.n == 4:
        np.seterr(all="raise")
        random.seed(4)
    kind = {2: KeyError, 3: SystemExit, 5: UnheardError, 6: UnspeakableError, 7: MemoryError}.get(self.n)
    if self.n == 9:
        own_cause()
    if kind is not None:
        raise kind("boom")
    if event.close > event.open and not self.position:
        buy(self, self.n)


def test_children_of_a_sweep_that_fail_leave_the_others_alone(ws):
    """Found here: one failing child ended the sweep. Each says what it raised; the others are as without it."""
    strategy("Mixed", on_bar=fails_by_number, parameters={"n": bs.ParamSpec(1, min=1, max=9)})
    asked = {"strategy": "Mixed", "sampling": "grid", **CHOICE}
    swept = [
        ws.sweep(bs.SweepRequest(parameters={"n": numbers}, **asked), executor="threads").result(PATIENCE_S)
        for numbers in ([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 4, 8])
    ]
    mixed, clean = (run.sweep.children.drop("combination").sort("symbol", "param:n") for run in swept)
    assert mixed.filter(pl.col("state") == "done").equals(clean)
    failed = mixed.filter(pl.col("state") == "failed")
    words = [error.partition(":")[0] for error in failed["error"]]
    assert words == ["KeyError", "SystemExit", "UnheardError", "UnspeakableError", "MemoryError", "LookupError"] * 2
    assert ws.run(swept[0].run_id).status == "completed"


# ---- code that does not hear a cancel


def busy(meet):
    """Turns in circles."""
    meet.reached.set()
    while not meet.go_on.is_set():
        pass


def deaf(meet):
    """Takes every exception for its own."""
    while not meet.go_on.is_set():
        try:
            meet.reached.set()
            meet.go_on.wait(0.01)
            raise KeyError("ignored")
        except BaseException:  # noqa: BLE001, S112  # that is the point
            continue


def long_call(meet):
    """Is in a library, where Python sees and hears nothing."""
    meet.reached.set()
    while not meet.go_on.is_set():
        hashlib.pbkdf2_hmac("sha256", b"x", b"y", 100_000)


def left_behind(meet):
    """Leaves a thread that goes on after it."""
    threading.Thread(target=busy, args=(meet,), daemon=True).start()
    meet()


@pytest.mark.parametrize("work", [busy, deaf, long_call, left_behind])
@pytest.mark.parametrize("of", ["indicator", "strategy"])
def test_code_that_ignores_a_cancel_is_cancelled_once_it_ends(ws, alone, meet, of, work):
    """Until then the job says cancelling and other runs go on; then it says cancelled, and nothing of it is kept."""
    if of == "indicator":
        indicator("Deaf", lambda _self, bars: work(meet) or bars.close)
        job = explore(ws, "Deaf")
    else:
        strategy("Deaf", on_bar=once(lambda _self, event: work(meet)))
        job = backtest(ws, "Deaf")
    assert meet.reached.wait(PATIENCE_S)
    assert job.cancel()
    assert job.snapshot.status is JobStatus.CANCELLING
    assert siblings(ws) == alone
    assert job.snapshot.status is JobStatus.CANCELLING
    meet.go_on.set()
    with pytest.raises(JobCancelledError):
        job.result(PATIENCE_S)
    assert job.snapshot.history[-2:] == (JobStatus.CANCELLING, JobStatus.CANCELLED)
    assert_nothing_kept(ws, job.run_id, "cancelled")
    assert siblings(ws) == alone
