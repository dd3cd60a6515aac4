"""pandas and polars frames and Parquet files as tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from barscope.errors import DataError, VendorFileError, cut
from barscope.ingest.files import looks_like, most_unpacked, read_bytes
from barscope.ingest.headings import column_of, recognise
from barscope.ingest.table import Table

if TYPE_CHECKING:
    import pandas as pd

_TIMES = ("ts", "date", "time")
_VALUE_BYTES = 8


def table_of_parquet(path: Path) -> Table:
    """The columns of a Parquet file that make bars; the others are not read.

    Raises:
        DataError: If the file cannot be opened or lacks a column.
        VendorFileError: If it is corrupt, truncated, or no Parquet file.
    """
    source = path.name
    head = read_bytes(path, limit=16)
    if not head.startswith(b"PAR1"):
        raise VendorFileError(f"{source}: not a Parquet file but {looks_like(head)}")
    try:
        headings = tuple(pl.read_parquet_schema(path))
        positions = recognise(headings, source).positions()
        _check_size(path, len(positions))
        frame = pl.read_parquet(path, columns=[headings[position] for position in positions])
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise VendorFileError(f"{source}: the Parquet file is corrupt or truncated: {cut(error, 200)}") from None
    columns = dict(zip(positions, frame.iter_columns(), strict=True))
    return Table(source, headings, columns, np.arange(1, len(frame) + 1))


def _check_size(path: Path, n_columns: int) -> None:
    """Refuses a file whose columns would unpack to more than market data do."""
    rows = pl.scan_parquet(path).select(pl.len()).collect().item()
    most = most_unpacked(path.stat().st_size)
    if rows * n_columns * _VALUE_BYTES > most:
        raise VendorFileError(
            f"{path.name}: its {rows:,} rows unpack to more than {most:,} bytes: it is corrupt, or has to be split"
        )


def table_of_polars(frame: pl.DataFrame) -> Table:
    """A polars frame as a table."""
    columns = dict(enumerate(frame.iter_columns()))
    return Table("polars DataFrame", tuple(frame.columns), columns, np.arange(1, len(frame) + 1))


def table_of_pandas(frame: pd.DataFrame) -> Table:
    """A pandas frame as a table; times and symbols may stand in the index.

    Raises:
        DataError: If the columns have several levels, or one is missing or double.
    """
    source = "pandas DataFrame"
    if frame.columns.nlevels > 1:
        raise DataError(
            f"{source}: its columns have {frame.columns.nlevels} levels: select one symbol, as with frame.xs"
        )
    headings = [str(column) for column in frame.columns]
    series = {position: frame.iloc[:, position] for position in range(len(headings))}
    for name, level in _index_levels(frame.index, headings):
        series[len(headings)] = level
        headings.append(name)
    wanted = recognise(headings, source).positions()
    columns = {position: _from_pandas(series[position]) for position in wanted}
    return Table(source, tuple(headings), columns, np.arange(1, len(frame) + 1))


def _index_levels(index: pd.Index, headings: list[str]) -> list[tuple[str, pd.Series]]:
    """The levels of an index that hold times or symbols the columns do not."""
    known = {column_of(heading) for heading in headings}
    if known & set(_TIMES):
        known |= set(_TIMES)
    levels = []
    for number in range(index.nlevels):
        values = index.get_level_values(number).to_series().reset_index(drop=True)
        is_time = values.dtype.kind == "M"
        name = "timestamp" if index.names[number] is None and is_time else str(index.names[number])
        means = column_of(name) or ("ts" if is_time else None)
        if means in (*_TIMES, "symbol") and means not in known:
            levels.append((name if column_of(name) else "timestamp", values))
    return levels


def _from_pandas(series: pd.Series) -> pl.Series:
    """A pandas column as polars one, by its values: no type is guessed for text."""
    dtype = series.dtype
    if dtype.kind == "M":
        return _from_datetimes(series)
    if isinstance(dtype, np.dtype) and dtype.kind in "iuf":
        return pl.Series(series.to_numpy())
    values = series.astype(object).where(series.notna(), None).tolist()
    try:
        return pl.Series(values, strict=True)
    except (TypeError, pl.exceptions.PolarsError):  # of several types
        return pl.Series([None if value is None else str(value) for value in values], dtype=pl.String)


def _from_datetimes(series: pd.Series) -> pl.Series:
    zone = getattr(series.dt, "tz", None)
    if zone is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    if series.dt.unit == "s":  # polars has no seconds
        series = series.dt.as_unit("ms")
    moments = pl.Series(series.to_numpy())
    return moments.dt.replace_time_zone("UTC") if zone is not None else moments
