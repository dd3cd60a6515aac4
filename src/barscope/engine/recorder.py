"""What a run leaves behind: the events in memory, and in runs.db."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from enum import Enum
from functools import partial
from itertools import islice
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import UUID

from barscope.domain import events
from barscope.engine.bus import Subscriber
from barscope.engine.channel import Channel, matched_channels
from barscope.engine.order_tables import NOT_STORED, ORDER_TABLES
from barscope.errors import StoreError, UnknownRunError, cut
from barscope.store.run_writer import json_objects
from barscope.store.runs import RunStore

if TYPE_CHECKING:
    from barscope.domain.bars import Bars, IntArray
    from barscope.domain.periods import BarPeriod
    from barscope.engine.bus import EventBus
    from barscope.engine.series import IndicatorBoard
    from barscope.store.run_writer import RunWriter

E = TypeVar("E", bound=events.Event)

_CHANGED = (Enum, UUID, float)
"""What SQLite has no value for: all of the first two, and of numbers NaN."""


class MemoryRecorder(Subscriber):
    """Keeps the events about orders in memory, for runs that leave nothing else behind."""

    def __init__(self, bus: EventBus) -> None:
        super().__init__(bus)
        self._events: dict[type[events.Event], list[Any]] = {kind: [] for kind in ORDER_TABLES}
        for kind, kept in self._events.items():
            self.listen(kind, kept.append, last=True)

    def events(self, kind: type[E]) -> Sequence[E]:
        """All events of a type so far, in order."""
        return self._events[kind]

    def is_taken(self, run_id: str) -> bool:
        """Whether there is a run with this id already."""
        return False

    def begin(self, run_id: str, name: str, ts_start: int, config: dict[str, Any]) -> None:
        """The run starts."""

    def count(self, **totals: int) -> None:
        """Work succeeded: new totals of counters of the run's state."""

    def write(
        self,
        bars: Mapping[Channel, Bars],
        known: Mapping[Channel, IntArray],
        board: IndicatorBoard,
        on_rows: Callable[[int], None],
    ) -> None:
        """Record everything the run did.

        Args:
            bars: The bars that were played.
            known: When each of them was known, ns UTC.
            board: Their indicators.
            on_rows: Told the number of rows handled so far; what it raises ends the recording.
        """

    def complete(self, ts_end: int, metadata: Mapping[str, Any], config: Mapping[str, Any]) -> None:
        """The run is complete."""

    def fail(self, ts_end: int, metadata: Mapping[str, Any]) -> None:
        """The run failed: nothing of it is kept."""

    def cancel(self, ts_end: int) -> None:
        """The run was cancelled: nothing of it is kept."""


