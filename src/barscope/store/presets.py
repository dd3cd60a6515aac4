"""presets.db: the user's saved choices, explorer sessions and what was computed in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.errors import InvalidParameterError, StoreError, cut
from barscope.store.connections import plain
from barscope.store.database import Database
from barscope.store.json_text import to_json
from barscope.store.loaded import Loaded, load
from barscope.store.locks import OpenMarks
from barscope.store.preset_values import DataSplit, SymbolPreset, config_table, record_table
from barscope.store.presets_schema import PRESETS
from barscope.store.session_list import get_session, list_sessions
from barscope.store.session_values import (
    INDICATOR_COLUMNS,
    SESSION_COLUMNS,
    ExplorerSession,
    SessionIndicator,
    entries_json,
    indicator_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

GLOBAL_DEFAULTS = "__global__"
"""The name in `indicator_defaults` that counts where an indicator has no defaults of its own."""

_INDICATORS = f"SELECT {', '.join(INDICATOR_COLUMNS)} FROM session_indicators"  # noqa: S608 (our columns)


class PresetStore:
    """presets.db.

    Attributes:
        symbol_presets: Named choices of symbols.
        explore_presets: Named explorations, plain JSON values.
        condition_presets: Named conditions, plain JSON values.
        indicator_defaults: Parameters by indicator class, and under GLOBAL_DEFAULTS.
        chart_settings: Settings by the owner of a chart.
        hedge_templates: The user's own templates of protection by puts, plain JSON values.
        data_splits: Splits by their id.
        calendars: Codes of calendars by whose they are; read them with `calendar`.
        open_sessions: Which explorer sessions somebody has open.
    """

    def __init__(self, path: str | Path, *, readonly: bool = False) -> None:
        self.database = Database(path, PRESETS, readonly=readonly)
        self.open_sessions = OpenMarks(self.database.path)
        self.symbol_presets = record_table(self.database, "symbol_presets", "name", SymbolPreset)
        self.explore_presets = config_table(self.database, "explore_presets", "name")
        self.condition_presets = config_table(self.database, "condition_presets", "name")
        self.indicator_defaults = config_table(self.database, "indicator_defaults", "name")
        self.chart_settings = config_table(self.database, "chart_settings", "owner")
        self.hedge_templates = config_table(self.database, "hedge_templates", "name")
        self.data_splits = record_table(self.database, "data_splits", "split_id", DataSplit)
        self.calendars = config_table(self.database, "calendars", "owner")

    def close(self) -> None:
        """Closes the file."""
        self.database.close()

    def calendar(self, owner: str) -> Any | None:  # noqa: ANN401 (JSON is of any type)
        """The calendar somebody chose for an owner, or None; a reader of an older file knows none."""
        return self.calendars.get(owner) if self.database.has_addition("calendars") else None

    def create_or_get_session(
        self,
        session_id: str,
        publisher_id: int,
        rtype: int,
        symbols: Sequence[str],
        start_date: str | None,
        end_date: str | None,
        symbol_type: str,
        created_at: str,
        options: Mapping[str, Any] | None = None,
    ) -> ExplorerSession:
        """The session of this id, added if there is none."""
        session = ExplorerSession(
            session_id, publisher_id, rtype, tuple(sorted(symbols)), start_date, end_date, symbol_type, created_at
        )
        values = (getattr(session, column) for column in SESSION_COLUMNS)
        row = plain(to_json(value) if isinstance(value, tuple) else value for value in values)
        with self.database.atomic() as connection:
            connection.execute(_insert("explorer_sessions", SESSION_COLUMNS) + " ON CONFLICT DO NOTHING", row)
            if options:
                insert = "INSERT INTO session_options VALUES (?, ?) ON CONFLICT DO NOTHING"
                connection.execute(insert, (session_id, to_json(dict(options))))
        return self.get_session(session_id)

    def get_session(self, session_id: str) -> ExplorerSession:
        """One session.

        Raises:
            StoreError: If there is none of this id, or its symbols or options are broken.
        """
        return get_session(self.database, session_id)

    def list_sessions(self) -> Loaded[ExplorerSession]:
        """All sessions, the one opened last first."""
        return list_sessions(self.database)

    def set_pinned(self, session_id: str, pinned: bool) -> None:
        """Tells retention to keep a session, or no longer."""
        self._change_session(session_id, "pinned", int(pinned))

    def touch(self, session_id: str, at: str) -> None:
        """Remembers when a session was opened, ISO 8601 UTC."""
        self._change_session(session_id, "last_opened_at", at)

    def delete_sessions(self, session_ids: Iterable[str]) -> None:
        """Removes sessions and their indicator rows; their runs stay in runs.db."""
        keys = [(session_id,) for session_id in session_ids]
        with self.database.atomic() as connection:
            connection.executemany("DELETE FROM session_indicators WHERE session_id = ?", keys)
            connection.executemany("DELETE FROM explorer_sessions WHERE session_id = ?", keys)

    def put_indicator(self, indicator: SessionIndicator) -> None:
        """Adds the run of one or several indicators to its session.

        Raises:
            StoreError: If the run is there already, or the session is not.
        """
        row = [getattr(indicator, column) for column in INDICATOR_COLUMNS[:-1]]
        with self.database.atomic() as connection:
            insert = _insert("session_indicators", INDICATOR_COLUMNS)
            connection.execute(insert, (*row, entries_json(indicator.indicators)))

    def get_indicator(self, run_id: str) -> SessionIndicator:
        """One indicator run.

        Raises:
            StoreError: If no session holds it, or its list of indicators is broken.
        """
        rows = self.database.rows(f"{_INDICATORS} WHERE run_id = ?", (run_id,))
        if not rows:
            raise StoreError(f"no session holds run {cut(run_id)}: add it first")
        return indicator_of(rows[0])

    def update_indicator(self, run_id: str, /, **changes: Any) -> None:  # noqa: ANN401 (values of several columns)
        """Changes fields of an indicator run.

        Raises:
            InvalidParameterError: If a field is unknown or is the key.
            StoreError: If there is no such run.
        """
        unknown = set(changes) - (set(INDICATOR_COLUMNS) - {"run_id", "session_id"})
        if unknown or not changes:
            raise InvalidParameterError(
                f"cannot change {cut(', '.join(sorted(unknown)))}: name a field of SessionIndicator"
            )
        if "indicators" in changes:
            changes["indicators"] = entries_json(changes["indicators"])
        assignments = ", ".join(f"{column} = ?" for column in changes)
        with self.database.atomic() as connection:
            update = f"UPDATE session_indicators SET {assignments} WHERE run_id = ?"  # noqa: S608 (our columns)
            connection.execute(update, (*changes.values(), run_id))
            if not connection.changes():
                raise StoreError(f"no session holds run {cut(run_id)}: add it first")

    def indicators_of(self, session_id: str) -> Loaded[SessionIndicator]:
        """The indicator runs of a session, oldest first."""
        rows = self.database.rows(f"{_INDICATORS} WHERE session_id = ? ORDER BY created_at, rowid", (session_id,))
        return load(rows, indicator_of)

    def indicators_with_status(self, status: str) -> Loaded[SessionIndicator]:
        """The indicator runs of all sessions that have a status, oldest first."""
        rows = self.database.rows(f"{_INDICATORS} WHERE status = ? ORDER BY created_at, rowid", (status,))
        return load(rows, indicator_of)

    def _change_session(self, session_id: str, column: str, value: str | int | None) -> None:
        with self.database.atomic() as connection:
            update = f"UPDATE explorer_sessions SET {column} = ? WHERE session_id = ?"  # noqa: S608 (our columns)
            connection.execute(update, (value, session_id))
            if not connection.changes():
                raise StoreError(f"no explorer session {cut(session_id)}: create it first")


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
