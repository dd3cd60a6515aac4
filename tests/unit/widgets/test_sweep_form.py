"""The form of a sweep: how each parameter is tried, sampling, stretches, and what is refused where."""

from __future__ import annotations

import pytest

import barscope as bs
from barscope.engine.registry import strategy_class
from barscope.errors import InvalidParameterError
from barscope.indicators.parameters import Parameter
from barscope.studies.sweep_request import ParameterRange, Stretch, SweepRequest
from barscope.widgets.guard import Guard
from barscope.widgets.sweep_form import INDICATOR, STRATEGY, SweepForm
from barscope.widgets.sweep_parameters import (
    ALL,
    FIXED,
    LIST,
    RANGE,
    SweepParameter,
    count_text,
    first_range,
    listed,
    proposed,
)

SOURCE = bs.ExplorerRequest(symbols=("AAPL", "IBM"), rtype=35, publisher_id=1)


@pytest.fixture
def form():
    """The form of a strategy of two periods."""
    made = SweepForm(Guard(), lambda: None, lambda: None)
    made.target.value = "SMACrossover"
    return made


def row(kind, default, **bounds):
    """The row of a parameter."""
    return SweepParameter(Parameter("p", kind, default, **bounds), {}, Guard(), lambda: None)


def test_a_new_form_proposes_ranges_of_the_periods(form):
    """Two lengths of time are swept around their defaults, everything else is fixed, and the whole holds."""
    request = form.request(SOURCE)
    assert request.strategy == "SMACrossover"
    assert set(request.parameters) == {"fast_period", "slow_period"}
    fast = request.parameters["fast_period"]
    assert fast.low <= strategy_class("SMACrossover").parameters["fast_period"].default <= fast.high
    assert request.fixed == {"quantity": 1.0}
    assert request.symbols == ("AAPL", "IBM")


@pytest.mark.parametrize(
    ("parameter", "found"),
    [
        (Parameter("period", "int", 20, 2, 100_000, 1), (10, 40, 5)),
        (Parameter("period", "int", 3, 2, 5, 1), (2, 5, 1)),
        (Parameter("factor", "float", 2.0, 0.5), (1.0, 4.0, 0.5)),
        (Parameter("shift", "float", 0.0), (-0.5, 1.0, 0.2)),
        (Parameter("level", "int", -10, -20, 20), (-15, 0, 2)),
    ],
)
def test_a_first_range_spans_the_default_within_the_bounds(parameter, found):
    """Around the default, never beyond what the parameter takes, in about eight round steps; whole where it is."""
    low, high, step = first_range(parameter)
    assert low == pytest.approx(found[0])
    assert step == pytest.approx(found[2])
    assert low < high <= found[1]
    if parameter.kind == "int":
        assert all(isinstance(number, int) for number in (low, high, step))


def test_lengths_of_time_are_proposed_first():
    """At most two parameters that are lengths; the first number where there is none; never a text."""
    period, window, size = (Parameter(n, "int", 5) for n in ("period", "window", "size"))
    side = Parameter("side", "choice", "long", choices=("long", "short"))
    assert proposed((side, size, period, window)) == (period, window)
    assert proposed((side, size)) == (size,)
    assert proposed((side,)) == ()


def test_each_kind_offers_what_makes_sense():
    """A yes or no is fixed or both, a choice may be all or some, a number is a range or a list."""
    assert row("int", 5).mode.options == (FIXED, RANGE, LIST)
    assert row("bool", True).mode.options == (FIXED, ALL)
    assert row("choice", "a", choices=("a", "b")).mode.options == (FIXED, ALL, LIST)
    assert row("text", "x").mode.options == (FIXED, LIST)


def test_what_is_typed_becomes_an_axis():
    """Lists hold numbers, texts and truth values; all is all of a choice; a range may have a step or none."""
    choice, flag, number = row("choice", "a", choices=("a", "b")), row("bool", True), row("float", 1.0)
    choice.mode.value, flag.mode.value, number.mode.value = ALL, ALL, RANGE
    assert (choice.axis, flag.axis) == (["a", "b"], [True, False])
    number.low.value, number.high.value, number.step.value = 0.5, 1.5, ""
    assert number.axis == ParameterRange(low=0.5, high=1.5)
    number.step.value = "0.25"
    assert number.axis == ParameterRange(low=0.5, high=1.5, step=0.25)
    assert listed("5, 10,, 2.5, true, 'up'") == [5, 10, 2.5, True, "up"]
    assert count_text(number.axis, number.parameter) == "5 values"
    assert count_text(ParameterRange(low=0, high=1), number.parameter) == "any number"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("low", 99, "reversed"),
        ("low", 0, "whole number from 5"),
        ("step", "0", "no number above 0"),
        ("step", "x", "no number above 0"),
        ("step", "1.5", "no whole number"),
    ],
)
def test_a_wrong_range_is_refused_below_its_row(form, field, value, said):
    """The message stands at the parameter that is wrong, and the form asks for nothing until it is mended."""
    fast = form.parameters.rows["fast_period"]
    getattr(fast, field).value = value
    assert said in fast._problem.value
    assert form.parameters.rows["slow_period"]._problem.value == ""
    with pytest.raises(InvalidParameterError, match=said):
        form.request(SOURCE)


