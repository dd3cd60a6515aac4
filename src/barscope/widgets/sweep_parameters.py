"""Which parameters of a strategy or an indicator a sweep tries: each one fixed, over a range, or from a list."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.sheet import round_width
from barscope.charts.text import escape
from barscope.errors import InvalidParameterError, cut
from barscope.studies.sweep_request import ParameterRange
from barscope.widgets.notices import close_all
from barscope.widgets.parameter_fields import field_for
from barscope.widgets.strategy_form import say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from barscope.indicators.parameters import Parameter
    from barscope.widgets.guard import Guard

FIXED, RANGE, LIST, ALL = "Fixed", "Range", "List", "All"
_FIRST_VALUES = 8
"""About so many values has a range that nobody has chosen yet."""
_FAR = 1e9
"""A bound beyond this is none."""


class SweepParameters:
    """A row per parameter, and what is wrong with it right below.

    Attributes:
        widget: What a panel shows.
        rows: Parameter → its row.
        problem: What is wrong with one of them, or None.
    """

    def __init__(self, guard: Guard, on_change: Callable[[], None]) -> None:
        self._guard = guard
        self._on_change = on_change
        self._is_building = False
        self.rows: dict[str, SweepParameter] = {}
        self.problem: str | None = None
        self.widget = widgets.VBox().add_class("barscope-settings").add_class("barscope-swept")

    def show(
        self, parameters: Sequence[Parameter], swept: Mapping[str, Any] | None = None, fixed: Mapping[str, Any] = {}
    ) -> None:
        """The rows of some parameters.

        Args:
            parameters: What is asked.
            swept: Name → range or list; None proposes ranges for the first one or two that are lengths of time.
            fixed: Name → the one value.
        """
        old = self.widget.children
        wanted = swept if swept is not None else {p.name: None for p in proposed(parameters)}
        self._is_building = True
        self.rows = {p.name: SweepParameter(p, fixed, self._guard, self._check) for p in parameters}
        for name, row in self.rows.items():
            if name in wanted:
                row.sweep(wanted[name])
        self._is_building = False
        nothing = [] if self.rows else [widgets.HTML(escape("No parameters")).add_class("barscope-hint")]
        self.widget.children = (*(row.widget for row in self.rows.values()), *nothing)
        for widget in old:
            close_all(widget)
        self._check()

    @property
    def swept(self) -> dict[str, ParameterRange | list[Any]]:
        """Parameter → what is tried.

        Raises:
            InvalidParameterError: If one does not hold.
        """
        return {name: row.axis for name, row in self.rows.items() if row.is_swept}

    @property
    def fixed(self) -> dict[str, Any]:
        """Parameter → its one value."""
        return {name: value for row in self.rows.values() if not row.is_swept for name, value in row.given.items()}

    def _check(self) -> None:
        if self._is_building:
            return
        problems = [row.check() for row in self.rows.values()]
        self.problem = next((problem for problem in problems if problem), None)
        self._on_change()


class SweepParameter:
    """One parameter.

    Attributes:
        widget: The row.
        mode: Fixed, range, list or all.
        field: Its one value.
        low, high, step: Its range.
        values: Its list, as text.
    """

    def __init__(
        self, parameter: Parameter, given: Mapping[str, Any], guard: Guard, on_change: Callable[[], None]
    ) -> None:
        self.parameter = parameter
        self.field = field_for(parameter, given, guard, on_change)
        self.mode = widgets.Dropdown(options=_modes(parameter), tooltip=f"How {parameter.label} is tried")
        self._name = widgets.HTML(escape(parameter.label)).add_class("barscope-text")
        self._count = widgets.HTML().add_class("barscope-hint")
        self._problem = widgets.HTML().add_class("barscope-problem")
        low, high, step = first_range(parameter)
        number = widgets.IntText if parameter.kind == "int" else widgets.FloatText
        self.low, self.high = number(value=low, tooltip="From"), number(value=high, tooltip="To, inclusive")
        self.step = widgets.Text(value=f"{step:g}", placeholder="any", tooltip="Step; empty for any number between")
        self.values = widgets.Text(placeholder="5, 10, 20", tooltip="Values, separated by commas")
        self._range = widgets.Box([self.low, self.high, self.step]).add_class("barscope-range")
        self.mode.layout.display = "" if len(self.mode.options) > 1 else "none"
        head = widgets.Box([self._name, self._count, self.field.widget, self.mode]).add_class("barscope-sweep-head")
        parts = [head, self._range, self.values, self._problem]
        self.widget = widgets.VBox(parts).add_class("barscope-setting").add_class("barscope-sweep-row")
        for widget in (self.mode, self.low, self.high, self.step, self.values):
            widget.observe(guard(lambda _change: on_change()), "value")

    @property
    def is_swept(self) -> bool:
        """Whether more than one value may be tried."""
        return bool(self.mode.value != FIXED)

    @property
    def given(self) -> dict[str, Any]:
        """The one value by name, as plain JSON; empty where none is given."""
        return self.field.params()

    @property
    def axis(self) -> ParameterRange | list[Any]:
        """What is tried.

        Raises:
            InvalidParameterError: If it does not hold.
        """
        p = self.parameter
        if self.mode.value == ALL:
            return [True, False] if p.kind == "bool" else list(p.choices)
        if self.mode.value == LIST:
            found = listed(self.values.value)
            if not found:
                raise InvalidParameterError(f"{p.name}: write at least one value, such as {_example(p)}")
            for value in found:
                p.parse(value)
            return found
        for value in (self.low.value, self.high.value):
            p.parse(value)
        if self.low.value > self.high.value:
            raise InvalidParameterError(f"{p.name}: the range from {self.low.value} to {self.high.value} is reversed")
        step = self._step()
        return ParameterRange(low=self.low.value, high=self.high.value, **({} if step is None else {"step": step}))

    def sweep(self, axis: ParameterRange | Sequence[Any] | None) -> None:
        """Try a range or a list; None is a range that is a good start."""
        p = self.parameter
        if isinstance(axis, ParameterRange):
            self.low.value, self.high.value = axis.low, axis.high
            self.step.value = "" if axis.step is None else f"{axis.step:g}"
            self.mode.value = RANGE
        elif axis is not None:
            whole = [True, False] if p.kind == "bool" else list(p.choices)
            self.values.value = ", ".join(json.dumps(v) if isinstance(v, bool) else str(v) for v in axis)
            self.mode.value = ALL if whole and list(axis) == whole else LIST
        else:
            self.mode.value = RANGE if RANGE in self.mode.options else ALL if ALL in self.mode.options else LIST

    def check(self) -> str | None:
        """Show what belongs to the mode, and say what is wrong with it."""
        shown = {
            self.field.widget: not self.is_swept,
            self._name: self.is_swept,
            self._count: self.is_swept,
            self._range: self.mode.value == RANGE,
            self.values: self.mode.value == LIST,
        }
        for part, is_shown in shown.items():
            part.layout.display = "" if is_shown else "none"
        problem, axis = None, None
        try:
            if self.is_swept:
                axis = self.axis
            else:
                problem = self.field.check()
        except InvalidParameterError as error:
            problem = str(error)
        self._count.value = escape("" if axis is None else count_text(axis, self.parameter))
        say(self._problem, problem)
        return problem

    def _step(self) -> int | float | None:
        text = self.step.value.strip()
        if not text:
            return None
        found = listed(text)
        if len(found) != 1 or isinstance(found[0], str | bool) or not found[0] > 0:
            raise InvalidParameterError(f"{self.parameter.name}: the step {cut(text)} is no number above 0")
        if self.parameter.kind == "int" and not isinstance(found[0], int):
            raise InvalidParameterError(f"{self.parameter.name}: the step {cut(text)} is no whole number")
        step: int | float = found[0]
        return step


def proposed(parameters: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """The parameters worth sweeping first: lengths of time, at most two, else the first number."""
    numbers = [p for p in parameters if p.kind in ("int", "float") and p.default is not None]
    lengths = [p for p in numbers if any(word in p.name for word in ("period", "length", "window", "lookback"))]
    return tuple(lengths[:2] or numbers[:1])


def first_range(parameter: Parameter) -> tuple[float, float, float]:
    """A range around the default with about eight values."""
    default = parameter.default
    if isinstance(default, bool) or not isinstance(default, int | float):
        return 0, 0, 1
    is_whole = parameter.kind == "int"
    reach = abs(default) or 1
    low = _within(default - reach / 2, parameter)
    high = _within(default + reach, parameter)
    least = parameter.step or (1 if is_whole else 0)
    step = max(round_width((high - low) / _FIRST_VALUES or 1), least)
    if not is_whole:
        return float(f"{low:.6g}"), float(f"{high:.6g}"), step
    step = max(1, math.floor(step))
    low = math.ceil(low)
    return low, low + (math.floor(high) - low) // step * step, step


def count_text(axis: ParameterRange | Sequence[Any], parameter: Parameter) -> str:
    """How many values an axis has."""
    if not isinstance(axis, ParameterRange):
        n = len(set(map(str, axis)))
    else:
        step = axis.step or (1 if parameter.kind == "int" else None)
        if step is None:
            return "any number"
        n = math.floor((axis.high - axis.low) / step + 1e-9) + 1
    return f"{n:,} value{'' if n == 1 else 's'}"


def listed(text: str) -> list[Any]:
    """The values of a list as a person types it: numbers, true and false, else texts."""
    found: list[Any] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            value = json.loads(part.lower() if part.lower() in ("true", "false") else part)
        except ValueError:
            value = part
        found.append(value if isinstance(value, bool | int | float) else part.strip("\"'"))
    return found


def _modes(parameter: Parameter) -> tuple[str, ...]:
    return {
        "int": (FIXED, RANGE, LIST),
        "float": (FIXED, RANGE, LIST),
        "bool": (FIXED, ALL),
        "choice": (FIXED, ALL, LIST),
        "text": (FIXED, LIST),
    }.get(parameter.kind, (FIXED,))


def _within(value: float, parameter: Parameter) -> float:
    low = parameter.minimum if parameter.minimum is not None and parameter.minimum > -_FAR else value
    high = parameter.maximum if parameter.maximum is not None and parameter.maximum < _FAR else value
    return min(max(value, low), high)


def _example(parameter: Parameter) -> str:
    return ", ".join(parameter.choices[:2]) if parameter.choices else "5, 10, 20"
