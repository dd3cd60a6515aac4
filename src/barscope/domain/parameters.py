"""The parameters of a strategy: their defaults and bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from barscope.errors import InvalidParameterError, close_matches, cut


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """One parameter: a number, text, truth value or member of an enumeration, within bounds.

    The default says the type: a whole number takes only whole numbers, a float any finite number.

    Attributes:
        default: The value used when none is given.
        min: Smallest number allowed, inclusive; None is unbounded.
        max: Largest number allowed, inclusive.
        step: What a form field or a sweep moves by; values between are allowed.
        choices: The values allowed; None is any.
    """

    default: Any
    min: float | None = None
    max: float | None = None
    step: float | None = None
    choices: Sequence[Any] | None = None

    def __post_init__(self) -> None:
        if self.step is not None and not self.step > 0:
            raise InvalidParameterError(f"step {self.step} of a parameter must be above 0")
        self.parse("default", self.default)

    def parse(self, name: str, value: object) -> Any:  # noqa: ANN401  # as its default
        """The value as the strategy gets it: members of an enumeration may be given by name.

        Raises:
            InvalidParameterError: If its type is wrong or it is out of bounds; the message names both.
        """
        parsed = self._typed(value)
        if parsed is None or not self._within(parsed):
            raise InvalidParameterError(f"{name} is {cut(repr(value))}: it must be {self.allowed}")
        return parsed

    @property
    def is_whole(self) -> bool:
        """Whether it takes whole numbers only."""
        return isinstance(self.default, int) and not isinstance(self.default, bool)

    @property
    def allowed(self) -> str:
        """The values it takes, as the end of an error message."""
        if self.choices is not None:
            return f"one of {', '.join(str(plain(choice)) for choice in self.choices)}"
        if isinstance(self.default, Enum):
            return f"one of {', '.join(type(self.default).__members__)}"
        if isinstance(self.default, bool | str):
            return "True or False" if isinstance(self.default, bool) else "text"
        words = "a whole number" if self.is_whole else "a finite number"
        if self.min is not None:
            words += f" from {self.min:g}"
        if self.max is not None:
            words += f" to {self.max:g}" if self.min is not None else f" of at most {self.max:g}"
        return words

    def _typed(self, value: object) -> Any:  # noqa: ANN401  # as its default
        """The value in the type of the default; None where it cannot be."""
        default = self.default
        if isinstance(default, Enum):
            kind = type(default)
            return value if isinstance(value, kind) else kind.__members__.get(value) if isinstance(value, str) else None
        if isinstance(default, bool) or not isinstance(default, int | float):
            return value if type(value) is type(default) else None
        return _number(value, whole=self.is_whole)

    def _within(self, value: object) -> bool:
        if self.choices is not None and value not in self.choices:
            return False
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        return (self.min is None or value >= self.min) and (self.max is None or value <= self.max)


def parse_parameters(owner: str, specs: Mapping[str, ParamSpec], values: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of `owner`, the ones not given by their defaults.

    Raises:
        InvalidParameterError: If a value is out of bounds, or `owner` has no such parameter.
    """
    for name in values:
        if name not in specs:
            near = close_matches(str(name), specs)
            hint = f"did you mean {near[0]}? " if near else ""
            known = ", ".join(specs) or "none"
            raise InvalidParameterError(f"{owner} has no parameter {cut(name)}: {hint}its parameters are {known}")
    return {name: spec.parse(name, values.get(name, spec.default)) for name, spec in specs.items()}


def plain(value: object) -> Any:  # noqa: ANN401  # JSON is of any type
    """A parameter's value as plain JSON: a member of an enumeration by its name."""
    return value.name if isinstance(value, Enum) else value


def _number(value: object, *, whole: bool) -> int | float | None:
    if isinstance(value, bool | str | bytes):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]  # the exception is the check
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number) or (whole and number != int(number)):
        return None
    return int(number) if whole else number
