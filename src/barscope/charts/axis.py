"""Time labels of an axis that counts bars: which positions get one, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from barscope.charts.clock import month_text, wall
from barscope.domain.time import NS_PER_DAY, NS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barscope.domain.bars import FloatArray, IntArray

    Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

LABEL_PX = 66
"""Least distance of two labels, pixels, centre to centre; the widest label, `10:30:15`, takes 55."""
NARROW_PX = 520
"""Plot width that is assumed where nobody said how wide the chart is."""

_CLOCK_STEPS_S = (43_200, 21_600, 10_800, 3600, 1800, 900, 300, 60, 30, 15, 5, 1)


@dataclass(frozen=True)
class Ticks:
    """Positions (bar numbers) and texts of the labels."""

    positions: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()


def ticks(local: IntArray, x: FloatArray, first: float, last: float, width: int | None = None) -> Ticks:
    """Labels at candles that begin a year, month, day or round time, coarsest first, none closer than `LABEL_PX`.

    Args:
        local: Exchange-local opening of each drawn candle, ns, shape (candles,).
        x: Its position on the axis.
        first: Left end of the visible range, in positions.
        last: Right end.
        width: Pixels of the plot; None for a narrow one.
    """
    gap = LABEL_PX * (last - first) / (width or NARROW_PX)
    shown = (x >= first + gap / 4) & (x <= last - gap / 4)
    room = max(1, int((last - first) / gap))
    chosen: list[int] = []
    for begins, thinnable in _steps(local, shown, room):
        candidates = np.flatnonzero(begins & shown)
        if len(candidates) > room and chosen and (len(chosen) * 2 > room or len(candidates) > thinnable * room):
            break
        chosen += _apart(candidates.tolist(), chosen, x, gap)
    chosen.sort()
    return Ticks(tuple(float(x[i]) for i in chosen), tuple(_text(local, i) for i in chosen))


def _apart(candidates: list[int], chosen: list[int], x: FloatArray, gap: float) -> list[int]:
    """The candidates, left to right, that keep a gap to all chosen ones and to each other."""
    taken: list[int] = []
    others = x[chosen]
    for i in candidates:
        if taken and x[i] - x[taken[-1]] < gap:
            continue
        if not len(others) or np.abs(others - x[i]).min() >= gap:
            taken.append(i)
    return taken


def _steps(local: IntArray, shown: Mask, room: int) -> Iterator[tuple[Mask, float]]:
    """For each unit of time, coarsest first: which candles are the first of theirs.

    Beside it, how many times more than there is room for may be thinned out: every other day or hour reads well,
    minutes 09:33, 09:35, 09:38 do not.
    """
    day = local // NS_PER_DAY
    month = day.astype("M8[D]").astype("M8[M]").astype(np.int64)
    year = month // 12 + 1970
    span = int(np.ptp(year[shown])) if shown.any() else 0
    years = next(n for n in (1, 2, 5, 10, 20, 10_000) if span <= n * room)
    second = local // NS_PER_SECOND
    calendar = (year // years, *(month // n for n in (6, 3, 1)), (day + 3) // 7, day)
    clock = [(second // step, 2.5 if step >= 3600 else 1.0) for step in _CLOCK_STEPS_S]
    for key, thinnable in (*((key, 2.5) for key in calendar), *clock):
        yield np.diff(key, prepend=key[:1]) != 0, thinnable


def _text(local: IntArray, i: int) -> str:
    """The coarsest unit that begins at candle i: a year, a month, a day or a time."""
    now, before = wall(int(local[i])), wall(int(local[i - 1])) if i else None
    if before is None or now.date() == before.date():
        return f"{now:%H:%M:%S}" if now.second else f"{now:%H:%M}"
    if now.year != before.year:
        return str(now.year)
    return month_text(now.month) if now.month != before.month else f"{now.day} {month_text(now.month)}"
