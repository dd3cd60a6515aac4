"""The replay: bars of all channels in the order in which they become known.

At each moment every bar known then is published first, so that the broker matches the orders that rest; then the
indicators reveal their values, and the strategies see the bars with them. What the strategies request is settled
before the next bar is shown.
"""

from __future__ import annotations

from itertools import repeat
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from barscope.engine.bar_events import processed, received

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from barscope.domain.bars import Bars, FloatArray, IntArray
    from barscope.domain.events import BarProcessed, BarReceived
    from barscope.engine.bus import EventBus
    from barscope.engine.channel import Channel
    from barscope.engine.clock import SimulatedClock
    from barscope.engine.series import Cursor, IndicatorBoard

BARS_PER_TICK = 256


def replay(
    bus: EventBus,
    clock: SimulatedClock,
    bars: Mapping[Channel, Bars],
    known: Mapping[Channel, IntArray],
    board: IndicatorBoard,
    on_bars: Callable[[int], None],
) -> None:
    """Play all bars through the bus.

    Args:
        bus: Where the events go.
        clock: Set to each moment before its bars are published.
        bars: The bars of each channel.
        known: When each of them is known, ns UTC, in order.
        board: The indicators, computed over the same bars.
        on_bars: Told the number of bars played, every so many; what it raises ends the replay.
    """
    tracks = [_track(channel, of_channel, known[channel], board) for channel, of_channel in bars.items()]
    order, ends_moment = _timeline(known)
    publish = bus.publish
    moment: list[_Track] = []
    for done, (place, ends) in enumerate(zip(order, ends_moment, strict=True)):
        if not done % BARS_PER_TICK:
            on_bars(done)
        track = tracks[place]
        bar = next(track.received)
        clock.now_ns = bar.ts_created_ns
        publish(bar)
        moment.append(track)
        if not ends:
            continue
        for track in moment:
            track.cursor.n += 1
        for track in moment:
            publish(next(track.processed))
        moment.clear()
    bus.wait_until_system_idle()
    on_bars(len(order))


class _Track(NamedTuple):
    """A channel on its way through the replay."""

    cursor: Cursor
    received: Iterator[BarReceived]
    processed: Iterator[BarProcessed]


def _track(channel: Channel, bars: Bars, known: IntArray, board: IndicatorBoard) -> _Track:
    return _Track(
        board.cursor(channel),
        map(received, *_fields(channel, bars, known)),
        map(processed, *_fields(channel, bars, known), _indicators(board.columns(channel))),
    )


def _fields(channel: Channel, bars: Bars, known: IntArray) -> tuple[Iterator[object] | memoryview, ...]:
    """The fields of the bar events, one iterable each; a memoryview gives plain Python numbers one by one."""
    symbol, period = repeat(channel.symbol), repeat(channel.bar_period)
    prices = (column.data for column in (bars.open, bars.high, bars.low, bars.close, bars.volume))
    return (bars.ts.data, known.data, symbol, period, *prices)


def _indicators(columns: Mapping[str, FloatArray]) -> Iterator[Mapping[str, float]]:
    """What each bar says of the indicators, read-only."""
    if not columns:
        return repeat(MappingProxyType({}))
    names = tuple(columns)
    rows = zip(*(column.data for column in columns.values()), strict=True)
    return map(MappingProxyType, map(dict, map(zip, repeat(names), rows)))


def _timeline(known: Mapping[Channel, IntArray]) -> tuple[list[int], list[bool]]:
    """For each bar in the order it becomes known: the place of its channel, and whether its moment ends with it.

    Bars known at one moment come in the order of symbols, a shorter period before a longer one.
    """
    channels = sorted(known, key=lambda channel: (channel.symbol, channel.bar_period.length_ns))
    places = {channel: place for place, channel in enumerate(known)}
    times = np.concatenate([known[c] for c in channels]) if channels else np.empty(0)
    place = np.concatenate([np.full(len(known[c]), places[c]) for c in channels]) if channels else np.empty(0, np.int64)
    order = np.argsort(times, kind="stable")
    times = times[order]
    ends = np.append(times[1:] != times[:-1], True) if len(times) else np.empty(0, np.bool_)
    return place[order].tolist(), ends.tolist()
