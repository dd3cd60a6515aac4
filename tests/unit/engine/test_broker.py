"""The simulated broker, played through whole runs."""

import math
from uuid import UUID

import pytest

from barscope.domain import events
from barscope.domain.orders import ActionType, OrderSide, OrderType, RejectionReason
from barscope.domain.periods import BarPeriod
from barscope.engine.configuration import configured
from barscope.engine.simulated_broker import SimulatedBroker
from barscope.errors import InvalidParameterError

BUY, SELL = OrderSide.BUY, OrderSide.SELL
MARKET, STOP, STOP_LIMIT, LIMIT = OrderType.MARKET, OrderType.STOP, OrderType.STOP_LIMIT, OrderType.LIMIT
QUIET = (100, 101, 99, 100)


def once(*args, at=0, **kwargs):
    """Acts: submit one order on the bar `at`."""

    def act(strategy, bar, n):
        if n == at:
            strategy.submit_order(*args, **kwargs)

    return act


@pytest.mark.parametrize(
    ("order", "bar", "fill"),
    [
        ((STOP, BUY, 1, None, 105), (100, 107, 99, 106), (1, 1, 105)),
        ((LIMIT, BUY, 1, 99.5), (100, 107, 99, 106), (1, 1, 99.5)),
        ((LIMIT, BUY, 1, 103), (100, 107, 99, 106), (1, 1, 100)),
        ((STOP, BUY, 1, None, 98), (100, 107, 99, 106), (1, 1, 100)),
        ((STOP_LIMIT, BUY, 1, 106, 105), (100, 107, 99, 106), (1, 1, 105)),
        ((STOP_LIMIT, SELL, 1, 94, 95), (100, 101, 90, 91), (1, -1, 95)),
        ((MARKET, BUY, 1), (100, 107, 99, 106), (1, 1, 100)),
    ],
)
def test_the_vectors_of_the_contract_come_out_of_a_run(engine, order, bar, fill):
    """An order placed on the first bar is filled on the second at the promised price."""
    run = engine.play(engine.strategy_of(once(*order)), engine.bars_of(QUIET, bar))
    assert run.fills == [fill]


def test_an_order_is_never_filled_on_the_bar_it_was_placed_on(engine):
    """A market order on the last bar stays unfilled, one before it fills at the next open."""
    bars = engine.bars_of(QUIET, (103, 105, 102, 104), QUIET)
    run = engine.play(engine.strategy_of(lambda s, bar, n: s.submit_order(MARKET, BUY, 1)), bars)
    assert run.fills == [(1, 1, 103), (2, 1, 100)]


def test_a_bar_serves_market_stop_stop_limit_limit_and_then_submission_order(engine):
    """The type decides first, then who came first."""

    def act(s, bar, n):
        if n == 0:
            s.submit_order(LIMIT, BUY, 1, 100)
            s.submit_order(STOP_LIMIT, BUY, 2, 102, 100)
            s.submit_order(STOP, BUY, 3, None, 100)
            s.submit_order(MARKET, BUY, 4)
            s.submit_order(MARKET, BUY, 5)

    run = engine.play(engine.strategy_of(act), engine.bars_of(QUIET, QUIET))
    assert [quantity for _, quantity, _ in run.fills] == [4, 5, 3, 2, 1]


def test_a_resting_order_waits_for_its_price(engine):
    """A limit is filled on the first bar that reaches it, and once."""
    bars = engine.bars_of(QUIET, QUIET, (100, 101, 96, 97), (97, 98, 95, 96))
    run = engine.play(engine.strategy_of(once(LIMIT, BUY, 1, 97)), bars)
    assert run.fills == [(2, 1, 97)]


def test_a_triggered_stop_limit_stays_as_a_limit(engine):
    """Triggered over its limit on one bar, filled at the limit on the next."""
    bars = engine.bars_of(QUIET, (108, 109, 107, 108), (107, 107, 105, 106))
    run = engine.play(engine.strategy_of(once(STOP_LIMIT, BUY, 1, 106, 105)), bars)
    assert run.fills == [(2, 1, 106)]


