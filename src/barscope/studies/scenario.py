"""Collateral-hedge scenarios as staged jobs: one at a time, the latest counts, each recorded as a run."""

from __future__ import annotations

import datetime as dt
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barscope.domain.data_quality import examine
from barscope.domain.hedge_path import DailyPrices, HedgePath, hedge_path
from barscope.domain.hedges import find_template
from barscope.domain.periods import BarPeriod
from barscope.domain.time import date_of
from barscope.engine.manifest import library_versions
from barscope.engine.revision import git_revision
from barscope.errors import InvalidParameterError, JobError, MissingBarsError, cut
from barscope.jobs import Job, JobContext, JobRunner, JobStatus, Stage
from barscope.studies.bar_cache import LoadedBars
from barscope.studies.recording import recording
from barscope.studies.results import SymbolColumns
from barscope.studies.scenario_result import (
    TERMS,
    VOLATILITY,
    ScenarioResult,
    days_of,
    outputs_of,
    path_series,
    summarise,
)
from barscope.studies.volatility import daily_volatility

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barscope.domain.hedges import HedgeTemplate
    from barscope.store.runs import RunStore
    from barscope.studies.price_source import PriceHistory, PriceSource
    from barscope.studies.scenario_request import ScenarioRequest

VALIDATING, FETCHING, CALCULATING = (
    "Validating inputs...",
    "Fetching historical prices...",
    "Running backtest calculations...",
)
STAGES = (Stage(VALIDATING, 1), Stage(FETCHING, 4), Stage(CALCULATING, 5))
COMPLETE, FAILED = "Complete", "Failed"
_LABELS = {JobStatus.COMPLETED: ("complete", COMPLETE), JobStatus.FAILED: ("failed", FAILED)}
_NAMES = {VALIDATING: "validating", FETCHING: "fetching", CALCULATING: "calculating"}
LEAST_DAYS = 2


def _unheard(_share: float, _message: str) -> None:
    """Progress that nobody follows."""


@dataclass(frozen=True, slots=True)
class ScenarioDesk:
    """What scenarios work with.

    Attributes:
        runs: Where results go.
        sources: Price sources by the name a request calls them.
        templates: Gives the templates there are, the user's own included.
        clock_ns: Nanoseconds since the epoch, UTC.
    """

    runs: RunStore
    sources: Mapping[str, PriceSource]
    templates: Callable[[], tuple[HedgeTemplate, ...]]
    clock_ns: Callable[[], int] = time.time_ns


