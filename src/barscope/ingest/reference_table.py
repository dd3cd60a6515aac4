"""Definitions and open interest out of a frame or a CSV file of a user."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from barscope.domain.bars import PRICE_SCALE
from barscope.domain.futures import parse_contract
from barscope.domain.reference import FUTURE, InstrumentDefinition, OpenInterest
from barscope.domain.time import NS_PER_DAY, date_of, day_start_ns
from barscope.errors import BarscopeError, DataError, InvalidParameterError, cut

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.ingest.source import Source

_KNOWN_AFTER_DAYS = 2
"""Open interest of a day is published on the next; it is used from the day after that on."""


def definitions_of(source: Source) -> list[InstrumentDefinition]:
    """A definition per row; raises `DataError` that names the first row that is none."""
    return _rows(source, ("symbol", "expiration"), _definition)


def open_interest_of(source: Source) -> list[OpenInterest]:
    """Open interest per row; raises `DataError` that names the first row that is none."""
    return _rows(source, ("symbol", "date", "open_interest"), _open_interest)


def _rows(source: Source, needed: tuple[str, ...], make: Callable[[dict[str, str]], Any]) -> list[Any]:
    table = _table(source)
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise DataError(f"no column {', '.join(missing)}: there are {', '.join(map(cut, table.columns[:12]))}")
    found = []
    for n, row in enumerate(table.iter_rows(named=True), start=1):
        try:
            found.append(make({name: value for name, value in row.items() if value not in (None, "")}))
        except (BarscopeError, KeyError, ValueError, InvalidOperation) as error:
            why = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
            raise DataError(f"row {n} cannot be read ({why}): {cut(row)}; nothing was written") from None
    return found


def _table(source: Source) -> pl.DataFrame:
    """The source with every value as text; dates in ISO order."""
    if isinstance(source, pl.DataFrame):
        frame = source
    elif not isinstance(source, str | PathLike):
        import pandas as pd

        texts = {str(name): [None if pd.isna(v) else str(v) for v in source[name]] for name in source.columns}
        frame = pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String))
    else:
        path = Path(source)
        if not path.is_file():
            raise DataError(f"no such file: {cut(path, 200)}")
        try:
            frame = pl.read_csv(path, infer_schema=False)
        except pl.exceptions.PolarsError as error:
            raise DataError(f"{path.name} cannot be read as CSV: {cut(error, 200)}") from None
    return frame.rename(lambda name: name.strip().lower()).cast(pl.String)


def _definition(row: dict[str, str]) -> InstrumentDefinition:
    symbol, name = row["symbol"], parse_contract(row["symbol"])
    root = row.get("root") or (name.root if name else None)
    if root is None:
        raise InvalidParameterError(f"symbol {cut(symbol)} does not say its root: give it in a column root")
    first_notice, activation, tick = row.get("first_notice"), row.get("activation"), row.get("tick_size")
    return InstrumentDefinition(
        symbol,
        _ns(row["expiration"]),
        root,
        FUTURE,
        None,
        _ns(activation) if activation else None,
        _ns(first_notice) if first_notice else None,
        int(Decimal(tick) * PRICE_SCALE) if tick else None,
        float(row["multiplier"]) if "multiplier" in row else None,
        row.get("currency"),
    )


def _open_interest(row: dict[str, str]) -> OpenInterest:
    of = _ns(row["date"])
    known = _ns(row["known"]) if "known" in row else day_start_ns(date_of(of)) + _KNOWN_AFTER_DAYS * NS_PER_DAY
    return OpenInterest(str(date_of(of)), known, int(Decimal(row["open_interest"])), row["symbol"])


def _ns(text: str) -> int:
    """A date, or a date and time, as nanoseconds; UTC unless it says otherwise."""
    import pandas as pd

    moment = pd.Timestamp(text)
    return int((moment.tz_localize("UTC") if moment.tz is None else moment).as_unit("ns").value)
