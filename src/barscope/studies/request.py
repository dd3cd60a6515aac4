"""What a user asks of an exploration: plain, frozen, picklable values, the same in a notebook, a panel and JSON."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

from barscope.domain.timeframes import Timeframe, parse_timeframe
from barscope.errors import InvalidParameterError, cut


class Request(BaseModel):
    """A frozen request; wrong input raises `InvalidParameterError` that names each field and its remedy."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def __init__(self, **fields: Any) -> None:  # noqa: ANN401  # pydantic checks them
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise InvalidParameterError(_explain(type(self).__name__, error)) from None

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a request from its JSON text.

        Raises:
            InvalidParameterError: If the text is not a JSON object, or not this request.
        """
        try:
            fields = json.loads(text)
        except ValueError as error:
            raise InvalidParameterError(f"{cls.__name__} is not JSON: {error}") from None
        if not isinstance(fields, dict):
            raise InvalidParameterError(f"{cls.__name__} has to be a JSON object, not {cut(repr(fields))}")
        return cls(**fields)


def _iso_date(value: object) -> object:
    return value.isoformat() if isinstance(value, dt.date) and not isinstance(value, dt.datetime) else value


def as_tuple(value: object) -> object:
    """A list, as JSON has it, as a tuple."""
    return tuple(value) if isinstance(value, list) else value


def _plain(value: object) -> object:
    """A number of numpy, as a DataFrame hands it out, as Python's own; in lists and objects too."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _timeframe_label(value: object) -> object:
    """The one spelling of a timeframe, so that 60min and 1h are one request."""
    return parse_timeframe(value).label if isinstance(value, str) else value


DateText = Annotated[str, BeforeValidator(_iso_date)]
TimeframeText = Annotated[str, BeforeValidator(_timeframe_label)]
WholeNumber = Annotated[int, BeforeValidator(_plain)]
Values = Annotated[dict[str, JsonValue], BeforeValidator(_plain)]


class IndicatorConfig(Request):
    """An indicator by the name of its class, with parameters as JSON values; those left out take their defaults.

    Attributes:
        class_name: Its registered name.
        params: Parameter → JSON value.
        timeframe: The longer bars it is computed on, such as `1h` or `1d`; its value appears with the first bar that
            opens once the longer one is complete. None is the bars themselves.
    """

    class_name: str
    params: Values = Field(default_factory=dict)
    timeframe: TimeframeText | None = None


class BarChoice(Request):
    """Which bars.

    Attributes:
        symbols: At least one symbol, each once.
        rtype: 32 second, 33 minute, 34 hour, 35 day.
        publisher_id: The publisher of the bars, as in `Workspace.publishers()`.
        start_date: First day, `YYYY-MM-DD`, from 00:00 UTC; None is the first bar there is.
        end_date: Last day, inclusive; None is the last bar there is.
        symbol_type: `raw_symbol`, `continuous` or `ticker`.
        hours: `all` bars, those of the `regular` hours of the exchange, or of its `extended` hours (before the open and
            after the close too).
        timeframe: The longer bars that the stored ones are made into: `5min`, `1h`, `1d` (a session), `1w`; None leaves
            them as they are.
        split: Which region of which split the dates are, such as `train of walk 1`; it is recorded, and changes
            nothing.
    """

    symbols: Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
    rtype: WholeNumber
    publisher_id: WholeNumber
    start_date: DateText | None = None
    end_date: DateText | None = None
    symbol_type: str = "raw_symbol"
    hours: str = "all"
    timeframe: TimeframeText | None = None
    split: str | None = None

    @property
    def longer_bars(self) -> Timeframe | None:
        """The timeframe as a value."""
        return None if self.timeframe is None else parse_timeframe(self.timeframe)

    def options(self) -> dict[str, JsonValue]:
        """What is set of all that makes other bars of the stored ones, in JSON values; empty for bars as stored."""
        fields = BarChoice.model_fields
        values = {name: getattr(self, name) for name in fields if name not in _PLAIN_CHOICE}
        return {name: value for name, value in values.items() if value != fields[name].default}

    def recorded(self) -> dict[str, JsonValue]:
        """The request in JSON values, without the options that are not set."""
        unset = set(BarChoice.model_fields) - set(_PLAIN_CHOICE) - self.options().keys()
        return self.model_dump(mode="json", exclude=unset | ({"split"} if self.split is None else set()))


_PLAIN_CHOICE = ("symbols", "rtype", "publisher_id", "start_date", "end_date", "symbol_type", "split")
"""The fields of a choice that say which stored bars; the others say what is made of them."""


class ExplorerRequest(BarChoice):
    """Which bars to explore, with which indicators.

    Attributes:
        indicators: At least one.
    """

    indicators: Annotated[tuple[IndicatorConfig, ...], BeforeValidator(as_tuple)] = ()


class BacktestRequest(BarChoice):
    """Which strategy to test, on which bars, with which broker.

    Attributes:
        strategy: The name of its class.
        strategy_params: Parameter → JSON value; those left out take their defaults.
        broker: Setting of `SimulatedBroker` → value, such as `{"commission_per_unit": 0.005}`.
    """

    strategy: str
    strategy_params: Values = Field(default_factory=dict)
    broker: Values = Field(default_factory=dict)


def _explain(what: str, error: ValidationError) -> str:
    problems = []
    for problem in error.errors(include_url=False):
        where = ".".join(map(str, problem["loc"])) or "value"
        problems.append(f"{where}: {problem['msg']} (got {cut(repr(problem['input']))})")
    return f"{what} cannot be read. {'; '.join(problems)}"
