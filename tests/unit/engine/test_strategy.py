"""What a strategy sees, and what it can do."""

import dataclasses
import math
import operator
from typing import ClassVar

import numpy as np
import pytest

from barscope.domain import events
from barscope.domain.orders import OrderSide, OrderType
from barscope.domain.parameters import ParamSpec
from barscope.engine import registry
from barscope.engine.configuration import configured
from barscope.engine.simulated_broker import SimulatedBroker
from barscope.engine.strategies import BuyAndHold, DonchianBreakout, RSIMeanReversion, SMACrossover
from barscope.engine.strategy import Strategy
from barscope.errors import InvalidParameterError, StrategyError, UnknownStrategyError
from barscope.indicators import SimpleMovingAverage

MARKET, BUY, SELL = OrderType.MARKET, OrderSide.BUY, OrderSide.SELL
QUIET = (100, 101, 99, 100)
RISE = [(p, p + 1, p - 1, p) for p in (100, 101, 102, 103, 104)]


def test_indicators_are_revealed_bar_by_bar(engine):
    """At each bar the latest value is that bar's; what is not there yet, or never, is NaN."""
    seen = []

    class _Looker(Strategy):
        symbols = ("A",)

        def setup(self):
            self.mean = self.add_indicator(SimpleMovingAverage(2))

        def on_bar(self, event):
            mean = self.mean
            seen.append((mean.latest("A"), mean["A", -1], mean["A", -2], mean["A", -9], mean["A", 1], mean["A", 4]))

    engine.play(_Looker, engine.bars_of(*RISE))
    nan = math.nan
    np.testing.assert_equal(
        seen,
        [
            (nan, nan, nan, nan, nan, nan),
            (100.5, 100.5, nan, nan, 100.5, nan),
            (101.5, 101.5, 100.5, nan, 100.5, nan),
            (102.5, 102.5, 101.5, nan, 100.5, nan),
            (103.5, 103.5, 102.5, nan, 100.5, 103.5),
        ],
    )


def test_indicators_come_before_bar_processed_and_that_before_on_bar(engine):
    """The event that on_bar gets carries the very value the series shows."""

    class _Looker(Strategy):
        symbols = ("A",)

        def setup(self):
            self.mean = self.add_indicator(SimpleMovingAverage(2))

        def on_bar(self, event):
            np.testing.assert_equal(event.indicators["SMA_2_CLOSE"], self.mean.latest("A"))

    run = engine.play(_Looker, engine.bars_of(*RISE))
    kinds = [type(event).__name__ for event in run.log]
    assert kinds == ["BarReceived", "BarProcessed"] * 5


def test_several_strategies_share_one_row_per_bar(engine):
    """The bar is processed once, with the series of all; equal indicators are computed once."""

    class _One(Strategy):
        symbols = ("A",)

        def setup(self):
            self.add_indicator(SimpleMovingAverage(2))

        def on_bar(self, event):
            pass

    class _Two(_One):
        def setup(self):
            super().setup()
            self.add_indicator(SimpleMovingAverage(3))

    run = engine.play([configured(_One, name="One"), configured(_Two, name="Two")], engine.bars_of(*RISE))
    processed = run.of(events.BarProcessed)
    assert len(processed) == 5
    assert set(processed[0].indicators) == {"SMA_2_CLOSE", "SMA_3_CLOSE"}


def test_two_different_indicators_of_one_name_are_refused(engine):
    """One series would hide the other."""

    class _First(SimpleMovingAverage):
        """Named like its parent."""

    class _Clash(Strategy):
        symbols = ("A",)

        def setup(self):
            self.add_indicator(SimpleMovingAverage(2))
            self.add_indicator(_First(2))

        def on_bar(self, event):
            pass

    with pytest.raises(StrategyError, match="two different indicators give a series SMA_2_CLOSE"):
        engine.play(_Clash, engine.bars_of(*RISE))


