"""The days of a split as one bar of three regions, each as wide as its share of the days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.text import escape
from barscope.studies.splits import REGIONS
from barscope.widgets.fields import text_line
from barscope.widgets.formats import count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.studies.splits import Split


class SplitBar:
    """Three boxes side by side, changed in place.

    Attributes:
        widget: What a panel shows.
        texts: Region → its lines: name and share, dates, days and bars.
    """

    def __init__(self) -> None:
        self.texts: dict[str, tuple[str, ...]] = {}
        self._lines = {name: [text_line() for _ in range(3)] for name in REGIONS}
        self._boxes = {
            name: widgets.VBox(lines).add_class("barscope-region").add_class(f"barscope-{name}")
            for name, lines in self._lines.items()
        }
        self.widget = widgets.Box(list(self._boxes.values())).add_class("barscope-regions")

    def show(self, split: Split | None, bars: Mapping[str, int]) -> None:
        """Show a split, with the bars of each region; None shows nothing."""
        days = {region.name: region for region in split.regions} if split else {}
        total = sum(region.days for region in days.values())
        self.texts = {}
        for name, box in self._boxes.items():
            region = days.get(name)
            box.layout.display = "none" if region is None else ""
            if region is None:
                continue
            box.layout.flex = f"{region.days} 1 0"
            self.texts[name] = (
                f"{name}  {100 * region.days / total:.3g} %",
                f"{region.start_date} – {region.end_date}",
                f"{count(region.days, 'day')} · {count(bars.get(name, 0), 'bar')}",
            )
            for line, text in zip(self._lines[name], self.texts[name], strict=True):
                line.value = escape(text)
