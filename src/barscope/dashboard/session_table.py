"""The explorer sessions as a table: choose one to see its runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from barscope.widgets.data_table import Column, DataTable, TableRow
from barscope.widgets.run_table import period_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from barscope.store.run_list import RunGlance
    from barscope.store.session_values import ExplorerSession
    from barscope.widgets.guard import Guard

_COLUMNS = (
    Column("symbols", "Symbols", str, "left", 110, 1.2),
    Column("period", "Bars", str, "left", 44, 0.1),
    Column("days", "Days", str, "left", 150, 0.6, spare=1),
    Column("runs", "Runs", str, "right", 48, 0.1),
    Column("opened", "Opened (UTC)", str, "left", 126, 0.1, spare=2),
)


@dataclass(frozen=True, slots=True)
class SessionRuns:
    """A session with the ids of its runs."""

    session: ExplorerSession
    run_ids: frozenset[str]


def sessions_with_runs(sessions: Iterable[ExplorerSession], runs: Iterable[RunGlance]) -> tuple[SessionRuns, ...]:
    """Each session with the runs that say they belong to it, in the order of the sessions."""
    by_session: dict[str, set[str]] = {}
    for run in runs:
        if run.session_id is not None:
            by_session.setdefault(run.session_id, set()).add(run.run_id)
    return tuple(SessionRuns(one, frozenset(by_session.get(one.session_id, ()))) for one in sessions)


class SessionTable(DataTable):
    """One row per session; its key is the session id."""

    def __init__(self, guard: Guard) -> None:
        nothing = "No sessions: an exploration opens one."
        super().__init__(_COLUMNS, guard, label="Sessions", nothing=nothing)

    def show_sessions(self, sessions: Iterable[SessionRuns]) -> None:
        """Other sessions."""
        self.show([TableRow(one.session.session_id, _values(one)) for one in sessions])


def _values(one: SessionRuns) -> Mapping[str, Any]:
    session = one.session
    opened = session.last_opened_at or session.created_at
    first, last = session.start_date, session.end_date
    return {
        "symbols": ", ".join(session.symbols),
        "period": period_label(session.rtype, session.options.get("timeframe")),
        "days": "all" if first is None and last is None else f"{first or 'first'} – {last or 'last'}",
        "runs": len(one.run_ids),
        "opened": opened[:16].replace("T", " "),
    }
