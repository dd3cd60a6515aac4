"""Columns of numbers as compressed bytes: the blobs of `run_columns`.

A blob is one zstd frame of little-endian values: int64 for `ts` and `volume`, float64 for every other series.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from barscope.errors import StoreError

CHUNK_ROWS = 20_000
"""Rows of a chunk, which is also what one transaction writes."""

BAR_SERIES = ("ts", "open", "high", "low", "close", "volume")
"""The series of `run_columns` that hold the bars; all others are indicators."""

_LEVEL = 1
_WIDTH = 8

Column = NDArray[Any]


def encode(values: Column) -> bytes:
    """A column of int64 or float64 values as a blob."""
    return zstandard.compress(as_bytes(values), _LEVEL)


def decode(blob: bytes, n: int, series: str) -> Column:
    """The `n` values of a blob of `run_columns`.

    Raises:
        StoreError: If the blob is damaged or holds another number of values.
    """
    column = np.empty(n, dtype=dtype_of(series))
    decode_into(column, blob, series)
    return column


def decode_into(column: Column, blob: bytes, series: str) -> None:
    """Fills a column, or a part of one, with the values of a blob; raises as `decode`."""
    try:
        if zstandard.frame_content_size(blob) != len(column) * _WIDTH:  # a frame can claim terabytes
            raise zstandard.ZstdError("wrong size")
        with zstandard.ZstdDecompressor().stream_reader(blob) as reader:
            if reader.readinto(column.view(np.uint8).data) != len(column) * _WIDTH:
                raise zstandard.ZstdError("it ends early")
    except zstandard.ZstdError as error:
        raise StoreError(f"a stored chunk of series {series} is damaged ({error}): run it again") from error


def as_bytes(values: Column) -> bytes:
    """The uncompressed content of a blob."""
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


def dtype_of(series: str) -> str:
    """The stored type of a series of `run_columns`."""
    return "<i8" if series in ("ts", "volume") else "<f8"
