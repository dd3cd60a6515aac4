"""The columns of runs: from memory while they are fresh, from runs.db afterwards."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from barscope.engine.order_tables import ORDER_TABLES
from barscope.engine.recorded import recorded_events, recorded_result
from barscope.errors import InvalidParameterError, cut
from barscope.store.run_states import RunStates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from barscope.domain.bars import Bars, FloatArray
    from barscope.domain.events import Event
    from barscope.engine.results import BacktestResult
    from barscope.store.run_reader import RunReader, RunRecord
    from barscope.studies.sweep_result import SweepResult


@dataclass(frozen=True, slots=True)
class SymbolColumns:
    """The bars of one symbol of a run and its indicator series, all of shape (bars,)."""

    bars: Bars
    series: Mapping[str, FloatArray]

    @property
    def nbytes(self) -> int:
        """Memory of all columns, bytes."""
        return self.bars.nbytes + sum(values.nbytes for values in self.series.values())


RunColumns = dict[str, SymbolColumns]
"""Symbol → its columns."""


class Results:
    """Columns of completed runs, the least recently used dropped beyond `max_bytes`."""

    def __init__(self, runs: RunReader, max_bytes: int = 1 << 30) -> None:
        self._runs = runs
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], SymbolColumns] = OrderedDict()

    @property
    def states(self) -> RunStates:
        """The states of all runs."""
        return RunStates(self._runs)

    def columns(self, run_id: str, symbol: str) -> SymbolColumns:
        """The columns of a symbol of a run.

        Raises:
            UnknownRunError: If the run is not there or not completed.
            UnknownSymbolError: If the run has no such symbol.
        """
        key = (run_id, symbol)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        columns = SymbolColumns(self._runs.bars(run_id, symbol), self._runs.series(run_id, symbol))
        self._keep(key, columns)
        return columns

    def of_backtest(self, run_id: str) -> BacktestResult:
        """What came out of a completed backtest.

        Raises:
            UnknownRunError: If the run is not there or not completed.
        """
        return recorded_result(self._runs, run_id)

    def events(self, run_id: str, kind: type[Event]) -> Sequence[Event]:
        """The events of one type about the orders of a completed backtest, in order.

        Raises:
            UnknownRunError: If the run is not there or not completed.
            InvalidParameterError: If the type is not one about orders.
        """
        if kind not in ORDER_TABLES:
            names = ", ".join(known.__name__ for known in ORDER_TABLES)
            raise InvalidParameterError(f"no events of type {cut(kind)} about orders: use one of {names}")
        return recorded_events(self._runs, run_id, kind)

    def remember(self, run_id: str, columns: RunColumns) -> None:
        """Keep the columns of a run that was just recorded."""
        for symbol, of_symbol in columns.items():
            self._keep((run_id, symbol), of_symbol)

    def sweep(self, record: RunRecord) -> SweepResult:
        """What is recorded of a sweep; raises as `read_sweep`."""
        from barscope.studies.sweep_record import read_sweep

        return read_sweep(self._runs, record)

    def forget(self, run_ids: Iterable[str]) -> None:
        """Let go of deleted runs."""
        gone = set(run_ids)
        with self._lock:
            for key in [key for key in self._kept if key[0] in gone]:
                del self._kept[key]

    def _keep(self, key: tuple[str, str], columns: SymbolColumns) -> None:
        with self._lock:
            self._kept[key] = columns
            while len(self._kept) > 1 and sum(c.nbytes for c in self._kept.values()) > self._max_bytes:
                self._kept.popitem(last=False)
