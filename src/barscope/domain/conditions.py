"""Conditions on bars: which comparisons have to hold, as frozen values that print, compare and travel as JSON.

An operand is a text or a number. The texts `open`, `high`, `low`, `close` and `volume` are the fields of a bar; any
other text is the name of a series. Wherever an operand is NaN, its comparison does not hold.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from barscope.domain.bars import BarField, FloatArray
from barscope.errors import InvalidParameterError, close_matches, cut

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barscope.domain.bars import Bars

Operand = str | float
Mask = NDArray[np.bool_]
Columns = Mapping[str, FloatArray]
"""Name of a bar field or series → its values, each of shape (bars,)."""

FIELDS = tuple(field.value for field in BarField)
MOST_COMPARISONS = 100
DEEPEST = 10

Numbers = FloatArray | np.float64


class Condition(ABC):
    """What holds at some bars and not at others: a comparison, or several joined by `&` and `|`."""

    @property
    @abstractmethod
    def comparisons(self) -> tuple[Comparison, ...]:
        """Every comparison in it, from left to right."""

    @abstractmethod
    def mask(self, columns: Columns) -> Mask:
        """Where it holds, shape (bars,); a bar is judged by itself and the one before it, never by a later one.

        Raises:
            InvalidParameterError: If an operand is not among the columns.
        """

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """The condition as a JSON value; `condition_of` reads it."""

    def check(self, known: Iterable[str]) -> None:
        """Whether every operand is a bar field, a number, or a known series.

        Raises:
            InvalidParameterError: Names the first that is not, with close matches.
        """
        names = {*FIELDS, *known}
        for comparison in self.comparisons:
            for operand in (comparison.left, comparison.right):
                if isinstance(operand, str) and operand not in names:
                    raise _unknown("series", operand, names)

    def __and__(self, other: Condition) -> AllOf:
        return AllOf((*_parts(self, AllOf), *_parts(other, AllOf)))

    def __or__(self, other: Condition) -> AnyOf:
        return AnyOf((*_parts(self, AnyOf), *_parts(other, AnyOf)))


@dataclass(frozen=True, slots=True)
class Comparison(Condition):
    """One comparison: `Comparison("close", "crosses_above", "SMA(20, CLOSE)")`.

    Attributes:
        left: A bar field, the name of a series, or a number.
        operator: One of `OPERATORS`. `crosses_above` holds at the bar at which `left` is above `right` after it was
            not at the bar before; the first bar has none before it, so nothing crosses there.
        right: As `left`; not both are numbers.
    """

    left: Operand
    operator: str
    right: Operand

    def __post_init__(self) -> None:
        if not isinstance(self.operator, str) or self.operator not in OPERATORS:
            raise _unknown("operator", self.operator, OPERATORS)
        object.__setattr__(self, "left", _operand(self.left))
        object.__setattr__(self, "right", _operand(self.right))
        if not isinstance(self.left, str) and not isinstance(self.right, str):
            raise InvalidParameterError(f"{self} compares two numbers: put a bar field or a series on one side")

    def __str__(self) -> str:
        return f"{_text(self.left)} {self.operator.replace('_', ' ')} {_text(self.right)}"

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Itself."""
        return (self,)

    def mask(self, columns: Columns) -> Mask:
        """Where it holds; see `Condition.mask`."""
        self.check(columns)
        left, right = (
            columns[operand] if isinstance(operand, str) else np.float64(operand) for operand in (self.left, self.right)
        )
        return OPERATORS[self.operator](left, right)

    def to_json(self) -> dict[str, Any]:
        """`{"left": …, "operator": …, "right": …}`."""
        return {"left": self.left, "operator": self.operator, "right": self.right}


@dataclass(frozen=True, slots=True)
class _Group(Condition):
    """Conditions joined by one word."""

    word: ClassVar[str]
    key: ClassVar[str]
    conditions: tuple[Condition, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "conditions", tuple(self.conditions))
        if not self.conditions:
            raise InvalidParameterError(f"a group joined by {self.word!r} is empty: put a comparison into it")

    def __str__(self) -> str:
        return f" {self.word} ".join(
            f"({part})" if isinstance(part, _Group) and type(part) is not type(self) else str(part)
            for part in self.conditions
        )

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        return tuple(comparison for part in self.conditions for comparison in part.comparisons)

    def mask(self, columns: Columns) -> Mask:
        return reduce(self._join, (part.mask(columns) for part in self.conditions))

    @abstractmethod
    def _join(self, one: Mask, other: Mask) -> Mask: ...

    def to_json(self) -> dict[str, Any]:
        return {self.key: [part.to_json() for part in self.conditions]}


