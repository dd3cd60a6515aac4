"""Which column is which: headings in any case, and the other names vendors give them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from barscope.errors import DataError, cut

if TYPE_CHECKING:
    from collections.abc import Sequence

PRICES = ("open", "high", "low", "close")

_ALIASES = {
    "open": "open o openprice priceopen pxopen",
    "high": "high h highprice pricehigh pxhigh",
    "low": "low l lowprice pricelow pxlow",
    "close": "close c closeprice priceclose pxclose closelast",
    "volume": "volume vol v qty quantity",
    "symbol": "symbol ticker rawsymbol sym",
    "ts": "tsevent ts timestamp datetime opentime bartime timeutc dateutc datetimeutc unix unixtime epoch indexlevel0",
    "date": "date day tradedate tradingday",
    "time": "time timeofday",
}
_COLUMNS = {alias: column for column, aliases in _ALIASES.items() for alias in aliases.split()}


@dataclass(frozen=True, slots=True)
class Layout:
    """Positions of the columns that make a bar.

    Attributes:
        time: One position, or two where the date and the time of day stand apart.
        values: Positions of open, high, low, close and volume by name.
        symbol: Position of the symbol, where there is one.
        ignored: Headings that are no part of a bar.
    """

    time: tuple[int, ...]
    values: dict[str, int]
    symbol: int | None
    ignored: tuple[str, ...]

    def positions(self) -> list[int]:
        """All of them, in the order of the source."""
        return sorted({*self.time, *self.values.values(), *(() if self.symbol is None else (self.symbol,))})


def recognise(headings: Sequence[str], source: str) -> Layout:
    """The layout of a source by its headings.

    Raises:
        DataError: If a column is missing, or two headings mean the same one.
    """
    found: dict[str, int] = {}
    ignored = []
    for position, heading in enumerate(headings):
        column = column_of(heading)
        if column is None:
            ignored.append(heading)
        elif column in found:
            first = cut(headings[found[column]])
            raise DataError(f"{source}: the headings {first} and {cut(heading)} both mean {column}: keep one of them")
        else:
            found[column] = position
    time = _time(found, headings, source)
    missing = [name for name in (*PRICES, "volume") if name not in found]
    if not time or missing:
        missing = [*(() if time else ("a time (Date, Datetime or Timestamp)",)), *missing]
        hint = "; where the volume is unknown, add a Volume column of zeros" if missing == ["volume"] else ""
        names = ", ".join(cut(h) for h in headings[:20])
        raise DataError(f"{source}: no column for {', '.join(missing)}; its headings are {names}{hint}")
    values = {name: found[name] for name in (*PRICES, "volume")}
    return Layout(time, values, found.get("symbol"), tuple(ignored))


def column_of(heading: str) -> str | None:
    """The column a heading means (`ts`, `date`, `time`, `open` … `volume`, `symbol`), or None."""
    return _COLUMNS.get(re.sub(r"[\s_.<>()/-]", "", heading.casefold()))


def _time(found: dict[str, int], headings: Sequence[str], source: str) -> tuple[int, ...]:
    """The column of full timestamps, or the date and the time of day beside it."""
    if "ts" not in found:
        return tuple(found[name] for name in ("date", "time") if name in found)
    for other in ("date", "time"):
        if other in found:
            names = f"{cut(headings[found['ts']])} and {cut(headings[found[other]])}"
            raise DataError(f"{source}: the headings {names} both hold the time: keep one of them")
    return (found["ts"],)
