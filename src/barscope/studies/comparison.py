"""Two runs side by side: what they came from, what came out, and the first event in which they differ."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.domain.time import iso
from barscope.store.columns import BAR_SERIES
from barscope.store.run_events import event_columns, stream_events
from barscope.store.runs_schema import EVENT_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from barscope.domain.bars import IntArray
    from barscope.store.columns import Column
    from barscope.store.run_reader import RunReader

_OWN = ("id", "run_id")
_ABSENT = "–"
BAR_TABLES = ("bars", "bars_processed")
"""The tables of events that are bars; those of all others are about orders."""
_ROWS_BETWEEN_CHECKS = 5_000


@dataclass(frozen=True, slots=True)
class Difference:
    """The first event in which two runs differ.

    Attributes:
        table: The table it is recorded in.
        position: Its place in that table, from 0.
        ts_event_ns: When it happened, ns UTC, in the run that has it earlier.
        first: Column → value in the first run; None where that has no such event.
        second: The same in the second run.
    """

    table: str
    position: int
    ts_event_ns: int
    first: Mapping[str, Any] | None
    second: Mapping[str, Any] | None

    def __str__(self) -> str:
        if self.first is None or self.second is None:
            which = "second" if self.first is None else "first"
            return f"{self.table}[{self.position}]: only the {which} run has it"
        changed = [f"{name}: {first!r} ≠ {second!r}" for name, first, second in self.changes]
        return f"{self.table}[{self.position}]: {', '.join(changed)}"

    @property
    def changes(self) -> tuple[tuple[str, Any, Any], ...]:
        """What is different in the event: column or indicator series, and its two values; times as text."""
        one, other = (dict(_spoken(row)) if row else {} for row in (self.first, self.second))
        pairs = ((name, one.get(name, _ABSENT), other.get(name, _ABSENT)) for name in {**one, **other})
        return tuple(pair for pair in pairs if pair[1] != pair[2])


def config_differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What two manifests say differently: dotted key → the two values, `–` where one says nothing."""
    one, other = dict(_flat(first)), dict(_flat(second))
    keys = sorted({*one, *other})
    pairs = {key: (one.get(key, _ABSENT), other.get(key, _ABSENT)) for key in keys}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def first_difference(
    runs: RunReader,
    first: str,
    second: str,
    check: Callable[[], None] = lambda: None,
    tables: Sequence[str] = EVENT_TABLES,
) -> Difference | None:
    """The earliest event in which two completed runs differ, or None when they are equal event by event.

    The rows of both are read side by side and never held. Bars are passed over where the digests of the two records
    say that they are equal.

    Args:
        runs: Where both are.
        first: A run id.
        second: Another.
        check: Called every few thousand rows; what it raises ends the comparison.
        tables: The events to compare; all of them unless told otherwise.

    Raises:
        UnknownRunError: If one of them is unknown or not completed.
    """
    for run_id in (first, second):
        runs.symbols(run_id)  # only completed runs have events to compare
    same = BAR_TABLES if _same_bars(runs, first, second) else ()
    found = [_first_in_table(runs, first, second, table, check) for table in tables if table not in same]
    return min(filter(None, found), key=lambda difference: difference.ts_event_ns, default=None)


