"""The named indicators against known answers."""

import json
from pathlib import Path

import numpy as np
import pytest

from barscope.domain.bars import Bars
from barscope.errors import InvalidParameterError
from barscope.indicators import build_indicator

ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "indicator_vectors.json").read_text())
CASES = {
    "SMA_3_CLOSE": ("SimpleMovingAverage", {"period": 3}, 2),
    "Upper Bollinger Band (3, 2.0, CLOSE)": ("BollingerUpper", {"period": 3}, 2),
    "Lower Bollinger Band (3, 2.0, CLOSE)": ("BollingerLower", {"period": 3}, 2),
    "Bollinger Bands Bandwidth (3, 2.0, CLOSE)": ("BollingerBandwidth", {"period": 3}, 2),
    "RSI_3_CLOSE": ("RSI", {"period": 3}, 3),
    "ATR_3": ("ATR", {"period": 3}, 3),
    "PLUS_DI_3": ("PlusDI", {"period": 3}, 3),
    "MINUS_DI_3": ("MinusDI", {"period": 3}, 3),
    "ADX_3": ("ADX", {"period": 3}, 5),
    "PSAR_0.02_0.02_0.2": ("ParabolicSAR", {}, 1),
    "ROC(3)": ("ROC", {"period": 3}, 3),
    "DETREND(2,4)": ("DetrendOscillator", {"short": 2, "long": 4}, 3),
    "3-period MAX of HIGH": ("PeriodExtreme", {"source": "High", "period": 3}, 2),
    "3-period MIN of SMA_200_CLOSE": (
        "PeriodExtreme",
        {"source": "SimpleMovingAverage", "period": 3, "extreme": "MIN"},
        201,
    ),
}
FULL_NAMES = {"ROC(3)": "ROC(3, CLOSE)", "DETREND(2,4)": "DETREND(2,4, CLOSE)"}
"""Where the file of answers abbreviates a series name."""


def answer_bars():
    """The twelve bars of the file of answers."""
    columns = np.array(ANSWERS["bars_ohlcv"], dtype=float).T
    return Bars(np.arange(12) * 60_000_000_000, *columns)


def flat_bars(n, price=100.0):
    """Bars in which nothing moves."""
    column = np.full(n, price)
    return Bars(np.arange(n), column, column, column, column, np.ones(n, dtype=np.int64))


def build(name, **params):
    """An indicator from its JSON form."""
    return build_indicator(name, params)


def only(indicator, bars):
    """The one series of an indicator."""
    (series,) = indicator.compute(bars).values()
    return series


def test_every_answer_has_a_case():
    """No known answer is left out."""
    assert set(CASES) == set(ANSWERS["values"])


@pytest.mark.parametrize("answer", CASES)
def test_named_indicator_matches_its_answer(answer):
    """Series name, values and the bar of the first value are those of the file of answers."""
    name, params, first = CASES[answer]
    indicator = build_indicator(name, params)
    ((series_name, series),) = indicator.compute(answer_bars()).items()
    expected = np.array([np.nan if value is None else value for value in ANSWERS["values"][answer]])
    assert series_name == FULL_NAMES.get(answer, answer)
    np.testing.assert_allclose(series, expected, atol=1e-6, rtol=0)
    assert indicator.lookback == first
    assert np.isnan(series[:first]).all()


def test_defaults():
    """The defaults are the promised ones, by position too."""
    names = {
        name: build(name).outputs[0].name
        for name in ("SimpleMovingAverage", "BollingerUpper", "RSI", "ATR", "ADX", "ROC", "DetrendOscillator")
    }
    assert names == {
        "SimpleMovingAverage": "SMA_200_CLOSE",
        "BollingerUpper": "Upper Bollinger Band (20, 2.0, CLOSE)",
        "RSI": "RSI_14_CLOSE",
        "ATR": "ATR_14",
        "ADX": "ADX_14",
        "ROC": "ROC(14, CLOSE)",
        "DetrendOscillator": "DETREND(3,7, CLOSE)",
    }
    from barscope.indicators import BollingerLower, ParabolicSAR

    assert BollingerLower(20, 2, "OPEN").outputs[0].name == "Lower Bollinger Band (20, 2.0, OPEN)"
    assert ParabolicSAR(0.01, 0.02, 0.3).outputs[0].name == "PSAR_0.01_0.02_0.3"


@pytest.mark.parametrize("field", ["Open", "High", "Low", "Close", "Volume"])
def test_fields_are_series(field, bars):
    """A field is its own series from the first bar on, under its own name."""
    series = build(field).compute(bars)
    assert list(series) == [field.upper()]
    np.testing.assert_array_equal(series[field.upper()], getattr(bars, field.lower()))


def test_flat_series():
    """Where nothing moves RSI is 50, the range and the movement 0, and the bands lie on the mean."""
    bars = flat_bars(60)
    assert (only(build("RSI"), bars)[14:] == 50).all()
    assert (only(build("PlusDI"), bars)[14:] == 0).all()
    assert (only(build("ADX"), bars)[27:] == 0).all()
    assert (only(build("BollingerUpper"), bars)[19:] == 100).all()
    assert (only(build("BollingerBandwidth"), bars)[19:] == 0).all()


