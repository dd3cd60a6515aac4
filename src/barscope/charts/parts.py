"""The parts of pages: scripts and styles of ours, Plotly, and data that cannot end the element it stands in."""

from __future__ import annotations

import base64
import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any


def asset(name: str) -> str:
    """A script or a style of this folder."""
    return files("barscope.charts").joinpath(name).read_text(encoding="utf-8")


@cache
def plotly() -> str:
    """Plotly's script."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


@cache
def packed_plotly() -> str:
    """Plotly's script as `packed`."""
    return packed(plotly().encode())


def packed(content: bytes) -> str:
    """Bytes as text for a page, gzipped."""
    return as_text(gzip.compress(content, compresslevel=6, mtime=0))


def as_text(content: bytes) -> str:
    """Bytes as text for a page."""
    return base64.b64encode(content).decode("ascii")


def script_json(content: dict[str, Any]) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
