"""What the dashboard lists, read in the background and only when something may have changed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from barscope.jobs import Stage
from barscope.store.run_list import glance_at_runs

if TYPE_CHECKING:
    from barscope.domain.run_state import RunState
    from barscope.jobs import Job
    from barscope.store.run_list import RunGlance
    from barscope.store.session_values import ExplorerSession
    from barscope.workspace.read_only import ReadOnlyWorkspace

MOST_STATES = 40
"""Of the newest launches; what is running now is among them."""

_READING = (Stage("reading the lists"),)
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The lists at one moment.

    Attributes:
        token: Differs where they may differ.
        runs: Every run, newest first.
        sessions: The sessions, the one opened last first.
        states: How the newest launches are doing.
    """

    token: str
    runs: tuple[RunGlance, ...] = ()
    sessions: tuple[ExplorerSession, ...] = ()
    states: tuple[RunState, ...] = ()


def enqueue_glimpse(source: ReadOnlyWorkspace, seen: Glimpse | None) -> Job[Glimpse]:
    """Read the lists, unless they are those that were seen: then the answer is what was seen."""
    work = lambda _context: read_glimpse(source, seen)  # noqa: E731
    return source.reads.submit(f"glimpse-{next(_numbers)}", work, _READING)


def read_glimpse(source: ReadOnlyWorkspace, seen: Glimpse | None) -> Glimpse:
    """The work of `enqueue_glimpse`; a snapshot that was replaced is left for the next time the page is loaded."""
    token = source.change_token()
    if seen is not None and token == seen.token:
        return seen
    if seen is not None and not source.is_live:
        return Glimpse(token, seen.runs, seen.sessions, seen.states)
    return Glimpse(
        token, glance_at_runs(source.runs_store), tuple(source.sessions()), source.states().newest(MOST_STATES)
    )
