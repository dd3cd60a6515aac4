"""Plotly's options, the same on every path to a screen or a file."""

from __future__ import annotations

from typing import Any

CONFIG: dict[str, Any] = {
    # Plotly 7 offers to upload the chart to its cloud unless told not to.
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "displaylogo": False,
    "scrollZoom": True,
    "responsive": True,
    "modeBarButtonsToRemove": ["autoScale2d", "select2d", "lasso2d", "toggleSpikelines"],
}
