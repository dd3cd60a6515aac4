"""The workspace: a folder with three databases, and what can be done with them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

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
from barscope.studies.exploration import Desk
from barscope.studies.explorer import Explorer
from barscope.studies.hedge_templates import HedgeTemplates
from barscope.studies.results import Results
from barscope.studies.retention import Retention
from barscope.studies.splits import Splits
from barscope.workspace.market_data import MarketData
from barscope.workspace.panels import Panels
from barscope.workspace.paths import WorkspacePaths
from barscope.workspace.run import Run
from barscope.workspace.saved import Saved
from barscope.workspace.saved_charts import SavedCharts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Executor
    from pathlib import Path
    from types import TracebackType

    import pandas as pd

    from barscope.store.run_states import RunStates
    from barscope.studies.request import BacktestRequest, ExplorerRequest
    from barscope.studies.scenario_request import ScenarioRequest
    from barscope.studies.sweep_request import SweepRequest
    from barscope.workspace.repetition import Repetition
    from barscope.workspace.scenarios import WorkspaceScenarios
    from barscope.workspace.sweeps import WorkspaceSweeps


class Workspace(MarketData, Panels):
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
        charts: Settings of charts, and annotations.
        saved: Watchlists, layouts, indicator sets and all else that is kept by name; its import and export.
        hedge_templates: Templates of protection by puts, the user's own included.
        calendars: Which calendar the bars of a symbol follow.
        data_splits: Train, dev and test: plan, save, rename, delete.
        jobs: Runs explorations and backtests.
        reads: Runs short reads for the screen, so that they never wait behind an exploration.
        proofs: Examines indicators for the screen, so that a slow one of the user's keeps no chart waiting.
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
        self.saved = Saved(self.presets, self.charts, self.secmaster)
        self.jobs = JobRunner(executor, workers=workers)
        self.reads = JobRunner(executor, workers=1)
        self.proofs = JobRunner(executor, workers=1)
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
        self.backtests = Backtests(self.secmaster, self.runs_store, self.bars, self.calendars, self.jobs, self.run)
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
        self.proofs.close()
        for store in (self.secmaster, self.runs_store, self.presets):
            store.close()

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
    def scenarios(self) -> WorkspaceScenarios:
        """The queue of collateral-hedge scenarios, one at a time, and studies of them that end in a table."""
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

    # ---- sweeps

    @cached_property
    def sweeps(self) -> WorkspaceSweeps:
        """The queue of sweeps, their estimates, and what is asked of their children."""
        from barscope.workspace.sweeps import sweeps_of

        return sweeps_of(self)

    def sweep(
        self, request: SweepRequest, executor: object = None, *, confirmed: bool = False, workers: int | None = None
    ) -> Job[Run]:
        """Try many parameters in the background: one strategy or indicator on all symbols over all stretches.

        Args:
            request: What to try.
            executor: `threads`, `processes`, `inline`, an executor of `concurrent.futures`, or a Dask client; None
                chooses between threads and processes.
            confirmed: Whether a sweep of more than 100,000 children is meant.
            workers: Threads or processes; None is one per core.

        Raises:
            SweepTooLargeError: If it is that large and was not confirmed; it tells how long it would take.
            BarscopeError: If the request does not hold; nothing is written then.
        """
        return self.sweeps.enqueue(request, executor, confirmed=confirmed, workers=workers)

    # ---- runs

    def run(self, run_id: str) -> Run:
        """A run by its id.

        Raises:
            UnknownRunError: If there is none.
        """
        record = self.runs_store.get(run_id)
        return Run(record, self._results, self.zone_of(record.config.get("publisher_id")), self.charts, self.calendars)

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

    def certificates(self, names: Iterable[str] | None = None) -> pd.DataFrame:
        """What is proven of indicators with their default parameters; a row each. All of them take some seconds.

        Args:
            names: Registered names; None is the whole catalogue.

        Raises:
            UnknownIndicatorError: If a name is not registered.
        """
        from barscope.workspace.certificates import certificates_frame

        return certificates_frame(names)

    def reload_strategies(self) -> tuple[LoadFailure, ...]:
        """Import the user's strategies again, from `strategies/` and from installed packages."""
        found = (*loading.load_folder(self.paths.strategies), *loading.load_entry_points())
        self.strategy_failures = found
        return found


def _run_row(record: RunRecord) -> tuple[object, ...]:
    return record.run_id, record.name, record.config.get("mode"), record.status, record.ts_start, record.ts_end
