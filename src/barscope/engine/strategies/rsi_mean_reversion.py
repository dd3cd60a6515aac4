"""Buying what has fallen too fast, on the relative strength index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from barscope.domain.parameters import ParamSpec
from barscope.domain.signals import Signals
from barscope.engine.signal_strategy import SignalStrategy
from barscope.errors import InvalidParameterError
from barscope.indicators import indicator_class

if TYPE_CHECKING:
    from barscope.domain.bars import Bars


class RSIMeanReversion(SignalStrategy):
    """Long from an oversold close until the index is back in the middle."""

    parameters: ClassVar = {
        "period": ParamSpec(14, min=2, max=200, step=1),
        "oversold": ParamSpec(30.0, min=1, max=50, step=1),
        "exit_level": ParamSpec(50.0, min=10, max=95, step=1),
        "quantity": ParamSpec(1.0, min=0.0001, step=1),
    }
    entry_signal, exit_signal = "oversold", "recovered"
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

    def signals(self, symbol: str, bars: Bars) -> Signals:
        """Buy when oversold, sell when recovered."""
        rsi = self.rsi.column(symbol)
        return Signals(entries=rsi < self.oversold, exits=rsi > self.exit_level)
