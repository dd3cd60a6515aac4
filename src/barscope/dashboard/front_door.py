"""What of a page's messages reaches the widgets of a kernel.

In ipywidgets nothing is protected: a page may write to a label, press a disabled button, and make new widgets. Here it
may do what a person in front of the page could: change the value of an input that is enabled and can be seen. Widgets
of our own say what their pages send: `page_sets` names the traits (`page_may_set` judges values), `page_says` the keys
of messages, `page_asks` those that only ask for what is to be drawn.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import ipywidgets
from ipywidgets.widgets.widget import _instances, _remove_buffers
from ipywidgets.widgets.widget_selection import _MultipleSelection, _Selection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST_TEXT = 1_000
LONGEST_LIST = 10_000
DEEPEST = 3
LARGEST_INTEGER = 2**53
"""Beyond, a browser has no exact integers."""


class FrontDoor:
    """Judges messages by what is on display now."""

    def __init__(self) -> None:
        self._shown: dict[str, None] = {}

    def show(self, model_id: str) -> None:
        """From now on a page shows this widget."""
        self._shown[model_id] = None

    def known(self) -> dict[str, ipywidgets.Widget]:
        """All widgets that a page holds a model of, by id: what is shown, and what that refers to."""
        known: dict[str, ipywidgets.Widget] = {}
        waiting = list(self._roots())
        while waiting:
            widget = waiting.pop()
            if widget.model_id not in known:
                known[widget.model_id] = widget
                waiting.extend(_referred(widget))
        return known

    def states(self) -> tuple[dict[str, Any], list[Any]]:
        """The message with which a page starts, and its buffers."""
        states = {
            model_id: {
                "model_name": widget._model_name,
                "model_module": widget._model_module,
                "model_module_version": widget._model_module_version,
                "state": widget.get_state(),
            }
            for model_id, widget in self.known().items()
        }
        states, paths, buffers = _remove_buffers(states)
        return {"method": "update_states", "states": states, "buffer_paths": paths}, buffers

    def admitted(self, model_id: str, data: dict[str, Any]) -> dict[str, Any] | None:
        """What of a message to a widget may be delivered; None if nothing may.

        Args:
            model_id: Of the widget.
            data: What the page says: `method`, and what belongs to it.
        """
        if data.get("method") == "request_state":
            return {"method": "request_state"} if model_id in self.known() else None
        widget = _instances.get(model_id)
        content = data.get("content")
        if data.get("method") == "custom" and isinstance(content, dict) and _is_asked(widget, content):
            return {"method": "custom", "content": content} if model_id in self.known() else None
        if widget is None or getattr(widget, "disabled", False) or not self._is_visible(widget):
            return None
        match data:
            case {"method": "update", "state": dict(state)}:
                kept = {name: value for name, value in state.items() if _may_set(widget, name, value)}
                return {"method": "update", "state": kept, "buffer_paths": []} if kept else None
            case {"method": "custom", "content": dict(content)} if _is_said(widget, content) and _is_moderate(content):
                return {"method": "custom", "content": content}
        return None

    def _roots(self) -> Iterator[ipywidgets.Widget]:
        return (_instances[model_id] for model_id in self._shown if model_id in _instances)

    def _is_visible(self, wanted: ipywidgets.Widget) -> bool:
        waiting = list(self._roots())
        while waiting:
            widget = waiting.pop()
            if _is_hidden(widget):
                continue
            if widget is wanted:
                return True
            waiting.extend(_visible_children(widget))
        return False


def _may_set(widget: ipywidgets.Widget, name: str, value: object) -> bool:
    judge = getattr(widget, "page_may_set", None)
    return name in _settable(widget) and _is_moderate(value) and (judge is None or judge(name, value))


def _settable(widget: ipywidgets.Widget) -> frozenset[str]:
    """The traits that a page sets when a person uses this widget."""
    declared: frozenset[str] | None = getattr(widget, "page_sets", None)
    if declared is not None:
        return declared
    if isinstance(widget, (_Selection, _MultipleSelection)):
        return frozenset({"index"})
    if isinstance(widget, (ipywidgets.Tab, ipywidgets.Accordion)):
        return frozenset({"selected_index"})
    if isinstance(widget, (ipywidgets.Valid, ipywidgets.FileUpload)):
        return frozenset()
    is_input = {"value", "disabled"} <= set(widget.keys)  # what cannot be disabled is for reading: labels, HTML, bars
    return frozenset({"value"}) if is_input else frozenset()


def _is_said(widget: ipywidgets.Widget, content: dict[str, Any]) -> bool:
    """Whether a page sends this message when a person uses this widget."""
    declared: frozenset[str] | None = getattr(widget, "page_says", None)
    if declared is not None:
        return not declared.isdisjoint(content)
    if isinstance(widget, ipywidgets.Button):
        return content == {"event": "click"}
    return isinstance(widget, ipywidgets.Text) and content == {"event": "submit"}


def _is_asked(widget: ipywidgets.Widget | None, content: dict[str, Any]) -> bool:
    """Whether a page asks for what it is to draw, which it may before that is in sight."""
    asked: frozenset[str] = getattr(widget, "page_asks", frozenset())
    return not asked.isdisjoint(content) and _is_moderate(content)


def _is_moderate(value: object, depth: int = DEEPEST) -> bool:
    match value:
        case bool() | None:
            return True
        case str():
            return len(value) <= LONGEST_TEXT
        case int():
            return abs(value) <= LARGEST_INTEGER
        case float():
            return math.isfinite(value)
        case list():
            return depth > 0 and len(value) <= LONGEST_LIST and all(_is_moderate(v, depth - 1) for v in value)
        case dict():
            return depth > 0 and len(value) <= LONGEST_LIST and all(_is_moderate(v, depth - 1) for v in value.values())
    return False


def _is_hidden(widget: ipywidgets.Widget) -> bool:
    layout = getattr(widget, "layout", None)
    return isinstance(layout, ipywidgets.Layout) and (layout.display == "none" or layout.visibility == "hidden")


def _visible_children(widget: ipywidgets.Widget) -> Iterable[ipywidgets.Widget]:
    children = getattr(widget, "children", ())
    if isinstance(widget, ipywidgets.Stack):  # the program chooses; the page's own choice is a Tab or an Accordion
        chosen = widget.selected_index
        return () if chosen is None else children[chosen : chosen + 1]
    return tuple(children)


def _referred(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    """The widgets in another's state: children, layout, style."""
    for name in widget.keys:
        value = getattr(widget, name)
        if isinstance(value, ipywidgets.Widget):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from (item for item in value if isinstance(item, ipywidgets.Widget))
        elif isinstance(value, dict):
            yield from (item for item in value.values() if isinstance(item, ipywidgets.Widget))