@pytest.mark.parametrize(
    ("order", "reason", "words"),
    [
        ((MARKET, BUY, 0), RejectionReason.INVALID_QUANTITY, "quantity 0"),
        ((MARKET, BUY, -3), RejectionReason.INVALID_QUANTITY, "quantity -3"),
        ((MARKET, BUY, math.nan), RejectionReason.INVALID_QUANTITY, "quantity nan"),
        ((MARKET, BUY, math.inf), RejectionReason.INVALID_QUANTITY, "quantity inf"),
        ((LIMIT, BUY, 1), RejectionReason.MISSING_PRICE, "LIMIT order needs a limit_price"),
        ((STOP, BUY, 1), RejectionReason.MISSING_PRICE, "STOP order needs a stop_price"),
        ((STOP_LIMIT, BUY, 1, 100), RejectionReason.MISSING_PRICE, "STOP_LIMIT order needs a stop_price"),
        ((LIMIT, BUY, 1, 0), RejectionReason.INVALID_PRICE, "limit_price 0"),
        ((LIMIT, BUY, 1, -1), RejectionReason.INVALID_PRICE, "limit_price -1"),
        ((STOP, SELL, 1, None, math.nan), RejectionReason.INVALID_PRICE, "stop_price nan"),
    ],
)
def test_an_impossible_order_is_rejected_with_its_reason(engine, order, reason, words):
    """The rejection is an event with a typed reason and a message that says which value; nothing is filled."""
    run = engine.play(engine.strategy_of(once(*order)), engine.bars_of(QUIET, QUIET))
    (rejection,) = run.of(events.OrderRejected)
    assert rejection.rejection_reason is reason
    assert words in rejection.rejection_message
    assert run.fills == []
    assert run.of(events.OrderAccepted) == []


def test_an_order_in_a_symbol_that_is_not_in_the_run_is_rejected(engine):
    """The message names the symbols there are."""
    run = engine.play(engine.strategy_of(once(MARKET, BUY, 1, symbol="B")), engine.bars_of(QUIET, QUIET))
    (rejection,) = run.of(events.OrderRejected)
    assert rejection.rejection_reason is RejectionReason.UNKNOWN_SYMBOL
    assert rejection.rejection_message == "B is not in the run: it has A"


def test_a_cancelled_order_is_not_filled(engine):
    """Cancelling is accepted once, and rejected when there is nothing left to cancel."""

    def act(s, bar, n):
        if n == 0:
            s.order = s.submit_order(LIMIT, BUY, 1, 99)
        if n in (1, 2):
            s.submit_cancellation(s.order)

    bars = engine.bars_of(QUIET, (101, 102, 100, 101), (101, 102, 100, 101), (98, 99, 97, 98))
    run = engine.play(engine.strategy_of(act), bars)
    assert run.fills == []
    assert len(run.of(events.CancellationAccepted)) == 1
    (rejection,) = run.of(events.CancellationRejected)
    assert rejection.rejection_reason is RejectionReason.ORDER_CLOSED
    assert "cancelled" in rejection.rejection_message


def test_a_filled_or_unknown_order_can_be_neither_cancelled_nor_modified(engine):
    """Each refusal says which of the two it is."""

    def act(s, bar, n):
        if n == 0:
            s.order = s.submit_order(MARKET, BUY, 1)
        if n == 1:
            for order in (s.order, UUID(int=7)):
                s.submit_cancellation(order)
                s.submit_modification(order, quantity=2)

    run = engine.play(engine.strategy_of(act), engine.bars_of(QUIET, QUIET))
    expected = [RejectionReason.ORDER_CLOSED, RejectionReason.UNKNOWN_ORDER]
    assert [e.rejection_reason for e in run.of(events.CancellationRejected)] == expected
    assert [e.rejection_reason for e in run.of(events.ModificationRejected)] == expected
    assert "was filled" in run.of(events.ModificationRejected)[0].rejection_message


