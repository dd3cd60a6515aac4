"""The words of orders: their types, sides, purposes, and the reasons a broker refuses a request."""

from __future__ import annotations

from enum import Enum, auto


class OrderType(Enum):
    """How an order is matched; the members stand in the order a bar serves them."""

    MARKET = auto()
    STOP = auto()
    STOP_LIMIT = auto()
    LIMIT = auto()

    @property
    def has_limit(self) -> bool:
        """Whether it needs a limit price."""
        return self in (OrderType.LIMIT, OrderType.STOP_LIMIT)

    @property
    def has_stop(self) -> bool:
        """Whether it needs a stop price."""
        return self in (OrderType.STOP, OrderType.STOP_LIMIT)


class OrderSide(Enum):
    """Buy or sell.

    Attributes:
        sign: 1 for a buy, −1 for a sell: what it does to a position.
    """

    BUY = 1
    SELL = -1

    def __init__(self, sign: int) -> None:
        self.sign = sign

    @property
    def opposite(self) -> OrderSide:
        """The side that closes what this one opens."""
        return OrderSide.SELL if self is OrderSide.BUY else OrderSide.BUY


class ActionType(Enum):
    """What a strategy means by an order: recorded for people, ignored by the broker."""

    ENTRY_LONG = auto()
    ENTRY_SHORT = auto()
    EXIT_LONG = auto()
    EXIT_SHORT = auto()
    ADD_LONG = auto()
    ADD_SHORT = auto()
    REDUCE_LONG = auto()
    REDUCE_SHORT = auto()
    STOP_LOSS_LONG = auto()
    STOP_LOSS_SHORT = auto()
    TAKE_PROFIT_LONG = auto()
    TAKE_PROFIT_SHORT = auto()
    PARTIAL_TAKE_PROFIT_LONG = auto()
    PARTIAL_TAKE_PROFIT_SHORT = auto()
    FLATTEN = auto()

    @property
    def is_stop_loss(self) -> bool:
        """Whether the order bounds the loss of a trade."""
        return self in (ActionType.STOP_LOSS_LONG, ActionType.STOP_LOSS_SHORT)


class RejectionReason(Enum):
    """Why a broker refuses a request."""

    INVALID_QUANTITY = auto()
    INVALID_PRICE = auto()
    MISSING_PRICE = auto()
    UNKNOWN_SYMBOL = auto()
    UNKNOWN_ORDER = auto()
    ORDER_CLOSED = auto()
    DUPLICATE_ORDER = auto()
    INSUFFICIENT_BUYING_POWER = auto()
