"""The chart of a session: the bars of one symbol, read in the background, with the series that are to be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from barscope.charts.data import ChartData
from barscope.domain.periods import period_of_rtype
from barscope.jobs import JobStatus
from barscope.widgets.live_chart import LiveChart
from barscope.workspace.chart_data import chart_series
from barscope.workspace.symbol_view import enqueue_view, same_bars

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from barscope.charts.data import ChartSeries, ChartSpec, Theme
    from barscope.domain.bars import Bars
    from barscope.jobs import Job, JobSnapshot
    from barscope.studies.request import ExplorerRequest
    from barscope.studies.results import RunColumns
    from barscope.widgets.session_model import Entry
    from barscope.workspace.symbol_view import SymbolView
    from barscope.workspace.workspace import Workspace


class SessionChart:
    """One figure for the life of a panel; symbols, bars and series change in it.

    Attributes:
        live: The chart.
        symbol: The symbol whose bars are wanted, or None.
        bars: Its bars once they are there.
        error: Why they cannot be read, or None.
        problems: Run id → why its series cannot be shown on these bars.
    """

    def __init__(self, workspace: Workspace, spec: ChartSpec) -> None:
        self._workspace = workspace
        self._source: ExplorerRequest | None = None
        self._job: Job[SymbolView] | None = None
        self._series: dict[str, tuple[ChartSeries, ...]] = {}
        self._drawn: tuple[ChartSeries, ...] | None = None
        self._theme = spec.theme
        self.live = LiveChart(spec=spec)
        self.symbol: str | None = None
        self.bars: Bars | None = None
        self.error: str | None = None
        self.problems: dict[str, str] = {}

    @property
    def reading(self) -> JobSnapshot | None:
        """How far the reading of bars is; None while nothing is being read."""
        return None if self._job is None else self._job.snapshot

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the series that are drawn."""
        return tuple(series.name for series in self._drawn or ())

    def open(self, source: ExplorerRequest | None, symbol: str | None) -> None:
        """Turn to a symbol of a choice of bars; its bars are drawn by the `update` that finds them read."""
        if (source, symbol) == (self._source, self.symbol):
            return
        self._source, self.symbol = source, symbol
        self.read_again()

    def read_again(self) -> None:
        """Forget what was read: the stored bars may have changed."""
        self.close()
        self.bars = self.error = self._drawn = None
        self._series, self.problems = {}, {}

    def close(self) -> None:
        """Read no further."""
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def set_theme(self, theme: Theme) -> None:
        """Other colours, at once or for the first bars to come."""
        if self.live.data is not None and theme != self._theme:
            self.live.set_theme(theme)
        self._theme = theme

    def update(self, entries: Iterable[Entry], previews: Mapping[str, RunColumns]) -> bool:
        """Take over what was read and computed, ask for what is missing, and draw; tells whether it waits for more."""
        shown = tuple(entries)
        self._take(previews)
        self._read_missing(shown)
        self._take_read()
        self._draw(shown)
        return self._job is not None

    # ---- reading

    def _take(self, previews: Mapping[str, RunColumns]) -> None:
        for run_id, columns in previews.items():
            if self.bars is None or run_id in self._series or self.symbol not in columns:
                continue
            of_symbol = columns[self.symbol]
            if not same_bars(of_symbol.bars, self.bars):
                self.read_again()
                return
            outputs = self._workspace.run(run_id).config.get("outputs", {})
            self._series[run_id] = chart_series(of_symbol, outputs)

    def _read_missing(self, entries: tuple[Entry, ...]) -> None:
        if self._job is not None or self._source is None or self.symbol is None or self.error is not None:
            return
        recorded = dict.fromkeys(entry.run_id for entry in entries if entry.is_recorded)
        missing = [run_id for run_id in recorded if run_id not in self._series and run_id not in self.problems]
        if self.bars is None or missing:
            self._job = enqueue_view(self._workspace, self._source, self.symbol, missing)

    def _take_read(self) -> None:
        job = self._job
        if job is None or not job.snapshot.status.is_terminal:
            return
        self._job = None
        if job.snapshot.status is JobStatus.FAILED:
            self.error = job.snapshot.error
        if job.snapshot.status is not JobStatus.COMPLETED:
            return
        view = job.result()
        if self.bars is None or not same_bars(view.bars, self.bars):
            self.bars, self._series, self._drawn = view.bars, {}, None
        self._series.update(view.series)
        self.problems.update(view.problems)

    # ---- drawing

    def _draw(self, entries: tuple[Entry, ...]) -> None:
        """Draw the bars with the series of the visible entries; of two with one name, that of the later entry."""
        if self.bars is None or self._source is None or self.symbol is None:
            return
        wanted: dict[str, ChartSeries] = {}
        for entry in entries:
            is_shown = entry.visible and (entry.is_live or entry.is_recorded)
            of_run = {series.name: series for series in self._series.get(entry.run_id, ()) if is_shown}
            wanted.update({name: of_run[name] for name in entry.series if name in of_run})
        series = tuple(wanted.values())
        if self._drawn is None:
            zone = self._workspace.zone_of(self._source.publisher_id)
            data = ChartData(self.symbol, self.bars, period_of_rtype(self._source.rtype), series, zone)
            self.live.show(data, replace(self.live.spec, theme=self._theme, visible=None))
        elif [id(s) for s in series] != [id(s) for s in self._drawn]:
            self.live.set_series(series)
        self._drawn = series
