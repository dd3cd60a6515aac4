"""Files and data frames become bars: validated, fixed-point and grouped by instrument. No database here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barscope.ingest.report import IngestReport, ParsedSource
    from barscope.ingest.source import read_source
    from barscope.ingest.stocks import sample_stocks
    from barscope.ingest.synthetic import synthetic_bars

__all__ = ["IngestReport", "ParsedSource", "read_source", "sample_stocks", "synthetic_bars"]

_HOMES = {
    "IngestReport": "report",
    "ParsedSource": "report",
    "read_source": "source",
    "sample_stocks": "stocks",
    "synthetic_bars": "synthetic",
}


def __getattr__(name: str) -> object:
    """Loads a public name on first use, because polars is too heavy for `import barscope`."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
