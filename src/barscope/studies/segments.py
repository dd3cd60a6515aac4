"""Cutting bars into segments: by number of bars, by calendar, or where a condition holds.

Each way to cut is a frozen value that gives positions (`Spans`); a `Segment` is one of them with its times, as a
person and a table read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.conditions import Condition, columns_of
from barscope.domain.local_time import check_zone, utc_offsets_ns
from barscope.domain.periods import BarPeriod
from barscope.domain.time import NS_PER_DAY, NS_PER_SECOND
from barscope.errors import InvalidParameterError, close_matches, cut

if TYPE_CHECKING:
    from barscope.domain.bars import IntArray
    from barscope.domain.conditions import Columns, Mask
    from barscope.studies.results import SymbolColumns

_CLOCK_MINUTES = {"4hour": 240, "hour": 60, "20min": 20, "15min": 15, "10min": 10, "5min": 5, "1min": 1}
UNITS = ("year", "quarter", "month", "week", "day", *_CLOCK_MINUTES)
"""What `ByTime` can cut by, longest first."""
MOST_BARS = 1_000_000_000
"""The largest number of bars that a cutting may name: more than there will be, and far from what int64 holds."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of bars.

    Attributes:
        symbol: Whose bars.
        segment_num: Counted from 1 within the symbol.
        start_ts: Open of its first bar, ns UTC.
        end_ts: Open of its last bar.
        condition_start_ts: Open of the first bar at which the condition holds; None where there is no condition.
        condition_end_ts: Open of the last such bar.
        bar_count: Bars from first to last, context included.
        condition_bar_count: Bars from the first to the last at which the condition holds, bridged gaps included.
    """

    symbol: str
    segment_num: int
    start_ts: int
    end_ts: int
    condition_start_ts: int | None
    condition_end_ts: int | None
    bar_count: int
    condition_bar_count: int


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Segments as positions of bars, half-open, each of shape (segments,).

    Attributes:
        start: First bar.
        stop: The bar after the last.
        condition: First bar at which the condition holds and the bar after the last; None where there is no condition.
    """

    start: IntArray
    stop: IntArray
    condition: tuple[IntArray, IntArray] | None = None

    def __len__(self) -> int:
        return len(self.start)

    @property
    def signal(self) -> IntArray:
        """The bar with whose close each segment is a fact.

        A condition is met at the close of the first bar at which it holds; how long it will go on holding nobody knows
        then. Any other segment is complete at the close of its last bar.
        """
        return self.stop - 1 if self.condition is None else self.condition[0]

    def segment(self, n: int, symbol: str, ts: IntArray) -> Segment:
        """The segment at place `n`, from 0, of bars that open at `ts`."""
        start, stop = int(self.start[n]), int(self.stop[n])
        first, after = (int(bound[n]) for bound in self.condition) if self.condition else (0, 0)
        begin, end = (int(ts[first]), int(ts[after - 1])) if self.condition else (None, None)
        return Segment(symbol, n + 1, int(ts[start]), int(ts[stop - 1]), begin, end, stop - start, after - first)


