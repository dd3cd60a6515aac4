"""The decorator that makes an indicator of an array function."""

from __future__ import annotations

import inspect
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, overload

from barscope.errors import InvalidParameterError
from barscope.indicators.core import Indicator
from barscope.indicators.parameters import Parameter, declared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barscope.domain.bars import Bars, FloatArray
    from barscope.indicators.outputs import Draw, Pane

COLUMNS = ("ts", "open", "high", "low", "close", "volume")


class _FunctionIndicator(Indicator, registered=False):
    """An indicator whose `compute` is a function of columns and parameters."""

    function: ClassVar[Callable[..., Any]]
    columns: ClassVar[tuple[str, ...]]

    def compute(self, bars: Bars) -> dict[str, FloatArray]:
        columns = {name: bars if name == "bars" else getattr(bars, name) for name in self.columns}
        values = {name: getattr(self, name) for name in self.parameters}
        result: dict[str, FloatArray] = type(self).function(**columns, **values)
        return result


@overload
def indicator(function: Callable[..., object]) -> type[Indicator]: ...


@overload
def indicator(
    *,
    pane: Pane = ...,
    draw: Draw = ...,
    outputs: tuple[str, ...] = ...,
    title: str = ...,
    group: str = ...,
) -> Callable[[Callable[..., object]], type[Indicator]]: ...


def indicator(
    function: Callable[..., object] | None = None,
    *,
    pane: Pane = "own",
    draw: Draw = "line",
    outputs: tuple[str, ...] = (),
    title: str = "",
    group: str = "My indicators",
) -> type[Indicator] | Callable[[Callable[..., object]], type[Indicator]]:
    """Makes an indicator of an array function; its name becomes the registered class.

        @bs.indicator(pane="own")
        def spread(high, low, period: int = 5):
            return high - low

    Arguments called `ts`, `open`, `high`, `low`, `close` or `volume` receive that column, read-only, and `bars` all
    of them. The others are parameters and need a default. The function returns an array as long as the bars, or a
    dict with an array for each of `outputs`. Bar by bar it is computed anew over all bars so far.

    Args:
        function: The function, where the decorator is used without parentheses.
        pane: Where its series are drawn.
        draw: How its series are drawn.
        outputs: Names of the outputs of a function that returns several.
        title: What a picker calls it.
        group: The heading it stands under in a picker.

    Raises:
        InvalidParameterError: If an argument is neither a column nor has a default, or a default is of no known kind.
        IndicatorError: If another indicator has the name.
    """
    members = {
        "pane": pane,
        "draw": draw,
        "output_names": outputs,
        "group": group,
        **({"title": title} if title else {}),
    }
    if function is None:
        return lambda decorated: _function_class(decorated, members)
    return _function_class(function, members)


def _function_class(function: Callable[..., object], members: Mapping[str, object]) -> type[Indicator]:
    columns, parameters = _arguments(function)
    own = {
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
        "__doc__": function.__doc__ or f"The function {function.__name__} of columns.",
        "function": staticmethod(function),
        "columns": columns,
        "parameters": MappingProxyType(parameters),
    }
    return type(function.__name__, (_FunctionIndicator,), {**members, **own})


def _arguments(function: Callable[..., object]) -> tuple[tuple[str, ...], dict[str, Parameter]]:
    columns: list[str] = []
    parameters: dict[str, Parameter] = {}
    for name, argument in inspect.signature(function).parameters.items():
        if name in (*COLUMNS, "bars"):
            columns.append(name)
        elif argument.default is argument.empty:
            raise InvalidParameterError(
                f"{function.__name__}: argument {name} is not a column ({', '.join(COLUMNS)}, bars): give it a default"
            )
        else:
            parameters[name] = declared(name, argument.annotation, argument.default)
    return tuple(columns), parameters
