"""The dashboard's page as its kernel knows it."""

from __future__ import annotations

from importlib.resources import files

import traitlets

from barscope.widgets.surroundings import Surroundings


class Viewport(Surroundings):
    """An empty widget that tells how the page looks, and that names the run in its address.

    Attributes:
        told: Whether a page has told of itself; before that, the others are guesses.
        height: Pixels there are for charts.
        run: The run that the address of the page names, or empty.
        settled: Whether what the page is to show first is there.
        charted: Whether that is a chart.
    """

    _esm = files("barscope.dashboard").joinpath("viewport.js").read_text(encoding="utf-8")
    page_sets = frozenset({"dark", "height", "run", "told"})
    told = traitlets.Bool(False).tag(sync=True)
    height = traitlets.Int(0).tag(sync=True)
    run = traitlets.Unicode("").tag(sync=True)
    settled = traitlets.Bool(False).tag(sync=True)
    charted = traitlets.Bool(False).tag(sync=True)
