"""Names of futures: of contracts, such as `ESZ4`, and of continuous series, such as `ES.v.0`."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast, get_args

from barscope.domain.time import NS_PER_DAY, TimeRange, day_start_ns
from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from collections.abc import Iterator

MONTH_CODES = "FGHJKMNQUVXZ"
"""January to December."""

Rule = Literal["calendar", "volume", "open_interest"]
Adjustment = Literal["none", "diff", "ratio"]
RULES: dict[str, Rule] = {"c": "calendar", "v": "volume", "n": "open_interest"}
_LETTERS = {rule: letter for letter, rule in RULES.items()}
_CONTRACT = re.compile(r"([A-Z0-9]{1,16}?)([FGHJKMNQUVXZ])(\d{1,2})")
_CONTINUOUS = re.compile(r"([A-Z0-9]{1,16})\.([cvn])\.(\d{1,2})(?:\+(\d{1,2})d)?(?:\+(diff|ratio))?")
_LATE_DAYS = 7
"""A last bar may be stamped a few days after the delivery month."""


@dataclass(frozen=True, slots=True)
class ContractName:
    """What the symbol of a contract says, such as `ESZ4`, `6EH25` or `M2KM9`.

    Attributes:
        root: The product: `ES`, `6E`, `M2K`.
        month: Delivery month, 1 to 12.
        year: The last digit of the year, or the last two.
        digits: How many digits of the year are given, 1 or 2.
    """

    root: str
    month: int
    year: int
    digits: int

    def years(self, first: dt.date, last: dt.date) -> Iterator[int]:
        """The delivery years that the name may mean for bars from `first` to `last`, ascending."""
        cycle = 10**self.digits
        year = first.year - (first.year - self.year) % cycle
        while self.ends_ns(year) <= day_start_ns(first):
            year += cycle
        yield year
        while self.ends_ns(year) <= day_start_ns(last):
            year += cycle
            yield year

    def ends_ns(self, year: int) -> int:
        """From when on a bar belongs to the next contract of the same name: a week after the delivery month."""
        return _month_start(year, self.month + 1) + _LATE_DAYS * NS_PER_DAY

    def range_of(self, year: int) -> TimeRange:
        """When a bar of this name belongs to the contract of a delivery year."""
        return TimeRange(self.ends_ns(year - 10**self.digits), self.ends_ns(year))

    def last_day(self, year: int, *, with_delivery: bool = False) -> int:
        """The last day a contract is held whose expiry is unknown: that before the delivery month, or the end of it."""
        return (self.ends_ns(year) if with_delivery else _month_start(year, self.month)) // NS_PER_DAY - 1


def parse_contract(symbol: str) -> ContractName | None:
    """What the symbol of a contract says; None for a spread, an option, and anything else."""
    found = _CONTRACT.fullmatch(symbol)
    if found is None:
        return None
    root, month, year = found.groups()
    return ContractName(root, MONTH_CODES.index(month) + 1, int(year), len(year))


@dataclass(frozen=True, slots=True)
class ContinuousName:
    """A continuous series by its name: `ES.c.0`, `ES.v.0+diff`, `CL.c.1+5d+ratio`.

    Attributes:
        root: The product.
        rule: Whether it rolls by the calendar (`c`), by volume (`v`) or by open interest (`n`).
        rank: 0 is the leading contract, 1 the one that expires next after it, and so on.
        days_before: A contract is left this many business days before its last one, at the latest.
        adjustment: `diff` adds what was between two contracts at a roll to all earlier prices, `ratio` multiplies.
    """

    root: str
    rule: Rule
    rank: int = 0
    days_before: int = 0
    adjustment: Adjustment = "none"

    def __post_init__(self) -> None:
        if self.rule not in get_args(Rule) or self.adjustment not in get_args(Adjustment):
            raise InvalidParameterError(f"unknown roll rule {cut(self.rule)} or adjustment {cut(self.adjustment)}")

    def __str__(self) -> str:
        days = f"+{self.days_before}d" if self.days_before else ""
        adjustment = "" if self.adjustment == "none" else f"+{self.adjustment}"
        return f"{self.root}.{_LETTERS[self.rule]}.{self.rank}{days}{adjustment}"


def parse_continuous(symbol: str) -> ContinuousName | None:
    """What the name of a continuous series says; None for any other symbol."""
    found = _CONTINUOUS.fullmatch(symbol)
    if found is None:
        return None
    root, letter, rank, days, adjustment = found.groups()
    return ContinuousName(root, RULES[letter], int(rank), int(days or 0), cast("Adjustment", adjustment or "none"))


def _month_start(year: int, month: int) -> int:
    """The first of a month, nanoseconds; month 13 is January of the next year."""
    return day_start_ns(dt.date(year + (month > 12), (month - 1) % 12 + 1, 1))
