"""The catalogue and the parameter form that follows from what a class declares."""

from __future__ import annotations

from enum import Enum

import pytest

import barscope as bs
from barscope.indicators import registry
from barscope.widgets.guard import Guard
from barscope.widgets.indicator_picker import IndicatorPicker
from barscope.widgets.parameter_form import ParameterForm


class Shape(Enum):
    """Two shapes."""

    ROUND = 1
    SQUARE = 2


@pytest.fixture
def every_kind():
    """A registered class with a parameter of each kind."""

    class FormProbe(bs.Indicator):
        """A class with every kind of parameter."""

        period: int = bs.parameter(20, minimum=2, maximum=50, description="Bars")
        scale: float = bs.parameter(1.5, minimum=0)
        smooth: bool = False
        note: str = "plain"
        shape: Shape = Shape.ROUND

        def compute(self, bars):
            return bars.close

    yield FormProbe
    registry.unregister_module(FormProbe.__module__)


@pytest.fixture
def form(every_kind):
    """The form of that class."""
    made = ParameterForm(Guard())
    made.show("FormProbe")
    return made


def test_form_starts_with_the_defaults(form):
    """A new form holds the default of every parameter as plain JSON."""
    assert form.params == {"period": 20, "scale": 1.5, "smooth": False, "note": "plain", "shape": "ROUND"}
    assert form.problem is None


def test_form_gives_what_was_entered(form):
    """What is entered is what the indicator is built with."""
    form.fields["period"].input.value = 30
    form.fields["shape"].input.value = "SQUARE"
    form.fields["smooth"].input.value = True
    built = registry.build_indicator("FormProbe", form.params)
    assert (built.period, built.shape, built.smooth) == (30, Shape.SQUARE, True)


def test_wrong_value_is_marked_and_explained(form):
    """A value out of bounds marks its field and says what is allowed; the right value clears both."""
    field = form.fields["period"]
    field.input.value = 51
    assert form.problem == "period is 51: it must be a whole number from 2 to 50"
    assert "barscope-wrong" in field.widget._dom_classes
    field.input.value = 50
    assert form.problem is None
    assert "barscope-wrong" not in field.widget._dom_classes


def test_bounds_stand_beside_the_field(form):
    """The allowed range is shown before anything wrong is entered."""
    assert form.fields["period"]._hint.value == "2 – 50"
    assert form.fields["scale"]._hint.value == "≥ 0"


def test_problem_of_several_parameters_is_shown():
    """Values that are each allowed but do not fit each other are refused in the indicator's own words."""
    form = ParameterForm(Guard())
    form.show("MAVP")
    form.fields["minperiod"].input.value = 31
    assert "refuses minperiod 31, maxperiod 30" in form.problem


def test_source_has_a_form_of_its_own():
    """An indicator that reads another shows that one's parameters nested, and passes them on."""
    form = ParameterForm(Guard())
    form.show("PeriodExtreme")
    source = form.fields["source"]
    source.input.value = "RSI"
    source.form.fields["period"].input.value = 5
    built = registry.build_indicator("PeriodExtreme", form.params)
    assert built.sources[0] == registry.build_indicator("RSI", {"period": 5})


def test_problem_of_a_source_reaches_the_form():
    """A wrong value in a nested form makes the whole form wrong."""
    form = ParameterForm(Guard())
    form.show("PeriodExtreme")
    form.fields["source"].input.value = "RSI"
    form.fields["source"].form.fields["period"].input.value = 0
    assert "period is 0" in form.problem


def test_output_of_a_source_can_be_chosen():
    """A source with several series asks which one is read."""
    form = ParameterForm(Guard())
    form.show("SMA")
    source = form.fields["source"]
    assert "source" not in form.params
    source.input.value = "BBANDS"
    assert source._output_row.layout.display == ""
    source.output.value = "lowerband"
    built = registry.build_indicator("SMA", form.params)
    assert built.source_series("source").key == "lowerband"


