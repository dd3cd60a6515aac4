"""What became of a run that has no results to show, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.text import block
from barscope.widgets.formats import moment

if TYPE_CHECKING:
    from barscope.store.run_reader import RunRecord

_TITLES = {
    "running": "This run is under way",
    "failed": "This run failed",
    "cancelled": "This run was cancelled",
    "completed": "This run has nothing to show",
}
_ADVICE = {
    "running": "Its results appear here when it has ended.",
    "failed": "No results of it were kept. Mend what the message names and run it again; "
    "the run card says what it was made of.",
    "cancelled": "It was stopped before it ended, and no results of it were kept. Run it again to have them.",
    "completed": "Its record names no symbols. The run card says what is known of it.",
}
_INTERRUPTED = "The process that ran it ended before the run did, so no results were kept. Run it again."


class RunOutcome:
    """A title, the message of what went wrong, and the remedy.

    Attributes:
        widget: What a panel shows.
    """

    def __init__(self) -> None:
        self._title = widgets.HTML().add_class("barscope-outcome-title")
        self._error = widgets.HTML().add_class("barscope-details")
        self._advice = widgets.HTML().add_class("barscope-text")
        self.widget = widgets.VBox([self._title, self._error, self._advice]).add_class("barscope-outcome")

    def show(self, record: RunRecord) -> None:
        """The outcome of another run."""
        title, error, advice = outcome(record)
        self._title.value = block(title)
        self._error.value = block(error)
        self._error.layout.display = "" if error else "none"
        self._advice.value = block(advice)
        (self.widget.add_class if record.status == "failed" else self.widget.remove_class)("barscope-is-failed")


def outcome(record: RunRecord) -> tuple[str, str, str]:
    """What became of a run: a title, the message of what went wrong or nothing, and what to do."""
    title = _TITLES.get(record.status, f"This run is {record.status}")
    if record.problem:
        return "The record of this run cannot be read", record.problem, "The other runs are not affected."
    error, reason = record.metadata.get("error"), record.metadata.get("reason")
    if record.status == "failed" and reason == "interrupted":
        return title, "", _INTERRUPTED
    if record.status == "running":
        return title, "", f"It began {moment(record.ts_start)} UTC. {_ADVICE['running']}"
    return title, str(error or ""), _ADVICE.get(record.status, "")
