"""Times of a column, as text, epoch numbers or a datetime type, to nanoseconds since the epoch, UTC."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import polars as pl

from barscope.domain.bars import IntArray
from barscope.domain.time import MAX_NS, MIN_NS, NS_PER_DAY
from barscope.errors import DataError, InvalidParameterError, cut
from barscope.ingest.rows import Reason, ReasonArray

EpochUnit = Literal["s", "ms", "us", "ns"]

_NS_PER: dict[str, int] = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_UNIT_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
# From 1971 to 2199 no number of one unit is a plausible number of another, nor a date written YYYYMMDD.
_PLAUSIBLE_SECONDS = (31_536_000, 7_258_118_399)
_COMPACT_DATES = (19_710_101, 21_991_231)

_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d")
_CLOCKS = ("%H:%M:%S%.f", "%H:%M", "%H%M%S")
_FORMATS = (*_DATES, *(f"{d}{gap}{c}{z}" for z in ("", "%z") for c in _CLOCKS for gap in (" ", "T") for d in _DATES))
_SAMPLE = 100
_FIRST_WRITTEN_YEAR = 1000  # 04.01.24 is no day of the year 4


class Times(NamedTuple):
    """Times in ns UTC of shape (rows,), the reason of each bad one, and how the column was read."""

    ns: IntArray
    reason: ReasonArray
    note: str | None = None


def read_times(column: pl.Series, *, time_zone: str = "UTC", ts_unit: str | None = None) -> Times:
    """The times of a column.

    Args:
        column: ISO dates or datetimes as text, a date or datetime type, or whole epoch numbers.
        time_zone: IANA name of the clock that times without an offset were read from.
        ts_unit: `s`, `ms`, `us` or `ns` of epoch numbers; without it the one unit that puts every value of the
            column in the years 1971 to 2199.

    Raises:
        InvalidParameterError: For an unknown zone or unit.
        DataError: For a column of another type, or epoch numbers that fit no single unit.
    """
    check_zone(time_zone)
    if ts_unit is not None and ts_unit not in get_args(EpochUnit):
        raise InvalidParameterError(f"unknown ts_unit {cut(ts_unit)}: use one of {', '.join(_NS_PER)}")
    dtype = column.dtype
    if dtype == pl.String:
        texts = column.str.strip_chars()
        return _from_numbers(texts, time_zone, ts_unit) if _looks_numeric(texts) else _from_text(texts, time_zone)
    if dtype.is_numeric():
        return _from_numbers(column, time_zone, ts_unit)
    if dtype == pl.Date:
        column = column.cast(pl.Datetime("ms"))
    elif not isinstance(dtype, pl.Datetime):
        raise DataError(
            f"column {cut(column.name)} is of type {dtype}: times are dates, datetimes, text or epoch numbers"
        )
    return _from_datetimes(column, column.is_null(), time_zone)


def check_zone(time_zone: str) -> str:
    """The name of a time zone.

    Raises:
        InvalidParameterError: If there is no such zone.
    """
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise InvalidParameterError(
            f"unknown time_zone {cut(time_zone)}: use an IANA name such as UTC or America/New_York"
        ) from None
    return time_zone


def _looks_numeric(texts: pl.Series) -> bool:
    sample = texts.filter(texts != "").head(_SAMPLE)
    return 2 * int(sample.str.contains(r"^[+-]?\d+(\.\d*)?$").sum()) > len(sample)


def _from_numbers(column: pl.Series, time_zone: str, ts_unit: str | None) -> Times:
    values, reason = _whole(column)
    good = reason == 0
    if not good.any():
        return Times(values, reason)
    low, high = int(values[good].min()), int(values[good].max())
    if ts_unit is None and _COMPACT_DATES[0] <= low and high <= _COMPACT_DATES[1]:
        texts = pl.Series(column.name, values).cast(pl.String)
        dates = _from_text(texts, time_zone)
        return Times(dates.ns, np.where(good, dates.reason, reason), "times read as dates written YYYYMMDD")
    unit = ts_unit or _unit_of(column.name, low, high)
    scale = _NS_PER[unit]
    outside = good & ((values > MAX_NS // scale) | (values < -(MAX_NS // scale)))
    reason[outside] = Reason.TIME_OUT_OF_RANGE
    return Times(np.where(reason == 0, values, 0) * scale, reason, f"times read as epoch {_UNIT_NAMES[unit]}")


def _whole(column: pl.Series) -> tuple[IntArray, ReasonArray]:
    """Numbers as int64; texts and floats such as `1609459200.0` are whole, fractions are not times of bars."""
    missing = column.is_null()
    if column.dtype == pl.String:
        missing |= column == ""
        column = column.str.replace(r"\.0*$", "")
    elif column.dtype.is_float():
        missing |= column.is_nan()
        column = column.set(column.floor() != column, None)
    whole = column.cast(pl.Int64, strict=False)
    reason = np.where(whole.is_null().to_numpy(), Reason.UNPARSEABLE_TIME, 0).astype(np.uint8)
    reason[missing.fill_null(value=True).to_numpy()] = Reason.MISSING_TIME
    return whole.fill_null(0).to_numpy(), reason


def _unit_of(heading: str, low: int, high: int) -> str:
    for unit, scale in _NS_PER.items():
        per_second = 1_000_000_000 // scale
        if _PLAUSIBLE_SECONDS[0] * per_second <= low and high < (_PLAUSIBLE_SECONDS[1] + 1) * per_second:
            return unit
    values = str(low) if low == high else f"{low} to {high}"
    raise DataError(
        f"column {cut(heading)}: the epoch numbers {values} are not all between 1971 and 2199 in any one unit; "
        "pass ts_unit='s', 'ms', 'us' or 'ns', or correct the values"
    )


def _from_text(texts: pl.Series, time_zone: str) -> Times:
    """Text in ISO order, each row by the first format that reads it, the format of most rows first."""
    texts = _plain_offsets(texts)
    missing = texts.is_null() | (texts == "")
    ns = np.zeros(len(texts), dtype=np.int64)
    reason = np.full(len(texts), Reason.UNPARSEABLE_TIME, dtype=np.uint8)
    reason[missing.fill_null(value=True).to_numpy()] = Reason.MISSING_TIME
    pending = np.flatnonzero(reason == Reason.UNPARSEABLE_TIME)
    for form in _formats_of(texts):
        if not len(pending):
            break
        waiting = texts if len(pending) == len(texts) else texts.gather(pending)
        # Microseconds hold the years that would wrap round in nanoseconds; nanoseconds hold the last digits.
        parsed = waiting.str.to_datetime(form, time_unit="us", strict=False)
        parsed = parsed.set(parsed.dt.year() < _FIRST_WRITTEN_YEAR, None)
        fine = waiting.str.to_datetime(form, time_unit="ns", strict=False)
        read = parsed.is_not_null().to_numpy()
        times = _from_datetimes(parsed, parsed.is_null(), time_zone, fine)
        ns[pending[read]] = times.ns[read]
        reason[pending[read]] = times.reason[read]
        pending = pending[~read]
    return Times(ns, reason)


def _plain_offsets(texts: pl.Series) -> pl.Series:
    """Texts with every offset as `+hh:mm`, as one format reads them."""
    sample = texts.drop_nulls().head(_SAMPLE)
    if not sample.str.contains(r"[A-Za-z:\d]\s*([+-]\d{2}(:?\d{2})?|Z|UTC|GMT)$").any():
        return texts
    texts = texts.str.replace(r"\s*(Z|UTC|GMT)$", "+00:00")
    return texts.str.replace(r"(:\d\d(?:\.\d+)?)\s*([+-]\d\d)$", "$1$2:00").str.replace(r"\s+([+-]\d\d:?\d\d)$", "$1")


def _formats_of(texts: pl.Series) -> list[str]:
    known = texts.drop_nulls()
    sample = known.gather_every(max(1, len(known) // _SAMPLE))
    read = {form: int(sample.str.to_datetime(form, time_unit="us", strict=False).count()) for form in _FORMATS}
    return sorted(_FORMATS, key=lambda form: -read[form])


def _from_datetimes(moments: pl.Series, missing: pl.Series, time_zone: str, fine: pl.Series | None = None) -> Times:
    """Datetimes of any unit, with a zone or on the clock of `time_zone`.

    Args:
        moments: Of type Datetime.
        missing: Mask of the rows that are null.
        time_zone: For moments without a zone.
        fine: The same moments in ns, where they are known more finely; wrong where ns cannot hold them.
    """
    dtype = moments.dtype
    assert isinstance(dtype, pl.Datetime)  # noqa: S101  # for the type checker
    scale = _NS_PER[dtype.time_unit]
    values = moments.to_physical()
    # A day is kept free at both ends for the offset of a zone.
    low, high = (MIN_NS + NS_PER_DAY) // scale, (MAX_NS - NS_PER_DAY) // scale
    outside = ((values < low) | (values > high)).fill_null(value=False)
    reason = np.zeros(len(moments), dtype=np.uint8)
    reason[outside.to_numpy()] = Reason.TIME_OUT_OF_RANGE
    reason[missing.to_numpy()] = Reason.MISSING_TIME
    ns = (fine.to_physical() if fine is not None else values.set(outside, None) * scale).fill_null(0).to_numpy()
    if dtype.time_zone is None and time_zone != "UTC":
        ns = _localise(ns, time_zone, reason)
    return Times(ns, reason)


def _localise(ns: IntArray, time_zone: str, reason: ReasonArray) -> IntArray:
    """Clock times of a zone as ns UTC; those that the change to or from summer time makes unclear get a reason."""
    clock = pl.Series(np.where(reason == 0, ns, 0)).cast(pl.Datetime("ns"))
    moments = clock.dt.replace_time_zone(time_zone, ambiguous="null", non_existent="null")
    unclear = np.flatnonzero(moments.is_null().to_numpy())
    if len(unclear):
        twice = clock.gather(unclear).dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
        why = np.where(twice.is_null().to_numpy(), Reason.NONEXISTENT_LOCAL_TIME, Reason.AMBIGUOUS_LOCAL_TIME)
        reason[unclear] = np.where(reason[unclear] == 0, why, reason[unclear])
    return moments.to_physical().fill_null(0).to_numpy()
