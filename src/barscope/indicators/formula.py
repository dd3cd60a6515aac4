"""Formulas: one text that is run once over columns, or once per bar with kernels that remember.

A formula asks a `Calculation` for bar fields and sources, runs kernels on them, and combines the results with
arithmetic that numpy rounds the same for one value as for a million (+ − × ÷, comparison, where). Over columns
the arrays are as long as the bars; bar by bar they have length one, and each kernel keeps its state by its place
in the formula. So both drivers give the same bits.

A missing or infinite input makes the result NaN there, and the kernel starts afresh after it: every finite stretch
of the inputs is a series of its own, with its own warm-up.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

import numpy as np

from barscope.indicators.core import Indicator
from barscope.indicators.kernels import Kernel, Steps, require_default_settings
from barscope.indicators.results import as_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barscope.domain.bars import Bar, BarField, Bars, FloatArray
    from barscope.indicators.core import Stream


class Calculation(Protocol):
    """What a formula computes with."""

    def field(self, which: BarField) -> FloatArray:
        """A column of the bars."""

    def source(self, indicator: Indicator, output: int) -> FloatArray:
        """One output of another indicator."""

    def run(self, kernel: Kernel, *inputs: FloatArray) -> tuple[FloatArray, ...]:
        """The results of a kernel over each finite stretch of its inputs."""


class FormulaIndicator(Indicator, registered=False):
    """An indicator given by a formula; both drivers follow from it."""

    @abstractmethod
    def formula(self, calc: Calculation) -> tuple[FloatArray, ...]:
        """The values, one array per output."""

    def compute(self, bars: Bars) -> dict[str, FloatArray]:
        """All series over columns, by output key."""
        require_default_settings()
        with np.errstate(all="ignore"):
            arrays = self.formula(_OverColumns(bars))
        return {output.key: array for output, array in zip(self.outputs, arrays, strict=True)}

    def stream(self) -> Stream:
        """A fresh start; each bar costs the same however long the series."""
        require_default_settings()
        return _FormulaStream(self)


class _OverColumns:
    """The formula over all bars at once."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars

    def field(self, which: BarField) -> FloatArray:
        return self._bars.field(which)

    def source(self, indicator: Indicator, output: int) -> FloatArray:
        return list(indicator.compute(self._bars).values())[output]

    def run(self, kernel: Kernel, *inputs: FloatArray) -> tuple[FloatArray, ...]:
        finite = np.logical_and.reduce([np.isfinite(column) for column in inputs])
        if finite.all() and len(finite) > kernel.lookback:
            return kernel.batch(*inputs)
        results = tuple(np.full(len(finite), np.nan) for _ in range(kernel.width))
        for start, stop in _stretches(finite):
            if stop - start > kernel.lookback:
                stretch = kernel.batch(*(column[start:stop] for column in inputs))
                for whole, part in zip(results, stretch, strict=True):
                    whole[start:stop] = part
        return results


def _stretches(finite: FloatArray) -> Iterator[tuple[int, int]]:
    """The runs of True as [start, stop)."""
    edges = np.flatnonzero(np.diff(finite, prepend=False, append=False)).tolist()
    return zip(edges[::2], edges[1::2], strict=True)


class _FormulaStream:
    """The formula once per bar."""

    def __init__(self, indicator: FormulaIndicator) -> None:
        self._indicator = indicator
        self._calculation = _OverOneBar()
        self._width = len(indicator.outputs)

    def update(self, bar: Bar) -> tuple[float, ...]:
        self._calculation.turn_to(bar)
        with np.errstate(all="ignore"):
            arrays = self._indicator.formula(self._calculation)
        return as_values(self._indicator, tuple(array[0] for array in arrays), self._width)


class _OverOneBar:
    """Arrays of length one, and the state of each kernel and source in the order the formula asks for them."""

    def __init__(self) -> None:
        self._bar: Bar
        self._steps: list[Steps | None] = []
        self._sources: list[Stream] = []
        self._next_step = self._next_source = 0

    def turn_to(self, bar: Bar) -> None:
        self._bar = bar
        self._next_step = self._next_source = 0

    def field(self, which: BarField) -> FloatArray:
        return np.array([getattr(self._bar, which.value)], dtype=np.float64)

    def source(self, indicator: Indicator, output: int) -> FloatArray:
        place, self._next_source = self._next_source, self._next_source + 1
        if place == len(self._sources):
            self._sources.append(indicator.stream())
        return np.array([self._sources[place].update(self._bar)[output]])

    def run(self, kernel: Kernel, *inputs: FloatArray) -> tuple[FloatArray, ...]:
        place, self._next_step = self._next_step, self._next_step + 1
        if place == len(self._steps):
            self._steps.append(None)
        values = [float(column[0]) for column in inputs]
        if not np.isfinite(values).all():
            self._steps[place] = None
            return tuple(np.full(1, np.nan) for _ in range(kernel.width))
        steps = self._steps[place] or kernel.steps()
        self._steps[place] = steps
        return tuple(np.array([value], dtype=np.float64) for value in steps.update(*values))
