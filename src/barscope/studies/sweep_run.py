"""One sweep under way: tasks go to the crew, chunks come back and are recorded, whoever of the crew dies on the way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from barscope.errors import ExecutorLostError
from barscope.store.sweep_chunks import SweepChunk
from barscope.studies.bar_cache import LoadedBars
from barscope.studies.sweep_crew import SweepTask
from barscope.studies.sweep_frame import BLOCK_COLUMNS, EVENTS, FAILED, from_bytes, placed, to_bytes
from barscope.studies.sweep_work import frame_of

if TYPE_CHECKING:
    from barscope.studies.bar_cache import BarCache
    from barscope.studies.sweep_crew import Crew, Handle
    from barscope.studies.sweep_plan import SweepPlan
    from barscope.studies.sweep_result import SweepResult
    from barscope.studies.sweep_resume import EarlierChildren
    from barscope.studies.sweep_work import SymbolBars

_AT_ONCE = 25_000_000
"""Bars a task goes over where they are computed at once: about half a second."""

_PLAYED = 250_000
"""Bars a task goes over where they are played event by event: about two seconds."""

_MOST = 500
_TRIES = 2
"""How often a combination may take a worker down with it until it is given up."""

_HOPELESS = 20
"""After so many deaths with nothing computed in between the workers are given up."""

_JUDGED_SO_FAR = 50_000
"""Children of a sweep that can be judged while it computes: their blocks of returns are 20 MB."""

_TURN_S = 0.2
_LAST_S = 5.0
"""How long a sweep that is cancelled waits for the children that are being computed."""


@dataclass(eq=False, slots=True)
class _Share:
    """The bars of one symbol over one stretch, while there are tasks on them."""

    handle: Handle
    left: int


@dataclass(eq=False, slots=True)
class _Attempt:
    """A task, whether it has the crew for itself, and how often its worker died then."""

    task: SweepTask
    share: _Share
    is_alone: bool = False
    deaths: int = 0


@dataclass(eq=False)
class SweepRun:
    """The work of one sweep.

    Attributes:
        plan: What to do.
        crew: Who does it.
        cache: Bars in memory.
        earlier: Children of earlier sweeps.
        record: Keeps a chunk for good.
        tell: Told the result so far after each chunk; what it raises ends the sweep.
        check: Raises when the sweep is cancelled.
        result: What is there so far.
    """

    plan: SweepPlan
    crew: Crew
    cache: BarCache
    earlier: EarlierChildren
    record: Callable[[SweepChunk], None]
    tell: Callable[[SweepResult], None]
    check: Callable[[], None]
    result: SweepResult
    _pending: dict[Future[bytes], _Attempt] = field(default_factory=dict, init=False)
    _suspects: deque[_Attempt] = field(default_factory=deque, init=False)
    _deaths: int = field(default=0, init=False)

    def run(self) -> SweepResult:
        """Compute what is not there yet.

        Raises:
            ExecutorLostError: If the workers are gone; what was recorded stays.
        """
        fresh = self._attempts()
        try:
            while self._begin(fresh) or self._pending:
                self._collect(wait(self._pending, _TURN_S, FIRST_COMPLETED).done)
                self.check()
        except ExecutorLostError as error:
            self._give_up()
            kept = f"{self.result.done:,} children are kept: start the same sweep again to compute the others"
            raise ExecutorLostError(f"{error}; {kept}") from error
        finally:
            self._give_up()
        return self.result

    # ---- tasks on their way out

    def _begin(self, fresh: Iterator[_Attempt]) -> bool:
        """Keep the crew busy: two tasks each, but one alone that was under way when a worker died."""
        begun = False
        while self._has_room():
            attempt = self._suspects.popleft() if self._suspects else next(fresh, None)
            if attempt is None:
                break
            begun = True
            self._submit(attempt)
        return begun

    def _has_room(self) -> bool:
        if self._suspects or any(attempt.is_alone for attempt in self._pending.values()):
            return not self._pending
        return len(self._pending) < 2 * self.crew.workers

    def _submit(self, attempt: _Attempt) -> None:
        try:
            future = self.crew.submit(attempt.share.handle, attempt.task)
        except (RuntimeError, OSError, ValueError) as error:  # the workers died since the last look at them
            self._judge(attempt, error)
        else:
            self._pending[future] = attempt

    def _attempts(self) -> Iterator[_Attempt]:
        for stretch, symbol in self.plan.sources:
            self.check()
            given = self.plan.load(stretch, symbol, self.cache)
            fingerprint = _fingerprint(given)
            missing = self._take_over(stretch, symbol, fingerprint)
            if not missing:
                continue
            size = _task_size(self.plan.work.way, sum(map(len, given.bars.values())))
            parts = [missing[start : start + size] for start in range(0, len(missing), size)]
            share = _Share(self.crew.hand_out(given, len(parts)), left=len(parts))
            for numbers in parts:
                values = self.plan.combinations.take(numbers)
                yield _Attempt(SweepTask(stretch, symbol, fingerprint, numbers, values), share)

    def _take_over(self, stretch: str, symbol: str, fingerprint: str) -> list[int]:
        """Keep the children that were computed before; the numbers of the others."""
        found, numbers = self.earlier.of(symbol, fingerprint, self.plan)
        if len(found):
            self._keep(stretch, symbol, fingerprint, found, reused=len(found))
        known = set(found["combination"].to_list()) if len(found) else set()
        return [number for number in numbers if number not in known]

    # ---- chunks on their way in

    def _collect(self, done: set[Future[bytes]]) -> None:
        in_order = [future for future in self._pending if future in done]
        for future in sorted(in_order, key=_has_failed):  # what is there is kept before others are tried again
            attempt = self._pending.pop(future, None)
            if attempt is None:
                continue  # it went with others whose workers died
            error = future.exception() if not future.cancelled() else CancelledError("the task was cancelled")
            if error is None:
                self._deaths = 0
                self._finish(attempt, from_bytes(future.result()))
            else:
                self._judge(attempt, error)

    def _finish(self, attempt: _Attempt, found: pl.DataFrame) -> None:
        task = attempt.task
        self._keep(task.stretch, task.symbol, task.fingerprint, found)
        attempt.share.left -= 1
        if not attempt.share.left:
            self.crew.take_back(attempt.share.handle)

    def _keep(self, stretch: str, symbol: str, fingerprint: str, found: pl.DataFrame, reused: int = 0) -> None:
        self._record(stretch, symbol, fingerprint, found, reused)
        self.tell(self.result)

    def _record(self, stretch: str, symbol: str, fingerprint: str, found: pl.DataFrame, reused: int = 0) -> None:
        if not len(found):
            return
        self.record(SweepChunk(stretch, symbol, fingerprint, len(found), to_bytes(found)))
        too_many = self.plan.children > _JUDGED_SO_FAR  # for their blocks to stay in memory; the record has them
        shown = found.drop(BLOCK_COLUMNS, strict=False) if too_many else found
        frames = _merged([*self.result.frames, placed(shown, stretch, symbol)])
        self.result = replace(self.result, frames=frames, reused=self.result.reused + reused)

    def _judge(self, attempt: _Attempt, error: BaseException) -> None:
        match self.crew.verdict(error):
            case "again":
                for suspect in self._renewed(attempt, error):
                    self._suspect(suspect)
            case "resend":
                self._suspects.extendleft(reversed(self._renewed(attempt, error)))
            case "dropped":
                self._count_death(error)
                self._suspect(attempt, for_good=True)
            case "lost":
                raise _lost(error) from error
            case _:
                raise error

    def _renewed(self, attempt: _Attempt, error: BaseException) -> list[_Attempt]:
        """New workers; everything that was under way goes again one by one, so that whatever kills them is found."""
        self._count_death(error)
        others = dict(self._pending)
        self._pending.clear()
        for future in others:
            future.cancel()
        self.crew.renew()
        return [attempt, *others.values()]

    def _count_death(self, error: BaseException) -> None:
        self._deaths += 1
        if self._deaths > _HOPELESS:
            raise _lost(error) from error

    def _suspect(self, attempt: _Attempt, *, for_good: bool = False) -> None:
        """A task whose worker died: it goes alone next, then in single combinations, of which one is to blame.

        Args:
            attempt: The task.
            for_good: Whether it is known already that trying again does not help.
        """
        task = attempt.task
        is_one = len(task.numbers) == 1
        if not attempt.is_alone and (is_one or not for_good):
            self._suspects.append(replace(attempt, is_alone=True))
        elif not is_one:
            attempt.share.left += len(task.numbers) - 1
            self._suspects.extend(_Attempt(single, attempt.share, is_alone=True) for single in _singles(task))
        elif attempt.deaths + 1 < _TRIES and not for_good:
            self._suspects.append(replace(attempt, deaths=attempt.deaths + 1))
        else:
            self._finish(attempt, self._failed(attempt, "the process that computed it died, again and again"))

    def _failed(self, attempt: _Attempt, why: str) -> pl.DataFrame:
        rows = [{"combination": number, "state": FAILED, "error": why} for number in attempt.task.numbers]
        return frame_of(rows, attempt.task.combinations, self.plan.work.way)

    def _give_up(self) -> None:
        """Cancel what has not begun, and keep what is whole already."""
        self.crew.stop()
        under_way = [future for future in self._pending if not future.cancel()]
        for future in wait(under_way, _LAST_S).done:
            if not future.cancelled() and future.exception() is None:
                task = self._pending[future].task
                self._record(task.stretch, task.symbol, task.fingerprint, from_bytes(future.result()))
        self._pending.clear()


def _has_failed(future: Future[bytes]) -> bool:
    return future.cancelled() or future.exception() is not None


def _lost(error: BaseException) -> ExecutorLostError:
    return ExecutorLostError(f"the workers of the sweep are gone ({type(error).__name__}: {error})")


def _singles(task: SweepTask) -> Iterator[SweepTask]:
    """A task of its own for each combination."""
    for place, number in enumerate(task.numbers):
        yield replace(task, numbers=[number], combinations=task.combinations.take([place]))


def _merged(frames: list[pl.DataFrame]) -> tuple[pl.DataFrame, ...]:
    """The same rows in few pieces, each longer than the next: a result is looked at after every chunk."""
    while len(frames) > 1 and len(frames[-2]) <= len(frames[-1]):
        frames[-2:] = [pl.concat(frames[-2:], how="vertical_relaxed", rechunk=True)]
    return tuple(frames)


def _task_size(way: str, bars: int) -> int:
    return max(1, min(_MOST, (_PLAYED if way == EVENTS else _AT_ONCE) // max(1, bars)))


def _fingerprint(given: SymbolBars) -> str:
    return " ".join(LoadedBars(bars).fingerprint for bars in given.bars.values())
