"""The backtests a panel lists. No widgets here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.charts.text import plain
from barscope.studies.request import BacktestRequest
from barscope.widgets.formats import count, fraction, moment
from barscope.widgets.run_queue import RunQueue
from barscope.widgets.run_table import period_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barscope.jobs import Job
    from barscope.store.run_reader import RunRecord
    from barscope.workspace.workspace import Workspace


class BacktestQueue(RunQueue[BacktestRequest]):
    """Backtests by run id, newest first."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, "backtest", BacktestRequest, _recorded_name, _outcome)

    def add(self, request: BacktestRequest) -> Job[Any]:
        """Queue a backtest.

        Raises:
            BarscopeError: If it does not hold; nothing changes then.
        """
        job = self._workspace.backtest(request)
        self.put(job, _label(request.strategy, request.symbols, period_label(request.rtype, request.timeframe)))
        return job


def _recorded_name(record: RunRecord) -> str:
    config = record.config
    names = ", ".join(str(strategy.get("class_name")) for strategy in config.get("strategies", ()))
    bars = period_label(config.get("rtype"), config.get("request", {}).get("timeframe"))
    return _label(names or record.name, config.get("symbols", ()), bars)


def _label(strategy: str, symbols: Sequence[str], bars: str) -> str:
    shown = ", ".join(plain(symbol) for symbol in symbols[:3]) + (f" +{len(symbols) - 3}" if len(symbols) > 3 else "")
    return " · ".join(part for part in (strategy, shown, bars) if part)


def _outcome(record: RunRecord) -> str:
    """When it began, and what it came to where it was completed."""
    began = moment(record.ts_start)
    change = _total_return(record.config, record.metadata)
    if record.status != "completed" or change is None:
        return began
    return f"{fraction(change)} · {count(record.metadata.get('fills', 0), 'fill')} · {began}"


def _total_return(config: Mapping[str, Any], metadata: Mapping[str, Any]) -> float | None:
    cash = config.get("broker", {}).get("settings", {}).get("starting_cash")
    final = metadata.get("final_equity")
    return final / cash - 1 if cash and final is not None else None
