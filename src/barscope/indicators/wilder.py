"""Named indicators of Wilder's: RSI, ATR, directional movement and the parabolic SAR.

TA-Lib's functions of like name differ in three places. PlusDI, MinusDI and ADX here seed Wilder's sums with n values,
as he did, TA-Lib with n − 1. ParabolicSAR is long at its second bar if the high did not fall; TA-Lib looks at the
directional movement, and may reverse on that bar. A flat RSI is 50 here and 0 there.

Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.bars import BarField
from barscope.indicators.formula import FormulaIndicator
from barscope.indicators.kernels import talib_kernel
from barscope.indicators.outputs import Output
from barscope.indicators.parameters import parameter, period_parameter
from barscope.indicators.sar import SarKernel

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray
    from barscope.indicators.formula import Calculation


class RSI(FormulaIndicator):
    """Wilder's relative strength index, 0 to 100; 50 where nothing has moved.

    Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978, ch. 6.
    """

    title = "Relative Strength Index"
    group = "Momentum Indicators"
    period: int = period_parameter(14, minimum=2)
    bar_field: BarField = BarField.CLOSE

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The index, with the customary lines at 30 and 70."""
        return (Output(f"RSI_{self.period}_{self.bar_field.name}", levels=(30.0, 70.0)),)

    @property
    def lookback(self) -> int:
        """N changes need n + 1 values."""
        return self.period

    def formula(self, calc: Calculation) -> tuple[FloatArray, ...]:
        """Mean gain in percent of mean gain + mean loss.

        TA-Lib's CMO is (gain − loss) / (gain + loss) in percent by the same means, and 0 where there are neither.
        """
        (momentum,) = calc.run(talib_kernel("CMO", timeperiod=self.period), calc.field(self.bar_field))
        return (50 + momentum / 2,)


class ATR(FormulaIndicator):
    """Wilder's average true range, in the unit of the price."""

    title = "Average True Range"
    group = "Volatility Indicators"
    period: int = period_parameter(14)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The average range."""
        return (Output(f"ATR_{self.period}"),)

    @property
    def lookback(self) -> int:
        """The first true range needs a previous close."""
        return self.period

    def formula(self, calc: Calculation) -> tuple[FloatArray, ...]:
        """Wilder's mean of the true range."""
        return calc.run(talib_kernel("RMA", timeperiod=self.period), _true_range(calc))


class _DirectionalMovement(FormulaIndicator, registered=False):
    """Wilder's directional movement over n bars.

    His sums and TA-Lib's means (RMA) differ by the factor n, which cancels in every ratio below.
    """

    group = "Momentum Indicators"
    period: int = period_parameter(14)

    @property
    def lookback(self) -> int:
        """The first movement needs a previous bar."""
        return self.period

    def _movement(self, calc: Calculation, function: str) -> FloatArray:
        """Wilder's mean of the movement that PLUS_DM or MINUS_DM finds."""
        prices = calc.field(BarField.HIGH), calc.field(BarField.LOW)
        (movement,) = calc.run(talib_kernel(function, timeperiod=1), *prices)
        (mean,) = calc.run(talib_kernel("RMA", timeperiod=self.period), movement)
        return mean

    def _index(self, calc: Calculation, function: str) -> FloatArray:
        """The movement in percent of the true range; 0 where there is no range."""
        movement = self._movement(calc, function)
        (span,) = calc.run(talib_kernel("RMA", timeperiod=self.period), _true_range(calc))
        return np.where(span == 0, 0.0, 100 * movement / span)


class PlusDI(_DirectionalMovement):
    """Wilder's plus directional indicator, 0 to 100."""

    title = "Plus Directional Indicator"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The indicator."""
        return (Output(f"PLUS_DI_{self.period}"),)

    def formula(self, calc: Calculation) -> tuple[FloatArray, ...]:
        """Upward movement in percent of the range."""
        return (self._index(calc, "PLUS_DM"),)


class MinusDI(_DirectionalMovement):
    """Wilder's minus directional indicator, 0 to 100."""

    title = "Minus Directional Indicator"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The indicator."""
        return (Output(f"MINUS_DI_{self.period}", draw="dashed"),)

    def formula(self, calc: Calculation) -> tuple[FloatArray, ...]:
        """Downward movement in percent of the range."""
        return (self._index(calc, "MINUS_DM"),)


class ADX(_DirectionalMovement):
    """Wilder's average directional index, 0 to 100: how strong a trend is, whichever way."""

    title = "Average Directional Index"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The index, with the customary line at 25."""
        return (Output(f"ADX_{self.period}", levels=(25.0,)),)

    @property
    def lookback(self) -> int:
        """N values of an index that needs n bars itself."""
        return 2 * self.period - 1

    def formula(self, calc: Calculation) -> tuple[FloatArray, ...]:
        """Wilder's mean of the difference of the two indicators in percent of their sum."""
        plus, minus = self._movement(calc, "PLUS_DM"), self._movement(calc, "MINUS_DM")
        both = plus + minus  # the range, by which both are divided, cancels
        spread = np.where(both == 0, 0.0, 100 * np.abs(plus - minus) / both)
        return calc.run(talib_kernel("RMA", timeperiod=self.period), spread)


class ParabolicSAR(FormulaIndicator):
    """Wilder's parabolic stop and reverse."""

    title = "Parabolic SAR"
    group = "Overlap Studies"
    start: float = parameter(0.02, minimum=0, maximum=1, step=0.01, description="Acceleration after a reversal")
    step: float = parameter(0.02, minimum=0, maximum=1, step=0.01, description="Added at each new extreme")
    maximum: float = parameter(0.2, minimum=0, maximum=1, step=0.01, description="Highest acceleration")

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The stop, as dots over the candles."""
        return (Output(f"PSAR_{self.start}_{self.step}_{self.maximum}", pane="price", draw="dots"),)

    @property
    def lookback(self) -> int:
        """The direction needs two bars."""
        return 1

    def formula(self, calc: Calculation) -> tuple[FloatArray, ...]:
        """The stop."""
        kernel = SarKernel(self.start, self.step, self.maximum)
        return calc.run(kernel, calc.field(BarField.HIGH), calc.field(BarField.LOW))


def _true_range(calc: Calculation) -> FloatArray:
    fields = (BarField.HIGH, BarField.LOW, BarField.CLOSE)
    (true_range,) = calc.run(talib_kernel("TRANGE"), *map(calc.field, fields))
    return true_range
