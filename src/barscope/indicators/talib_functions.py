"""TA-Lib's functions as indicators, generated from TA-Lib's own description of them.

Each keeps TA-Lib's name and parameter names. A function of any real series also takes `bar_field`, the column it
reads, or a `source`, another indicator that it reads instead; a second such input takes `bar_field_2`, `source_2`.
Candlestick patterns give −100, 0 or 100. MAXINDEX, MININDEX and MINMAXINDEX count from the first bar of the finite
stretch. Candle settings are TA-Lib's defaults.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from barscope.domain.bars import BarField
from barscope.indicators import registry
from barscope.indicators.formula import FormulaIndicator
from barscope.indicators.kernels import TalibKernel, talib
from barscope.indicators.outputs import Draw, Edge, Output, Pane, pane_of
from barscope.indicators.parameters import Parameter, bar_field, period_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.domain.bars import FloatArray
    from barscope.indicators.formula import Calculation

UNBOUNDED = 3e37
"""TA-Lib's largest number: a bound that means none."""
INT_BOUNDS = (1, 2, 3)
FLOAT_BOUNDS = (-UNBOUNDED, 0.0, 0.01, 0.99, 1.0, 100.0, UNBOUNDED)
"""The bounds that occur in TA-Lib, in order; the upper one of whole numbers is always the longest period."""

OWN_PANE = {
    "AVGDEV": "a deviation, though TA-Lib says its scale is the price's",
    "SAREXT": "negative while short",
}
DOTS = {"SAR", "SAREXT", "FRACTAL"}
LEVELS = {
    "IMI RSI ULTOSC": (30.0, 70.0),
    "KDJ MFI STOCH STOCHF STOCHRSI": (20.0, 80.0),
    "CCI": (-100.0, 100.0),
    "WILLR": (-80.0, -20.0),
    "CMO": (-50.0, 50.0),
    "SMI": (-40.0, 40.0),
    "ADX ADXR DX": (25.0,),
    "RVI": (50.0,),
    "AC ADOSC AO APO AROONOSC BOP CMF CMOU COPPOCK DPO EFI ERI FOSC MACD MACDEXT MACDFIX MOM": (0.0,),
    "PPO PVO QSTICK ROC ROCP TRIX TSI": (0.0,),
}
"""Functions and their customary reference lines."""


class MovingAverage(IntEnum):
    """The kinds of moving average that TA-Lib's `matype` parameters choose from."""

    SMA = 0
    EMA = 1
    WMA = 2
    DEMA = 3
    TEMA = 4
    TRIMA = 5
    KAMA = 6
    MAMA = 7
    T3 = 8
    HMA = 9
    DISABLED = 10
    DEFAULT = 11
    ZLEMA = 12
    RMA = 13


@dataclass(frozen=True, slots=True)
class RealInput:
    """An input that can be any series: the column that the parameter `field` picks, or the indicator `source`."""

    field: str
    source: str
    default: BarField


@dataclass(frozen=True, slots=True)
class TalibOutput:
    """What TA-Lib says of one output."""

    key: str
    draw: Draw
    edge: Edge | None


class TalibFunction(FormulaIndicator, registered=False):
    """A function of TA-Lib with its parameters.

    Attributes:
        function: TA-Lib's name of it.
        inputs: Its inputs in order: a fixed column, or any series.
        results: Its outputs in order.
        overlay: Whether its values are on the scale of its input.
    """

    function: ClassVar[str]
    inputs: ClassVar[tuple[BarField | RealInput, ...]]
    results: ClassVar[tuple[TalibOutput, ...]]
    overlay: ClassVar[bool]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for real in self._real_inputs:
            if getattr(self, real.source) is not None:
                del self._params[real.field]  # it is not read
        columns = {name for real in self._real_inputs for name in (real.field, real.source)}
        values = tuple((name, getattr(self, name)) for name in self.parameters if name not in columns)
        self.kernel = TalibKernel(self.function, values, len(self.results))

    @property
    def _real_inputs(self) -> tuple[RealInput, ...]:
        return tuple(item for item in self.inputs if isinstance(item, RealInput))

    @property
    def outputs(self) -> tuple[Output, ...]:
        """As TA-Lib describes them; a band where it names an upper and a lower limit."""
        levels = next((lines for names, lines in LEVELS.items() if self.function in names.split()), ())
        return tuple(
            Output(
                self.variant if len(self.results) == 1 else f"{self.variant}.{result.key}",
                key=result.key,
                pane=self._pane(result),
                draw=result.draw,
                levels=levels,
                band=self.variant if result.edge else None,
                edge=result.edge,
            )
            for result in self.results
        )

    def _pane(self, result: TalibOutput) -> Pane:
        if not self.overlay or result.key == "trend":  # the side of SUPERTREND, 1 or −1
            return "own"
        return self._input_pane(self.inputs[0])

    def _input_pane(self, item: BarField | RealInput) -> Pane:
        if isinstance(item, BarField):
            return pane_of(item)
        if getattr(self, item.source) is not None:
            return self.source_series(item.source).pane
        return pane_of(getattr(self, item.field))

    @property
    def lookback(self) -> int:
        """TA-Lib's, after that of the sources."""
        return self.kernel.lookback + max((source.lookback for source in self.sources), default=0)

    def formula(self, calc: Calculation) -> tuple[FloatArray, ...]:
        """The function of its inputs."""
        return calc.run(self.kernel, *(self._values(calc, item) for item in self.inputs))

    def _values(self, calc: Calculation, item: BarField | RealInput) -> FloatArray:
        if isinstance(item, BarField):
            return calc.field(item)
        source = getattr(self, item.source)
        if source is None:
            return calc.field(getattr(self, item.field))
        return calc.source(source, self.source_index(item.source))


