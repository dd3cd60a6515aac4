"""What the dashboard's notebook shows: the panel over what the environment names, or why there is none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.text import block
from barscope.dashboard.panel import DashboardPanel
from barscope.dashboard.quiet_guard import without_paths
from barscope.dashboard.settings import SNAPSHOT, WORKSPACE
from barscope.dashboard.viewport import Viewport
from barscope.errors import BarscopeError, InvalidParameterError
from barscope.workspace.read_only import ReadOnlyWorkspace

if TYPE_CHECKING:
    from collections.abc import Mapping


def show(environment: Mapping[str, str] = os.environ) -> None:
    """Show the dashboard of what the environment names, or why there is none."""
    from IPython.display import display

    try:
        display(DashboardPanel(source_of(environment)))
    except BarscopeError as error:
        display(failure(error))


def source_of(environment: Mapping[str, str]) -> ReadOnlyWorkspace:
    """The snapshot or the live folder that the environment names.

    Raises:
        InvalidParameterError: If it names none.
        StoreError: If it cannot be read.
    """
    if snapshot := environment.get(SNAPSHOT):
        return ReadOnlyWorkspace.of_snapshot(Path(snapshot))
    if folder := environment.get(WORKSPACE):
        return ReadOnlyWorkspace.of_live(Path(folder))
    raise InvalidParameterError(f"nothing to show: set {SNAPSHOT} or {WORKSPACE}, or use `barscope dashboard`")


def failure(error: BarscopeError) -> widgets.Widget:
    """A page that says why there is no dashboard."""
    said = widgets.HTML(block(f"There is nothing to show\n{without_paths(str(error))}")).add_class("barscope-nothing")
    viewport = Viewport(settled=True)
    return widgets.VBox([viewport, said]).add_class("barscope-panel").add_class("barscope-dashboard")
