"""The one way in: a file or frame of any known kind becomes bars."""

from __future__ import annotations

import sys
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from barscope.errors import DataError, cut
from barscope.ingest.batch import is_batch, read_batch
from barscope.ingest.dbn import read_dbn
from barscope.ingest.delimited import read_delimited
from barscope.ingest.frames import table_of_pandas, table_of_parquet, table_of_polars
from barscope.ingest.options import Progress, ReadOptions, unheard
from barscope.ingest.report import ParsedSource
from barscope.ingest.table import Table, read_table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    Source = str | PathLike[str] | pd.DataFrame | pl.DataFrame

_TEXT = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz")
_PARQUET = (".parquet", ".pq")
_DBN = (".dbn", ".dbn.zst")


def read_source(
    source: Source,
    *,
    symbol: str | None = None,
    rtype: int | None = None,
    symbol_type: str = "raw_symbol",
    time_zone: str = "UTC",
    ts_unit: str | None = None,
    decimal: str | None = None,
    encoding: str = "utf-8",
    sort: bool = False,
    strict: bool = False,
    negative_prices: bool = False,
    on_progress: Progress | None = None,
) -> ParsedSource:
    """Reads the bars of a file or frame; rows that are no bars are kept in the report with their reason.

    Args:
        source: A CSV file (`.csv`, `.tsv`, `.txt`, also `.gz`), a Parquet file, a vendor file (`.dbn`, `.dbn.zst`), a
            vendor's batch (`.zip`, or its folder), or a pandas or polars DataFrame. Times are those of the open of the
            bar.
        symbol: The symbol of a source that has no symbol column; of one that has, the only symbol to read.
        rtype: Record type, 32 (1 second) to 35 (1 day); inferred from the spacing of the times where that is clear.
            A vendor file states its own.
        symbol_type: What kind of name the symbols are; a vendor file states its own.
        time_zone: IANA name of the clock that times without an offset were read from.
        ts_unit: `s`, `ms`, `us` or `ns` of epoch numbers; detected where every value is between 1971 and 2199.
        decimal: Decimal mark of text prices, `.` or `,`; detected where it is clear.
        encoding: Of a text file without a byte order mark.
        sort: Accept rows that are out of order; without it they are rejected. Newest first is always accepted.
        strict: Refuse the source when a single row is not a bar.
        negative_prices: Accept prices below zero; in vendor files they are always accepted.
        on_progress: Called with the share of the work done; what it raises ends the reading.

    Raises:
        DataError: If the source cannot be opened, is of no known kind, or lacks a column.
        VendorFileError: If a file is corrupt, truncated, or not what its name says.
        InvalidBarsError: If no row is a bar, or one is not and `strict`.
        InvalidParameterError: If an argument is wrong, or one that is needed is missing.
    """
    options = ReadOptions(
        symbol,
        symbol_type,
        rtype,
        time_zone,
        ts_unit,
        decimal,
        encoding,
        sort,
        strict,
        negative_prices,
        on_progress or unheard,
    )
    if isinstance(source, str | PathLike):
        path = Path(source)
        if path.name.lower().endswith(_DBN):
            return read_dbn(path, options)
        if is_batch(path):
            return read_batch(path, options)
        table = _table_of_file(path, options)
    else:
        table = _table_of_frame(source)
    options.on_progress(0.3)
    return read_table(table, options)


def _table_of_file(path: Path, options: ReadOptions) -> Table:
    name = path.name.lower()
    if name.endswith(_TEXT):
        return read_delimited(path, encoding=options.encoding)
    if name.endswith(_PARQUET):
        return table_of_parquet(path)
    kinds = ", ".join((*_TEXT, *_PARQUET, *_DBN, ".zip"))
    if path.is_dir():
        raise DataError(
            f"{cut(path, 200)} is a folder without a manifest.json: name a file in it, of one of the kinds {kinds}"
        )
    raise DataError(f"{cut(path.name)} is of no kind that is read: the kinds are {kinds}")


def _table_of_frame(source: object) -> Table:
    # A frame can only be one of a library that is loaded already.
    pandas, polars = sys.modules.get("pandas"), sys.modules["polars"]
    if isinstance(source, polars.DataFrame):
        return table_of_polars(source)
    if pandas is not None and isinstance(source, pandas.DataFrame):
        return table_of_pandas(source)
    raise DataError(f"a {type(source).__name__} is not read: pass a file, a pandas DataFrame or a polars DataFrame")
