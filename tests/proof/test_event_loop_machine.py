"""Orders, cancels, changes, expiries and brackets in any order, against an auditor who keeps his own books."""

from collections import defaultdict, deque
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from repeatable_examples import repeatable

from barscope.domain import events
from barscope.domain.bars import Bars
from barscope.domain.orders import OrderSide, OrderType, RejectionReason
from barscope.domain.periods import BarPeriod
from barscope.engine.bus import EventBus
from barscope.engine.clock import SimulatedClock
from barscope.engine.configuration import configured
from barscope.engine.results import BacktestResult
from barscope.engine.series import IndicatorBoard
from barscope.engine.simulated_broker import SimulatedBroker
from barscope.engine.strategy import Strategy

SIZES = [pytest.param(150, 25, id="suite"), pytest.param(2000, 50, id="soak", marks=pytest.mark.soak)]
"""Examples, and steps of each."""

DAY = BarPeriod.DAY.length_ns
SYMBOLS = ("A", "B")
CASH = 100_000.0
NOBODY = UUID(int=0)
FLAT = (10.0, 10.0, 10.0, 10.0)

cents = st.integers(500, 2000).map(lambda c: c / 100)
prices = st.one_of(cents, cents, cents, st.none(), st.just(-1.0))
quantities = st.sampled_from([1.0, 2.0, 3.5, 10.0, 0.1, 5.0, 8.0, 30.0, 4000.0, 0.0, -1.0, float("nan")])
changes = st.one_of(st.none(), st.none(), prices)
places = st.integers(-1, 40)
"""Which order: an even number is one that works, an odd one any, −1 one that nobody knows."""
moments = st.sampled_from(["now", "bar", "fill"])
ohlc = st.tuples(cents, cents, cents, cents)


@pytest.mark.parametrize(("examples", "steps"), SIZES)
def test_the_ledger_is_right_whatever_is_asked_in_whatever_order(examples, steps):
    """Every request is answered once, no closed order fills, none fills beyond its quantity, and money adds up."""
    run_state_machine_as_test(EventLoop, settings=repeatable(examples, steps))


def test_the_change_that_another_strategy_asks_for_leaves_an_order_alone():
    """The owner neither fails nor counts differently: the broker's refusal is not for it."""
    loop = quiet_loop()
    one, two = loop.players
    order = one.submit_order(OrderType.LIMIT, OrderSide.BUY, 10, 5.0, symbol="A")
    two.submit_modification(order, quantity=3)
    one.submit_modification(order, quantity=7)
    assert one.working_orders_in("A") == {order: 7}


def test_an_order_hangs_on_an_order_of_its_own_symbol_and_strategy_only():
    """Otherwise it would be filled on the bars of its parent, which are not those of its symbol."""
    loop = quiet_loop()
    one, two = loop.players
    entry = one.submit_order(OrderType.MARKET, OrderSide.BUY, 10, symbol="A")
    one.submit_order(OrderType.LIMIT, OrderSide.SELL, 10, 9.0, symbol="B", parent=entry)
    two.submit_order(OrderType.LIMIT, OrderSide.SELL, 10, 9.0, symbol="A", parent=entry)
    assert one.working_orders_in("B") == two.working_orders_in("A") == {}
    loop.day(1, FLAT, FLAT)
    assert [fill.associated_order_id for fill in loop.audit.fills] == [entry]


def test_an_order_of_another_symbol_in_its_group_keeps_no_order_from_its_bar():
    """The bars of one symbol say nothing of an order of another."""
    loop = quiet_loop()
    one = loop.players[0]
    first = one.submit_order(OrderType.LIMIT, OrderSide.BUY, 10, 9.0, symbol="A", oco_group=NOBODY)
    one.submit_order(OrderType.LIMIT, OrderSide.BUY, 10, 12.0, symbol="B", oco_group=NOBODY)
    loop.day(1, (10.0, 10.0, 10.0, 8.0), None)
    assert [(fill.associated_order_id, fill.fill_price) for fill in loop.audit.fills] == [(first, 9.0)]


