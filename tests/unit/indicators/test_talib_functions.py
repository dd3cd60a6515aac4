"""TA-Lib's functions as indicators: names, parameters, sources, outputs, settings."""

import json

import numpy as np
import pytest
import talib

from barscope.domain.bars import Bars
from barscope.errors import IndicatorError, InvalidParameterError, UnknownIndicatorError
from barscope.indicators import build_indicator, catalogue, indicator_class
from barscope.indicators.talib_functions import MovingAverage, TalibFunction

FUNCTIONS = [cls for cls in catalogue() if issubclass(cls, TalibFunction)]


def outputs(name, **params):
    """The outputs of a function."""
    return build_indicator(name, params).outputs


def test_every_function_is_offered():
    """All of TA-Lib's functions are there, each with its own parameters."""
    assert {cls.function for cls in FUNCTIONS} == set(talib.get_functions())
    assert len(FUNCTIONS) == 201


def test_values_are_talibs(bars):
    """On clean bars the values are TA-Lib's own."""
    upper, middle, lower = talib.BBANDS(bars.close, 10, 1.5, 2.5, 1)
    series = build_indicator("BBANDS", {"timeperiod": 10, "nbdevup": 1.5, "nbdevdn": 2.5, "matype": "EMA"}).compute(
        bars
    )
    for got, expected in zip(series.values(), (upper, middle, lower), strict=True):
        np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(
        build_indicator("CORREL", {"bar_field_2": "VOLUME"}).compute(bars)["CORREL(30, HIGH, VOLUME)"],
        talib.CORREL(bars.high, bars.volume.astype(float)),
    )


def test_series_names():
    """A series is named by function, parameters, column and output."""
    assert [o.name for o in outputs("SMA", timeperiod=20)] == ["SMA(20, CLOSE)"]
    assert [o.name for o in outputs("BBANDS", timeperiod=5)] == [
        "BBANDS(5, 2.0, 2.0, SMA, CLOSE).upperband",
        "BBANDS(5, 2.0, 2.0, SMA, CLOSE).middleband",
        "BBANDS(5, 2.0, 2.0, SMA, CLOSE).lowerband",
    ]
    assert [o.name for o in outputs("OBV")] == ["OBV(CLOSE)"]
    assert [o.name for o in outputs("AD")] == ["AD"]
    assert [o.name for o in outputs("BETA", bar_field_2="VOLUME")] == ["BETA(5, HIGH, VOLUME)"]
    assert [o.name for o in outputs("SMA", source="RSI", period=3)] == ["SMA(30, RSI_3_CLOSE)"]


@pytest.mark.parametrize("cls", FUNCTIONS, ids=lambda cls: cls.class_name)
def test_bounds_are_talibs(cls):
    """Each bound is accepted by TA-Lib and the next number beyond it is not."""
    fixed = {"maxperiod": 100_000} if cls.class_name == "MAVP" else {}  # its two periods bound each other
    for name, parameter in cls.parameters.items():
        for bound, beyond in ((parameter.minimum, -1), (parameter.maximum, 1)):
            if bound is None:
                continue
            step = beyond if parameter.kind == "int" else beyond * 1e-3
            number = int if parameter.kind == "int" else float
            accepted, refused = (
                talib.abstract.Function(cls.function, **{**fixed, name: number(value)}).lookback
                for value in (bound, bound + step)
            )
            assert accepted >= 0 > refused


def test_moving_average_kinds_are_talibs():
    """The names of the moving averages stand for TA-Lib's numbers; a number is accepted too."""
    assert all(getattr(talib.MA_Type, kind.name) == kind for kind in MovingAverage)
    assert build_indicator("MA", {"matype": 1}) == build_indicator("MA", {"matype": "EMA"})
    with pytest.raises(InvalidParameterError, match="matype is 99: it must be one of SMA, EMA"):
        build_indicator("MA", {"matype": 99})


def test_parameters_that_do_not_fit_each_other():
    """Parameters that TA-Lib refuses together are refused when the indicator is built."""
    with pytest.raises(InvalidParameterError, match="TA-Lib's MAVP refuses minperiod 10, maxperiod 2"):
        build_indicator("MAVP", {"minperiod": 10, "maxperiod": 2})


