"""Why a broker refuses a request: each rule with its reason and a message that says which value is wrong."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from barscope.domain.events import OrderCancellationRequest, OrderModificationRequest, OrderSubmissionRequest
from barscope.domain.orders import RejectionReason

if TYPE_CHECKING:
    from barscope.engine.order_book import WorkingOrder

Request = OrderSubmissionRequest | OrderCancellationRequest | OrderModificationRequest


class Refusal(NamedTuple):
    """A reason for programs and a message for people."""

    reason: RejectionReason
    message: str


def submission_problem(request: OrderSubmissionRequest) -> Refusal | None:
    """What is wrong with the quantity or the prices of an order; None if nothing is."""
    if not _is_positive(request.quantity):
        return _bad_quantity(request.quantity)
    for what, price, needed in (
        ("limit_price", request.limit_price, request.order_type.has_limit),
        ("stop_price", request.stop_price, request.order_type.has_stop),
    ):
        if needed and price is None:
            return Refusal(RejectionReason.MISSING_PRICE, f"a {request.order_type.name} order needs a {what}")
        if price is not None and not _is_positive(price):
            return _bad_price(what, price)
    return None


def access_problem(
    request: OrderCancellationRequest | OrderModificationRequest, order: WorkingOrder | None
) -> Refusal | None:
    """Why a strategy cannot touch an order: nobody knows it, it belongs to another, or it no longer works."""
    if order is None or order.request.strategy != request.strategy:
        return Refusal(RejectionReason.UNKNOWN_ORDER, f"order {request.system_order_id} is not known")
    if order.closed is not None:
        return Refusal(RejectionReason.ORDER_CLOSED, f"order {request.system_order_id} was {order.closed}")
    return None


def modification_problem(request: OrderModificationRequest, order: WorkingOrder | None) -> Refusal | None:
    """What is wrong with the new values of a working order; None if nothing is."""
    if order is None:
        return None
    quantity, kind = request.quantity, order.request.order_type
    if quantity is not None and not _is_positive(quantity):
        return _bad_quantity(quantity)
    if quantity is not None and quantity <= order.filled:
        return Refusal(
            RejectionReason.INVALID_QUANTITY, f"quantity {quantity:g} is not above the {order.filled:g} filled"
        )
    for what, price, has_one in (
        ("limit_price", request.limit_price, kind.has_limit),
        ("stop_price", request.stop_price, kind.has_stop),
    ):
        if price is not None and not has_one:
            return Refusal(RejectionReason.INVALID_PRICE, f"a {kind.name} order has no {what}")
        if price is not None and not _is_positive(price):
            return _bad_price(what, price)
    return None


def _is_positive(number: float) -> bool:
    return 0 < number < math.inf  # False for NaN


def _bad_quantity(quantity: float) -> Refusal:
    return Refusal(RejectionReason.INVALID_QUANTITY, f"quantity {quantity:g} is not a finite number above 0")


def _bad_price(what: str, price: float) -> Refusal:
    return Refusal(RejectionReason.INVALID_PRICE, f"{what} {price:g} is not a finite number above 0")
