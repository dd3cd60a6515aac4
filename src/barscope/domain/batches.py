"""What ingestion hands to the store: the bars of one instrument and period, and who it is."""

from __future__ import annotations

from dataclasses import dataclass

from barscope.domain.bars import FixedPointBars


@dataclass(frozen=True, slots=True)
class BarBatch:
    """Bars of one instrument and record type.

    At least one of `symbol` (with `symbol_type`) and `source_instrument_id` names the instrument.
    """

    rtype: int
    bars: FixedPointBars
    symbol: str | None = None
    symbol_type: str | None = None
    source_instrument_id: int | None = None


@dataclass(frozen=True, slots=True)
class SymbologyEntry:
    """A vendor's word on which instrument number a symbol means, for [start_date, end_date), `YYYY-MM-DD`."""

    symbol: str
    symbol_type: str
    source_instrument_id: int
    start_date: str
    end_date: str