def test_source_replaces_the_column(bars):
    """A function of a source computes on its series; the column, which is not read, is no parameter then."""
    indicator = build_indicator("SMA", {"timeperiod": 5, "source": "OBV", "bar_field": "HIGH"})
    assert indicator.params == {"timeperiod": 5, "source": "OBV", "source_kwargs": {"bar_field": "CLOSE"}}
    assert build_indicator("SMA", json.loads(indicator.canonical_params())) == indicator
    (series,) = indicator.compute(bars).values()
    np.testing.assert_array_equal(series, talib.SMA(talib.OBV(bars.close, bars.volume.astype(float)), 5))
    with pytest.raises(UnknownIndicatorError, match="Unknown source indicator: OVB"):
        build_indicator("SMA", {"source": "OVB"})


def test_second_input_takes_a_source(bars):
    """Both inputs of a function of two series can be indicators."""
    indicator = build_indicator("SUB", {"source": "SMA", "source_kwargs": {"timeperiod": 3}, "source_2": "Close"})
    ((name, series),) = indicator.compute(bars).items()
    assert name == "SUB(SMA(3, CLOSE), CLOSE)"
    assert indicator.lookback == 2
    np.testing.assert_array_equal(series, talib.SMA(bars.close, 3) - bars.close)


def test_how_series_are_drawn():
    """Pane, draw kind and bands follow TA-Lib's description."""
    assert [(o.draw, o.pane) for o in outputs("MACD")] == [("line", "own"), ("dashed", "own"), ("histogram", "own")]
    assert [(o.edge, o.band, o.pane) for o in outputs("BBANDS")] == [
        ("upper", "BBANDS(20, 2.0, 2.0, SMA, CLOSE)", "price"),
        (None, None, "price"),
        ("lower", "BBANDS(20, 2.0, 2.0, SMA, CLOSE)", "price"),
    ]
    assert outputs("SMA", source="RSI")[0].pane == "own"
    assert outputs("SMA", bar_field="VOLUME")[0].pane == "own"
    assert [o.pane for o in outputs("SUPERTREND")] == ["price", "own"]
    assert outputs("SAR")[0].draw == "dots"
    assert outputs("CDLDOJI")[0].draw == "histogram"
    assert outputs("STOCH")[0].levels == (20.0, 80.0)


def test_patterns(bars):
    """Candlestick patterns are −100, 0 or 100 after the warm-up, not zero within it."""
    indicator = build_indicator("CDLDOJI")
    (series,) = indicator.compute(bars).values()
    assert np.isnan(series[: indicator.lookback]).all()
    assert set(series[indicator.lookback :]) <= {-100.0, 0.0, 100.0}


def test_values_out_of_the_domain_are_none():
    """Where a function has no finite value the series is NaN."""
    column = np.array([-1.0, 0.0, 1.0])
    bars = Bars(np.arange(3), column, column, column, column, np.ones(3, dtype=np.int64))
    np.testing.assert_array_equal(build_indicator("LN").compute(bars)["LN(CLOSE)"], [np.nan, np.nan, 0.0])


def test_changed_settings_are_refused(bars):
    """After TA-Lib's process-wide settings were changed nothing is computed, and the error says how to restore them."""
    talib.set_unstable_period("EMA", 50)
    try:
        with pytest.raises(IndicatorError, match=r"unstable period was changed for EMA.*set_unstable_period"):
            build_indicator("SMA").compute(bars)
    finally:
        talib.set_unstable_period("EMA", 0)
    assert build_indicator("SMA").compute(bars)


def test_more_bars_needed_than_there_are(bars):
    """A period longer than the bars gives no value, and no error."""
    (series,) = build_indicator("SMA", {"timeperiod": 100_000}).compute(bars).values()
    assert np.isnan(series).all()
    assert indicator_class("SMA")(2).compute(bars.rows(0, 0))["SMA(2, CLOSE)"].shape == (0,)


def test_long_stream_costs_the_same_per_bar(bars):
    """A stream keeps no history after its warm-up."""
    stream = build_indicator("EMA", {"timeperiod": 5}).stream()
    for bar in bars:
        stream.update(bar)
    (steps,) = stream._calculation._steps
    assert steps._warm_up == []
