"""A strategy: `setup` says what it needs, `on_bar` decides. Everything else is here."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from barscope.domain.events import (
    BarProcessed,
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
    OrderUpdate,
)
from barscope.domain.orders import ActionType, OrderSide, OrderType
from barscope.domain.parameters import ParamSpec, parse_parameters
from barscope.domain.periods import BarPeriod
from barscope.domain.positions import FLAT, Position
from barscope.engine import registry
from barscope.engine.bus import Subscriber
from barscope.engine.channel import Channel
from barscope.engine.configuration import public_name
from barscope.engine.own_orders import OwnOrders
from barscope.errors import BarscopeError, InvalidParameterError, cut
from barscope.indicators.sourcecode import capture_source

if TYPE_CHECKING:
    from barscope.engine.bus import EventBus
    from barscope.engine.series import IndicatorBoard, IndicatorSeries
    from barscope.indicators import Indicator

_UPDATES = (
    OrderAccepted, OrderRejected, CancellationAccepted, CancellationRejected,
    ModificationAccepted, ModificationRejected, OrderExpired,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bracket:
    """The orders of a bracket: an entry, and the exits that work once it has filled."""

    entry: UUID
    stop_loss: UUID
    take_profit: UUID | None


class Strategy(Subscriber, ABC):
    """Reads bars and places orders.

        class Breakout(bs.Strategy):
            parameters = {"period": bs.ParamSpec(20, min=2, max=500)}
            period: int

            def setup(self):
                self.highest = self.add_indicator(PeriodExtreme(High, self.period))

            def on_bar(self, bar):
                if not self.position and bar.close > self.highest[bar.symbol, -2]:
                    self.submit_order(bs.OrderType.MARKET, bs.OrderSide.BUY, 1)

    A subclass registers under its class name (names that start with `_` do not). A configured one is made by
    `configured(Breakout, period=50, symbols=["AAPL"])`. Within `on_bar`, `position`, `avg_price` and
    `submit_order` mean the symbol of the bar. An order placed on a bar is matched from the next one on.

    Attributes:
        name: What the run, its orders and its trades are called after; by default the name of the class.
        symbols: What it reads and trades.
        bar_periods: The periods of its bars; empty is the period of the datafeed. Indicators are computed on
            the first one unless told otherwise.
        parameters: Name → `ParamSpec`; each value is an attribute of the instance.
    """

    name: ClassVar[str] = "Strategy"
    symbols: ClassVar[Sequence[str]] = ()
    bar_periods: ClassVar[Sequence[BarPeriod]] = ()
    parameters: ClassVar[Mapping[str, ParamSpec]] = MappingProxyType({})
    source_text = ""  # of the file it is from; kept, because the file may change

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.source_text = capture_source(cls) or cls.source_text  # type: ignore[arg-type]  # any class will do
        if cls.__name__.startswith("_"):
            return
        if "name" not in cls.__dict__:
            cls.name = cls.__name__
        if not inspect.isabstract(cls):
            registry.register(cls)

    def __init__(self, bus: EventBus, board: IndicatorBoard, bar_periods: Sequence[BarPeriod]) -> None:
        super().__init__(bus)
        for name, value in self.parameter_values().items():
            setattr(self, name, value)
        self._board = board
        self._periods = tuple(bar_periods)
        self._symbols = frozenset(self.symbols)
        self._ts_event_ns: int | None = None
        self._symbol = self.symbols[0] if self.symbols else ""
        self._orders = OwnOrders(self.name)
        self._positions: dict[str, Position] = {}
        self.listen(BarProcessed, self._see_bar)
        self.listen(FillEvent, self._book_fill)
        self.listen(OrderModificationRequest, self._orders.note_change)
        for update in _UPDATES:
            self.listen(update, self._note_update)  # type: ignore[arg-type]  # each is one of its union

    # ---- what a subclass says

    def setup(self) -> None:
        """Called once before the first bar: add indicators, set the strategy's own state."""

    @abstractmethod
    def on_bar(self, event: BarProcessed) -> None:
        """Called with each bar of each of its symbols and periods once the bar is known."""

    def on_fill(self, event: FillEvent) -> None:
        """Called with each fill of an own order; the position includes it already."""

    def on_order(self, event: OrderUpdate) -> None:
        """Called when an own order is accepted, rejected, changed, cancelled, or expires."""

    @classmethod
    def check_parameters(cls, values: Mapping[str, Any]) -> None:
        """Checks values that depend on each other, each within its own bounds already.

        Raises:
            InvalidParameterError: If they do not fit together.
        """

    # ---- what it can read

    @property
    def position(self) -> float:
        """Units held by this strategy in the symbol of the bar; short is negative."""
        return self._positions.get(self._symbol, FLAT).quantity

    @property
    def avg_price(self) -> float:
        """The average price of that position; 0 when flat."""
        return self._positions.get(self._symbol, FLAT).avg_price

    def position_in(self, symbol: str) -> Position:
        """The position of this strategy in any of its symbols."""
        return self._positions.get(symbol, FLAT)

    def working_orders_in(self, symbol: str) -> dict[UUID, float]:
        """The strategy's orders of a symbol that can still fill: id → quantity left."""
        return self._orders.working_in(symbol)

    @property
    def now_ns(self) -> int:
        """The time of the run: when the current bar became known, ns UTC."""
        return self.bus.clock.now_ns

    # ---- what it can do

    def add_indicator(self, indicator: Indicator, bar_period: BarPeriod | None = None) -> IndicatorSeries:
        """Compute an indicator on each symbol of the strategy; only in `setup`.

        Args:
            indicator: What to compute.
            bar_period: One of the strategy's periods; None is the first.

        Returns:
            The series of its first output, shown bar by bar; `.output(key)` gives the others.
        """
        period = self._periods[0] if bar_period is None else bar_period
        if self._ts_event_ns is not None or period not in self._periods:
            raise InvalidParameterError(
                f"{self.name} cannot add {indicator!r} on {period.label} bars: add it in setup, on one of its periods "
                f"({', '.join(p.label for p in self._periods)})"
            )
        return self._board.add(indicator, [Channel(symbol, period) for symbol in self.symbols])

    def submit_order(
        self,
        order_type: OrderType,
        side: OrderSide,
        quantity: float,
        limit_price: float | None = None,
        stop_price: float | None = None,
        action: ActionType | None = None,
        signal: str | None = None,
        *,
        symbol: str | None = None,
        good_till_ns: int | None = None,
        parent: UUID | None = None,
        oco_group: UUID | None = None,
    ) -> UUID:
        """Ask the broker for an order; it answers before the next bar.

        Args:
            order_type: How it is matched.
            side: Buy or sell.
            quantity: Units, above 0.
            limit_price: For LIMIT and STOP_LIMIT.
            stop_price: For STOP and STOP_LIMIT.
            action: What is meant by it, for the record.
            signal: Why, in words of the strategy, for the record.
            symbol: Another symbol than that of the bar.
            good_till_ns: Expires before a bar that opens then or later.
            parent: Works once this order of the strategy, of the same symbol, has filled, for at most what that has.
            oco_group: Orders of the strategy that share it: a fill of one takes as much from each other.

        Returns:
            The id of the order in all events about it.
        """
        _check_kind("order_type", order_type, OrderType)
        _check_kind("side", side, OrderSide)
        if action is not None:
            _check_kind("action", action, ActionType)
        request = OrderSubmissionRequest(
            ts_event_ns=self._current_ns(),
            ts_created_ns=self.now_ns,
            system_order_id=self.bus.new_id(order_kind(self.name)),
            symbol=self._symbol if symbol is None else symbol,
            order_type=order_type,
            side=side,
            quantity=float(quantity),
            limit_price=None if limit_price is None else float(limit_price),
            stop_price=None if stop_price is None else float(stop_price),
            action=action,
            signal=signal,
            good_till_ns=good_till_ns,
            parent_order_id=parent,
            oco_group=oco_group,
            strategy=self.name,
        )
        self._orders.add(request)
        self.bus.publish(request)
        return request.system_order_id

    def submit_bracket(
        self,
        side: OrderSide,
        quantity: float,
        stop_loss: float,
        take_profit: float | None = None,
        *,
        order_type: OrderType = OrderType.MARKET,
        limit_price: float | None = None,
        stop_price: float | None = None,
        signal: str | None = None,
        symbol: str | None = None,
        good_till_ns: int | None = None,
    ) -> Bracket:
        """Ask for an entry with a protective stop and, if wanted, a profit target; one exit cancels the other.

        Where one bar touches both exits, the stop is assumed to have come first, and the run notes it.
        """
        word = "LONG" if side is OrderSide.BUY else "SHORT"
        entry = self.submit_order(
            order_type, side, quantity, limit_price, stop_price, ActionType[f"ENTRY_{word}"], signal,
            symbol=symbol, good_till_ns=good_till_ns,
        )  # fmt: skip
        stop = self.submit_order(
            OrderType.STOP, side.opposite, quantity, None, stop_loss, ActionType[f"STOP_LOSS_{word}"], signal,
            symbol=symbol, parent=entry, oco_group=entry,
        )  # fmt: skip
        if take_profit is None:
            return Bracket(entry, stop, None)
        target = self.submit_order(
            OrderType.LIMIT, side.opposite, quantity, take_profit, None, ActionType[f"TAKE_PROFIT_{word}"], signal,
            symbol=symbol, parent=entry, oco_group=entry,
        )  # fmt: skip
        return Bracket(entry, stop, target)

    def submit_modification(
        self,
        order_id: UUID,
        quantity: float | None = None,
        limit_price: float | None = None,
        stop_price: float | None = None,
    ) -> None:
        """Ask the broker to change an order; None leaves a value as it is."""
        self.bus.publish(
            OrderModificationRequest(
                ts_event_ns=self._current_ns(),
                ts_created_ns=self.now_ns,
                system_order_id=order_id,
                symbol=self._orders.symbol_of(order_id) or self._symbol,
                quantity=quantity,
                limit_price=limit_price,
                stop_price=stop_price,
                strategy=self.name,
            )
        )

    def submit_cancellation(self, order_id: UUID) -> None:
        """Ask the broker to withdraw an order."""
        self.bus.publish(
            OrderCancellationRequest(
                ts_event_ns=self._current_ns(),
                ts_created_ns=self.now_ns,
                system_order_id=order_id,
                symbol=self._orders.symbol_of(order_id) or self._symbol,
                strategy=self.name,
            )
        )

    # ---- inside

    @classmethod
    def parameter_values(cls) -> dict[str, Any]:
        """All parameters with the values this class gives them, checked.

        Raises:
            InvalidParameterError: If one is out of bounds or they do not fit together.
        """
        given = {name: getattr(cls, name) for name in cls.parameters if hasattr(cls, name)}
        values = parse_parameters(public_name(cls), cls.parameters, given)
        try:
            cls.check_parameters(MappingProxyType(values))
        except (BarscopeError, KeyboardInterrupt):
            raise
        except BaseException as error:
            what = f"{type(error).__name__}: {cut(error, 500)}"
            raise InvalidParameterError(f"{public_name(cls)} cannot check its parameters: {what}") from error
        return values

    def _see_bar(self, event: BarProcessed) -> None:
        if event.symbol in self._symbols and event.bar_period in self._periods:
            self._ts_event_ns = event.ts_event_ns
            self._symbol = event.symbol
            self.on_bar(event)

    def _book_fill(self, event: FillEvent) -> None:
        if event.associated_order_id not in self._orders:
            return
        position = self._positions.get(event.symbol, FLAT)
        self._positions[event.symbol] = position.after(event.side, event.quantity_filled, event.fill_price)
        self._orders.note_fill(event)
        self._ts_event_ns = event.ts_event_ns
        self._symbol = event.symbol
        self.on_fill(event)

    def _note_update(self, event: OrderUpdate) -> None:
        symbol = self._orders.symbol_of(event.associated_order_id)
        if symbol is not None and self._orders.note_update(event):
            self._symbol = symbol
            self.on_order(event)

    def _current_ns(self) -> int:
        if self._ts_event_ns is None:
            raise InvalidParameterError(f"{self.name} cannot place an order in setup: orders begin with the first bar")
        return self._ts_event_ns


def order_kind(strategy: str) -> str:
    """What the ids of a strategy's orders are made for: they tell whose order it is, in the record too."""
    return f"order of {strategy}"


def _check_kind(what: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        members = ", ".join(f"{kind.__name__}.{name}" for name in kind.__members__)  # type: ignore[attr-defined]
        raise InvalidParameterError(f"{what} is {cut(repr(value))}: use one of {members}")
