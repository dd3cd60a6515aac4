"""What a sweep tries: a strategy or an indicator, its parameters, how, and with which broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.text import plain
from barscope.engine.configuration import configured
from barscope.engine.registry import strategies, strategy_class
from barscope.engine.simulated_broker import SimulatedBroker
from barscope.errors import BarscopeError, InvalidParameterError
from barscope.indicators.registry import catalogue, indicator_class
from barscope.studies.request import BarChoice
from barscope.studies.sweep_request import SweepRequest
from barscope.widgets.fields import icon_button, indicator_label
from barscope.widgets.strategy_form import SettingsForm, broker_parameters, strategy_parameters
from barscope.widgets.sweep_parameters import SweepParameters
from barscope.widgets.sweep_sampling import SweepSampling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barscope.indicators.parameters import Parameter
    from barscope.studies.request import ExplorerRequest
    from barscope.widgets.guard import Guard

STRATEGY, INDICATOR = "Strategy", "Indicator"
_FIRST = {STRATEGY: "SMACrossover", INDICATOR: "RSI"}


class SweepForm:
    """The form; `request` is what it asks for on some bars.

    Attributes:
        widget: What a panel shows.
        kind: Strategy or indicator.
        target: The class that is tried.
        reload: The button that imports the user's own strategies and indicators again.
        parameters: How each of its parameters is tried.
        sampling: Which combinations, over which stretches, with which workers.
        broker: The settings of the broker.
    """

    def __init__(self, guard: Guard, on_change: Callable[[], None], on_reload: Callable[[], None]) -> None:
        self._on_change = on_change
        self._on_reload = on_reload
        self._is_building = True
        self._make_widgets(guard)
        self.broker.show(broker_parameters(), {}, self._problem_of_broker)
        self._listen(guard)
        self._offer()
        self._is_building = False

    @property
    def problem(self) -> str | None:
        """What is wrong in the form itself, or None."""
        is_strategy = self.kind.value == STRATEGY
        return self.parameters.problem or (self.broker.problem if is_strategy else None) or self.sampling.problem

    def request(self, source: ExplorerRequest) -> SweepRequest:
        """What is asked on some bars.

        Raises:
            InvalidParameterError: If a field does not hold.
        """
        if self.problem is not None:
            raise InvalidParameterError(self.problem)
        choice = {name: getattr(source, name) for name in BarChoice.model_fields}
        is_strategy = self.kind.value == STRATEGY
        return SweepRequest(
            **choice,
            **{"strategy" if is_strategy else "indicator": self.target.value},
            parameters=self.parameters.swept,
            fixed=self.parameters.fixed,
            broker=self.broker.changed if is_strategy else {},
            **self.sampling.request_fields,
        )

    def set(self, request: SweepRequest) -> None:
        """Fill in what a request asked.

        Raises:
            BarscopeError: If its class is not registered any more; the form stays as it is then.
        """
        kind, parameters = (STRATEGY, _of_strategy) if request.strategy is not None else (INDICATOR, _of_indicator)
        asked = parameters(request.target)
        self._is_building = True
        try:
            self.kind.value = kind
            self._offer(request.target)
            self.parameters.show(asked, request.parameters, request.fixed)
            self.broker.show(broker_parameters(), request.broker, self._problem_of_broker)
            self.sampling.set(request)
        finally:
            self._is_building = False
        self._tell()

    # ---- from one step to the next

    def _offer(self, wanted: str | None = None) -> None:
        """Offer the classes of the chosen kind that are registered now."""
        if self.kind.value == STRATEGY:
            options = tuple((plain(cls.__name__), cls.__name__) for cls in strategies())
        else:
            options = tuple((indicator_label(cls), cls.class_name) for cls in catalogue())
        names = [name for _label, name in options]
        kept = wanted or self.target.value
        first = _FIRST[self.kind.value]
        was_building, self._is_building = self._is_building, True
        self.target.options = options
        self.target.value = kept if kept in names else first if first in names else next(iter(names), None)
        self._is_building = was_building
        self._ask()

    def _ask(self) -> None:
        """The parameters of the chosen class."""
        is_strategy = self.kind.value == STRATEGY
        for part in (self.more, self.broker.widget):
            part.layout.display = "" if is_strategy and (part is self.more or self.more.value) else "none"
        if self.target.value is not None:
            self.parameters.show((_of_strategy if is_strategy else _of_indicator)(self.target.value))

    def _reload(self) -> None:
        self._on_reload()
        self._offer()

    def _problem_of_broker(self, values: Mapping[str, Any]) -> str | None:
        try:
            configured(SimulatedBroker, **values)
        except BarscopeError as error:
            return str(error)
        return None

    def _tell(self) -> None:
        if not self._is_building:
            changed = len(self.broker.changed) if self.broker.problem is None else 0
            self.more.description = f"Broker settings ({changed} changed)" if changed else "Broker settings"
            self._on_change()

    def _toggle(self) -> None:
        self.more.icon = "caret-down" if self.more.value else "caret-right"
        self.broker.widget.layout.display = "" if self.more.value else "none"

    # ---- widgets

    def _make_widgets(self, guard: Guard) -> None:
        self.kind = widgets.Dropdown(options=(STRATEGY, INDICATOR), tooltip="What is tried")
        self.target = widgets.Dropdown(tooltip="Class")
        self.reload = icon_button("refresh", "Import my own strategies and indicators again")
        self.parameters = SweepParameters(guard, self._tell)
        self.sampling = SweepSampling(guard, self._tell)
        self.broker = SettingsForm(guard, self._tell)
        self.more = widgets.ToggleButton(description="Broker settings", icon="caret-right").add_class("barscope-more")
        line = widgets.Box([self.kind, self.target, self.reload]).add_class("barscope-sweep-target")
        forms = widgets.VBox([self.parameters.widget, self.sampling.widget, self.more, self.broker.widget])
        self.widget = widgets.VBox([line, forms.add_class("barscope-sweep-forms")]).add_class("barscope-sweep-form")

    def _listen(self, guard: Guard) -> None:
        self.kind.observe(guard(lambda _change: None if self._is_building else self._offer()), "value")
        self.target.observe(guard(lambda _change: None if self._is_building else self._ask()), "value")
        self.more.observe(guard(lambda _change: self._toggle()), "value")
        self.reload.on_click(guard(lambda _button: self._reload()))


def _of_strategy(name: str) -> tuple[Parameter, ...]:
    return strategy_parameters(strategy_class(name))


def _of_indicator(name: str) -> tuple[Parameter, ...]:
    return tuple(indicator_class(name).parameters.values())