class RunRecorder(MemoryRecorder):
    """Records a run in runs.db.

    The bars and their indicators are written from the columns they were replayed from, once, as rows of
    `bars_processed` and as `run_columns`. The status becomes `completed` in the same transaction as the last rows.

    Attributes:
        database: Path of runs.db; None is RUNS_DB_PATH, or `runs.db` in the current folder.
        store: An open runs.db to write to instead.
        period_names: What a record calls the bars of a period that were made of shorter ones, such as `5min`; others
            go by the name of the period.
    """

    database: ClassVar[str | Path | None] = None
    store: ClassVar[RunStore | None] = None
    period_names: ClassVar[Mapping[BarPeriod, str]] = MappingProxyType({})

    def __init__(self, bus: EventBus) -> None:
        super().__init__(bus)
        self._own: RunStore | None = None
        if self.store is None:
            self._own = RunStore(self.database or os.environ.get("RUNS_DB_PATH") or "runs.db")
        self._writer: RunWriter | None = None

    def is_taken(self, run_id: str) -> bool:
        """Whether runs.db has a run with this id."""
        try:
            self._runs.get(run_id)
        except UnknownRunError:
            return False
        return True

    def begin(self, run_id: str, name: str, ts_start: int, config: dict[str, Any]) -> None:
        """Add the run as `running`."""
        self._writer = self._runs.begin(run_id, name, ts_start, config)

    def count(self, **totals: int) -> None:
        """Tell the state of the run, at most once a second."""
        self._open_writer.state.count(**totals)

    def write(
        self,
        bars: Mapping[Channel, Bars],
        known: Mapping[Channel, IntArray],
        board: IndicatorBoard,
        on_rows: Callable[[int], None],
    ) -> None:
        """Record the bars of every channel, then the events about orders."""
        self._open_writer.state.feed(max(int(of_channel[-1]) for of_channel in known.values()))
        done, matched = 0, matched_channels(bars)
        for channel, of_channel in bars.items():
            if board.cursor(channel).n != len(of_channel):
                raise StoreError(
                    f"{board.cursor(channel).n} of {len(of_channel)} bars of {cut(channel.symbol)} were played: "
                    "the run is not whole, run it again"
                )
            self._write_bars(channel, of_channel, known[channel], board, matched, partial(_after, on_rows, done))
            done += len(of_channel)
        for kind, table in ORDER_TABLES.items():
            on_rows(done)
            self._write_events(table, kind)

    def complete(self, ts_end: int, metadata: Mapping[str, Any], config: Mapping[str, Any]) -> None:
        """Write what is left, the counts, the digest and the status in one transaction."""
        self._open_writer.complete(ts_end, metadata, config)

    def fail(self, ts_end: int, metadata: Mapping[str, Any]) -> None:
        """Remove its rows; the run is `failed`."""
        self._open_writer.fail(ts_end, metadata)

    def cancel(self, ts_end: int) -> None:
        """Remove its rows; the run is `cancelled`."""
        self._open_writer.cancel(ts_end)

    def shutdown(self) -> None:
        """Close runs.db, if it was opened here."""
        super().shutdown()
        if self._own is not None:
            self._own.close()

    @property
    def _runs(self) -> RunStore:
        runs = self.store or self._own
        assert runs is not None  # noqa: S101  # one of the two is set in the constructor
        return runs

    @property
    def _open_writer(self) -> RunWriter:
        if self._writer is None:
            raise StoreError("the run was not begun: call begin first")
        return self._writer

    def _write_bars(
        self,
        channel: Channel,
        bars: Bars,
        known: IntArray,
        board: IndicatorBoard,
        matched: Sequence[Channel],
        on_rows: Callable[[int], None],
    ) -> None:
        columns = board.columns(channel)
        if channel in matched:
            self._open_writer.append_processed(
                channel.symbol,
                self._period_name(channel),
                bars,
                columns,
                known - bars.ts,
                as_received=True,
                on_rows=on_rows,
            )
            return
        rows = {  # run_columns has one period per symbol
            "ts_event_ns": bars.ts,
            "ts_created_ns": known,
            "symbol": [channel.symbol] * len(bars),
            "bar_period": [self._period_name(channel)] * len(bars),
            **{name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")},
        }
        texts = list(islice(json_objects(columns, len(bars)), len(bars)))
        self._open_writer.append("bars", rows)
        self._open_writer.append("bars_processed", {**rows, "indicators": texts})

    def _period_name(self, channel: Channel) -> str:
        return self.period_names.get(channel.bar_period, channel.bar_period.name)

    def _write_events(self, table: str, kind: type[events.Event]) -> None:
        kept = self.events(kind)
        if not kept:
            return
        stored = [field for field in fields(kind) if field.name not in NOT_STORED]  # type: ignore[arg-type]
        columns = zip(*map(attrgetter(*(field.name for field in stored)), kept), strict=True)
        rows = {}
        for field, column in zip(stored, columns, strict=True):
            without_value = 0.0 if field.default is MISSING else None
            rows[field.name] = _stored_column(column, without_value)
        self._open_writer.append(table, rows)


def _after(on_rows: Callable[[int], None], before: int, rows: int) -> None:
    on_rows(before + rows)


def _stored_column(values: tuple[Any, ...], without_value: float | None) -> Sequence[Any]:
    kinds = set(map(type, values))
    if any(issubclass(kind, _CHANGED) for kind in kinds):
        return [_stored(value, without_value) for value in values]
    return values


def _stored(value: object, without_value: float | None) -> object:
    """A field as SQLite stores it: members by name, ids as text, and something else for NaN, which it has not."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, UUID):
        return str(value)
    return without_value if value != value else value  # only NaN differs from itself
