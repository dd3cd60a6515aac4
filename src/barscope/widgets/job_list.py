"""Work of a panel, a row each: how far it is, what became of it, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets as widgets

from barscope.charts.text import escape, plain
from barscope.jobs import JobStatus
from barscope.widgets.fields import icon_button, text_line
from barscope.widgets.notices import close_all

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barscope.jobs import JobSnapshot
    from barscope.widgets.guard import Guard

LIVE = (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.CANCELLING)


@dataclass(frozen=True, slots=True)
class JobEntry:
    """One piece of work.

    Attributes:
        key: What it is called by.
        name: What a person calls it.
        status: A job status.
        stage: What is being done now.
        progress: 0 to 1.
        message: Detail of the stage.
        note: What came of it.
        error: Why it failed.
        traceback: Where it failed, for a developer.
        can_cancel: Whether this process works on it.
    """

    key: str
    name: str
    status: str
    stage: str = ""
    progress: float = 0.0
    message: str = ""
    note: str = ""
    error: str | None = None
    traceback: str | None = field(default=None, repr=False)
    can_cancel: bool = True

    @property
    def is_live(self) -> bool:
        """Whether a job works on it."""
        return self.status in LIVE

    @property
    def state(self) -> str:
        """One line on where it stands."""
        if self.status == JobStatus.RUNNING:
            parts = (self.stage or "running", f"{self.progress:.0%}" if self.can_cancel else "", self.message)
            return " · ".join(part for part in parts if part)
        if self.status == JobStatus.FAILED:
            return f"failed: {self.error or 'no reason given'}"
        words = {JobStatus.CANCELLING.value: "stopping", JobStatus.COMPLETED.value: self.note or "done"}
        return words.get(self.status, self.status)


def followed(entry: JobEntry, now: JobSnapshot) -> dict[str, Any]:
    """What a snapshot says of the work, as fields of its entry."""
    return {
        "status": now.status.value,
        "stage": now.stage,
        "progress": now.progress,
        "message": now.message,
        "error": now.error,
        "traceback": now.traceback or entry.traceback,
    }


class JobActions(Protocol):
    """What a row asks for."""

    def open(self, key: str) -> None:
        """Show what came of it."""

    def cancel(self, key: str) -> None:
        """Stop it."""

    def reuse(self, key: str) -> None:
        """Fill the form with what it was made of."""

    def explain(self, key: str) -> None:
        """Show why it failed in full."""

    def cancel_all(self) -> None:
        """Stop all of it."""


class JobList:
    """One row per piece of work; rows are changed in place, and made or dropped only when work comes or goes.

    Attributes:
        widget: What a panel shows.
        rows: The rows by key.
        cancel_all: The button.
    """

    def __init__(self, guard: Guard, actions: JobActions, title: str, nothing: str, *, reusable: bool = True) -> None:
        self._guard = guard
        self._actions = actions
        self._heading = title
        self._reusable = reusable
        self.rows: dict[str, JobRow] = {}
        self._title = text_line(title).add_class("barscope-heading")
        self.cancel_all = widgets.Button(description="Cancel all", tooltip="Stop everything that is under way")
        self.cancel_all.on_click(guard(lambda _button: actions.cancel_all()))
        self._empty = widgets.HTML(escape(nothing)).add_class("barscope-empty")
        self._rows = widgets.VBox().add_class("barscope-rows")
        header = widgets.Box([self._title, self.cancel_all]).add_class("barscope-section")
        body = widgets.VBox([self._empty, self._rows]).add_class("barscope-scroll")
        self.widget = widgets.VBox([header, body]).add_class("barscope-list")

    def show(self, entries: Iterable[JobEntry], opened: str | None = None) -> None:
        """Bring the rows in line with the entries; `opened` is the key of the one that is looked at."""
        wanted = {entry.key: entry for entry in entries}
        gone = [self.rows.pop(key) for key in tuple(self.rows) if key not in wanted]
        for key, entry in wanted.items():
            if key not in self.rows:
                self.rows[key] = JobRow(key, self._guard, self._actions, reusable=self._reusable)
            self.rows[key].update(entry, is_open=key == opened)
        children = tuple(self.rows[key].widget for key in wanted)
        if self._rows.children != children:
            self._rows.children = children
        for row in gone:
            row.close()
        live = sum(entry.is_live for entry in wanted.values())
        counts = f" ({len(wanted)}{f', {live} running' if live else ''})" if wanted else ""
        self._title.value = escape(f"{self._heading}{counts}")
        self.cancel_all.disabled = not any(entry.is_live and entry.can_cancel for entry in wanted.values())
        self._empty.layout.display = "none" if wanted else ""


class JobRow:
    """One piece of work.

    Attributes:
        widget: The row.
        open: Its name, a button that shows what came of it.
        cancel, explain, reuse: The buttons; those that make no sense now are not shown.
        progress: How far it is.
    """

    def __init__(self, key: str, guard: Guard, actions: JobActions, *, reusable: bool) -> None:
        self._shown: tuple[JobEntry, bool] | None = None
        self.open = widgets.Button().add_class("barscope-row-name")
        self._state = text_line().add_class("barscope-state")
        self.progress = widgets.FloatProgress(min=0.0, max=1.0)
        self.cancel = icon_button("stop", "Stop this")
        self.explain = icon_button("info-circle", "Show the whole error")
        self.reuse = icon_button("copy", "Use these settings for another run")
        self.reuse.layout.display = "" if reusable else "none"
        buttons = widgets.Box([self.cancel, self.explain, self.reuse]).add_class("barscope-buttons")
        self.widget = widgets.Box([self.open, buttons, self._state, self.progress]).add_class("barscope-row-item")
        self.open.on_click(guard(lambda _button: actions.open(key)))
        self.cancel.on_click(guard(lambda _button: actions.cancel(key)))
        self.explain.on_click(guard(lambda _button: actions.explain(key)))
        self.reuse.on_click(guard(lambda _button: actions.reuse(key)))

    @property
    def state(self) -> str:
        """What the row says, as HTML."""
        return str(self._state.value)

    def update(self, entry: JobEntry, *, is_open: bool) -> None:
        """Show where the work stands; touches only what has changed."""
        if self._shown == (entry, is_open):
            return
        before = self._shown[0].status if self._shown else None
        self._shown = (entry, is_open)
        self.open.description = plain(entry.name)
        self.open.tooltip = f"Show {plain(entry.name)}"
        self._state.value = escape(entry.state)
        self._state.tooltip = entry.error
        self.progress.value = entry.progress
        self.progress.layout.visibility = "visible" if entry.is_live and entry.can_cancel else "hidden"
        self.cancel.layout.display = "" if entry.is_live and entry.can_cancel else "none"
        self.cancel.disabled = entry.status == JobStatus.CANCELLING
        self.explain.layout.display = "" if entry.status == JobStatus.FAILED else "none"
        (self.widget.add_class if is_open else self.widget.remove_class)("barscope-is-shown")
        if before != entry.status:
            if before is not None:
                self.widget.remove_class(f"barscope-is-{before}")
            self.widget.add_class(f"barscope-is-{entry.status}")

    def close(self) -> None:
        """Let go of its widgets."""
        close_all(self.widget)
