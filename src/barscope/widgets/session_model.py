"""The session a panel works in: its indicators, what became of each, and which are shown. No widgets here."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from barscope.errors import BarscopeError, InvalidParameterError, cut
from barscope.indicators.registry import build_indicator, indicator_class, is_own
from barscope.jobs import JobStatus
from barscope.studies.plan import planned_indicator
from barscope.studies.request import ExplorerRequest, IndicatorConfig
from barscope.studies.session import session_id_of
from barscope.workspace.layouts import ShownIndicator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from barscope.indicators.core import Indicator
    from barscope.jobs import Job, JobRunner
    from barscope.studies.explorer import Explorer
    from barscope.studies.results import RunColumns
    from barscope.studies.session import IndicatorState

Key = tuple[str, str]
"""What makes two indicators the same: class, and canonical parameters with the timeframe."""

CACHED = "cached"
OUTDATED = "outdated"
ELSEWHERE = "elsewhere"
"""States beside those of a job: recorded before, on bars that have changed since, and running in another process."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One indicator of the session.

    Attributes:
        key: What makes it the same as another.
        run_id: Its newest run.
        class_name: The indicator.
        params: Its parameters, defaults filled in.
        series: The names of its series.
        status: A job status, `cached`, `outdated` or `elsewhere`.
        stage: What is being done now.
        progress: 0 to 1.
        message: Detail of the stage.
        error: Why it failed or cannot be shown.
        traceback: Where it failed, for a developer.
        visible: Whether the chart draws it.
        timeframe: The longer bars it is computed on, or None.
    """

    key: Key
    run_id: str
    class_name: str
    params: dict[str, Any] = field(hash=False)
    series: tuple[str, ...]
    status: str
    stage: str = ""
    progress: float = 0.0
    message: str = ""
    error: str | None = None
    traceback: str | None = field(default=None, repr=False)
    visible: bool = True
    timeframe: str | None = None

    @property
    def name(self) -> str:
        """What a person calls it: its series, or what several series have in common."""
        if len(self.series) == 1:
            return self.series[0]
        heads = {name.rpartition(".")[0] for name in self.series}
        common = heads.pop() if len(heads) == 1 and "" not in heads else self.class_name
        return common if self.timeframe is None else f"{common} @{self.timeframe}"

    @property
    def reason(self) -> str:
        """Why it failed, without the name of the indicator that stands beside it."""
        error = self.error or "no reason given"
        return error.partition(" failed: ")[2] or error

    @property
    def is_live(self) -> bool:
        """Whether a job works on it."""
        return self.status in (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.CANCELLING)

    @property
    def is_recorded(self) -> bool:
        """Whether its run is complete."""
        return self.status in (JobStatus.COMPLETED, CACHED)


class SessionModel:
    """The indicators of the open session, one entry per class and parameters; the newest run of each counts.

    Attributes:
        source: The choice of bars; None while none is open.
        session_id: The id of the open session.
        entries: The indicators by key, in the order they are listed.
        before: The indicators of the session that was open before this one, to be carried over.
    """

    def __init__(self, explorer: Explorer, jobs: JobRunner) -> None:
        self._explorer = explorer
        self._runner = jobs
        self._seen: set[str] = set()
        self.source: ExplorerRequest | None = None
        self.session_id: str | None = None
        self.entries: dict[Key, Entry] = {}
        self.before: tuple[IndicatorConfig, ...] = ()

    @property
    def configs(self) -> tuple[IndicatorConfig, ...]:
        """The listed indicators, as a request names them."""
        return tuple(
            IndicatorConfig(class_name=e.class_name, params=e.params, timeframe=e.timeframe)
            for e in self.entries.values()
        )

    @property
    def shown(self) -> tuple[ShownIndicator, ...]:
        """The listed indicators with whether the chart draws them."""
        listed = zip(self.configs, self.entries.values(), strict=True)
        return tuple(ShownIndicator(config, entry.visible) for config, entry in listed)

    @property
    def jobs(self) -> tuple[Job[Any], ...]:
        """The jobs of the listed indicators, live or finished lately."""
        found = (self._runner.get(run_id) for run_id in dict.fromkeys(e.run_id for e in self.entries.values()))
        return tuple(job for job in found if job is not None)

    # ---- opening

    def open(self, source: ExplorerRequest | None) -> None:
        """Work in the session of a choice of bars; retention keeps it until another is opened."""
        before = self.configs or self.before
        self.release()
        self.before, self.source = before, source
        if source is not None:
            self.session_id = session_id_of(source)
            self._explorer.retention.hold(self.session_id)
            self.read()

    def release(self) -> None:
        """Let go of the session; its jobs go on."""
        if self.session_id is not None:
            self._explorer.retention.release(self.session_id)
        self.source = self.session_id = None
        self.entries, self._seen = {}, set()

    def read(self) -> None:
        """Take over runs of the session that are new here, so also those started from code."""
        if self.session_id is None:
            return
        settled = set()
        for state in self._explorer.get_session_indicators(self.session_id):
            if state.run_id in self._seen:
                continue
            entry = _entry_of(state, is_here=self._runner.get(state.run_id) is not None)
            known = self.entries.get(entry.key)
            if state.status != JobStatus.CANCELLED or (known is not None and known.run_id == entry.run_id):
                self._put(entry)
            if entry.status != ELSEWHERE:
                settled.add(entry.run_id)
        self._seen |= settled

    # ---- what a person does

    def add(
        self, class_name: str, params: Mapping[str, Any], timeframe: str | None = None, *, fresh: bool = False
    ) -> Job[Any]:
        """Queue an indicator; one that was computed on these bars before comes from its record.

        Raises:
            BarscopeError: If it does not hold; nothing changes then.
        """
        if self.source is None:
            raise InvalidParameterError("No symbols selected")
        config = IndicatorConfig(class_name=class_name, params=dict(params), timeframe=timeframe)
        indicator = planned_indicator(config)
        request = self.source.model_copy(update={"indicators": (config,)})
        job = self._explorer.enqueue_exploration(request, fresh=fresh)
        self._seen.add(job.run_id)
        key = _key(indicator.class_name, indicator.canonical_params(), config.timeframe)
        series = tuple(output.name for output in indicator.outputs)
        named = (indicator.class_name, indicator.params, series)
        self._put(Entry(key, job.run_id, *named, JobStatus.QUEUED, timeframe=config.timeframe))
        self.follow()
        return job

    def retry(self, key: Key) -> Job[Any]:
        """Compute an indicator anew."""
        entry = self.entries[key]
        return self.add(entry.class_name, entry.params, entry.timeframe, fresh=True)

    def cancel(self, key: Key) -> None:
        """Ask the job of an indicator to stop."""
        if self.entries[key].is_live:
            self._explorer.cancel_run(self.entries[key].run_id)
            self.follow()

    def cancel_all(self) -> None:
        """Ask every job of the session to stop."""
        for key in tuple(self.entries):
            self.cancel(key)

    def show(self, key: Key, visible: bool) -> None:
        """Draw an indicator, or no longer."""
        self.entries[key] = replace(self.entries[key], visible=visible)

    def remove(self, key: Key) -> None:
        """Take an indicator off the list; what was recorded stays recorded, and is there when it is added again."""
        self.cancel(key)
        del self.entries[key]

    def take(self, indicators: Iterable[ShownIndicator]) -> tuple[str, ...]:
        """List these indicators and no others, in their order; returns why some of them are left out.

        The jobs of those that are not listed any more go on.
        """
        problems: list[str] = []
        wanted: dict[Key, bool] = {}
        for shown in indicators:
            try:
                wanted[self._listed(shown.config)] = shown.visible
            except BarscopeError as error:
                problems.append(f"{cut(shown.config.class_name)} is left out: {error}")
        self.entries = {key: replace(self.entries[key], visible=visible) for key, visible in wanted.items()}
        return tuple(problems)

    def _listed(self, config: IndicatorConfig) -> Key:
        """An indicator on the list, computed where it is not yet."""
        indicator = planned_indicator(config)
        key = _key(indicator.class_name, indicator.canonical_params(), config.timeframe)
        entry = self.entries.get(key)
        if entry is None or not (entry.is_live or entry.is_recorded or entry.status == ELSEWHERE):
            self.add(config.class_name, config.params, config.timeframe)
        return key

    # ---- what the work does

    def follow(self) -> bool:
        """Take over how far each job is; tells whether any is live."""
        for key, entry in self.entries.items():
            if entry.is_live:
                self.entries[key] = self._followed(entry)
        return any(entry.is_live for entry in self.entries.values())

    def previews(self) -> dict[str, RunColumns]:
        """Run id → columns by symbol, of runs that are computed but not yet recorded."""
        live = {entry.run_id for entry in self.entries.values() if entry.is_live}
        found = {job.run_id: job.preview for job in self.jobs if job.run_id in live}
        return {run_id: columns for run_id, columns in found.items() if isinstance(columns, dict)}

    def own_indicators(self) -> dict[Key, Indicator]:
        """Those of the listed indicators that are the user's code, by key, once they are recorded.

        Before that they are being examined by the exploration itself; a class that is gone is left out.
        """
        found = {}
        for key, entry in self.entries.items():
            with suppress(BarscopeError):
                if entry.is_recorded and is_own(indicator_class(entry.class_name)):
                    found[key] = build_indicator(entry.class_name, entry.params)
        return found

    def mark(self, problems: Mapping[str, str]) -> None:
        """Note why the recorded series of some runs cannot be shown."""
        for key, entry in self.entries.items():
            if entry.run_id in problems and entry.is_recorded:
                self.entries[key] = replace(entry, status=OUTDATED, error=problems[entry.run_id])

    def _put(self, entry: Entry) -> None:
        known = self.entries.get(entry.key)
        self.entries[entry.key] = replace(entry, visible=known is None or known.visible)

    def _followed(self, entry: Entry) -> Entry:
        now = self._explorer.get_explorer_progress(entry.run_id)
        status = CACHED if now.stage == CACHED else now.status.value
        error = now.error
        if now.status is JobStatus.FAILED and self.session_id is not None:
            status, error = self._own_fate(entry, status, error)
        return replace(
            entry,
            status=status,
            stage=now.stage,
            progress=now.progress,
            message=now.message,
            error=error,
            traceback=now.traceback,
        )

    def _own_fate(self, entry: Entry, status: str, error: str | None) -> tuple[str, str | None]:
        """What became of one indicator of a run that failed: others of it may have, and this one not."""
        for state in self._explorer.get_session_indicators(self.session_id or ""):
            if state.run_id == entry.run_id and _key_of(state) == entry.key:
                return state.status, state.error
        return status, error


def _entry_of(state: IndicatorState, *, is_here: bool) -> Entry:
    is_done = JobStatus(state.status).is_terminal
    status = state.status if is_done or is_here else ELSEWHERE
    return Entry(
        _key_of(state),
        state.run_id,
        state.class_name,
        dict(state.params),
        state.series,
        status,
        stage=state.stage,
        progress=state.progress,
        error=state.error,
        timeframe=state.timeframe,
    )


def _key_of(state: IndicatorState) -> Key:
    return _key(state.class_name, json.dumps(state.params, sort_keys=True), state.timeframe)


def _key(class_name: str, canonical_params: str, timeframe: str | None) -> Key:
    return class_name, canonical_params if timeframe is None else f"{canonical_params} @{timeframe}"
