"""The tables of runs.db: a row per run, a table per event type, and the columns that charts read.

Other programs read these tables: a migration may add columns, never rename or drop one.
"""

from __future__ import annotations

from barscope.store.schema import Schema

_ORDER = "system_order_id TEXT NOT NULL, symbol TEXT NOT NULL"
_BAR = (
    "symbol TEXT NOT NULL, bar_period TEXT NOT NULL, "
    "open REAL NOT NULL, high REAL NOT NULL, low REAL NOT NULL, close REAL NOT NULL, volume INTEGER"
)
_REPLY = "ts_broker_ns INTEGER NOT NULL, associated_order_id TEXT NOT NULL"
_ACCEPTED = f"{_REPLY}, broker_order_id TEXT"
_REJECTED = f"{_REPLY}, rejection_reason TEXT NOT NULL, rejection_message TEXT NOT NULL"

_TABLES = {
    "bars": _BAR,
    "bars_processed": f"{_BAR}, indicators TEXT NOT NULL",
    "order_submissions": (
        f"{_ORDER}, order_type TEXT NOT NULL, side TEXT NOT NULL, quantity REAL NOT NULL, "
        "limit_price REAL, stop_price REAL, action TEXT, signal TEXT"
    ),
    "order_cancellations": _ORDER,
    "order_modifications": f"{_ORDER}, quantity REAL, limit_price REAL, stop_price REAL",
    "orders_accepted": _ACCEPTED,
    "cancellations_accepted": _ACCEPTED,
    "modifications_accepted": _ACCEPTED,
    "orders_rejected": _REJECTED,
    "cancellations_rejected": _REJECTED,
    "modifications_rejected": _REJECTED,
    "fills": (
        f"{_ACCEPTED}, symbol TEXT NOT NULL, fill_id TEXT NOT NULL, broker_fill_id TEXT, side TEXT NOT NULL, "
        "quantity_filled REAL NOT NULL, fill_price REAL NOT NULL, commission REAL NOT NULL, "
        "exchange TEXT NOT NULL DEFAULT 'SIMULATED'"
    ),
    "expirations": f"{_ACCEPTED}, symbol TEXT NOT NULL",
}

EVENT_TABLES = tuple(_TABLES)
"""The table of each of the 13 event types."""

_RUNS = """
CREATE TABLE runs (
    run_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    ts_start INTEGER NOT NULL,
    ts_end INTEGER,
    status TEXT NOT NULL CHECK (status IN ('running', 'completed', 'failed', 'cancelled')),
    config TEXT,
    metadata TEXT
);
CREATE INDEX runs_ts_start ON runs (ts_start);
"""

_RUN_COLUMNS = """
CREATE TABLE run_columns (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    symbol TEXT NOT NULL,
    series TEXT NOT NULL,
    chunk INTEGER NOT NULL,
    ts_first_ns INTEGER NOT NULL,
    ts_last_ns INTEGER NOT NULL,
    n INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (run_id, symbol, series, chunk)
);
"""


def _event_table(table: str, columns: str) -> str:
    by_symbol = table in ("bars", "bars_processed", "fills")
    by_order = table not in ("bars", "bars_processed")
    order_id = "system_order_id" if "system_order_id" in columns else "associated_order_id"
    statements = [
        f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES runs (run_id), "
        f"ts_event_ns INTEGER NOT NULL, ts_created_ns INTEGER NOT NULL, {columns})"
    ]
    if by_symbol:
        statements.append(f"CREATE INDEX {table}_symbol ON {table} (run_id, symbol, ts_event_ns)")
    if by_order:
        statements.append(f"CREATE INDEX {table}_ts ON {table} (run_id, ts_event_ns)")
        statements.append(f"CREATE INDEX {table}_order ON {table} ({order_id})")
    return ";\n".join(statements)


_VERSION_1 = ";\n".join([_RUNS, *(_event_table(table, columns) for table, columns in _TABLES.items()), _RUN_COLUMNS])

_ADDITIONS = {
    "run_states": """
CREATE TABLE run_states (
    run_id TEXT PRIMARY KEY REFERENCES runs (run_id) ON DELETE CASCADE,
    started_ns INTEGER NOT NULL,
    refreshed_ns INTEGER NOT NULL,
    executor_running INTEGER NOT NULL,
    cycles INTEGER NOT NULL,
    completed_cycle INTEGER,
    position_trigger_checks INTEGER NOT NULL,
    position_revaluations INTEGER NOT NULL,
    feed_lag_ns INTEGER,
    crashed_ns INTEGER,
    version TEXT NOT NULL,
    exception TEXT
);
""",
    "sweep_chunks": """
CREATE TABLE sweep_chunks (
    run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    chunk INTEGER NOT NULL,
    stretch TEXT NOT NULL,
    symbol TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    n INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (run_id, chunk)
);
""",
    "run_state_parts": """
CREATE TABLE run_state_parts (
    run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    part TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (run_id, part)
);
""",
}

RUNS = Schema(kind="runs database", application_id=0x6273524E, migrations=(_VERSION_1,), additions=_ADDITIONS)
