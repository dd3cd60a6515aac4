"""The tables of presets.db: what a user chose and wants to find again. Nothing here is dropped at start-up."""

from barscope.store.schema import Schema

_VERSION_1 = """
CREATE TABLE symbol_presets (
    name TEXT PRIMARY KEY,
    rtype INTEGER NOT NULL,
    publisher_name TEXT NOT NULL,
    publisher_id INTEGER NOT NULL,
    symbols TEXT NOT NULL,
    symbol_type TEXT NOT NULL
);

CREATE TABLE explore_presets (name TEXT PRIMARY KEY, config TEXT NOT NULL);
CREATE TABLE condition_presets (name TEXT PRIMARY KEY, config TEXT NOT NULL);
CREATE TABLE indicator_defaults (name TEXT PRIMARY KEY, config TEXT NOT NULL);
CREATE TABLE chart_settings (owner TEXT PRIMARY KEY, config TEXT NOT NULL);

CREATE TABLE explorer_sessions (
    session_id TEXT PRIMARY KEY,
    publisher_id INTEGER NOT NULL,
    rtype INTEGER NOT NULL,
    symbols TEXT NOT NULL,
    start_date TEXT,
    end_date TEXT,
    symbol_type TEXT NOT NULL,
    created_at TEXT NOT NULL,
    pinned INTEGER NOT NULL DEFAULT 0,
    last_opened_at TEXT
);

CREATE TABLE session_indicators (
    run_id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES explorer_sessions (session_id),
    class_name TEXT NOT NULL,
    params_canonical TEXT NOT NULL,
    status TEXT NOT NULL,
    indicator_name TEXT,
    source_hash TEXT,
    data_fingerprint TEXT,
    created_at TEXT NOT NULL,
    error TEXT,
    indicators TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX session_indicators_session ON session_indicators (session_id, created_at);

CREATE TABLE data_splits (
    split_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at TEXT NOT NULL,
    publisher_id INTEGER NOT NULL,
    publisher_name TEXT NOT NULL,
    rtype INTEGER NOT NULL,
    symbols TEXT NOT NULL,
    symbol_type TEXT NOT NULL,
    total_start TEXT NOT NULL,
    total_end TEXT NOT NULL,
    train_pct REAL NOT NULL,
    dev_pct REAL NOT NULL,
    train_end TEXT NOT NULL,
    dev_end TEXT NOT NULL,
    train_bars INTEGER,
    dev_bars INTEGER,
    test_bars INTEGER
);
"""

_ADDITIONS = {
    "session_options": """
CREATE TABLE session_options (
    session_id TEXT PRIMARY KEY REFERENCES explorer_sessions (session_id) ON DELETE CASCADE,
    config TEXT NOT NULL
);
""",
    "annotations": """
CREATE TABLE annotations (
    annotation_id TEXT PRIMARY KEY,
    publisher_id INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    symbol_type TEXT NOT NULL,
    config TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX annotations_symbol ON annotations (publisher_id, symbol, symbol_type);
""",
    "calendars": "CREATE TABLE calendars (owner TEXT PRIMARY KEY, config TEXT NOT NULL);",
    "hedge_templates": "CREATE TABLE hedge_templates (name TEXT PRIMARY KEY, config TEXT NOT NULL);",
}

PRESETS = Schema(kind="presets database", application_id=0x62735052, migrations=(_VERSION_1,), additions=_ADDITIONS)
