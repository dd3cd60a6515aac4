"""The broker of a replay: accepts or refuses requests, and matches what rests against each bar.

The rules of prices are in `domain.matching`. Where a bar does not tell what came first, the worse is assumed,
and an `Assumption` is noted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from barscope.domain.account import Account
from barscope.domain.commissions import Commission
from barscope.domain.events import (
    BarReceived,
    CancellationAccepted,
    CancellationRejected,
    FillEvent,
    ModificationAccepted,
    ModificationRejected,
    OrderAccepted,
    OrderCancellationRequest,
    OrderExpired,
    OrderModificationRequest,
    OrderRejected,
    OrderSubmissionRequest,
)
from barscope.domain.matching import slipped
from barscope.domain.orders import OrderType, RejectionReason
from barscope.engine.broker import Assumption, Broker
from barscope.engine.order_book import OrderBook, WorkingOrder, turn
from barscope.engine.refusals import Refusal, Request, access_problem, modification_problem, submission_problem
from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from barscope.domain.periods import BarPeriod
    from barscope.engine.bus import EventBus

_AMOUNTS = (
    "commission_per_unit", "commission_per_order", "commission_pct", "minimum_commission_per_order",
    "slippage_bps", "slippage_per_unit", "starting_cash", "leverage",
)  # fmt: skip


class SimulatedBroker(Broker):
    """Fills orders on the bars of a replay.

    Orders are matched on the shortest period the run has of their symbol, from the bar after the one they were
    placed on; a bar that had opened before the order was placed never fills it. Everything below is off or
    neutral unless set.

    Attributes:
        commission_per_unit: Charge per unit, currency.
        commission_per_order: Charge per filled order, currency.
        commission_pct: Charge in percent of the traded value.
        minimum_commission_per_order: Least charge of a filled order.
        slippage_bps: MARKET and STOP orders fill worse by this share of the price.
        slippage_per_unit: And by this amount, currency.
        max_participation_pct: Most of a bar's volume that all orders together fill; None is any amount. What is
            left of an order goes on working.
        buying_power_check: Refuse orders, and give up fills, that would open more than `leverage` × equity.
        leverage: Times the equity that positions may be worth.
        currencies: Symbol → currency; a run in two of them is refused.
    """

    commission_per_unit: ClassVar[float] = 0.0
    commission_per_order: ClassVar[float] = 0.0
    commission_pct: ClassVar[float] = 0.0
    minimum_commission_per_order: ClassVar[float] = 0.0
    slippage_bps: ClassVar[float] = 0.0
    slippage_per_unit: ClassVar[float] = 0.0
    max_participation_pct: ClassVar[float | None] = None
    buying_power_check: ClassVar[bool] = False
    leverage: ClassVar[float] = 1.0
    currencies: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def __init__(self, bus: EventBus) -> None:
        super().__init__(bus)
        self._book = OrderBook()
        self._account = Account(self.starting_cash)
        self._periods: dict[str, BarPeriod] = {}
        self._latest: dict[str, BarReceived] = {}
        self._commission = Commission(
            self.commission_per_unit, self.commission_per_order, self.commission_pct, self.minimum_commission_per_order
        )
        self._fills = 0

    @classmethod
    def check_settings(cls, symbols: Sequence[str]) -> None:
        """Amounts are finite and not negative, participation is within 0 to 100 percent, there is one currency."""
        for name in _AMOUNTS:
            value = getattr(cls, name)
            if not _is_number(value) or not 0 <= value < math.inf:
                raise InvalidParameterError(f"{name} is {cut(repr(value))}: it must be a finite number of at least 0")
        share = cls.max_participation_pct
        if share is not None and not (_is_number(share) and 0 < share <= 100):
            raise InvalidParameterError(
                f"max_participation_pct is {cut(repr(share))}: it must be above 0 and at most 100"
            )
        if not isinstance(cls.buying_power_check, bool):
            raise InvalidParameterError(f"buying_power_check is {cut(repr(cls.buying_power_check))}: say True or False")
        if not isinstance(cls.currencies, Mapping) or not all(isinstance(c, str) for c in cls.currencies.values()):
            raise InvalidParameterError(f"currencies is {cut(repr(cls.currencies))}: map each symbol to its currency")
        currencies = sorted({cls.currencies[symbol] for symbol in symbols if symbol in cls.currencies})
        if len(currencies) > 1:
            raise InvalidParameterError(
                f"symbols in {' and '.join(currencies)}: a run has one currency, run them apart"
            )

    def connect(self) -> None:
        """Begin to listen."""
        self.listen(BarReceived, self._on_bar)
        self.listen(OrderSubmissionRequest, self._on_submission)
        self.listen(OrderCancellationRequest, self._on_cancellation)
        self.listen(OrderModificationRequest, self._on_modification)

    def subscribe(self, symbol: str, bar_period: BarPeriod) -> None:
        """Match the orders of a symbol on its shortest period."""
        known = self._periods.get(symbol)
        if known is None or bar_period.length_ns < known.length_ns:
            self._periods[symbol] = bar_period

    # ---- requests

    def _on_submission(self, request: OrderSubmissionRequest) -> None:
        problem = self._problem(request)
        if problem is not None:
            self._reject(request, request.ts_event_ns, problem)
            return
        order = self._book.add(request, self._first_match_ns(request.symbol))
        self.bus.publish(OrderAccepted(**self._reply(request, order.broker_order_id)))

    def _problem(self, request: OrderSubmissionRequest) -> Refusal | None:
        """Why an order cannot be taken; None where it can."""
        if request.symbol not in self._periods:
            known = ", ".join(self._periods)
            return Refusal(RejectionReason.UNKNOWN_SYMBOL, f"{cut(request.symbol)} is not in the run: it has {known}")
        if self._book.find(request.system_order_id) is not None:
            return Refusal(RejectionReason.DUPLICATE_ORDER, f"order {request.system_order_id} was submitted before")
        problem = submission_problem(request)
        if problem is not None:
            return problem
        if request.parent_order_id is None:
            latest = self._latest.get(request.symbol)
            price = request.limit_price or request.stop_price or (latest.close if latest else 0.0)
            return self._power_problem(request, request.quantity, price)
        parent = self._book.find(request.parent_order_id)
        if parent is None or parent.is_idle or not parent.goes_with(request):
            what = f"its parent {request.parent_order_id} is no working order of the strategy in {cut(request.symbol)}"
            return Refusal(RejectionReason.UNKNOWN_ORDER, what)
        return None

    def _on_cancellation(self, request: OrderCancellationRequest) -> None:
        order = self._book.find(request.system_order_id)
        problem = access_problem(request, order)
        if order is None or problem is not None:
            self.bus.publish(CancellationRejected(**self._refusal(request, problem)))
        else:
            self._cancel(order, request.ts_event_ns)

    def _on_modification(self, request: OrderModificationRequest) -> None:
        order = self._book.find(request.system_order_id)
        problem = access_problem(request, order) or modification_problem(request, order)
        if order is None or problem is not None:
            self.bus.publish(ModificationRejected(**self._refusal(request, problem)))
            return
        order.quantity = order.quantity if request.quantity is None else request.quantity
        order.limit_price = order.limit_price if request.limit_price is None else request.limit_price
        order.stop_price = order.stop_price if request.stop_price is None else request.stop_price
        self.bus.publish(ModificationAccepted(**self._reply(request, order.broker_order_id)))

    def _first_match_ns(self, symbol: str) -> int:
        """The earliest open of a bar that may match an order placed now.

        When the latest bar has only just ended, that is the next one, even where bars overlap (days of 23 hours).
        Else the bar in progress opened before the order was placed, and does not count.
        """
        now = self.bus.clock.now_ns
        latest = self._latest.get(symbol)
        return latest.ts_event_ns + 1 if latest is not None and latest.ts_created_ns == now else now

    # ---- bars

    def _on_bar(self, bar: BarReceived) -> None:
        symbol = bar.symbol
        if bar.bar_period is not self._periods[symbol]:
            return
        self._latest[symbol] = bar
        if self._book.working.get(symbol):
            self._match(bar)

    def _match(self, bar: BarReceived) -> None:
        for order in tuple(self._book.working[bar.symbol]):
            expiry = order.request.good_till_ns
            if order.closed is None and expiry is not None and bar.ts_event_ns >= expiry:
                self._expire(order, bar)
        volume = _Volume(self.max_participation_pct, bar.volume)
        entered: dict[WorkingOrder, float] = {}
        for order in tuple(self._book.working[bar.symbol]):
            if order.closed is not None or order.from_ns > bar.ts_event_ns or not order.fillable:
                continue
            if order.parent in entered:  # served below
                continue
            price = order.price_on(bar)
            if price is None:
                order.note_trigger(bar)
            elif self._has_worse_sibling(order, price, bar):
                continue  # that one is served in its own turn, and cancels this one
            elif self._execute(order, price, bar, volume) and order.children:
                entered[order] = price
        for entry, price in entered.items():
            self._match_exits(entry, price, bar, volume)

    def _has_worse_sibling(self, order: WorkingOrder, price: float, bar: BarReceived) -> bool:
        """Whether the bar touches an order of its OCO group on the same side at a worse price."""
        rivals = (
            rival.price_on(bar)
            for rival in self._book.siblings(order)
            if rival.goes_with(order.request)
            and rival.request.side is order.request.side
            and rival.fillable
            and rival.from_ns <= bar.ts_event_ns
        )
        sign = order.request.side.value
        return any(rival is not None and sign * rival > sign * price for rival in rivals)

    def _match_exits(self, entry: WorkingOrder, price: float, bar: BarReceived, volume: _Volume) -> None:
        """Serve the exits of an entry on the bar that filled it.

        After an entry at the open all of the bar is still to come. After one inside the bar its high and low may
        be past: a stop counts as touched, a target does not.
        """
        at_open = price == bar.open
        rest = replace(bar, open=price)
        for order in sorted(entry.children, key=turn):
            if order.closed is not None or not order.fillable:
                continue
            exit_price = order.price_on(rest)
            if exit_price is None or not (at_open or order.request.order_type is OrderType.STOP):
                order.note_trigger(rest)
                continue
            if not at_open:
                self._assume(bar, "entry and stop loss on one bar: the stop loss is assumed to come second")
            self._execute(order, exit_price, rest, volume)

    def _execute(self, order: WorkingOrder, price: float, bar: BarReceived, volume: _Volume) -> bool:
        """Fill as much of an order as there is volume and buying power; tells whether anything was filled."""
        request = order.request
        if request.order_type in (OrderType.MARKET, OrderType.STOP):
            price = slipped(price, request.side, self.slippage_bps, self.slippage_per_unit)
        quantity = min(order.fillable, volume.left)
        if quantity <= 0:
            return False
        problem = self._power_problem(request, quantity, price, at_open=True)
        if problem is not None:
            self._close(order, "given up for lack of buying power", bar.ts_event_ns)
            self._reject(request, bar.ts_event_ns, problem)
            return False
        if any(
            other.goes_with(request) and other.fillable and other.price_on(bar) is not None
            for other in self._book.siblings(order)
        ):
            self._assume(bar, f"both exits touched on one bar: the {request.order_type.name} is assumed to come first")
        volume.left -= quantity
        self._fill(order, quantity, price, bar)
        return True

    def _fill(self, order: WorkingOrder, quantity: float, price: float, bar: BarReceived) -> None:
        request = order.request
        order.filled += quantity
        order.value += quantity * price
        charged = self._commission.of_order(order.filled, order.value)
        commission, order.commission = charged - order.commission, charged
        self._fills += 1
        fill = FillEvent(
            **self._reply(request, order.broker_order_id, bar.ts_event_ns),
            symbol=request.symbol,
            fill_id=self.bus.new_id("fill"),
            broker_fill_id=f"SIM-FILL-{self._fills}",
            side=request.side,
            quantity_filled=quantity,
            fill_price=price,
            commission=commission,
        )
        self._account.book(fill)
        self.bus.publish(fill)
        if order.is_complete:
            self._close(order, "filled", bar.ts_event_ns)
        self._take_from_others(order, quantity, bar.ts_event_ns)

    def _take_from_others(self, order: WorkingOrder, quantity: float, ts: int) -> None:
        """The other orders of the group have that much less to do, and go when that is nothing."""
        for other in self._book.siblings(order):
            other.quantity -= quantity
            if other.is_complete:
                self._cancel(other, ts)
        if order.parent is not None:
            order.parent.exited += quantity
            self._cancel_idle_exits(order.parent, ts)

    def _expire(self, order: WorkingOrder, bar: BarReceived) -> None:
        self.bus.publish(
            OrderExpired(**self._reply(order.request, order.broker_order_id, bar.ts_event_ns), symbol=bar.symbol)
        )
        self._close(order, "expired", bar.ts_event_ns)

    def _cancel(self, order: WorkingOrder, ts: int) -> None:
        self.bus.publish(CancellationAccepted(**self._reply(order.request, order.broker_order_id, ts)))
        self._close(order, "cancelled", ts)

    def _close(self, order: WorkingOrder, why: str, ts: int) -> None:
        self._book.close(order, why)
        self._cancel_idle_exits(order, ts)

    def _cancel_idle_exits(self, entry: WorkingOrder, ts: int) -> None:
        """Exits without anything left to close do not stay behind."""
        if entry.is_idle:
            for order in entry.children:
                if order.closed is None:
                    self._cancel(order, ts)

    # ---- money, and the fields that answers share

    def _prices(self, *, at_open: bool) -> dict[str, float]:
        """What the symbols are worth now, or when the bars of this moment opened."""
        now = self.bus.clock.now_ns
        return {
            symbol: bar.open if at_open and bar.ts_created_ns == now else bar.close
            for symbol, bar in self._latest.items()
        }

    def _power_problem(
        self, request: OrderSubmissionRequest, quantity: float, price: float, *, at_open: bool = False
    ) -> Refusal | None:
        """Why a fill cannot be paid for: it would raise the exposure beyond the leverage allowed.

        While orders are matched the closes of the bars they are matched on are still to come: `at_open`.
        """
        if not self.buying_power_check:
            return None
        prices = self._prices(at_open=at_open)
        held = self._account.position(request.symbol)
        after = held.after(request.side, quantity, price)
        if abs(after.quantity) <= abs(held.quantity):
            return None
        others = self._account.exposure(prices) - abs(held.quantity) * prices.get(request.symbol, held.avg_price)
        needed = others + abs(after.quantity) * price + self._commission.of_order(quantity, quantity * price)
        allowed = self._account.equity(prices) * self.leverage
        if needed <= allowed:
            return None
        return Refusal(
            RejectionReason.INSUFFICIENT_BUYING_POWER,
            f"{quantity:g} {cut(request.symbol)} at {price:g} needs {needed:,.2f} of {allowed:,.2f} buying power",
        )

    def _reject(self, request: OrderSubmissionRequest, ts: int, problem: Refusal) -> None:
        self.bus.publish(OrderRejected(**self._refusal(request, problem, ts)))

    def _assume(self, bar: BarReceived, text: str) -> None:
        self.assumptions.append(Assumption(bar.ts_event_ns, bar.symbol, text))

    def _stamps(self, ts: int) -> dict[str, int]:
        now = self.bus.clock.now_ns
        return {"ts_event_ns": ts, "ts_created_ns": now, "ts_broker_ns": now}

    def _reply(self, request: Request, broker_order_id: str, ts: int | None = None) -> dict[str, Any]:
        order_id = request.system_order_id
        stamps = self._stamps(request.ts_event_ns if ts is None else ts)
        return {**stamps, "associated_order_id": order_id, "broker_order_id": broker_order_id}

    def _refusal(self, request: Request, problem: Refusal | None, ts: int | None = None) -> dict[str, Any]:
        reason, message = problem or (RejectionReason.UNKNOWN_ORDER, "")
        return {
            **self._stamps(request.ts_event_ns if ts is None else ts),
            "associated_order_id": request.system_order_id,
            "rejection_reason": reason,
            "rejection_message": message,
        }


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class _Volume:
    """What all orders together may still fill on a bar."""

    def __init__(self, participation_pct: float | None, volume: int | None) -> None:
        self.left = math.inf
        if participation_pct is not None and volume is not None:
            self.left = float(math.floor(volume * participation_pct / 100))