def test_a_group_of_one_strategy_takes_nothing_from_the_orders_of_another():
    """The same name of a group in two strategies is two groups."""
    loop = quiet_loop()
    one, two = loop.players
    one.submit_order(OrderType.MARKET, OrderSide.BUY, 10, symbol="A", oco_group=NOBODY)
    order = two.submit_order(OrderType.LIMIT, OrderSide.BUY, 10, 5.0, symbol="A", oco_group=NOBODY)
    loop.day(1, FLAT, None)
    assert two.working_orders_in("A") == {order: 10}


def test_a_stop_whose_target_took_a_part_works_no_more_once_the_rest_is_filled():
    """What the other exit closed is no longer left to the stop, for the strategy too."""
    loop = quiet_loop(share=10.0)  # 2 of the 20 units of a bar
    one = loop.players[0]
    one.submit_bracket(OrderSide.BUY, 4, 6.0, 15.0, symbol="A")
    for day in (FLAT, FLAT, (10.0, 10.0, 16.0, 10.0), (10.0, 10.0, 10.0, 5.0)):
        loop.day(1, day, None)
    assert one.position_in("A").quantity == 0
    assert one.working_orders_in("A") == {}


def quiet_loop(share=None):
    """A loop without charges that has seen a day."""
    loop = EventLoop()
    loop.begin(share=share, commission=0.0, slippage=0.0, power=False)
    return loop


class _Player(Strategy):
    """Does what it was told before, when its bar comes or when an order of its fills."""

    symbols = SYMBOLS

    def setup(self):
        self.on_bars, self.on_fills, self.ids = deque(), deque(), []

    def on_bar(self, event):
        while self.on_bars:
            self.on_bars.popleft()()

    def on_fill(self, event):
        if self.on_fills:
            self.on_fills.popleft()()


@dataclass
class _Order:
    """What the auditor knows of an order."""

    request: events.OrderSubmissionRequest
    quantity: float
    state: str = "asked"
    filled: float = 0.0


