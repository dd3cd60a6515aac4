"""Numbers of a column, as text or as a numeric type, to exact integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from barscope.domain.bars import PRICE_SCALE, IntArray
from barscope.errors import DataError, cut
from barscope.ingest.rows import BoolArray, Reason, ReasonArray

_SCALED = pl.Decimal(38, 9)
_FLOAT_IS_EXACT_BELOW = 2.0**21  # below it, rounding float × 1e9 gives the ninth decimal place the text has
_THOUSANDS = r"^\s*[+-]?\d{1,3}(\.\d{3}(\.\d{3})+|\.(\d{3}\.)*\d{3},\d*|,(\d{3},)*\d{3}\.\d*|,\d{3}(,\d{3})+)\s*$"
_EITHER_WAY = r"^\s*[+-]?\d{1,3},\d{3}\s*$"


@dataclass(frozen=True, slots=True)
class _Problems:
    """The reasons one kind of number can give."""

    missing: Reason
    unparseable: Reason
    not_finite: Reason
    too_large: Reason


_PRICE = _Problems(Reason.MISSING_PRICE, Reason.UNPARSEABLE_PRICE, Reason.PRICE_NOT_FINITE, Reason.PRICE_TOO_LARGE)
_VOLUME = _Problems(Reason.MISSING_VOLUME, Reason.UNPARSEABLE_VOLUME, Reason.VOLUME_NOT_FINITE, Reason.VOLUME_TOO_LARGE)


def fixed_point(column: pl.Series) -> tuple[IntArray, ReasonArray]:
    """Prices as price × 1e9, rounded half to even at the ninth decimal place, and the reason of each bad one."""
    return _integers(_scaled(column), column, _PRICE)


def whole_numbers(column: pl.Series) -> tuple[IntArray, ReasonArray]:
    """Volumes as integers, and the reason of each bad one; `12.0` is whole, `12.5` is not."""
    if column.dtype == pl.String:
        quick = column.cast(pl.Int64, strict=False)
        if not quick.null_count():
            return quick.to_numpy(), np.zeros(len(column), dtype=np.uint8)
    if column.dtype.is_integer():
        return _integers(column, column, _VOLUME)
    scaled, one = _scaled(column), pl.Series([PRICE_SCALE], dtype=pl.Int128)
    whole, reason = _integers(scaled // one, column, _VOLUME)
    reason[(scaled % one != 0).fill_null(value=False).to_numpy()] = Reason.FRACTIONAL_VOLUME
    return whole, reason


def decimal_mark(columns: dict[str, pl.Series], told: str | None) -> str:
    """The decimal mark of text prices: a full stop or a comma.

    Args:
        columns: Heading → price column as text.
        told: What the caller says it is, if anything.

    Raises:
        DataError: If prices have thousands separators, or `1,234` could mean either.
    """
    if told == ",":
        return ","
    with_comma = {heading: column.filter(column.str.contains(",", literal=True)) for heading, column in columns.items()}
    for heading, column in columns.items():
        grouped = column.filter(column.str.contains(_THOUSANDS))
        if len(grouped):
            example = cut(repr(grouped[0]))
            raise DataError(f"column {cut(heading)} has thousands separators ({example}): write plain numbers")
    if told or not any(map(len, with_comma.values())):
        return "."
    if any(column.str.contains(".", literal=True).any() for column in columns.values()):
        return "."
    certain = any((~column.str.contains(_EITHER_WAY)).any() for column in with_comma.values())
    if certain:
        return ","
    heading, examples = next((heading, column) for heading, column in with_comma.items() if len(column))
    raise DataError(
        f"column {cut(heading)}: the comma in {cut(repr(examples[0]))} marks decimals or thousands; pass decimal=',' "
        "if it marks decimals, else write plain numbers"
    )


def _scaled(column: pl.Series) -> pl.Series:
    """Each number × 1e9 as Int128; null where it is missing, not a finite number, or has over 29 digits."""
    dtype = column.dtype
    if dtype == pl.Float64:
        return _scaled_floats(column)
    if dtype == pl.Float32:  # by its shortest text: 118.56 is meant, not 118.55999755859375
        column = column.cast(pl.String)
    elif dtype == pl.String:
        column = column.str.strip_chars()
    elif not (dtype.is_integer() or dtype.is_decimal() or dtype == pl.Null):
        raise DataError(f"column {cut(column.name)} is of type {dtype}: prices and volumes are numbers")
    return column.cast(_SCALED, strict=False).to_physical().cast(pl.Int128)


def _scaled_floats(column: pl.Series) -> pl.Series:
    values = column.fill_null(np.nan).to_numpy()
    small = np.abs(values) < _FLOAT_IS_EXACT_BELOW
    quick = np.rint(np.where(small, values, 0.0) * PRICE_SCALE).astype(np.int64)
    scaled = pl.Series(quick).cast(pl.Int128)
    large = np.flatnonzero(~small & np.isfinite(values))
    if len(large):
        texts = column.gather(large).cast(pl.String)
        scaled = scaled.scatter(large, texts.cast(_SCALED, strict=False).to_physical().cast(pl.Int128))
    missing = np.flatnonzero(~np.isfinite(values))
    return scaled.scatter(missing, None) if len(missing) else scaled


def _integers(numbers: pl.Series, column: pl.Series, problems: _Problems) -> tuple[IntArray, ReasonArray]:
    """Numbers as int64, and for each that is none the reason, told from the column it came from."""
    narrow = numbers.cast(pl.Int64, strict=False)
    reason = np.zeros(len(column), dtype=np.uint8)
    bad = np.flatnonzero(narrow.is_null().to_numpy())
    if len(bad):
        reason[bad] = _reasons(column.gather(bad), problems)
    return narrow.fill_null(0).to_numpy(), reason


def _reasons(column: pl.Series, problems: _Problems) -> ReasonArray:
    """Why values that did not become an int64 did not."""
    missing = column.is_null()
    if column.dtype == pl.String:
        column = column.str.strip_chars()
        missing |= column == ""
    floats = column.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    words = column.cast(pl.String).str.to_lowercase().str.contains(r"^[+-]?(nan|inf|infinity)$").fill_null(value=False)
    reason = np.where(np.isnan(floats), problems.unparseable, problems.too_large)
    reason[_mask(words)] = problems.not_finite
    reason[_mask(missing.fill_null(value=True))] = problems.missing
    return reason.astype(np.uint8)


def _mask(series: pl.Series) -> BoolArray:
    return series.to_numpy().astype(np.bool_)
