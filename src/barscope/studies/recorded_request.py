"""From the record of a run back to the request that made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.domain.timeframes import parse_timeframe
from barscope.errors import InvalidParameterError
from barscope.studies.request import BacktestRequest, BarChoice, ExplorerRequest, IndicatorConfig
from barscope.studies.scenario_request import ScenarioRequest
from barscope.studies.sweep_request import SweepRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.domain.timeframes import Timeframe

AnyRequest = ExplorerRequest | BacktestRequest | ScenarioRequest | SweepRequest


def request_of(config: Mapping[str, Any]) -> AnyRequest:
    """The request a run was made by, from its config.

    Raises:
        InvalidParameterError: If the record does not tell it.
    """
    choice = {name: config[name] for name in BarChoice.model_fields if name in config}
    match config:
        case {"mode": "exploration", "indicators": indicators}:
            return ExplorerRequest(**choice, indicators=tuple(IndicatorConfig(**known) for known in indicators))
        case {"mode": "backtest", "request": request}:
            return BacktestRequest(**request)
        case {"mode": "scenario", "request": request}:
            return ScenarioRequest(**request)
        case {"mode": "sweep", "request": request}:
            return SweepRequest(**request)
    raise InvalidParameterError("this run cannot be repeated: its record holds no request of a workspace")


def recorded_timeframe(config: Mapping[str, Any]) -> Timeframe | None:
    """The longer bars that those of a run were made into, from its config; None for bars as stored."""
    text = config.get("request", config).get("timeframe")
    return None if text is None else parse_timeframe(text)