def test_a_modified_order_works_with_its_new_values(engine):
    """Quantity and price change from the next bar on."""

    def act(s, bar, n):
        if n == 0:
            s.order = s.submit_order(LIMIT, BUY, 1, 90)
        if n == 1:
            s.submit_modification(s.order, quantity=3, limit_price=99)
        s.seen = s.working_orders_in("A")
        if n == 2:
            assert s.seen == {}

    run = engine.play(engine.strategy_of(act), engine.bars_of(QUIET, QUIET, QUIET))
    assert run.fills == [(2, 3, 99)]
    assert len(run.of(events.ModificationAccepted)) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"quantity": 0}, RejectionReason.INVALID_QUANTITY),
        ({"quantity": math.nan}, RejectionReason.INVALID_QUANTITY),
        ({"limit_price": -1}, RejectionReason.INVALID_PRICE),
        ({"stop_price": 90}, RejectionReason.INVALID_PRICE),
    ],
)
def test_an_impossible_modification_leaves_the_order_as_it_was(engine, change, reason):
    """The order is filled with the values it had."""

    def act(s, bar, n):
        if n == 0:
            s.order = s.submit_order(LIMIT, BUY, 1, 95)
        if n == 1:
            s.submit_modification(s.order, **change)

    run = engine.play(engine.strategy_of(act), engine.bars_of(QUIET, QUIET, (96, 97, 94, 95)))
    (rejection,) = run.of(events.ModificationRejected)
    assert rejection.rejection_reason is reason
    assert run.fills == [(2, 1, 95)]


def test_an_order_expires_before_the_first_bar_that_opens_at_its_time(engine):
    """Good till the open of bar 2: bar 1 may fill it, bar 2 may not."""
    till = 2 * BarPeriod.DAY.length_ns
    bars = engine.bars_of(QUIET, QUIET, (98, 99, 90, 95))
    run = engine.play(engine.strategy_of(once(LIMIT, BUY, 1, 95, good_till_ns=till)), bars)
    (expired,) = run.of(events.OrderExpired)
    assert (expired.ts_event_ns, expired.symbol) == (till, "A")
    assert run.fills == []
    in_time = engine.play(
        engine.strategy_of(once(LIMIT, BUY, 1, 99, good_till_ns=till)), engine.bars_of(QUIET, QUIET, QUIET)
    )
    assert in_time.fills == [(1, 1, 99)]
    assert in_time.of(events.OrderExpired) == []


def test_commission_is_charged_per_order_over_all_its_fills(engine):
    """A minimum is paid once, however many fills it took."""
    bars = engine.bars_of(QUIET, QUIET, QUIET, volume=100)
    run = engine.play(
        engine.strategy_of(once(MARKET, BUY, 15)),
        bars,
        commission_per_unit=0.1,
        minimum_commission_per_order=1.2,
        max_participation_pct=10,
    )
    assert [quantity for _, quantity, _ in run.fills] == [10, 5]
    assert [fill.commission for fill in run.result.fills] == pytest.approx([1.2, 0.3])


def test_participation_is_shared_by_all_orders_of_a_bar(engine):
    """Ten percent of 100 units serve the first order and what is left the second; the rest waits."""

    def act(s, bar, n):
        if n == 0:
            s.submit_order(MARKET, BUY, 7)
            s.submit_order(MARKET, BUY, 7)

    run = engine.play(engine.strategy_of(act), engine.bars_of(*[QUIET] * 3, volume=100), max_participation_pct=10)
    assert run.fills == [(1, 7, 100), (1, 3, 100), (2, 4, 100)]


def test_slippage_is_paid_by_market_and_stop_orders_only(engine):
    """A limit is a limit."""

    def act(s, bar, n):
        if n == 0:
            s.submit_order(MARKET, BUY, 1)
            s.submit_order(STOP, BUY, 1, None, 101)
            s.submit_order(LIMIT, BUY, 1, 99)

    run = engine.play(engine.strategy_of(act), engine.bars_of(QUIET, QUIET), slippage_bps=100)
    assert [price for *_, price in run.fills] == pytest.approx([101, 102.01, 99])


