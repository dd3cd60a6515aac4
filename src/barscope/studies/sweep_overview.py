"""A sweep at a glance: the one grid and the few numbers that tell it from others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.domain.sweeps import SweepGrid
from barscope.errors import InvalidParameterError
from barscope.studies.sweep_frame import INDICATOR

if TYPE_CHECKING:
    from barscope.studies.sweep_result import SweepResult


def main_metric(result: SweepResult) -> str:
    """The metric a sweep is looked at by, where none was chosen."""
    return "ic_1" if result.way == INDICATOR else "sharpe"


def overview(result: SweepResult) -> SweepGrid:
    """The main metric over the first two parameters; over one parameter a single row."""
    metric, (x, *others) = main_metric(result), result.parameter_names
    if others:
        return result.grid(metric, x, others[0])
    lines = result.lines(metric)
    order = lines.values[:, 0].argsort(kind="stable")
    values, numbers = lines.metric[order][None, :], lines.combinations[order][None, :]
    return SweepGrid(x, tuple(lines.values[order, 0].tolist()), "", ("",), metric, values, numbers)


def sweep_statistics(result: SweepResult) -> dict[str, Any]:
    """Counts, and the best combination by the main metric in the first stretch."""
    metric = main_metric(result)
    found: dict[str, Any] = {"target": result.request.target, "combinations": result.combinations, **result.counts()}
    try:
        ranked = result.ranking(metric)
    except InvalidParameterError:  # nothing is there yet
        return found
    if len(ranked):
        number = int(ranked["combination"][0])
        found["best"] = {"combination": number, "parameters": result.params_of(number), metric: ranked[metric][0]}
    return found
