"""What is running now: one row per launch, with what it has done so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.text import escape
from barscope.widgets.fields import text_line
from barscope.widgets.formats import count, duration
from barscope.widgets.notices import close_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from barscope.domain.run_state import RunState

_SECOND_NS = 1_000_000_000


class LiveRuns:
    """The launches under way; takes no room while there are none.

    Attributes:
        widget: What the dashboard shows.
        rows: The rows by run id.
    """

    def __init__(self) -> None:
        self.rows: dict[str, LiveRow] = {}
        self._title = text_line().add_class("barscope-heading")
        self._rows = widgets.VBox().add_class("barscope-rows")
        self.widget = widgets.VBox([self._title, self._rows]).add_class("barscope-live")
        self.widget.layout.display = "none"

    def show(self, states: Iterable[RunState], names: Mapping[str, str]) -> None:
        """Bring the rows in line with the states; `names` are those of the runs by id."""
        wanted = {state.executor_id: state for state in states if state.executor_running}
        gone = [self.rows.pop(key) for key in tuple(self.rows) if key not in wanted]
        for key, state in wanted.items():
            if key not in self.rows:
                self.rows[key] = LiveRow()
            self.rows[key].show(names.get(key, key), progress_of(state))
        children = tuple(self.rows[key].widget for key in wanted)
        if self._rows.children != children:
            self._rows.children = children
        for row in gone:
            close_all(row.widget)
        self._title.value = escape(f"Running now ({len(wanted)})")
        self.widget.layout.display = "" if wanted else "none"


class LiveRow:
    """One launch."""

    def __init__(self) -> None:
        self._name = text_line().add_class("barscope-name")
        self._state = text_line().add_class("barscope-state")
        self.widget = widgets.Box([self._name, self._state])
        self.widget.add_class("barscope-row-item").add_class("barscope-is-running")

    @property
    def state(self) -> str:
        """What the row says, as HTML."""
        return str(self._state.value)

    def show(self, name: str, progress: str) -> None:
        """What is known of it."""
        self._name.value = escape(name)
        self._state.value = escape(progress)


def progress_of(state: RunState) -> str:
    """How long a launch has been under way, what it has done, and how old its newest bar was."""
    parts = [duration(int((state.last_refreshed_at - state.started_at).total_seconds() * _SECOND_NS))]
    if state.cycles:
        parts.append(count(state.cycles, "step"))
    if state.position_revaluations:
        parts.append(count(state.position_revaluations, "revaluation"))
    if state.market_data_feed_lag is not None:
        parts.append(f"data {duration(int(state.market_data_feed_lag.total_seconds() * _SECOND_NS))} old")
    return " · ".join(parts)