def test_without_the_check_anything_can_be_bought(engine):
    """Buying power is off by default."""
    run = engine.play(engine.strategy_of(once(MARKET, BUY, 1e6)), engine.bars_of(QUIET, QUIET), starting_cash=1)
    assert len(run.fills) == 1


def test_buying_power_refuses_what_cannot_be_paid_for(engine):
    """1,000 buys 9 at 100 but not 11, short as well as long; what reduces a position is always allowed."""

    def act(s, bar, n):
        if n == 0:
            s.submit_order(MARKET, BUY, 11)
            s.submit_order(MARKET, SELL, 11)
            s.submit_order(MARKET, BUY, 9)
        if n == 1:
            s.submit_order(MARKET, SELL, 9)

    bars = engine.bars_of(QUIET, QUIET, QUIET)
    run = engine.play(engine.strategy_of(act), bars, starting_cash=1000, buying_power_check=True)
    assert run.fills == [(1, 9, 100), (2, -9, 100)]
    reasons = {e.rejection_reason for e in run.of(events.OrderRejected)}
    assert reasons == {RejectionReason.INSUFFICIENT_BUYING_POWER}
    assert "needs 1,100.00 of 1,000.00" in run.of(events.OrderRejected)[0].rejection_message
    assert len(run.of(events.OrderRejected)) == 2


def test_a_gap_beyond_the_buying_power_gives_the_order_up(engine):
    """Affordable at the close it was placed on, not at the open it would fill at: rejected late, never in debt."""
    bars = engine.bars_of(QUIET, (150, 151, 149, 150), QUIET)
    run = engine.play(engine.strategy_of(once(MARKET, BUY, 9)), bars, starting_cash=1000, buying_power_check=True)
    assert run.fills == []
    assert len(run.of(events.OrderAccepted)) == len(run.of(events.OrderRejected)) == 1


def test_leverage_multiplies_the_buying_power(engine):
    """Twice the equity may be held."""
    run = engine.play(
        engine.strategy_of(once(MARKET, BUY, 19)),
        engine.bars_of(QUIET, QUIET),
        starting_cash=1000,
        buying_power_check=True,
        leverage=2,
    )
    assert run.fills == [(1, 19, 100)]


@pytest.mark.parametrize(
    "settings",
    [
        {"commission_per_unit": -1},
        {"slippage_bps": math.nan},
        {"starting_cash": "1000"},
        {"max_participation_pct": 0},
        {"max_participation_pct": 101},
        {"max_participation_pct": "10"},
        {"buying_power_check": "no"},
        {"currencies": "USD"},
        {"currencies": {"A": 1}},
    ],
)
def test_impossible_settings_are_refused_before_the_run(engine, settings):
    """The message names the setting."""
    with pytest.raises(InvalidParameterError, match=next(iter(settings))):
        engine.play(engine.strategy_of(lambda s, bar, n: None), engine.bars_of(QUIET), **settings)


def test_a_setting_may_have_the_name_of_an_argument():
    """From JSON any name may come: it is refused like every other."""
    with pytest.raises(InvalidParameterError, match="SimulatedBroker has no setting cls"):
        configured(SimulatedBroker, cls=1)


def test_a_setting_that_is_not_there_is_refused_with_the_nearest(engine):
    """A slip of the pen does not run with the default."""
    with pytest.raises(
        InvalidParameterError, match="SimulatedBroker has no setting slipage_bps: did you mean slippage_bps"
    ):
        engine.play(engine.strategy_of(lambda s, bar, n: None), engine.bars_of(QUIET), slipage_bps=1)


