"""Indicators of the user: a decorated function, an array class, a per-bar class."""

import pickle

import numpy as np
import pytest

from barscope.domain.bars import BarField
from barscope.errors import IndicatorError, InvalidParameterError
from barscope.indicators import Indicator, build_indicator, first_lookahead, indicator, indicator_class, parameter


class MidPrice(Indicator):
    """An array class at module level."""

    weight: float = parameter(1, minimum=0, maximum=1)

    def compute(self, bars):
        """The middle of each bar."""
        return (bars.high + bars.low) / 2 * self.weight


def streamed(instance, bars):
    """All values bar by bar."""
    stream = instance.stream()
    return np.array([stream.update(bar) for bar in bars])


def test_function_becomes_an_indicator(bars):
    """The decorator registers a class: columns by name, parameters by default, one output."""

    @indicator(pane="price", draw="dashed", title="Day range", group="Ranges")
    def day_range(high, low, period: int = 5, k: float = 1, field: BarField = BarField.OPEN):
        return (high - low) * k

    assert indicator_class("day_range") is day_range
    assert (day_range.title, day_range.group) == ("Day range", "Ranges")
    built = build_indicator("day_range", {"k": 2})
    assert built.params == {"period": 5, "k": 2.0, "field": "OPEN"}
    (output,) = built.outputs
    assert (output.name, output.pane, output.draw) == ("day_range(5, 2.0, OPEN)", "price", "dashed")
    np.testing.assert_array_equal(built.compute(bars)[output.name], (bars.high - bars.low) * 2)
    np.testing.assert_array_equal(streamed(built, bars)[:, 0], built.compute(bars)[output.name])


def test_bare_decorator_and_bars(bars):
    """The decorator works without parentheses, and `bars` receives all columns."""

    @indicator
    def turnover(bars):
        return bars.close * bars.volume

    np.testing.assert_array_equal(turnover().compute(bars)["turnover"], bars.close * bars.volume)


def test_function_with_several_outputs(bars):
    """A dict of arrays gives one series per output, in the declared order."""

    @indicator(outputs=("upper", "lower"))
    def channel(high, low, width: float = 1.0):
        return {"lower": low - width, "upper": high + width}

    series = channel(2.0).compute(bars)
    assert list(series) == ["channel(2.0).upper", "channel(2.0).lower"]
    np.testing.assert_array_equal(series["channel(2.0).upper"], bars.high + 2)


def test_function_argument_needs_a_default():
    """An argument that is neither a column nor has a default is refused, as is a default of no known kind."""
    with pytest.raises(InvalidParameterError, match="argument clse is not a column"):
        indicator(lambda clse: clse)
    with pytest.raises(InvalidParameterError, match=r"cannot have the default \[1\]"):
        indicator(lambda close, weights=[1]: close)


def test_array_class(bars):
    """Annotated attributes are parameters with the type of their annotation; a pickled copy is equal."""
    instance = MidPrice(weight=0.5)
    assert MidPrice().params == {"weight": 1.0}
    np.testing.assert_array_equal(instance.compute(bars)["MidPrice(0.5)"], (bars.high + bars.low) / 4)
    np.testing.assert_array_equal(streamed(instance, bars)[:, 0], instance.compute(bars)["MidPrice(0.5)"])
    assert pickle.loads(pickle.dumps(instance)) == instance  # noqa: S301  # our own bytes
    with pytest.raises(InvalidParameterError, match=r"weight is 2\.0: it must be a finite number from 0 to 1"):
        MidPrice(2)


def test_per_bar_class(bars):
    """A per-bar class starts afresh for each series, and batch is the loop of its updates."""

    class RunningHigh(Indicator):
        pane = "price"
        output_names = ("high", "bars_since")

        def reset(self):
            self.highest, self.since = -np.inf, 0

        def update(self, bar):
            self.since = 0 if bar.high > self.highest else self.since + 1
            self.highest = max(self.highest, bar.high)
            return self.highest, self.since

    instance = RunningHigh()
    first, again = instance.compute(bars), instance.compute(bars)
    np.testing.assert_array_equal(first["RunningHigh.high"], np.maximum.accumulate(bars.high))
    np.testing.assert_array_equal(first["RunningHigh.bars_since"], again["RunningHigh.bars_since"])
    np.testing.assert_array_equal(streamed(instance, bars)[:, 0], first["RunningHigh.high"])
    assert len(instance.compute(bars.rows(0, 0))["RunningHigh.high"]) == 0


def test_streams_of_one_indicator_are_independent(bars):
    """Two streams of the same per-bar indicator do not share state."""

    class Count(Indicator):
        def reset(self):
            self.n = 0

        def update(self, bar):
            self.n += 1
            return self.n

    counter = Count()
    first, second = counter.stream(), counter.stream()
    seen = [(first.update(bar), second.update(bar)) for bar in bars.rows(0, 2)]
    assert seen == [((1.0,), (1.0,)), ((2.0,), (2.0,))]


