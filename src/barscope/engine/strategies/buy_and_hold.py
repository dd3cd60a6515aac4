"""Buy at the first bar, hold to the last: what any other strategy has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from barscope.domain.orders import ActionType, OrderSide, OrderType
from barscope.domain.parameters import ParamSpec
from barscope.engine.strategy import Strategy

if TYPE_CHECKING:
    from barscope.domain.events import BarProcessed


class BuyAndHold(Strategy):
    """Buys once and never sells."""

    parameters: ClassVar = {"quantity": ParamSpec(1.0, min=0.0001, step=1)}
    quantity: float

    def setup(self) -> None:
        """Nothing is bought yet."""
        self.bought: set[str] = set()

    def on_bar(self, event: BarProcessed) -> None:
        """Buy at the first bar of each symbol."""
        if event.symbol not in self.bought:
            self.bought.add(event.symbol)
            self.submit_order(OrderType.MARKET, OrderSide.BUY, self.quantity, action=ActionType.ENTRY_LONG)
