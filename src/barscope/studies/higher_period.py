"""An indicator of longer bars over a chart of shorter ones: its value appears once the longer bar is complete."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.studies.resampling import buckets, latest_known, resample

if TYPE_CHECKING:
    from barscope.domain.bars import Bars, FloatArray, IntArray
    from barscope.domain.timeframes import Timeframe
    from barscope.indicators.core import Indicator
    from barscope.indicators.outputs import Output


@dataclass(frozen=True)
class HigherPeriod:
    """An indicator computed on longer bars; it is named, recorded and found again as an indicator is.

    Attributes:
        of: The indicator.
        timeframe: The longer bars.
    """

    of: Indicator
    timeframe: Timeframe

    @property
    def class_name(self) -> str:
        """The name of the indicator's class."""
        return self.of.class_name

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the indicator."""
        return self.of.params

    @property
    def variant(self) -> str:
        """The class with its parameter values, and the timeframe: `SMA(20) @1h`."""
        return self._named(self.of.variant)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What it computes, each named with the timeframe."""
        return tuple(replace(output, name=self._named(output.name)) for output in self.of.outputs)

    def canonical_params(self) -> str:
        """The parameters as text that is equal for equal ones."""
        return self.of.canonical_params()

    def source_hash(self) -> str:
        """Hex SHA-256 of the code that computes it."""
        return self.of.source_hash()

    def compute(self, bars: Bars, ends: IntArray, calendar: str | None, *, regular: bool) -> dict[str, FloatArray]:
        """All series over the shorter bars.

        Args:
            bars: The bars of the chart.
            ends: When each of them is known, ns UTC.
            calendar: The code of the exchange's calendar; None for bars of days.
            regular: Whether there are bars of regular hours only.

        Returns:
            Series name → shape (bars,): at each bar the value of the last longer bar that was complete when it
            opened; NaN before the first.

        Raises:
            CalendarError: If the calendar does not know a date.
            IndicatorError: If the code of the indicator fails.
        """
        longer = buckets(bars.ts, ends, self.timeframe, calendar, regular=regular)
        place = latest_known(longer.known, bars.ts)
        computed = self.of.compute(resample(bars, longer))
        return {self._named(name): _at(values, place) for name, values in computed.items()}

    def _named(self, name: str) -> str:
        return f"{name} @{self.timeframe.label}"


def _at(values: FloatArray, place: IntArray) -> FloatArray:
    if not len(values):
        return values
    found: FloatArray = np.where(place >= 0, values[place], np.nan)
    return found
