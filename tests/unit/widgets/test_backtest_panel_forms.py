"""The forms of the backtest panel: what they ask, what they refuse, and where they say so."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

import pytest

import barscope as bs
from barscope.engine import registry
from barscope.engine.configuration import settings_of
from barscope.engine.simulated_broker import SimulatedBroker
from barscope.widgets.guard import Guard
from barscope.widgets.strategy_form import SettingsForm, broker_parameters, problem_of_strategy, strategy_parameters


class Mood(Enum):
    """Which way to look."""

    UP = 1
    DOWN = 2


@pytest.fixture
def strategy():
    """A strategy with a parameter of each kind."""

    class FormSample(bs.Strategy):
        """Never trades."""

        parameters: ClassVar = {
            "period": bs.ParamSpec(10, min=2, max=50, step=2),
            "factor": bs.ParamSpec(1.5, min=0.0),
            "eager": bs.ParamSpec(True),
            "mood": bs.ParamSpec(Mood.UP),
            "venue": bs.ParamSpec("near", choices=("near", "far")),
        }

        def on_bar(self, event):
            """Waits."""

        def setup(self):
            """Needs nothing."""

    yield FormSample
    registry.unregister_module(FormSample.__module__)


@pytest.fixture
def form():
    """An empty form."""
    return SettingsForm(Guard(), lambda: None)


def test_each_kind_of_parameter_has_its_field(form, strategy):
    """Bounds, step, choices and defaults of each ParamSpec are those of its field, and the defaults hold."""
    form.show(strategy_parameters(strategy), {})
    fields = form.fields
    assert (fields["period"].input.value, fields["period"].input.step) == (10, 2)
    assert fields["period"]._hint.value == "2 – 50"
    assert fields["eager"].input.value is True
    assert fields["mood"].input.options == (("UP", "UP"), ("DOWN", "DOWN"))
    assert fields["venue"].input.options == (("near", "near"), ("far", "far"))
    assert form.problem is None
    assert form.values == {"period": 10, "factor": 1.5, "eager": True, "mood": "UP", "venue": "near"}
    assert form.changed == {}


def test_a_wrong_value_is_refused_beside_its_field(form, strategy):
    """The message stands below the field that is wrong, and goes away with the mistake."""
    form.show(strategy_parameters(strategy), {})
    form.fields["period"].input.value = 51
    assert form._messages["period"].value == "period is 51: it must be a whole number from 2 to 50"
    assert form._messages["factor"].value == ""
    assert form.problem is not None
    form.fields["period"].input.value = 12
    assert form._messages["period"].value == ""
    assert form.problem is None
    assert form.changed == {"period": 12}


def test_values_that_do_not_fit_together_are_refused(form):
    """Two values that are each allowed but not together are refused as the strategy does."""
    cls = registry.strategy_class("SMACrossover")
    judge = lambda values: problem_of_strategy(cls, values)  # noqa: E731
    form.show(strategy_parameters(cls), {"fast_period": 50, "slow_period": 40}, judge)
    assert form.problem == "fast_period 50 must be below slow_period 40"
    assert form._together.value == "fast_period 50 must be below slow_period 40"


def test_the_broker_form_asks_for_every_plain_setting():
    """Each setting of the simulated broker that is a number or a yes or no has a field with its default."""
    asked = {parameter.name: parameter.default for parameter in broker_parameters()}
    plain = {k: v for k, v in settings_of(SimulatedBroker).items() if v is None or isinstance(v, bool | int | float)}
    assert asked == plain
    assert {"starting_cash", "commission_per_unit", "slippage_bps", "max_participation_pct"} <= set(asked)


def test_broker_settings_are_checked_as_the_broker_does(workspace):
    """A participation of 120 percent is refused by the broker's own rule, a negative commission by its field."""
    panel = workspace.backtest_panel()
    fields = panel.picker.broker.fields
    fields["max_participation_pct"].input.value = "120"
    assert "max_participation_pct is 120" in panel.picker.broker.problem
    assert panel.picker._note.value == "A broker setting is wrong."
    assert panel.picker.run.disabled
    fields["max_participation_pct"].input.value = "50"
    fields["commission_pct"].input.value = -1
    assert panel.picker.run.disabled
    fields["commission_pct"].input.value = 0.1
    assert panel.request.broker == {"max_participation_pct": 50, "commission_pct": 0.1}
    assert panel.picker.more.description == "Broker settings (2 changed)"
    panel.close()


def test_parameters_are_remembered_per_strategy(workspace):
    """A strategy that is chosen again has the parameters it was last run with."""
    panel = workspace.backtest_panel()
    panel.picker.form.fields["fast_period"].input.value = 7
    panel.picker.run.click()
    panel.picker.strategy.value = "BuyAndHold"
    panel.picker.strategy.value = "SMACrossover"
    assert panel.picker.params["fast_period"] == 7
    panel.close()
