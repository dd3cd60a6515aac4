"""Indicators inside a run: computed once over the columns, revealed bar by bar."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np

from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from barscope.domain.bars import Bars, FloatArray
    from barscope.domain.periods import BarPeriod
    from barscope.engine.channel import Channel
    from barscope.indicators import Indicator

    Compute = Callable[[Indicator, Bars], Mapping[str, FloatArray]]


class Cursor:
    """How many bars of a channel are revealed."""

    __slots__ = ("n",)

    def __init__(self) -> None:
        self.n = 0


class IndicatorSeries:
    """The values of an indicator up to the current bar: `ind["AAPL", -1]` is the latest, `-2` the one before it.

    What is not there (not yet, no longer, or without a value) is NaN.
    """

    def __init__(
        self, indicator: Indicator, bar_period: BarPeriod, name: str, siblings: dict[str, IndicatorSeries]
    ) -> None:
        self.indicator = indicator
        self.bar_period = bar_period
        self.name = name
        self._siblings = siblings
        self._columns: dict[str, tuple[Cursor, memoryview]] = {}

    def __repr__(self) -> str:
        return f"IndicatorSeries({self.name}, {self.bar_period.label})"

    def __getitem__(self, key: tuple[str, int]) -> float:
        symbol, offset = key
        try:
            cursor, values = self._columns[symbol]
        except KeyError:
            raise self._unknown(symbol) from None
        place = cursor.n + offset if offset < 0 else offset
        return values[place] if 0 <= place < cursor.n else nan

    def latest(self, symbol: str) -> float:
        """The value at the current bar of a symbol."""
        try:
            cursor, values = self._columns[symbol]
        except KeyError:
            raise self._unknown(symbol) from None
        return values[cursor.n - 1] if cursor.n else nan

    def output(self, key: str) -> IndicatorSeries:
        """Another output of the indicator by its short name, such as `upperband`.

        Raises:
            InvalidParameterError: If the indicator has no such output.
        """
        try:
            return self._siblings[key]
        except KeyError:
            known = ", ".join(self._siblings)
            raise InvalidParameterError(f"{self.indicator!r} has no output {cut(key)}: it has {known}") from None

    def column(self, symbol: str) -> FloatArray:
        """All values of a symbol before the first bar is played, for `SignalStrategy.signals`; later, those revealed.

        Returns:
            Shape (bars,), read-only.
        """
        try:
            cursor, values = self._columns[symbol]
        except KeyError:
            raise self._unknown(symbol) from None
        whole: FloatArray = np.asarray(values)
        return whole[: cursor.n] if cursor.n else whole

    def fill(self, symbol: str, cursor: Cursor, values: FloatArray) -> None:
        """Take the column of a symbol; only what the cursor has passed is shown."""
        self._columns[symbol] = (cursor, values.data)

    def _unknown(self, symbol: str) -> InvalidParameterError:
        known = ", ".join(self._columns) or "none before the first bar"
        return InvalidParameterError(f"{self.name} has no values of {cut(symbol)}: it has {known}")


def computed(indicator: Indicator, bars: Bars) -> Mapping[str, FloatArray]:
    """The series of an indicator over bars: series name → values."""
    return indicator.compute(bars)


class IndicatorBoard:
    """All indicators of a run: one column per series and channel, however many strategies asked for it.

    Args:
        compute: Computes an indicator; runs that share bars may share what it keeps.
    """

    def __init__(self, compute: Compute = computed) -> None:
        self._compute = compute
        self._series: dict[tuple[Indicator, BarPeriod], dict[str, IndicatorSeries]] = {}
        self._wanted: dict[Channel, dict[Indicator, None]] = {}
        self._columns: dict[Channel, dict[str, FloatArray]] = {}
        self._cursors: dict[Channel, Cursor] = {}

    def add(self, indicator: Indicator, channels: Iterable[Channel]) -> IndicatorSeries:
        """Ask for an indicator on channels of one period; gives the series of its first output."""
        channels = tuple(channels)
        for channel in channels:
            self._wanted.setdefault(channel, {})[indicator] = None
        key = (indicator, channels[0].bar_period)
        if key not in self._series:
            outputs: dict[str, IndicatorSeries] = {}
            for output in indicator.outputs:
                outputs[output.key] = IndicatorSeries(indicator, channels[0].bar_period, output.name, outputs)
            self._series[key] = outputs
        return next(iter(self._series[key].values()))

    def compute(self, bars: Mapping[Channel, Bars], on_indicator: Callable[[], None]) -> None:
        """Compute every series; nothing is revealed yet.

        Args:
            bars: The bars of each channel.
            on_indicator: Called before each indicator; what it raises ends the work.

        Raises:
            IndicatorError: If the code of an indicator fails.
            InvalidParameterError: If two different indicators give series of one name.
        """
        for channel, of_channel in bars.items():
            self._columns[channel] = {}
            self._cursors[channel] = Cursor()
            for indicator in self._wanted.get(channel, ()):
                on_indicator()
                self._keep(channel, indicator, self._compute(indicator, of_channel))

    def _keep(self, channel: Channel, indicator: Indicator, computed: Mapping[str, FloatArray]) -> None:
        columns = self._columns[channel]
        for output in indicator.outputs:
            if output.name in columns:
                raise InvalidParameterError(f"two different indicators give a series {cut(output.name)}: rename one")
            values = np.ascontiguousarray(computed[output.name]).view()
            values.flags.writeable = False
            columns[output.name] = values
            self._series[indicator, channel.bar_period][output.key].fill(channel.symbol, self.cursor(channel), values)

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """Every indicator that was asked for, once."""
        return tuple(dict.fromkeys(indicator for indicator, _ in self._series))

    def columns(self, channel: Channel) -> Mapping[str, FloatArray]:
        """The series of a channel: name → values at all bars."""
        return self._columns[channel]

    def cursor(self, channel: Channel) -> Cursor:
        """What reveals the bars of a channel."""
        return self._cursors[channel]
