"""Forms for what a backtest is made of: the parameters of a strategy and the settings of the broker."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.text import escape
from barscope.domain.parameters import ParamSpec, parse_parameters, plain
from barscope.engine.configuration import settings_of
from barscope.engine.simulated_broker import SimulatedBroker
from barscope.errors import BarscopeError
from barscope.indicators.parameters import Parameter
from barscope.widgets.notices import close_all
from barscope.widgets.parameter_fields import field_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from barscope.engine.strategy import Strategy
    from barscope.widgets.guard import Guard
    from barscope.widgets.parameter_fields import ParameterField


def strategy_parameters(cls: type[Strategy]) -> tuple[Parameter, ...]:
    """What a form asks of a strategy: its ParamSpecs."""
    return tuple(_parameter(name, spec) for name, spec in cls.parameters.items())


def broker_parameters() -> tuple[Parameter, ...]:
    """What a form asks of the simulated broker: those of its settings that are one number or a yes or no."""
    settings = settings_of(SimulatedBroker).items()
    return tuple(
        Parameter(name, "bool" if isinstance(value, bool) else "float", value, None if isinstance(value, bool) else 0.0)
        for name, value in settings
        if value is None or isinstance(value, bool | int | float)
    )


def problem_of_strategy(cls: type[Strategy], values: Mapping[str, Any]) -> str | None:
    """Why these values do not fit together, or None."""
    try:
        cls.check_parameters(parse_parameters(cls.name, cls.parameters, values))
    except BarscopeError as error:
        return str(error)
    return None


class SettingsForm:
    """One field per parameter with its bounds beside it, and what is wrong with a value right below it.

    Attributes:
        widget: What a panel shows.
        fields: Parameter name → its field.
        problem: What is wrong with the values, or None.
    """

    def __init__(self, guard: Guard, on_change: Callable[[], None]) -> None:
        self._guard = guard
        self._on_change = on_change
        self._building = False
        self._messages: dict[str, widgets.HTML] = {}
        self._judge: Callable[[Mapping[str, Any]], str | None] = lambda _values: None
        self.fields: dict[str, ParameterField] = {}
        self.problem: str | None = None
        self._together = widgets.HTML().add_class("barscope-problem")
        self.widget = widgets.VBox().add_class("barscope-settings")

    def show(
        self,
        parameters: Sequence[Parameter],
        given: Mapping[str, Any],
        judge: Callable[[Mapping[str, Any]], str | None] = lambda _values: None,
    ) -> None:
        """The fields of some parameters, filled with some values, and with the defaults where there are none.

        Args:
            parameters: What is asked.
            given: Name → value.
            judge: Says why values that are each allowed do not fit together, or None.
        """
        old = self.widget.children
        self._judge, self._building = judge, True
        self.fields = {p.name: field_for(p, given, self._guard, self._check) for p in parameters}
        self._messages = {name: widgets.HTML().add_class("barscope-problem") for name in self.fields}
        self._building = False
        rows = [
            widgets.VBox([field.widget, self._messages[name]]).add_class("barscope-setting")
            for name, field in self.fields.items()
        ]
        nothing = [] if rows else [widgets.HTML(escape("No parameters")).add_class("barscope-hint")]
        self.widget.children = (*rows, *nothing, self._together)
        for row in old:
            if row is not self._together:
                close_all(row)
        self._check()

    @property
    def values(self) -> dict[str, Any]:
        """Name → value as plain JSON; those left empty are left out."""
        return {key: value for field in self.fields.values() for key, value in field.params().items()}

    @property
    def changed(self) -> dict[str, Any]:
        """Those values that differ from the defaults."""
        return {k: v for k, v in self.values.items() if v != self.fields[k].parameter.default}

    def _check(self) -> None:
        if self._building:
            return
        problems = {name: field.check() for name, field in self.fields.items()}
        for name, problem in problems.items():
            say(self._messages[name], problem)
        self.problem = next((problem for problem in problems.values() if problem), None)
        together = None if self.problem else self._judge(self.values)
        say(self._together, together)
        self.problem = self.problem or together
        self._on_change()


def say(line: widgets.HTML, message: str | None) -> None:
    """Write a message into a line of text; without one the line takes no room."""
    line.value = escape(message) if message else ""
    line.tooltip = message
    line.layout.display = "" if message else "none"


def _parameter(name: str, spec: ParamSpec) -> Parameter:
    default = plain(spec.default)
    choices: Sequence[Any] = spec.choices or (list(type(spec.default)) if isinstance(spec.default, Enum) else ())
    if choices and not isinstance(default, bool | int | float):
        return Parameter(name, "choice", default, choices=tuple(str(plain(choice)) for choice in choices))
    kinds = {bool: "bool", int: "int", float: "float"}
    kind = kinds.get(type(default), "text")
    return Parameter(name, kind, default, spec.min, spec.max, spec.step)  # type: ignore[arg-type]  # one of the kinds
