"""Who publishes bars, of what, under which name: values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from barscope.domain.time import TimeRange
from barscope.errors import InvalidParameterError, cut

SymbolType = Literal["raw_symbol", "continuous", "ticker"]
SYMBOL_TYPES: tuple[str, ...] = get_args(SymbolType)


@dataclass(frozen=True, slots=True)
class Publisher:
    """A source of bars: a vendor's dataset at a venue."""

    publisher_id: int
    name: str
    dataset: str
    venue: str | None = None


class PublisherName(NamedTuple):
    """How a publisher is named: what `publishers` of the security master is keyed by, and the venue."""

    name: str
    dataset: str
    venue: str | None = None


@dataclass(frozen=True, slots=True)
class Instrument:
    """A thing that trades, as one publisher knows it: by the vendor's number, by symbol, or both."""

    instrument_id: int
    publisher_id: int
    source_instrument_id: int | None
    symbol: str | None
    symbol_type: str | None


@dataclass(frozen=True, slots=True)
class SymbolMapping:
    """Which instrument a symbol means during which time."""

    symbol: str
    instrument_id: int
    range: TimeRange


@dataclass(frozen=True, slots=True)
class Coverage:
    """First and last bar stored for a symbol and record type; both ends inclusive, ns UTC."""

    publisher_id: int
    symbol: str
    symbol_type: str
    rtype: int
    min_ts: int
    max_ts: int


def check_symbol(symbol: object) -> str:
    """A symbol as exact text.

    Raises:
        InvalidParameterError: If it is not text, is empty or longer than 255 characters, has white space
            at an end, or holds control characters.
    """
    if not isinstance(symbol, str):
        raise InvalidParameterError(f"symbol {cut(repr(symbol))} is a {type(symbol).__name__}: symbols are text")
    if not symbol or symbol != symbol.strip():
        raise InvalidParameterError(f"symbol {cut(repr(symbol))} is empty or has white space at an end")
    if len(symbol) > 255 or not symbol.isprintable():
        raise InvalidParameterError(f"symbol {cut(symbol)} is longer than 255 characters or holds control characters")
    return symbol


def check_symbol_type(symbol_type: str) -> str:
    """One of `raw_symbol`, `continuous`, `ticker`.

    Raises:
        InvalidParameterError: For anything else.
    """
    if symbol_type not in SYMBOL_TYPES:
        raise InvalidParameterError(f"unknown symbol_type {cut(symbol_type)}: use one of {', '.join(SYMBOL_TYPES)}")
    return symbol_type
