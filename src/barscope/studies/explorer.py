"""The explorer: sessions, the cache, the queue of explorations, and what has become of each."""

from __future__ import annotations

import datetime as dt
import logging
import secrets
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from barscope.errors import BarscopeError, IndicatorError, JobCancelledError, StoreError, UnknownRunError, text_of
from barscope.jobs import Job, JobContext, JobRunner, JobSnapshot, JobStatus
from barscope.studies.exploration import STAGES, Desk, explore
from barscope.studies.manifest import plan_fingerprint
from barscope.studies.plan import plan_exploration
from barscope.studies.request import ExplorerRequest, IndicatorConfig
from barscope.studies.session import IndicatorState, compute_session_id, session_id_of, source_of
from barscope.studies.session_log import SessionLog, entry_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from barscope.store.presets import PresetStore
    from barscope.store.session_values import ExplorerSession
    from barscope.studies.plan import ExplorationPlan
    from barscope.studies.results import Results
    from barscope.studies.retention import Retention

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Live:
    """A job that has not ended, the plan it carries out, and the session it is for."""

    session_id: str
    plan: ExplorationPlan
    job: Job[Any]


class Explorer:
    """Explores bars in the background, and remembers.

    Args:
        desk: The security master, runs.db and the bars in memory.
        presets: Where sessions are kept.
        runner: Runs the jobs.
        results: Columns of recorded runs.
        retention: Which sessions are kept.
        open_run: Makes what `job.result()` gives, from a run id.
        now: Gives the time, aware UTC.
        new_token: Gives 8 hexadecimal digits, new each time.
    """

    def __init__(
        self,
        desk: Desk,
        presets: PresetStore,
        runner: JobRunner,
        results: Results,
        retention: Retention,
        open_run: Callable[[str], Any],
        *,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        new_token: Callable[[], str] = lambda: secrets.token_hex(4),
    ) -> None:
        self._desk = desk
        self._presets = presets
        self._log = SessionLog(presets, desk.runs)
        self._runner = runner
        self._results = results
        self.retention = retention
        self._open_run = open_run
        self._now = now
        self._new_token = new_token
        self._lock = threading.RLock()
        self._live: dict[str, _Live] = {}

    compute_session_id = staticmethod(compute_session_id)

    # ---- sessions

    def create_or_get_session(
        self,
        publisher_id: int,
        rtype: int,
        symbols: Sequence[str],
        start_date: str | None = None,
        end_date: str | None = None,
        symbol_type: str = "raw_symbol",
        options: Mapping[str, Any] | None = None,
    ) -> ExplorerSession:
        """The session of a choice of bars; made when the choice is new. `options` is that of `BarChoice`."""
        session_id = compute_session_id(publisher_id, rtype, symbols, start_date, end_date, symbol_type, options)
        now = self._now().isoformat()
        session = self._presets.create_or_get_session(
            session_id, publisher_id, rtype, symbols, start_date, end_date, symbol_type, now, options
        )
        self._presets.touch(session_id, now)
        return session

    def get_session(self, session_id: str) -> ExplorerSession:
        """A session by its id.

        Raises:
            StoreError: If there is none.
        """
        return self._presets.get_session(session_id)

    def list_sessions(self) -> tuple[ExplorerSession, ...]:
        """All sessions, the one opened last first."""
        return tuple(self._presets.list_sessions())

    def pin_session(self, session_id: str, pinned: bool = True) -> None:
        """Keep a session, whatever its age, or let it age again."""
        self._presets.set_pinned(session_id, pinned)

    def get_session_run_ids(self, session_id: str) -> tuple[str, ...]:
        """The completed runs of a session, oldest first."""
        return self._log.run_ids(session_id)

    def get_session_indicators(self, session_id: str) -> tuple[IndicatorState, ...]:
        """Every indicator of a session and where it stands, oldest first."""
        live = {run_id: of for run_id, of in self._jobs().items() if of.session_id == session_id}
        recorded = tuple(state for state in self._log.states(session_id) if state.run_id not in live)
        return (*recorded, *(state for of in live.values() for state in _states_of(of)))

    # ---- the cache

    def find_cached_run(self, session_id: str, class_name: str, params: Mapping[str, Any] | None = None) -> str | None:
        """The newest recorded run of a session that holds this very indicator on these very bars, or None.

        Edited code or re-ingested bars do not count as the same.
        """
        plan = self._plan(self._request(session_id, class_name, params))
        return self._cached(session_id, plan)

    def _cached(self, session_id: str, plan: ExplorationPlan) -> str | None:
        return self._log.find(session_id, plan.indicators, lambda: self._fingerprint(plan))

    def _fingerprint(self, plan: ExplorationPlan) -> str:
        loaded = {symbol: source.load(self._desk.bars) for symbol, source in plan.bars.sources.items()}
        return plan_fingerprint(plan, loaded)

    # ---- the queue

    def enqueue_exploration(self, request: ExplorerRequest, *, fresh: bool = False) -> Job[Any]:
        """Queue an exploration, or find it done or under way.

        Args:
            request: What to explore.
            fresh: Compute again even if the same was recorded before.

        Returns:
            A job whose result is the run. For an exploration that was recorded before, a completed job of that
            run; for one that is under way, its job.

        Raises:
            BarscopeError: If the request does not hold; nothing is written then.
        """
        plan = self._plan(request)
        session_id = session_id_of(request)
        cached = None if fresh else self._cached(session_id, plan)
        with self._lock:
            under_way = None if fresh else self._under_way(session_id, plan)
            if under_way is not None:
                return under_way
            self.open_session_of(request)
            if cached is not None:
                return self._runner.completed(cached, self._open_run(cached), "cached")
            return self._enqueue(session_id, plan)

    def enqueue_single_indicator(
        self, session_id: str, class_name: str, params: Mapping[str, Any] | None = None, *, fresh: bool = False
    ) -> Job[Any]:
        """Queue one indicator over the bars of a session; otherwise as `enqueue_exploration`."""
        return self.enqueue_exploration(self._request(session_id, class_name, params), fresh=fresh)

    def get_explorer_progress(self, run_id: str) -> JobSnapshot:
        """Where an exploration stands: live, or as runs.db has it.

        Raises:
            UnknownRunError: If there is neither a job nor a run of this id.
        """
        job = self._runner.get(run_id)
        if job is not None:
            return job.snapshot
        record = self._desk.runs.get(run_id)
        created = dt.datetime.fromtimestamp(record.ts_start / 1e9, dt.UTC)
        snapshot = JobSnapshot(run_id, created, JobStatus(record.status), error=record.metadata.get("error"))
        return replace(snapshot, progress=float(record.status == JobStatus.COMPLETED))

    def cancel_run(self, run_id: str) -> bool:
        """Ask an exploration to stop; tells whether it will end as cancelled.

        Raises:
            UnknownRunError: If no job of this workspace has this id.
        """
        job = self._runner.get(run_id)
        if job is None:
            raise UnknownRunError(f"run {run_id} is not running in this workspace: there is nothing to cancel")
        return job.cancel()

    def recover(self) -> tuple[str, ...]:
        """Mark as interrupted what a killed process left behind; returns the run ids."""
        return tuple(dict.fromkeys((*self._desk.runs.recover(), *self._log.settle())))

    # ---- one exploration

    def _plan(self, request: ExplorerRequest) -> ExplorationPlan:
        return plan_exploration(request, self._desk.secmaster, self._desk.calendars)

    def _request(self, session_id: str, class_name: str, params: Mapping[str, Any] | None) -> ExplorerRequest:
        config = IndicatorConfig(class_name=class_name, params=dict(params or {}))
        return source_of(self.get_session(session_id)).model_copy(update={"indicators": (config,)})

    def open_session_of(self, request: ExplorerRequest) -> ExplorerSession:
        """The session of the bars of a request; made when the choice is new."""
        return self.create_or_get_session(
            request.publisher_id,
            request.rtype,
            request.symbols,
            request.start_date,
            request.end_date,
            request.symbol_type,
            request.options(),
        )

    def _jobs(self) -> dict[str, _Live]:
        with self._lock:
            self._live = {run_id: of for run_id, of in self._live.items() if not of.job.snapshot.status.is_terminal}
            return dict(self._live)

    def _under_way(self, session_id: str, plan: ExplorationPlan) -> Job[Any] | None:
        wanted = tuple(entry_of(indicator) for indicator in plan.indicators)
        for of in self._jobs().values():
            same = of.session_id == session_id and tuple(entry_of(i) for i in of.plan.indicators) == wanted
            if same and not of.job.cancel_requested:
                return of.job
        return None

    def _enqueue(self, session_id: str, plan: ExplorationPlan) -> Job[Any]:
        run_id = f"{self._now():%Y%m%d-%H%M%S}-{self._new_token()}"
        self.retention.hold(session_id)
        work = lambda context: self._work(context, plan.request, run_id, session_id)  # noqa: E731
        job: Job[Any] = self._runner.submit(run_id, work, STAGES, on_end=lambda: self.retention.release(session_id))
        self._live[run_id] = _Live(session_id, plan, job)
        return job

    def _work(self, context: JobContext, request: ExplorerRequest, run_id: str, session_id: str) -> Any:  # noqa: ANN401
        """Explore, and note in the session what came of it."""
        begun = False

        def begin(plan: ExplorationPlan) -> None:
            nonlocal begun
            self._log.began(run_id, session_id, plan.indicators, self._now().isoformat())
            begun = True

        try:
            outcome = explore(context, request, run_id, session_id, self._desk, begin)
        except BaseException as error:
            if begun:
                cancelled = isinstance(error, JobCancelledError)
                status = JobStatus.CANCELLED if cancelled else JobStatus.FAILED
                self._note_end(run_id, status, error=None if cancelled else text_of(error) or type(error).__name__)
            raise
        self._results.remember(run_id, outcome.columns)
        done = JobStatus.COMPLETED
        told = {label: str(error) for label, error in outcome.failures.items()}
        self._note_end(run_id, done, fingerprint=outcome.fingerprint, failures=told)
        self.retention.apply()
        if outcome.failures:
            raise _some_failed(run_id, told) from _cause(list(outcome.failures.values()))
        return self._open_run(run_id)

    def _note_end(self, run_id: str, status: JobStatus, **what: Any) -> None:  # noqa: ANN401 (as SessionLog.ended)
        """Tell the session what became of a run; where that cannot be written, `recover` does, and the run counts."""
        try:
            self._log.ended(run_id, status, **what)
        except StoreError as error:
            _log.warning("the session does not know yet that run %s is %s: %s", run_id, status, error)


def _some_failed(run_id: str, failures: Mapping[str, str]) -> BarscopeError:
    named = "; ".join(f"{label}: {reason}" for label, reason in failures.items())
    return IndicatorError(f"{named}. The other indicators are recorded in run {run_id}")


def _cause(errors: Sequence[IndicatorError]) -> Exception:
    """What several indicators failed with, as the one cause of an exception."""
    return errors[0] if len(errors) == 1 else ExceptionGroup("several indicators failed", errors)


def _states_of(live: _Live) -> tuple[IndicatorState, ...]:
    now = live.job.snapshot
    return tuple(
        IndicatorState(
            run_id=now.job_id,
            class_name=indicator.class_name,
            params=dict(indicator.params),
            series=tuple(output.name for output in indicator.outputs),
            status=now.status,
            stage=now.stage,
            progress=now.progress,
            error=now.error,
            timeframe=entry_of(indicator).timeframe,
        )
        for indicator in live.plan.indicators
    )
