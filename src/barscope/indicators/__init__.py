"""Indicators: one definition, computed over columns or bar by bar with equal results.

The named classes are in `averages`, `wilder` and `fields`, TA-Lib's functions in `talib_functions` (TA-Lib is imported
at the first lookup), and your own come from a decorated function, an array class or a per-bar class. Every registered
class is also an attribute of this package: `from barscope.indicators import SimpleMovingAverage, BBANDS`.
"""

from __future__ import annotations

from barscope.errors import UnknownIndicatorError
from barscope.indicators.causality import first_lookahead
from barscope.indicators.core import Indicator, Stream
from barscope.indicators.loading import LoadFailure, load_entry_points, load_folder
from barscope.indicators.outputs import Output
from barscope.indicators.parameters import Parameter, parameter
from barscope.indicators.registry import build_indicator, catalogue, indicator_class, search
from barscope.indicators.user import indicator

__all__ = [
    "Indicator",
    "LoadFailure",
    "Output",
    "Parameter",
    "Stream",
    "build_indicator",
    "catalogue",
    "first_lookahead",
    "indicator",
    "indicator_class",
    "load_entry_points",
    "load_folder",
    "parameter",
    "search",
]


def __getattr__(name: str) -> type[Indicator]:
    if not name[0].isupper():  # a submodule: no reason to load TA-Lib
        raise AttributeError(name)
    try:
        return indicator_class(name)
    except UnknownIndicatorError as error:
        raise AttributeError(str(error)) from None