def test_form_is_filled_with_given_parameters():
    """A form shown with parameters, nested ones too, gives the same parameters back."""
    given = registry.build_indicator(
        "PeriodExtreme", {"period": 7, "source": "BollingerUpper", "source_kwargs": {"period": 9}}
    ).params
    form = ParameterForm(Guard())
    form.show("PeriodExtreme", given)
    assert registry.build_indicator("PeriodExtreme", form.params).params == given


def test_every_indicator_of_the_catalogue_has_a_valid_form():
    """Each registered indicator gets a form whose defaults are accepted and mean the defaults."""
    form = ParameterForm(Guard())
    for cls in registry.catalogue():
        form.show(cls.class_name)
        assert form.problem is None, cls.class_name
        assert registry.build_indicator(cls.class_name, form.params) == registry.build_indicator(cls.class_name)
    form.close()


@pytest.fixture
def added():
    """What was added, in order."""
    return []


@pytest.fixture
def picker(added):
    """A picker with bars to compute on."""
    made = IndicatorPicker(Guard(), lambda name, params, _timeframe: added.append((name, params)), lambda: None)
    made.enable(True)
    return made


def shown(picker):
    """The class names in the list."""
    return [class_name for _label, class_name in picker.found.options]


def test_search_narrows_by_name_and_title(picker):
    """Words of a name or a title narrow the list, and the best match is chosen."""
    picker.search.value = "bollinger band"
    assert set(shown(picker)) >= {"BollingerUpper", "BollingerLower", "BBANDS"}
    assert "RSI" not in shown(picker)
    picker.search.value = "rsi"
    assert picker.found.value == "RSI"


def test_group_narrows_the_list(picker):
    """A group leaves only its own indicators."""
    picker.group.value = "Volume Indicators"
    assert shown(picker)
    assert {registry.indicator_class(name).group for name in shown(picker)} == {"Volume Indicators"}


def test_nothing_found_is_said_and_nothing_can_be_added(picker):
    """A search without a match says so and leaves the button off."""
    picker.search.value = "no such thing"
    assert picker.found.value is None
    assert picker.add.disabled
    assert "Nothing matches" in picker._count.value


def test_the_form_is_that_of_the_chosen_indicator_or_unseen(picker):
    """Without a match no fields of another indicator are in sight; with one they are there again."""
    picker.search.value = "no such thing"
    assert picker.form.widget.layout.visibility == "hidden"
    picker.search.value = ""
    assert picker.form.widget.layout.visibility == "visible"


def test_users_classes_come_first(every_kind):
    """An indicator of the user's own stands at the top of the list."""
    picker = IndicatorPicker(Guard(), lambda *_: None, lambda: None)
    assert shown(picker)[0] == "FormProbe"


def test_add_gives_name_and_parameters(picker, added):
    """The button adds the chosen indicator with the parameters of the form."""
    picker.select("RSI")
    picker.form.fields["period"].input.value = 21
    picker.add.click()
    assert added == [("RSI", {"period": 21, "bar_field": "CLOSE"})]


def test_wrong_parameters_cannot_be_added(picker):
    """The button is off while a parameter is wrong, and the message is beside it."""
    picker.select("RSI")
    picker.form.fields["period"].input.value = 0
    assert picker.add.disabled
    assert "period is 0" in picker._problem.value


def test_nothing_can_be_added_without_bars(picker):
    """The button is off while no bars are chosen."""
    picker.enable(False)
    assert picker.add.disabled


def test_last_parameters_are_remembered(picker):
    """An indicator chosen again has the parameters it was last added with."""
    picker.select("RSI", {"period": 21})
    picker.add.click()
    picker.select("ATR")
    picker.select("RSI")
    assert picker.form.params["period"] == 21


def test_select_finds_what_a_search_hides(picker):
    """An indicator that the search hides can be chosen from code: the search gives way."""
    picker.search.value = "bollinger"
    picker.select("RSI", {"period": 3})
    assert picker.found.value == "RSI"
    assert picker.form.params["period"] == 3
