"""Which exploration sessions are kept: the newest, the pinned, and the open ones."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from barscope.errors import StoreError

if TYPE_CHECKING:
    from barscope.store.locks import FileLock
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
        self._open: dict[str, list[FileLock]] = {}
        self.notices: list[str] = []

    def hold(self, session_id: str) -> None:
        """Count a session as open once more; no process deletes it until it is released as often."""
        mark = self._presets.open_sessions.hold(session_id)
        with self._lock:
            self._open.setdefault(session_id, []).append(mark)

    def release(self, session_id: str) -> None:
        """Count a session as open once less."""
        with self._lock:
            marks = self._open.get(session_id)
            mark = marks.pop() if marks else None
        if mark is not None:
            mark.release()

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
        old = self._presets.list_sessions().values[self._keep :]
        is_open = self._presets.open_sessions.is_open
        return tuple(s.session_id for s in old if not s.pinned and not is_open(s.session_id))

    def _delete(self, session_ids: tuple[str, ...]) -> tuple[str, ...]:
        deleted = []
        for session_id in session_ids:
            run_ids = [row.run_id for row in self._presets.indicators_of(session_id)]
            if any(self._runs.owned(run_id) for run_id in run_ids):
                continue  # another process works on it
            self._runs.delete(run_ids)
            self._results.forget(run_ids)
            self._presets.delete_sessions([session_id])
            deleted.append(session_id)
        return tuple(deleted)
