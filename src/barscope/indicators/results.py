"""Turning what the code of an indicator returns into series: right number, right length, float64, finite or NaN."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.errors import IndicatorError, cut

if TYPE_CHECKING:
    from barscope.domain.bars import FloatArray
    from barscope.indicators.core import Indicator


def as_series(indicator: Indicator, result: object, n: int) -> dict[str, FloatArray]:
    """The series an indicator returned, by series name, each of shape (n,).

    Args:
        indicator: Whose result it is.
        result: An array (one output), a sequence of arrays, or a mapping by output key or series name.
        n: Number of bars.

    Raises:
        IndicatorError: If an output is missing or unknown, or an array has another shape or is not of numbers.
    """
    outputs = indicator.outputs
    if isinstance(result, Mapping):
        arrays = [result.get(o.key, result.get(o.name)) for o in outputs]
        if len(result) != len(outputs) or any(array is None for array in arrays):
            raise _wrong_outputs(indicator, ", ".join(cut(key) for key in result) or "nothing")
    elif isinstance(result, tuple):
        arrays = list(result)
    else:
        arrays = [result]
    if len(arrays) != len(outputs):
        raise _wrong_outputs(indicator, f"{len(arrays)} array{'' if len(arrays) == 1 else 's'}")
    return {o.name: _column(indicator, o.key, array, n) for o, array in zip(outputs, arrays, strict=True)}


def as_values(indicator: Indicator, result: object, width: int) -> tuple[float, ...]:
    """The values an indicator returned for one bar, finite or NaN, one per output."""
    values: Sequence[Any] = result if isinstance(result, tuple) else (result,)
    if len(values) != width:
        raise _wrong_outputs(indicator, f"{len(values)} value{'' if len(values) == 1 else 's'}")
    try:
        numbers = [math.nan if value is None else float(value) for value in values]
    except (TypeError, ValueError):
        raise IndicatorError(f"{indicator!r} returned {cut(repr(result))} for a bar: it must be numbers") from None
    return tuple(number if math.isfinite(number) else math.nan for number in numbers)


def _column(indicator: Indicator, key: str, array: object, n: int) -> FloatArray:
    try:
        column = np.asarray(array)
    except ValueError as error:
        raise IndicatorError(f"{indicator!r}: output {key} is not an array of numbers: {cut(error)}") from None
    if column.dtype.kind not in "fiub":
        raise IndicatorError(f"{indicator!r}: output {key} has dtype {column.dtype}: it must be numbers")
    if column.shape != (n,):
        raise IndicatorError(f"{indicator!r}: output {key} has shape {column.shape}, the bars have ({n},)")
    own = np.array(column, dtype=np.float64)  # the code it came from may go on writing to its array
    own[~np.isfinite(own)] = np.nan
    return own


def _wrong_outputs(indicator: Indicator, returned: str) -> IndicatorError:
    keys = ", ".join(output.key for output in indicator.outputs)
    return IndicatorError(f"{indicator!r} returned {returned}: its outputs are {keys}")
