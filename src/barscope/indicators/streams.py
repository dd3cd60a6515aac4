"""The two ways user code is driven bar by bar: its own `update`, or its `compute` over all bars so far."""

from __future__ import annotations

import copy
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.bars import Bar, Bars
from barscope.errors import IndicatorError, cut
from barscope.indicators.results import as_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.indicators.core import Indicator


class BarStream:
    """Feeds the `update` of a per-bar class, on a copy of the indicator that holds the state."""

    def __init__(self, indicator: Indicator) -> None:
        self._indicator = copy.copy(indicator)
        self._width = len(indicator.outputs)
        self._call(self._indicator.reset)

    def update(self, bar: Bar) -> tuple[float, ...]:
        """The values at a bar, one per output."""
        return as_values(self._indicator, self._call(self._indicator.update, bar), self._width)

    def _call(self, function: Callable[..., object], *args: object) -> object:
        try:
            return function(*args)
        except (IndicatorError, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise IndicatorError(f"{self._indicator!r} failed: {type(error).__name__}: {cut(error, 500)}") from error


class HistoryStream:
    """Computes an array class over the growing history: right for any function, and linear in it for each bar."""

    def __init__(self, indicator: Indicator) -> None:
        self._indicator = indicator
        self._n = 0
        self._columns = {f.name: np.empty(64, np.int64 if f.name in ("ts", "volume") else float) for f in fields(Bar)}

    def update(self, bar: Bar) -> tuple[float, ...]:
        """The values at a bar, one per output."""
        for name, column in self._columns.items():
            if self._n == len(column):
                column = self._columns[name] = np.concatenate([column, np.empty_like(column)])
            column[self._n] = getattr(bar, name)
        self._n += 1
        history = Bars(**{name: column[: self._n] for name, column in self._columns.items()})
        return tuple(float(series[-1]) for series in self._indicator.compute(history).values())
