"""The fields of a parameter form: one kind of input per kind of parameter, checked by the parameter itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.text import escape
from barscope.errors import InvalidParameterError
from barscope.indicators.registry import build_indicator, catalogue
from barscope.widgets.fields import indicator_label
from barscope.widgets.notices import close_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barscope.indicators.parameters import Parameter
    from barscope.widgets.guard import Guard


_UNSET = ""
"""What a dropdown holds for an optional value that is not given: None would be no option at all."""
_BOUNDLESS = 1e15
"""A bound beyond this tells a person nothing."""


def field_for(
    parameter: Parameter, given: Mapping[str, Any], guard: Guard, on_change: Callable[[], None]
) -> ParameterField:
    """The field of a parameter, filled from `given` or with the default."""
    value = given.get(parameter.name, parameter.default)
    if parameter.kind == "indicator":
        return SourceField(parameter, value, given, guard, on_change)
    return ParameterField(parameter, value, guard, on_change)


class ParameterField:
    """A plain value: a number, a choice, yes or no, or text.

    Attributes:
        widget: The row in the form: name, input, what is allowed.
        input: The input.
    """

    def __init__(self, parameter: Parameter, value: object, guard: Guard, on_change: Callable[[], None]) -> None:
        self.parameter = parameter
        self.input = _input(parameter, value)
        allowed = "another indicator" if parameter.kind == "indicator" else parameter.allowed
        self.input.tooltip = f"{parameter.description or parameter.label}: {allowed}"
        self.input.observe(guard(lambda _change: on_change()), "value")
        self._hint = widgets.HTML(escape(_bounds(parameter))).add_class("barscope-hint")
        self.widget = widgets.Box([self.input, self._hint]).add_class("barscope-parameter")
        self.widget.add_class(f"barscope-{parameter.kind}")

    @property
    def value(self) -> Any:  # noqa: ANN401  # plain JSON
        """The value as plain JSON; None where an optional one is left empty."""
        value = self.input.value
        if value == _UNSET and self.parameter.default is None:
            return None
        if isinstance(self.input, widgets.Text) and self.parameter.kind in ("int", "float"):
            return _number(value)
        return value

    def params(self) -> dict[str, Any]:
        """What the field gives to the indicator."""
        return {} if self.value is None else {self.parameter.name: self.value}

    def check(self) -> str | None:
        """Mark the field if its value is wrong, and say what is."""
        try:
            self.parameter.parse(self.value)
        except InvalidParameterError as error:
            self.widget.add_class("barscope-wrong")
            return str(error)
        self.widget.remove_class("barscope-wrong")
        return None

    def close(self) -> None:
        """Let go of its widgets."""
        close_all(self.widget)


class SourceField(ParameterField):
    """Another indicator that this one reads, with a form of its own.

    Attributes:
        form: The parameters of the source.
        output: Which output of the source is read; shown only where it has several.
    """

    def __init__(
        self,
        parameter: Parameter,
        value: object,
        given: Mapping[str, Any],
        guard: Guard,
        on_change: Callable[[], None],
    ) -> None:
        from barscope.widgets.parameter_form import ParameterForm

        super().__init__(parameter, value, guard, on_change)
        self._on_change = on_change
        self.form = ParameterForm(guard, self._source_changed)
        self.output = widgets.Dropdown(description="Series", tooltip="Which of its series is read")
        self.output.observe(guard(lambda _change: on_change()), "value")
        self._output_row = widgets.Box([self.output]).add_class("barscope-parameter").add_class("barscope-choice")
        nested = widgets.VBox([self.form.widget, self._output_row]).add_class("barscope-nested")
        self._row = self.widget
        self.widget = widgets.VBox([self._row, nested]).add_class("barscope-source-field")
        self._show_form(given)
        self.input.observe(guard(lambda _change: self._show_form({})), "value")

    def params(self) -> dict[str, Any]:
        """The source's class, its parameters, and the output that is read."""
        if self.value is None:
            return {}
        name = self.parameter.name
        found = {name: self.value, f"{name}_kwargs": self.form.params}
        return found | ({f"{name}_output": self.output.value} if len(self.output.options) > 1 else {})

    def check(self) -> str | None:
        """What is wrong with the source, or with its parameters."""
        return self.form.problem if self.value is not None else super().check()

    def close(self) -> None:
        """Let go of its widgets and those of its form."""
        self.form.close()
        super().close()

    def _show_form(self, given: Mapping[str, Any]) -> None:
        self.form.widget.layout.display = "none" if self.value is None else ""
        if self.value is None:
            self._source_changed()
            return
        name = self.parameter.name
        wanted = given.get(f"{name}_output")
        self.form.show(self.value, given.get(f"{name}_kwargs") or given.get("source_kwargs"))
        if wanted in self.output.options:
            self.output.value = wanted

    def _source_changed(self) -> None:
        keys: tuple[str, ...] = ()
        if self.value is not None and self.form.problem is None:
            keys = tuple(output.key for output in build_indicator(self.value, self.form.params).outputs)
        if self.form.problem is None and self.output.options != keys:
            self.output.options = keys
            self.output.value = keys[0] if keys else None
        self._output_row.layout.display = "" if len(keys) > 1 else "none"
        self._on_change()


def _input(parameter: Parameter, value: Any) -> widgets.Widget:  # noqa: ANN401
    label = parameter.label
    is_optional = parameter.default is None
    if parameter.kind == "bool":
        return widgets.Checkbox(value=bool(value), description=label, indent=True)
    if parameter.kind == "choice":
        empty = [("not set", _UNSET)] if is_optional else []
        options = [*empty, *((name, name) for name in parameter.choices)]
        return widgets.Dropdown(options=options, value=_UNSET if value is None else value, description=label)
    if parameter.kind == "indicator":
        empty = [("none", _UNSET)] if is_optional else []
        options = [*empty, *((indicator_label(cls), cls.class_name) for cls in catalogue())]
        return widgets.Dropdown(options=options, value=_UNSET if value is None else value, description=label)
    if is_optional or parameter.kind == "text":
        shown = "" if value is None else str(value)
        return widgets.Text(value=shown, placeholder="not set" if is_optional else "", description=label)
    if parameter.kind == "int":
        step = int(parameter.step or 1)
        return widgets.IntText(value=value, step=step, continuous_update=True, description=label)
    return widgets.FloatText(value=value, step=parameter.step, continuous_update=True, description=label)


def _number(text: str) -> int | float | str | None:
    """The number a text stands for; the text itself where it is none, for the parameter to refuse."""
    if not text.strip():
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _bounds(parameter: Parameter) -> str:
    low, high = (None if b is None or abs(b) > _BOUNDLESS else b for b in (parameter.minimum, parameter.maximum))
    if low is not None and high is not None:
        return f"{_short(low)} – {_short(high)}"
    if low is not None:
        return f"≥ {_short(low)}"
    return "" if high is None else f"≤ {_short(high)}"


def _short(number: float) -> str:
    """A bound as it fits beside a field."""
    return f"{number:,.10g}" if abs(number) < 1e6 else f"{number:.0e}".replace("e+0", "e").replace("e+", "e")
