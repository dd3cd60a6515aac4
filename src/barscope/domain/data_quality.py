"""What may be wrong with bars, found and named; nothing is repaired. The calendar says what ought to be there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from barscope.domain.calendars import Sessions, regular_hours, sessions
from barscope.domain.periods import BarPeriod
from barscope.domain.time import NS_PER_DAY, TimeRange, date_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barscope.domain.bars import Bars, FloatArray, IntArray

BoolArray = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

Kind = Literal["missing session", "unexpected session", "gap", "stale bars", "zero volume", "outlier", "probable split"]
KINDS: tuple[str, ...] = get_args(Kind)

_SPLITS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 50.0, 100.0)
_SPLIT_TOLERANCE = 0.04
_MOST_VOLUME_CHANGE = 5.0
"""A crash halves a price too, but with many times the volume of the day before; a split does not."""
_NIGHT_NS = 3 * 3_600_000_000_000
"""Bars further apart than this have a closed exchange between them."""
_LEAST_RETURNS = 20
"""Fewer returns than this tell nothing of what is usual."""
_NORMAL = 1.4826
"""Median absolute deviation → standard deviation of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Suspicions:
    """What counts as suspicious.

    Attributes:
        gap_bars: Missing bars in a row, inside regular hours, that make a gap.
        stale_bars: Bars in a row with one and the same open, high, low and close that are stale.
        outlier_deviations: Robust standard deviations of the log return of a bar that make it an outlier.
    """

    gap_bars: int = 5
    stale_bars: int = 5
    outlier_deviations: float = 15.0


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that may be wrong.

    Attributes:
        kind: What it is.
        start_ns, end_ns: The stretch it covers, ns UTC, half-open.
        bars: Bars concerned: missing ones of a gap, else those there are.
        detail: One sentence.
    """

    kind: Kind
    start_ns: int
    end_ns: int
    bars: int
    detail: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What a calendar expects of a stretch.

    Attributes:
        sessions: Sessions from the first bar to the last.
        bars: Bars of their regular hours.
        present: Those of them there are.
    """

    sessions: int
    bars: int
    present: int


def examine(
    bars: Bars, period: BarPeriod, calendar: str | None, suspicions: Suspicions | None = None
) -> tuple[tuple[Finding, ...], Expected | None]:
    """Everything that may be wrong with bars, in the order of time.

    Args:
        bars: Bars of one symbol.
        period: Their length.
        calendar: The calendar of their exchange; None skips what only a calendar can tell.
        suspicions: What counts as suspicious.

    Returns:
        The findings, and what the calendar expected.

    Raises:
        CalendarError: If the calendar does not know a date.
    """
    limits = suspicions or Suspicions()
    found = [*_stale(bars, period, limits), *_without_volume(bars, period), *_jumps(bars, period, limits)]
    expected = None
    if calendar is not None and len(bars):
        within = TimeRange(int(bars.ts[0]), int(bars.ts[-1]) + period.length_ns)
        known = sessions(calendar, within)
        if period is BarPeriod.DAY:
            more, expected = _daily(bars, known, within)
        else:
            more, expected = _intraday(bars, period, known, limits)
        found += more
    return tuple(sorted(found, key=lambda finding: (finding.start_ns, finding.kind))), expected


# ---- against the calendar


def _daily(bars: Bars, known: Sessions, within: TimeRange) -> tuple[list[Finding], Expected]:
    """Daily bars carry their trade date at midnight UTC."""
    there = bars.ts // NS_PER_DAY
    first, last = within.start_ns // NS_PER_DAY, (within.end_ns - 1) // NS_PER_DAY
    due = known.date[(known.date >= first) & (known.date <= last)]
    missing = np.setdiff1d(due, there)
    surplus = np.setdiff1d(there, due)
    found = [_of_day("missing session", day, 1, "the exchange was open and there is no bar") for day in missing]
    found += [_of_day("unexpected session", day, 1, "there is a bar and the exchange was closed") for day in surplus]
    return found, Expected(len(due), len(due), len(due) - len(missing))