def first_different_bar(
    runs: RunReader, first: str, second: str, check: Callable[[], None] = lambda: None
) -> Difference | None:
    """The earliest bar in which two completed runs differ by a price, the volume or a series, or None.

    Read from the columns, so it also works where no rows of bars are kept, as in a published snapshot.

    Args:
        runs: Where both are.
        first: A run id.
        second: Another.
        check: Called before each symbol; what it raises ends the comparison.

    Raises:
        UnknownRunError: If one of them is unknown or not completed.
    """
    symbols = sorted({*runs.symbols(first), *runs.symbols(second)})
    if _same_bars(runs, first, second):
        return None
    times: dict[str, IntArray] = {}
    found: list[tuple[str, Difference]] = []
    for symbol in symbols:
        check()
        one, other = (_columns(runs, run_id, symbol) for run_id in (first, second))
        times[symbol] = max(one["ts"], other["ts"], key=len)
        place = _first_unequal(one, other)
        if place is not None:
            mine, theirs = (_bar(columns, symbol, place) for columns in (one, other))
            ts = min(bar["ts_event_ns"] for bar in (mine, theirs) if bar is not None)
            found.append((symbol, Difference("bars_processed", 0, ts, mine, theirs)))
    if not found:
        return None
    symbol, earliest = min(found, key=lambda pair: (pair[1].ts_event_ns, pair[0]))
    before = (
        np.searchsorted(ts, earliest.ts_event_ns, "right" if name < symbol else "left") for name, ts in times.items()
    )
    return replace(earliest, position=int(sum(before)))


def _columns(runs: RunReader, run_id: str, symbol: str) -> Mapping[str, Column]:
    """The bars and series of a symbol; only times, and none of them, where a run has no such symbol."""
    if symbol not in runs.symbols(run_id):
        return {"ts": np.empty(0, np.int64)}
    bars = runs.bars(run_id, symbol)
    return {name: getattr(bars, name) for name in BAR_SERIES} | runs.series(run_id, symbol)


def _first_unequal(one: Mapping[str, Column], other: Mapping[str, Column]) -> int | None:
    """The first place at which the columns differ, where one NaN equals another."""
    shared = min(len(one["ts"]), len(other["ts"]))
    if shared and one.keys() != other.keys():
        return 0
    unequal = np.zeros(shared, bool)
    for name in one if shared else ():
        x, y = one[name][:shared], other[name][:shared]
        unequal |= (x != y) & ((x == x) | (y == y))
    if unequal.any():
        return int(unequal.argmax())
    return shared if len(one["ts"]) != len(other["ts"]) else None


def _bar(columns: Mapping[str, Column], symbol: str, place: int) -> dict[str, Any] | None:
    if place >= len(columns["ts"]):
        return None
    found = ((name, column[place].item()) for name, column in columns.items())
    values = {name: value if value == value else None for name, value in found}  # NaN is null, as in the rows
    return {"ts_event_ns": values.pop("ts"), "symbol": symbol, **values}


def _same_bars(runs: RunReader, first: str, second: str) -> bool:
    """Whether both records name one digest of bars and series, and as many rows of each."""
    one, other = (runs.get(run_id).metadata for run_id in (first, second))
    counts = [[record.get("row_counts", {}).get(table) for table in BAR_TABLES] for record in (one, other)]
    return one.get("digest") is not None and one.get("digest") == other.get("digest") and counts[0] == counts[1]


def _first_in_table(
    runs: RunReader, first: str, second: str, table: str, check: Callable[[], None]
) -> Difference | None:
    columns = tuple(name for name in event_columns(runs, table) if name not in _OWN)
    pairs = zip_longest(*(stream_events(runs, run_id, table, columns) for run_id in (first, second)))
    for position, (one, other) in enumerate(pairs):
        if position % _ROWS_BETWEEN_CHECKS == 0:
            check()
        if one != other:
            mine, theirs = (None if row is None else dict(zip(columns, row, strict=True)) for row in (one, other))
            times = [row["ts_event_ns"] for row in (mine, theirs) if row is not None]
            return Difference(table, position, min(times), mine, theirs)
    return None


def _spoken(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """An event as a person reads it: each indicator series by its name, times as text to the second."""
    for name, value in row.items():
        if name == "indicators":
            yield from json.loads(value).items()
        elif name.endswith("_ns") and value is not None:
            yield name.removesuffix("_ns"), iso(value)
        else:
            yield name, value


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401  # JSON
    """The leaves of nested JSON by dotted key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield prefix, value
        return
    for key, item in items:
        yield from _flat(item, f"{prefix}.{key}" if prefix else str(key))
