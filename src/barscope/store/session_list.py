"""Reading the explorer sessions of a database that holds some: presets.db, or a snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from barscope.errors import StoreError, cut
from barscope.store.json_text import from_json
from barscope.store.loaded import Loaded, load
from barscope.store.session_values import SESSION_COLUMNS, ExplorerSession, session_of

if TYPE_CHECKING:
    from barscope.store.connections import Connections

SESSIONS = f"SELECT {', '.join(SESSION_COLUMNS)} FROM explorer_sessions"  # noqa: S608 (our columns)


def list_sessions(database: Connections) -> Loaded[ExplorerSession]:
    """All sessions, the one opened last first."""
    order = "ORDER BY max(created_at, coalesce(last_opened_at, created_at)) DESC, rowid DESC"
    options = _options(database)
    return load(database.rows(f"{SESSIONS} {order}"), lambda row: _with_options(session_of(row), options))


def get_session(database: Connections, session_id: str) -> ExplorerSession:
    """One session.

    Raises:
        StoreError: If there is none of this id, or its symbols or options are broken.
    """
    rows = database.rows(f"{SESSIONS} WHERE session_id = ?", (session_id,))
    if not rows:
        raise StoreError(f"no explorer session {cut(session_id)}: create it first")
    return _with_options(session_of(rows[0]), _options(database))


def _options(database: Connections) -> dict[str, str]:
    """Session → the JSON of its options, for those that have some; a file without the table has none."""
    table = "session_options"
    if table not in database.schema.additions or not database.has_addition(table):
        return {}
    return dict(database.rows("SELECT session_id, config FROM session_options"))


def _with_options(session: ExplorerSession, options: dict[str, str]) -> ExplorerSession:
    if session.session_id not in options:
        return session
    where = f"options of session {cut(session.session_id)} in session_options"
    config: Any = from_json(options[session.session_id], where)
    if not isinstance(config, dict):
        raise StoreError(f"{where} are not a JSON object: correct or delete them: {cut(config)}")
    return replace(session, options=config)
