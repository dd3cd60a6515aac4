"""A recorded scenario as a file: the days of all templates, the whole result, or a page to look at."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

from barscope.jobs import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.jobs import Job
    from barscope.workspace.run import Run
    from barscope.workspace.shelf import Shelf

_WRITING = (Stage("writing"),)
_numbers = itertools.count(1)


def scenario_csv(run: Run) -> bytes:
    """A row per template and day."""
    from barscope.workspace.scenario_frames import every_day_frame

    return bytes(every_day_frame(run.scenario).to_csv().encode())


def scenario_json(run: Run) -> bytes:
    """The result of the contract."""
    return json.dumps(run.scenario.to_dict(), allow_nan=False).encode()


def scenario_html(run: Run) -> bytes:
    """The run as one page that needs no network."""
    from barscope.charts.share import share_page
    from barscope.workspace.share import shared_run

    return share_page(shared_run(run))


FILES: dict[str, tuple[str, Callable[[Run], bytes]]] = {
    "csv": ("text/csv", scenario_csv),
    "json": ("application/json", scenario_json),
    "html": ("text/html", scenario_html),
}
"""Ending of the name → type and content."""


def enqueue_file(ws: Shelf, run: Run, ending: str) -> Job[bytes]:
    """Make a file in the background."""
    _mime, write = FILES[ending]
    return ws.reads.submit(f"scenario-{ending}-{next(_numbers)}", lambda _context: write(run), _WRITING)
