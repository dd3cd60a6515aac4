"""What vendors say about instruments beside their bars: definitions, open interest, and the files it came in."""

from __future__ import annotations

from dataclasses import dataclass

from barscope.domain.instruments import check_symbol
from barscope.domain.time import MAX_NS, NS_PER_DAY, day_start_ns
from barscope.errors import InvalidParameterError, cut

FUTURE = "F"
"""The instrument class of a single future, as in Databento's definitions; spreads have others."""


@dataclass(frozen=True, slots=True)
class InstrumentDefinition:
    """What an instrument is.

    Attributes:
        symbol: Its raw symbol.
        expiration_ns: When it expires, ns UTC.
        root: The product it belongs to, such as `ES`.
        instrument_class: One letter; `F` is a future.
        source_instrument_id: The vendor's number.
        activation_ns: When it begins to trade.
        first_notice_ns: When holders can first be told to deliver.
        tick_size: Smallest change of price, × 1e9.
        multiplier: Units of one contract.
        currency: ISO 4217 code.
        known_ns: When the vendor said so; the latest word counts.
    """

    symbol: str
    expiration_ns: int
    root: str
    instrument_class: str | None = FUTURE
    source_instrument_id: int | None = None
    activation_ns: int | None = None
    first_notice_ns: int | None = None
    tick_size: int | None = None
    multiplier: float | None = None
    currency: str | None = None
    known_ns: int = 0

    def __post_init__(self) -> None:
        check_symbol(self.symbol)
        check_symbol(self.root)
        if not 0 <= self.expiration_ns < MAX_NS:
            raise InvalidParameterError(f"{cut(self.symbol)} expires at {self.expiration_ns}: give nanoseconds, UTC")

    @property
    def last_day(self) -> tuple[int, str]:
        """The last day a contract can be held, counted from 1970-01-01 UTC, and what ends it."""
        if self.first_notice_ns is not None and self.first_notice_ns < self.expiration_ns:
            return self.first_notice_ns // NS_PER_DAY - 1, "first notice"
        return self.expiration_ns // NS_PER_DAY, "expiration"


@dataclass(frozen=True, slots=True)
class OpenInterest:
    """Contracts that were open at the end of a day.

    Attributes:
        day: `YYYY-MM-DD`.
        known_ns: When it was published, ns UTC; only days that begin later may use it.
        open_interest: Number of contracts.
        symbol: The raw symbol, or None where `source_instrument_id` names the instrument.
        source_instrument_id: The vendor's number.
    """

    day: str
    known_ns: int
    open_interest: int
    symbol: str | None = None
    source_instrument_id: int | None = None

    def __post_init__(self) -> None:
        if self.known_ns < day_start_ns(self.day):
            raise InvalidParameterError(f"open interest of {self.day} cannot be known before that day begins")
        if self.open_interest < 0:
            raise InvalidParameterError(f"open interest of {self.day} is {self.open_interest:,}: it cannot be below 0")
        if self.symbol is None and self.source_instrument_id is None:
            raise InvalidParameterError(f"open interest of {self.day} names no instrument: give its symbol")


@dataclass(frozen=True, slots=True)
class IngestedFile:
    """A vendor file that was stored whole.

    Attributes:
        file_hash: `sha256:` and the hexadecimal hash of its content.
        filename: Its name.
        rows: How many rows of it are stored.
    """

    file_hash: str
    filename: str
    rows: int = 0
