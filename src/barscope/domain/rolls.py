"""Rolls of a continuous series of futures: which contract it takes on which day, and how prices are made to fit.

A day is a UTC calendar day, counted from 1970-01-01. What a series takes on a day is decided from what was known
before that day began, so later bars never change an earlier decision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.domain.time import NS_PER_DAY, TimeRange, date_of
from barscope.errors import InvalidParameterError, MissingBarsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from barscope.domain.bars import Bars, FloatArray, IntArray
    from barscope.domain.futures import Adjustment, ContinuousName

    BoolArray = NDArray[np.bool_]

_NEAR_DELIVERY_DAYS = 70
"""A contract may stop trading that long before its delivery month: Brent does so two months before."""


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract that a series can take.

    Attributes:
        symbol: Its symbol.
        range: When bars of the symbol are bars of this contract.
        last_day: The last day it can be held.
        reason: What ends it then: `expiration`, `first notice`, or `delivery month` where only its name is known.
    """

    symbol: str
    range: TimeRange
    last_day: int
    reason: str

    @property
    def is_dated(self) -> bool:
        """Whether a definition says when it ends."""
        return self.reason != "delivery month"


@dataclass(frozen=True, eq=False)
class Chain:
    """The contracts of a product and what they did by day.

    Attributes:
        contracts: At least one, each with bars, ordered by their last day.
        days: The days with bars of any contract, ascending, shape (days,).
        has_bars: Whether a contract has bars on a day, shape (contracts, days).
        known: What ranks the contracts, as it was known before the day began: the volume of the day before, or the
            open interest; shape (contracts, days). None for a roll by the calendar.
    """

    contracts: tuple[Contract, ...]
    days: IntArray
    has_bars: BoolArray
    known: IntArray | None = None

    def held(self, days_before: int) -> BoolArray:
        """Whether a contract can be held on a day: listed, and not at its end; shape (contracts, days)."""
        first = self.days[self.has_bars.argmax(axis=1)][:, np.newaxis]
        listed = first < self.days
        listed[:, :1] = first <= self.days[0]  # a series has to begin with something
        held: BoolArray = listed & ~np.logical_or.accumulate(self._due(days_before) | self._silent(first), axis=1)
        return held

    def why_ended(self, contract: int, at: int, days_before: int) -> str:
        """What a contract that ended by day number `at` ended by."""
        of = self.contracts[contract]
        return f"{of.reason if self._due(days_before)[contract, at] else 'no more bars'} of {of.symbol}"

    def _due(self, days_before: int) -> BoolArray:
        """Where few business days are left. They are Mondays to Fridays: holidays are not in bars ahead of time."""
        last = np.array([contract.last_day for contract in self.contracts])[:, np.newaxis]
        past: BoolArray = last < self.days
        if not days_before:
            return past
        left = np.busday_count(
            self.days.astype("datetime64[D]"), np.maximum(last + 1, self.days).astype("datetime64[D]")
        )
        return past | (left <= days_before)

    def _silent(self, first: IntArray) -> BoolArray:
        """Where a contract whose end nothing tells had no bars the day before, and one that ends later had."""
        before = np.zeros_like(self.has_bars)
        before[:, 1:] = self.has_bars[:, :-1]
        later = np.zeros_like(before)
        later[:-1] = np.logical_or.accumulate(before[:0:-1], axis=0)[::-1]
        near = [
            [c.last_day - _NEAR_DELIVERY_DAYS if not c.is_dated else np.iinfo(np.int64).max] for c in self.contracts
        ]
        return ~before & later & (first < self.days) & (np.array(near) < self.days)


@dataclass(frozen=True, slots=True)
class Step:
    """From a day on, a series takes this contract: its position in the chain, or None where there is none to take."""

    day: int
    contract: int | None
    reason: str = ""


def steps(chain: Chain, name: ContinuousName) -> tuple[Step, ...]:
    """Which contract a series takes from which day on; it never goes back to one that ends earlier.

    The contract that leads is the one that ends first, or the one with the largest volume or open interest; the one
    taken is `name.rank` places behind it in the order of their ends.
    """
    held = chain.held(name.days_before)
    found: list[Step] = []
    leader, taken = -1, 0
    for at in range(len(chain.days)):
        candidates = np.flatnonzero(held[:, at])
        candidates = candidates[candidates >= leader]
        lead = _leader(chain, at, candidates, leader)
        if lead is None:
            target = None
        else:
            behind = candidates[candidates >= lead][name.rank :]
            target = next((int(c) for c in behind if c >= taken), None)
        if target != (found[-1].contract if found else None):
            reason = _reason(chain, name, held, at, (leader, lead)) if found else ""
            found.append(Step(int(chain.days[at]), target, reason))
        leader = leader if lead is None else lead
        taken = taken if target is None else target
    return tuple(found)


def _leader(chain: Chain, at: int, candidates: IntArray, leader: int) -> int | None:
    if not len(candidates):
        return None
    if chain.known is None:
        return int(candidates[0])
    known = chain.known[candidates, at]
    if leader < 0 and not known.any():
        return None  # nothing is known yet
    if leader in candidates and known.max() <= chain.known[leader, at]:
        return leader
    return int(candidates[known.argmax()])


def _reason(chain: Chain, name: ContinuousName, held: BoolArray, at: int, leaders: tuple[int, int | None]) -> str:
    old, new = leaders
    if new is None:
        return "no contract left"
    if old < 0 or old == new:
        return "a contract of this rank ended or was listed"
    if chain.known is None or not held[old, at]:
        return chain.why_ended(old, at, name.days_before)
    (a, b), (x, y) = (chain.contracts[i].symbol for i in (new, old)), chain.known[[new, old], at].tolist()
    return f"{name.rule.replace('_', ' ')} {x:,} of {a} above {y:,} of {b}"