class EventLoop(RuleBasedStateMachine):
    """A bus with a broker and two strategies, played bar by bar, and an auditor who reads every event."""

    @initialize(
        share=st.sampled_from([None, 10.0]),
        commission=st.sampled_from([0.0, 0.25]),
        slippage=st.sampled_from([0.0, 7.0]),
        power=st.booleans(),
    )
    def begin(self, share, commission, slippage, power):
        """The parts of a run, put together as the orchestrator does."""
        self.bus = EventBus(SimulatedClock())
        self.audit = Audit(self.bus, slippage)
        broker = configured(
            SimulatedBroker,
            max_participation_pct=share,
            commission_per_unit=commission,
            slippage_bps=slippage,
            buying_power_check=power,
            starting_cash=CASH,
        )(self.bus)
        board = IndicatorBoard()
        self.players = [
            type(f"_{name}", (_Player,), {"name": name})(self.bus, board, [BarPeriod.DAY]) for name in ("one", "two")
        ]
        broker.connect()
        for player in self.players:
            player.setup()
        for symbol in SYMBOLS:
            broker.subscribe(symbol, BarPeriod.DAY)
        self.days = 0
        self.bars = {symbol: [] for symbol in SYMBOLS}
        self.day(1, FLAT, FLAT)

    # ---- what happens

    @rule(days=st.lists(st.tuples(st.integers(1, 3), st.none() | ohlc, st.none() | ohlc), min_size=1, max_size=4))
    def play(self, days):
        """Some days go by."""
        for day in days:
            self.day(*day)

    def day(self, gap, first, second):
        """The bars of a day become known; then the strategies see them."""
        self.days += gap
        today = []
        for symbol, drawn in zip(SYMBOLS, (first, second), strict=True):
            if drawn is not None:
                row = (self.days * DAY, drawn[0], max(drawn), min(drawn), drawn[1], 20)
                self.bars[symbol].append(row)
                today.append(
                    (symbol, dict(zip(("ts_event_ns", "open", "high", "low", "close", "volume"), row, strict=True)))
                )
        self.bus.clock.now_ns = (self.days + 1) * DAY
        for kind in (events.BarReceived, events.BarProcessed):
            for symbol, values in today:
                self.bus.publish(
                    kind(ts_created_ns=self.bus.clock.now_ns, symbol=symbol, bar_period=BarPeriod.DAY, **values)
                )
        self.bus.wait_until_system_idle()

    @rule(
        who=st.integers(0, 1),
        when=moments,
        order_type=st.sampled_from(OrderType),
        side=st.sampled_from(OrderSide),
        quantity=quantities,
        limit=prices,
        stop=prices,
        symbol=st.sampled_from([*SYMBOLS, "A", "B", "C"]),
        days=st.none() | st.integers(1, 5),
        parent=st.none() | st.none() | places,
        group=st.none() | st.none() | places,
    )
    def order(self, who, when, order_type, side, quantity, limit, stop, symbol, days, parent, group):
        """An order, good or bad, free or hanging on others."""
        player = self.players[who]
        till = None if days is None else (self.days + days) * DAY

        def ask():
            hangs_on = None if parent is None else self.pick(self.players[1 - who if parent % 7 == 0 else who], parent)
            of_group = None if group is None else self.pick(self.players[1 - who if group % 7 == 0 else who], group)
            player.ids.append(
                player.submit_order(
                    order_type,
                    side,
                    quantity,
                    limit,
                    stop,
                    symbol=symbol,
                    good_till_ns=till,
                    parent=hangs_on,
                    oco_group=of_group,
                )
            )

        self.let(player, when, ask)

    @rule(
        who=st.integers(0, 1),
        when=moments,
        side=st.sampled_from(OrderSide),
        quantity=st.sampled_from([1.0, 3.5, 10.0]),
        stop=cents,
        profit=st.none() | cents,
        symbol=st.sampled_from(SYMBOLS),
    )
    def bracket(self, who, when, side, quantity, stop, profit, symbol):
        """An entry with its exits."""
        player = self.players[who]

        def ask():
            made = player.submit_bracket(side, quantity, stop, profit, symbol=symbol)
            player.ids += [order for order in (made.entry, made.stop_loss, made.take_profit) if order is not None]

        self.let(player, when, ask)

    @rule(who=st.integers(0, 1), when=moments, place=places, whose=st.integers(0, 5))
    def cancel(self, who, when, place, whose):
        """A cancel of an own order, of another's, or of none."""
        player, owner = self.players[who], self.players[1 - who if whose == 0 else who]
        self.let(player, when, lambda: player.submit_cancellation(self.pick(owner, place)))

    @rule(
        who=st.integers(0, 1),
        when=moments,
        place=places,
        whose=st.integers(0, 5),
        quantity=st.none() | st.none() | quantities,
        limit=changes,
        stop=changes,
    )
    def modify(self, who, when, place, whose, quantity, limit, stop):
        """A change of an own order, of another's, or of none."""
        player, owner = self.players[who], self.players[1 - who if whose == 0 else who]
        self.let(player, when, lambda: player.submit_modification(self.pick(owner, place), quantity, limit, stop))

    @staticmethod
    def let(player, when, ask):
        """A strategy asks for something now, on its next bar or when it is filled next."""
        if when == "now":
            ask()
        else:
            (player.on_bars if when == "bar" else player.on_fills).append(ask)

    @staticmethod
    def pick(player, place):
        """An order of a strategy, or none that there is."""
        working = [order for order in player.ids for symbol in SYMBOLS if order in player.working_orders_in(symbol)]
        among = (working if place % 2 == 0 else ()) or player.ids
        return among[place // 2 % len(among)] if place >= 0 and among else NOBODY

    # ---- what has to be true

    @invariant()
    def every_request_was_answered(self):
        """When the system is idle nobody waits for an answer."""
        self.audit.check_all_answered()

    @invariant()
    def strategies_know_what_they_hold_and_what_works(self):
        """Positions and working orders of each strategy are those of the auditor."""
        for player in self.players:
            for symbol in SYMBOLS:
                assert player.position_in(symbol).quantity == pytest.approx(
                    self.audit.held[player.name, symbol], abs=1e-6
                )
                assert set(player.working_orders_in(symbol)) == self.audit.working(player.name, symbol)

    @precondition(lambda self: all(self.bars.values()))
    @invariant()
    def cash_and_positions_are_the_equity(self):
        """The curve made of the fills ends where the auditor's cash, and what he marks at the last close, do."""
        bars = {symbol: Bars(*map(np.array, zip(*rows, strict=True))) for symbol, rows in self.bars.items()}
        names = tuple(player.name for player in self.players)
        result = BacktestResult("r", names, CASH, bars, {}, self.audit.requests, self.audit.fills)
        worth = sum(held * bars[symbol].close[-1] for (_, symbol), held in self.audit.held.items())
        assert result.equity.cash[-1] == pytest.approx(self.audit.cash, abs=1e-6)
        assert result.equity.equity[-1] == pytest.approx(self.audit.cash + worth, abs=1e-6)
        profit = sum(trip.pnl_after_commission for trip in result.round_trips)
        assert result.equity.equity[-1] - CASH == pytest.approx(profit, abs=1e-6)


class Audit:
    """Reads all events in the order of their delivery, and raises at the first that cannot be."""

    def __init__(self, bus, slippage):
        self.slip = slippage / 10_000 + 1e-12
        self.orders, self.requests, self.fills = {}, [], []
        self.cancels, self.changes, self.withdrawn = defaultdict(list), defaultdict(deque), set()
        self.held, self.cash, self.latest = defaultdict(float), CASH, {}
        for kind in events.EVENT_TYPES:
            bus.subscribe(kind, getattr(self, kind.__name__, self.ignore), last=True)

    def ignore(self, event):
        """Nothing that concerns orders."""

    def BarReceived(self, bar):  # noqa: N802 (named as the event)
        """The bar that fills come from."""
        self.latest[bar.symbol] = bar

    def OrderSubmissionRequest(self, request):  # noqa: N802
        """A new order."""
        assert request.system_order_id not in self.orders
        self.requests.append(request)
        self.orders[request.system_order_id] = _Order(request, request.quantity)

    def OrderAccepted(self, event):  # noqa: N802
        """One answer to a submission; the other is a rejection."""
        self.move(event, "asked", "working")

    def OrderRejected(self, event):  # noqa: N802
        """A refusal, which closes a working order only for lack of buying power."""
        order = self.orders[event.associated_order_id]
        if order.state == "working":
            assert event.rejection_reason is RejectionReason.INSUFFICIENT_BUYING_POWER
        self.move(event, order.state, "rejected")

    def OrderCancellationRequest(self, request):  # noqa: N802
        """Somebody waits for an answer."""
        self.cancels[request.system_order_id].append(request)

    def CancellationAccepted(self, event):  # noqa: N802
        """A working order is withdrawn, as asked or because the order it hangs on is gone."""
        self.move(event, "working", "cancelled")
        self.withdrawn.add(event.associated_order_id)

    def CancellationRejected(self, event):  # noqa: N802
        """The answer to a request that is not the owner's or comes too late."""
        waiting = self.cancels[event.associated_order_id]
        refused = next(request for request in waiting if self.is_refused(event, request))
        waiting.remove(refused)

    def OrderModificationRequest(self, request):  # noqa: N802
        """Somebody waits for an answer."""
        self.changes[request.system_order_id].append(request)

    def ModificationAccepted(self, event):  # noqa: N802
        """The answer to a request of the owner of a working order."""
        request = self.changes[event.associated_order_id].popleft()
        order = self.orders[event.associated_order_id]
        assert (order.state, order.request.strategy) == ("working", request.strategy)
        if request.quantity is not None:
            assert request.quantity > order.filled
            order.quantity = request.quantity

    def ModificationRejected(self, event):  # noqa: N802
        """The answer to any other."""
        request = self.changes[event.associated_order_id].popleft()
        if event.rejection_reason in (RejectionReason.UNKNOWN_ORDER, RejectionReason.ORDER_CLOSED):
            assert self.is_refused(event, request)

    def FillEvent(self, fill):  # noqa: N802
        """Of a working order, on a later bar, for no more than is left, at a price of the bar."""
        order = self.orders[fill.associated_order_id]
        request, bar = order.request, self.latest[fill.symbol]
        assert order.state == "working"
        assert (fill.symbol, fill.side) == (request.symbol, request.side)
        assert request.ts_event_ns < fill.ts_event_ns == bar.ts_event_ns
        assert request.good_till_ns is None or fill.ts_event_ns < request.good_till_ns
        assert 0 < fill.quantity_filled <= order.quantity - order.filled + 1e-9
        assert bar.low * (1 - self.slip) <= fill.fill_price <= bar.high * (1 + self.slip)
        order.filled += fill.quantity_filled
        signed = fill.side.sign * fill.quantity_filled
        self.cash -= signed * fill.fill_price + fill.commission
        self.held[request.strategy, fill.symbol] += signed
        self.fills.append(fill)
        if order.quantity - order.filled <= 1e-9:
            order.state = "filled"
        self.take_from_group(order, fill.quantity_filled)

    def OrderExpired(self, event):  # noqa: N802
        """A working order whose time is over."""
        till = self.orders[event.associated_order_id].request.good_till_ns
        assert till is not None
        assert event.ts_event_ns >= till
        self.move(event, "working", "expired")

    # ---- his own rules

    def move(self, event, before, after):
        """An order goes from one state to another, and never comes back."""
        order = self.orders[event.associated_order_id]
        assert order.state == before
        assert before in ("asked", "working")
        order.state = after

    def take_from_group(self, order, quantity):
        """The others of an OCO group have that much less to do."""
        group = order.request.oco_group
        for other in self.orders.values():
            if (
                other is not order
                and group is not None
                and other.request.oco_group == group
                and other.state == "working"
            ):
                other.quantity -= quantity

    def is_refused(self, event, request):
        """Whether a request deserves this refusal: nobody knows the order, it is another's, or it works no more."""
        order = self.orders.get(request.system_order_id)
        if order is None or order.state == "asked" or order.request.strategy != request.strategy:
            return event.rejection_reason is RejectionReason.UNKNOWN_ORDER
        if order.state == "rejected":
            return event.rejection_reason in (RejectionReason.UNKNOWN_ORDER, RejectionReason.ORDER_CLOSED)
        return order.state != "working" and event.rejection_reason is RejectionReason.ORDER_CLOSED

    def check_all_answered(self):
        """Nobody waits: what is left of the cancels are those that withdrew their order, one each."""
        assert not any(order.state == "asked" for order in self.orders.values())
        assert not any(self.changes.values())
        for order_id, waiting in self.cancels.items():
            assert len(waiting) <= (order_id in self.withdrawn), f"cancel of {order_id} was not answered"
            assert all(request.strategy == self.orders[order_id].request.strategy for request in waiting)
        for order_id in self.withdrawn:
            request = self.orders[order_id].request
            assert self.cancels[order_id] or request.parent_order_id is not None or request.oco_group is not None

    def working(self, strategy, symbol):
        """The orders of a strategy that can still fill."""
        return {
            order_id
            for order_id, order in self.orders.items()
            if order.state == "working" and (order.request.strategy, order.request.symbol) == (strategy, symbol)
        }
