"""What a run reads: the bars of one symbol and period."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from barscope.domain.periods import BarPeriod


class Channel(NamedTuple):
    """The bars of one symbol and period."""

    symbol: str
    bar_period: BarPeriod


def matched_channels(channels: Iterable[Channel]) -> tuple[Channel, ...]:
    """The channel of each symbol that its orders are matched on: that of its shortest period."""
    shortest: dict[str, Channel] = {}
    for channel in channels:
        known = shortest.setdefault(channel.symbol, channel)
        if channel.bar_period.length_ns < known.bar_period.length_ns:
            shortest[channel.symbol] = channel
    return tuple(shortest.values())