def define_all() -> None:
    """Defines and registers a class for each of TA-Lib's functions."""
    for function in talib().get_functions():
        _define(function)


def _define(function: str) -> type[TalibFunction]:
    info = talib().abstract.Function(function).info
    inputs = _inputs(info["input_names"])
    name = registry.talib_name(function)
    title = f"{info['display_name'].split(' : ')[0]} (TA-Lib)"
    members = {
        "__module__": __name__,
        "__doc__": f"TA-Lib's {function}: {info['display_name']}.",
        "title": title,
        "group": info["group"],
        "parameters": MappingProxyType(_parameters(function, info["parameters"], inputs)),
        "function": function,
        "inputs": inputs,
        "results": tuple(_result(function, key, flags) for key, flags in info["output_flags"].items()),
        "overlay": "Output scale same as input" in (info["function_flags"] or ()) and function not in OWN_PANE,
    }
    return type(name, (TalibFunction,), members)


def __getattr__(name: str) -> type[TalibFunction]:
    """A function's class as an attribute of this module, which is where pickle looks for it."""
    if name.startswith("_"):
        raise AttributeError(name)
    for cls in registry.catalogue():
        if cls.class_name == name and issubclass(cls, TalibFunction):
            return cls
    raise AttributeError(f"TA-Lib has no function {name}")


def _inputs(names: Mapping[str, Any]) -> tuple[BarField | RealInput, ...]:
    """TA-Lib's inputs: a name stands for any series (with a customary column), a list for fixed columns."""
    found: list[BarField | RealInput] = []
    for name in names.values():
        if isinstance(name, str):
            suffix = f"_{len(found) + 1}" if found else ""
            default = BarField.CLOSE if name == "periods" else BarField(name)
            found.append(RealInput(f"bar_field{suffix}", f"source{suffix}", default))
        else:
            found.extend(BarField(column) for column in name)
    return tuple(found)


def _parameters(
    function: str, defaults: Mapping[str, float], inputs: tuple[BarField | RealInput, ...]
) -> dict[str, Parameter]:
    found = {name: _parameter(function, name, default) for name, default in defaults.items()}
    for item in inputs:
        if isinstance(item, RealInput):
            found[item.field] = bar_field(item.default, item.field)
            found[item.source] = Parameter(item.source, "indicator", description="Read instead of the bar field")
    return found


def _parameter(function: str, name: str, default: float) -> Parameter:
    if name.endswith("matype"):
        kinds = MovingAverage.__members__
        return Parameter(name, "choice", MovingAverage(int(default)).name, choices=tuple(kinds), enum=MovingAverage)
    if isinstance(default, int):
        minimum = next(bound for bound in INT_BOUNDS if _accepts(function, name, bound))
        period: Parameter = period_parameter(default, minimum)
        return replace(period, name=name)
    accepted = [bound for bound in FLOAT_BOUNDS if _accepts(function, name, bound)]
    return Parameter(
        name,
        "float",
        default,
        minimum=None if accepted[0] == -UNBOUNDED else accepted[0],
        maximum=None if accepted[-1] == UNBOUNDED else accepted[-1],
        step=0.01 if abs(default) < 1 else 0.1,
    )


def _accepts(function: str, name: str, value: float) -> bool:
    """Whether TA-Lib allows a value; it tells bounds no other way."""
    return int(talib().abstract.Function(function, **{name: value}).lookback) >= 0


def _result(function: str, key: str, flags: list[str]) -> TalibOutput:
    edge: Edge | None = None
    if "Values represent an upper limit" in flags:
        edge = "upper"
    elif "Values represent a lower limit" in flags:
        edge = "lower"
    draw: Draw = "line"
    if "Histogram" in flags or function.startswith("CDL"):
        draw = "histogram"
    elif "Dashed Line" in flags:
        draw = "dashed"
    elif function in DOTS:
        draw = "dots"
    return TalibOutput(key, draw, edge)
