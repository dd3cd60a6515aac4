"""The rules a batch of bars has to keep before anything of it is stored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.instruments import check_symbol, check_symbol_type
from barscope.domain.periods import STORED_RTYPES
from barscope.errors import InvalidBarsError, InvalidParameterError, cut

if TYPE_CHECKING:
    from barscope.domain.bars import FixedPointBars
    from barscope.domain.batches import BarBatch


def checked(batch: BarBatch) -> BarBatch:
    """The batch, its numbers as plain Python ints, if it can be stored.

    Raises:
        InvalidParameterError: If the rtype is unknown, or nothing names the instrument.
        InvalidBarsError: If bars break a rule; with the number of rows per reason.
    """
    if batch.rtype not in STORED_RTYPES:
        raise InvalidParameterError(
            f"invalid rtype {batch.rtype}: use one of {', '.join(map(str, sorted(STORED_RTYPES)))}"
        )
    if batch.symbol is not None:
        check_symbol(batch.symbol)
        check_symbol_type(batch.symbol_type or "")
    elif batch.source_instrument_id is None:
        raise InvalidParameterError("a batch names no instrument: give a symbol or a source_instrument_id")
    reasons = {reason: rows for reason, rows in _faults(batch.bars).items() if rows}
    if reasons:
        found = ", ".join(f"{reason}: {rows} rows" for reason, rows in reasons.items())
        name = cut(batch.symbol) if batch.symbol is not None else f"instrument {batch.source_instrument_id}"
        raise InvalidBarsError(
            f"bars of {name} break a rule ({found}); nothing was written: correct or drop them", reasons
        )
    source_id = None if batch.source_instrument_id is None else int(batch.source_instrument_id)
    return replace(batch, rtype=int(batch.rtype), source_instrument_id=source_id)


def _faults(bars: FixedPointBars) -> dict[str, int]:
    columns = bars.columns()
    if any(column.dtype != np.int64 or column.shape != (len(bars),) for column in columns):
        return {"columns are not int64 of one length": len(bars)}
    _, open_, high, low, close, volume = columns
    return {
        "ts_event not increasing": int(np.count_nonzero(bars.ts[1:] <= bars.ts[:-1])),
        "high below low": int(np.count_nonzero(high < low)),
        "open outside low and high": int(np.count_nonzero((open_ < low) | (open_ > high))),
        "close outside low and high": int(np.count_nonzero((close < low) | (close > high))),
        "negative volume": int(np.count_nonzero(volume < 0)),
    }
