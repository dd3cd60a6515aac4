"""Where the bars of a run come from."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from barscope.domain.bars import Bars
from barscope.domain.instruments import check_symbol_type
from barscope.domain.periods import BarPeriod
from barscope.domain.time import date_range, iso
from barscope.engine.bus import Subscriber
from barscope.engine.channel import Channel
from barscope.errors import InvalidBarsError, InvalidParameterError, MissingBarsError, UnknownSymbolError, cut
from barscope.store.secmaster import SecurityMaster

if TYPE_CHECKING:
    from barscope.domain.bars import IntArray
    from barscope.domain.instruments import Coverage
    from barscope.engine.bus import EventBus


class Datafeed(Subscriber, ABC):
    """Gives a run its bars.

    Attributes:
        bar_period: The period of the bars of strategies that do not name one.
    """

    bar_period: ClassVar[BarPeriod] = BarPeriod.DAY

    def __init__(self, bus: EventBus) -> None:
        super().__init__(bus)
        self._channels: dict[Channel, None] = {}

    @classmethod
    def check_settings(cls) -> None:
        """Checks the class attributes before a run.

        Raises:
            InvalidParameterError: If one cannot be.
        """

    def subscribe(self, symbol: str, bar_period: BarPeriod) -> None:
        """Ask for the bars of a symbol and period; asking twice is asking once."""
        self._channels[Channel(symbol, bar_period)] = None

    @abstractmethod
    def connect(self) -> None:
        """Called once before the bars are loaded."""

    @abstractmethod
    def load(self, on_rows: Callable[[int], None]) -> dict[Channel, Bars]:
        """The bars of every channel asked for, each at least one.

        Args:
            on_rows: Told the number of bars loaded so far; what it raises ends the loading.

        Raises:
            MissingBarsError: If a channel has none.
        """

    def known(self, channel: Channel, bars: Bars) -> IntArray:
        """When each of the loaded bars of a channel is known, ns UTC, shape (bars,): at the end of its period."""
        return bars.ts + channel.bar_period.length_ns


class SimulatedDatafeed(Datafeed):
    """Bars of the security master, or bars given as columns.

    Attributes:
        database: Path of secmaster.db; None is SECMASTER_DB_PATH, or `secmaster.db` in the current folder.
        publisher_id: Whose bars; None is the only publisher that has them.
        symbol_type: How the symbols are to be understood.
        start_date: First day, `YYYY-MM-DD` UTC; None is open.
        end_date: Last day, inclusive.
        bars: Bars by symbol (of `bar_period`) or by (symbol, period); then no database is read.
    """

    database: ClassVar[str | Path | None] = None
    publisher_id: ClassVar[int | None] = None
    symbol_type: ClassVar[str] = "raw_symbol"
    start_date: ClassVar[str | None] = None
    end_date: ClassVar[str | None] = None
    bars: ClassVar[Mapping[Any, Bars] | None] = None

    def __init__(self, bus: EventBus) -> None:
        super().__init__(bus)
        self._secmaster: SecurityMaster | None = None

    @classmethod
    def check_settings(cls) -> None:
        """Dates, symbol type and period are what they have to be, and bars given as columns are in order of time."""
        date_range(cls.start_date, cls.end_date)
        check_symbol_type(cls.symbol_type)
        if not isinstance(cls.bar_period, BarPeriod):
            raise InvalidParameterError(f"bar_period is {cut(repr(cls.bar_period))}: use a member of BarPeriod")
        for key, bars in (cls.bars or {}).items():
            if not isinstance(bars, Bars):
                raise InvalidParameterError(f"bars of {cut(key)} are a {type(bars).__name__}: give them as Bars")
            if len(bars) > 1 and not bool(np.all(np.diff(bars.ts) > 0)):
                raise InvalidBarsError(f"bars of {cut(key)} are out of order or doubled: sort them by ts")

    def connect(self) -> None:
        """Open the security master, unless the bars are given."""
        if self.bars is None:
            path = self.database or os.environ.get("SECMASTER_DB_PATH") or "secmaster.db"
            self._secmaster = SecurityMaster(path, readonly=True)

    def shutdown(self) -> None:
        """Close the security master."""
        super().shutdown()
        if self._secmaster is not None:
            self._secmaster.close()

    def load(self, on_rows: Callable[[int], None]) -> dict[Channel, Bars]:
        """The bars of every channel, within the dates."""
        loaded: dict[Channel, Bars] = {}
        done = 0
        for channel in self._channels:
            loaded[channel] = self._load(channel, partial(_after, on_rows, done))
            done += len(loaded[channel])
            on_rows(done)
        return loaded

    def _load(self, channel: Channel, on_rows: Callable[[int], None]) -> Bars:
        if self._secmaster is None:
            return self._given(channel)
        publisher_id = self._publisher(channel, self._secmaster)
        within = date_range(self.start_date, self.end_date)
        mappings = self._secmaster.mappings(publisher_id, channel.symbol, self.symbol_type, within)
        bars = self._secmaster.read_bars(mappings, channel.bar_period.rtype, on_rows=on_rows).to_bars()
        if not len(bars):
            raise self._missing(channel, self._secmaster.coverage(publisher_id, symbol=channel.symbol))
        return bars

    def _given(self, channel: Channel) -> Bars:
        given = self.bars or {}
        bars = given.get(channel)
        if bars is None and channel.bar_period is self.bar_period:
            bars = given.get(channel.symbol)
        if bars is not None:
            within = date_range(self.start_date, self.end_date)
            bars = bars.rows(*np.searchsorted(bars.ts, [within.start_ns, within.end_ns]).tolist())
        if bars is None or not len(bars):
            raise self._missing(channel)
        return bars

    def _publisher(self, channel: Channel, secmaster: SecurityMaster) -> int:
        if self.publisher_id is not None:
            return self.publisher_id
        having = secmaster.coverage(None, channel.bar_period.rtype, channel.symbol, self.symbol_type)
        ids = sorted({coverage.publisher_id for coverage in having})
        if len(ids) > 1:
            raise InvalidParameterError(
                f"publishers {', '.join(map(str, ids))} have {cut(channel.symbol)}: set publisher_id to one of them"
            )
        if not ids:
            stored = secmaster.coverage(symbol=channel.symbol)
            raise self._missing(channel, stored) if stored else UnknownSymbolError(channel.symbol)
        return ids[0]

    def _missing(self, channel: Channel, stored: tuple[Coverage, ...] = ()) -> MissingBarsError:
        asked = f"{cut(channel.symbol)} has no {channel.bar_period.label} bars"
        if self.start_date or self.end_date:
            asked += f" from {self.start_date or 'the start'} to {self.end_date or 'the end'}"
        there = "; ".join(f"rtype {c.rtype} from {iso(c.min_ts)} to {iso(c.max_ts)}" for c in stored)
        return MissingBarsError(f"{asked}. There is {there}" if there else f"{asked}: give or ingest them first")


def _after(on_rows: Callable[[int], None], before: int, rows: int) -> None:
    on_rows(before + rows)
