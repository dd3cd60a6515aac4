"""The vendors there are, and what is asked of one and comes back: plain values that cross to another process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

INSTALL = "pip install 'barscope[vendors]'"


@dataclass(frozen=True, slots=True)
class Vendor:
    """Someone who sells or gives prices.

    Attributes:
        name: As a request calls it, and the name of its client's package.
        symbol_types: Symbol type → what the vendor calls it.
        suffix: Of the files its client leaves.
        key_variable: The environment variable that holds the user's key; None where none is needed.
        needs_dataset: Whether a dataset has to be named.
    """

    name: str
    symbol_types: Mapping[str, str]
    suffix: str
    key_variable: str | None = None
    needs_dataset: bool = False


DATABENTO = Vendor(
    "databento",
    {"raw_symbol": "raw_symbol", "continuous": "continuous"},
    ".dbn.zst",
    key_variable="DATABENTO_API_KEY",
    needs_dataset=True,
)
YFINANCE = Vendor("yfinance", {"raw_symbol": "ticker", "ticker": "ticker"}, ".parquet")


@dataclass(frozen=True, slots=True)
class DailyQuestion:
    """Daily bars of one symbol; dates are `YYYY-MM-DD`.

    Attributes:
        vendor: Name of the vendor.
        symbol: As the vendor calls it.
        symbol_type: As the vendor calls it.
        dataset: Of the vendor; empty where it has none.
        start_date: The first day that has to be there.
        since_date: The first day that is welcome: bars before the start, as far as the vendor has them.
        end_date: The last day, inclusive; None is the last there is.
        max_cost_usd: The most the vendor may charge.
        gateway: Another address of the vendor; None is its own.
        timeout_seconds: How long the vendor may be silent.
    """

    vendor: str
    symbol: str
    symbol_type: str
    dataset: str
    start_date: str
    since_date: str
    end_date: str | None
    max_cost_usd: float = 0.0
    gateway: str | None = None
    timeout_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a vendor's client says of the file it left.

    Attributes:
        first_date: First day the file tells of.
        until_date: The day after the last one.
        nothing_before: Whether the vendor has nothing before the first day.
        cost_usd: What the vendor charged.
        notes: How the prices came about, one sentence each.
    """

    first_date: str
    until_date: str
    nothing_before: bool = False
    cost_usd: float = 0.0
    notes: list[str] = field(default_factory=list)