def test_rsi_of_a_rise_and_a_fall():
    """RSI is 100 where all moves are gains and 0 where all are losses."""
    up = np.arange(1.0, 41.0)
    for close, extreme in ((up, 100.0), (up[::-1], 0.0)):
        bars = Bars(np.arange(40), close, close, close, close, np.ones(40, dtype=np.int64))
        assert (only(build("RSI"), bars)[14:] == extreme).all()


def test_division_by_zero_is_no_value():
    """A change from zero has no rate: NaN, never infinity."""
    bars = Bars(np.arange(4), *[np.array([0.0, 1.0, 2.0, 0.0])] * 4, np.ones(4, dtype=np.int64))
    np.testing.assert_array_equal(only(build("ROC", period=1), bars), [np.nan, np.nan, 100.0, -100.0])


def wilder(values, n):
    """Wilder's mean, written out."""
    mean = [np.nan] * len(values)
    mean[n - 1] = sum(values[:n]) / n
    for i in range(n, len(values)):
        mean[i] = (mean[i - 1] * (n - 1) + values[i]) / n
    return np.array(mean)


def test_directional_movement_is_wilders(bars):
    """The directional indicators follow Wilder's sums, seeded with n values."""
    n, high, low, close = 7, bars.high, bars.low, bars.close
    up, down = np.diff(high), -np.diff(low)
    plus, minus = np.where((up > down) & (up > 0), up, 0), np.where((down > up) & (down > 0), down, 0)
    true_range = np.maximum(high[1:], close[:-1]) - np.minimum(low[1:], close[:-1])
    plus_di = 100 * wilder(plus, n) / wilder(true_range, n)
    minus_di = 100 * wilder(minus, n) / wilder(true_range, n)
    dx = 100 * abs(plus_di - minus_di) / (plus_di + minus_di)
    np.testing.assert_allclose(only(build("PlusDI", period=n), bars)[1:], plus_di, rtol=1e-10)
    np.testing.assert_allclose(only(build("MinusDI", period=n), bars)[1:], minus_di, rtol=1e-10)
    np.testing.assert_allclose(
        only(build("ADX", period=n), bars)[2 * n - 1 :], wilder(dx[n - 1 :], n)[n - 1 :], rtol=1e-9
    )
    np.testing.assert_allclose(only(build("ATR", period=n), bars)[1:], wilder(true_range, n), rtol=1e-10)


def test_extreme_of_one_bar_is_the_source(bars):
    """A period of one gives the source itself."""
    np.testing.assert_array_equal(only(build("PeriodExtreme", source="Low", period=1), bars), bars.low)


def test_extreme_passes_keywords_to_its_source():
    """Keywords that only the source knows go to it, as `source_kwargs` do."""
    from barscope.indicators import RSI, PeriodExtreme

    given = PeriodExtreme(RSI, 20, "MIN", bar_field="HIGH")
    assert given == build("PeriodExtreme", source="RSI", extreme="MIN", source_kwargs={"bar_field": "HIGH"})
    assert given == PeriodExtreme(RSI(bar_field="HIGH"), 20, "MIN")
    assert given.outputs[0].name == "20-period MIN of RSI_14_HIGH"
    assert given.lookback == 33


def test_extreme_reads_the_output_it_is_told():
    """A source with several outputs is read at its first one or at the one named."""
    first, second = (build("PeriodExtreme", source="BBANDS", source_output=key) for key in (None, "lowerband"))
    assert first.outputs[0].name == "20-period MAX of BBANDS(20, 2.0, 2.0, SMA, CLOSE).upperband"
    assert second.outputs[0].name == "20-period MAX of BBANDS(20, 2.0, 2.0, SMA, CLOSE).lowerband"
    assert (
        first.canonical_params()
        == build("PeriodExtreme", source="BBANDS", source_output="upperband").canonical_params()
    )
    with pytest.raises(InvalidParameterError, match="source_output is 'middle': choose from upperband, middleband"):
        build("PeriodExtreme", source="BBANDS", source_output="middle")


def test_bands_are_paired():
    """The two Bollinger bands of equal parameters name one band, of which they are the edges."""
    upper, lower = build("BollingerUpper").outputs[0], build("BollingerLower").outputs[0]
    assert upper.band == lower.band == "Bollinger Bands (20, 2.0, CLOSE)"
    assert (upper.edge, lower.edge) == ("upper", "lower")


def test_panes():
    """What is on the scale of the price is drawn over it; an average of the volume is not."""
    assert build("SimpleMovingAverage").outputs[0].pane == "price"
    assert build("SimpleMovingAverage", bar_field="VOLUME").outputs[0].pane == "own"
    assert build("PeriodExtreme", source="RSI").outputs[0].pane == "own"
    assert build("RSI").outputs[0].levels == (30.0, 70.0)
