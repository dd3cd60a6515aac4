"""Whatever strategies do: money adds up, time runs forward, and nobody gets what is not theirs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barscope.domain import events
from barscope.domain.account import Account
from barscope.domain.bars import Bars
from barscope.domain.orders import OrderSide, OrderType
from barscope.domain.periods import BarPeriod
from barscope.engine.configuration import configured
from barscope.engine.datafeed import SimulatedDatafeed
from barscope.engine.orchestrator import Orchestrator
from barscope.engine.recorder import MemoryRecorder
from barscope.engine.simulated_broker import SimulatedBroker
from barscope.engine.strategy import Strategy

DAY = BarPeriod.DAY.length_ns
SYMBOLS = ("A", "B")

cents = st.integers(500, 2000).map(lambda c: c / 100)
quantities = st.sampled_from([1, 2, 3.5, 10, 0.1])


@st.composite
def bars(draw, n):
    """Any bars of n days, possibly with gaps."""
    rows = draw(st.lists(st.tuples(cents, cents, cents, cents), min_size=n, max_size=n))
    days = np.cumsum(draw(st.lists(st.integers(1, 3), min_size=n, max_size=n)))
    o, a, b, c = np.array(rows).T
    high, low = np.maximum.reduce([o, a, b, c]), np.minimum.reduce([o, a, b, c])
    return Bars(days * DAY, o, high, low, c, np.full(n, 20))


commands = st.one_of(
    st.tuples(
        st.just("order"), st.sampled_from(OrderType), st.sampled_from(OrderSide), quantities, cents, cents,
        st.sampled_from(SYMBOLS), st.one_of(st.none(), st.integers(1, 20)),
    ),
    st.tuples(st.just("bracket"), st.sampled_from(OrderSide), quantities, cents, cents, st.sampled_from(SYMBOLS)),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
    st.tuples(st.just("modify"), st.integers(0, 5), quantities),
)  # fmt: skip
scripts = st.lists(st.lists(commands, max_size=3), min_size=1, max_size=8)
charges = st.fixed_dictionaries(
    {
        "commission_per_unit": st.sampled_from([0.0, 0.25]),
        "commission_pct": st.sampled_from([0.0, 0.5]),
        "minimum_commission_per_order": st.sampled_from([0.0, 1.0]),
        "slippage_bps": st.sampled_from([0.0, 7.0]),
        "max_participation_pct": st.sampled_from([None, 10.0]),
    }
)


class _Scripted(Strategy):
    """Does what its script says, one line per bar."""

    symbols = SYMBOLS
    script = ()

    def setup(self):
        self.lines = iter(self.script)
        self.ids = []
        self.seen = []

    def on_bar(self, event):
        self.seen.append((event, {symbol: self.position_in(symbol) for symbol in SYMBOLS}))
        for what, *args in next(self.lines, ()):
            getattr(self, what)(*args)

    def order(self, order_type, side, quantity, limit, stop, symbol, days):
        till = None if days is None else days * DAY
        self.ids.append(self.submit_order(order_type, side, quantity, limit, stop, symbol=symbol, good_till_ns=till))

    def bracket(self, side, quantity, stop, target, symbol):
        self.ids.extend(
            order for order in vars_of(self.submit_bracket(side, quantity, stop, target, symbol=symbol)) if order
        )

    def cancel(self, n):
        if self.ids:
            self.submit_cancellation(self.ids[n % len(self.ids)])

    def modify(self, n, quantity):
        if self.ids:
            self.submit_modification(self.ids[n % len(self.ids)], quantity=quantity)


def vars_of(bracket):
    """The three orders of a bracket."""
    return bracket.entry, bracket.stop_loss, bracket.take_profit


def play(scripts, given_bars, broker):
    """Runs one strategy per script; gives the result, all events and the strategies."""
    log, players = [], []

    class _Log(MemoryRecorder):
        def __init__(self, bus):
            super().__init__(bus)
            for kind in events.EVENT_TYPES:
                self.listen(kind, log.append, last=True)

    def remember(self):
        _Scripted.setup(self)
        players.append(self)

    classes = [
        type(f"_S{n}", (_Scripted,), {"script": script, "name": f"S{n}", "setup": remember})
        for n, script in enumerate(scripts)
    ]
    feed = configured(SimulatedDatafeed, bars=dict(zip(SYMBOLS, given_bars, strict=True)))
    result = Orchestrator(classes, configured(SimulatedBroker, **broker), feed, _Log, now_ns=lambda: 0).run()
    return result, log, players


runs = st.tuples(st.lists(scripts, min_size=1, max_size=2), st.tuples(bars(8), bars(8)), charges)


@settings(max_examples=60, deadline=None)
@given(runs)
def test_cash_and_positions_are_the_equity_at_every_bar(run):
    """The columns of the curve equal a ledger kept fill by fill, and the curve ends where the account does."""
    result, _, _ = play(*run)
    curve, closes = result.equity, {}
    account, fills = Account(100_000), list(result.fills)
    times = sorted({int(ts) for b in result.bars.values() for ts in b.ts})
    assert curve.ts.tolist() == times
    for place, ts in enumerate(times):
        for symbol, of_symbol in result.bars.items():
            at = np.searchsorted(of_symbol.ts, ts, "right")
            closes[symbol] = float(of_symbol.close[max(at - 1, 0)])
        while fills and fills[0].ts_event_ns <= ts:
            account.book(fills.pop(0))
        assert curve.equity[place] == pytest.approx(account.equity(closes))
        assert curve.cash[place] == pytest.approx(account.cash)
        assert curve.exposure[place] == pytest.approx(account.exposure(closes), abs=1e-6)
    assert not fills


@settings(max_examples=60, deadline=None)
@given(runs)
def test_round_trips_and_equity_tell_the_same_profit(run):
    """The profits of all round trips, open ones marked at the last close, are the change of the equity."""
    result, _, _ = play(*run)
    profit = sum(trip.pnl_after_commission for trip in result.round_trips)
    assert result.equity.equity[-1] - 100_000 == pytest.approx(profit, abs=1e-6)
    assert sum(t.commission for t in result.round_trips) == pytest.approx(sum(f.commission for f in result.fills))
    for trip in result.round_trips:
        assert trip.low_watermark <= min(0, trip.pnl_before_commission) + 1e-9
        assert trip.high_watermark >= max(0, trip.pnl_before_commission) - 1e-9
        assert trip.mae <= trip.low_watermark + 1e-9
        assert trip.mfe >= trip.high_watermark - 1e-9


@settings(max_examples=60, deadline=None)
@given(runs)
def test_no_order_fills_on_or_before_its_bar_nor_beyond_its_quantity(run):
    """Every fill is on a later bar of its own symbol, inside what that bar traded, and for no more than was ordered."""
    result, log, _ = play(*run)
    orders = {order.system_order_id: order for order in result.orders}
    most = {order_id: order.quantity for order_id, order in orders.items()}
    for event in log:
        if isinstance(event, events.OrderModificationRequest) and event.system_order_id in most:
            most[event.system_order_id] = max(most[event.system_order_id], event.quantity)
    filled = dict.fromkeys(orders, 0.0)
    for fill in result.fills:
        order = orders[fill.associated_order_id]
        assert order.ts_event_ns < fill.ts_event_ns
        assert order.ts_created_ns <= fill.ts_event_ns
        assert (order.symbol, order.side) == (fill.symbol, fill.side)
        assert order.good_till_ns is None or fill.ts_event_ns < order.good_till_ns
        filled[fill.associated_order_id] += fill.quantity_filled
        of_symbol = result.bars[fill.symbol]
        place = int(np.searchsorted(of_symbol.ts, fill.ts_event_ns))
        assert of_symbol.low[place] * 0.9993 - 1e-9 <= fill.fill_price <= of_symbol.high[place] * 1.0007 + 1e-9
    assert all(filled[order_id] <= most[order_id] + 1e-9 for order_id in orders)


@settings(max_examples=60, deadline=None)
@given(runs)
def test_a_position_is_the_sum_of_the_strategys_own_fills(run):
    """Each strategy ends with exactly what its own orders filled, whatever the other did in the same symbol."""
    result, _, players = play(*run)
    owner = {order.system_order_id: order.strategy for order in result.orders}
    for player in players:
        for symbol in SYMBOLS:
            own = sum(
                fill.side.sign * fill.quantity_filled
                for fill in result.fills
                if fill.symbol == symbol and owner[fill.associated_order_id] == player.name
            )
            assert player.position_in(symbol).quantity == pytest.approx(own, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(runs)
def test_events_are_created_in_the_order_of_time_and_answered_once(run):
    """Creation times never fall; every submission is answered once; after an order is closed it never fills."""
    _, log, _ = play(*run)
    created = [event.ts_created_ns for event in log]
    assert created == sorted(created)
    answers, closed = [], set()
    for event in log:
        order = getattr(event, "associated_order_id", None)
        if isinstance(event, events.OrderAccepted):
            answers.append(order)
        if isinstance(event, events.OrderRejected) and order not in answers:
            answers.append(order)
        if isinstance(event, events.FillEvent):
            assert order not in closed
        if isinstance(event, events.CancellationAccepted | events.OrderExpired | events.OrderRejected):
            assert order not in closed
            closed.add(order)
    submitted = [event.system_order_id for event in log if isinstance(event, events.OrderSubmissionRequest)]
    assert answers == submitted


@settings(max_examples=30, deadline=None)
@given(runs)
def test_the_same_inputs_give_the_same_events(run):
    """Event by event, ids and times too."""
    assert play(*run)[1] == play(*run)[1]


@settings(max_examples=40, deadline=None)
@given(runs)
def test_exits_of_a_bracket_never_turn_the_position_round(run):
    """What the exits of one entry fill together is at most what the entry filled, at every moment."""
    result, log, _ = play(*run)
    parent = {order.system_order_id: order.parent_order_id for order in result.orders}
    entered, exited = {}, {}
    for event in log:
        if isinstance(event, events.FillEvent):
            entry = parent[event.associated_order_id]
            if entry is None:
                entered[event.associated_order_id] = entered.get(event.associated_order_id, 0) + event.quantity_filled
            else:
                exited[entry] = exited.get(entry, 0) + event.quantity_filled
                assert exited[entry] <= entered.get(entry, 0) + 1e-9
