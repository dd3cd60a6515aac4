"""The file a vendor's client left, as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.bars import Bars, FixedPointBars
from barscope.errors import InvalidBarsError, MissingBarsError, cut
from barscope.ingest.source import read_source

if TYPE_CHECKING:
    from pathlib import Path

    from barscope.ingest.vendors.vendor import DailyQuestion

DAILY = 35


def delivered_bars(file: Path, question: DailyQuestion) -> tuple[Bars, list[str]]:
    """The bars, and notes on days that are not bars and were left out.

    Raises:
        VendorFileError: If the file is corrupt or truncated.
        MissingBarsError: If it holds none.
        InvalidBarsError: If two instruments have bars for one day.
    """
    named = question.symbol if file.suffix == ".parquet" else None  # a file in DBN format holds that symbol alone
    try:
        parsed = read_source(file, symbol=named, rtype=DAILY)
    except InvalidBarsError as error:
        raise MissingBarsError(f"{_nothing(question)}: {error}") from None
    parts = [batch.bars.columns() for batch in parsed.batches]
    if not sum(len(part[0]) for part in parts):
        raise MissingBarsError(f"{_nothing(question)}: choose other dates")
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    bars = FixedPointBars(*(column[order] for column in columns)).to_bars()
    if (np.diff(bars.ts) <= 0).any():
        raise InvalidBarsError(f"{cut(question.symbol)} has several bars for one day: ask for a single instrument")
    return bars, [f"{n:,} days were left out: {reason}." for reason, n in parsed.reasons.items()]


def _nothing(question: DailyQuestion) -> str:
    stretch = f"from {question.start_date} to {question.end_date or 'now'}"
    return f"{question.vendor} has no daily bars of {cut(question.symbol)} {stretch}"
