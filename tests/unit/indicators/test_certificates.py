"""What a certificate says, of indicators that are right and of some that are wrong on purpose."""

import numpy as np
import pytest

from barscope.indicators import Indicator, build_indicator
from barscope.indicators.certificates import certify


class _Tomorrow(Indicator):
    """The close of the next bar."""

    def compute(self, bars):
        return np.append(bars.close[1:], np.nan)


class _TwoAnswers(Indicator):
    """Other values bar by bar than over columns."""

    def compute(self, bars):
        return bars.close

    def stream(self):
        return _Forgetful()


class _Forgetful:
    def update(self, bar):
        return (bar.close if bar.ts < 100 * 60_000_000_000 else 0.0,)


class _Broken(Indicator):
    """Fails on any bars."""

    def compute(self, bars):
        raise ZeroDivisionError("no bars today")


@pytest.mark.parametrize("name", ["SMA", "BBANDS", "MACD", "CDLDOJI", "OBV", "TA_RSI", "SAREXT", "CORREL"])
def test_functions_of_talib_equal_talib_from_their_first_value(name):
    """What barscope computes is what TA-Lib's own interface gives."""
    certificate = certify(build_indicator(name))
    assert certificate.is_causal
    assert certificate.driver_difference is None
    assert certificate.parity.equal_from == certificate.warm_up
    assert certificate.warm_up == build_indicator(name).lookback


def test_parity_is_with_the_parameters_asked_for():
    """Another column and another kind of average are TA-Lib's too."""
    for params in ({"timeperiod": 7, "bar_field": "HIGH"}, {"timeperiod": 9, "matype": "EMA"}):
        name = "BBANDS" if "matype" in params else "SMA"
        assert certify(build_indicator(name, params)).parity.equal_from is not None


@pytest.mark.parametrize(
    ("name", "function", "later"),
    [
        ("SimpleMovingAverage", "SMA", False),
        ("BollingerUpper", "BBANDS", False),
        ("BollingerLower", "BBANDS", False),
        ("ATR", "ATR", False),
        ("ROC", "ROC", False),
        ("RSI", "RSI", False),
        ("PlusDI", "PLUS_DI", True),
        ("ADX", "ADX", True),
        ("ParabolicSAR", "SAR", True),
    ],
)
def test_named_indicators_name_the_difference(name, function, later):
    """They equal TA-Lib at once, or from a later bar for a reason that is said."""
    params = {"period": 30} if name == "SimpleMovingAverage" else {}
    certificate = certify(build_indicator(name, params))
    assert certificate.parity.function == function
    assert (certificate.parity.equal_from > certificate.warm_up) is later
    assert bool(certificate.parity.difference) >= later


def test_what_talib_does_not_have_claims_no_parity():
    """An indicator of an indicator, and a plain column."""
    assert certify(build_indicator("Close")).parity is None
    nested = build_indicator("EMA", {"source": "RSI", "timeperiod": 5})
    assert certify(nested).parity is None
    assert certify(nested).is_causal


def test_a_look_ahead_is_named_with_its_first_bar():
    """The value of bar 0 is the close of bar 1; it shows wherever the bars are cut."""
    certificate = certify(_Tomorrow())
    assert not certificate.is_causal
    assert certificate.first_lookahead == 0
    assert "looks ahead: the value at bar 0" in str(certificate)


def test_two_drivers_that_differ_are_named():
    """Bar by bar it gives up at bar 100."""
    certificate = certify(_TwoAnswers())
    assert certificate.driver_difference == 100
    assert "bar by bar it differs from bar 100" in str(certificate)


def test_an_indicator_that_fails_has_no_certificate():
    """It says why, and is not called causal."""
    certificate = certify(_Broken())
    assert not certificate.is_causal
    assert "no bars today" in str(certificate)


def test_edited_code_is_examined_again():
    """The certificate goes by the hash of the code."""
    first = certify(_Tomorrow())
    assert certify(_Tomorrow()) is first

    class _Tomorrow2(_Tomorrow):
        def compute(self, bars):
            return bars.close

    assert certify(_Tomorrow2()).is_causal
