"""Does a strategy look ahead? Played on the first bars alone it must do what it did on all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.domain.bars import Bars
from barscope.domain.events import (
    Event,
    OrderCancellationRequest,
    OrderModificationRequest,
    OrderSubmissionRequest,
)
from barscope.domain.periods import BarPeriod
from barscope.engine.channel import Channel
from barscope.engine.configuration import configured
from barscope.engine.datafeed import SimulatedDatafeed
from barscope.engine.orchestrator import Orchestrator
from barscope.engine.recorder import MemoryRecorder
from barscope.engine.simulated_broker import SimulatedBroker

if TYPE_CHECKING:
    from barscope.engine.broker import Broker
    from barscope.engine.bus import EventBus
    from barscope.engine.strategy import Strategy

_REQUESTS = (OrderSubmissionRequest, OrderCancellationRequest, OrderModificationRequest)


@dataclass(frozen=True, slots=True)
class LookAhead:
    """The first request that came out differently once later bars were known.

    Attributes:
        known_ns: The moment up to which bars were given, ns UTC.
        with_later_bars: The request of the run over all bars; None where there was none.
        without: The request of the run that ended at `known_ns`.
    """

    known_ns: int
    with_later_bars: Event | None
    without: Event | None


def first_lookahead(
    strategies: Sequence[type[Strategy]],
    bars: Mapping[Any, Bars],
    *,
    bar_period: BarPeriod = BarPeriod.DAY,
    broker: type[Broker] = SimulatedBroker,
    cuts: int = 8,
) -> LookAhead | None:
    """The first difference between a run over all bars and runs over the first of them, or None.

    It also finds strategies that do not repeat themselves: by chance, the time of day, or what an earlier run left
    behind.

    Args:
        strategies: Configured classes.
        bars: Bars by symbol (of `bar_period`) or by (symbol, period).
        bar_period: The period of bars given by symbol.
        broker: Class of the broker.
        cuts: How many prefixes are played, spread evenly over the time of the bars.
    """
    channels = {key if isinstance(key, tuple) else (key, bar_period): value for key, value in bars.items()}
    known = {key: value.ts + key[1].length_ns for key, value in channels.items()}
    whole = _requests(strategies, channels, bar_period, broker)
    for moment in _moments(list(known.values()), cuts):
        part = {
            key: value.rows(0, int(np.searchsorted(known[key], moment, "right"))) for key, value in channels.items()
        }
        before = [request for request in whole if request.ts_created_ns <= moment]
        for full, prefix in zip_longest(before, _requests(strategies, part, bar_period, broker)):
            if full != prefix:
                return LookAhead(moment, full, prefix)
    return None


def _moments(known: Sequence[np.ndarray[Any, Any]], cuts: int) -> list[int]:
    """Moments to end a prefix at: when every channel has a bar, and before the last bar."""
    times = np.unique(np.concatenate(known))
    times = times[times >= max(int(of_channel[0]) for of_channel in known)]
    places = {len(times) * k // cuts for k in range(cuts)} - {len(times) - 1}
    return [int(times[place]) for place in sorted(places)]


def _requests(
    strategies: Sequence[type[Strategy]],
    bars: Mapping[tuple[str, BarPeriod], Bars],
    bar_period: BarPeriod,
    broker: type[Broker],
) -> list[Event]:
    requests: list[Event] = []

    class _Requests(MemoryRecorder):
        def __init__(self, bus: EventBus) -> None:
            super().__init__(bus)
            for kind in _REQUESTS:
                self.listen(kind, requests.append, last=True)

    given = {Channel(*key): value for key, value in bars.items()}
    feed = configured(SimulatedDatafeed, bars=given, bar_period=bar_period)
    Orchestrator(strategies, broker, feed, _Requests).run()
    return requests
