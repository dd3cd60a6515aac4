"""Bars as columns (`Bars`, for everything that computes) and one at a time (`Bar`, for streaming)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from barscope.errors import InvalidBarsError

if TYPE_CHECKING:
    from collections.abc import Iterator

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PRICE_SCALE = 1_000_000_000
"""Stored integer prices are price × 1e9."""


class BarField(Enum):
    """A column of a bar that an indicator can read; the value is the name of the column."""

    OPEN = "open"
    HIGH = "high"
    LOW = "low"
    CLOSE = "close"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: `ts` is the open of its interval in ns UTC; prices in currency units."""

    ts: int
    open: float
    high: float
    low: float
    close: float
    volume: int


@dataclass(frozen=True, eq=False, repr=False)
class Bars:
    """The bars of one symbol and period as read-only columns, each of shape (bars,), ordered by `ts`.

    Attributes:
        ts: Open of each interval, int64 ns UTC, strictly increasing.
        open: First price, float64, currency units (as high, low, close).
        high: Highest price.
        low: Lowest price.
        close: Last price.
        volume: Traded units, int64.
    """

    ts: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: IntArray

    def __post_init__(self) -> None:
        n = len(self.ts)
        for f in fields(self):
            kind = np.int64 if f.name in ("ts", "volume") else np.float64
            column = np.ascontiguousarray(getattr(self, f.name), dtype=kind)
            if column.shape != (n,):
                raise InvalidBarsError(f"column {f.name} has shape {column.shape}, ts has ({n},): all must be equal")
            if column.flags.writeable:  # of a read-only buffer the flag cannot be set again by code that is given bars
                column = np.asarray(column.data.toreadonly())
            object.__setattr__(self, f.name, column)

    def __len__(self) -> int:
        return len(self.ts)

    def __repr__(self) -> str:
        return f"Bars({len(self)} bars)"

    def __iter__(self) -> Iterator[Bar]:
        columns = (self.ts, self.open, self.high, self.low, self.close, self.volume)
        for row in zip(*(c.tolist() for c in columns), strict=True):
            yield Bar(*row)

    @property
    def nbytes(self) -> int:
        """Memory of the six columns, bytes."""
        return sum(getattr(self, f.name).nbytes for f in fields(self))

    def field(self, which: BarField) -> FloatArray:
        """One column as float64."""
        return getattr(self, which.value).astype(np.float64, copy=False)  # type: ignore[no-any-return]  # an array by its name

    def rows(self, start: int, stop: int) -> Bars:
        """The bars start..stop-1 as views."""
        return Bars(*(getattr(self, f.name)[start:stop] for f in fields(self)))

    def where(self, kept: NDArray[np.bool_]) -> Bars:
        """The bars that a mask of shape (bars,) keeps."""
        return self if kept.all() else Bars(*(getattr(self, f.name)[kept] for f in fields(self)))


@dataclass(frozen=True, eq=False, repr=False)
class FixedPointBars:
    """Bars as they are stored: int64 columns, prices × 1e9, of shape (bars,), ordered by `ts`, strictly increasing."""

    ts: IntArray
    open: IntArray
    high: IntArray
    low: IntArray
    close: IntArray
    volume: IntArray

    def __len__(self) -> int:
        return len(self.ts)

    def __repr__(self) -> str:
        return f"FixedPointBars({len(self)} bars)"

    def columns(self) -> tuple[IntArray, ...]:
        """The six columns in the order of the table."""
        return (self.ts, self.open, self.high, self.low, self.close, self.volume)

    def to_bars(self) -> Bars:
        """The same bars with prices in currency units."""
        o, h, lo, c = (column / PRICE_SCALE for column in self.columns()[1:5])
        return Bars(self.ts, o, h, lo, c, self.volume)
