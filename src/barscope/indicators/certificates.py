"""What was proven of an indicator: no look-ahead, one result by both drivers, its warm-up, its parity with TA-Lib.

The proofs are those of the test suite, made on the same kind of bars: a made-up random walk, equal on every machine.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.domain.bars import Bars
from barscope.errors import BarscopeError
from barscope.indicators.causality import first_lookahead
from barscope.indicators.kernels import talib
from barscope.indicators.registry import build_indicator
from barscope.indicators.streams import HistoryStream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.domain.bars import FloatArray
    from barscope.indicators.core import Indicator

WALK_BARS = 600
_TOLERANCE = 1e-9
_WILDER = "Wilder seeds his sums with n values, TA-Lib with n − 1"
_BANDS = {"period": "timeperiod", "num_std": "nbdevup nbdevdn", "bar_field": "bar_field"}
_TWINS: dict[str, tuple[str, dict[str, str], int, str]] = {
    "SimpleMovingAverage": ("SMA", {"period": "timeperiod", "bar_field": "bar_field"}, 0, ""),
    "BollingerUpper": ("BBANDS", _BANDS, 0, ""),
    "BollingerLower": ("BBANDS", _BANDS, 2, ""),
    "RSI": ("TA_RSI", {"period": "timeperiod", "bar_field": "bar_field"}, 0, "a flat series is 50, of TA-Lib 0"),
    "ATR": ("TA_ATR", {"period": "timeperiod"}, 0, ""),
    "ROC": ("TA_ROC", {"period": "timeperiod", "bar_field": "bar_field"}, 0, ""),
    "PlusDI": ("PLUS_DI", {"period": "timeperiod"}, 0, _WILDER),
    "MinusDI": ("MINUS_DI", {"period": "timeperiod"}, 0, _WILDER),
    "ADX": ("TA_ADX", {"period": "timeperiod"}, 0, _WILDER),
    "ParabolicSAR": (
        "SAR",
        {"step": "acceleration", "maximum": "maximum"},
        0,
        "bar 1 is long if its high did not fall, of TA-Lib by directional movement",
    ),
}
"""Named class → TA-Lib's function, its parameters by ours, which of its outputs, and in what they differ by intent."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How an indicator compares with a function of TA-Lib.

    Attributes:
        function: TA-Lib's function.
        equal_from: The first bar from which on all values are equal, to a billionth; None where they never are.
        difference: In what they differ by intent, or empty.
    """

    function: str
    equal_from: int | None
    difference: str = ""

    def __str__(self) -> str:
        if self.equal_from is None:
            return f"differs from TA-Lib {self.function}" + (f": {self.difference}" if self.difference else "")
        why = f" ({self.difference})" if self.difference else ""
        return f"TA-Lib {self.function}: equal from bar {self.equal_from}{why}"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was proven of an indicator with its parameters.

    Attributes:
        class_name: The class.
        canonical_params: Its parameters.
        source_hash: The code that was examined.
        first_lookahead: The first bar whose value changes once later bars are known, or None.
        driver_difference: The first bar at which stream and batch differ, or None.
        warm_up: The first bar with a value in every series that has any; None where none has.
        parity: How it compares with TA-Lib, or None where TA-Lib has nothing like it.
        problem: Why it could not be examined, or None.
    """

    class_name: str
    canonical_params: str
    source_hash: str
    first_lookahead: int | None = None
    driver_difference: int | None = None
    warm_up: int | None = None
    parity: Parity | None = None
    problem: str | None = None

    @property
    def is_causal(self) -> bool:
        """Whether it was examined and looks at no later bar."""
        return self.problem is None and self.first_lookahead is None

    def recorded(self) -> dict[str, Any]:
        """What was proven, in JSON values, as a run keeps it."""
        proven = ("first_lookahead", "driver_difference", "warm_up", "problem", "parity")
        return {"is_causal": self.is_causal, **{name: asdict(self)[name] for name in proven}}

    def __str__(self) -> str:
        if self.problem is not None:
            return f"not examined: {self.problem}"
        if self.first_lookahead is not None:
            return f"looks ahead: the value at bar {self.first_lookahead} changes once later bars are known"
        parts = ["causal", "no warm-up" if not self.warm_up else f"first value at bar {self.warm_up}"]
        if self.driver_difference is not None:
            parts.append(f"bar by bar it differs from bar {self.driver_difference}")
        return ", ".join([*parts, *([str(self.parity)] if self.parity else [])])


def certify(indicator: Indicator) -> Certificate:
    """Examine an indicator; one that was examined with the same code and parameters is not examined again."""
    return _certified(indicator, indicator.source_hash())