def _intraday(bars: Bars, period: BarPeriod, known: Sessions, limits: Suspicions) -> tuple[list[Finding], Expected]:
    stretches = regular_hours(known)
    first, last = int(bars.ts[0]), int(bars.ts[-1]) + period.length_ns
    opens, closes = np.maximum(stretches[:, 0], first), np.minimum(stretches[:, 1], last)
    inside = opens < closes
    opens, closes = opens[inside], closes[inside]
    starts, stops = np.searchsorted(bars.ts, opens), np.searchsorted(bars.ts, closes)
    due = -(-(closes - opens) // period.length_ns)
    found = [
        _gone(int(a), int(b), int(n))
        for a, b, n, empty in zip(opens, closes, due, starts == stops, strict=True)
        if empty
    ]
    found += _gaps(bars.ts, period, opens, closes, starts, stops, limits)
    found += _outside(bars, known)
    present = int((stops - starts).sum())
    return found, Expected(len(known), int(due.sum()), present)


def _gone(start_ns: int, end_ns: int, bars: int) -> Finding:
    day = date_of(start_ns)
    return Finding("missing session", start_ns, end_ns, bars, f"the exchange was open on {day} and there is no bar")


def _gaps(
    ts: IntArray,
    period: BarPeriod,
    opens: IntArray,
    closes: IntArray,
    starts: IntArray,
    stops: IntArray,
    limits: Suspicions,
) -> Iterator[Finding]:
    """Stretches of regular hours without bars, at their begin and end too, in hours that have some."""
    for begin, end, start, stop in zip(opens.tolist(), closes.tolist(), starts.tolist(), stops.tolist(), strict=True):
        if start == stop:
            continue
        edges = np.concatenate([[begin - period.length_ns], ts[start:stop], [end]])
        missing = np.diff(edges) // period.length_ns - 1
        for place in np.flatnonzero(missing >= limits.gap_bars).tolist():
            n = int(missing[place])
            since = int(edges[place]) + period.length_ns
            detail = f"{n:,} bars in a row are missing inside regular hours"
            yield Finding("gap", since, int(edges[place + 1]), n, detail)


def _outside(bars: Bars, known: Sessions) -> Iterator[Finding]:
    """Days with bars of which the calendar has no session: a bar before or after hours belongs to one all the same."""
    if not len(known):
        return
    belongs = np.minimum(known.of(bars.ts), len(known) - 1)
    far = (bars.ts < known.pre[belongs] - NS_PER_DAY // 2) | (bars.ts >= known.post[belongs] + NS_PER_DAY // 2)
    for day, n in zip(*np.unique(bars.ts[far] // NS_PER_DAY, return_counts=True), strict=True):
        yield _of_day("unexpected session", day, int(n), "there are bars and the exchange was closed")


def _of_day(kind: Kind, day: int, bars: int, detail: str) -> Finding:
    start = int(day) * NS_PER_DAY
    return Finding(kind, start, start + NS_PER_DAY, bars, f"{date_of(start)}: {detail}")


# ---- of the bars themselves


def _stale(bars: Bars, period: BarPeriod, limits: Suspicions) -> Iterator[Finding]:
    columns = (bars.open, bars.high, bars.low, bars.close)
    still = np.concatenate([[False], np.logical_and.reduce([np.diff(column) == 0 for column in columns])])
    for start, stop in _stretches(still):
        n = stop - start + 1  # the first of them differs from the bar before
        if n >= limits.stale_bars:
            detail = f"{n:,} bars in a row have one and the same prices"
            yield Finding("stale bars", int(bars.ts[start - 1]), int(bars.ts[stop - 1]) + period.length_ns, n, detail)


def _without_volume(bars: Bars, period: BarPeriod) -> Iterator[Finding]:
    for start, stop in _stretches(bars.volume == 0):
        n = stop - start
        detail = f"{n:,} bars in a row have no volume" if n > 1 else "a bar has no volume"
        yield Finding("zero volume", int(bars.ts[start]), int(bars.ts[stop - 1]) + period.length_ns, n, detail)


def _jumps(bars: Bars, period: BarPeriod, limits: Suspicions) -> Iterator[Finding]:
    """Bars whose return is out of all proportion: splits where the overnight ratio is that of one, else outliers."""
    if len(bars) < 3 or bars.low.min() <= 0:  # a spread below zero has no log returns
        return
    returns = np.diff(np.log(bars.close))
    wild = np.zeros(len(returns), dtype=np.bool_)
    apart = np.diff(bars.ts) > _NIGHT_NS  # a night moves prices more than a minute does: each is judged by its like
    for like in (apart, ~apart):
        if like.sum() >= _LEAST_RETURNS:
            wild[like] = np.abs(returns[like]) > limits.outlier_deviations * _deviation(returns[like])
    overnight = bars.close[:-1] / bars.open[1:]
    for before in np.flatnonzero(wild | (np.abs(np.log(overnight)) > np.log(1.4))).tolist():
        at, ratio = before + 1, float(overnight[before])
        start, end = int(bars.ts[at]), int(bars.ts[at]) + period.length_ns
        split = _split_of(ratio, float(bars.volume[at]), float(bars.volume[before]))
        if split is not None:
            yield Finding("probable split", start, end, 1, f"{split}: {bars.close[before]:g} → {bars.open[at]:g}")
        elif wild[before]:
            detail = f"a return of {np.expm1(returns[before]):+.1%}, far beyond those of other bars"
            yield Finding("outlier", start, end, 1, detail)


def _deviation(returns: FloatArray) -> float:
    """A standard deviation that outliers do not move; the plain one where most prices stand still."""
    return float(np.median(np.abs(returns - np.median(returns)))) * _NORMAL or float(returns.std())


def _split_of(ratio: float, volume: float, volume_before: float) -> str | None:
    """`2:1` or, of a reverse split, `1:2`; None where the ratio is that of no split, or the volume that of a crash."""
    size = max(ratio, 1 / ratio)
    nearest = min(_SPLITS, key=lambda split: abs(size / split - 1))
    calm = volume <= _MOST_VOLUME_CHANGE * max(volume_before, 1.0) * max(ratio, 1.0)
    if abs(size / nearest - 1) > _SPLIT_TOLERANCE or not calm:
        return None
    new, old = (nearest, 1.0) if nearest == int(nearest) else (nearest * 2, 2.0)
    return f"{new:g}:{old:g}" if ratio > 1 else f"{old:g}:{new:g}"


def _stretches(flags: BoolArray) -> Iterator[tuple[int, int]]:
    """Start and stop of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
