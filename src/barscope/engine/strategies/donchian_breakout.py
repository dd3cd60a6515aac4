"""The breakout from a channel of highs and lows, with a stop at a multiple of the average true range."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from barscope.domain.orders import OrderSide
from barscope.domain.parameters import ParamSpec
from barscope.engine.strategy import Strategy
from barscope.indicators import indicator_class

if TYPE_CHECKING:
    from barscope.domain.events import BarProcessed


class DonchianBreakout(Strategy):
    """Enters when a close leaves the channel of the bars before; a bracket takes it out again.

    The stop lies `stop_atr` average true ranges from the close of the signal, the target `target_atr`.
    """

    parameters: ClassVar = {
        "channel_period": ParamSpec(20, min=2, max=500, step=1),
        "atr_period": ParamSpec(14, min=2, max=200, step=1),
        "stop_atr": ParamSpec(2.0, min=0.1, max=20, step=0.1),
        "target_atr": ParamSpec(4.0, min=0.1, max=50, step=0.1),
        "allow_short": ParamSpec(False),
        "quantity": ParamSpec(1.0, min=0.0001, step=1),
    }
    channel_period: int
    atr_period: int
    stop_atr: float
    target_atr: float
    allow_short: bool
    quantity: float

    def setup(self) -> None:
        """The channel, and how far a bar goes on average."""
        extreme = indicator_class("PeriodExtreme")
        self.highest = self.add_indicator(extreme("High", self.channel_period, "MAX"))
        self.lowest = self.add_indicator(extreme("Low", self.channel_period, "MIN"))
        self.atr = self.add_indicator(indicator_class("ATR")(period=self.atr_period))

    def on_bar(self, event: BarProcessed) -> None:
        """Enter only when flat and without an order that waits."""
        if self.position or self.working_orders_in(event.symbol):
            return
        symbol = event.symbol
        atr = self.atr.latest(symbol)
        if not atr > 0:
            return
        if event.close > self.highest[symbol, -2]:
            self._enter(OrderSide.BUY, event.close, atr)
        elif self.allow_short and event.close < self.lowest[symbol, -2]:
            self._enter(OrderSide.SELL, event.close, atr)

    def _enter(self, side: OrderSide, close: float, atr: float) -> None:
        stop = close - side.sign * self.stop_atr * atr
        target = close + side.sign * self.target_atr * atr
        if min(stop, target) > 0:
            self.submit_bracket(side, self.quantity, stop, target, signal="breakout")
