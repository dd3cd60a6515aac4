"""The panel's stylesheet, and what it learns from the page it is shown in: whether that page is dark."""

from __future__ import annotations

from importlib.resources import files

import anywidget
import traitlets

_HERE = files("barscope.widgets")


def asset(name: str) -> str:
    """The text of a file beside this module."""
    return _HERE.joinpath(name).read_text(encoding="utf-8")


class Surroundings(anywidget.AnyWidget):  # type: ignore[misc]  # carries no types
    """An empty widget that brings the stylesheet along.

    Attributes:
        dark: Whether the page is dark; False until a page has said so.
    """

    _esm = asset("surroundings.js")
    _css = asset("panel.css") + asset("run_panels.css") + asset("setups.css") + asset("splits.css") + asset("chart_settings.css")
    page_sets = frozenset({"dark"})
    dark = traitlets.Bool(False).tag(sync=True)