def test_a_fill_reaches_only_the_strategy_that_owns_the_order(engine):
    """Two strategies on one symbol: each has the position of its own fills."""
    seen = {}

    def buyer(s, bar, n):
        if n == 0:
            s.submit_order(MARKET, BUY, 3)
        seen["buyer"] = (s.position, s.avg_price)

    def idle(s, bar, n):
        seen["idle"] = (s.position, s.avg_price)

    fills = []
    quiet = engine.strategy_of(idle, name="Idle")
    quiet.on_fill = lambda self, event: fills.append(event)
    engine.play([engine.strategy_of(buyer, name="Buyer"), quiet], engine.bars_of(QUIET, QUIET))
    assert seen == {"buyer": (3, 100), "idle": (0, 0)}
    assert fills == []


def test_a_strategy_cannot_touch_the_order_of_another(engine):
    """To everybody else the order is unknown."""
    shared = {}

    def owner(s, bar, n):
        if n == 0:
            shared["order"] = s.submit_order(OrderType.LIMIT, BUY, 1, 99)

    def thief(s, bar, n):
        if n == 0:
            s.submit_cancellation(shared["order"])

    run = engine.play(
        [engine.strategy_of(owner, name="Owner"), engine.strategy_of(thief, name="Thief")],
        engine.bars_of(QUIET, QUIET),
    )
    assert len(run.of(events.CancellationRejected)) == 1
    assert run.fills == [(1, 1, 99)]


def test_the_position_is_up_to_date_when_the_strategy_sees_the_bar_of_its_fill(engine):
    """The broker matches first."""
    positions = []

    def act(s, bar, n):
        positions.append(s.position)
        if n == 0:
            s.submit_order(MARKET, BUY, 5)
        if n == 1:
            s.submit_order(MARKET, SELL, 8)

    engine.play(engine.strategy_of(act), engine.bars_of(QUIET, QUIET, QUIET))
    assert positions == [0, 5, -3]


def test_working_orders_are_those_that_can_still_fill(engine):
    """Submitted, partly filled, rejected, modified and cancelled orders are told apart."""
    seen = []

    def act(s, bar, n):
        seen.append(sorted(s.working_orders_in("A").values()))
        if n == 0:
            s.submit_order(MARKET, BUY, 15)
            s.submit_order(MARKET, BUY, -1)
            s.limit = s.submit_order(OrderType.LIMIT, BUY, 2, 50)
        if n == 1:
            s.submit_modification(s.limit, quantity=4)
        if n == 2:
            s.submit_cancellation(s.limit)

    engine.play(engine.strategy_of(act), engine.bars_of(*[QUIET] * 4, volume=100), max_participation_pct=10)
    assert seen == [[], [2, 5], [4], []]


def test_order_updates_reach_the_strategy(engine):
    """on_order hears of acceptance and rejection, on_fill of the fill, which the position includes already."""
    heard = []

    class _Listener(Strategy):
        symbols = ("A",)

        def on_bar(self, event):
            if event.ts_event_ns == 0:
                self.submit_order(MARKET, BUY, 1)
                self.submit_order(MARKET, BUY, 0)

        def on_order(self, event):
            heard.append(type(event).__name__)

        def on_fill(self, event):
            heard.append(self.position)

    engine.play(_Listener, engine.bars_of(QUIET, QUIET))
    assert heard == ["OrderAccepted", "OrderRejected", 1]


@pytest.mark.parametrize(
    "change", [lambda event: setattr(event, "close", 1.0), lambda event: operator.setitem(event.indicators, "x", 1.0)]
)
def test_a_strategy_cannot_change_a_bar(engine, change):
    """The bars are the same for everyone: an attempt fails the run at that bar."""
    with pytest.raises(StrategyError, match=r"run .* failed at A 1970-01-01T00:00:00Z") as caught:
        engine.play(engine.strategy_of(lambda s, bar, n: change(bar)), engine.bars_of(QUIET))
    assert isinstance(caught.value.__cause__, dataclasses.FrozenInstanceError | TypeError)


def test_orders_need_enumerations_and_a_bar(engine):
    """A text for an order type, or an order in setup, fails with what to do."""
    with pytest.raises(StrategyError, match=r"order_type is 'MARKET': use one of OrderType\.MARKET"):
        engine.play(engine.strategy_of(lambda s, bar, n: s.submit_order("MARKET", BUY, 1)), engine.bars_of(QUIET))

    class _Hasty(Strategy):
        symbols = ("A",)

        def setup(self):
            self.submit_order(MARKET, BUY, 1)

        def on_bar(self, event):
            pass

    with pytest.raises(StrategyError, match="cannot place an order in setup"):
        engine.play(_Hasty, engine.bars_of(QUIET))