def test_per_bar_none_and_infinity_are_no_value(bars):
    """None and infinity become NaN."""

    class Odd(Indicator):
        def update(self, bar):
            return None if bar.ts == 0 else float("inf")

    assert np.isnan(Odd().compute(bars)["Odd"]).all()


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (lambda bars: bars.close[1:], r"output value has shape \(199,\), the bars have \(200,\)"),
        (lambda bars: 3.0, r"has shape \(\), the bars have \(200,\)"),
        (lambda bars: np.zeros((200, 2)), r"has shape \(200, 2\)"),
        (lambda bars: ["x"] * 200, "has dtype <U1: it must be numbers"),
        (lambda bars: [[1], [1, 2]], "not an array of numbers"),
        (lambda bars: None, "it must be numbers"),
        (lambda bars: {"other": bars.close}, "returned other: its outputs are value"),
        (lambda bars: (bars.close, bars.close), "returned 2 arrays: its outputs are value"),
    ],
)
def test_wrong_result_is_named(bars, result, words):
    """An array of the wrong shape, type or number is refused, naming the indicator and both shapes."""

    class Wrong(Indicator):
        def compute(self, bars):
            return result(bars)

    with pytest.raises(IndicatorError, match=rf"^Wrong\(\).*{words}"):
        Wrong().compute(bars)


@pytest.mark.parametrize("value", ["x", (1.0, 2.0), object()])
def test_wrong_value_of_a_bar_is_named(bars, value):
    """A per-bar class that returns no number, or too many, is refused."""

    class WrongBar(Indicator):
        def update(self, bar):
            return value

    with pytest.raises(IndicatorError, match=r"^WrongBar\(\) returned"):
        WrongBar().compute(bars)


def test_leaving_the_program_is_a_failure_too(bars):
    """`sys.exit` in user code fails its indicator alone."""

    class Leaving(Indicator):
        def compute(self, bars):
            raise SystemExit(3)

    with pytest.raises(IndicatorError, match=r"Leaving\(\) failed: SystemExit: 3"):
        Leaving().compute(bars)


def test_exceptions_are_wrapped(bars):
    """An exception in user code names the indicator and keeps the original as its cause."""

    class Failing(Indicator):
        period: int = 3

        def compute(self, bars):
            return bars.close / {}[self.period]

    class FailingBar(Indicator):
        def update(self, bar):
            raise ZeroDivisionError("nothing to divide")

    with pytest.raises(IndicatorError, match=r"Failing\(period=3\) failed: KeyError: 3") as caught:
        Failing().compute(bars)
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(IndicatorError, match="ZeroDivisionError: nothing to divide"):
        FailingBar().compute(bars)


def test_columns_are_read_only(bars):
    """User code cannot change the bars of others."""

    @indicator
    def vandal(close):
        close[0] = 0
        return close

    with pytest.raises(IndicatorError, match="read-only"):
        vandal().compute(bars)


def test_reserved_and_twice_used_names():
    """A parameter cannot take a name that indicators use; state and class attributes are no parameters."""
    with pytest.raises(InvalidParameterError, match="a parameter cannot be called outputs"):
        type("Bad", (Indicator,), {"__annotations__": {"outputs": int}, "outputs": 3})

    class Private(Indicator):
        _state: int = 0
        factor = 3

        def compute(self, bars):
            return bars.close * self.factor

    assert dict(Private.parameters) == {}


def test_subclass_inherits_parameters(bars):
    """A class derived from another has its parameters and can change a default."""

    class HalfMid(MidPrice):
        weight: float = parameter(0.5, minimum=0, maximum=1)
        offset: float = 0.0

        def compute(self, bars):
            return super().compute(bars)["HalfMid(0.5, 1.0)"] + self.offset

    np.testing.assert_array_equal(HalfMid(offset=1).compute(bars)["HalfMid(0.5, 1.0)"], (bars.high + bars.low) / 4 + 1)


def test_lookahead_is_found(bars):
    """An indicator that knows the next bar, or the mean of all, is caught at its first bar, however few the cuts."""

    @indicator
    def tomorrow(close):
        return np.append(close[1:], np.nan)

    @indicator
    def from_mean(close):
        return close - close.mean()

    @indicator
    def late_tomorrow(close):
        return np.where(np.arange(len(close)) < 60, close, np.append(close[1:], np.nan))

    assert first_lookahead(tomorrow(), bars, cuts=200) == 0
    assert first_lookahead(tomorrow(), bars, cuts=4) == 0
    assert first_lookahead(from_mean(), bars) == 0
    assert first_lookahead(late_tomorrow(), bars, cuts=4) == 60
    assert first_lookahead(MidPrice(), bars) is None