@lru_cache(maxsize=1024)
def _certified(indicator: Indicator, source_hash: str) -> Certificate:
    name, params = indicator.class_name, indicator.canonical_params()
    bars = walk()
    try:
        values = indicator.compute(bars)
        return Certificate(
            name,
            params,
            source_hash,
            first_lookahead=first_lookahead(indicator, bars),
            driver_difference=first_driver_difference(indicator, bars),
            warm_up=warm_up(values),
            parity=_parity(indicator, values, bars),
        )
    except BarscopeError as error:
        return Certificate(name, params, source_hash, problem=str(error))


def first_driver_difference(indicator: Indicator, bars: Bars) -> int | None:
    """The first bar at which `stream` and `compute` differ in a bit, or None.

    An array class is streamed by computing it over all bars so far, which is the proof of `first_lookahead`: the one
    is not repeated by the other, at the cost of hundreds of computations.
    """
    stream = indicator.stream()
    if isinstance(stream, HistoryStream):
        return None
    rows = np.array([stream.update(bar) for bar in bars], dtype=np.float64).reshape(len(bars), -1)
    batch = np.stack(list(indicator.compute(bars).values()), axis=1)
    different = (rows.view(np.int64) != batch.view(np.int64)).any(axis=1)
    return int(np.argmax(different)) if different.any() else None


def warm_up(values: Mapping[str, FloatArray]) -> int | None:
    """The first bar at which every series that has values at all has one, or None if none has."""
    firsts = [int(np.argmax(there)) for there in map(np.isfinite, values.values()) if there.any()]
    return max(firsts, default=None)


@lru_cache(maxsize=1)
def walk() -> Bars:
    """The bars that indicators are examined on: a random walk of cents, the same on every machine."""
    rng = np.random.default_rng(20_000)
    close = np.round(100 + np.cumsum(rng.normal(0, 0.6, WALK_BARS)), 2)
    opens: FloatArray = np.round(close + rng.normal(0, 0.3, WALK_BARS), 2)
    spread: FloatArray = rng.random((2, WALK_BARS)).round(2)
    high, low = np.maximum(opens, close) + spread[0], np.minimum(opens, close) - spread[1]
    return Bars(np.arange(WALK_BARS) * 60_000_000_000, opens, high, low, close, rng.integers(1, 1000, WALK_BARS))


def _parity(indicator: Indicator, values: Mapping[str, FloatArray], bars: Bars) -> Parity | None:
    function = getattr(indicator, "function", None)
    if isinstance(function, str):
        theirs = _of_talib(indicator, function, bars)
        return None if theirs is None else Parity(function, _equal_from(list(values.values()), theirs))
    twin = _TWINS.get(indicator.class_name)
    if twin is None:
        return None
    name, arguments, output, difference = twin
    given = {theirs: v for k, v in indicator.params.items() for theirs in arguments.get(k, "").split()}
    other = build_indicator(name, given)
    theirs = [list(other.compute(bars).values())[output]]
    return Parity(name.removeprefix("TA_"), _equal_from(list(values.values()), theirs), difference)


def _of_talib(indicator: Indicator, function: str, bars: Bars) -> list[FloatArray] | None:
    """What TA-Lib itself gives for the same columns; None for an indicator that reads others."""
    if indicator.sources:
        return None
    made: Any = talib().abstract.Function(function)
    columns = {name: getattr(bars, name).astype(np.float64) for name in ("open", "high", "low", "close", "volume")}
    fields: dict[str, Any] = {k: v.lower() for k, v in indicator.params.items() if k.startswith("bar_field")}
    inputs = dict(made.input_names)
    for (key, default), field in zip(inputs.items(), fields.values(), strict=False):
        if isinstance(default, str):
            inputs[key] = field
    made.input_names = inputs
    options = {k: v for k, v in _talib_options(indicator).items() if k in made.parameters}
    found = made(columns, **options)
    return [np.asarray(x, dtype=np.float64) for x in (found if isinstance(found, list) else [found])]


def _talib_options(indicator: Indicator) -> dict[str, Any]:
    """Parameters as TA-Lib takes them: members of an enumeration as numbers."""
    values = {name: getattr(indicator, name) for name in indicator.params if hasattr(indicator, name)}
    return {name: int(value) if isinstance(value, IntEnum) else value for name, value in values.items()}


def _equal_from(ours: list[FloatArray], theirs: list[FloatArray]) -> int | None:
    """The first bar from which on all series are equal, NaN and TA-Lib's zeros of the warm-up apart."""
    worst = -1
    for one, other in zip(ours, theirs, strict=True):
        same = np.isclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=True)
        if not same[-1]:
            return None
        first = int(np.argmax(np.isfinite(one))) if np.isfinite(one).any() else 0
        last_different = int(np.flatnonzero(~same)[-1]) if not same.all() else -1
        worst = max(worst, last_different + 1, first)
    return worst
