"""Sweeps of a workspace, and the children of a sweep as runs of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from barscope.engine.channel import Channel
from barscope.engine.manifest import data_fingerprint, source_of
from barscope.engine.registry import strategy_class
from barscope.errors import InvalidParameterError, cut
from barscope.jobs import Stage
from barscope.studies.choice import resolve_choice
from barscope.studies.request import BacktestRequest, BarChoice
from barscope.studies.sweeps import Sweeps

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from barscope.charts.data import ChartSpec
    from barscope.domain.equity import EquityCurve
    from barscope.jobs import Job
    from barscope.studies.sweep_request import SweepRequest
    from barscope.studies.sweeps import ChildKey
    from barscope.workspace.run import Run
    from barscope.workspace.workspace import Workspace

_OPENING = (Stage("opening the run"),)
_OF_THE_CHILD = ("symbols", "start_date", "end_date", "split")


class WorkspaceSweeps(Sweeps):
    """The queue of sweeps of a workspace.

    Args:
        ws: The workspace.
    """

    def __init__(self, ws: Workspace) -> None:
        super().__init__(ws.secmaster, ws.runs_store, ws.bars, ws.calendars, ws.jobs, ws.run)
        self._ws = ws

    def open_child(self, run_id: str, combination: int, symbol: str, stretch: str | None = None) -> Job[Run]:
        """Play one child event by event and record it, with its chart and trades; or open the run that did so before.

        Args:
            run_id: The sweep.
            combination: The number of the combination.
            symbol: The symbol.
            stretch: The stretch; None is the first.

        Raises:
            InvalidParameterError: If the sweep has no such child, or is of an indicator, which does not trade.
        """
        result = self._ws.run(run_id).sweep
        request = child_request(result.request, result.params_of(combination), symbol, stretch)
        known = self._played_before(request)
        if known is None:
            return self._ws.backtest(request)
        return self._ws.jobs.get(known) or self._ws.reads.submit(known, lambda _context: self._ws.run(known), _OPENING)

    def _played_before(self, request: BacktestRequest) -> str | None:
        """The newest completed run of a request, by the code and over the bars there are now."""
        source, told = source_of(strategy_class(request.strategy)), request.recorded()
        recorded = self._ws.runs_store.list_runs("completed", "backtest")
        asked_alike = [record for record in recorded if record.config.get("request") == told]
        alike = [record for record in asked_alike if record.config["strategies"][0].get("source") == source]
        now = self._fingerprint(request) if alike else None
        return next((record.run_id for record in alike if record.config.get("data_fingerprint") == now), None)

    def _fingerprint(self, request: BacktestRequest) -> str:
        """Of the bars that a request of one symbol would be played over."""
        resolved = resolve_choice(request, self._ws.secmaster, self._ws.calendars)
        (symbol,) = request.symbols
        bars = resolved.sources[symbol].load(self._ws.bars).bars
        return data_fingerprint({Channel(symbol, resolved.period): bars})

    def run_curves(self, run_id: str, children: Sequence[ChildKey]) -> list[EquityCurve]:
        """The account of some children of a recorded sweep at each bar; see `curves`."""
        return self.curves(self._ws.run(run_id).sweep.request, children)

    def equity_figure(
        self,
        run_id: str,
        metric: str | None = None,
        spec: ChartSpec | None = None,
        *,
        stretch: str | None = None,
        symbol: str | None = None,
    ) -> go.Figure:
        """The accounts of the best, the median and the worst combination of a recorded sweep, computed anew.

        Args:
            run_id: The sweep.
            metric: What they are ranked by; None is the main one.
            spec: How it is looked at.
            stretch: None is the first.
            symbol: None is the first.

        Raises:
            InvalidParameterError: If no combination has the metric, or the sweep is of an indicator.
        """
        from barscope.charts.data import ChartSpec
        from barscope.workspace.sweep_equity import equity_figure, extreme_curves
        from barscope.workspace.sweep_figures import look_at

        result = self._ws.run(run_id).sweep
        curves = extreme_curves(self._ws, result, look_at(result, metric, stretch=stretch, symbol=symbol))
        return equity_figure(self._ws, result, curves, spec or ChartSpec())


def sweeps_of(ws: Workspace) -> WorkspaceSweeps:
    """The queue of sweeps of a workspace."""
    return WorkspaceSweeps(ws)


def child_request(
    request: SweepRequest, params: Mapping[str, Any], symbol: str, stretch: str | None = None
) -> BacktestRequest:
    """The backtest that one child of a sweep is.

    Args:
        request: The sweep.
        params: The values of the combination.
        symbol: The symbol.
        stretch: The stretch; None is the first.

    Raises:
        InvalidParameterError: If the sweep has no such symbol or stretch, or is of an indicator.
    """
    if request.strategy is None:
        raise InvalidParameterError(f"indicator {request.target} does not trade: explore it instead")
    spans = {span.name: span for span in request.spans}
    span = spans.get(next(iter(spans)) if stretch is None else stretch)
    if span is None or symbol not in request.symbols:
        known = f"symbols {cut(', '.join(request.symbols))}, stretches {cut(', '.join(spans))}"
        raise InvalidParameterError(f"the sweep has no child of {cut(symbol)} over {cut(stretch)}: it has {known}")
    choice = {name: getattr(request, name) for name in BarChoice.model_fields if name not in _OF_THE_CHILD}
    return BacktestRequest(
        **choice,
        symbols=(symbol,),
        start_date=span.start_date,
        end_date=span.end_date,
        strategy=request.strategy,
        strategy_params={**request.fixed, **params},
        broker=dict(request.broker),
    )
