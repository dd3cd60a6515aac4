"""The indicators of the session, a row each, with what became of them and what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import ipywidgets as widgets

from barscope.charts.text import escape, titled
from barscope.jobs import JobStatus
from barscope.widgets.fields import icon_button, text_line
from barscope.widgets.notices import close_all
from barscope.widgets.session_model import CACHED, ELSEWHERE, OUTDATED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from barscope.widgets.guard import Guard
    from barscope.widgets.session_model import Entry, Key


class IndicatorActions(Protocol):
    """What a row asks for."""

    def show(self, key: Key, visible: bool) -> None:
        """Draw it, or no longer."""

    def duplicate(self, key: Key) -> None:
        """Fill the form with its parameters, to add a variant."""

    def cancel(self, key: Key) -> None:
        """Stop computing it."""

    def retry(self, key: Key) -> None:
        """Compute it anew."""

    def explain(self, key: Key) -> None:
        """Show why it failed in full."""

    def remove(self, key: Key) -> None:
        """Take it off the list and the chart."""

    def cancel_all(self) -> None:
        """Stop computing all of them."""

    def carry_over(self) -> None:
        """Add the indicators of the session before."""


class IndicatorList:
    """One row per indicator; rows are changed in place, and made or dropped only when an indicator comes or goes.

    Attributes:
        widget: What a panel shows.
        rows: The rows by key.
        cancel_all: The button.
        carry_over: The button that adds the indicators of the session before; shown only in an empty list.
    """

    def __init__(self, guard: Guard, actions: IndicatorActions) -> None:
        self._guard = guard
        self._actions = actions
        self.rows: dict[Key, IndicatorRow] = {}
        self._title = text_line("In this session").add_class("barscope-heading")
        self.cancel_all = widgets.Button(description="Cancel all", tooltip="Stop everything that is being computed")
        self.cancel_all.on_click(guard(lambda _button: actions.cancel_all()))
        self._empty = widgets.HTML().add_class("barscope-empty")
        self.carry_over = widgets.Button().add_class("barscope-carry")
        self.carry_over.on_click(guard(lambda _button: actions.carry_over()))
        self._rows = widgets.VBox().add_class("barscope-rows")
        header = widgets.Box([self._title, self.cancel_all]).add_class("barscope-section")
        self._body = widgets.VBox([self._empty, self.carry_over, self._rows]).add_class("barscope-scroll")
        self.widget = widgets.VBox([header, self._body]).add_class("barscope-list")

    def show(self, entries: Iterable[Entry], before: int, warnings: Mapping[Key, str], *, has_source: bool) -> None:
        """Bring the rows in line with the entries.

        Args:
            entries: The indicators, in order.
            before: How many indicators the session before had.
            warnings: What is wrong with the code of some of them.
            has_source: Whether bars are chosen.
        """
        wanted = {entry.key: entry for entry in entries}
        gone = [self.rows.pop(key) for key in tuple(self.rows) if key not in wanted]
        new = [key for key in wanted if key not in self.rows]
        self.rows.update({key: IndicatorRow(key, self._guard, self._actions) for key in new})
        for key, entry in wanted.items():
            self.rows[key].update(entry)
            self.rows[key].warn(warnings.get(key))
        children = tuple(self.rows[key].widget for key in wanted)
        if self._rows.children != children:
            self._rows.children = children
        for row in gone:
            row.close()
        self._summarise(tuple(wanted.values()), before, has_source)

    def _summarise(self, entries: tuple[Entry, ...], before: int, has_source: bool) -> None:
        live = sum(entry.is_live for entry in entries)
        counts = f"{len(entries)}" + (f", {live} running" if live else "")
        self._title.value = escape(f"In this session ({counts})" if entries else "In this session")
        self.cancel_all.disabled = not live
        nothing = "Choose an indicator above and add it." if has_source else "Choose a symbol first."
        self._empty.value = escape(nothing)
        self._empty.layout.display = "none" if entries else ""
        self.carry_over.description = f"Add the {before} from before" if before != 1 else "Add the one from before"
        self.carry_over.layout.display = "" if before and has_source and not entries else "none"


class IndicatorRow:
    """One indicator.

    Attributes:
        widget: The row.
        eye: Whether the chart draws it.
        duplicate, cancel, retry, explain, remove: The buttons; those that make no sense now are not shown.
        progress: How far the work is.
        warning: A red mark, shown where its code is wrong.
    """

    def __init__(self, key: Key, guard: Guard, actions: IndicatorActions) -> None:
        self._shown: Entry | None = None
        self._name = text_line().add_class("barscope-name")
        self.warning = text_line().add_class("barscope-warning-mark")
        self.warn(None)
        self._state = text_line().add_class("barscope-state")
        self.progress = widgets.FloatProgress(min=0.0, max=1.0)
        self.eye = widgets.ToggleButton(value=True, icon="eye", tooltip="Hide in the chart").add_class("barscope-icon")
        self.duplicate = icon_button("copy", "Use these parameters for another one")
        self.cancel = icon_button("stop", "Stop computing this indicator")
        self.retry = icon_button("repeat", "Compute this indicator anew")
        self.explain = icon_button("info-circle", "Show the whole error")
        self.remove = icon_button("times", "Remove from this list and the chart")
        buttons = (self.cancel, self.retry, self.explain, self.eye, self.duplicate, self.remove)
        self.widget = widgets.Box(
            [
                widgets.Box([self.warning, self._name]).add_class("barscope-named"),
                widgets.Box(buttons).add_class("barscope-buttons"),
                self._state,
                self.progress,
            ]
        ).add_class("barscope-row-item")
        self.eye.observe(guard(lambda change: actions.show(key, change["new"])), "value")
        self.duplicate.on_click(guard(lambda _button: actions.duplicate(key)))
        self.cancel.on_click(guard(lambda _button: actions.cancel(key)))
        self.retry.on_click(guard(lambda _button: actions.retry(key)))
        self.explain.on_click(guard(lambda _button: actions.explain(key)))
        self.remove.on_click(guard(lambda _button: actions.remove(key)))

    def update(self, entry: Entry) -> None:
        """Show where the indicator stands; touches only what has changed."""
        if entry == self._shown:
            return
        before, self._shown = self._shown, entry
        self._name.value = escape(entry.name)
        self._name.tooltip = entry.name
        self._state.value = escape(_state(entry))
        self._state.tooltip = entry.error or None
        self.progress.value = entry.progress
        self.eye.value = entry.visible
        if before is None or (before.status, before.visible) != (entry.status, entry.visible):
            self._arrange(entry, before)

    def warn(self, warning: str | None) -> None:
        """Mark it in red, the reason on hover, or no longer."""
        self.warning.value = titled("✗ looks ahead", warning) if warning else ""
        self.warning.layout.display = "" if warning else "none"

    def close(self) -> None:
        """Let go of its widgets."""
        close_all(self.widget)

    def _arrange(self, entry: Entry, before: Entry | None) -> None:
        has_failed = entry.status in (JobStatus.FAILED, JobStatus.CANCELLED, OUTDATED)
        shown = {
            self.cancel: entry.is_live,
            self.retry: has_failed,
            self.explain: entry.status == JobStatus.FAILED,
            self.eye: not has_failed,
        }
        for button, is_shown in shown.items():
            button.layout.display = "" if is_shown else "none"
        self.progress.layout.visibility = "visible" if entry.is_live else "hidden"
        self.cancel.disabled = entry.status == JobStatus.CANCELLING
        self.eye.icon = "eye" if entry.visible else "eye-slash"
        self.eye.tooltip = "Hide in the chart" if entry.visible else "Show in the chart"
        if before is not None:
            self.widget.remove_class(f"barscope-is-{before.status}")
        self.widget.add_class(f"barscope-is-{entry.status}")


def _state(entry: Entry) -> str:
    """One line on where an indicator stands."""
    if entry.status == JobStatus.RUNNING:
        parts = (entry.stage or "starting", f"{entry.progress:.0%}", entry.message)
        return " · ".join(part for part in parts if part)
    if entry.status == JobStatus.FAILED:
        return f"failed: {entry.reason}"
    words = {
        JobStatus.QUEUED.value: "queued",
        JobStatus.CANCELLING.value: "stopping",
        JobStatus.CANCELLED.value: "cancelled",
        JobStatus.COMPLETED.value: "recorded",
        CACHED: "recorded before",
        ELSEWHERE: "running in another process",
        OUTDATED: f"cannot be shown: {entry.error}",
    }
    return words.get(entry.status, entry.status)
