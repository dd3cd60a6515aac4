"""The crossover of two moving averages, the plainest way to follow a trend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from barscope.domain.orders import ActionType, OrderSide, OrderType
from barscope.domain.parameters import ParamSpec
from barscope.engine.strategy import Strategy
from barscope.errors import InvalidParameterError
from barscope.indicators import indicator_class

if TYPE_CHECKING:
    from barscope.domain.events import BarProcessed


class SMACrossover(Strategy):
    """Long from the bar where the fast average rises above the slow one, flat from where it falls below."""

    parameters: ClassVar = {
        "fast_period": ParamSpec(20, min=5, max=100, step=1),
        "slow_period": ParamSpec(100, min=10, max=500, step=1),
        "quantity": ParamSpec(1.0, min=0.0001, step=1),
    }
    fast_period: int
    slow_period: int
    quantity: float

    @classmethod
    def check_parameters(cls, values: Mapping[str, Any]) -> None:
        """The fast average has to be the faster one."""
        fast, slow = values["fast_period"], values["slow_period"]
        if fast >= slow:
            raise InvalidParameterError(f"fast_period {fast} must be below slow_period {slow}")

    def setup(self) -> None:
        """Two averages of the close."""
        average = indicator_class("SimpleMovingAverage")
        self.fast = self.add_indicator(average(period=self.fast_period))
        self.slow = self.add_indicator(average(period=self.slow_period))

    def on_bar(self, event: BarProcessed) -> None:
        """Enter and leave on the crossing itself, not while the averages stay apart."""
        symbol = event.symbol
        above = self.fast.latest(symbol) > self.slow.latest(symbol)  # False while one of them is NaN
        if above and not self.position and self.fast[symbol, -2] <= self.slow[symbol, -2]:
            self.submit_order(
                OrderType.MARKET, OrderSide.BUY, self.quantity, action=ActionType.ENTRY_LONG, signal="fast above slow"
            )
        elif not above and self.position > 0:
            self.submit_order(
                OrderType.MARKET, OrderSide.SELL, self.position, action=ActionType.EXIT_LONG, signal="fast below slow"
            )
