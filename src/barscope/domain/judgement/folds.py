"""Divisions of time to choose on and to prove on: walk-forward windows of days, and purged folds of blocks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.performance.measures import BLOCKS
from barscope.domain.time import parse_date
from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Window:
    """Days in a row, half-open.

    Attributes:
        name: What it is called, such as `train 1`.
        start: Its first day.
        end: The day after its last.
    """

    name: str
    start: dt.date
    end: dt.date

    def __str__(self) -> str:
        return f"{self.name} {self.start_date} to {self.end_date}"

    @property
    def last(self) -> dt.date:
        """Its last day."""
        return self.end - dt.timedelta(days=1)

    @property
    def start_date(self) -> str:
        """First day, `YYYY-MM-DD`."""
        return self.start.isoformat()

    @property
    def end_date(self) -> str:
        """Last day, inclusive, as a request has it."""
        return self.last.isoformat()

    @property
    def days(self) -> int:
        """Calendar days."""
        return (self.end - self.start).days


@dataclass(frozen=True, slots=True)
class Fold:
    """Days to choose on, and later days to prove on.

    Attributes:
        number: From 1.
        train: To choose on.
        test: To prove on; begins after `train` has ended.
    """

    number: int
    train: Window
    test: Window

    def __str__(self) -> str:
        return f"{self.train} | {self.test}"


@dataclass(frozen=True, eq=False, slots=True)
class BlockFold:
    """Blocks to choose on and to prove on, both truth values of shape (blocks,).

    Attributes:
        number: From 1.
        train: To choose on.
        test: To prove on.
    """

    number: int
    train: NDArray[np.bool_]
    test: NDArray[np.bool_]

    def __repr__(self) -> str:
        signs = np.where(self.test, "T", np.where(self.train, "+", "."))
        return f"BlockFold({self.number}: {''.join(signs)})"


def walk_forward(
    start_date: str | dt.date,
    end_date: str | dt.date,
    *,
    train_days: int,
    test_days: int,
    step_days: int | None = None,
    gap_days: int = 0,
    anchored: bool = False,
) -> tuple[Fold, ...]:
    """Windows that walk through time: choose on one, prove on the days after it, go on.

    Args:
        start_date: First day.
        end_date: Last day, inclusive. Days at the end that make no whole window to prove on are not used.
        train_days: Calendar days to choose on; when anchored, those of the first fold.
        test_days: Calendar days to prove on.
        step_days: Days from one fold to the next; None takes `test_days`, so that each day is proved on once.
        gap_days: Days between the two windows that belong to neither, at least as many as a position may be held.
        anchored: Whether every window to choose on begins on `start_date` and grows, rather than rolls.

    Raises:
        InvalidParameterError: If a number of days is not whole or too small, or no fold fits between the dates.

    Source: R. Pardo, The Evaluation and Optimization of Trading Strategies, 2008, ch. 11.
    """
    step = test_days if step_days is None else step_days
    for name, value, least in (
        ("train_days", train_days, 1),
        ("test_days", test_days, 1),
        ("step_days", step, 1),
        ("gap_days", gap_days, 0),
    ):
        _check_whole(name, value, least)
    start, end = parse_date(start_date), parse_date(end_date) + dt.timedelta(days=1)
    needed = train_days + gap_days + test_days
    if (end - start).days < needed:
        raise InvalidParameterError(
            f"{max((end - start).days, 0)} days from {start} to {parse_date(end_date)} hold no fold of {needed} days: "
            "choose more days or shorter windows"
        )
    folds = []
    for number in range(((end - start).days - needed) // step + 1):
        begin = start + dt.timedelta(days=number * step)
        until = begin + dt.timedelta(days=train_days)
        prove = until + dt.timedelta(days=gap_days)
        train = Window(f"train {number + 1}", start if anchored else begin, until)
        test = Window(f"test {number + 1}", prove, prove + dt.timedelta(days=test_days))
        folds.append(Fold(number + 1, train, test))
    return tuple(folds)


def purged_k_fold(folds: int = 8, *, blocks: int = BLOCKS, purge: int = 1, embargo: int = 0) -> tuple[BlockFold, ...]:
    """Folds that prove on each block of time once, and choose on the others that do not touch it.

    Args:
        folds: How many, from 2 to the number of blocks.
        blocks: Into how many blocks the time is cut.
        purge: Blocks left out on both sides of those to prove on, because positions or indicator values reach over.
        embargo: Further blocks left out after them, because returns that follow still answer to what happened there.

    Raises:
        InvalidParameterError: If a number is out of range, or nothing is left to choose on.

    Source: M. López de Prado, Advances in Financial Machine Learning, 2018, ch. 7.
    """
    _check_whole("folds", folds, 2)
    _check_whole("purge", purge, 0)
    _check_whole("embargo", embargo, 0)
    if folds > blocks:
        raise InvalidParameterError(f"folds is {folds}: {blocks} blocks cannot be divided into more than {blocks}")
    edges = [number * blocks // folds for number in range(folds + 1)]
    places = np.arange(blocks)
    made = []
    for number, (first, stop) in enumerate(pairwise(edges), start=1):
        test = (places >= first) & (places < stop)
        train = (places < first - purge) | (places >= stop + purge + embargo)
        if not train.any():
            raise InvalidParameterError(
                f"fold {number} of {folds} has nothing to choose on after a purge of {purge} and an embargo of "
                f"{embargo} of {blocks} blocks: choose more folds or smaller numbers"
            )
        made.append(BlockFold(number, train, test))
    return tuple(made)


def _check_whole(name: str, value: int, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InvalidParameterError(f"{name} is {cut(repr(value))}: it has to be a whole number from {least}")
