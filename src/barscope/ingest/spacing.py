"""The period of bars, from the spacing of their times."""

from __future__ import annotations

import numpy as np

from barscope.domain.bars import IntArray
from barscope.domain.periods import STORED_RTYPES, BarPeriod, period_of_rtype
from barscope.errors import InvalidParameterError, cut
from barscope.ingest.rows import Reason, Rows

_COMMON_SHARE = 0.01
_SUMMER_TIME_NS = BarPeriod.HOUR.length_ns  # midnight in a zone comes an hour early or late twice a year
_CHOICES = "32 (1 second), 33 (1 minute), 34 (1 hour) or 35 (1 day)"


def settle_period(rows: Rows, rtype: int | None, source: str) -> tuple[int, str | None]:
    """The record type of the accepted rows; rows closer to another than their period are rejected.

    Args:
        rows: Changed in place.
        rtype: What the caller says, or None to infer it from the smallest common spacing.
        source: For messages.

    Returns:
        The record type, and a note where it was inferred or the bars are further apart than it says.

    Raises:
        InvalidParameterError: If the spacing is of no stored period, or is below that of `rtype`.
    """
    check_rtype(rtype)
    order = rows.accepted()
    steps = np.diff(rows.ts[order])[np.diff(rows.instrument[order]) == 0]
    common = _common_spacing(steps)
    spacing = None if common is None else _spacing_text(common)
    inferred = None if common is None else _period_of(common)
    if rtype is None:
        if inferred is None:
            why = "it has no two rows to tell the period from" if common is None else f"its rows are {spacing} apart"
            raise InvalidParameterError(f"{source}: {why}; pass rtype={_CHOICES}")
        _reject_crowded(rows, order, inferred)
        return inferred.rtype, f"rows are {spacing} apart: read as bars of {inferred.label} (rtype {inferred.rtype})"
    period = BarPeriod.DAY if rtype == 36 else period_of_rtype(rtype)
    if common is not None and 2 * np.count_nonzero(steps < _least_step(period)) > len(steps):
        raise InvalidParameterError(
            f"{source}: rtype {rtype} means bars of {period.label}, but its rows are {spacing} apart; "
            f"pass the rtype that fits: {_CHOICES}"
        )
    _reject_crowded(rows, order, period)
    sparse = common is not None and inferred is not period
    return rtype, f"rows are {spacing} apart, kept as bars of {period.label} as told" if sparse else None


def check_rtype(rtype: int | None) -> None:
    """Refuses a record type that is not stored.

    Raises:
        InvalidParameterError: `invalid rtype N`.
    """
    if rtype is not None and (isinstance(rtype, bool) or rtype not in STORED_RTYPES):
        raise InvalidParameterError(f"invalid rtype {cut(rtype)}: use {_CHOICES}")


def _common_spacing(steps: IntArray) -> int | None:
    """The smallest step that at least one in a hundred steps takes."""
    if not len(steps):
        return None
    spacings, counts = np.unique(steps, return_counts=True)
    return int(spacings[counts >= _COMMON_SHARE * len(steps)].min(initial=spacings[np.argmax(counts)]))


def _period_of(spacing: int) -> BarPeriod | None:
    for period in BarPeriod:
        slack = _SUMMER_TIME_NS if period is BarPeriod.DAY else 0
        if abs(spacing - period.length_ns) <= slack:
            return period
    return None


def _least_step(period: BarPeriod) -> int:
    return period.length_ns - (_SUMMER_TIME_NS if period is BarPeriod.DAY else 0)


def _reject_crowded(rows: Rows, order: IntArray, period: BarPeriod) -> None:
    """Of rows within one period of each other, those stay that lie on the grid most rows lie on."""
    close = (np.diff(rows.ts[order]) < _least_step(period)) & (np.diff(rows.instrument[order]) == 0)
    if not close.any():
        return
    phases, counts = np.unique(rows.ts[order] % period.length_ns, return_counts=True)
    off_grid = rows.ts[order] % period.length_ns != phases[np.argmax(counts)]
    crowded = np.append(close, False) | np.append(False, close)
    rows.reject(order[crowded & off_grid], Reason.WITHIN_THE_PERIOD_OF_ANOTHER_ROW)


def _spacing_text(ns: int) -> str:
    """A length as a person says it: `5 minutes`."""
    for period in sorted(BarPeriod, key=lambda p: -p.length_ns):
        if ns % period.length_ns == 0:
            n = ns // period.length_ns
            return f"{n} {period.name.lower()}{'s' if n > 1 else ''}"
    return f"{ns / BarPeriod.SECOND.length_ns:g} seconds"
