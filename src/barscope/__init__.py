"""barscope: a notebook-native environment for market analysis.

A `Workspace` is a folder with market data and results. An `ExplorerRequest` asks for indicators over bars;
`Workspace.explore` answers in the background with a `Job`, whose result is a `Run`. A `BacktestRequest` asks what a
`Strategy` would have done; `Workspace.backtest` answers the same way.
`Workspace.sweep` tries one strategy with many parameters on many symbols, as a `SweepRequest` says.
`Workspace.scenario` tells what puts would have done for a loan on an asset, as a `ScenarioRequest` describes it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from barscope import errors
    from barscope.charts.data import ChartSpec
    from barscope.domain import events
    from barscope.domain.bars import Bar, BarField, Bars
    from barscope.domain.conditions import Comparison, crosses_above, crosses_below
    from barscope.domain.hedges import HedgeLeg, HedgeTemplate, ladder
    from barscope.domain.orders import ActionType, OrderSide, OrderType
    from barscope.domain.parameters import ParamSpec
    from barscope.domain.periods import BarPeriod
    from barscope.domain.signals import Signals
    from barscope.engine.bus import EventBus
    from barscope.engine.configuration import configured
    from barscope.engine.datafeed import SimulatedDatafeed
    from barscope.engine.orchestrator import Orchestrator
    from barscope.engine.recorder import RunRecorder
    from barscope.engine.signal_strategy import SignalStrategy
    from barscope.engine.simulated_broker import SimulatedBroker
    from barscope.engine.strategy import Strategy
    from barscope.indicators.certificates import certify
    from barscope.indicators.core import Indicator
    from barscope.indicators.parameters import parameter
    from barscope.indicators.user import indicator
    from barscope.jobs import Job, JobSnapshot, JobStatus
    from barscope.studies.request import BacktestRequest, BarChoice, ExplorerRequest, IndicatorConfig
    from barscope.studies.scenario_request import (
        ConstantVolatility,
        GivenVolatility,
        RealisedVolatility,
        ScenarioRequest,
        SyntheticPath,
    )
    from barscope.studies.segments import ByBars, ByCondition, ByTime, Segment
    from barscope.studies.sweep_request import ParameterRange, Stretch, SweepRequest
    from barscope.workspace.run import Run
    from barscope.workspace.segments import Segments
    from barscope.workspace.workspace import Workspace

_HOMES = {
    "ActionType": "barscope.domain.orders",
    "BacktestRequest": "barscope.studies.request",
    "Bar": "barscope.domain.bars",
    "BarChoice": "barscope.studies.request",
    "BarField": "barscope.domain.bars",
    "BarPeriod": "barscope.domain.periods",
    "Bars": "barscope.domain.bars",
    "ByBars": "barscope.studies.segments",
    "ByCondition": "barscope.studies.segments",
    "ByTime": "barscope.studies.segments",
    "ChartSpec": "barscope.charts.data",
    "Comparison": "barscope.domain.conditions",
    "ConstantVolatility": "barscope.studies.scenario_request",
    "EventBus": "barscope.engine.bus",
    "ExplorerRequest": "barscope.studies.request",
    "GivenVolatility": "barscope.studies.scenario_request",
    "HedgeLeg": "barscope.domain.hedges",
    "HedgeTemplate": "barscope.domain.hedges",
    "Indicator": "barscope.indicators.core",
    "IndicatorConfig": "barscope.studies.request",
    "Job": "barscope.jobs",
    "JobSnapshot": "barscope.jobs",
    "JobStatus": "barscope.jobs",
    "ParameterRange": "barscope.studies.sweep_request",
    "Orchestrator": "barscope.engine.orchestrator",
    "OrderSide": "barscope.domain.orders",
    "OrderType": "barscope.domain.orders",
    "ParamSpec": "barscope.domain.parameters",
    "RealisedVolatility": "barscope.studies.scenario_request",
    "Run": "barscope.workspace.run",
    "RunRecorder": "barscope.engine.recorder",
    "ScenarioRequest": "barscope.studies.scenario_request",
    "Segment": "barscope.studies.segments",
    "Segments": "barscope.workspace.segments",
    "SignalStrategy": "barscope.engine.signal_strategy",
    "Signals": "barscope.domain.signals",
    "SimulatedBroker": "barscope.engine.simulated_broker",
    "SimulatedDatafeed": "barscope.engine.datafeed",
    "Strategy": "barscope.engine.strategy",
    "Stretch": "barscope.studies.sweep_request",
    "SweepRequest": "barscope.studies.sweep_request",
    "SyntheticPath": "barscope.studies.scenario_request",
    "Workspace": "barscope.workspace.workspace",
    "certify": "barscope.indicators.certificates",
    "configured": "barscope.engine.configuration",
    "crosses_above": "barscope.domain.conditions",
    "crosses_below": "barscope.domain.conditions",
    "indicator": "barscope.indicators.user",
    "ladder": "barscope.domain.hedges",
    "parameter": "barscope.indicators.parameters",
}

_MODULES = {"errors": "barscope.errors", "events": "barscope.domain.events"}

__all__ = [
    "ActionType",
    "BacktestRequest",
    "Bar",
    "BarChoice",
    "BarField",
    "BarPeriod",
    "Bars",
    "ByBars",
    "ByCondition",
    "ByTime",
    "ChartSpec",
    "Comparison",
    "ConstantVolatility",
    "EventBus",
    "ExplorerRequest",
    "GivenVolatility",
    "HedgeLeg",
    "HedgeTemplate",
    "Indicator",
    "IndicatorConfig",
    "Job",
    "JobSnapshot",
    "JobStatus",
    "Orchestrator",
    "OrderSide",
    "OrderType",
    "ParamSpec",
    "ParameterRange",
    "RealisedVolatility",
    "Run",
    "RunRecorder",
    "ScenarioRequest",
    "Segment",
    "Segments",
    "SignalStrategy",
    "Signals",
    "SimulatedBroker",
    "SimulatedDatafeed",
    "Strategy",
    "Stretch",
    "SweepRequest",
    "SyntheticPath",
    "Workspace",
    "certify",
    "configured",
    "crosses_above",
    "crosses_below",
    "errors",
    "events",
    "indicator",
    "ladder",
    "parameter",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:  # noqa: ANN401  # PEP 562: each name is imported when it is first used
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name not in _HOMES:
        raise AttributeError(f"module 'barscope' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
