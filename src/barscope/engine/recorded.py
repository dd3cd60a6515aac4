"""The results of a backtest from its record."""

from __future__ import annotations

import types
import typing
from dataclasses import fields
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from barscope.domain import events
from barscope.engine.broker import Assumption, Broker
from barscope.engine.order_tables import ORDER_TABLES
from barscope.engine.results import BacktestResult
from barscope.store.run_events import read_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.store.run_reader import RunReader

E = TypeVar("E", bound=events.Event)


def recorded_result(runs: RunReader, run_id: str) -> BacktestResult:
    """The results of a completed backtest.

    Raises:
        UnknownRunError: If the run is unknown or not completed.
    """
    symbols = runs.symbols(run_id)
    record = runs.get(run_id)
    settings = record.config.get("broker", {}).get("settings", {})
    assumed = record.metadata.get("assumptions", {})
    return BacktestResult(
        run_id=run_id,
        strategies=tuple(strategy["name"] for strategy in record.config.get("strategies", ())),
        starting_cash=settings.get("starting_cash", Broker.starting_cash),
        bars={symbol: runs.bars(run_id, symbol) for symbol in symbols},
        series={symbol: runs.series(run_id, symbol) for symbol in symbols},
        orders=recorded_events(runs, run_id, events.OrderSubmissionRequest),
        fills=recorded_events(runs, run_id, events.FillEvent),
        assumptions=tuple(Assumption(**assumption) for assumption in assumed.get("first", ())),
        assumption_count=assumed.get("count", 0),
    )


def recorded_events(runs: RunReader, run_id: str, kind: type[E]) -> Sequence[E]:
    """The events about orders of one type, in order.

    Raises:
        UnknownRunError: If the run is unknown or not completed.
    """
    kinds = _kinds(kind)
    return tuple(
        kind(**{name: _loaded(kinds[name], value) for name, value in row.items() if name in kinds})
        for row in read_events(runs, run_id, ORDER_TABLES[kind])
    )


def _kinds(kind: type[events.Event]) -> dict[str, type]:
    """The type of each field that is stored, without its `| None`."""
    hints = typing.get_type_hints(kind)
    return {field.name: _without_none(hints[field.name]) for field in fields(kind)}  # type: ignore[arg-type]


def _without_none(hint: Any) -> type:  # noqa: ANN401  # a type or a union of types
    kinds = [arg for arg in typing.get_args(hint) if arg is not types.NoneType]
    found: type = kinds[0] if kinds else hint
    return found


def _loaded(kind: type, value: Any) -> Any:  # noqa: ANN401  # as the column
    if value is None:
        return None
    if issubclass(kind, Enum):
        return kind[value]
    return UUID(value) if kind is UUID else value