def test_an_empty_list_is_refused(form):
    """A list needs a value; a text where a number is asked is named."""
    fast = form.parameters.rows["fast_period"]
    fast.mode.value = LIST
    assert "write at least one value" in fast._problem.value
    fast.values.value = "5, many"
    assert "'many'" in fast._problem.tooltip
    fast.values.value = "5, 8, 13"
    assert form.request(SOURCE).parameters["fast_period"] == [5, 8, 13]


def test_a_fixed_parameter_shows_its_field_and_a_swept_one_its_range(form):
    """Only what belongs to the mode is shown."""
    fast = form.parameters.rows["fast_period"]
    assert (fast.field.widget.layout.display, fast._range.layout.display) == ("none", "")
    fast.mode.value = FIXED
    assert (fast.field.widget.layout.display, fast._range.layout.display) == ("", "none")
    assert form.request(SOURCE).fixed["fast_period"] == fast.parameter.default


def test_a_sample_has_a_size_and_a_seed(form):
    """They are shown and asked for where a sample is taken, and nowhere else."""
    sampling = form.sampling
    assert sampling.samples.layout.display == "none"
    assert form.request(SOURCE).samples is None
    sampling.sampling.value = "latin_hypercube"
    sampling.samples.value, sampling.seed.value = 50, 7
    request = form.request(SOURCE)
    assert (request.sampling, request.samples, request.seed) == ("latin_hypercube", 50, 7)
    assert sampling.samples.layout.display == ""


def test_an_indicator_has_no_broker(form):
    """Its parameters take the place of the strategy's, and the settings of the broker are gone."""
    form.broker.fields["starting_cash"].input.value = 5000.0
    form.kind.value = INDICATOR
    form.target.value = "RSI"
    request = form.request(SOURCE)
    assert (request.indicator, request.strategy, request.broker) == ("RSI", None, {})
    assert form.more.layout.display == "none"
    form.kind.value = STRATEGY
    assert form.request(SOURCE).broker == {"starting_cash": 5000.0}


def test_a_request_fills_the_form_again(form):
    """Ranges, lists, fixed values, sampling and broker come back as they were asked."""
    asked = SweepRequest(
        symbols=("AAPL", "IBM"),
        rtype=35,
        publisher_id=1,
        strategy="SMACrossover",
        parameters={"fast_period": [5, 8], "slow_period": ParameterRange(low=20, high=60, step=10)},
        fixed={"quantity": 3.0},
        broker={"slippage_bps": 2.0},
        sampling="random",
        samples=4,
        seed=9,
    )
    form.set(asked)
    assert form.request(SOURCE) == asked


def test_regions_of_a_split_are_stretches(form, tmp_path):
    """Each ticked region is a stretch with its days; none ticked is refused; a request finds its split again."""
    from barscope.ingest import sample_stocks

    with bs.Workspace(tmp_path / "ws") as ws:
        stocks = ws.secmaster.ensure_publisher("Sample", "STOCKS", "XNAS")
        ws.secmaster.write(stocks.publisher_id, sample_stocks())
        ws.data_splits.save(ws.data_splits.plan(SOURCE), "Honest")
        splits = tuple(ws.data_splits.list())
    sampling = form.sampling
    sampling.offer_splits(splits)
    assert form.request(SOURCE).stretches == ()
    sampling.split.value = splits[0].split_id
    sampling.regions["dev"].value = False
    asked = form.request(SOURCE)
    train, test = splits[0].train, splits[0].test
    assert asked.stretches == (
        Stretch(name="train", start_date=train.start_date, end_date=train.end_date),
        Stretch(name="test", start_date=test.start_date, end_date=test.end_date),
    )
    for box in sampling.regions.values():
        box.value = False
    assert form.problem == "Tick at least one stretch of the split."
    form.set(asked)
    assert form.request(SOURCE) == asked
