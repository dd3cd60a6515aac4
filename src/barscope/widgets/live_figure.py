"""A Plotly FigureWidget for long use: light on the wire, never stale, drawn anew in one step.

Plotly's own ships its 5 MB of JavaScript in every instance, shows an old state to a page that opens later, and reports
every property it fills in. This one serves the bundle once a page, answers every page with the figure as it is now,
and hears of the user's moves through `on_move`. All changes happen under `lock`: with subshells a handler may run on
any thread.
"""

from __future__ import annotations

import gzip
import math
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, TypeGuard, get_args

import plotly
import plotly.graph_objects as go
import traitlets
from plotly.basedatatypes import Undefined
from plotly.serializers import custom_serializers

from barscope.charts.config import CONFIG

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Kind = Literal["view", "wheel", "home", "left", "right", "in", "out", "resize", "point", "brush", "drop"]
_LIVE = ("_widget_data", "_widget_layout")


@dataclass(frozen=True, slots=True)
class Move:
    """What a person did in a browser.

    Attributes:
        kind: `view` for a range the view shows already (a drag), `wheel` for one it asks for, a key, the Home
            button, a new width, a `point` that was clicked with a tool in hand, a `brush` drawn along an upright, or
            `drop` to put the tool away.
        view: The view it was done in.
        width: Pixels of its plot.
        range: First and last visible position, for `view` and `wheel`; position and price of a `point`; where a
            `brush` begins and ends on its upright.
        place: The position of that upright.
    """

    kind: Kind
    view: str
    width: int | None = None
    range: tuple[float, float] | None = None
    place: float | None = None


def _asset(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _bundle() -> bytes:
    """Plotly's widget code, compressed: 1.5 MB instead of 5."""
    return gzip.compress(files(plotly).joinpath("package_data/widgetbundle.js").read_bytes(), compresslevel=3)


class LiveFigure(go.FigureWidget):  # type: ignore[misc]
    """One figure that lives as long as its panel and is changed in place."""

    _esm = _asset("barscope.charts", "crosshair.js") + _asset("barscope.widgets", "live_figure.js").replace(
        "__VERSION__", plotly.__version__
    )
    _css = _asset("barscope.charts", "crosshair.css")
    page_sets = frozenset({"_js2py_relayout"})
    page_says = frozenset({"barscope"})
    page_asks = frozenset({"ask"})
    _revision = traitlets.Int(0).tag(sync=True)
    _sync = traitlets.Unicode("").tag(sync=True)
    tool = traitlets.Unicode("").tag(sync=True)
    """What a click on the prices places; `pick` tells a click, `brush` a drag; empty where it places nothing."""
    description = traitlets.Unicode("").tag(sync=True)
    """What it shows, in words; a screen reader says it."""

    def __init__(self) -> None:
        self._figure_lock = threading.RLock()
        self._answers: dict[str, Any] = {"_revision": 0, "_sync": ""}
        self._listeners: list[Callable[[Move], None]] = []
        super().__init__()
        self._config = CONFIG
        self.on_msg(self._on_message)

    @property
    def lock(self) -> threading.RLock:
        """Held for every change; re-entrant."""
        return self._figure_lock

    @staticmethod
    def page_may_set(_trait: str, value: object) -> bool:
        """Whether a page that is not trusted may say this of its layout: the tool of a drag, nothing else."""
        return isinstance(value, dict) and set(value.get("relayout_data") or {"nothing"}) == {"dragmode"}

    def on_move(self, listener: Callable[[Move], None]) -> None:
        """Calls `listener` with each move of a user, on the thread the message arrived on."""
        self._listeners.append(listener)

    def replace(self, parts: dict[str, Any]) -> None:
        """Another figure (Plotly's `data` and `layout`) in this one's place, drawn in one step; the drag tool stays."""
        with self.lock:
            chosen = self._layout_obj.dragmode
            tool = {"dragmode": chosen} if chosen else {}
            with self.hold_sync():  # plotly's own messages would be one redraw each
                self.data = ()
                self.add_traces([_trace(t) for t in parts["data"]])
                self.layout = parts["layout"] | tool
            self._answers["_revision"] += 1
            self.send_state([*_LIVE, "_revision"])

    def step(self, arrays: Sequence[dict[str, Any]], layout: dict[str, Any], source: str | None = None) -> None:
        """New arrays for the traces and new layout values, in one message.

        Args:
            arrays: For each trace, arrays by name; None removes one.
            layout: Values by dotted path.
            source: The view that asked, which has the new x range already.
        """
        with self.lock:
            names = dict.fromkeys(name for trace in arrays for name in trace)
            restyle = {name: [trace.get(name, Undefined) for trace in arrays] for name in names}
            self.plotly_update(restyle, layout, list(range(len(arrays))), source_view_id=source)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:  # noqa: ANN401
        """The state a page gets; figure data as they are now, where plotly's traits hold those of its creation."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        answers = getattr(self, "_answers", None)
        if answers is None or not hasattr(self, "_layout_obj"):  # still being created
            return state
        with self.lock:
            live = {"_widget_data": self._data, "_widget_layout": self._layout_obj._props}
            state |= {k: custom_serializers["to_json"](v, self) for k, v in live.items() if k in state}
            return state | {k: v for k, v in answers.items() if k in state}

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        with self.lock:
            super()._handle_msg(msg)

    def _on_message(self, _widget: object, content: dict[str, Any], _buffers: object) -> None:
        what, asked = content.get("barscope"), content.get("ask")
        if asked == "bundle":
            self.send({"barscope": "bundle"}, buffers=[_bundle()])
        elif asked == "sync":
            with self.lock:
                self._answers["_sync"] = str(content.get("token"))
                self.send_state([*_LIVE, "_revision", "_sync"])
        elif what in get_args(Kind) and (move := _move(content)):
            for listener in self._listeners:
                listener(move)

    def _repr_mimebundle_(self, *_args: object, **_kwargs: object) -> dict[str, Any]:
        """The widget alone; plotly's own would send the whole figure again."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {"text/plain": "LiveFigure", "application/vnd.jupyter.widget-view+json": view}


def _trace(trace: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in trace.items() if v is not None}


def _move(content: dict[str, Any]) -> Move | None:
    """What a page says, or None where it is not what a page of ours would say."""
    kind, bounds, width = content["barscope"], content.get("range"), content.get("width")
    visible, place = None, content.get("place")
    if kind in ("view", "wheel", "point", "brush"):
        if not isinstance(bounds, list) or len(bounds) != 2 or not all(_is_number(b) for b in bounds):
            return None
        visible = (float(bounds[0]), float(bounds[1]))
    if kind == "brush" and not _is_number(place):
        return None
    return Move(
        kind,
        str(content.get("view")),
        int(width) if _is_number(width) else None,
        visible,
        float(place) if _is_number(place) else None,
    )


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and math.isfinite(value)
