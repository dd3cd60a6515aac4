"""How far the picks of a sweep can be trusted, as the screen shows it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from barscope.errors import InvalidParameterError
from barscope.jobs import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from barscope.domain.judgement import Intervals, Overfitting
    from barscope.jobs import Job
    from barscope.studies.sweep_judgement import DeflatedSharpe
    from barscope.studies.sweep_result import SweepResult
    from barscope.workspace.sweep_view import SweepLook
    from barscope.workspace.workspace import Workspace

T = TypeVar("T")
_MANY = 2000
"""Children of a stretch from which fewer divisions of time are looked at, or a person would wait for minutes."""
_PICKS = ("best", "plateau")
_JUDGING = (Stage("judging"),)
_numbers = itertools.count(1)


@dataclass(frozen=True, eq=False, slots=True)
class SweepVerdict:
    """What judgement says of a sweep over one stretch; None where it cannot be said.

    Attributes:
        deflated: The Sharpe ratio of the best, given how many were tried.
        overfitting: The probability that the best is the best by luck.
        plateau: Combinations beside their neighbours, the best neighbourhood first.
        proof: By pick (`best` or `plateau`): what was chosen in this stretch, and what became of it in the others; of a
            sweep over one stretch, by folds of it.
        is_folded: Whether `proof` is by folds.
        intervals: How far the metrics of the best could have come out otherwise.
        interval_symbol: On which symbol; of several the first.
        problems: Why something cannot be said.
    """

    deflated: DeflatedSharpe | None
    overfitting: Overfitting | None
    plateau: pl.DataFrame | None
    proof: dict[str, pl.DataFrame]
    is_folded: bool
    intervals: Intervals | None
    interval_symbol: str
    problems: tuple[str, ...]


def enqueue_verdict(ws: Workspace, result: SweepResult, look: SweepLook) -> Job[SweepVerdict]:
    """Judge a sweep without keeping charts waiting."""
    return ws.proofs.submit(f"sweep-verdict-{next(_numbers)}", lambda _context: verdict(ws, result, look), _JUDGING)


def verdict(ws: Workspace, result: SweepResult, look: SweepLook) -> SweepVerdict:
    """Judge a sweep: its Sharpe ratios, and the neighbourhood of the metric that is looked at."""
    from barscope.studies import sweep_judgement as judgement

    children, symbol, stretch = result.children, look.symbol, look.stretch
    is_strategy = "sharpe" in result.metrics
    groups = 8 if result.combinations > _MANY else 16
    others = tuple(name for name in result.stretches if name != stretch)
    said = _Said()
    proof: dict[str, pl.DataFrame] = {}
    for pick in _PICKS:
        found = None
        if others:
            found = said.of(judgement.train_against_test, children, stretch, others, look.metric, pick, symbol)
        elif is_strategy:
            found = said.of(judgement.cross_validation, children, pick=pick, symbol=symbol, stretch=stretch)
        proof |= {} if found is None else {pick: found}
    on = look.symbol or result.request.symbols[0]
    intervals = said.of(_intervals, ws, result, look, on) if is_strategy else None
    return SweepVerdict(
        said.of(judgement.deflated_sharpe, children, symbol, stretch) if is_strategy else None,
        said.of(judgement.overfitting, children, symbol, stretch, groups=groups) if is_strategy else None,
        said.of(judgement.plateau, children, look.metric, symbol, stretch),
        proof,
        not others,
        intervals,
        on,
        said.problems,
    )


def _intervals(ws: Workspace, result: SweepResult, look: SweepLook, symbol: str) -> Intervals:
    """The intervals of the best combination, played again for its account."""
    from barscope.domain.judgement import intervals_of_curve

    best = result.best(look.metric, look.stretch, look.symbol)
    (curve,) = ws.sweeps.curves(result.request, [(look.stretch, symbol, best)])
    return intervals_of_curve(curve, float(curve.equity[0]))


class _Said:
    """Collects why something cannot be said."""

    def __init__(self) -> None:
        self._problems: dict[str, None] = {}

    def of(self, judge: Callable[..., T], *args: Any, **options: Any) -> T | None:  # noqa: ANN401  # those of `judge`
        """What a judge says; None where it refuses."""
        try:
            return judge(*args, **options)
        except InvalidParameterError as error:
            self._problems[str(error)] = None
            return None

    @property
    def problems(self) -> tuple[str, ...]:
        """Each once."""
        return tuple(self._problems)
