"""How a source is to be understood: what the caller says about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from barscope.domain.instruments import check_symbol, check_symbol_type
from barscope.errors import InvalidParameterError, cut
from barscope.ingest.spacing import check_rtype
from barscope.ingest.times import check_zone

Progress = Callable[[float], None]
"""Called with the share of the work done, 0 to 1."""


def unheard(_share: float) -> None:
    """A `Progress` that tells nobody."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the caller says about a source; see `read_source`."""

    symbol: str | None = None
    symbol_type: str = "raw_symbol"
    rtype: int | None = None
    time_zone: str = "UTC"
    ts_unit: str | None = None
    decimal: str | None = None
    encoding: str = "utf-8"
    sort: bool = False
    strict: bool = False
    negative_prices: bool = False
    on_progress: Progress = unheard

    def __post_init__(self) -> None:
        if self.symbol is not None:
            check_symbol(self.symbol)
        check_symbol_type(self.symbol_type)
        check_rtype(self.rtype)
        check_zone(self.time_zone)
        if self.decimal not in (None, ".", ","):
            raise InvalidParameterError(f"decimal is {cut(repr(self.decimal))}: use '.' or ','")
