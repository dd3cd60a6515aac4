"""Which exploration sessions are kept: the newest, the pinned, and the open ones."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from barscope.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barscope.store.presets import PresetStore
    from barscope.store.runs import RunStore
    from barscope.studies.results import Results

_log = logging.getLogger(__name__)


class Retention:
    """Deletes the oldest exploration sessions with their runs.

    Args:
        presets: Where sessions are.
        runs: Where their runs are.
        results: Columns in memory, to let go of too.
        keep: How many sessions to keep, whatever the number of indicators in each; None keeps all.

    Attributes:
        notices: What could not be deleted and why, newest last; shown in the panel.
    """

    def __init__(self, presets: PresetStore, runs: RunStore, results: Results, keep: int | None = 10) -> None:
        self._presets = presets
        self._runs = runs
        self._results = results
        self._keep = keep
        self._lock = threading.Lock()
        self._open: dict[str, int] = {}
        self.notices: list[str] = []

    @contextmanager
    def holding(self, session_id: str) -> Iterator[None]:
        """Keep a session while the block runs."""
        self.hold(session_id)
        try:
            yield
        finally:
            self.release(session_id)

    def hold(self, session_id: str) -> None:
        """Count a session as open once more."""
        with self._lock:
            self._open[session_id] = self._open.get(session_id, 0) + 1

    def release(self, session_id: str) -> None:
        """Count a session as open once less."""
        with self._lock:
            self._open[session_id] = self._open.get(session_id, 1) - 1

    def apply(self) -> tuple[str, ...]:
        """Delete what is beyond the limit; an error is logged and noted, never raised.

        Returns:
            The ids of the deleted sessions.
        """
        try:
            return self._delete(self.surplus())
        except StoreError as error:
            notice = f"old sessions could not be removed: {error}"
            _log.warning(notice)
            self.notices.append(notice)
            return ()

    def surplus(self) -> tuple[str, ...]:
        """The sessions beyond the limit that are neither open nor pinned, newest first."""
        if self._keep is None:
            return ()
        with self._lock:
            is_open = {session_id for session_id, count in self._open.items() if count > 0}
        old = self._presets.list_sessions().values[self._keep :]
        return tuple(s.session_id for s in old if s.session_id not in is_open and not s.pinned)

    def _delete(self, session_ids: tuple[str, ...]) -> tuple[str, ...]:
        for session_id in session_ids:
            run_ids = [row.run_id for row in self._presets.indicators_of(session_id)]
            if any(self._runs.owned(run_id) for run_id in run_ids):
                continue  # another process works on it
            self._runs.delete(run_ids)
            self._results.forget(run_ids)
            self._presets.delete_sessions([session_id])
        return session_ids
