"""The columns of the children of a sweep, and their bytes in runs.db."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import polars as pl

from barscope.domain.performance.measures import BLOCKS, METRICS
from barscope.errors import StoreError
from barscope.studies.predictive_power import POWER_METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.domain.sampling import Combinations

PARAM = "param:"
"""What the column of a parameter begins with."""

_DIGEST_BYTES = 16

DONE, SKIPPED, FAILED = "done", "skipped", "failed"
VECTORISED, EVENTS, INDICATOR = "vectorised", "events", "indicator"

TRUST = ("observations", "periods_per_year", "skewness", "kurtosis")
"""What tells how far to trust a metric."""

BLOCK_COLUMNS = ("block_n", "block_sum", "block_squares")
"""Number, sum and sum of squares of the returns of each of `BLOCKS` blocks."""


def metrics_of(way: str) -> tuple[str, ...]:
    """The metrics that children have."""
    return POWER_METRICS if way == INDICATOR else METRICS


def schema_of(combinations: Combinations, way: str) -> dict[str, Any]:
    """Column → type of what a worker gives back."""
    schema: dict[str, Any] = {"combination": pl.Int64, "state": pl.String, "error": pl.String}
    schema |= {f"{PARAM}{name}": _kind(column) for name, column in combinations.columns.items()}
    schema |= dict.fromkeys(metrics_of(way), pl.Float64)
    if way != INDICATOR:
        schema |= dict.fromkeys(TRUST, pl.Float64)
        schema |= dict.fromkeys(BLOCK_COLUMNS, pl.Array(pl.Float32, BLOCKS))
    return schema


def _kind(column: Sequence[Any]) -> Any:  # noqa: ANN401  # a type of polars
    kinds = {type(value) for value in column}
    if kinds == {bool}:
        return pl.Boolean
    if kinds <= {int}:
        return pl.Int64
    return pl.Float64 if kinds <= {int, float} else pl.String


def placed(frame: pl.DataFrame, stretch: str, symbol: str) -> pl.DataFrame:
    """Rows as a worker gives them, with where they belong."""
    return frame.with_columns(pl.lit(symbol).alias("symbol"), pl.lit(stretch).alias("stretch"))


def to_bytes(frame: pl.DataFrame) -> bytes:
    """A frame as compressed Arrow, with a digest before it: Arrow has none, and polars may die of damaged bytes."""
    target = io.BytesIO()
    frame.write_ipc(target, compression="zstd")
    data = target.getvalue()
    return _digest(data) + data


def from_bytes(data: bytes) -> pl.DataFrame:
    """The frame again.

    Raises:
        StoreError: If the bytes are damaged.
    """
    told, columns = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    if told != _digest(columns):
        raise StoreError("stored results of a sweep are damaged: run it again")
    return pl.read_ipc(io.BytesIO(columns))


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
