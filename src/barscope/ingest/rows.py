"""The rows of a source as fixed-point columns, the rules a bar obeys, and why a row is rejected."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from barscope.domain.bars import FixedPointBars, IntArray

if TYPE_CHECKING:
    from collections.abc import Iterator

BoolArray = NDArray[np.bool_]
ReasonArray = NDArray[np.uint8]


class Reason(IntEnum):
    """Why a row is rejected; the number is its code in a `ReasonArray`, where 0 is an accepted row."""

    MORE_FIELDS_THAN_HEADINGS = 1
    MISSING_SYMBOL = 2
    INVALID_SYMBOL = 3
    MISSING_TIME = 4
    UNPARSEABLE_TIME = 5
    TIME_OUT_OF_RANGE = 6
    AMBIGUOUS_LOCAL_TIME = 7
    NONEXISTENT_LOCAL_TIME = 8
    MISSING_PRICE = 9
    UNPARSEABLE_PRICE = 10
    PRICE_NOT_FINITE = 11
    PRICE_TOO_LARGE = 12
    UNDEFINED_PRICE = 13
    NEGATIVE_PRICE = 14
    HIGH_BELOW_LOW = 15
    OPEN_OUTSIDE_LOW_TO_HIGH = 16
    CLOSE_OUTSIDE_LOW_TO_HIGH = 17
    MISSING_VOLUME = 18
    UNPARSEABLE_VOLUME = 19
    VOLUME_NOT_FINITE = 20
    VOLUME_TOO_LARGE = 21
    FRACTIONAL_VOLUME = 22
    NEGATIVE_VOLUME = 23
    DUPLICATE_ROW = 24
    CONFLICTING_ROWS_FOR_ONE_TIME = 25
    OUT_OF_ORDER = 26
    WITHIN_THE_PERIOD_OF_ANOTHER_ROW = 27

    @property
    def text(self) -> str:
        """What a person reads: `high below low`."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows in the order of the source as columns of shape (rows,); a column is undefined where the row is rejected.

    Attributes:
        reason: `Reason` of a rejected row, 0 for an accepted one; the first reason found stays.
        instrument: Which of the instruments of the source the row belongs to, from 0.
        ts: Open of the interval, ns UTC.
        open: Price × 1e9, as high, low, close.
        high: Highest price.
        low: Lowest price.
        close: Last price.
        volume: Traded units.
    """

    reason: ReasonArray
    instrument: IntArray
    ts: IntArray
    open: IntArray
    high: IntArray
    low: IntArray
    close: IntArray
    volume: IntArray

    def __len__(self) -> int:
        return len(self.ts)

    def reject(self, where: BoolArray | IntArray, reason: Reason) -> None:
        """Rejects the rows of a mask or of row numbers, but for those rejected already."""
        rows = np.flatnonzero(where) if where.dtype == np.bool_ else where
        self.reason[rows[self.reason[rows] == 0]] = reason

    def accepted(self) -> IntArray:
        """Row numbers of the accepted rows, ordered by (instrument, ts), ties in the order of the source."""
        rows = np.flatnonzero(self.reason == 0)
        return rows[np.lexsort((self.ts[rows], self.instrument[rows]))]

    def reasons(self) -> dict[str, int]:
        """Reason → number of rejected rows, the most frequent first."""
        codes = Counter(dict(zip(*(a.tolist() for a in np.unique(self.reason, return_counts=True)), strict=True)))
        return {Reason(code).text: n for code, n in codes.most_common() if code}


def reject_impossible_bars(rows: Rows, *, negative_prices: bool = False) -> None:
    """Rejects every row that cannot be a bar whatever the rows around it are.

    Args:
        rows: Changed in place.
        negative_prices: Accept prices below zero, as spreads and some futures have them.
    """
    if not negative_prices:
        lowest = np.minimum.reduce((rows.open, rows.high, rows.low, rows.close))
        rows.reject(lowest < 0, Reason.NEGATIVE_PRICE)
    rows.reject(rows.high < rows.low, Reason.HIGH_BELOW_LOW)
    rows.reject((rows.open < rows.low) | (rows.open > rows.high), Reason.OPEN_OUTSIDE_LOW_TO_HIGH)
    rows.reject((rows.close < rows.low) | (rows.close > rows.high), Reason.CLOSE_OUTSIDE_LOW_TO_HIGH)
    rows.reject(rows.volume < 0, Reason.NEGATIVE_VOLUME)


def reject_repeated_times(rows: Rows) -> None:
    """Of equal rows for one time the first stays; of rows that disagree about one time none does."""
    order = rows.accepted()
    instrument, ts = rows.instrument[order], rows.ts[order]
    again = np.flatnonzero((instrument[1:] == instrument[:-1]) & (ts[1:] == ts[:-1])) + 1
    if not len(again):
        return
    first = np.ones(len(order), dtype=np.bool_)
    first[again] = False
    run = np.cumsum(first) - 1
    head = order[np.flatnonzero(first)[run]]
    differs = np.zeros(len(order), dtype=np.bool_)
    for column in (rows.open, rows.high, rows.low, rows.close, rows.volume):
        differs |= column[order] != column[head]
    conflicting = np.isin(run, run[differs])
    rows.reject(order[conflicting], Reason.CONFLICTING_ROWS_FOR_ONE_TIME)
    rows.reject(order[~first & ~conflicting], Reason.DUPLICATE_ROW)


def reject_disorder(rows: Rows, *, sort: bool) -> str | None:
    """Rejects rows whose time is before that of an earlier row of the same instrument.

    A source that runs wholly backwards, newest bar first, is in order: it is only turned round.

    Args:
        rows: Changed in place.
        sort: Accept rows in any order.

    Returns:
        A note where the order was changed, else None.
    """
    order = rows.accepted()
    by_instrument = order[np.lexsort((order, rows.instrument[order]))]
    step = np.diff(rows.ts[by_instrument])[np.diff(rows.instrument[by_instrument]) == 0]
    if not len(step) or np.all(step > 0):
        return None
    if np.all(step < 0):
        return "rows were newest first: turned round"
    if sort:
        return "rows were out of order: sorted by time"
    # The rank by (instrument, ts) grows along the file as long as the file is in order.
    rank = np.empty(len(rows), dtype=np.int64)
    rank[order] = np.arange(len(order))
    ranks = rank[by_instrument]
    rows.reject(by_instrument[ranks < np.maximum.accumulate(ranks)], Reason.OUT_OF_ORDER)
    return None


def accepted_bars(rows: Rows) -> Iterator[tuple[int, FixedPointBars]]:
    """The accepted rows as (instrument, bars), by instrument; instruments without rows are left out."""
    order = rows.accepted()
    instrument = rows.instrument[order]
    starts = np.flatnonzero(np.diff(instrument, prepend=-1)).tolist()
    for start, stop in pairwise([*starts, len(order)]):
        part = order[start:stop]
        columns = (rows.ts, rows.open, rows.high, rows.low, rows.close, rows.volume)
        yield int(instrument[start]), FixedPointBars(*(column[part] for column in columns))
