"""The orders of one strategy, and what of them can still fill, as the events about them tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barscope.domain.events import (
    CancellationAccepted,
    ModificationAccepted,
    ModificationRejected,
    OrderAccepted,
    OrderExpired,
    OrderRejected,
)
from barscope.domain.positions import QUANTITY_NOISE

if TYPE_CHECKING:
    from uuid import UUID

    from barscope.domain.events import FillEvent, OrderModificationRequest, OrderSubmissionRequest, OrderUpdate

_CLOSING = (OrderRejected, CancellationAccepted, OrderExpired)


class OwnOrders:
    """What a strategy knows of its orders, the same as the broker does.

    Args:
        strategy: The name of the strategy.
    """

    def __init__(self, strategy: str) -> None:
        self._strategy = strategy
        self._requests: dict[UUID, OrderSubmissionRequest] = {}
        self._left: dict[UUID, float] = {}
        self._quantities: dict[UUID, float] = {}
        self._groups: dict[UUID, list[UUID]] = {}
        self._changes: dict[UUID, list[OrderModificationRequest]] = {}

    def __contains__(self, order_id: object) -> bool:
        return order_id in self._requests

    def symbol_of(self, order_id: UUID) -> str | None:
        """What an order is for; None if it is not an own one."""
        request = self._requests.get(order_id)
        return None if request is None else request.symbol

    def working_in(self, symbol: str) -> dict[UUID, float]:
        """Those of a symbol that can still fill: id → quantity left."""
        return {order_id: left for order_id, left in self._left.items() if self._requests[order_id].symbol == symbol}

    def add(self, request: OrderSubmissionRequest) -> None:
        """The strategy asks for an order."""
        order_id = request.system_order_id
        self._requests[order_id] = request
        self._left[order_id] = self._quantities[order_id] = request.quantity

    def note_change(self, request: OrderModificationRequest) -> None:
        """Somebody asks to change an order: answers come in the order of the requests, and name the order only."""
        if request.system_order_id in self:
            self._changes.setdefault(request.system_order_id, []).append(request)

    def note_fill(self, fill: FillEvent) -> None:
        """An own order was filled; the others of its group have that much less to do."""
        order_id = fill.associated_order_id
        self._lessen(order_id, fill.quantity_filled)
        group = self._requests[order_id].oco_group
        for other in () if group is None else self._groups[group]:
            if other != order_id:
                self._quantities[other] -= fill.quantity_filled
                self._lessen(other, fill.quantity_filled)

    def note_update(self, event: OrderUpdate) -> bool:
        """The broker says something of an own order; tells whether it concerns the strategy."""
        order_id = event.associated_order_id
        group = self._requests[order_id].oco_group
        if isinstance(event, OrderAccepted) and group is not None:
            self._groups.setdefault(group, []).append(order_id)
        elif isinstance(event, _CLOSING):
            self._left.pop(order_id, None)
        elif isinstance(event, ModificationAccepted | ModificationRejected):
            request = self._changes[order_id].pop(0)
            if isinstance(event, ModificationAccepted) and request.quantity is not None:
                self._left[order_id] += request.quantity - self._quantities[order_id]
                self._quantities[order_id] = request.quantity
            return request.strategy == self._strategy  # another one may have tried
        return True

    def _lessen(self, order_id: UUID, quantity: float) -> None:
        left = self._left.get(order_id, 0.0) - quantity
        if left > QUANTITY_NOISE:
            self._left[order_id] = left
        else:
            self._left.pop(order_id, None)
