"""Segments as thumbnails, a page at a time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import anywidget
import traitlets

from barscope.charts.text import plain
from barscope.widgets.surroundings import asset
from barscope.workspace.segment_view import CAPTION_HORIZON, PAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.workspace.segment_view import Thumbnail

SIZE = (132, 64)
"""Width and height of a picture, pixels."""


class SegmentList(anywidget.AnyWidget):  # type: ignore[misc]  # carries no types
    """A page of thumbnails to choose from; the browser holds no more than `PAGE` of them.

    Attributes:
        items: The thumbnails of the page: number, picture, title, note, tone.
        chosen: The number of the chosen segment, from 0; -1 is none.
        page: Which page is shown, from 0.
        total: Segments on all pages.
        waiting: Whether the page is still being drawn.
    """

    _esm = asset("segment_list.js")
    page_sets = frozenset({"chosen", "page"})
    items = traitlets.List(traitlets.Dict()).tag(sync=True)
    chosen = traitlets.Int(-1).tag(sync=True)
    page = traitlets.Int(0).tag(sync=True)
    page_size = traitlets.Int(PAGE).tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    waiting = traitlets.Bool(False).tag(sync=True)

    def show(self, thumbnails: Sequence[Thumbnail]) -> None:
        """Other thumbnails."""
        self.items = [_item(thumbnail) for thumbnail in thumbnails]


def _item(thumbnail: Thumbnail) -> dict[str, object]:
    outcome = thumbnail.outcome
    is_known = not math.isnan(outcome)
    return {
        "number": thumbnail.number,
        "picture": thumbnail.svg,
        "title": plain(thumbnail.title),
        "note": f"{outcome:+.1%} in {CAPTION_HORIZON} bars" if is_known else "",
        "tone": ("good" if outcome > 0 else "bad") if is_known else "",
    }
