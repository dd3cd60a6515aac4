"""A list of runs with what narrows it: words, a mode, a status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.text import escape
from barscope.widgets.run_table import ANY, RunTable, matching

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from barscope.store.run_list import RunGlance
    from barscope.widgets.guard import Guard

MODES = (
    ("All modes", ANY),
    ("Explorations", "exploration"),
    ("Backtests", "backtest"),
    ("Scenarios", "scenario"),
    ("Sweeps", "sweep"),
)
STATUSES = (
    ("Any status", ANY),
    *((name.capitalize(), name) for name in ("completed", "running", "failed", "cancelled")),
)


class RunFinder:
    """Runs, and those of them that are wanted.

    Attributes:
        search: Words that name, id, symbols, period or parameters have to hold.
        mode: One mode, or all.
        status: One status, or any.
        count: How many are shown.
        table: They.
        runs: All of them.
        only: The ids to choose from, such as those of a session; None is all.
    """

    def __init__(self, guard: Guard, on_filter: Callable[[], None] = lambda: None) -> None:
        self.search = widgets.Text(
            placeholder="Search runs", tooltip="Words in name, id, symbols, period or parameters"
        )
        self.mode = widgets.Dropdown(options=MODES, value=ANY, tooltip="Mode")
        self.status = widgets.Dropdown(options=STATUSES, value=ANY, tooltip="Status")
        self.count = widgets.HTML().add_class("barscope-hint")
        self.table = RunTable(guard)
        self.runs: tuple[RunGlance, ...] = ()
        self.only: Collection[str] | None = None
        self._on_filter = on_filter
        for field in (self.search, self.mode, self.status):
            field.observe(guard(lambda _change: self.filter()), "value")

    def show(self, runs: Sequence[RunGlance]) -> None:
        """Other runs."""
        self.runs = tuple(runs)
        self.filter()

    def filter(self) -> None:
        """Show the runs that are wanted."""
        offered = [run for run in self.runs if self.only is None or run.run_id in self.only]
        found = matching(offered, self.search.value, self.mode.value, self.status.value)
        self.table.show_runs(found)
        self.count.value = escape(f"{len(found):,} of {len(self.runs):,}" if self.runs else "No runs yet")
        self._on_filter()
