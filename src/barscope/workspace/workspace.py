"""The workspace: a folder with three databases, and what can be done with them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from barscope.domain.instruments import Coverage, Publisher
from barscope.domain.time import date_range
from barscope.domain.venues import zone_of_venue
from barscope.engine import loading
from barscope.errors import UnknownPublisherError
from barscope.indicators.loading import LoadFailure, load_entry_points, load_folder
from barscope.jobs import Job, JobRunner
from barscope.store.presets import PresetStore
from barscope.store.run_reader import RunRecord
from barscope.store.runs import RunStore
from barscope.store.secmaster import SecurityMaster
from barscope.studies.backtest import Backtests
from barscope.studies.bar_cache import BarCache
from barscope.studies.calendar_book import CalendarBook
from barscope.studies.continuous import continuous_bars
from barscope.studies.exploration import Desk
from barscope.studies.explorer import Explorer
from barscope.studies.hedge_templates import HedgeTemplates
from barscope.studies.results import Results
from barscope.studies.retention import Retention
from barscope.studies.splits import DEV_PCT, TRAIN_PCT, Split, Splits
from barscope.workspace.frames import values_frame
from barscope.workspace.paths import WorkspacePaths
from barscope.workspace.split_frame import splits_frame
from barscope.workspace.run import Run
from barscope.workspace.saved_charts import SavedCharts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Executor
    from pathlib import Path
    from types import TracebackType

    import pandas as pd

    from barscope.domain.annotations import AnnotationKind
    from barscope.ingest.report import IngestReport
    from barscope.ingest.source import Source
    from barscope.store.run_states import RunStates
    from barscope.studies.request import BacktestRequest, BarChoice, ExplorerRequest
    from barscope.studies.scenario import Scenarios
    from barscope.studies.scenario_request import ScenarioRequest
    from barscope.widgets.backtest_panel import BacktestPanel
    from barscope.widgets.explorer_panel import ExplorerPanel
    from barscope.widgets.runs_panel import RunsPanel
    from barscope.widgets.splits_panel import SplitsPanel
    from barscope.workspace.repetition import Repetition
    from barscope.workspace.samples import SampleCounts


class Workspace:
    """A folder of market data and results.

    Args:
        folder: Made when it is not there. Its `indicators/` and `strategies/` hold the user's own. None is the folder
            that BARSCOPE_WORKSPACE names, or `data`.
        executor: Where jobs run; None is a pool of `workers` threads.
        workers: Threads of that pool.
        retention: How many exploration sessions are kept; None keeps all.

    Attributes:
        paths: Where the databases are.
        explorer: Sessions, cache and queue of explorations.
        backtests: Queue of backtests.
        charts: Settings of charts, presets of settings, and annotations.
        hedge_templates: Templates of protection by puts, the user's own included.
        calendars: Which calendar the bars of a symbol follow.
        data_splits: Train, dev and test: plan, save, rename, delete.
        jobs: Runs explorations and backtests.
        reads: Runs short reads for the screen, so that they never wait behind an exploration.
        recovered: Runs that a killed process left behind, now `failed` (interrupted).
        load_failures: The user's indicator files that could not be imported, with the reason.
        strategy_failures: The same of strategies.

    Raises:
        StoreError: If a database is of another program or newer, or the folder cannot be written.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        executor: Executor | None = None,
        workers: int = 2,
        retention: int | None = 10,
    ) -> None:
        self.paths = WorkspacePaths.of(folder)
        self.secmaster = SecurityMaster(self.paths.secmaster)
        self.runs_store = RunStore(self.paths.runs)
        self.presets = PresetStore(self.paths.presets)
        self.charts = SavedCharts(self.presets)
        self.jobs = JobRunner(executor, workers=workers)
        self.reads = JobRunner(executor, workers=1)
        self._results = Results(self.runs_store)
        self.bars = BarCache(self.secmaster)
        self.calendars = CalendarBook(self.secmaster, self.presets)
        self.data_splits = Splits(self.presets, self.bars, self.calendars)
        self.explorer = Explorer(
            Desk(self.secmaster, self.runs_store, self.bars, self.calendars),
            self.presets,
            self.jobs,
            self._results,
            Retention(self.presets, self.runs_store, self._results, retention),
            self.run,
        )
        self.backtests = Backtests(
            self.secmaster, self.runs_store, self.bars, self.calendars, self.jobs, self.run
        )
        self.hedge_templates = HedgeTemplates(self.presets)
        self.recovered = self.explorer.recover()
        self.load_failures: tuple[LoadFailure, ...] = self.reload_indicators()
        self.strategy_failures: tuple[LoadFailure, ...] = self.reload_strategies()

    def __repr__(self) -> str:
        return f"Workspace({str(self.paths.folder)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cancel what is under way, wait for it to stop, and close the databases."""
        self.jobs.close()
        self.reads.close()
        for store in (self.secmaster, self.runs_store, self.presets):
            store.close()

    # ---- data

    def ingest(self, source: Source, **options: Any) -> IngestReport:  # noqa: ANN401  # those of `ingest_source`
        """Store the bars of a file or frame: all of its good rows, or nothing. See `ingest_source`."""
        from barscope.workspace.ingestion import ingest_source

        return ingest_source(self.secmaster, source, **options)

    def load_samples(self) -> SampleCounts:
        """Store the sample bars, or find them stored: five US stocks by day; SYN-A, made up, by minute and second."""
        from barscope.workspace.samples import load_samples

        return load_samples(self.secmaster)

    def publishers(self) -> pd.DataFrame:
        """Who publishes the bars there are: one row per publisher."""
        return values_frame(self.secmaster.publishers(), Publisher)

    def coverage(self) -> pd.DataFrame:
        """First and last bar of each symbol and record type, UTC."""
        return values_frame(self.secmaster.coverage(), Coverage, times=("min_ts", "max_ts"))

    def ingest_definitions(self, definitions: Source, **publisher: Any) -> int:  # noqa: ANN401
        """Store what futures are and when they expire; returns how many. See `ingestion.ingest_definitions`."""
        from barscope.workspace.ingestion import ingest_definitions

        return ingest_definitions(self.secmaster, definitions, **publisher)

    def ingest_open_interest(self, open_interest: Source, **publisher: Any) -> int:  # noqa: ANN401
        """Store the open interest of contracts; returns how many values. See `ingestion.ingest_open_interest`."""
        from barscope.workspace.ingestion import ingest_open_interest

        return ingest_open_interest(self.secmaster, open_interest, **publisher)

    def roll_table(
        self,
        symbol: str,
        publisher_id: int,
        rtype: int = 35,
        start_date: str | None = None,
        end_date: str | None = None,
    ) -> pd.DataFrame:
        """When a continuous future such as `ES.v.0` changes from one contract to the next, and why; a row per roll.

        Raises:
            DataError: If the series is unknown, or there is nothing to put it together from.
        """
        within = date_range(start_date, end_date)
        source = continuous_bars(self.secmaster, publisher_id, symbol, rtype, within)
        return source.roll_table(self.bars).frame()

    def set_calendar(self, publisher_id: int, code: str | None, symbol: str | None = None) -> None:
        """Choose the calendar of a publisher's bars, or of one of its symbols; None goes back to that of its venue.

        Raises:
            CalendarError: If exchange_calendars has no calendar of this code.
            UnknownPublisherError: If there is no such publisher.
        """
        self.calendars.choose(publisher_id, code, symbol)

    # ---- splits

    def split(
        self, request: BarChoice, train_pct: float = TRAIN_PCT, dev_pct: float = DEV_PCT, name: str | None = None
    ) -> Split:
        """Divide the days of a choice of bars into train, dev and test, and keep that under a name.

        Args:
            request: Which bars; its indicators or strategy are not looked at.
            train_pct: Percentage of the days to train on, at least 1.
            dev_pct: Percentage of the days to develop on, at least 1; what is left is to test.
            name: What to call it; None calls it by its symbols and percentages.

        Raises:
            InvalidParameterError: If the percentages, the dates or the name do not hold.
            DataError: If the bars are not there.
        """
        return self.data_splits.save(self.data_splits.plan(request, train_pct, dev_pct), name)

    def splits(self) -> pd.DataFrame:
        """The saved splits, the oldest first: symbols, percentages, and days and stored bars of each region."""
        return splits_frame(self.data_splits.list())

    # ---- explorations

    def explore(self, request: ExplorerRequest, *, fresh: bool = False) -> Job[Run]:
        """Explore in the background; a request that was explored before is answered from its record.

        Args:
            request: Which bars, with which indicators.
            fresh: Compute again even if the same was recorded before.

        Raises:
            BarscopeError: If the request does not hold; nothing is written then.
        """
        return self.explorer.enqueue_exploration(request, fresh=fresh)

    # ---- backtests

    def backtest(self, request: BacktestRequest) -> Job[Run]:
        """Test a strategy in the background, event by event.

        Args:
            request: Which strategy, on which bars, with which broker.

        Raises:
            BarscopeError: If the request does not hold; nothing is written then.
        """
        return self.backtests.enqueue(request)

    # ---- scenarios

    @cached_property
    def scenarios(self) -> Scenarios:
        """The queue of collateral-hedge scenarios; one at a time, the latest counts."""
        from barscope.workspace.scenarios import scenarios_of

        return scenarios_of(self)

    def scenario(self, request: ScenarioRequest) -> Job[Run]:
        """Follow a pledged asset through its history in the background, bare and protected by puts.

        Args:
            request: Which asset, loan, stretch and templates.

        Raises:
            BarscopeError: If the request does not hold; nothing is written then.
        """
        return self.scenarios.enqueue(request)

    # ---- runs

    def run(self, run_id: str) -> Run:
        """A run by its id.

        Raises:
            UnknownRunError: If there is none.
        """
        record = self.runs_store.get(run_id)
        return Run(record, self._results, self.zone_of(record.config.get("publisher_id")), self.charts)

    def runs(self) -> pd.DataFrame:
        """All runs, newest first: id, name, status, mode and times (UTC)."""
        import pandas as pd

        rows = [_run_row(record) for record in self.runs_store.list_runs()]
        frame = pd.DataFrame(rows, columns=["run_id", "name", "mode", "status", "started", "ended"])
        for column in ("started", "ended"):
            frame[column] = pd.to_datetime(frame[column], unit="ns", utc=True)
        return frame

    def states(self) -> RunStates:
        """The state of every run, newest first: `for state in ws.states()`; those of other processes too."""
        return self._results.states

    def repeat(self, run_id: str, timeout: float | None = None) -> Repetition:
        """Run a recorded run again from its record, and tell whether it came out equal. See `repetition.repeat`."""
        from barscope.workspace.repetition import repeat

        return repeat(self, run_id, timeout)

    def delete_run(self, run_id: str) -> None:
        """Delete a run with everything recorded in it.

        Raises:
            UnknownRunError: If there is none.
            StoreError: If it is still running.
        """
        self.runs_store.delete([run_id])
        self._results.forget([run_id])

    def publish(self, run_ids: Iterable[str], path: str | Path, title: str | None = None, **options: Any) -> Path:  # noqa: ANN401  # those of `publish`
        """Write a snapshot of some runs that others may look at. See `workspace.publish.publish`."""
        from barscope.workspace.publish import publish

        return publish(self, run_ids, path, title, **options)

    def zone_of(self, publisher_id: int | None) -> str:
        """The time zone that charts of a publisher's bars are drawn in."""
        try:
            return zone_of_venue(None if publisher_id is None else self.secmaster.publisher(publisher_id).venue)
        except UnknownPublisherError:
            return zone_of_venue(None)

    def reload_indicators(self) -> tuple[LoadFailure, ...]:
        """Import the user's indicators again, from `indicators/` and from installed packages."""
        self.load_failures = (*load_folder(self.paths.indicators), *load_entry_points())
        return self.load_failures

    def reload_strategies(self) -> tuple[LoadFailure, ...]:
        """Import the user's strategies again, from `strategies/` and from installed packages."""
        found = (*loading.load_folder(self.paths.strategies), *loading.load_entry_points())
        self.strategy_failures = found
        return found

    # ---- annotations

    def annotations(
        self, symbol: str | None = None, publisher_id: int | None = None, symbol_type: str | None = None
    ) -> pd.DataFrame:
        """What was drawn on the charts of a symbol, or of all symbols: one row per annotation, oldest first."""
        from barscope.workspace.annotations import annotations_frame

        return annotations_frame(self.charts.annotations(symbol, publisher_id, symbol_type))

    def annotate(
        self,
        kind: AnnotationKind,
        symbol: str,
        points: Iterable[tuple[Any, float]],
        *,
        publisher_id: int,
        symbol_type: str = "raw_symbol",
        text: str = "",
        colour: str | None = None,
    ) -> str:
        """Draw on every chart of a symbol; returns the id of the annotation.

        Args:
            kind: `level` or `text` (one point), `trend` or `box` (two).
            symbol: The symbol.
            points: (time, price) pairs; a time is text, a datetime or ns, UTC unless it says otherwise.
            publisher_id: Whose bars.
            symbol_type: As of the symbol's bars.
            text: Written at it.
            colour: `#rrggbb`; None is the chart's own.

        Raises:
            InvalidParameterError: If a time, a price, the colour or the number of points does not hold.
        """
        from barscope.workspace.annotations import annotation_at

        annotation = annotation_at(kind, points, text, colour)
        return self.charts.annotate(annotation, symbol, publisher_id, symbol_type).annotation_id

    def delete_annotation(self, annotation_id: str) -> None:
        """Remove an annotation.

        Raises:
            StoreError: If there is none of this id.
        """
        self.charts.delete_annotation(annotation_id)

    # ---- panels

    def splits_panel(self) -> SplitsPanel:
        """Splits as a panel: choose bars and percentages, look at days and bars of each region, save, rename, delete."""
        from barscope.workspace.panels import splits_panel

        return splits_panel(self)

    def explorer_panel(self) -> ExplorerPanel:
        """The explorer as a panel: choose bars and indicators, watch them compute, look at them."""
        from barscope.workspace.panels import explorer_panel

        return explorer_panel(self)

    def backtest_panel(self) -> BacktestPanel:
        """Backtests as a panel: choose bars and a strategy, watch it run, look at what came out."""
        from barscope.workspace.panels import backtest_panel

        return backtest_panel(self)

    def runs_panel(self) -> RunsPanel:
        """All runs as a panel: find them, look at what each came from and what came out, compare, repeat, delete."""
        from barscope.workspace.panels import runs_panel

        return runs_panel(self)


def _run_row(record: RunRecord) -> tuple[object, ...]:
    return record.run_id, record.name, record.config.get("mode"), record.status, record.ts_start, record.ts_end
