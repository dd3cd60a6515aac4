"""Sweeps as jobs: planned, estimated, computed by a crew, recorded in chunks, and never computed twice."""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barscope.engine.manifest import library_versions
from barscope.engine.revision import git_revision
from barscope.errors import IndicatorError, InvalidParameterError, StrategyError, SweepTooLargeError
from barscope.jobs import Job, JobContext, JobRunner, Stage
from barscope.studies.recording import recording
from barscope.studies.sweep_executors import crew_of
from barscope.studies.sweep_frame import DONE, FAILED, INDICATOR
from barscope.studies.sweep_plan import SweepPlan, code_of, plan_sweep
from barscope.studies.sweep_record import read_sweep
from barscope.studies.sweep_result import SweepResult
from barscope.studies.sweep_resume import EarlierChildren
from barscope.studies.sweep_run import SweepRun
from barscope.studies.sweep_work import SweepDesk, children_of, equity_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.domain.equity import EquityCurve
    from barscope.store.run_writer import RunWriter
    from barscope.store.runs import RunStore
    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.bar_cache import BarCache
    from barscope.studies.calendar_book import CalendarBook
    from barscope.studies.sweep_crew import Crew
    from barscope.studies.sweep_request import SweepRequest

PLANNING, COMPUTING = "planning", "computing"
STAGES = (Stage(PLANNING, 1), Stage(COMPUTING, 40))
ASK_ABOVE = 100_000
"""Children from which a sweep has to be confirmed."""

_TRIED_FOR_ESTIMATE = 3

ChildKey = tuple[str, str, int]
"""Stretch, symbol and number of the combination."""


@dataclass(frozen=True, slots=True)
class SweepEstimate:
    """What a sweep would take.

    Attributes:
        combinations: How many there are, skipped ones among them.
        skipped: How many of them do not fit together.
        children: How many backtests are to be computed.
        seconds: About how long one core takes for all of them.
        way: How they are computed: `vectorised`, `events` or `indicator`.
    """

    combinations: int
    skipped: int
    children: int
    seconds: float
    way: str


