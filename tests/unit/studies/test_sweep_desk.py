"""A desk: the bars of a symbol, and indicators that are computed once for all who share them."""

import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from barscope.domain.bars import Bars
from barscope.domain.periods import BarPeriod
from barscope.domain.sampling import Axis, combinations
from barscope.engine.strategies import SMACrossover
from barscope.engine.strategy import Strategy
from barscope.indicators import indicator_class
from barscope.studies.sweep_dask import SentBars
from barscope.studies.sweep_frame import EVENTS, VECTORISED, from_bytes, to_bytes
from barscope.studies.sweep_packing import ReceivedWork
from barscope.studies.sweep_work import SweepDesk, SweepWork, SymbolBars, children_of

MINUTE = BarPeriod.MINUTE


@pytest.fixture
def bars():
    """Three hundred minutes of a random walk."""
    close = 100 + np.random.default_rng(1).normal(size=300).cumsum()
    return Bars(np.arange(1, 301) * MINUTE.length_ns, close, close + 1, close - 1, close, np.full(300, 5))


@pytest.fixture
def desk_of(bars):
    """A function that makes a desk for a class."""

    def make(target, way, **options):
        known = {MINUTE: bars.ts + MINUTE.length_ns}
        return SweepDesk(SweepWork(target, way, MINUTE, {}, {}), SymbolBars("A", {MINUTE: bars}, known), **options)

    return make


PAIRS = combinations([Axis("fast_period", (5, 6, 7)), Axis("slow_period", (20, 30, 40))], "grid", None, 0)
NUMBERS = range(9)


@pytest.mark.parametrize("way", [VECTORISED, EVENTS])
def test_an_indicator_that_combinations_share_is_computed_once(way, desk_of):
    """Nine pairs of three fast and three slow averages need six."""
    desk = desk_of(SMACrossover, way)
    assert children_of(desk, NUMBERS, PAIRS)["state"].to_list() == ["done"] * 9
    assert desk.computed == 6


def test_threads_that_ask_at_once_share_one_computation(desk_of, bars):
    """Four threads, one average."""
    desk, together = desk_of(SMACrossover, VECTORISED), Barrier(4)
    average = indicator_class("SimpleMovingAverage")

    def ask(_number):
        together.wait(10)
        return desk.compute(average(period=5), bars)

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(ask, range(4))
    assert desk.computed == 1
    assert all(found is first for found in others)


def test_what_is_kept_is_bounded(desk_of, bars):
    """Beyond the bytes given the least recently used one goes, and the children stay the same."""
    small = desk_of(SMACrossover, VECTORISED, max_bytes=2 * bars.close.nbytes)
    found = children_of(small, NUMBERS, PAIRS)
    assert small.computed > 6
    assert len(small._kept) <= 2
    assert found.equals(children_of(desk_of(SMACrossover, VECTORISED), NUMBERS, PAIRS))


def test_children_that_were_cancelled_are_left_out(desk_of):
    """Those before are whole."""
    answers = iter([False, False, True])
    found = children_of(desk_of(SMACrossover, VECTORISED), NUMBERS, PAIRS, lambda: next(answers))
    assert found["combination"].to_list() == [0, 1]
    assert found["state"].to_list() == ["done", "done"]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), AssertionError(), MemoryError("much")])
def test_a_child_that_raises_has_its_error_and_no_metrics(error, desk_of):
    """Whatever it raises; the others of the task stand."""

    class _Choosy(SMACrossover):
        def signals(self, symbol, bars):
            if self.fast_period == 6:
                raise error
            return super().signals(symbol, bars)

    found = children_of(desk_of(_Choosy, VECTORISED), NUMBERS, PAIRS)
    failed = found.filter(state="failed")
    assert failed["param:fast_period"].to_list() == [6, 6, 6]
    assert all(text.startswith(f"{type(error).__name__}: {error}") for text in failed["error"])
    assert failed["sharpe"].null_count() == failed["block_sum"].null_count() == 3
    assert len(found.filter(state="done")) == 6


def test_columns_begin_on_whole_words_wherever_in_a_message_they_came(bars, desk_of):
    """A strategy that is played bar by bar reads columns as memory, which it cannot where they begin in between."""

    def shifted(column):
        moved = np.ndarray(column.shape, column.dtype, bytearray(column.nbytes + 1), offset=1)
        moved[:] = column
        return moved

    given = desk_of(SMACrossover, EVENTS).given
    columns = {period: [shifted(column) for column in of_period] for period, of_period in given.columns().items()}
    sent = SentBars(SymbolBars.of_columns("A", columns))
    received = ReceivedWork(desk_of(SMACrossover, EVENTS).work, {})
    desk = sent.desk(received)
    assert all(column.flags.aligned for column in desk.given.columns()[MINUTE])
    assert sent.desk(received) is desk
    assert children_of(desk, NUMBERS, PAIRS).equals(children_of(desk_of(SMACrossover, EVENTS), NUMBERS, PAIRS))
    again = pickle.loads(pickle.dumps(sent))  # noqa: S301  # as Dask does
    np.testing.assert_array_equal(again.desk(received).bars.close, bars.close)
    assert sys.getsizeof(sent) >= 56 * len(bars)


def test_frames_survive_their_bytes(desk_of):
    """Column types, nulls and arrays included."""
    found = children_of(desk_of(SMACrossover, VECTORISED), NUMBERS, PAIRS)
    assert from_bytes(to_bytes(found)).equals(found)
    assert from_bytes(to_bytes(found)).schema == found.schema


def test_parameters_of_every_kind_have_a_column(desk_of):
    """Truth values, texts, whole numbers and others; None of each where nothing was computed."""

    class _Idle(Strategy):
        parameters = SMACrossover.parameters

        def on_bar(self, event):
            pass

    axes = [Axis("a", (True, False)), Axis("b", ("x", "y")), Axis("c", (1, 2)), Axis("d", (1, 2.5))]
    every = combinations(axes, "grid", None, 0)
    found = children_of(desk_of(_Idle, EVENTS), [0], every.take([0]))
    assert found["state"].to_list() == ["failed"]
    assert "no setting a" in found["error"][0]
    assert [str(found.schema[f"param:{name}"]) for name in "abc"] == ["Boolean", "String", "Int64"]
