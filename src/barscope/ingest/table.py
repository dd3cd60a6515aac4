"""A table of any origin, its columns known by their headings, becomes bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from barscope.domain.bars import IntArray
from barscope.domain.instruments import check_symbol
from barscope.errors import DataError, InvalidBarsError, InvalidParameterError, close_matches, cut
from barscope.ingest.headings import PRICES, Layout, recognise
from barscope.ingest.judge import Draft, InstrumentName, judge
from barscope.ingest.numbers import decimal_mark, fixed_point, whole_numbers
from barscope.ingest.options import ReadOptions
from barscope.ingest.report import ParsedSource
from barscope.ingest.rows import Reason, ReasonArray, Rows
from barscope.ingest.times import Times, read_times

_TEXT_LIMIT = 200
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # of the years 1 and 9999, since the epoch
_PER_DAY = {"ms": 86_400_000, "us": 86_400_000_000}  # 64 bits of nanoseconds end in the year 2262


@dataclass(frozen=True, eq=False)
class Table:
    """The columns of a source by position.

    Attributes:
        source: For messages.
        headings: One per column.
        columns: Position → column; columns that are no part of a bar may be left out.
        numbers: The number people give each row.
        overlong: Number of a row with more fields than headings → its text.
        unverified: Why nothing vouches for the number of rows.
    """

    source: str
    headings: tuple[str, ...]
    columns: Mapping[int, pl.Series]
    numbers: IntArray
    overlong: Mapping[int, str] = field(default_factory=dict)
    unverified: str | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: IntArray) -> Table:
        """The table with these rows only."""
        columns = {position: column.gather(rows) for position, column in self.columns.items()}
        return replace(self, columns=columns, numbers=self.numbers[rows])

    def texts(self, rows: IntArray) -> list[str]:
        """Rows as text, cut to a length that fits a report."""
        frame = pl.DataFrame([_as_text(c.gather(rows)).alias(str(p)) for p, c in self.columns.items()])
        joined = frame.select(pl.concat_str(pl.all().fill_null(""), separator=",")).to_series()
        numbers = self.numbers[rows].tolist()
        return [cut(self.overlong.get(n, text), _TEXT_LIMIT) for n, text in zip(numbers, joined, strict=True)]


def read_table(table: Table, options: ReadOptions) -> ParsedSource:
    """The bars of a table.

    Raises:
        DataError: If a column is missing, double, or of a type that cannot be read.
        InvalidBarsError: If no row is a bar, or one is not and `options.strict`.
        InvalidParameterError: If the symbol or the record type has to be told.
    """
    layout = recognise(table.headings, table.source)
    if not len(table):
        raise InvalidBarsError(f"{table.source}: it has headings but no rows")
    ignored = [cut(heading) for heading in layout.ignored if heading]
    notes = [f"columns left out: {', '.join(ignored)}"] if ignored else []
    table, note = _of_symbol(table, layout, options)
    names, instrument, symbol_reason = _instruments(table, layout, options)
    times = _times(table, layout, options)
    options.on_progress(0.6)
    values, value_reason = _values(table, layout, options)
    options.on_progress(0.8)
    reason = _first(_overlong(table), symbol_reason, times.reason, value_reason)
    return judge(
        Draft(
            table.source,
            Rows(reason, instrument, times.ns, *values),
            [InstrumentName(name, options.symbol_type) for name in names],
            table.numbers,
            table.texts,
            [text for text in (*notes, note, times.note) if text],
            negative_prices=options.negative_prices,
            unverified=table.unverified,
        ),
        options,
    )


def _as_text(column: pl.Series) -> pl.Series:
    """A column as text; moments outside of the years 1 to 9999, which damage can leave in a file, as their numbers."""
    dtype = column.dtype
    per_day = _PER_DAY.get(dtype.time_unit) if isinstance(dtype, pl.Datetime) else 1 if dtype == pl.Date else None
    if per_day is None:
        return column.cast(pl.String)
    numbers = column.to_physical().cast(pl.Int64)
    outside = ((numbers < _FIRST_DAY * per_day) | (numbers > _LAST_DAY * per_day)).fill_null(value=False)
    return numbers.cast(pl.String).zip_with(outside, column.set(outside, None).cast(pl.String))


def _of_symbol(table: Table, layout: Layout, options: ReadOptions) -> tuple[Table, str | None]:
    """The rows of the symbol asked for, and a note on those of others."""
    if layout.symbol is None:
        if options.symbol is None:
            raise InvalidParameterError(f"{table.source}: it has no symbol column; pass symbol=")
        return table, None
    if options.symbol is None:
        return table, None
    column = _symbol_column(table, layout.symbol)
    asked = (column == options.symbol).fill_null(value=False).to_numpy()
    if asked.all():
        return table, None
    if not asked.any():
        near = close_matches(options.symbol, column.drop_nulls().unique().to_list())
        hint = f"; close ones are {', '.join(map(cut, near))}" if near else ""
        raise DataError(f"{table.source}: no row is of symbol {cut(options.symbol)}{hint}")
    note = f"{np.count_nonzero(~asked):,} rows of other symbols left out"
    return table.take(np.flatnonzero(asked)), note


def _symbol_column(table: Table, position: int) -> pl.Series:
    column = table.columns[position]
    if not isinstance(column.dtype, pl.String | pl.Categorical | pl.Enum | pl.Null):
        raise DataError(
            f"{table.source}: the symbols are of type {column.dtype}, which may have lost leading zeros: "
            "convert the column to text"
        )
    return column.cast(pl.String)


def _instruments(table: Table, layout: Layout, options: ReadOptions) -> tuple[list[str], IntArray, ReasonArray]:
    """Symbols in order, which one each row is of, and the reason of rows whose symbol is not usable."""
    reason = np.zeros(len(table), dtype=np.uint8)
    if layout.symbol is None:
        return [options.symbol or ""], np.zeros(len(table), dtype=np.int64), reason
    column = _symbol_column(table, layout.symbol)
    names = column.drop_nulls().unique().sort()
    codes = column.cast(pl.Enum(names)).to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
    texts = names.to_list()
    usable = np.array([*map(_is_symbol, texts), True])  # the last is that of the code -1
    reason[~usable[codes]] = Reason.INVALID_SYMBOL
    reason[codes < 0] = Reason.MISSING_SYMBOL
    return texts, codes, reason


def _is_symbol(text: str) -> bool:
    try:
        check_symbol(text)
    except InvalidParameterError:
        return False
    return True


def _times(table: Table, layout: Layout, options: ReadOptions) -> Times:
    columns = [table.columns[position] for position in layout.time]
    if len(columns) == 2:
        if any(column.dtype != pl.String for column in columns):
            raise DataError(
                f"{table.source}: a date and a time column are both there: join them to one datetime column"
            )
        columns = [columns[0] + " " + columns[1]]
    column = columns[0].alias(table.headings[layout.time[0]])
    return read_times(column, time_zone=options.time_zone, ts_unit=options.ts_unit)


def _values(table: Table, layout: Layout, options: ReadOptions) -> tuple[list[IntArray], ReasonArray]:
    """Open, high, low, close as fixed point and the volume, and the first reason of each row that has a bad one."""
    columns = {table.headings[at]: table.columns[at].alias(table.headings[at]) for at in layout.values.values()}
    headings = {name: table.headings[at] for name, at in layout.values.items()}
    texts = {headings[name]: columns[headings[name]] for name in PRICES if columns[headings[name]].dtype == pl.String}
    if decimal_mark(texts, options.decimal) == ",":
        columns = {heading: _with_full_stop(column) for heading, column in columns.items()}
    read = [fixed_point(columns[headings[name]]) for name in PRICES]
    read.append(whole_numbers(columns[headings["volume"]]))
    return [values for values, _ in read], _first(*(reason for _, reason in read))


def _with_full_stop(column: pl.Series) -> pl.Series:
    """Numbers written with a decimal comma, with a full stop; a full stop they have already makes them unreadable."""
    if column.dtype != pl.String:
        return column
    return column.str.replace_all(".", "?", literal=True).str.replace_all(",", ".", literal=True)


def _overlong(table: Table) -> ReasonArray:
    return np.where(np.isin(table.numbers, list(table.overlong)), Reason.MORE_FIELDS_THAN_HEADINGS, 0).astype(np.uint8)


def _first(*reasons: ReasonArray) -> ReasonArray:
    """Row by row the first reason there is."""
    first = reasons[0].copy()
    for reason in reasons[1:]:
        np.copyto(first, reason, where=first == 0)
    return first
