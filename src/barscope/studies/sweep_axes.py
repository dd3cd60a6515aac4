"""The axes of a sweep: the ranges and lists of a request, checked against what its class takes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from barscope.domain.parameters import plain
from barscope.domain.sampling import Axis, linear_values
from barscope.errors import InvalidParameterError, close_matches, cut
from barscope.studies.sweep_request import ParameterRange

if TYPE_CHECKING:
    from barscope.indicators.parameters import Parameter
    from barscope.studies.sweep_request import SweepRequest


class Spec(Protocol):
    """What a parameter takes."""

    def parse(self, name: str, value: object) -> Any:  # noqa: ANN401  # as the parameter
        """The value as the class uses it, or `InvalidParameterError`."""

    @property
    def is_whole(self) -> bool:
        """Whether it takes whole numbers only."""


class IndicatorSpec:
    """A parameter of an indicator, seen as one of a strategy is."""

    def __init__(self, parameter: Parameter) -> None:
        self._parameter = parameter

    @property
    def is_whole(self) -> bool:
        """Whether it takes whole numbers only."""
        return self._parameter.kind == "int"

    def parse(self, _name: str, value: object) -> Any:  # noqa: ANN401  # as the parameter
        """The value as the indicator uses it."""
        return self._parameter.parse(value)


def axes_of(request: SweepRequest, specs: Mapping[str, Spec]) -> tuple[Axis, ...]:
    """The axes of a request, each value allowed for its parameter.

    Raises:
        InvalidParameterError: If there is none, one is not a parameter of the class, a range is reversed or a list
            empty, a value is out of bounds, or a parameter is both swept and fixed.
    """
    if not request.parameters:
        raise InvalidParameterError("a sweep needs a parameter to vary: give one a range or a list in parameters")
    for name in (*request.parameters, *request.fixed):
        if name not in specs:
            near = close_matches(name, specs)
            hint = f"did you mean {near[0]}? " if near else ""
            raise InvalidParameterError(
                f"{request.target} has no parameter {cut(name)}: {hint}its parameters are {', '.join(specs) or 'none'}"
            )
    both = sorted(request.parameters.keys() & request.fixed.keys())
    if both:
        raise InvalidParameterError(f"{', '.join(both)} cannot be both swept and fixed: leave it out of one of the two")
    for name, value in request.fixed.items():
        specs[name].parse(name, value)
    return tuple(_axis(name, given, specs[name]) for name, given in request.parameters.items())


def _axis(name: str, given: ParameterRange | Sequence[Any], spec: Spec) -> Axis:
    if isinstance(given, ParameterRange):
        return _range_axis(name, given, spec)
    if not given:
        raise InvalidParameterError(f"the list of values of {name} is empty: give at least one")
    values = tuple(plain(spec.parse(name, value)) for value in given)
    if len(set(values)) < len(values):
        raise InvalidParameterError(f"the list of values of {name} has one twice: {cut(list(values))}")
    return Axis(name, values)


def _range_axis(name: str, given: ParameterRange, spec: Spec) -> Axis:
    low, high = (plain(spec.parse(name, bound)) for bound in (given.low, given.high))
    if isinstance(low, bool | str) or isinstance(high, bool | str):
        raise InvalidParameterError(f"{name} is not a number: give its values as a list")
    if low > high:
        raise InvalidParameterError(f"the range of {name} is reversed: low {low:g} is above high {high:g}")
    step = given.step if given.step is not None else 1 if spec.is_whole else None
    if step is None:
        return Axis(name, low=low, high=high)
    if not 0 < step < math.inf:
        raise InvalidParameterError(f"step {step:g} of {name} must be above 0 and finite")
    if spec.is_whole and step != int(step):
        raise InvalidParameterError(f"step {step:g} of {name} must be a whole number, as its values are")
    return Axis(name, linear_values(low, high, int(step) if spec.is_whole else float(step)))
