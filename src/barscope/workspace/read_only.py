"""A workspace to look at: a published snapshot, or the live folder under an authorizer. Nothing here can write."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from barscope.domain.venues import zone_of_venue
from barscope.jobs import JobRunner, Stage
from barscope.store.presets_schema import PRESETS
from barscope.store.publisher_list import list_publishers
from barscope.store.read_only_database import ReadOnlyDatabase
from barscope.store.run_reader import RunReader
from barscope.store.runs_schema import EVENT_TABLES, RUNS
from barscope.store.secmaster_schema import SECMASTER
from barscope.store.session_list import list_sessions
from barscope.store.snapshot_facts import SNAPSHOT, SNAPSHOT_TABLES, read_facts
from barscope.studies.results import Results
from barscope.workspace.paths import WorkspacePaths
from barscope.workspace.run import Run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Executor
    from pathlib import Path
    from types import TracebackType

    from barscope.store.connections import Connections
    from barscope.store.loaded import Loaded
    from barscope.store.run_states import RunStates
    from barscope.store.session_values import ExplorerSession

_OPENING = (Stage("opening", 1),)
_LIVE_TABLES = ("runs", "run_columns", "sweep_chunks", "run_states", "run_state_parts", *EVENT_TABLES)


class ReadOnlyWorkspace:
    """Recorded runs for visitors. Made by `of_snapshot` and `of_live`.

    Attributes:
        title: What visitors read on top.
        is_live: Whether it is the folder that runs are recorded in.
        published_at: When the snapshot was written, UTC; None of a live folder.
        runs_store: The records and columns of the runs.
        reads: Runs short reads for the screen.
    """

    def __init__(self, files: _Files, executor: Executor | None = None) -> None:
        self._files = files
        self._earlier: list[_Files] = []
        self.reads = JobRunner(executor, workers=1)
        self._take(files)

    @classmethod
    def of_snapshot(cls, path: str | Path, *, executor: Executor | None = None) -> Self:
        """The runs of a snapshot that `Workspace.publish` wrote.

        Raises:
            StoreError: If there is none.
        """
        return cls(_open_snapshot(path), executor)

    @classmethod
    def of_live(cls, folder: str | Path | None = None, *, executor: Executor | None = None) -> Self:
        """The runs of a folder as they are recorded; for its owner alone, who sees all of them.

        Args:
            folder: As of `Workspace`.
            executor: As of `Workspace`.

        Raises:
            StoreError: If nothing was ever recorded there.
        """
        return cls(_open_live(WorkspacePaths.of(folder)), executor)

    def __repr__(self) -> str:
        return f"ReadOnlyWorkspace({self.title!r}, {'live' if self.is_live else self.published_at})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def run(self, run_id: str) -> Run:
        """A run by its id.

        Raises:
            UnknownRunError: If there is none.
        """
        record = self.runs_store.get(run_id)
        return Run(record, self._results, self._files.zone_of(record.config))

    def sessions(self) -> Loaded[ExplorerSession]:
        """The explorer sessions of the runs, the one opened last first."""
        return list_sessions(self._files.sessions)

    def states(self) -> RunStates:
        """The states of the runs, newest first; those of a snapshot tell neither source nor log."""
        return self._results.states

    def change_token(self) -> str:
        """A text that differs when the list of runs may have changed; cheap, to be asked for on one thread.

        Of a snapshot it differs when another was put in its place: `refresh` then takes that over.
        """
        runs = self._files.runs
        return f"{self._files.generation}-{runs.data_version()}-{int(runs.is_replaced())}"

    def refresh(self) -> bool:
        """Take over a snapshot that was put in place of the one that is open; tells whether there was one.

        Runs that were opened before keep the file they came from.
        """
        if self.is_live or not self._files.runs.is_replaced():
            return False
        later = _open_snapshot(self._files.runs.path, self._files.generation + 1)
        self._earlier.append(self._files)
        self._take(later)
        return True

    def close(self) -> None:
        """Read no further, and close the files."""
        self.reads.close()
        for files in (*self._earlier, self._files):
            files.close()

    def _take(self, files: _Files) -> None:
        self._files = files
        self.title, self.is_live, self.published_at = files.title, files.is_live, files.published_at
        self.runs_store = RunReader(files.runs)
        self._results = Results(self.runs_store)
        self.reads.submit(f"open-{files.generation}", lambda _context: files.runs.warm(), _OPENING)


@dataclass(frozen=True, eq=False)
class _Files:
    """The open databases of a read-only workspace.

    Attributes:
        generation: How many snapshots were open before this one.
    """

    title: str
    published_at: dt.datetime | None
    runs: ReadOnlyDatabase
    sessions: Connections
    publishers: Connections | None = None
    generation: int = 0

    @property
    def is_live(self) -> bool:
        """Whether it is a folder that runs are recorded in."""
        return self.publishers is not None

    def zone_of(self, config: Mapping[str, Any]) -> str:
        """The zone a snapshot recorded, or that of the publisher's venue."""
        if self.publishers is None:
            return _known_zone(config.get("zone"))
        wanted = config.get("publisher_id")
        venues = (p.venue for p in list_publishers(self.publishers) if p.publisher_id == wanted)
        return zone_of_venue(next(venues, None))

    def close(self) -> None:
        """Closes them."""
        for database in (self.runs, self.sessions, self.publishers):
            if database is not None:
                database.close()


def _open_snapshot(path: str | Path, generation: int = 0) -> _Files:
    with ExitStack() as undo:
        runs = ReadOnlyDatabase(path, SNAPSHOT, SNAPSHOT_TABLES, immutable=True)
        undo.callback(runs.close)
        facts = read_facts(runs)
        undo.pop_all()
    return _Files(facts.title, dt.datetime.fromisoformat(facts.published_at), runs, runs, generation=generation)


def _open_live(paths: WorkspacePaths) -> _Files:
    with ExitStack() as undo:
        opened = []
        for path, schema, tables in (
            (paths.runs, RUNS, _LIVE_TABLES),
            (paths.presets, PRESETS, ("explorer_sessions", "session_options")),
            (paths.secmaster, SECMASTER, ("publishers",)),
        ):
            opened.append(ReadOnlyDatabase(path, schema, tables))
            undo.callback(opened[-1].close)
        undo.pop_all()
    runs, presets, secmaster = opened
    return _Files(paths.folder.name, None, runs, presets, secmaster)


def _known_zone(name: object) -> str:
    try:
        return ZoneInfo(str(name)).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return zone_of_venue(None)