class Sweeps:
    """Runs sweeps in the background.

    Args:
        secmaster: Where the bars are.
        runs: Where the results go.
        bars: Bars in memory.
        calendars: The calendars of symbols.
        runner: Runs the jobs.
        open_run: Makes what `job.result()` gives, from a run id.
        now_ns: Tells the time, nanoseconds since the epoch, UTC.
        timer: Tells how long something took, seconds.
        new_token: Gives 8 hexadecimal digits, new each time.
    """

    def __init__(
        self,
        secmaster: SecurityMaster,
        runs: RunStore,
        bars: BarCache,
        calendars: CalendarBook,
        runner: JobRunner,
        open_run: Callable[[str], Any],
        *,
        now_ns: Callable[[], int] = time.time_ns,
        timer: Callable[[], float] = time.perf_counter,
        new_token: Callable[[], str] = lambda: secrets.token_hex(4),
    ) -> None:
        self._secmaster = secmaster
        self._runs = runs
        self._bars = bars
        self._calendars = calendars
        self._runner = runner
        self._open_run = open_run
        self._now_ns = now_ns
        self._timer = timer
        self._new_token = new_token

    def plan(self, request: SweepRequest) -> SweepPlan:
        """Check a request and number its combinations; see `plan_sweep`."""
        return plan_sweep(request, self._secmaster, self._calendars)

    def estimate(self, request: SweepRequest) -> SweepEstimate:
        """How many children a sweep has, and how long they take, by trying a few of them.

        Raises:
            BarscopeError: If the request does not hold.
        """
        return self._estimate(self.plan(request))

    def enqueue(
        self, request: SweepRequest, executor: object = None, *, confirmed: bool = False, workers: int | None = None
    ) -> Job[Any]:
        """Queue a sweep. Children of earlier sweeps over the same bars with the same code are taken over.

        Args:
            request: What to try.
            executor: `threads`, `processes`, `inline`, an executor of `concurrent.futures`, or a Dask client; None
                takes threads, or processes for a strategy that is played event by event for long.
            confirmed: Whether more than `ASK_ABOVE` children are meant.
            workers: Threads or processes; None is one per core.

        Returns:
            A job whose result is the run, and whose preview is the `SweepResult` so far.

        Raises:
            SweepTooLargeError: If there are that many children and it was not confirmed; it tells how long they take.
            BarscopeError: If the request does not hold; nothing is written then.
        """
        plan = self.plan(request)
        if plan.children > ASK_ABOVE and not confirmed:
            raise SweepTooLargeError(plan.children, self._estimate(plan).seconds, ASK_ABOVE)
        crew_of(executor, plan.work, 0, bool, workers).close()  # what it cannot be is refused here
        run_id = f"{dt.datetime.fromtimestamp(self._now_ns() / 1e9, dt.UTC):%Y%m%d-%H%M%S}-{self._new_token()}"
        work = lambda context: self._work(context, plan, run_id, executor, workers)  # noqa: E731
        return self._runner.submit(run_id, work, STAGES)

    def result(self, run_id: str) -> SweepResult:
        """What a recorded sweep came to; of one that was cancelled or interrupted, what it had finished.

        Raises:
            UnknownRunError: If there is no such run.
            InvalidParameterError: If it is no sweep.
        """
        return read_sweep(self._runs, self._runs.get(run_id))

    def curves(self, request: SweepRequest, children: Sequence[ChildKey]) -> list[EquityCurve]:
        """The account of some children at each bar, computed and not recorded.

        Args:
            request: The sweep.
            children: Which.

        Raises:
            InvalidParameterError: If one of them is not in the sweep.
        """
        plan = self.plan(request)
        desks: dict[tuple[str, str], SweepDesk] = {}
        curves = []
        for stretch, symbol, number in children:
            if (stretch, symbol) not in plan.sources or not 0 <= number < len(plan.combinations):
                raise InvalidParameterError(f"no child {stretch}, {symbol}, combination {number} in this sweep")
            if (stretch, symbol) not in desks:
                desks[stretch, symbol] = SweepDesk(plan.work, plan.load(stretch, symbol, self._bars))
            curves.append(equity_of(desks[stretch, symbol], plan.combinations[number]))
        return curves

    def _estimate(self, plan: SweepPlan) -> SweepEstimate:
        (stretch, symbol), *_others = plan.sources
        desk = SweepDesk(plan.work, plan.load(stretch, symbol, self._bars))
        step = max(1, len(plan.numbers) // _TRIED_FOR_ESTIMATE)
        tried = plan.numbers[::step][:_TRIED_FOR_ESTIMATE]
        children_of(desk, tried[:1], plan.combinations.take(tried[:1]))  # what is only done once is not timed
        began = self._timer()
        children_of(desk, tried, plan.combinations.take(tried))
        each_bar = (self._timer() - began) / len(tried) / max(1, len(desk.bars))
        seconds = each_bar * plan.bars_to_play(self._bars)
        return SweepEstimate(len(plan.combinations), len(plan.skipped), plan.children, seconds, plan.work.way)

    # ---- one sweep

    def _work(self, context: JobContext, plan: SweepPlan, run_id: str, executor: object, workers: int | None) -> Any:  # noqa: ANN401  # as open_run
        context.enter(PLANNING)
        writer = self._runs.begin(run_id, _name(plan.request), self._now_ns(), _manifest(plan))
        with recording(writer, self._now_ns):
            crew = crew_of(executor, plan.work, plan.bars_to_play(self._bars), lambda: context.is_cancelled, workers)
            try:
                result = self._computed(context, plan, run_id, crew, writer)
            finally:
                crew.close()
            _check_some_done(result, run_id)
            context.seal()
            writer.complete(self._now_ns(), {"sweep": {**result.counts(), "reused": result.reused}})
        return self._open_run(run_id)

    def _computed(
        self, context: JobContext, plan: SweepPlan, run_id: str, crew: Crew, writer: RunWriter
    ) -> SweepResult:
        earlier = EarlierChildren(self._runs, plan.key, run_id)
        context.enter(COMPUTING)

        def tell(result: SweepResult) -> None:
            writer.state.count(cycles=result.done, completed_cycle=result.done)
            context.publish(result)
            context.report(result.done / max(1, plan.children), _message(result, plan.children))

        begun = empty_result(plan)
        context.publish(begun)
        return SweepRun(plan, crew, self._bars, earlier, writer.append_children, tell, context.check, begun).run()


def empty_result(plan: SweepPlan) -> SweepResult:
    """The result of a sweep that has not begun."""
    request, work = plan.request, plan.work
    return SweepResult(request, work.way, (), plan.axes, len(plan.combinations), len(plan.skipped), plan.reasons)


def _message(result: SweepResult, children: int) -> str:
    counts = result.counts()
    failed = f", {counts[FAILED]:,} failed" if counts[FAILED] else ""
    reused = f", {result.reused:,} known before" if result.reused else ""
    return f"{result.done:,} of {children:,}{failed}{reused}"


def _check_some_done(result: SweepResult, run_id: str) -> None:
    if not result.counts()[DONE]:
        text = f"every child failed; the first one: {result.children['error'][0]}"
        raise IndicatorError(text) if result.way == INDICATOR else StrategyError(text, run_id)


def _name(request: SweepRequest) -> str:
    symbols = ", ".join(request.symbols[:3]) + (" …" if len(request.symbols) > 3 else "")
    return request.name.strip() or f"{request.target} on {symbols}"


def _manifest(plan: SweepPlan) -> dict[str, Any]:
    request = plan.request
    return {
        "mode": "sweep",
        "symbols": list(request.symbols),
        "rtype": request.rtype,
        "publisher_id": request.publisher_id,
        "symbol_type": request.symbol_type,
        "start_date": request.start_date,
        "end_date": request.end_date,
        "request": request.model_dump(mode="json"),
        "way": plan.work.way,
        "axes": {name: list(values) for name, values in plan.axes.items()},
        "combinations": len(plan.combinations),
        "skipped": len(plan.skipped),
        "reasons": {str(number): why for number, why in plan.reasons.items()},
        "sweep_key": plan.key,
        "strategies": [{"class_name": request.target, "source": code_of(plan.work)}],
        "versions": library_versions(),
        "git_revision": git_revision(Path(__file__).parent),
    }