@dataclass(frozen=True, slots=True)
class Roll:
    """A change from one contract to the next.

    Attributes:
        ts_ns: The beginning of the first day of the new contract, ns UTC.
        from_contract: Symbol of the old one.
        to_contract: Symbol of the new one.
        gap: Close of the new one minus that of the old one; NaN where they had no bar at one time before the roll.
        ratio: Close of the new one divided by that of the old one; NaN likewise.
        measured_ns: The last time before the roll at which both had a bar, ns UTC; None likewise.
        reason: Why then.
    """

    ts_ns: int
    from_contract: str
    to_contract: str
    gap: float
    ratio: float
    measured_ns: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class RollTable:
    """How a continuous series is put together.

    Attributes:
        symbol: The name of the series.
        first_contract: What it begins with.
        rolls: Its rolls in order of time.
        without_bars: Contracts that are defined, but have no bars of this record type.
    """

    symbol: str
    first_contract: str
    rolls: tuple[Roll, ...]
    without_bars: tuple[str, ...] = ()

    def frame(self) -> pd.DataFrame:
        """One row per roll; times UTC."""
        import pandas as pd

        columns = ["date", "from_contract", "to_contract", "gap", "ratio", "measured_at", "reason"]
        rows = [
            (date_of(r.ts_ns), r.from_contract, r.to_contract, r.gap, r.ratio, r.measured_ns, r.reason)
            for r in self.rolls
        ]
        frame = pd.DataFrame(rows, columns=columns)
        frame["date"] = pd.to_datetime(frame["date"])
        frame["measured_at"] = pd.to_datetime(frame["measured_at"], unit="ns", utc=True)
        return frame

    def account(self) -> dict[str, Any]:
        """The table as JSON values, for the config of a run."""
        return {
            "symbol": self.symbol,
            "first_contract": self.first_contract,
            "rolls": [
                {
                    "ts_ns": r.ts_ns,
                    "date": str(date_of(r.ts_ns)),
                    "from_contract": r.from_contract,
                    "to_contract": r.to_contract,
                    "gap": r.gap if np.isfinite(r.gap) else None,
                    "ratio": r.ratio if np.isfinite(r.ratio) else None,
                    "reason": r.reason,
                }
                for r in self.rolls
            ],
            "without_bars": list(self.without_bars),
        }


def gap_between(old: Bars, new: Bars) -> tuple[float, float, int | None]:
    """Difference and ratio of the closes of two contracts at the last time both have a bar, and that time."""
    _, i, j = np.intersect1d(old.ts, new.ts, assume_unique=True, return_indices=True)
    if not len(i):
        return float("nan"), float("nan"), None
    x, y = float(old.close[i[-1]]), float(new.close[j[-1]])
    return y - x, y / x if x else float("nan"), int(old.ts[i[-1]])


def adjusted(bars: Bars, rolls: Sequence[Roll], adjustment: Adjustment, symbol: str) -> Bars:
    """Bars whose prices before each roll are moved by what was between the two contracts; the last one stays true.

    Args:
        bars: The bars of the contracts one after the other.
        rolls: All rolls inside them.
        adjustment: `diff` adds the gaps of all later rolls, `ratio` multiplies by their ratios, `none` does nothing.
        symbol: For messages.

    Raises:
        MissingBarsError: If the gap of a roll is not known.
        InvalidParameterError: If a ratio is asked of prices that are not above zero.
    """
    if adjustment == "none" or not rolls:
        return bars
    for roll in rolls:
        if roll.measured_ns is None:
            raise MissingBarsError(
                f"{symbol}: {roll.from_contract} and {roll.to_contract} have no bar at one time before the roll of "
                f"{date_of(roll.ts_ns)}, so the gap is not known: ask for the series without +{adjustment}"
            )
    if adjustment == "ratio" and (min(r.ratio for r in rolls) <= 0 or float(bars.low.min()) <= 0):
        raise InvalidParameterError(f"{symbol}: some prices are not above zero, so ratios mean nothing: use +diff")
    later = len(rolls) - np.searchsorted([roll.ts_ns for roll in rolls], bars.ts, side="right")
    prices = {name: getattr(bars, name) for name in ("open", "high", "low", "close")}
    if adjustment == "diff":
        shift = _total(np.cumsum, [r.gap for r in rolls])[later]
        return replace(bars, **{name: price + shift for name, price in prices.items()})
    factor = _total(np.cumprod, [r.ratio for r in rolls], neutral=1.0)[later]
    return replace(bars, **{name: price * factor for name, price in prices.items()})


def _total(accumulate: Any, values: Sequence[float], neutral: float = 0.0) -> FloatArray:  # noqa: ANN401  # a ufunc
    """Of the last n values, for n from 0 to all."""
    return np.concatenate([[neutral], accumulate(np.array(values)[::-1])])


def pieces(chain: Chain, taken: Sequence[Step], end_ns: int) -> list[tuple[Contract, TimeRange]]:
    """Each contract that a series takes, and from when to when."""
    ends = [*(step.day * NS_PER_DAY for step in taken[1:]), end_ns]
    found = []
    for step, end in zip(taken, ends, strict=False):
        if step.contract is not None and step.day * NS_PER_DAY < end:
            found.append((chain.contracts[step.contract], TimeRange(step.day * NS_PER_DAY, end)))
    return found