class TestConfiguration:
    """Classes and their configured subclasses."""

    def test_a_configured_class_is_an_unregistered_subclass(self):
        """Its name begins with an underscore, and it answers to the name of its parent."""
        cls = configured(SMACrossover, fast_period=10, symbols=["A"])
        assert issubclass(cls, SMACrossover)
        assert (cls.__name__, cls.name, cls.fast_period) == ("_SMACrossover", "SMACrossover", 10)
        assert registry.strategy_class("SMACrossover") is SMACrossover

    def test_a_plain_subclass_made_with_type_is_configured_too(self):
        """The contract's own way."""
        cls = type("_SMACrossover", (SMACrossover,), {"slow_period": 50})
        assert cls.parameter_values() == {"fast_period": 20, "slow_period": 50, "quantity": 1.0}

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"fast_period": 4}, "fast_period is 4: it must be a whole number from 5 to 100"),
            ({"slow_period": 501}, "slow_period is 501: it must be a whole number from 10 to 500"),
            ({"fast_period": 50, "slow_period": 50}, "fast_period 50 must be below slow_period 50"),
            ({"quantity": 0}, "quantity is 0"),
        ],
    )
    def test_bounds_are_enforced_before_anything_runs(self, engine, values, words):
        """Also those between two parameters."""
        with pytest.raises(InvalidParameterError, match=words):
            engine.play(configured(SMACrossover, symbols=["A"], **values), engine.bars_of(QUIET))

    def test_an_unknown_parameter_is_refused_with_the_nearest(self):
        """A slip of the pen does not run with the default."""
        with pytest.raises(
            InvalidParameterError, match="SMACrossover has no setting fast_perod: did you mean fast_period"
        ):
            configured(SMACrossover, fast_perod=10)

    def test_parameters_are_attributes_of_the_instance(self, engine):
        """Defaults included."""
        seen = []

        class _Tuned(Strategy):
            symbols = ("A",)
            parameters: ClassVar = {"speed": ParamSpec(1.5), "label": ParamSpec("x")}

            def on_bar(self, event):
                seen.append((self.speed, self.label))

        engine.play(configured(_Tuned, speed=2), engine.bars_of(QUIET))
        assert seen == [(2.0, "x")]

    def test_settings_of_other_parts_are_found_too(self):
        """Broker settings are checked by name."""
        assert configured(SimulatedBroker, starting_cash=5.0).starting_cash == 5.0


class TestRegistry:
    """Strategies by name."""

    def test_the_shipped_strategies_are_there(self):
        """Four to learn from."""
        shipped = {BuyAndHold, DonchianBreakout, RSIMeanReversion, SMACrossover}
        assert shipped <= set(registry.strategies())
        for cls in shipped:
            assert registry.strategy_class(cls.__name__) is cls

    def test_an_unknown_name_is_answered_with_the_nearest(self):
        """The error text of the contract."""
        with pytest.raises(UnknownStrategyError, match=r"^invalid strategy: SMACrossOver2\. Did you mean SMACrossover"):
            registry.strategy_class("SMACrossOver2")

    def test_a_user_class_registers_and_can_be_redefined(self):
        """Running a cell of a notebook twice is no error; taking a shipped name is."""

        def define():
            class NotebookStrategy(Strategy):
                def on_bar(self, event):
                    pass

            return NotebookStrategy

        try:
            define()
            second = define()
            assert registry.strategy_class("NotebookStrategy") is second
            with pytest.raises(InvalidParameterError, match="SMACrossover is already defined"):
                type("SMACrossover", (Strategy,), {"on_bar": lambda self, event: None, "__module__": __name__})
        finally:
            registry.unregister_module(__name__)

    def test_abstract_and_underscored_classes_are_not_registered(self):
        """Only what can run is offered."""

        class HalfDone(Strategy):
            pass

        class _Private(Strategy):
            def on_bar(self, event):
                pass

        names = {cls.__name__ for cls in registry.strategies()}
        assert not names & {"HalfDone", "_Private", "Strategy"}
