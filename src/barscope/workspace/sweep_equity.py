"""The accounts of the best, the median and the worst combination of a sweep, computed for the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barscope.domain.periods import period_of_rtype
from barscope.errors import InvalidParameterError
from barscope.workspace.run_view import parts_of
from barscope.workspace.sweep_view import SweepPicture

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from barscope.charts.data import ChartSpec
    from barscope.charts.sweep_equity import Rank
    from barscope.domain.equity import EquityCurve
    from barscope.studies.sweep_result import SweepResult
    from barscope.workspace.sweep_view import SweepLook
    from barscope.workspace.workspace import Workspace

Curves = dict["Rank", tuple[str, "EquityCurve"]]


def extreme_curves(ws: Workspace, result: SweepResult, look: SweepLook) -> Curves:
    """The accounts by the metric that is looked at; on the first symbol where the mean of all is looked at.

    Raises:
        InvalidParameterError: If no combination has the metric, or an indicator was swept, which has no account.
    """
    if result.request.strategy is None:
        raise InvalidParameterError("an indicator has no account: sweep a strategy to see its equity")
    symbol = look.symbol or result.request.symbols[0]
    ranked = result.ranking(look.metric, look.stretch, symbol)["combination"].to_list()
    if not ranked:
        raise InvalidParameterError(f"no combination has {look.metric} on {symbol} yet")
    places: dict[Rank, int] = {"best": 0, "median": len(ranked) // 2, "worst": len(ranked) - 1}
    numbers = {rank: ranked[place] for rank, place in places.items()}
    found = ws.sweeps.curves(result.request, [(look.stretch, symbol, number) for number in numbers.values()])
    named = [f"{symbol}, {params_text(result, number)}" for number in numbers.values()]
    return dict(zip(numbers, zip(named, found, strict=True), strict=True))


def equity_figure(ws: Workspace, result: SweepResult, curves: Curves, spec: ChartSpec) -> go.Figure:
    """Those accounts as a figure."""
    from barscope.charts.sweep_equity import sweep_equity_figure

    request = result.request
    zone = ws.zone_of(request.publisher_id)
    return sweep_equity_figure(curves, spec, period=period_of_rtype(request.rtype), zone=zone)


def equity_picture(ws: Workspace, result: SweepResult, curves: Curves, spec: ChartSpec) -> SweepPicture:
    """The figure with its words."""
    from barscope.charts.sweep_equity import describe_sweep_equity

    return SweepPicture(parts_of(equity_figure(ws, result, curves, spec)), describe_sweep_equity(curves))


def params_text(result: SweepResult, combination: int) -> str:
    """A combination in short: `fast_period 5, slow_period 20`."""
    from barscope.charts.sweep_heatmap import value_text

    values = result.params_of(combination)
    return ", ".join(f"{name} {value_text(value)}" for name, value in values.items())
