"""The orders a simulated broker works, and how they hang together."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from barscope.domain.matching import execution_price, is_stop_touched
from barscope.domain.orders import OrderType
from barscope.domain.positions import QUANTITY_NOISE

if TYPE_CHECKING:
    from uuid import UUID

    from barscope.domain.events import OrderSubmissionRequest
    from barscope.domain.matching import Prices


@dataclass(slots=True, eq=False)
class WorkingOrder:
    """An order the broker has accepted.

    Attributes:
        request: What was submitted.
        number: Its place in the order of submission.
        from_ns: The earliest open of a bar that may match it.
        parent: The order that has to fill first.
        children: The orders that wait for this one.
        filled: Units filled so far.
        value: What those were traded for, currency.
        commission: What was charged for them.
        exited: Units that children have closed again.
        triggered: Whether the stop of a stop-limit order was touched.
        closed: Why it no longer works; None while it does.
    """

    request: OrderSubmissionRequest
    number: int
    from_ns: int
    quantity: float
    limit_price: float | None
    stop_price: float | None
    parent: WorkingOrder | None = None
    children: list[WorkingOrder] = field(default_factory=list)
    filled: float = 0.0
    value: float = 0.0
    commission: float = 0.0
    exited: float = 0.0
    triggered: bool = False
    closed: str | None = None

    @property
    def broker_order_id(self) -> str:
        """The broker's own name of the order."""
        return f"SIM-{self.number}"

    @property
    def fillable(self) -> float:
        """Units that may fill now: what is left of it, and of what its parent has opened."""
        left = self.quantity - self.filled
        if self.parent is not None:
            left = min(left, self.parent.filled - self.parent.exited)
        return left if left > QUANTITY_NOISE else 0.0

    @property
    def is_complete(self) -> bool:
        """Whether nothing of it is left to fill."""
        return self.quantity - self.filled <= QUANTITY_NOISE

    @property
    def is_idle(self) -> bool:
        """Whether it no longer works and its children have closed all it had opened."""
        return self.closed is not None and self.filled - self.exited <= QUANTITY_NOISE

    def goes_with(self, request: OrderSubmissionRequest) -> bool:
        """Whether it is of the same strategy and matched on the same bars."""
        return (self.request.strategy, self.request.symbol) == (request.strategy, request.symbol)

    def price_on(self, bar: Prices) -> float | None:
        """The price at which a bar executes it; None where it does not."""
        return execution_price(
            self.request.order_type,
            self.request.side,
            bar,
            limit=self.limit_price,
            stop=self.stop_price,
            triggered=self.triggered,
        )

    def note_trigger(self, bar: Prices) -> None:
        """Remember that a bar touched the stop of a stop-limit order: from the next bar on it is a limit order."""
        if self.request.order_type is OrderType.STOP_LIMIT and self.stop_price is not None:
            self.triggered = self.triggered or is_stop_touched(self.request.side, self.stop_price, bar)


def turn(order: WorkingOrder) -> tuple[int, int]:
    """When an order is served on a bar: by type, then in the order of submission."""
    return order.request.order_type.value, order.number


class OrderBook:
    """The broker's orders, those that work and those that no longer do.

    Attributes:
        working: Symbol → the orders that work, in the order a bar serves them.
    """

    def __init__(self) -> None:
        self._orders: dict[UUID, WorkingOrder] = {}
        self.working: dict[str, list[WorkingOrder]] = {}
        self._groups: dict[tuple[str | None, UUID], list[WorkingOrder]] = {}

    def add(self, request: OrderSubmissionRequest, from_ns: int) -> WorkingOrder:
        """Take an order."""
        order = WorkingOrder(
            request=request,
            number=len(self._orders) + 1,
            from_ns=from_ns,
            quantity=request.quantity,
            limit_price=request.limit_price,
            stop_price=request.stop_price,
        )
        if request.parent_order_id is not None:
            order.parent = self._orders[request.parent_order_id]
            order.parent.children.append(order)
        if request.oco_group is not None:
            self._groups.setdefault((request.strategy, request.oco_group), []).append(order)
        self._orders[request.system_order_id] = order
        insort(self.working.setdefault(request.symbol, []), order, key=turn)
        return order

    def find(self, order_id: UUID) -> WorkingOrder | None:
        """An order by its id, working or closed."""
        return self._orders.get(order_id)

    def close(self, order: WorkingOrder, why: str) -> None:
        """Stop working an order."""
        order.closed = why
        self.working[order.request.symbol].remove(order)

    def siblings(self, order: WorkingOrder) -> list[WorkingOrder]:
        """The other working orders of its group; those of another strategy are never of it."""
        group = order.request.oco_group
        if group is None:
            return []
        group_of_strategy = self._groups[order.request.strategy, group]
        return [other for other in group_of_strategy if other is not order and other.closed is None]
