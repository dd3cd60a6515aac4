"""Figures of a sweep for a notebook: whoever asks says only what is not as usual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barscope.studies.sweep_overview import main_metric
from barscope.workspace.sweep_view import SYMBOL, SweepLook, best_of, grid_of, labels_of, plateau_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from barscope.charts.data import ChartSpec
    from barscope.studies.sweep_result import SweepResult


def look_at(
    result: SweepResult,
    metric: str | None = None,
    x: str | None = None,
    y: str | None = None,
    stretch: str | None = None,
    symbol: str | None = None,
) -> SweepLook:
    """How a sweep is looked at: by its main metric, in its first stretch, over its first parameters unless said."""
    names = result.parameter_names
    across = x or next((name for name in names if name != y), names[0])
    up = y or next((name for name in names if name != across), SYMBOL)
    return SweepLook(metric or main_metric(result), stretch or result.stretches[0], symbol, across, up)


def heatmap_of(result: SweepResult, look: SweepLook, spec: ChartSpec | None) -> go.Figure:
    """A heat map with the best combination and the plateau marked."""
    from barscope.charts.sweep_heatmap import heatmap_figure

    grid = grid_of(result, look)
    return heatmap_figure(grid, spec, pick=best_of(result, look), plateau=plateau_of(result, look, grid))


def parallel_of(result: SweepResult, look: SweepLook, spec: ChartSpec | None) -> go.Figure:
    """The combinations as parallel coordinates."""
    from barscope.charts.parallel_coordinates import parallel_figure

    found = result.lines(look.metric, look.symbol, look.stretch)
    return parallel_figure(found, look.metric, spec, labels=labels_of(result, look))