class Scenarios:
    """Runs scenarios in the background; a new one takes the place of the one under way.

    Args:
        desk: Stores, sources and the clock.
        runner: Runs the jobs.
        open_run: Makes what `job.result()` gives, from a run id.
        keep: How long a finished job can be asked about by its id; its run stays.
        new_token: Gives 8 hexadecimal digits, new each time.
    """

    def __init__(
        self,
        desk: ScenarioDesk,
        runner: JobRunner,
        open_run: Callable[[str], Any],
        *,
        keep: dt.timedelta = dt.timedelta(hours=1),
        new_token: Callable[[], str] = lambda: secrets.token_hex(4),
    ) -> None:
        self._desk = desk
        self._runner = runner
        self._open_run = open_run
        self._keep = keep
        self._new_token = new_token
        self._lock = threading.Lock()
        self._mine: set[str] = set()
        self.current: Job[Any] | None = None

    def enqueue(self, request: ScenarioRequest) -> Job[Any]:
        """Queue a scenario; one that is under way is cancelled and writes nothing more.

        Returns:
            A job whose result is the run.

        Raises:
            BarscopeError: If the request does not hold; nothing is written or cancelled then.
        """
        self._check(request)
        with self._lock:
            if self.current is not None:
                self.current.cancel()
            job_id = f"{self._now():%Y%m%d-%H%M%S}-{self._new_token()}"
            job: Job[Any] = self._runner.submit(job_id, lambda context: self._work(context, request, job_id), STAGES)
            self._mine.add(job_id)
            self.current = job
        return job

    def job(self, job_id: str) -> Job[Any]:
        """A scenario's job by its id.

        Raises:
            JobError: If no scenario of this workspace has it, or it ended longer ago than jobs are kept.
        """
        found = self._runner.get(job_id) if job_id in self._mine else None
        if found is None:
            raise JobError(
                f"no scenario of this workspace has the id {cut(job_id)}: use that of a job that `enqueue` returned"
            )
        ended = found.snapshot.finished_at
        if ended is not None and self._now() - ended > self._keep:
            raise JobError(f"job {job_id} has expired: what it recorded is the run of the same id")
        return found

    def to_dict(self, job_id: str) -> dict[str, Any]:
        """Where a scenario stands, as JSON values.

        Raises:
            JobError: As `job`.
        """
        return job_dict(self.job(job_id))

    # ---- without a record

    def prices(self, request: ScenarioRequest, tell: Callable[[float, str], None] = _unheard) -> PriceHistory:
        """The daily prices a scenario would run over.

        Raises:
            BarscopeError: If its source has none, or is not set up.
        """
        source = self._source(request)
        source.check(request)
        return source.fetch(request, tell)

    def follow(self, request: ScenarioRequest, tell: Callable[[float, str], None] = _unheard) -> ScenarioResult:
        """Run a scenario at once and record nothing.

        Raises:
            BarscopeError: If the request does not hold.
        """
        templates = self._check(request)
        return calculate(tell, request, templates, self._source(request).fetch(request, tell), "")

    def _now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._desk.clock_ns() / 1e9, dt.UTC)

    # ---- one scenario

    def _check(self, request: ScenarioRequest) -> tuple[HedgeTemplate, ...]:
        request.check()
        source = self._source(request)
        known_templates = self._desk.templates()
        chosen = tuple(find_template(slug, known_templates) for slug in request.template_slugs)
        source.check(request)
        return chosen

    def _source(self, request: ScenarioRequest) -> PriceSource:
        if request.data_source not in self._desk.sources:
            known = ", ".join(self._desk.sources)
            raise InvalidParameterError(f"data_source {request.data_source!r} is not set up here: use one of {known}")
        return self._desk.sources[request.data_source]

    def _work(self, context: JobContext, request: ScenarioRequest, run_id: str) -> Any:  # noqa: ANN401  # as open_run
        context.enter(VALIDATING)
        templates = self._check(request)
        writer = self._desk.runs.begin(run_id, _name(request), self._desk.clock_ns(), _manifest(request, templates))
        with recording(writer, self._desk.clock_ns):
            context.enter(FETCHING)
            history = self._source(request).fetch(request, context.report)
            context.enter(CALCULATING)
            result = calculate(context.report, request, templates, history, run_id)
            symbol, columns = request.symbol, result.columns
            period, days = BarPeriod.DAY, len(columns.bars)
            writer.state.feed(int(columns.bars.ts[-1]) + period.length_ns)
            writer.state.count(cycles=days, completed_cycle=days, position_revaluations=days * len(templates))
            writer.append_processed(symbol, period.name, columns.bars, columns.series, period.length_ns)
            context.seal()
            manifest = _manifest(request, templates) | {
                "publisher_id": history.publisher_id,
                "data_fingerprint": LoadedBars(columns.bars).fingerprint,
            }
            writer.complete(self._desk.clock_ns(), {"scenario": dict(result.summary)}, manifest)
        return self._open_run(run_id)


