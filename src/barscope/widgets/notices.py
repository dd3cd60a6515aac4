"""What a panel has to say when something went wrong: messages under it, dismissable, details on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import ipywidgets as widgets

from barscope.charts.text import block

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 5
"""More messages than this push out the oldest."""

Level = Literal["error", "warning"]


class Notices:
    """The messages of a panel, newest first; `widget` takes no room while there are none."""

    def __init__(self) -> None:
        self._shown: list[Notice] = []
        self.widget = widgets.VBox()
        self.widget.add_class("barscope-notices")

    @property
    def messages(self) -> tuple[str, ...]:
        """What is shown, newest first."""
        return tuple(notice.message for notice in self._shown)

    def show(self, message: str, details: str = "", level: Level = "error") -> None:
        """Show a message; one that is shown already is not shown twice."""
        if message in self.messages:
            return
        self._shown.insert(0, Notice(message, details, level, self._dismiss))
        for old in self._shown[MOST:]:
            old.close()
        del self._shown[MOST:]
        self._arrange()

    def clear(self) -> None:
        """Take all messages away."""
        for notice in self._shown:
            notice.close()
        self._shown.clear()
        self._arrange()

    def _dismiss(self, notice: Notice) -> None:
        self._shown.remove(notice)
        self._arrange()
        notice.close()

    def _arrange(self) -> None:
        self.widget.children = tuple(notice.widget for notice in self._shown)


class Notice:
    """One message with its buttons."""

    def __init__(self, message: str, details: str, level: Level, dismiss: Callable[[Notice], None]) -> None:
        self.message = message
        text = widgets.HTML(block(message)).add_class("barscope-text")
        self._details = widgets.HTML(block(details)).add_class("barscope-details")
        self._details.layout.display = "none"
        self.more = widgets.ToggleButton(description="Details", tooltip="Show where it went wrong")
        self.more.layout.display = "" if details else "none"
        self.more.observe(self._toggle, "value")
        self.dismiss = widgets.Button(icon="times", tooltip="Dismiss this message").add_class("barscope-icon")
        self.dismiss.on_click(lambda _button: dismiss(self))
        line = widgets.HBox([text, self.more, self.dismiss]).add_class("barscope-notice-line")
        self.widget = widgets.VBox([line, self._details])
        self.widget.add_class("barscope-notice").add_class(f"barscope-{level}")

    def close(self) -> None:
        """Let go of its widgets."""
        close_all(self.widget)

    def _toggle(self, change: dict[str, bool]) -> None:
        self._details.layout.display = "" if change["new"] else "none"


def close_all(widget: widgets.Widget) -> None:
    """Close a widget with everything inside it, so that neither kernel nor browser keeps any of it."""
    for child in getattr(widget, "children", ()):
        close_all(child)
    parts = (getattr(widget, "layout", None), getattr(widget, "style", None))
    widget.unobserve_all()
    widget.close()
    for part in parts:
        if isinstance(part, widgets.Widget):  # a figure's layout is something else
            part.close()
