"""What an indicator can be told: typed, bounded parameters that validate a value and describe a form field."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, SupportsFloat, SupportsIndex

from barscope.domain.bars import BarField
from barscope.errors import InvalidParameterError, close_matches, cut

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["int", "float", "bool", "text", "choice", "indicator"]

LONGEST_PERIOD = 100_000
"""The longest period TA-Lib computes."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an indicator.

    Attributes:
        name: The keyword it is given by.
        kind: What values it takes; `choice` is one of `choices`. `indicator` is another indicator as the source, by its
            registered name, with its arguments in `{name}_kwargs` and, of several outputs, the one in `{name}_output`.
        default: The plain JSON value used when none is given; None means it may be left out.
        minimum: Smallest number allowed, inclusive; None is unbounded.
        maximum: Largest number allowed, inclusive.
        step: What a form field moves by.
        choices: Names to choose from.
        enum: The enumeration whose members the choices name, if they name any.
        description: One line for a person.
    """

    name: str
    kind: Kind
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()
    enum: type[Enum] | None = None
    description: str = ""

    @property
    def label(self) -> str:
        """What a form calls it."""
        return self.name.replace("_", " ").capitalize()

    @property
    def allowed(self) -> str:
        """The values it takes, as the end of an error message."""
        if self.kind == "choice":
            return f"one of {', '.join(self.choices)}"
        words = {"int": "a whole number", "float": "a finite number", "bool": "True or False", "text": "text"}
        noun = words.get(self.kind, "the name of an indicator")
        low, high = (None if bound is None else f"{bound:g}" for bound in (self.minimum, self.maximum))
        if low is not None and high is not None:
            return f"{noun} from {low} to {high}"
        if low is not None:
            return f"{noun} of at least {low}"
        return noun if high is None else f"{noun} of at most {high}"

    def parse(self, value: object) -> object:
        """The value as the indicator uses it: an int, float, bool, text or member of `enum`.

        Raises:
            InvalidParameterError: If the type is wrong or the value out of range; the message names both.
        """
        if value is None and self.default is None:
            return None
        if self.kind == "int":
            return self._in_range(self._whole_number(value))
        if self.kind == "float":
            return self._in_range(self._number(value))
        if self.kind == "choice":
            return self._choice(value)
        if not isinstance(value, bool if self.kind == "bool" else str):
            raise self.refusal(value)
        return value

    def refusal(self, value: object) -> InvalidParameterError:
        """The error for a value that the parameter does not take."""
        return InvalidParameterError(f"{self.name} is {cut(repr(value))}: it must be {self.allowed}")

    def _in_range(self, number: float) -> float:
        too_low = self.minimum is not None and number < self.minimum
        if too_low or (self.maximum is not None and number > self.maximum):
            raise self.refusal(number)
        return number

    def _whole_number(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, SupportsIndex):
            raise self.refusal(value)
        return operator.index(value)

    def _number(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, SupportsFloat | SupportsIndex):
            raise self.refusal(value)
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise self.refusal(value) from None
        if not math.isfinite(number):
            raise self.refusal(value)
        return number

    def _choice(self, value: object) -> object:
        """A member by itself, by name, or by number where the members are numbers."""
        name = value
        if self.enum is not None and not isinstance(value, str | bool):
            name = next((m.name for m in self.enum if m is value or (isinstance(m, int) and m == value)), None)
        if not isinstance(name, str) or name not in self.choices:
            raise self.refusal(value)
        return name if self.enum is None else self.enum[name]


def plain(value: object) -> object:
    """A parsed value as plain JSON: a member of an enumeration by its name."""
    return value.name if isinstance(value, Enum) else value


def parameter(
    default: object,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    step: float | None = None,
    choices: tuple[str, ...] = (),
    description: str = "",
) -> Any:  # noqa: ANN401  # the attribute it declares has the type of its annotation
    """Declares a parameter with more than its default.

    In a class body: `period: int = parameter(20, minimum=2)`.
    """
    plain_form = Parameter("", "choice", default, choices=choices) if choices else declared("", None, default)
    return replace(plain_form, minimum=minimum, maximum=maximum, step=step, description=description)


def period_parameter(default: int, minimum: int = 1) -> Any:  # noqa: ANN401  # as above
    """Declares a number of bars, as long as TA-Lib computes."""
    return parameter(default, minimum=minimum, maximum=LONGEST_PERIOD, step=1, description="Bars")


def declared(name: str, annotation: object, default: object) -> Parameter:
    """The parameter that `name: annotation = default` declares, in a class body or in a function's signature.

    Raises:
        InvalidParameterError: If the default does not say what kind it is.
    """
    if isinstance(default, Parameter):
        known = replace(default, name=name)
    elif isinstance(default, Enum):
        enum = type(default)
        known = Parameter(name, "choice", default.name, choices=tuple(enum.__members__), enum=enum)
    elif isinstance(default, type) and hasattr(default, "class_name"):
        known = Parameter(name, "indicator", default.class_name)
    else:
        known = Parameter(name, _kind_of(default), default)
    if known.kind == "int" and getattr(annotation, "__name__", annotation) == "float":
        known = replace(known, kind="float", default=float(known.default))
    return known


def _kind_of(default: object) -> Kind:
    kinds: dict[type, Kind] = {bool: "bool", int: "int", float: "float", str: "text"}
    try:
        return kinds[type(default)]
    except KeyError:
        raise InvalidParameterError(
            f"a parameter cannot have the default {cut(repr(default))}: use a number, text, True or False, "
            "a member of an enumeration, or an indicator class"
        ) from None


def bar_field(default: BarField = BarField.CLOSE, name: str = "bar_field") -> Parameter:
    """The parameter that picks a column of the bar."""
    return declared(name, BarField, default)


def unknown_parameter(owner: str, name: object, known: Mapping[str, Parameter]) -> InvalidParameterError:
    """The error for a parameter that an indicator does not have."""
    near = close_matches(str(name), known)
    hint = f"did you mean {near[0]}? " if near else ""
    names = ", ".join(known) or "none"
    return InvalidParameterError(f"{owner} has no parameter {cut(name)}: {hint}its parameters are {names}")
