"""Earlier sessions, to open again and to pin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import ipywidgets as widgets

from barscope.charts.text import escape
from barscope.errors import InvalidParameterError, cut
from barscope.jobs import JobStatus
from barscope.studies.session import source_of
from barscope.widgets.bar_options import described
from barscope.widgets.fields import icon_button, text_line
from barscope.widgets.formats import count
from barscope.widgets.notices import close_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.studies.explorer import Explorer
    from barscope.studies.request import ExplorerRequest
    from barscope.widgets.guard import Guard


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """What a row says of a session."""

    session_id: str
    source: ExplorerRequest
    indicators: int
    pinned: bool
    is_open: bool


class SessionActions(Protocol):
    """What a row asks for."""

    def open_session(self, source: ExplorerRequest) -> None:
        """Work in it again."""

    def pin_session(self, session_id: str, pinned: bool) -> None:
        """Keep it whatever its age, or let it age."""


def summaries(explorer: Explorer, open_id: str | None) -> tuple[SessionSummary, ...]:
    """All sessions, the one opened last first."""
    found = []
    for session in explorer.list_sessions():
        try:
            source = source_of(session)
        except InvalidParameterError:  # made by a newer barscope: its options mean nothing here
            continue
        states = explorer.get_session_indicators(session.session_id)
        count = len({(s.class_name, repr(s.params)) for s in states if s.status != JobStatus.CANCELLED})
        is_open = session.session_id == open_id
        found.append(SessionSummary(session.session_id, source, count, session.pinned, is_open))
    return tuple(found)


class SessionList:
    """One row per session, made once and changed in place.

    Attributes:
        widget: What a panel shows.
        rows: The rows by session id.
    """

    def __init__(self, guard: Guard, actions: SessionActions) -> None:
        self._guard = guard
        self._actions = actions
        self.rows: dict[str, SessionRow] = {}
        self._empty = widgets.HTML(escape("Sessions appear here once they have an indicator."))
        self._empty.add_class("barscope-empty")
        self._rows = widgets.VBox().add_class("barscope-rows")
        self.widget = (
            widgets.VBox([self._empty, self._rows]).add_class("barscope-scroll").add_class("barscope-sessions")
        )

    def show(self, sessions: Sequence[SessionSummary]) -> None:
        """Bring the rows in line with the sessions."""
        wanted = {session.session_id: session for session in sessions}
        gone = [self.rows.pop(key) for key in tuple(self.rows) if key not in wanted]
        for key in wanted:
            if key not in self.rows:
                self.rows[key] = SessionRow(self._guard, self._actions)
            self.rows[key].update(wanted[key])
        children = tuple(self.rows[key].widget for key in wanted)
        if self._rows.children != children:
            self._rows.children = children
        for row in gone:
            row.close()
        self._empty.layout.display = "none" if wanted else ""


class SessionRow:
    """One session.

    Attributes:
        widget: The row.
        open: The button.
        pin: Whether retention leaves it alone.
    """

    def __init__(self, guard: Guard, actions: SessionActions) -> None:
        self._shown: SessionSummary | None = None
        self._name = text_line().add_class("barscope-name")
        self._state = text_line().add_class("barscope-state")
        self.open = icon_button("folder-open-o", "Open this session")
        self.pin = widgets.ToggleButton(icon="thumb-tack", tooltip="Keep this session").add_class("barscope-icon")
        buttons = widgets.Box([self.pin, self.open]).add_class("barscope-buttons")
        self.widget = widgets.Box([self._name, buttons, self._state]).add_class("barscope-row-item")
        self._actions = actions
        self.open.on_click(guard(lambda _button: self._open()))
        self.pin.observe(guard(lambda change: self._pin(change["new"])), "value")

    def update(self, session: SessionSummary) -> None:
        """Show what is known of the session."""
        if session == self._shown:
            return
        self._shown = session
        self._name.value = escape(_symbols(session.source.symbols))
        self._name.tooltip = ", ".join(session.source.symbols[:50])
        self._state.value = escape(_description(session))
        self.pin.value = session.pinned
        self.pin.tooltip = "Let this session age" if session.pinned else "Keep this session"
        self.open.disabled = session.is_open
        (self.widget.add_class if session.is_open else self.widget.remove_class)("barscope-is-open")

    def close(self) -> None:
        """Let go of its widgets."""
        close_all(self.widget)

    def _open(self) -> None:
        if self._shown is not None:
            self._actions.open_session(self._shown.source)

    def _pin(self, pinned: bool) -> None:
        if self._shown is not None and pinned != self._shown.pinned:
            self._actions.pin_session(self._shown.session_id, pinned)


def _symbols(symbols: Sequence[str]) -> str:
    more = f" +{len(symbols) - 4}" if len(symbols) > 4 else ""
    return ", ".join(cut(symbol, 16) for symbol in symbols[:4]) + more


def _description(session: SessionSummary) -> str:
    source = session.source
    if source.start_date is None and source.end_date is None:
        days = "all days"
    else:
        days = f"{source.start_date or 'start'} – {source.end_date or 'end'}"
    return f"{described(source)} · {days} · {count(session.indicators, 'indicator')}"
