"""A run as a notebook holds it: what it came from, and its results as tables and charts."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from barscope.domain.equity import buy_and_hold
from barscope.domain.events import Event, FillEvent, OrderSubmissionRequest
from barscope.domain.periods import period_of_rtype
from barscope.domain.roundtrips import RoundTrip
from barscope.engine.order_tables import NOT_STORED
from barscope.errors import InvalidParameterError, UnknownSymbolError, close_matches
from barscope.studies.recorded_request import request_of
from barscope.workspace.chart_data import chart_data
from barscope.workspace.event_frames import equity_frame, rows_frame
from barscope.workspace.frames import bars_frame, series_frame
from barscope.workspace.segments import find_segments
from barscope.workspace.session_shades import shades_of_run
from barscope.workspace.state_view import thumbnail, whole_state

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    import plotly.graph_objects as go

    from barscope.charts.data import ChartData, ChartSpec
    from barscope.charts.share import ShareTheme
    from barscope.domain.performance import Summary
    from barscope.domain.run_state import RunState
    from barscope.engine.results import BacktestResult
    from barscope.store.run_reader import RunRecord
    from barscope.studies.calendar_book import CalendarBook
    from barscope.studies.recorded_request import AnyRequest
    from barscope.studies.results import Results, SymbolColumns
    from barscope.studies.scenario_result import ScenarioResult
    from barscope.studies.segments import Cutting
    from barscope.studies.sweep_result import SweepResult
    from barscope.widgets.live_chart import LiveChart
    from barscope.workspace.saved_charts import SavedCharts
    from barscope.workspace.segments import Segments


class Run:
    """A recorded run. Its results are visible once it is completed; its record always is.

    Methods that take a symbol can do without it when the run has only one.

    Attributes:
        record: The row of the run: status, times, config, metadata.
        zone: The time zone its charts are drawn in.
        saved_charts: Where settings and annotations of its charts are kept; None where nothing can be.
    """

    def __init__(
        self,
        record: RunRecord,
        results: Results,
        zone: str,
        charts: SavedCharts | None = None,
        calendars: CalendarBook | None = None,
    ) -> None:
        """Args: `calendars` say which hours its charts shade; without them none are."""
        self.saved_charts = charts
        self._calendars = calendars
        self.record = record
        self.zone = zone
        self._results = results

    def __repr__(self) -> str:
        return f"Run({self.run_id}, {self.record.status}, {self.record.name})"

    @property
    def run_id(self) -> str:
        """One id for the job, the run and its files."""
        return self.record.run_id

    @property
    def status(self) -> str:
        """`running`, `completed`, `failed` or `cancelled`, when the run was opened."""
        return self.record.status

    @property
    def state(self) -> RunState:
        """How the launch is doing or how it ended, with pictures and metrics where it completed."""
        return whole_state(self, self._results.states)

    @property
    def config(self) -> dict[str, Any]:
        """Everything the run came from: it can be repeated from this."""
        return self.record.config

    @property
    def request(self) -> AnyRequest:
        """The request that made the run, to be changed or sent again.

        Raises:
            InvalidParameterError: If the record does not tell it.
        """
        return request_of(self.config)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols whose bars the run recorded; a sweep records none, its children are rows."""
        return () if self.config.get("mode") == "sweep" else tuple(self.config["symbols"])

    def columns(self, symbol: str | None = None) -> SymbolColumns:
        """Bars and series as arrays, each of shape (bars,).

        Raises:
            UnknownRunError: If the run is not completed.
            UnknownSymbolError: If the run has no such symbol.
        """
        return self._results.columns(self.run_id, self._one(symbol))

    def bars(self, symbol: str | None = None) -> pd.DataFrame:
        """Open, high, low, close and volume, indexed by the open of each bar's interval, UTC."""
        return bars_frame(self.columns(symbol).bars)

    def indicators(self, symbol: str | None = None) -> pd.DataFrame:
        """One column per indicator series, indexed as `bars`."""
        columns = self.columns(symbol)
        return series_frame(columns.bars, columns.series)

    def segments(self, how: Cutting, symbol: str | None = None) -> Segments:
        """Cut the bars into segments: `run.segments(bs.ByTime("week"))`, `ByBars`, or `ByCondition` on the indicators.

        Args:
            how: The way to cut them.
            symbol: One symbol; None is all of the run.

        Raises:
            UnknownRunError: If the run is not completed.
            UnknownSymbolError: If the run has no such symbol.
            InvalidParameterError: If a condition names a series the run has not. One that never holds gives no
                segments, and `reason` says why.
        """
        self._check_bars()
        symbols = self.symbols if symbol is None else (self._one(symbol),)
        return find_segments(how, symbols, self.columns, period_of_rtype(self.config["rtype"]), self.zone)

    # ---- of a backtest

    @cached_property
    def result(self) -> BacktestResult:
        """What came out of a backtest: fills, round trips, equity and all that follows from them.

        Raises:
            UnknownRunError: If the run is not completed.
            InvalidParameterError: If it is not a backtest.
        """
        if self.config.get("mode") != "backtest":
            raise InvalidParameterError(f"run {self.run_id} is not a backtest: it has bars and indicators only")
        return self._results.of_backtest(self.run_id)

    def fills(self) -> pd.DataFrame:
        """Every execution, in order."""
        return rows_frame(self.result.fills, FillEvent)

    def orders(self) -> pd.DataFrame:
        """Every order as it was submitted, in order."""
        return self.events(OrderSubmissionRequest)

    def events(self, kind: type[Event]) -> pd.DataFrame:
        """Every event of one type about orders, in order: `run.events(bs.events.OrderRejected)`."""
        return rows_frame(self._results.events(self.run_id, kind), kind, NOT_STORED)

    def roundtrips(self) -> pd.DataFrame:
        """From flat to flat, by entry; what is still open is marked at the last close."""
        return rows_frame(self.result.round_trips, RoundTrip)

    def equity(self) -> pd.DataFrame:
        """Equity, cash, exposure, traded value and drawdown, marked at each bar."""
        return equity_frame(self.result.equity)

    def summary(self) -> Summary:
        """All metrics; prints itself."""
        return self.result.summary()

    # ---- of a sweep

    @cached_property
    def sweep(self) -> SweepResult:
        """What came out of a sweep; of one that was cancelled or interrupted, what it had finished.

        Raises:
            InvalidParameterError: If it is not a sweep.
        """
        return self._results.sweep(self.record)

    def sweep_figure(
        self,
        metric: str | None = None,
        x: str | None = None,
        y: str | None = None,
        spec: ChartSpec | None = None,
        *,
        stretch: str | None = None,
        symbol: str | None = None,
    ) -> go.Figure:
        """A heat map of a sweep over two parameters, by default the first, the best and its plateau marked.

        `y` may also be `symbol` or `stretch`. Unless said it is the main metric in the first stretch, its mean over
        all symbols.
        """
        from barscope.workspace.sweep_figures import heatmap_of, look_at

        return heatmap_of(self.sweep, look_at(self.sweep, metric, x, y, stretch, symbol), spec)

    def parallel_figure(
        self,
        metric: str | None = None,
        spec: ChartSpec | None = None,
        *,
        stretch: str | None = None,
        symbol: str | None = None,
    ) -> go.Figure:
        """Every combination of a sweep as a line across its parameters; arguments as for `sweep_figure`."""
        from barscope.workspace.sweep_figures import look_at, parallel_of

        return parallel_of(self.sweep, look_at(self.sweep, metric, stretch=stretch, symbol=symbol), spec)

    # ---- of a scenario

    @cached_property
    def scenario(self) -> ScenarioResult:
        """What came out of a collateral-hedge scenario; `to_dict()` is the whole of it as JSON values.

        Raises:
            UnknownRunError: If the run is not completed.
            InvalidParameterError: If it is not a scenario.
        """
        from barscope.studies.scenario_result import ScenarioResult

        if self.config.get("mode") != "scenario":
            raise InvalidParameterError(f"run {self.run_id} is not a scenario: it has no templates")
        columns = self.columns()
        return ScenarioResult(self.record.metadata["scenario"], columns)

    def templates(self) -> pd.DataFrame:
        """The templates of a scenario from best to worst: survived, then least LTV, least cost, most equity."""
        from barscope.workspace.scenario_frames import ranking_frame

        return ranking_frame(self.scenario)

    def daily(self, template_slug: str | None = None) -> pd.DataFrame:
        """The days of one template of a scenario, by default the first."""
        from barscope.workspace.scenario_frames import daily_frame

        return daily_frame(self.scenario, template_slug or self.scenario.slugs[0])

    # ---- to look at

    def chart_data(self, symbol: str | None = None) -> ChartData:
        """What a chart of the symbol draws: bars, indicators, annotations and, of a backtest, its trades."""
        chosen = self._one(symbol)
        trips = self.result.round_trips if self.config.get("mode") == "backtest" else ()
        data = chart_data(chosen, self.columns(chosen), self.config, self.zone, trips)
        if self._calendars is not None:
            data = replace(data, highlights=shades_of_run(self._calendars, self.config, chosen, data.bars))
        return data if self.saved_charts is None else self.saved_charts.dressed(data, self.run_id, self.config)

    @property
    def chart_spec(self) -> ChartSpec:
        """How its charts are looked at unless they are told otherwise: as was chosen for this run or its session."""
        from barscope.charts.data import ChartSpec

        return ChartSpec() if self.saved_charts is None else self.saved_charts.spec_of_run(self.run_id, self.config)

    def figure(self, symbol: str | None = None, spec: ChartSpec | None = None) -> go.Figure:
        """A Plotly figure: candlesticks with the indicators, at a level of detail a page can hold."""
        from barscope.charts.figure import figure

        return figure(self.chart_data(symbol), spec or self.chart_spec)

    def chart(self, symbol: str | None = None, spec: ChartSpec | None = None) -> LiveChart:
        """A live chart: every zoom shows the true bars of what is visible."""
        from barscope.workspace.panels import live_chart

        return live_chart(self.chart_data(symbol), spec or self.chart_spec)

    def equity_figure(self, spec: ChartSpec | None = None, *, benchmark: bool = False) -> go.Figure:
        """Equity and drawdown of a backtest; `benchmark` adds buying and holding all symbols with all cash."""
        from barscope.charts.equity import equity_figure

        result = self.result
        held = buy_and_hold(result.bars, result.starting_cash) if benchmark else None
        period = period_of_rtype(self.config["rtype"])
        return equity_figure(result.equity, spec, period=period, zone=self.zone, benchmark=held)

    def pnl_figure(self, spec: ChartSpec | None = None) -> go.Figure:
        """Profit and loss of a backtest: summed by trade, of each trade, and how it is spread."""
        from barscope.charts.pnl import pnl_figure

        return pnl_figure(self.result.round_trips, spec)

    def journey_figure(
        self, spec: ChartSpec | None = None, *, order: Literal["entry", "pnl"] = "entry", page: int = 1
    ) -> go.Figure:
        """Each trade of a backtest from its worst to its best, its exit marked; 500 to a page."""
        from barscope.charts.journey import journey_figure

        return journey_figure(self.result.round_trips, spec, order=order, page=page)

    def ltv_figure(self, spec: ChartSpec | None = None) -> go.Figure:
        """Loan-to-value of a scenario, bare and under each template, with the days the lender calls."""
        from barscope.charts.ltv import ltv_figure
        from barscope.workspace.scenario_frames import ltv_curves

        result = self.scenario
        return ltv_figure(result.columns.bars.ts, ltv_curves(result), result.summary["margin_call_ltv"], spec)

    def trade_figure(self, n: int, spec: ChartSpec | None = None, *, context: int = 30) -> go.Figure:
        """The bars of one trade with some before and after it.

        Args:
            n: The row of the trade in `roundtrips()`, from 0.
            spec: How it is looked at.
            context: Bars on each side.
        """
        from barscope.charts.figure import figure
        from barscope.charts.journey import trade_data

        trips = self.result.round_trips
        if not 0 <= n < len(trips):
            raise InvalidParameterError(f"no trade {n}: run {self.run_id} has {len(trips)}, counted from 0")
        return figure(trade_data(self.chart_data(trips[n].symbol), trips[n], context), spec)

    def thumbnail(
        self,
        size: Literal["small", "large"] = "small",
        theme: Literal["light", "dark"] = "light",
        form: Literal["svg", "png"] = "svg",
    ) -> bytes:
        """A small picture drawn without a browser: the equity of a backtest, else candlesticks of the first symbol.

        Raises:
            UnknownRunError: If the run is not completed.
        """
        return thumbnail(self, (size, theme, form))

    def to_html(self, path: str | Path, symbol: str | None = None, spec: ChartSpec | None = None) -> Path:
        """Write the figure as one page that needs no network; returns where it is."""
        from barscope.charts.export import write_html

        return write_html(self.chart_data(symbol), path, spec)

    def share(self, path: str | Path, symbols: Sequence[str] | None = None, theme: ShareTheme = "auto") -> Path:
        """Write all of the run as one page that needs no network and no kernel, and zooms to the bars.

        Args:
            path: Where.
            symbols: Which symbols to chart; None charts all.
            theme: `light`, `dark`, or `auto`: as the reader's system.
        """
        from barscope.charts.export import write_share
        from barscope.workspace.share import shared_run

        self._check_bars()
        return write_share(shared_run(self, symbols), path, theme)

    def to_png(self, path: str | Path, symbol: str | None = None, spec: ChartSpec | None = None) -> Path:
        """Write the figure as a picture; returns where it is."""
        from barscope.charts.export import write_png

        return write_png(self.chart_data(symbol), path, spec)

    def to_csv(self, path: str | Path, symbol: str | None = None) -> Path:
        """Write every bar with its series as CSV; returns where it is."""
        from barscope.charts.export import write_csv

        return write_csv(self.chart_data(symbol), path)

    def to_parquet(self, path: str | Path, symbol: str | None = None) -> Path:
        """Write every bar with its series as Parquet; returns where it is."""
        from barscope.charts.export import write_parquet

        return write_parquet(self.chart_data(symbol), path)

    def _check_bars(self) -> None:
        if self.config.get("mode") == "sweep":
            raise InvalidParameterError(
                f"run {self.run_id} is a sweep and has no bars of its own: look at run.sweep, or open one of its "
                "children with ws.sweeps.open_child"
            )

    def _one(self, symbol: str | None) -> str:
        self._check_bars()
        if symbol is None:
            if len(self.symbols) > 1:
                raise InvalidParameterError(f"run {self.run_id} has {len(self.symbols)} symbols: name one of them")
            return self.symbols[0]
        if symbol not in self.symbols:
            raise UnknownSymbolError(symbol, close_matches(symbol, self.symbols))
        return symbol
