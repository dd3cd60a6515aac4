"""What a user asks of an exploration: plain, frozen, picklable values, the same in a notebook, a panel and JSON."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

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


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _plain(value: object) -> object:
    """A number of numpy, as a DataFrame hands it out, as Python's own; in lists and objects too."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


DateText = Annotated[str, BeforeValidator(_iso_date)]
WholeNumber = Annotated[int, BeforeValidator(_plain)]
Values = Annotated[dict[str, JsonValue], BeforeValidator(_plain)]


class IndicatorConfig(Request):
    """An indicator by the name of its class, with parameters as JSON values; those left out take their defaults."""

    class_name: str
    params: Values = Field(default_factory=dict)


class BarChoice(Request):
    """Which bars.

    Attributes:
        symbols: At least one symbol, each once.
        rtype: 32 second, 33 minute, 34 hour, 35 day.
        publisher_id: The publisher of the bars, as in `Workspace.publishers()`.
        start_date: First day, `YYYY-MM-DD`, from 00:00 UTC; None is the first bar there is.
        end_date: Last day, inclusive; None is the last bar there is.
        symbol_type: `raw_symbol`, `continuous` or `ticker`.
    """

    symbols: Annotated[tuple[str, ...], BeforeValidator(_tuple)]
    rtype: WholeNumber
    publisher_id: WholeNumber
    start_date: DateText | None = None
    end_date: DateText | None = None
    symbol_type: str = "raw_symbol"


class ExplorerRequest(BarChoice):
    """Which bars to explore, with which indicators.

    Attributes:
        indicators: At least one.
    """

    indicators: Annotated[tuple[IndicatorConfig, ...], BeforeValidator(_tuple)] = ()


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


def request_of(config: Mapping[str, Any]) -> ExplorerRequest | BacktestRequest:
    """The request a run was made by, from its config.

    Raises:
        InvalidParameterError: If the record does not tell it.
    """
    choice = {name: config[name] for name in BarChoice.model_fields if name in config}
    if config.get("mode") == "exploration":
        return ExplorerRequest(**choice, indicators=tuple(IndicatorConfig(**known) for known in config["indicators"]))
    if config.get("mode") == "backtest" and "request" in config:
        return BacktestRequest(**config["request"])
    raise InvalidParameterError("this run cannot be repeated: its record holds no request of a workspace")


def _explain(what: str, error: ValidationError) -> str:
    problems = []
    for problem in error.errors(include_url=False):
        where = ".".join(map(str, problem["loc"])) or "value"
        problems.append(f"{where}: {problem['msg']} (got {cut(repr(problem['input']))})")
    return f"{what} cannot be read. {'; '.join(problems)}"