def calculate(
    tell: Callable[[float, str], None],
    request: ScenarioRequest,
    templates: tuple[HedgeTemplate, ...],
    history: PriceHistory,
    scenario_id: str,
) -> ScenarioResult:
    """The path of each template over the prices, and what it comes to.

    Args:
        tell: Called with the share that is done and a message; what it raises ends the work.
        request: The loan and what protection costs.
        templates: Those to follow.
        history: The prices.
        scenario_id: The id of the result.

    Raises:
        InvalidParameterError: If the loan is not covered at entry, or a day has no volatility.
        MissingBarsError: If the stretch has fewer than two days.
    """
    bars, loan = history.bars.rows(history.before, len(history.bars)), request.loan
    prices = daily_prices(request, history)
    paths: dict[str, tuple[HedgeTemplate, HedgePath]] = {}
    for place, template in enumerate(templates):

        def tell_day(day: int, place: int = place, name: str = template.name) -> None:
            tell((place + day / len(bars)) / len(templates), f"{name}: day {day:,} of {len(bars):,}")

        tell_day(0)
        paths[template.slug] = (template, hedge_path(prices, template, loan, request.terms, tell_day))
    details = {
        "scenario_id": scenario_id,
        "scenario_name": _name(request),
        "symbol": request.symbol,
        "data_source": request.data_source,
        "data_cost_usd": history.cost_usd,
        **{name: getattr(request, name) for name in TERMS},
        "notes": [*history.notes, *split_notes(history)],
    }
    series = path_series({slug: path for slug, (_template, path) in paths.items()})
    series[VOLATILITY] = prices.volatility
    return ScenarioResult(summarise(paths, loan, bars, details), SymbolColumns(bars, series))


def daily_prices(request: ScenarioRequest, history: PriceHistory) -> DailyPrices:
    """The days of a scenario with the volatility its options are priced at.

    Raises:
        InvalidParameterError: If the loan is not covered at entry, or a day has no volatility.
        MissingBarsError: If the stretch has fewer than two days.
    """
    bars = history.bars.rows(history.before, len(history.bars))
    if len(bars) < LEAST_DAYS:
        raise MissingBarsError(f"the stretch holds {len(bars)} daily bars: a scenario needs at least {LEAST_DAYS}")
    request.loan.check_start(float(bars.close[0]))
    return DailyPrices(days_of(bars), bars.close, bars.low, daily_volatility(request.volatility, history))


def split_notes(history: PriceHistory) -> tuple[str, ...]:
    """A sentence for each jump within the stretch that looks like a stock split: puts and units are not adjusted."""
    findings, _expected = examine(history.bars, BarPeriod.DAY, calendar=None)
    first_ns = int(history.bars.ts[history.before])
    return tuple(
        f"The prices of {date_of(finding.start_ns)} look like a split that was not adjusted for ({finding.detail}): "
        "units and strikes stay as they were, so what follows is not what would have happened."
        for finding in findings
        if finding.kind == "probable split" and finding.start_ns > first_ns
    )


def job_dict(job: Job[Any]) -> dict[str, Any]:
    """Where a scenario's job stands, as JSON values."""
    now = job.snapshot
    stage, label = _LABELS.get(now.status, (_NAMES.get(now.stage, "pending"), now.stage))
    return {
        "job_id": now.job_id,
        "status": "pending" if now.status is JobStatus.QUEUED else str(now.status),
        "stage": stage,
        "stage_label": label,
        "progress": now.progress,
        "message": now.message,
        "has_result": now.status is JobStatus.COMPLETED,
        "error": now.error,
        "created_at": now.created_at.isoformat(),
        "completed_at": None if now.finished_at is None else now.finished_at.isoformat(),
    }


def _name(request: ScenarioRequest) -> str:
    return request.scenario_name.strip() or f"{request.symbol} hedged from {request.start_date}"


def _manifest(request: ScenarioRequest, templates: tuple[HedgeTemplate, ...]) -> dict[str, Any]:
    slugs = tuple(template.slug for template in templates)
    return {
        "mode": "scenario",
        "symbols": [request.symbol],
        "rtype": BarPeriod.DAY.rtype,
        "publisher_id": request.publisher_id,
        "symbol_type": request.symbol_type,
        "start_date": request.start_date,
        "end_date": request.end_date,
        "request": request.model_dump(mode="json"),
        "templates": [template.to_dict() for template in templates],
        "outputs": outputs_of(slugs, request.margin_call_ltv),
        "versions": library_versions() | {"QuantLib": _quantlib_version()},
        "git_revision": git_revision(Path(__file__).parent),
    }


def _quantlib_version() -> str:
    from importlib.metadata import version

    return version("QuantLib")
