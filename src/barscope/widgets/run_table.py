"""All runs of a workspace as a table, and what of them a filter leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from barscope.domain.periods import period_of_rtype
from barscope.errors import InvalidParameterError
from barscope.widgets.data_table import Column, DataTable, TableRow
from barscope.widgets.formats import duration, fraction, moment, number

if TYPE_CHECKING:
    from barscope.store.run_list import RunGlance
    from barscope.widgets.guard import Guard

ANY = ""
_COLUMNS = (
    Column("name", "Name", str, "left", 112, 1.2),
    Column("status", "Status", str, "left", 80, 0.1, toned=True),
    Column("symbols", "Symbols", str, "left", 64, 0.5, spare=1),
    Column("period", "Bars", str, "left", 44, 0.1, spare=3),
    Column("parameters", "Parameters", str, "left", 96, 1.4, spare=4),
    Column("total_return", "Return", fraction, "right", 72, 0.1),
    Column("ts_start", "Began (UTC)", moment, "left", 126, 0.1, spare=2),
    Column("final_equity", "Equity", lambda value: f"{value:,.0f}", "right", 76, 0.1, spare=6),
    Column("took", "Took", duration, "right", 66, 0.1, spare=7),
    Column("mode", "Mode", str, "left", 88, 0.1, spare=5),
)


class RunTable(DataTable):
    """One row per run; its key is the run id. Ticked runs can be compared or deleted."""

    def __init__(self, guard: Guard) -> None:
        super().__init__(_COLUMNS, guard, label="Runs", nothing="No run matches.", checkable=True)

    def show_runs(self, runs: Sequence[RunGlance]) -> None:
        """Other runs."""
        self.show([_row(run) for run in runs])


def matching(runs: Iterable[RunGlance], text: str, mode: str, status: str) -> tuple[RunGlance, ...]:
    """The runs of a mode and a status in which every word occurs: in name, id, symbols, period or parameters."""
    words = text.casefold().split()
    return tuple(
        run
        for run in runs
        if mode in (ANY, run.mode) and status in (ANY, run.status) and all(word in _text(run) for word in words)
    )


def _text(run: RunGlance) -> str:
    return " ".join(
        (run.run_id, run.name, period_label(run.rtype, run.timeframe), run.parameters, *run.symbols)
    ).casefold()


def _row(run: RunGlance) -> TableRow:
    values = {
        "name": run.name,
        "mode": run.mode,
        "symbols": ", ".join(run.symbols[:8]) + (f" +{number(len(run.symbols) - 8)}" if len(run.symbols) > 8 else ""),
        "period": period_label(run.rtype, run.timeframe),
        "ts_start": run.ts_start,
        "took": None if run.ts_end is None else run.ts_end - run.ts_start,
        "final_equity": run.final_equity,
        "total_return": run.total_return,
        "parameters": run.parameters or None,
        "status": run.status,
    }
    return TableRow(
        run.run_id, values, "good" if run.status == "completed" else "bad" if run.status == "failed" else ""
    )


def period_label(rtype: int | None, timeframe: str | None = None) -> str:
    """The length of bars in short, of the longer ones where they were made into such; empty where it is not known."""
    if timeframe is not None:
        return timeframe
    try:
        return period_of_rtype(rtype).label if rtype is not None else ""
    except InvalidParameterError:
        return str(rtype)
