"""The registry: lookup, search, the catalogue, and names that stand for two classes."""

import subprocess
import sys

import pytest

from barscope.errors import IndicatorError, UnknownIndicatorError
from barscope.indicators import Indicator, build_indicator, catalogue, indicator_class, search


def test_unknown_indicator_names_close_matches():
    """An unknown name is refused with the closest ones, whatever its case or content."""
    with pytest.raises(
        UnknownIndicatorError, match=r"Unknown indicator: simplemovingaverag\. Did you mean SimpleMovingAverage"
    ):
        build_indicator("simplemovingaverag")
    with pytest.raises(UnknownIndicatorError, match=r"^Unknown indicator: <script>"):
        build_indicator("<script>" * 2000)
    with pytest.raises(UnknownIndicatorError, match="Unknown indicator: None"):
        indicator_class(None)


def test_catalogue_holds_everything_once():
    """The catalogue has the named classes and all of TA-Lib's functions under distinct names and titles."""
    classes = [cls for cls in catalogue() if cls.__module__.startswith("barscope.")]
    assert len({cls.class_name for cls in classes}) == len({cls.title for cls in classes}) == len(classes) == 219
    assert all(cls.group and cls.title for cls in classes)


@pytest.mark.parametrize("name", ["RSI", "ATR", "ADX", "ROC"])
def test_names_that_stand_for_two_classes(name):
    """The named class unless TA-Lib's own parameter names are used; the two never share a series name."""
    named, of_talib = build_indicator(name), build_indicator(name, {"timeperiod": 14})
    assert (named.class_name, of_talib.class_name) == (name, f"TA_{name}")
    assert build_indicator(name, {"period": 14}) == named
    assert build_indicator(f"TA_{name}", {"timeperiod": 14}) == of_talib
    assert named.outputs[0].name != of_talib.outputs[0].name


def test_search():
    """Every word must be in the name, title or group; the exact name comes first."""
    assert search("rsi")[0].class_name == "RSI"
    assert {"BollingerUpper", "BBANDS"} <= {cls.class_name for cls in search("bollinger")}
    assert {cls.group for cls in search("pattern recognition")} == {"Pattern Recognition"}
    assert search("moving xyzzy") == ()
    assert search("") == catalogue()


def test_underscore_is_not_registered():
    """A class whose name starts with an underscore, or that computes nothing, is not registered."""

    class _Hidden(Indicator):
        def compute(self, bars):
            return bars.close

    class Nothing(Indicator):
        pass

    assert not {"_Hidden", "Nothing"} & {cls.class_name for cls in catalogue()}
    with pytest.raises(IndicatorError, match="neither compute nor update"):
        Nothing().compute([])


def test_redefinition_replaces():
    """Running a definition again replaces the class."""

    def define(factor):
        class Scaled(Indicator):
            def compute(self, bars):
                return bars.close * factor

        return Scaled

    define(1)
    second = define(2)
    assert indicator_class("Scaled") is second
    assert [cls for cls in catalogue() if cls.class_name == "Scaled"] == [second]


def test_clash_is_refused():
    """A name of barscope's own or of another module cannot be taken."""
    with pytest.raises(IndicatorError, match="SMA is already defined in barscope itself"):
        type("SMA", (Indicator,), {"compute": lambda self, bars: bars.close})
    type("Mine", (Indicator,), {"__module__": "one", "compute": lambda self, bars: bars.close})
    with pytest.raises(IndicatorError, match="Mine is already defined in one: give this one another name"):
        type("Mine", (Indicator,), {"__module__": "two", "compute": lambda self, bars: bars.close})


def test_import_is_light():
    """Importing the package loads neither TA-Lib nor pandas nor polars, and a class is an attribute of it."""
    code = (
        "import sys, barscope.indicators as i; from barscope.indicators import registry, Indicator\n"
        "assert not {'talib', 'pandas', 'polars'} & set(sys.modules)\n"
        "assert i.SMA(5).lookback == 4 and not hasattr(i, 'Nonsense')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