class TestBrackets:
    """An entry with a stop loss and a target."""

    @staticmethod
    def bracket(*args, **kwargs):
        """Acts: submit a bracket on the first bar."""

        def act(strategy, bar, n):
            if n == 0:
                strategy.submit_bracket(*args, **kwargs)

        return act

    def test_the_target_cancels_the_stop(self, engine):
        """The exit that fills is the only one."""
        bars = engine.bars_of(QUIET, QUIET, (100, 111, 100, 110), (110, 110, 80, 80))
        run = engine.play(engine.strategy_of(self.bracket(BUY, 2, 95, 110)), bars)
        assert run.fills == [(1, 2, 100), (2, -2, 110)]
        (cancelled,) = run.of(events.CancellationAccepted)
        stop = next(o for o in run.result.orders if o.action is ActionType.STOP_LOSS_LONG)
        assert cancelled.associated_order_id == stop.system_order_id
        assert run.result.assumptions == ()

    def test_the_stop_cancels_the_target(self, engine):
        """The same the other way round, for a short."""
        bars = engine.bars_of(QUIET, QUIET, (100, 106, 100, 106), (106, 106, 80, 80))
        run = engine.play(engine.strategy_of(self.bracket(SELL, 2, 105, 90)), bars)
        assert run.fills == [(1, -2, 100), (2, 2, 105)]

    def test_both_exits_touched_on_one_bar_means_the_worse_and_the_run_says_so(self, engine):
        """The stop is assumed to have come first."""
        bars = engine.bars_of(QUIET, QUIET, (100, 111, 94, 100))
        run = engine.play(engine.strategy_of(self.bracket(BUY, 1, 95, 110)), bars)
        assert run.fills == [(1, 1, 100), (2, -1, 95)]
        (assumption,) = run.result.assumptions
        assert assumption.symbol == "A"
        assert assumption.ts_event_ns == 2 * BarPeriod.DAY.length_ns
        assert "both exits touched on one bar" in assumption.text

    def test_of_two_touched_orders_of_one_type_the_worse_is_filled(self, engine):
        """Whichever was submitted first; the other is cancelled, and the run says so."""
        group = UUID(int=1)
        for prices in ((110, 105), (105, 110)):

            def act(s, bar, n, prices=prices):
                if n == 0:
                    s.submit_order(MARKET, BUY, 1)
                    for price in prices:
                        s.submit_order(LIMIT, SELL, 1, price, oco_group=group)

            run = engine.play(engine.strategy_of(act), engine.bars_of(QUIET, QUIET, (100, 111, 99, 110)))
            assert run.fills == [(1, 1, 100), (2, -1, 105)]
            assert len(run.of(events.CancellationAccepted)) == len(run.result.assumptions) == 1

    def test_exits_work_on_the_bar_of_an_entry_at_its_open(self, engine):
        """All of that bar is still to come."""
        run = engine.play(engine.strategy_of(self.bracket(BUY, 1, 95, 110)), engine.bars_of(QUIET, (100, 111, 99, 111)))
        assert run.fills == [(1, 1, 100), (1, -1, 110)]

    def test_after_an_entry_inside_a_bar_only_the_stop_counts_on_it(self, engine):
        """The high may be from before the entry, so the target waits; the low may be from after, so the stop fills."""
        enter = {"order_type": LIMIT, "limit_price": 98}
        target = engine.bars_of(QUIET, (100, 111, 97, 105), (105, 112, 105, 110))
        run = engine.play(engine.strategy_of(self.bracket(BUY, 1, 90, 110, **enter)), target)
        assert run.fills == [(1, 1, 98), (2, -1, 110)]
        stop = engine.bars_of(QUIET, (100, 111, 89, 105))
        run = engine.play(engine.strategy_of(self.bracket(BUY, 1, 90, 110, **enter)), stop)
        assert run.fills == [(1, 1, 98), (1, -1, 90)]
        assert "entry and stop loss on one bar" in run.result.assumptions[0].text

    def test_a_stop_limit_exit_touched_on_the_bar_of_its_entry_is_a_limit_afterwards(self, engine):
        """Its limit was out of reach on that bar; the next one offers it without touching the stop again."""

        def act(s, bar, n):
            if n == 0:
                entry = s.submit_order(MARKET, BUY, 1)
                s.submit_order(STOP_LIMIT, SELL, 1, 98, 95, parent=entry)

        bars = engine.bars_of(QUIET, (97, 97.5, 94, 94.5), (96, 99, 95.5, 98.5))
        assert engine.play(engine.strategy_of(act), bars).fills == [(1, 1, 97), (2, -1, 98)]

    def test_exits_do_not_work_before_the_entry(self, engine):
        """A stop price that is touched while the entry still rests closes nothing."""
        bars = engine.bars_of(QUIET, (100, 100, 89, 100), (100, 106, 100, 106), (106, 106, 100, 101))
        run = engine.play(engine.strategy_of(self.bracket(BUY, 1, 90, 120, order_type=STOP, stop_price=105)), bars)
        assert run.fills == [(2, 1, 105)]

    def test_exits_go_with_an_entry_that_never_filled(self, engine):
        """When the entry expires its exits are cancelled."""
        till = 2 * BarPeriod.DAY.length_ns
        bars = engine.bars_of(QUIET, QUIET, QUIET)
        run = engine.play(
            engine.strategy_of(self.bracket(BUY, 1, 80, 120, order_type=LIMIT, limit_price=85, good_till_ns=till)),
            bars,
        )
        assert run.fills == []
        assert len(run.of(events.OrderExpired)) == 1
        assert len(run.of(events.CancellationAccepted)) == 2

    def test_partial_entries_and_exits_always_add_up(self, engine):
        """With 4 units a bar, entry and exits of 10 fill piece by piece and end flat, never beyond."""
        bars = engine.bars_of(*[QUIET] * 4, *[(111, 112, 110, 111)] * 4, volume=40)
        run = engine.play(engine.strategy_of(self.bracket(BUY, 10, 90, 110)), bars, max_participation_pct=10)
        quantities = [quantity for _, quantity, _ in run.fills]
        assert quantities == [4, 4, 2, -4, -4, -2]
        assert run.result.positions == {}
        assert len(run.of(events.CancellationAccepted)) == 1

    def test_r_is_the_profit_in_units_of_the_risk(self, engine):
        """In at 100 with a stop at 95, out at 110: 2 R."""
        bars = engine.bars_of(QUIET, QUIET, (100, 111, 100, 110))
        run = engine.play(engine.strategy_of(self.bracket(BUY, 3, 95, 110)), bars)
        assert run.result.round_trips[0].r == pytest.approx(2)


