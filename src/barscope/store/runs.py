"""Runs as they begin, are recovered and are deleted. `run_writer` records them, `run_reader` reads them."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from barscope.errors import InvalidParameterError, StoreError, cut
from barscope.store.database import Database
from barscope.store.json_text import to_json
from barscope.store.locks import OwnerLocks
from barscope.store.run_reader import RunReader
from barscope.store.run_rows import count_rows, remove_rows
from barscope.store.run_writer import RunWriter, digest_of_columns
from barscope.store.runs_schema import RUNS
from barscope.store.state_writer import StateWriter, begin_state, interrupt_state
from barscope.store.sweep_writer import remove_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from barscope.store.locks import FileLock


class RunStore(RunReader):
    """runs.db. A run is written by the one `RunWriter` that `begin` returned; everything else reads."""

    database: Database

    def __init__(self, path: str | Path, *, readonly: bool = False) -> None:
        super().__init__(Database(path, RUNS, readonly=readonly))
        self._owners = OwnerLocks(self.database.path)

    def begin(
        self,
        run_id: str,
        name: str,
        ts_start: int,
        config: dict[str, Any],
        *,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> RunWriter:
        """Adds a run that is `running`, owned by this process until its writer ends it.

        Args:
            run_id: Its id, free.
            name: What a person calls it.
            ts_start: When it begins, ns UTC.
            config: The manifest it can be repeated from.
            clock_ns: Tells the time of its heartbeats, ns UTC.

        Raises:
            StoreError: If there is a run with this id.
        """
        for what, text in (("run_id", run_id), ("name", name)):
            _check_text(what, text)
        self.database.check_writer()
        manifest = to_json(config)
        with ExitStack() as undo:
            with self.database.atomic() as connection:
                owner = self._owners.take(run_id)
                if owner is None:
                    raise _taken(run_id)
                undo.callback(owner.release, remove=True)
                if connection.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchall():
                    raise _taken(run_id)
                insert = "INSERT INTO runs (run_id, name, ts_start, status, config) VALUES (?, ?, ?, 'running', ?)"
                connection.execute(insert, (run_id, name, int(ts_start), manifest))
                state = begin_state(connection, run_id, int(ts_start), config)
            undo.pop_all()
        return RunWriter(self.database, owner, run_id, StateWriter(self.database, state, clock_ns))

    def owned(self, run_id: str) -> bool:
        """Whether a living process is recording or deleting the run."""
        return self._owners.owned(run_id)

    def verify(self, run_id: str) -> bool:
        """Whether a completed run still holds exactly what was recorded: its row counts and its digest."""
        self._check_visible(run_id)
        metadata = self.get(run_id).metadata
        counts = count_rows(self.database, run_id)
        return metadata.get("row_counts") == counts and metadata.get("digest") == digest_of_columns(
            self.database, run_id
        )

    def recover(self) -> tuple[str, ...]:
        """Ends the runs whose owner died as `failed`, reason `interrupted`, and removes their partial rows.

        A deletion whose process died is carried to its end.

        Only the owner's lock decides. Every transaction is bounded, and being killed between two leaves a
        run that the next call recovers. The files of locks that nobody holds any more go too.

        Returns:
            The ids of the runs that failed.
        """
        self.database.check_writer()
        running = self.database.rows("SELECT run_id FROM runs WHERE status = 'running' ORDER BY ts_start, rowid")
        recovered = tuple(run_id for (run_id,) in running if self._recover(run_id))
        if left := self._owners.left():
            with self.database.atomic():
                self._owners.remove(left)
        return recovered

    def delete(self, run_ids: Iterable[str]) -> None:
        """Removes runs with all their rows and columns; unknown ids are passed over.

        While its rows go, in bounded transactions, a run counts as `running`: were this process killed, `recover`
        would finish the work.

        Raises:
            StoreError: If a living process is recording one of them; those before it are gone.
        """
        self.database.check_writer()
        for run_id in run_ids:
            if not self.database.rows("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)):
                continue
            owner = self._take(run_id)
            if owner is None:
                raise StoreError(f"run {cut(run_id)} is being recorded: cancel it or let it finish before deleting it")
            try:
                self._delete(run_id)
            finally:
                owner.release(remove=True)

    def _take(self, run_id: str) -> FileLock | None:
        with self.database.atomic():
            return self._owners.take(run_id)

    def _delete(self, run_id: str) -> None:
        with self.database.atomic() as connection:
            connection.execute("UPDATE runs SET status = 'running' WHERE run_id = ?", (run_id,))
        remove_rows(self.database, run_id)
        remove_chunks(self.database, run_id)
        with self.database.atomic() as connection:
            connection.execute("DELETE FROM runs WHERE run_id = ?", (run_id,))

    def _recover(self, run_id: str) -> bool:
        owner = None if self.owned(run_id) else self._take(run_id)
        if owner is None:
            return False
        try:
            found = self.database.rows("SELECT metadata FROM runs WHERE run_id = ? AND status = 'running'", (run_id,))
            if not found:
                return False  # it ended between the list and the lock
            if found[0][0] is not None:  # it had ended before: whoever deleted it was killed
                self._delete(run_id)
                return False
            remove_rows(self.database, run_id)
            with self.database.atomic(durable=True) as connection:
                connection.execute(
                    "UPDATE runs SET status = 'failed', metadata = ? WHERE run_id = ? AND status = 'running'",
                    (to_json({"reason": "interrupted"}), run_id),
                )
                interrupt_state(connection, self.database, run_id)
            return True
        finally:
            owner.release(remove=True)


def _check_text(what: str, text: str) -> None:
    if not isinstance(text, str) or not text:
        raise InvalidParameterError(f"{what} {cut(repr(text))} is empty or not text: name the run")


def _taken(run_id: str) -> StoreError:
    return StoreError(f"run {cut(run_id)} exists already: choose another run_id")
