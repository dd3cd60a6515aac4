"""The panel's stylesheet, and what it learns from the page it is shown in: whether that page is dark."""

from __future__ import annotations

from importlib.resources import files

import anywidget
import traitlets

_HERE = files("barscope.widgets")
_STYLES = (
    "panel.css",
    "run_panels.css",
    "setups.css",
    "splits.css",
    "scenario.css",
    "sweep.css",
    "chart_settings.css",
    "presets.css",
    "quality.css",
)


def asset(name: str) -> str:
    """The text of a file beside this module."""
    return _HERE.joinpath(name).read_text(encoding="utf-8")


class Surroundings(anywidget.AnyWidget):  # type: ignore[misc]  # carries no types
    """An empty widget that brings the stylesheet along.

    Attributes:
        dark: Whether the page is dark; False until a page has said so.
    """

    _esm = asset("surroundings.js")
    _css = "".join(map(asset, _STYLES))
    page_sets = frozenset({"dark"})
    dark = traitlets.Bool(False).tag(sync=True)
