"""CSV and its relatives: one line a row, every field read as exact text."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from barscope.errors import DataError, InvalidBarsError, InvalidParameterError, VendorFileError, cut
from barscope.ingest.files import gunzip, looks_like, read_bytes
from barscope.ingest.table import Table

_SEPARATORS = ",;\t|"
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def read_delimited(path: Path, *, encoding: str = "utf-8") -> Table:
    """The table of a text file, gzipped or not; row numbers are line numbers, the heading being line 1.

    Args:
        path: The file.
        encoding: Of a file without a byte order mark.

    Raises:
        DataError: If the file cannot be opened, is not text, or has no heading line.
    """
    source = path.name
    content = read_bytes(path)
    unverified: str | None = "a text file does not say how many rows it has"
    if path.suffix.lower() == ".gz":
        content, members = gunzip(content, source)
        unverified = None if members == 1 else "a gzip file of several members does not say how many it has"
    content = _utf8(content, source, encoding)
    heading_line, _, body = content.partition(b"\n")
    separator, headings = _headings(heading_line.decode("utf-8"), source)
    if not body.strip():
        raise InvalidBarsError(f"{source}: it has headings but no rows")
    table = _quick(body, source, separator, headings) or _line_by_line(body, source, separator, headings)
    return replace(table, unverified=unverified)


def _utf8(content: bytes, source: str, encoding: str) -> bytes:
    """The text as UTF-8, its lines divided by line feeds."""
    if not content.strip():
        raise InvalidBarsError(f"{source}: the file is empty")
    for bom, marked in _BOMS.items():
        if content.startswith(bom):
            encoding = marked
    try:
        text = content.decode(encoding)
    except LookupError:
        raise InvalidParameterError(f"unknown encoding {cut(encoding)}: use a name such as utf-8 or cp1252") from None
    except UnicodeDecodeError as error:
        if b"\0" in content[:1024]:
            raise VendorFileError(f"{source}: not a text file but {looks_like(content)}") from None
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{source}: line {line} is not {encoding} (byte {error.start:,}); save the file as UTF-8 or pass its "
            "encoding, such as encoding='cp1252'"
        ) from None
    if "\0" in text:
        raise VendorFileError(f"{source}: not a text file but {looks_like(content)}: it holds NUL bytes")
    if encoding not in ("utf-8", "utf8"):
        content = text.encode("utf-8")
    return content if b"\n" in content else content.replace(b"\r", b"\n")


def _headings(line: str, source: str) -> tuple[str, tuple[str, ...]]:
    """The separator that cuts the heading line into most fields, and the fields."""
    cuts = {separator: _fields(line, separator) for separator in _SEPARATORS}
    separator = max(_SEPARATORS, key=lambda s: len(cuts[s]))
    if len(cuts[separator]) < 2:
        raise DataError(f"{source}: its first line {cut(repr(line))} holds no headings separated by , ; tab or |")
    return separator, tuple(heading.strip() for heading in cuts[separator])


def _fields(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\r")], delimiter=separator), [])
    except csv.Error:  # a field longer than the reader allows
        return []


def _quick(body: bytes, source: str, separator: str, headings: tuple[str, ...]) -> Table | None:
    """The table where every line is a row with no more fields than there are headings, else None."""
    try:
        frame = pl.read_csv(
            io.BytesIO(body),
            has_header=False,
            schema={str(position): pl.String for position in range(len(headings))},
            separator=separator,
        )
    except pl.exceptions.PolarsError:
        return None
    if len(frame) != body.count(b"\n") + (not body.endswith(b"\n")):
        return None  # a quoted line break, or a stray quote that swallowed rows
    filled = np.flatnonzero(frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series().to_numpy())
    frame = frame if len(filled) == len(frame) else frame[filled]
    return Table(source, headings, dict(enumerate(frame.iter_columns())), filled + 2)


def _line_by_line(body: bytes, source: str, separator: str, headings: tuple[str, ...]) -> Table:
    """The table of a file with odd lines: each line is a row, whatever its neighbours hold."""
    width = len(headings)
    columns: list[list[str | None]] = [[] for _ in headings]
    numbers, overlong = [], {}
    for number, line in enumerate(body.decode("utf-8").split("\n"), start=2):
        if not line.strip():
            continue
        fields = _fields(line, separator)
        numbers.append(number)
        if len(fields) > width:
            overlong[number] = line
        padded = [*fields[:width], *[""] * (width - len(fields))]
        for column, value in zip(columns, padded, strict=True):
            column.append(value or None)
    series = {position: pl.Series(values, dtype=pl.String) for position, values in enumerate(columns)}
    return Table(source, headings, series, np.array(numbers, dtype=np.int64), overlong)
