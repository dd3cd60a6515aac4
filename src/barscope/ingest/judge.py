"""Judges the rows of a source and gathers the bars and an account of the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from barscope.domain.bars import IntArray
from barscope.domain.batches import BarBatch, SymbologyEntry
from barscope.domain.instruments import PublisherName
from barscope.errors import InvalidBarsError
from barscope.ingest.options import ReadOptions
from barscope.ingest.report import ParsedSource
from barscope.ingest.rows import (
    Reason,
    Rows,
    accepted_bars,
    reject_disorder,
    reject_impossible_bars,
    reject_repeated_times,
)
from barscope.ingest.spacing import settle_period

_ROWS_IN_ERROR = 1000
_REMEDIES = {
    Reason.UNPARSEABLE_TIME.text: "write times as 2024-01-31 or 2024-01-31 09:30:00, or as epoch numbers",
    Reason.OUT_OF_ORDER.text: "sort them, or pass sort=True",
    Reason.NEGATIVE_PRICE.text: "correct them, or pass negative_prices=True where they are real",
}


class InstrumentName(NamedTuple):
    """What a source calls one of its instruments."""

    symbol: str | None = None
    symbol_type: str | None = None
    source_instrument_id: int | None = None


@dataclass(frozen=True, eq=False)
class Draft:
    """The rows of a source before they are judged.

    Attributes:
        source: For messages.
        rows: Those that could not be read are rejected already.
        instruments: The names `rows.instrument` counts through.
        numbers: The number people give each row.
        text_of: The text of some rows by their index, for the report.
        notes: How the source was understood so far.
        rtype: The record type where the source states it.
        negative_prices: Whether prices below zero are real.
        symbology: What the source says about its symbols.
        publisher: Who the source says it is from.
        unverified: Why nothing vouches for the number of rows.
    """

    source: str
    rows: Rows
    instruments: Sequence[InstrumentName]
    numbers: IntArray
    text_of: Callable[[IntArray], list[str]]
    notes: Sequence[str] = ()
    rtype: int | None = None
    negative_prices: bool = False
    symbology: tuple[SymbologyEntry, ...] = ()
    publisher: PublisherName | None = None
    unverified: str | None = None


def judge(draft: Draft, options: ReadOptions) -> ParsedSource:
    """The bars among the rows of a draft, and why the others are none.

    Raises:
        InvalidBarsError: If no row is a bar, or one is not and `options.strict`.
        InvalidParameterError: If the record type cannot be told, or is not the one of the rows.
    """
    rows = draft.rows
    reject_impossible_bars(rows, negative_prices=draft.negative_prices)
    reject_repeated_times(rows)
    notes = [*draft.notes, reject_disorder(rows, sort=options.sort)]
    if len(rows) and rows.reason.all():
        raise _invalid(draft, f"none of its {len(rows):,} rows is a bar")
    rtype = draft.rtype
    if rtype is None:
        rtype, note = settle_period(rows, options.rtype, draft.source)
        notes.append(note)
    if options.strict and rows.reason.any():
        raise _invalid(draft, f"{np.count_nonzero(rows.reason):,} of its {len(rows):,} rows are no bars")
    options.on_progress(0.9)
    batches = tuple(BarBatch(rtype, bars, *draft.instruments[instrument]) for instrument, bars in accepted_bars(rows))
    parsed = ParsedSource(
        draft.source,
        batches,
        draft.symbology,
        len(rows),
        _rejected_rows(draft, np.flatnonzero(rows.reason)),
        rows.reasons(),
        tuple(note for note in notes if note),
        draft.publisher,
        unverified=draft.unverified,
    )
    options.on_progress(1.0)
    return parsed


def _rejected_rows(draft: Draft, wanted: IntArray) -> pl.DataFrame:
    reasons = [Reason(code).text for code in draft.rows.reason[wanted].tolist()]
    return pl.DataFrame(
        {"row": draft.numbers[wanted], "reason": reasons, "text": draft.text_of(wanted)},
        schema={"row": pl.Int64, "reason": pl.String, "text": pl.String},
    )


def _invalid(draft: Draft, what: str) -> InvalidBarsError:
    """The error of a source without bars, with the first rows and their reasons."""
    wanted = np.flatnonzero(draft.rows.reason)[:_ROWS_IN_ERROR]
    reasons = draft.rows.reasons()
    shown = [f"row {n} ({reason}): {text}" for n, reason, text in _rejected_rows(draft, wanted[:3]).iter_rows()]
    counts = ", ".join(f"{n:,} {reason}" for reason, n in reasons.items())
    remedy = _REMEDIES.get(next(iter(reasons)), "correct them and read the source again")
    return InvalidBarsError(
        f"{draft.source}: {what}: {counts}; {remedy}. First: {'; '.join(shown)}",
        reasons,
        draft.numbers[wanted].tolist(),
    )
