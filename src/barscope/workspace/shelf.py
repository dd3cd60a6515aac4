"""Where recorded runs are read: what charts, tables and lists of runs need, and a workspace and its readers have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from barscope.jobs import JobRunner
    from barscope.store.run_reader import RunReader
    from barscope.workspace.run import Run


class Shelf(Protocol):
    """Something that recorded runs can be taken from."""

    @property
    def runs_store(self) -> RunReader:
        """The records and columns of all runs."""

    @property
    def reads(self) -> JobRunner:
        """Runs short reads for the screen."""

    def run(self, run_id: str) -> Run:
        """A run by its id.

        Raises:
            UnknownRunError: If there is none.
        """
