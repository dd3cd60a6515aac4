"""The chart of a session: the bars of one symbol, read in the background, with the series that are to be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from barscope.charts.compared import compared
from barscope.charts.data import ChartData
from barscope.charts.settings import apply_settings, apply_to_spec
from barscope.domain.periods import period_of_rtype
from barscope.jobs import JobStatus
from barscope.studies.session import session_id_of
from barscope.widgets.chart_choices import ChartChoices
from barscope.widgets.live_chart import LiveChart
from barscope.workspace.chart_data import chart_series
from barscope.workspace.saved_charts import session_owner
from barscope.workspace.symbol_view import enqueue_view, same_bars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from barscope.charts.data import ChartSeries, ChartSpec, Highlight, Theme, VerticalMark
    from barscope.domain.annotations import Annotation
    from barscope.domain.bars import Bars
    from barscope.jobs import Job, JobSnapshot
    from barscope.store.annotations import StoredAnnotation
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
        choices: The settings of the session's chart.
        annotations: What was drawn on the symbol.
    """

    def __init__(
        self, workspace: Workspace, spec: ChartSpec, tell: Callable[[str], None] = lambda _problem: None
    ) -> None:
        """Args: `tell` is called with what is stored about the chart and cannot be used."""
        self._workspace = workspace
        self._tell = tell
        self._others: dict[str, Bars | None] = {}
        self._comparing: Job[SymbolView] | None = None
        self._look: object = None
        self.choices = ChartChoices(workspace.charts, tell)
        self.annotations: tuple[StoredAnnotation, ...] = ()
        self._source: ExplorerRequest | None = None
        self._job: Job[SymbolView] | None = None
        self._series: dict[str, tuple[ChartSeries, ...]] = {}
        self._drawn: tuple[ChartSeries, ...] | None = None
        self._shades: tuple[Highlight, ...] = ()
        self._marks: tuple[VerticalMark, ...] = ()
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
        self.choices.open(*([] if source is None else [session_owner(session_id_of(source))]), carry=True)
        self._read_annotations()
        self.read_again()

    def read_again(self) -> None:
        """Forget what was read: the stored bars may have changed."""
        self.close()
        self.bars = self.error = self._drawn = None
        self._series, self.problems, self._others = {}, {}, {}

    def close(self) -> None:
        """Read no further."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        if self._comparing is not None:
            self._comparing.cancel()
            self._comparing = None
        self.choices.flush()

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
        self._compare()
        self._draw(shown)
        return self._job is not None or self._comparing is not None

    # ---- annotations

    def add(self, annotation: Annotation) -> None:
        """Keep a new annotation on the symbol, and draw it."""
        if self._source is not None and self.symbol is not None:
            choice = self.symbol, self._source.publisher_id, self._source.symbol_type
            self._workspace.charts.annotate(annotation, *choice)
            self.take_annotations()

    def remove(self, annotation_id: str) -> None:
        """Remove an annotation from the store and the chart."""
        self._workspace.charts.delete_annotation(annotation_id)
        self.take_annotations()

    def _read_annotations(self) -> None:
        self.annotations = ()
        if self._source is not None and self.symbol is not None:
            kept = self._workspace.charts.annotations(self.symbol, self._source.publisher_id, self._source.symbol_type)
            self.annotations = kept.values
            for problem in kept.problems:
                self._tell(str(problem))

    def take_annotations(self) -> None:
        """Take over what was drawn on the symbol elsewhere, and draw it."""
        before = self.annotations
        self._read_annotations()
        if self._drawn is not None and self.annotations != before:
            self.live.set_annotations(stored.annotation for stored in self.annotations)

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
            self._shades, self._marks = view.shades, view.marks
        self._series.update(view.series)
        self.problems.update(view.problems)

    def _compare(self) -> None:
        """Read the bars of the symbols to compare with, one after the other."""
        job, missing = self._comparing, [name for name in self._wanted() if name not in self._others]
        if job is not None and job.snapshot.status.is_terminal:
            self._comparing, error = None, job.snapshot.error
            read = job.result() if job.snapshot.status is JobStatus.COMPLETED else None
            if read is not None:
                self._others[read.symbol] = read.bars
            elif missing:
                self._others[missing[0]] = None
                self._tell(f"{missing[0]} cannot be compared with: {error}")
            missing = [name for name in missing if name not in self._others]
        if missing and self._comparing is None and self.bars is not None and self._source is not None:
            self._comparing = enqueue_view(self._workspace, self._source, missing[0])

    def _wanted(self) -> tuple[str, ...]:
        return tuple(name for name in self.choices.settings.compare or () if name != self.symbol)

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
        self.choices.note(s.indicator for s in series)
        others = {name: bars for name in self._wanted() if (bars := self._others.get(name)) is not None}
        look = [id(s) for s in series], self.choices.settings, dict(self.choices.of_indicators), tuple(others)
        if self._drawn is None or look != self._look:
            self._show(self.symbol, self.bars, self._source, series, others)
        self._drawn, self._look = series, look

    def _show(
        self,
        symbol: str,
        bars: Bars,
        source: ExplorerRequest,
        series: tuple[ChartSeries, ...],
        others: Mapping[str, Bars],
    ) -> None:
        """Draw all of it anew; what is seen of the same bars stays."""
        before = self.live.data if self._drawn is not None else None
        conditions = [h for h in before.highlights if h.kind == "condition"] if before is not None else []
        data = ChartData(
            symbol,
            bars,
            period_of_rtype(source.rtype),
            series,
            self._workspace.zone_of(source.publisher_id),
            highlights=(*self._shades, *conditions),
            marks=self._marks,
            annotations=tuple(stored.annotation for stored in self.annotations),
            compared=tuple(compared(name, other, bars.ts) for name, other in others.items()),
            timeframe=source.longer_bars,
        )
        spec = replace(self.live.spec, theme=self._theme, visible=self.live.spec.visible if before else None)
        settings, of_indicators = self.choices.settings, self.choices.of_indicators
        self.live.show(apply_settings(data, settings, of_indicators), apply_to_spec(spec, settings))