@dataclass(frozen=True, slots=True)
class ByBars:
    """Segments of equal numbers of bars; the last one ends with the last bar, and may be shorter.

    Attributes:
        size: Bars of a segment.
        overlap: Bars that a segment shares with the one before it.
    """

    size: int = 100
    overlap: int = 0

    def __post_init__(self) -> None:
        _whole("size", self.size, 1)
        _whole("overlap", self.overlap, 0)

    def __str__(self) -> str:
        return f"every {self.size:,} bars" + (f", {self.overlap:,} of them shared" if self.overlap else "")

    def spans(self, columns: SymbolColumns, period: BarPeriod, zone: str) -> Spans:
        """The segments of some bars."""
        n, step = len(columns.bars), max(1, self.size - self.overlap)
        count = 1 + max(0, -(-(n - self.size) // step)) if n else 0
        start = np.arange(count, dtype=np.int64) * step
        return Spans(start, np.minimum(start + self.size, n))


@dataclass(frozen=True, slots=True)
class ByTime:
    """Segments of the calendar, half-open: what lies in one year, week or five minutes of the clock on the wall.

    Intervals without bars are left out. Daily bars stand for dates, so no zone shifts them.

    Attributes:
        unit: One of `UNITS`; weeks begin on Monday.
        zone: IANA name of the time zone; None is that of the run.
    """

    unit: str
    zone: str | None = None

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            matches = close_matches(str(self.unit), UNITS) or UNITS
            raise InvalidParameterError(f"unknown unit of time {cut(repr(self.unit))}: use {' or '.join(matches)}")
        if self.zone is not None:
            check_zone(self.zone)

    def __str__(self) -> str:
        return f"every {self.unit}" + (f" in {self.zone}" if self.zone else "")

    def spans(self, columns: SymbolColumns, period: BarPeriod, zone: str) -> Spans:
        """The segments of some bars."""
        ts = columns.bars.ts
        offsets = np.zeros_like(ts) if period is BarPeriod.DAY else utc_offsets_ns(ts, self.zone or zone)
        begins = np.diff(_interval(self.unit, ts + offsets)) != 0
        if _CLOCK_MINUTES.get(self.unit, 240) <= 60:
            begins |= np.diff(offsets) != 0  # an hour that the clock shows twice is two hours
        start = np.concatenate(([0] if len(ts) else [], np.flatnonzero(begins) + 1)).astype(np.int64)
        return Spans(start, np.append(start[1:], len(ts)) if len(ts) else start)


@dataclass(frozen=True, slots=True)
class ByCondition:
    """Segments where a condition holds.

    Attributes:
        condition: What has to hold.
        context_bars: Bars shown before and after each stretch, as far as there are any.
        gap_tolerance: Stretches with no more bars than this between them are one.
    """

    condition: Condition
    context_bars: int = 0
    gap_tolerance: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.condition, Condition):
            raise InvalidParameterError(f"{cut(repr(self.condition))} is not a condition: use a Comparison")
        _whole("context_bars", self.context_bars, 0)
        _whole("gap_tolerance", self.gap_tolerance, 0)

    def __str__(self) -> str:
        return f"where {self.condition}"

    def spans(self, columns: SymbolColumns, period: BarPeriod, zone: str) -> Spans:
        """The segments of some bars.

        Raises:
            InvalidParameterError: If the condition names a series that is not there.
        """
        return self.around(self.condition.mask(columns_of(columns.bars, columns.series)))

    def around(self, mask: Mask) -> Spans:
        """The segments around the bars at which a mask is true."""
        holds = np.flatnonzero(mask).astype(np.int64)
        is_last = np.diff(holds) > self.gap_tolerance + 1
        first = holds[np.concatenate(([True], is_last))[: len(holds)]]
        stop = holds[np.concatenate((is_last, [True]))[: len(holds)]] + 1
        context = self.context_bars
        return Spans(np.maximum(first - context, 0), np.minimum(stop + context, len(mask)), (first, stop))


Cutting = ByBars | ByTime | ByCondition
"""A way to cut bars into segments."""


def check_cutting(how: object) -> None:
    """Whether something is a way to cut bars.

    Raises:
        InvalidParameterError: If it is not.
    """
    if not isinstance(how, Cutting):
        remedy = "put it into ByCondition" if isinstance(how, Condition) else "use ByBars, ByTime or ByCondition"
        raise InvalidParameterError(f"{cut(repr(how))} is no way to cut bars: {remedy}")


def why_none(condition: Condition, columns: Columns, symbol: str) -> str:
    """Why a condition holds at no bar: how often each of its comparisons holds alone."""
    n = len(columns["close"])
    parts = [f"{condition} holds at none of the {n:,} bars of {cut(symbol)}"]
    if len(condition.comparisons) > 1:
        alone = (f"{part} holds at {np.count_nonzero(part.mask(columns)):,}" for part in condition.comparisons)
        parts.append(f"alone, {', '.join(dict.fromkeys(alone))}")
    named = (operand for part in condition.comparisons for operand in (part.left, part.right))
    parts += [_reach(name, columns) for name in dict.fromkeys(named) if isinstance(name, str)]
    return "; ".join(parts)


def _reach(name: str, columns: Columns) -> str:
    values = columns[name]
    there = values[~np.isnan(values)]
    if not len(there):
        return f"{name} has no value here"
    return f"{name} is between {there.min():,.6g} and {there.max():,.6g}"


def _interval(unit: str, local: IntArray) -> IntArray:
    """The number of the interval each wall-clock time lies in."""
    if unit in _CLOCK_MINUTES:
        return local // (_CLOCK_MINUTES[unit] * 60 * NS_PER_SECOND)
    day = local // NS_PER_DAY
    if unit == "day":
        return day
    if unit == "week":
        return (day + 3) // 7  # 1970-01-01 was a Thursday
    month = day.astype("M8[D]").astype("M8[M]").astype(np.int64)
    return month // {"month": 1, "quarter": 3, "year": 12}[unit]


def _whole(what: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MOST_BARS:
        raise InvalidParameterError(f"{what} {cut(repr(value))} is not a whole number from {least} to {MOST_BARS:,}")
