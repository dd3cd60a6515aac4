"""The workspace: a folder with three databases, and what can be done with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from barscope.domain.instruments import Coverage, Publisher
from barscope.domain.venues import zone_of_venue
from barscope.engine import loading
from barscope.errors import UnknownPublisherError
from barscope.indicators.loading import LoadFailure, load_entry_points, load_folder
from barscope.jobs import Job, JobRunner
from barscope.store.presets import PresetStore
from barscope.store.runs import RunRecord, RunStore
from barscope.store.secmaster import SecurityMaster
from barscope.studies.backtest import Backtests
from barscope.studies.bar_cache import BarCache
from barscope.studies.exploration import Desk
from barscope.studies.explorer import Explorer
from barscope.studies.results import Results
from barscope.studies.retention import Retention
from barscope.workspace.frames import values_frame
from barscope.workspace.paths import WorkspacePaths
from barscope.workspace.run import Run

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path
    from types import TracebackType

    import pandas as pd

    from barscope.ingest.report import IngestReport
    from barscope.ingest.source import Source
    from barscope.studies.request import BacktestRequest, ExplorerRequest
    from barscope.widgets.backtest_panel import BacktestPanel
    from barscope.widgets.explorer_panel import ExplorerPanel
    from barscope.widgets.runs_panel import RunsPanel
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
        self.jobs = JobRunner(executor, workers=workers)
        self.reads = JobRunner(executor, workers=1)
        self._results = Results(self.runs_store)
        self.bars = BarCache(self.secmaster)
        self.explorer = Explorer(
            Desk(self.secmaster, self.runs_store, self.bars),
            self.presets,
            self.jobs,
            self._results,
            Retention(self.presets, self.runs_store, self._results, retention),
            self.run,
        )
        self.backtests = Backtests(self.secmaster, self.runs_store, self.bars, self.jobs, self.run)
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

    # ---- runs

    def run(self, run_id: str) -> Run:
        """A run by its id.

        Raises:
            UnknownRunError: If there is none.
        """
        record = self.runs_store.get(run_id)
        return Run(record, self._results, self.zone_of(record.config.get("publisher_id")))

    def runs(self) -> pd.DataFrame:
        """All runs, newest first: id, name, status, mode and times (UTC)."""
        import pandas as pd

        rows = [_run_row(record) for record in self.runs_store.list_runs()]
        frame = pd.DataFrame(rows, columns=["run_id", "name", "mode", "status", "started", "ended"])
        for column in ("started", "ended"):
            frame[column] = pd.to_datetime(frame[column], unit="ns", utc=True)
        return frame

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

    # ---- panels

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