def test_orders_of_one_group_cancel_each_other(engine):
    """Two entries, above and below: the one that fills takes the other away."""

    def act(s, bar, n):
        if n == 0:
            group = UUID(int=1)
            s.submit_order(STOP, BUY, 1, None, 105, oco_group=group)
            s.submit_order(STOP, SELL, 1, None, 95, oco_group=group)

    bars = engine.bars_of(QUIET, (100, 106, 100, 106), (106, 106, 90, 90))
    assert engine.play(engine.strategy_of(act), bars).fills == [(1, 1, 105)]


def test_symbols_in_two_currencies_are_refused(engine):
    """One run has one account and one currency."""
    strategy = engine.strategy_of(lambda s, bar, n: None, symbols=["A", "B"])
    bars = engine.bars_of(QUIET)
    with pytest.raises(InvalidParameterError, match="symbols in EUR and USD: a run has one currency"):
        engine.play(strategy, {"A": bars, "B": bars}, currencies={"A": "USD", "B": "EUR"})


def test_buying_power_does_not_know_the_close_of_the_bar_it_fills_on(engine):
    """5 units held and 500 in cash are 1,005 at the open of 101, too little for 10; the rise to 200 comes later."""

    def act(s, bar, n):
        s.submit_order(MARKET, BUY, 5)

    bars = engine.bars_of(QUIET, QUIET, (101, 201, 100, 200))
    run = engine.play(engine.strategy_of(act), bars, starting_cash=1000, buying_power_check=True)
    assert run.fills == [(1, 5, 100)]
