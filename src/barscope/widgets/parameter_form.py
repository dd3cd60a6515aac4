"""A form for the parameters of an indicator, generated from what its class declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.text import escape
from barscope.errors import BarscopeError
from barscope.indicators.registry import build_indicator, indicator_class
from barscope.widgets.parameter_fields import ParameterField, field_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barscope.widgets.guard import Guard


class ParameterForm:
    """One field per parameter, each with its bounds beside it; wrong values are marked as they are typed.

    Attributes:
        widget: What a panel shows.
        class_name: The indicator, or None before one is chosen.
        fields: Parameter name → its field.
        problem: What is wrong with the values, or None.
    """

    def __init__(self, guard: Guard, on_change: Callable[[], None] = lambda: None) -> None:
        self._guard = guard
        self._on_change = on_change
        self._building = False
        self.class_name: str | None = None
        self.fields: dict[str, ParameterField] = {}
        self.problem: str | None = None
        self.widget = widgets.VBox().add_class("barscope-form")

    def show(self, class_name: str, params: Mapping[str, Any] | None = None) -> None:
        """The fields of an indicator, filled with some values, and with the defaults where there are none.

        Raises:
            UnknownIndicatorError: If no such class is registered.
        """
        cls = indicator_class(class_name)
        given = dict(params or {})
        old = self.fields
        self.class_name = class_name
        self._building = True
        self.fields = {
            name: field_for(parameter, given, self._guard, self._check) for name, parameter in cls.parameters.items()
        }
        self._building = False
        rows = [field.widget for field in self.fields.values()]
        self.widget.children = rows or [widgets.HTML(escape("No parameters")).add_class("barscope-hint")]
        for field in old.values():
            field.close()
        self._check()

    def close(self) -> None:
        """Let go of all fields."""
        for field in self.fields.values():
            field.close()
        self.fields = {}

    @property
    def params(self) -> dict[str, Any]:
        """The values as plain JSON; those left empty are left out."""
        return {key: value for field in self.fields.values() for key, value in field.params().items()}

    def _check(self) -> None:
        """Validate each field, then all of them together as the indicator itself does."""
        if self._building:
            return
        problems = [field.check() for field in self.fields.values()]
        self.problem = next((problem for problem in problems if problem), None)
        if self.problem is None and self.class_name is not None:
            try:
                build_indicator(self.class_name, self.params)
            except BarscopeError as error:
                self.problem = str(error)
        self._on_change()
