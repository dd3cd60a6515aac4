"""The crossover of two moving averages, the plainest way to follow a trend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from barscope.domain.conditions import crosses_above
from barscope.domain.parameters import ParamSpec
from barscope.domain.signals import Signals
from barscope.engine.signal_strategy import SignalStrategy
from barscope.errors import InvalidParameterError
from barscope.indicators import indicator_class

if TYPE_CHECKING:
    from barscope.domain.bars import Bars


class SMACrossover(SignalStrategy):
    """Long from the bar where the fast average rises above the slow one, flat from where it falls below."""

    parameters: ClassVar = {
        "fast_period": ParamSpec(20, min=5, max=100, step=1),
        "slow_period": ParamSpec(100, min=10, max=500, step=1),
        "quantity": ParamSpec(1.0, min=0.0001, step=1),
    }
    entry_signal, exit_signal = "fast above slow", "fast below slow"
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

    def signals(self, symbol: str, bars: Bars) -> Signals:
        """Enter on the crossing itself, not while the averages stay apart."""
        fast, slow = self.fast.column(symbol), self.slow.column(symbol)
        return Signals(entries=crosses_above(fast, slow), exits=~np.greater(fast, slow))
