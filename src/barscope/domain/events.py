"""The 13 things that happen in a run. Each is a frozen value and one row of the table it is recorded in.

`ts_event_ns` is when it happened on the axis of the bars (the open of the bar's interval), `ts_created_ns`
when the run learned or decided it: for bars the end of their interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

from barscope.domain.orders import ActionType, OrderSide, OrderType, RejectionReason
from barscope.domain.periods import BarPeriod


class Event:
    """What all events are; the bus matches exact types, so nothing subscribes to this one."""

    __slots__ = ()
    ts_event_ns: int
    ts_created_ns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BarReceived(Event):
    """A bar has become known."""

    ts_event_ns: int
    ts_created_ns: int
    symbol: str
    bar_period: BarPeriod
    open: float
    high: float
    low: float
    close: float
    volume: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BarProcessed(Event):
    """A bar with the value of every indicator at it: series name → number, NaN before its first value."""

    ts_event_ns: int
    ts_created_ns: int
    symbol: str
    bar_period: BarPeriod
    open: float
    high: float
    low: float
    close: float
    volume: int | None = None
    indicators: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderSubmissionRequest(Event):
    """A strategy wants an order.

    Attributes:
        system_order_id: The order's id in all later events.
        good_till_ns: The order expires before a bar that opens at this time or later; None is never.
        parent_order_id: The order works only once this one has filled, for at most what that has filled.
        oco_group: Of the orders that share it, a fill of one takes as much from each other.
        strategy: The name of the strategy.
    """

    ts_event_ns: int
    ts_created_ns: int
    system_order_id: UUID
    symbol: str
    order_type: OrderType
    side: OrderSide
    quantity: float
    limit_price: float | None = None
    stop_price: float | None = None
    action: ActionType | None = None
    signal: str | None = None
    good_till_ns: int | None = None
    parent_order_id: UUID | None = None
    oco_group: UUID | None = None
    strategy: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderCancellationRequest(Event):
    """A strategy wants to withdraw an order."""

    ts_event_ns: int
    ts_created_ns: int
    system_order_id: UUID
    symbol: str
    strategy: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderModificationRequest(Event):
    """A strategy wants to change a working order; None leaves a value as it is."""

    ts_event_ns: int
    ts_created_ns: int
    system_order_id: UUID
    symbol: str
    quantity: float | None = None
    limit_price: float | None = None
    stop_price: float | None = None
    strategy: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderAccepted(Event):
    """The broker works the order."""

    ts_event_ns: int
    ts_created_ns: int
    ts_broker_ns: int
    associated_order_id: UUID
    broker_order_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderRejected(Event):
    """The broker refuses the order, or gives it up when it cannot be paid for."""

    ts_event_ns: int
    ts_created_ns: int
    ts_broker_ns: int
    associated_order_id: UUID
    rejection_reason: RejectionReason
    rejection_message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CancellationAccepted(Event):
    """The order no longer works: as requested, or because the other exit of its bracket was filled."""

    ts_event_ns: int
    ts_created_ns: int
    ts_broker_ns: int
    associated_order_id: UUID
    broker_order_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CancellationRejected(Event):
    """There is nothing to cancel."""

    ts_event_ns: int
    ts_created_ns: int
    ts_broker_ns: int
    associated_order_id: UUID
    rejection_reason: RejectionReason
    rejection_message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ModificationAccepted(Event):
    """The order works with its new values."""

    ts_event_ns: int
    ts_created_ns: int
    ts_broker_ns: int
    associated_order_id: UUID
    broker_order_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ModificationRejected(Event):
    """The order stays as it was, or there is none."""

    ts_event_ns: int
    ts_created_ns: int
    ts_broker_ns: int
    associated_order_id: UUID
    rejection_reason: RejectionReason
    rejection_message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FillEvent(Event):
    """An order was executed, wholly or in part; `ts_event_ns` is the open of the bar it was executed on."""

    ts_event_ns: int
    ts_created_ns: int
    ts_broker_ns: int
    associated_order_id: UUID
    broker_order_id: str | None = None
    symbol: str
    fill_id: UUID
    broker_fill_id: str | None = None
    side: OrderSide
    quantity_filled: float
    fill_price: float
    commission: float
    exchange: str = "SIMULATED"


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderExpired(Event):
    """The order's time ran out before it was filled."""

    ts_event_ns: int
    ts_created_ns: int
    ts_broker_ns: int
    associated_order_id: UUID
    broker_order_id: str | None = None
    symbol: str


EVENT_TYPES: tuple[type[Event], ...] = (
    BarReceived,
    BarProcessed,
    OrderSubmissionRequest,
    OrderCancellationRequest,
    OrderModificationRequest,
    OrderAccepted,
    OrderRejected,
    CancellationAccepted,
    CancellationRejected,
    ModificationAccepted,
    ModificationRejected,
    FillEvent,
    OrderExpired,
)

OrderUpdate = (
    OrderAccepted
    | OrderRejected
    | CancellationAccepted
    | CancellationRejected
    | ModificationAccepted
    | ModificationRejected
    | OrderExpired
)
"""What a broker answers to the strategy that owns an order, beside its fills."""
