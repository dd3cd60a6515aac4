"""The columns of the bars as indicators, and the extreme of any indicator over a period."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from barscope.domain.bars import BarField
from barscope.indicators.core import Indicator
from barscope.indicators.formula import FormulaIndicator
from barscope.indicators.kernels import talib_kernel
from barscope.indicators.outputs import Output, pane_of
from barscope.indicators.parameters import period_parameter

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray
    from barscope.indicators.formula import Calculation


class _Field(FormulaIndicator, registered=False):
    """A column of the bars, to be the source of other indicators or drawn as a line."""

    group = "Bar Fields"
    column: ClassVar[BarField]

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The column."""
        volume = self.column is BarField.VOLUME
        return (Output(self.column.name, pane=pane_of(self.column), draw="histogram" if volume else "line"),)

    def formula(self, calc: Calculation) -> tuple[FloatArray, ...]:
        """The field itself."""
        return (calc.field(self.column),)


class Open(_Field):
    """The first price of each bar."""

    column = BarField.OPEN


class High(_Field):
    """The highest price of each bar."""

    column = BarField.HIGH


class Low(_Field):
    """The lowest price of each bar."""

    column = BarField.LOW


class Close(_Field):
    """The last price of each bar."""

    column = BarField.CLOSE


class Volume(_Field):
    """The units traded in each bar."""

    column = BarField.VOLUME


class Extreme(Enum):
    """Which end of a range."""

    MAX = "highest"
    MIN = "lowest"


class PeriodExtreme(FormulaIndicator):
    """The highest or lowest of the last n values of another indicator."""

    group = "Statistic Functions"
    source: Indicator = Close  # type: ignore[assignment]  # declared by its class, an instance once built
    period: int = period_parameter(20)
    extreme: Extreme = Extreme.MAX

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The extreme, in the pane of its source."""
        source = self.source_series("source")
        return (Output(f"{self.period}-period {self.extreme.name} of {source.name}", pane=source.pane),)

    @property
    def lookback(self) -> int:
        """That of the source and n values of it."""
        return self.source.lookback + self.period - 1

    def formula(self, calc: Calculation) -> tuple[FloatArray, ...]:
        """TA-Lib's MAX or MIN, which start at two values; the extreme of one is itself."""
        values = calc.source(self.source, self.source_index("source"))
        if self.period == 1:
            return (values,)
        return calc.run(talib_kernel(self.extreme.name, timeperiod=self.period), values)
