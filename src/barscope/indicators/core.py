"""The indicator: one definition, computed over columns (`compute`) or bar by bar (`stream`) with equal results.

A subclass says how in one of two ways: `compute(self, bars)` returns arrays, or `update(self, bar)` returns the
values of one bar. Everything else (parameters, names, validation, the other driver) follows from that.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from barscope.errors import IndicatorError, InvalidParameterError, cut
from barscope.indicators import registry
from barscope.indicators.outputs import Draw, Output, Pane
from barscope.indicators.parameters import Parameter, declared, plain, unknown_parameter
from barscope.indicators.results import as_series
from barscope.indicators.sourcecode import capture_source, source_hash
from barscope.indicators.streams import BarStream, HistoryStream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barscope.domain.bars import Bar, Bars, FloatArray

DEEPEST_SOURCE = 8
"""How many indicators may be nested as each other's source."""


class Stream(Protocol):
    """An indicator in mid-series: feed it one bar after the other."""

    def update(self, bar: Bar) -> tuple[float, ...]:
        """The values at a bar, one per output; NaN where there is none."""


class Indicator:
    """A function of bars to one or more series of equal length.

    An array class and a per-bar class:

        class Spread(Indicator):
            factor: float = parameter(1.0, minimum=0)

            def compute(self, bars):
                return (bars.high - bars.low) * self.factor

        class HighSoFar(Indicator):
            pane = "price"

            def reset(self):
                self.highest = -math.inf

            def update(self, bar):
                self.highest = max(self.highest, bar.high)
                return self.highest

    A subclass registers under its class name (names that start with `_` do not). Annotated class attributes with a
    default are its parameters, checked at construction and then attributes of the instance.

    Attributes:
        class_name: The name it is registered and requested by.
        title: What a picker calls it.
        group: The heading it stands under in a picker.
        parameters: Name → `Parameter`, in order.
        output_names: Short names of the outputs of a class with several; empty for one.
        pane: Where its series are drawn.
        draw: How its series are drawn.
    """

    class_name: ClassVar[str] = "Indicator"
    title: ClassVar[str] = ""
    group: ClassVar[str] = "My indicators"
    parameters: ClassVar[Mapping[str, Parameter]] = MappingProxyType({})
    output_names: ClassVar[tuple[str, ...]] = ()
    pane: ClassVar[Pane] = "own"
    draw: ClassVar[Draw] = "line"
    source_text: ClassVar[str] = ""

    def __init_subclass__(cls, *, registered: bool = True, **kwargs: object) -> None:
        """Collects the parameters, names and registers a new class.

        Args:
            registered: False for a class that others derive from.
            kwargs: What other base classes of it take.
        """
        super().__init_subclass__(**kwargs)
        cls.class_name = cls.__name__
        if "title" not in cls.__dict__:
            cls.title = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", cls.__name__)
        if "parameters" not in cls.__dict__:
            cls.parameters = MappingProxyType({**cls.parameters, **_declared_parameters(cls)})
        for name in cls.parameters:
            if hasattr(Indicator, name):
                raise InvalidParameterError(
                    f"{cls.__name__}: a parameter cannot be called {name}: indicators use that name"
                )
        cls.source_text = capture_source(cls)
        if "compute" in cls.__dict__:  # callers get named series, whatever form it returns them in
            cls.compute = _checked(cls.compute)  # type: ignore[method-assign,assignment]
        defined = cls.compute is not Indicator.compute or cls.update is not Indicator.update
        if registered and defined and not cls.__name__.startswith("_"):
            registry.register(cls)

    def __init__(self, *args: object, **kwargs: object) -> None:
        given = self._named_arguments(args, kwargs)
        self._params: dict[str, Any] = {}
        for name, parameter in self.parameters.items():
            value = given.pop(name, parameter.default)
            if parameter.kind == "indicator":
                arguments = self._source_arguments(name, value, given)
                self._bind_source(name, _build_source(self, parameter, value, arguments))
                self._bind_output(name, given.pop(f"{name}_output", None))
            else:
                self._bind(name, _parsed(self, parameter, value))
        if given:
            raise unknown_parameter(self.class_name, next(iter(given)), self.parameters)

    def _named_arguments(self, args: tuple[object, ...], kwargs: dict[str, object]) -> dict[str, object]:
        if len(args) > len(self.parameters):
            raise InvalidParameterError(
                f"{self.class_name} takes {len(self.parameters)} parameters ({', '.join(self.parameters) or 'none'}), "
                f"{len(args)} were given"
            )
        given = dict(zip(self.parameters, args, strict=False))
        for name in given.keys() & kwargs.keys():
            raise InvalidParameterError(f"{self.class_name} was given {name} twice, by position and by name")
        return {**given, **kwargs}

    def _bind(self, name: str, value: object) -> None:
        setattr(self, name, value)
        if value is not None:
            self._params[name] = plain(value)

    def _source_arguments(self, name: str, source: object, given: dict[str, object]) -> object:
        """The arguments of a source: `X_kwargs` (or the older `source_kwargs`), and keywords that only it knows."""
        arguments = given.pop(f"{name}_kwargs", None)
        if arguments is None:
            arguments = given.pop("source_kwargs", None)
        known = registry.parameters_of(source)
        extra = {key: given.pop(key) for key in tuple(given) if key in known and key not in self.parameters}
        if not extra:
            return arguments
        return {**arguments, **extra} if isinstance(arguments, dict) else extra

    def _bind_source(self, name: str, source: Indicator | None) -> None:
        setattr(self, name, source)
        if source is not None:
            self._params[name] = source.class_name
            self._params[f"{name}_kwargs"] = source.params

    def _bind_output(self, name: str, key: object) -> None:
        """Picks the output of a source that is read; only a source with several has it among its parameters."""
        source = getattr(self, name)
        keys = [] if source is None else [output.key for output in source.outputs]
        if key is not None and key not in keys:
            choices = ", ".join(keys) or "none: it has no source"
            raise InvalidParameterError(f"{self.class_name}: {name}_output is {cut(repr(key))}: choose from {choices}")
        if len(keys) > 1:
            self._params[f"{name}_output"] = key or keys[0]

    def source_index(self, name: str) -> int:
        """Which output of a source is read: the one that `X_output` names, else the first."""
        keys = [output.key for output in getattr(self, name).outputs]
        return keys.index(self._params.get(f"{name}_output", keys[0]))

    def source_series(self, name: str) -> Output:
        """The output of a source that is read."""
        output: Output = getattr(self, name).outputs[self.source_index(name)]
        return output

    @property
    def params(self) -> dict[str, Any]:
        """All parameters as plain JSON values, defaults filled in; optional ones that are not set are left out."""
        return json.loads(json.dumps(self._params))  # type: ignore[no-any-return]  # a deep copy

    def canonical_params(self) -> str:
        """The parameters as text that is equal for equal parameters: the key of the cache."""
        return json.dumps(self._params, sort_keys=True)

    @property
    def sources(self) -> tuple[Indicator, ...]:
        """The indicators this one reads."""
        values = (getattr(self, name) for name, p in self.parameters.items() if p.kind == "indicator")
        return tuple(value for value in values if value is not None)

    @property
    def depth(self) -> int:
        """1 for an indicator that reads bars, 2 for one that reads such an indicator, and so on."""
        return 1 + max((source.depth for source in self.sources), default=0)

    @property
    def variant(self) -> str:
        """The class with its parameter values: `SMA(20, CLOSE)`."""
        values = [self._word(name) for name in self.parameters if name in self._params]
        return f"{self.class_name}({', '.join(values)})" if values else self.class_name

    def _word(self, name: str) -> str:
        if self.parameters[name].kind == "indicator":
            return self.source_series(name).name
        return str(plain(getattr(self, name)))

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What it computes, in the order of `stream().update`."""
        if not self.output_names:
            return (Output(self.variant, pane=self.pane, draw=self.draw),)
        names = self.output_names
        return tuple(Output(f"{self.variant}.{key}", key, pane=self.pane, draw=self.draw) for key in names)

    @property
    def lookback(self) -> int:
        """Bars before the first value on clean bars; 0 where that is not known."""
        return 0

    def compute(self, bars: Bars) -> dict[str, FloatArray]:
        """All series over columns.

        An array class overrides this and returns an array (one output), or a dict of output name → array.

        Args:
            bars: Read-only columns.

        Returns:
            Series name → shape (bars,); NaN where there is no value, never infinite.

        Raises:
            IndicatorError: If the code of the indicator fails or returns something else.
        """
        if type(self).update is Indicator.update:
            raise IndicatorError(f"{self.class_name} defines neither compute nor update")
        stream = self.stream()
        rows = [stream.update(bar) for bar in bars]
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(self.outputs)
        return as_series(self, dict(zip((o.key for o in self.outputs), columns, strict=True)), len(bars))

    def reset(self) -> None:
        """Sets the state of a per-bar class before its first bar."""

    def update(self, bar: Bar) -> float | tuple[float, ...]:
        """The value at a bar, or one per output; a per-bar class overrides this."""
        raise IndicatorError(f"{self.class_name} is computed over columns: use stream() to feed it bar by bar")

    def stream(self) -> Stream:
        """A fresh start of the series, to be fed bar by bar.

        A per-bar class costs one `update` a bar. An array class is computed anew over all bars so far, which is
        right but costs more with every bar.
        """
        if type(self).update is Indicator.update:
            return HistoryStream(self)
        return BarStream(self)

    def source_hash(self) -> str:
        """Hex SHA-256 of the code that computes it, with that of its sources: differs after an edit."""
        return source_hash(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Indicator) and type(self) is type(other) and self._params == other._params

    def __hash__(self) -> int:
        return hash((type(self), self.canonical_params()))

    def __repr__(self) -> str:
        return f"{self.class_name}({', '.join(f'{name}={value!r}' for name, value in self._params.items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.params)


def _rebuild(cls: type[Indicator], params: dict[str, Any]) -> Indicator:
    return cls(**params)


def _declared_parameters(cls: type[Indicator]) -> dict[str, Parameter]:
    """The parameters that the annotated attributes of a class body declare."""
    return {
        name: declared(name, annotation, cls.__dict__[name])
        for name, annotation in inspect.get_annotations(cls).items()
        if name in cls.__dict__ and not name.startswith("_") and "ClassVar" not in str(annotation)
    }


def _parsed(owner: Indicator, parameter: Parameter, value: object) -> object:
    try:
        return parameter.parse(value)
    except InvalidParameterError as error:
        raise InvalidParameterError(f"{owner.class_name}: {error}") from None


def _build_source(owner: Indicator, parameter: Parameter, value: object, arguments: object) -> Indicator | None:
    """The source an indicator was given: an instance, or a class or registered name with its arguments."""
    if value is None and parameter.default is None:
        return None
    if _levels(arguments) >= DEEPEST_SOURCE:
        raise _too_deep(owner)
    if isinstance(value, type) and issubclass(value, Indicator):
        value = value.class_name
    if isinstance(value, str):
        value = registry.build_indicator(value, arguments, role="source indicator")  # type: ignore[arg-type]  # checked
    elif arguments:
        raise InvalidParameterError(f"{owner.class_name}: {parameter.name} is built already, it takes no arguments")
    if not isinstance(value, Indicator):
        raise InvalidParameterError(f"{owner.class_name}: {parameter.refusal(value)}")
    if value.depth >= DEEPEST_SOURCE:
        raise _too_deep(owner)
    return value


def _too_deep(owner: Indicator) -> InvalidParameterError:
    return InvalidParameterError(f"{owner.class_name}: sources are nested deeper than {DEEPEST_SOURCE} indicators")


def _levels(value: object) -> int:
    """How deep objects are nested in plain JSON, counted no further than is allowed."""
    level, layer = 0, [value]
    while level < DEEPEST_SOURCE and any(isinstance(item, dict) for item in layer):
        layer = [child for item in layer if isinstance(item, dict) for child in item.values()]
        level += 1
    return level


def _checked(compute: Callable[[Any, Bars], Any]) -> Callable[[Any, Bars], dict[str, FloatArray]]:
    """A `compute` whose result is checked and named, whatever form a class returns it in."""

    @functools.wraps(compute)
    def checked(self: Indicator, bars: Bars) -> dict[str, FloatArray]:
        try:
            result = compute(self, bars)
        except (IndicatorError, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise IndicatorError(f"{self!r} failed: {type(error).__name__}: {cut(error, 500)}") from error
        return as_series(self, result, len(bars))

    return checked
