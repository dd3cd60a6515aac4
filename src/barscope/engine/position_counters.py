"""How often a run compared resting orders with bars, and valued open positions: counted afterwards, from its events."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from barscope.domain.events import CancellationAccepted, FillEvent, OrderExpired, OrderRejected
from barscope.domain.orders import OrderType

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from barscope.engine.recorder import MemoryRecorder
    from barscope.engine.results import BacktestResult


def position_counters(recorder: MemoryRecorder, result: BacktestResult) -> dict[str, int]:
    """The two counters of a run's state that are about positions.

    A stop or limit order is compared with each bar of its symbol after the one it was placed on, up to the bar that
    fills it, or that it is cancelled, expired or given up on. A position is valued anew at each bar it is open at.
    """
    return {
        "position_trigger_checks": _trigger_checks(recorder, result),
        "position_revaluations": int(np.count_nonzero(result.equity.exposure)),
    }


def _trigger_checks(recorder: MemoryRecorder, result: BacktestResult) -> int:
    answers: Iterable[FillEvent | CancellationAccepted | OrderExpired | OrderRejected] = chain(
        recorder.events(FillEvent),
        recorder.events(CancellationAccepted),
        recorder.events(OrderExpired),
        recorder.events(OrderRejected),
    )
    ends: dict[UUID, int] = {}
    for answer in answers:
        ends[answer.associated_order_id] = max(answer.ts_event_ns, ends.get(answer.associated_order_id, 0))
    placed: dict[str, list[tuple[int, int]]] = {}
    for order in result.orders:
        if order.order_type is not OrderType.MARKET:
            last = ends.get(order.system_order_id, np.iinfo(np.int64).max)
            placed.setdefault(order.symbol, []).append((order.ts_event_ns, last))
    total = 0
    for symbol, spans in placed.items():
        ts, span = result.bars[symbol].ts, np.array(spans)
        bars = np.searchsorted(ts, span[:, 1], "right") - np.searchsorted(ts, span[:, 0], "right")
        total += int(np.maximum(bars, 0).sum())
    return total
