"""barscope: a notebook-native environment for market analysis.

A `Workspace` is a folder with market data and results. An `ExplorerRequest` asks for indicators over bars;
`Workspace.explore` answers in the background with a `Job`, whose result is a `Run`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from barscope import errors
    from barscope.domain.bars import Bar, BarField, Bars
    from barscope.domain.periods import BarPeriod
    from barscope.indicators.core import Indicator
    from barscope.indicators.user import indicator
    from barscope.indicators.parameters import parameter
    from barscope.jobs import Job, JobSnapshot, JobStatus
    from barscope.studies.request import ExplorerRequest, IndicatorConfig
    from barscope.workspace.run import Run
    from barscope.workspace.workspace import Workspace

_HOMES = {
    "Bar": "barscope.domain.bars",
    "BarField": "barscope.domain.bars",
    "BarPeriod": "barscope.domain.periods",
    "Bars": "barscope.domain.bars",
    "ExplorerRequest": "barscope.studies.request",
    "Indicator": "barscope.indicators.core",
    "IndicatorConfig": "barscope.studies.request",
    "Job": "barscope.jobs",
    "JobSnapshot": "barscope.jobs",
    "JobStatus": "barscope.jobs",
    "Run": "barscope.workspace.run",
    "Workspace": "barscope.workspace.workspace",
    "indicator": "barscope.indicators.user",
    "parameter": "barscope.indicators.parameters",
}

__all__ = [
    "Bar",
    "BarField",
    "BarPeriod",
    "Bars",
    "ExplorerRequest",
    "Indicator",
    "IndicatorConfig",
    "Job",
    "JobSnapshot",
    "JobStatus",
    "Run",
    "Workspace",
    "errors",
    "indicator",
    "parameter",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:  # noqa: ANN401  # PEP 562: each name is imported when it is first used
    if name == "errors":
        return import_module("barscope.errors")
    if name not in _HOMES:
        raise AttributeError(f"module 'barscope' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
