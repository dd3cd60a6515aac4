"""The stateful steps a formula is built from: TA-Lib's functions, a lag, and the Parabolic SAR.

A kernel sees finite values only. `batch` computes a whole stretch of them; `steps` starts an equal computation
that takes one value after the other. This is the only module that computes with TA-Lib, whose unstable periods belong
to the whole process: with anything but TA-Lib's default of 0 nothing is computed.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from barscope.errors import IndicatorError, InvalidParameterError

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from barscope.domain.bars import FloatArray


class Steps(Protocol):
    """A kernel in mid-series."""

    def update(self, *values: float) -> tuple[float, ...]:
        """The kernel's values after one more value of each input."""


class Kernel(Protocol):
    """A function of finite columns to columns that looks back only.

    Attributes:
        lookback: Values before the first result, which are NaN.
        width: Number of results.
    """

    @property
    def lookback(self) -> int: ...  # noqa: D102

    @property
    def width(self) -> int: ...  # noqa: D102

    def batch(self, *columns: FloatArray) -> tuple[FloatArray, ...]:
        """The results over a stretch, each as long as the inputs."""

    def steps(self) -> Steps:
        """A fresh start, to be fed value by value."""


@cache
def talib() -> ModuleType:
    """TA-Lib, imported at first use: it takes over a second, because it pulls in pandas and polars."""
    import talib.abstract

    return talib  # type: ignore[no-any-return]  # it is a module


def require_default_settings() -> None:
    """Refuses to compute after someone changed TA-Lib's settings: values would no longer be what their names say."""
    changed = [name for name in _unstable_functions() if talib().get_unstable_period(name)]
    if changed:
        raise IndicatorError(
            f"TA-Lib's unstable period was changed for {', '.join(changed)}, in this whole process: restore it with "
            'talib.set_unstable_period("ALL", 0)'
        )


@cache
def _unstable_functions() -> tuple[str, ...]:
    """The functions with an unstable period, a number of first values that TA-Lib can be told to leave out."""
    infos = (talib().abstract.Function(name).info for name in talib().get_functions())
    return tuple(info["name"] for info in infos if "Function has an unstable period" in (info["function_flags"] or ()))


@dataclass(frozen=True)
class TalibKernel:
    """A TA-Lib function with its parameters, `(("timeperiod", 20),)`.

    Raises:
        InvalidParameterError: If TA-Lib refuses the parameters.
    """

    function: str
    parameters: tuple[tuple[str, float], ...] = ()
    width: int = 1

    def __post_init__(self) -> None:
        if self.lookback < 0:
            values = ", ".join(f"{name} {value:g}" for name, value in self.parameters)
            raise InvalidParameterError(f"TA-Lib's {self.function} refuses {values}")

    @cached_property
    def lookback(self) -> int:
        """Values before the first result."""
        return int(talib().abstract.Function(self.function, **dict(self.parameters)).lookback)

    def batch(self, *columns: FloatArray) -> tuple[FloatArray, ...]:
        """The results over a stretch; NaN in the warm-up, where TA-Lib leaves zeros in columns of whole numbers."""
        result = getattr(talib(), self.function)(*columns, **dict(self.parameters))
        results = result if isinstance(result, tuple) else (result,)
        return tuple(column if column.dtype == np.float64 else self._as_floats(column) for column in results)

    def _as_floats(self, column: NDArray[np.int32]) -> FloatArray:
        floats: FloatArray = column.astype(np.float64)
        floats[: self.lookback] = np.nan
        return floats

    def steps(self) -> Steps:
        """A handle of TA-Lib: each step costs the same however long the series."""
        return _TalibSteps(self)


@cache
def talib_kernel(function: str, **parameters: float) -> TalibKernel:
    """A TA-Lib function of one result, as a kernel."""
    return TalibKernel(function, tuple(parameters.items()))


class _TalibSteps:
    """Collects the warm-up, then opens TA-Lib's handle on it."""

    def __init__(self, kernel: TalibKernel) -> None:
        self._kernel = kernel
        self._warm_up: list[tuple[float, ...]] = []
        self._handle: Any = None

    def update(self, *values: float) -> tuple[float, ...]:
        if self._handle is not None:
            return _as_tuple(self._handle.update(*values))
        self._warm_up.append(values)
        if len(self._warm_up) <= self._kernel.lookback:
            return (math.nan,) * self._kernel.width
        columns = [np.array(column) for column in zip(*self._warm_up, strict=True)]
        try:
            opener = getattr(talib().stream, self._kernel.function)
            self._handle = opener(*columns, **dict(self._kernel.parameters))
        except talib().InsufficientHistory:
            return tuple(float(column[-1]) for column in self._kernel.batch(*columns))
        self._warm_up.clear()
        return _as_tuple(self._handle.value)


def _as_tuple(result: float | tuple[float, ...]) -> tuple[float, ...]:
    return result if isinstance(result, tuple) else (result,)


@dataclass(frozen=True)
class Lag:
    """The value n bars ago."""

    n: int
    width: int = 1

    @property
    def lookback(self) -> int:
        """As far as it looks."""
        return self.n

    def batch(self, *columns: FloatArray) -> tuple[FloatArray, ...]:
        """The input moved n bars later."""
        (values,) = columns
        moved = np.full(len(values), np.nan)
        moved[self.n :] = values[: max(0, len(values) - self.n)]
        return (moved,)

    def steps(self) -> Steps:
        """Keeps the last n values."""
        return _LagSteps(self.n)


class _LagSteps:
    def __init__(self, n: int) -> None:
        self._last: deque[float] = deque([math.nan] * n)

    def update(self, *values: float) -> tuple[float, ...]:
        self._last.append(values[0])
        return (self._last.popleft(),)
