"""Buying what has fallen too fast, on the relative strength index."""

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


class RSIMeanReversion(Strategy):
    """Long from an oversold close until the index is back in the middle."""

    parameters: ClassVar = {
        "period": ParamSpec(14, min=2, max=200, step=1),
        "oversold": ParamSpec(30.0, min=1, max=50, step=1),
        "exit_level": ParamSpec(50.0, min=10, max=95, step=1),
        "quantity": ParamSpec(1.0, min=0.0001, step=1),
    }
    period: int
    oversold: float
    exit_level: float
    quantity: float

    @classmethod
    def check_parameters(cls, values: Mapping[str, Any]) -> None:
        """The way out lies above the way in."""
        low, high = values["oversold"], values["exit_level"]
        if low >= high:
            raise InvalidParameterError(f"oversold {low:g} must be below exit_level {high:g}")

    def setup(self) -> None:
        """The index of the close."""
        self.rsi = self.add_indicator(indicator_class("RSI")(period=self.period))

    def on_bar(self, event: BarProcessed) -> None:
        """Buy when oversold, sell when recovered."""
        rsi = self.rsi.latest(event.symbol)
        if rsi < self.oversold and not self.position:
            self.submit_order(
                OrderType.MARKET, OrderSide.BUY, self.quantity, action=ActionType.ENTRY_LONG, signal="oversold"
            )
        elif rsi > self.exit_level and self.position > 0:
            self.submit_order(
                OrderType.MARKET, OrderSide.SELL, self.position, action=ActionType.EXIT_LONG, signal="recovered"
            )
