"""Named indicators of means and changes: moving average, Bollinger bands, detrend oscillator, rate of change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barscope.domain.bars import BarField
from barscope.indicators.formula import FormulaIndicator
from barscope.indicators.kernels import Lag, talib_kernel
from barscope.indicators.outputs import Output, pane_of
from barscope.indicators.parameters import parameter, period_parameter

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray
    from barscope.indicators.formula import Calculation


class SimpleMovingAverage(FormulaIndicator):
    """The mean of the last n values."""

    group = "Overlap Studies"
    period: int = period_parameter(200)
    bar_field: BarField = BarField.CLOSE

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The mean, over the candles."""
        return (Output(f"SMA_{self.period}_{self.bar_field.name}", pane=pane_of(self.bar_field)),)

    @property
    def lookback(self) -> int:
        """All n values are needed."""
        return self.period - 1

    def formula(self, calc: Calculation) -> tuple[FloatArray, ...]:
        """The mean of the last n."""
        return calc.run(talib_kernel("SMA", timeperiod=self.period), calc.field(self.bar_field))


class _Bollinger(FormulaIndicator, registered=False):
    """A mean and a multiple of the population standard deviation around it."""

    group = "Overlap Studies"
    period: int = period_parameter(20, minimum=2)
    num_std: float = parameter(2.0, minimum=0, maximum=1000, step=0.1, description="Standard deviations")
    bar_field: BarField = BarField.CLOSE

    @property
    def lookback(self) -> int:
        """All n values are needed."""
        return self.period - 1

    @property
    def _label(self) -> str:
        return f"({self.period}, {self.num_std}, {self.bar_field.name})"

    def _mean_and_deviation(self, calc: Calculation) -> tuple[FloatArray, FloatArray]:
        values = calc.field(self.bar_field)
        (mean,) = calc.run(talib_kernel("SMA", timeperiod=self.period), values)
        (deviation,) = calc.run(talib_kernel("STDDEV", timeperiod=self.period), values)
        return mean, self.num_std * deviation


class BollingerUpper(_Bollinger):
    """The upper Bollinger band: mean + k·σ of the last n values."""

    title = "Upper Bollinger Band"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The upper edge of the band."""
        name, band = f"Upper Bollinger Band {self._label}", f"Bollinger Bands {self._label}"
        return (Output(name, pane=pane_of(self.bar_field), band=band, edge="upper"),)

    def formula(self, calc: Calculation) -> tuple[FloatArray, ...]:
        """Mean + k·σ."""
        mean, deviation = self._mean_and_deviation(calc)
        return (mean + deviation,)


class BollingerLower(_Bollinger):
    """The lower Bollinger band: mean − k·σ of the last n values."""

    title = "Lower Bollinger Band"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The lower edge of the band."""
        name, band = f"Lower Bollinger Band {self._label}", f"Bollinger Bands {self._label}"
        return (Output(name, pane=pane_of(self.bar_field), band=band, edge="lower"),)

    def formula(self, calc: Calculation) -> tuple[FloatArray, ...]:
        """Mean − k·σ."""
        mean, deviation = self._mean_and_deviation(calc)
        return (mean - deviation,)


class BollingerBandwidth(_Bollinger):
    """The width of the Bollinger bands in percent of the mean; NaN where the mean is 0."""

    title = "Bollinger Bands Bandwidth"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The width, percent."""
        return (Output(f"Bollinger Bands Bandwidth {self._label}"),)

    def formula(self, calc: Calculation) -> tuple[FloatArray, ...]:
        """2·k·σ / mean · 100."""
        mean, deviation = self._mean_and_deviation(calc)
        return (2 * deviation / mean * 100,)


class DetrendOscillator(FormulaIndicator):
    """A short moving average minus a long one."""

    group = "Momentum Indicators"
    short: int = period_parameter(3)
    long: int = period_parameter(7)
    bar_field: BarField = BarField.CLOSE

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The difference, around a line at 0."""
        return (Output(f"DETREND({self.short},{self.long}, {self.bar_field.name})", levels=(0.0,)),)

    @property
    def lookback(self) -> int:
        """That of the longer average."""
        return max(self.short, self.long) - 1

    def formula(self, calc: Calculation) -> tuple[FloatArray, ...]:
        """SMA of the short period − SMA of the long one."""
        values = calc.field(self.bar_field)
        (short,) = calc.run(talib_kernel("SMA", timeperiod=self.short), values)
        (long,) = calc.run(talib_kernel("SMA", timeperiod=self.long), values)
        return (short - long,)


class ROC(FormulaIndicator):
    """Rate of change over n bars, percent; NaN where the earlier value is 0."""

    title = "Rate of Change"
    group = "Momentum Indicators"
    period: int = period_parameter(14)
    bar_field: BarField = BarField.CLOSE

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The change, around a line at 0."""
        return (Output(f"ROC({self.period}, {self.bar_field.name})", levels=(0.0,)),)

    @property
    def lookback(self) -> int:
        """The earlier value."""
        return self.period

    def formula(self, calc: Calculation) -> tuple[FloatArray, ...]:
        """Change in percent of the earlier value."""
        values = calc.field(self.bar_field)
        (earlier,) = calc.run(Lag(self.period), values)
        return ((values - earlier) / earlier * 100,)
