"""Which strategy to test: its parameters, the settings of the broker, and the button that runs it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from barscope.charts.text import escape, plain
from barscope.engine.configuration import configured
from barscope.engine.registry import strategies, strategy_class
from barscope.engine.simulated_broker import SimulatedBroker
from barscope.errors import BarscopeError, InvalidParameterError
from barscope.widgets.fields import icon_button
from barscope.widgets.strategy_form import SettingsForm, broker_parameters, problem_of_strategy, strategy_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from barscope.engine.strategy import Strategy
    from barscope.widgets.guard import Guard


class StrategyPicker:
    """List, forms and button.

    The parameters last used for a strategy are there again when it is chosen again.

    Attributes:
        widget: What a panel shows.
        strategy: The chosen strategy, by the name of its class.
        reload: The button that imports the user's own strategies again.
        form: Its parameters.
        broker: The settings of the broker.
        more: The button that shows them.
        run: The button that runs the backtest.
    """

    def __init__(self, guard: Guard, on_run: Callable[[], None], on_reload: Callable[[], None]) -> None:
        self._on_run = on_run
        self._on_reload = on_reload
        self._used: dict[str, dict[str, Any]] = {}
        self._symbols: Sequence[str] = ()
        self._make_widgets(guard)
        self._listen(guard)
        self.broker.show(broker_parameters(), {}, self._problem_of_broker)
        self.refresh()

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the strategy, all of them."""
        return self.form.values

    @property
    def broker_settings(self) -> dict[str, Any]:
        """The settings of the broker that differ from its defaults."""
        return self.broker.changed

    def select(self, name: str, params: Mapping[str, Any], broker: Mapping[str, Any]) -> None:
        """Choose a strategy and fill in the forms.

        Raises:
            UnknownStrategyError: If no such class is registered.
        """
        strategy_class(name)
        self._used[name] = dict(params)
        self.broker.show(broker_parameters(), broker, self._problem_of_broker)
        if self.strategy.value == name:
            self._show()
        else:
            self.strategy.value = name

    def refresh(self) -> None:
        """Offer what is registered now; the user's own come first."""
        options = tuple((plain(cls.__name__), cls.__name__) for cls in strategies())
        kept = self.strategy.value
        names = [name for _label, name in options]
        if self.strategy.options != options:
            self.strategy.options = options
        first = "SMACrossover" if "SMACrossover" in names else next(iter(names), None)
        self.strategy.value = kept if kept in names else first
        self._show()

    def offer(self, symbols: Sequence[str]) -> None:
        """The symbols there are to test on."""
        self._symbols = tuple(symbols)
        self._judge()

    # ---- from one step to the next

    def _show(self) -> None:
        if self.strategy.value is None:
            return
        cls = strategy_class(self.strategy.value)
        judge = lambda values: problem_of_strategy(cls, values)  # noqa: E731
        self.form.show(strategy_parameters(cls), self._used.get(cls.__name__, {}), judge)
        self._about.value = escape(_first_line(cls))
        self._about.tooltip = _first_line(cls)

    def _problem_of_broker(self, values: Mapping[str, Any]) -> str | None:
        try:
            configured(SimulatedBroker, **values).check_settings(self._symbols)
        except BarscopeError as error:
            return str(error)
        return None

    def _judge(self) -> None:
        changed = len(self.broker_settings) if self.broker.problem is None else 0
        self.more.description = f"Broker settings ({changed} changed)" if changed else "Broker settings"
        self.more.icon = "caret-down" if self.more.value else "caret-right"
        problem = self.form.problem or self.broker.problem
        nothing = "" if self._symbols else "Choose a symbol first."
        hidden = "A broker setting is wrong." if not self.form.problem and problem and not self.more.value else ""
        self._note.value = escape(hidden or nothing)
        self.run.disabled = problem is not None or not self._symbols or self.strategy.value is None

    def _run(self) -> None:
        problem = self.form.problem or self.broker.problem
        if problem is not None:
            raise InvalidParameterError(problem)
        self._used[self.strategy.value] = self.params
        self._on_run()

    def _reload(self) -> None:
        self._on_reload()
        self.refresh()

    def _toggle(self) -> None:
        self.broker.widget.layout.display = "" if self.more.value else "none"
        self._judge()

    # ---- widgets

    def _make_widgets(self, guard: Guard) -> None:
        self.strategy = widgets.Dropdown(tooltip="Strategy")
        self.reload = icon_button("refresh", "Import my own strategies again")
        self._about = widgets.HTML().add_class("barscope-hint").add_class("barscope-about")
        self.form = SettingsForm(guard, self._judge)
        self.broker = SettingsForm(guard, self._judge)
        self.broker.widget.layout.display = "none"
        self.more = widgets.ToggleButton(description="Broker settings", icon="caret-right").add_class("barscope-more")
        self._note = widgets.HTML().add_class("barscope-hint")
        self.run = widgets.Button(description="Run backtest", icon="play", button_style="primary")
        line = widgets.Box([self.strategy, self.reload]).add_class("barscope-choose")
        forms = widgets.VBox([self.form.widget, self.more, self.broker.widget]).add_class("barscope-forms")
        footer = widgets.Box([self._note, self.run]).add_class("barscope-add")
        self.widget = widgets.VBox([line, self._about, forms, footer]).add_class("barscope-picker")

    def _listen(self, guard: Guard) -> None:
        self.strategy.observe(guard(lambda _change: self._show()), "value")
        self.more.observe(guard(lambda _change: self._toggle()), "value")
        self.reload.on_click(guard(lambda _button: self._reload()))
        self.run.on_click(guard(lambda _button: self._run()))


def _first_line(cls: type[Strategy]) -> str:
    return (inspect.getdoc(cls) or "").partition("\n")[0] if cls.__doc__ else ""