class AllOf(_Group):
    """Holds where each of its conditions holds."""

    __slots__ = ()
    word = "and"
    key = "all"

    def _join(self, one: Mask, other: Mask) -> Mask:
        return one & other


class AnyOf(_Group):
    """Holds where one of its conditions holds, or several."""

    __slots__ = ()
    word = "or"
    key = "any"

    def _join(self, one: Mask, other: Mask) -> Mask:
        return one | other


def columns_of(bars: Bars, series: Columns) -> dict[str, FloatArray]:
    """What a condition can name: the fields of the bars, and the series; a series called as a field gives way to it."""
    return {**series, **{field.value: bars.field(field) for field in BarField}}


def condition_of(value: object) -> Condition:
    """The condition of a JSON value, as `to_json` gives it.

    Raises:
        InvalidParameterError: If it is not one: an unknown operator is named with close matches.
    """
    condition = _read(value, DEEPEST)
    if len(condition.comparisons) > MOST_COMPARISONS:
        raise InvalidParameterError(f"{len(condition.comparisons)} comparisons are more than {MOST_COMPARISONS}")
    return condition


def _read(value: object, levels: int) -> Condition:
    if not levels:
        raise InvalidParameterError(f"a condition is nested deeper than {DEEPEST} levels: make it flatter")
    if not isinstance(value, dict):
        raise InvalidParameterError(f"{cut(repr(value))} is not a condition: it must be an object")
    for group in (AllOf, AnyOf):
        if set(value) == {group.key} and isinstance(value[group.key], list):
            return group(tuple(_read(part, levels - 1) for part in value[group.key]))
    if set(value) != {"left", "operator", "right"}:
        keys = ", ".join(map(str, value)) or "no keys"
        raise InvalidParameterError(f"a condition has left, operator and right, or all, or any; here: {cut(keys)}")
    return Comparison(value["left"], value["operator"], value["right"])


def _parts(condition: Condition, group: type[_Group]) -> tuple[Condition, ...]:
    """The conditions to join into a group: those inside, where it is such a group already."""
    return condition.conditions if type(condition) is group else (condition,)


def _operand(value: object) -> Operand:
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        with suppress(OverflowError):
            if math.isfinite(number := float(value)):
                return number
    raise InvalidParameterError(f"{cut(repr(value))} is no operand: use a bar field, the name of a series or a number")


def _text(operand: Operand) -> str:
    return operand if isinstance(operand, str) else f"{operand:.12g}"


def _unknown(what: str, name: object, known: Iterable[str]) -> InvalidParameterError:
    matches = close_matches(str(name), known)
    hint = f"Did you mean {' or '.join(map(cut, matches))}?" if matches else f"There is {cut(', '.join(known), 200)}"
    return InvalidParameterError(f"Unknown {what}: {cut(name)}. {hint}")


def crosses_above(left: Numbers | float, right: Numbers | float) -> Mask:
    """Where `left` is above `right` after it was not at the bar before; False where one of them is NaN.

    Args:
        left: Shape (bars,), or a number.
        right: Shape (bars,); a number where `left` is not.
    """
    crossed: Mask = np.greater(left, right)
    crossed[1:] &= np.less_equal(left, right)[:-1]
    crossed[:1] = False
    return crossed


def crosses_below(left: Numbers | float, right: Numbers | float) -> Mask:
    """Where `left` is below `right` after it was not at the bar before; False where one of them is NaN."""
    return crosses_above(right, left)


def _is_unequal(left: Numbers, right: Numbers) -> Mask:
    # numpy calls NaN unequal to everything; here nothing can be said of it.
    return (left < right) | (left > right)


OPERATORS: Mapping[str, Callable[[Numbers, Numbers], Mask]] = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
    "==": np.equal,
    "!=": _is_unequal,
    "crosses_above": crosses_above,
    "crosses_below": crosses_below,
}
"""Operator → what it computes."""
