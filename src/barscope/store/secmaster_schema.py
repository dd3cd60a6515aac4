"""The tables of secmaster.db: source data, written by ingestion only. Prices are integers, price × 1e9."""

from barscope.store.schema import Schema

_VERSION_1 = """
CREATE TABLE publishers (
    publisher_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    dataset TEXT NOT NULL,
    venue TEXT,
    UNIQUE (name, dataset)
);

CREATE TABLE instruments (
    instrument_id INTEGER PRIMARY KEY,
    publisher_ref INTEGER NOT NULL REFERENCES publishers (publisher_id),
    source_instrument_id INTEGER,
    symbol TEXT,
    symbol_type TEXT,
    CHECK (source_instrument_id IS NOT NULL OR symbol IS NOT NULL),
    CHECK (symbol IS NULL OR symbol_type IS NOT NULL),
    UNIQUE (publisher_ref, source_instrument_id),
    UNIQUE (publisher_ref, symbol, symbol_type)
);

CREATE TABLE ohlcv (
    instrument_id INTEGER NOT NULL REFERENCES instruments (instrument_id),
    rtype INTEGER NOT NULL CHECK (rtype IN (32, 33, 34, 35, 36)),
    ts_event INTEGER NOT NULL,
    open INTEGER NOT NULL,
    high INTEGER NOT NULL,
    low INTEGER NOT NULL,
    close INTEGER NOT NULL,
    volume INTEGER NOT NULL CHECK (volume >= 0),
    CHECK (low <= high),
    CHECK (open BETWEEN low AND high),
    CHECK (close BETWEEN low AND high),
    PRIMARY KEY (instrument_id, rtype, ts_event)
) WITHOUT ROWID;

CREATE TABLE symbology (
    publisher_ref INTEGER NOT NULL REFERENCES publishers (publisher_id),
    symbol TEXT NOT NULL,
    symbol_type TEXT NOT NULL,
    source_instrument_id INTEGER NOT NULL,
    start_date TEXT NOT NULL,
    end_date TEXT NOT NULL,
    CHECK (start_date <= end_date),
    PRIMARY KEY (publisher_ref, symbol, symbol_type, start_date, source_instrument_id),
    FOREIGN KEY (publisher_ref, source_instrument_id) REFERENCES instruments (publisher_ref, source_instrument_id)
);
CREATE INDEX symbology_symbol ON symbology (symbol);
CREATE INDEX symbology_instrument ON symbology (publisher_ref, source_instrument_id);

CREATE TABLE symbol_coverage (
    publisher_id INTEGER NOT NULL REFERENCES publishers (publisher_id),
    symbol TEXT NOT NULL,
    symbol_type TEXT NOT NULL DEFAULT 'raw_symbol',
    rtype INTEGER NOT NULL,
    min_ts INTEGER NOT NULL,
    max_ts INTEGER NOT NULL,
    PRIMARY KEY (publisher_id, symbol, symbol_type, rtype)
);
"""

_INSTRUMENT_DEFINITIONS = """
CREATE TABLE instrument_definitions (
    publisher_ref INTEGER NOT NULL REFERENCES publishers (publisher_id),
    symbol TEXT NOT NULL,
    expiration_ns INTEGER NOT NULL,
    source_instrument_id INTEGER,
    root TEXT NOT NULL,
    instrument_class TEXT,
    activation_ns INTEGER,
    first_notice_ns INTEGER,
    tick_size INTEGER,
    multiplier REAL,
    currency TEXT,
    known_ns INTEGER NOT NULL,
    PRIMARY KEY (publisher_ref, symbol, expiration_ns)
);
CREATE INDEX instrument_definitions_root ON instrument_definitions (publisher_ref, root);
"""

_OPEN_INTEREST = """
CREATE TABLE open_interest (
    instrument_id INTEGER NOT NULL REFERENCES instruments (instrument_id),
    day TEXT NOT NULL,
    known_ns INTEGER NOT NULL,
    open_interest INTEGER NOT NULL CHECK (open_interest >= 0),
    PRIMARY KEY (instrument_id, day, known_ns)
) WITHOUT ROWID;
"""

_INGESTED_FILES = """
CREATE TABLE ingested_files (
    publisher_ref INTEGER NOT NULL REFERENCES publishers (publisher_id),
    file_hash TEXT NOT NULL,
    filename TEXT NOT NULL,
    rows INTEGER NOT NULL,
    PRIMARY KEY (publisher_ref, file_hash)
);
"""

SECMASTER = Schema(
    kind="security master",
    application_id=0x6273534D,
    migrations=(_VERSION_1,),
    additions={
        "instrument_definitions": _INSTRUMENT_DEFINITIONS,
        "open_interest": _OPEN_INTEREST,
        "ingested_files": _INGESTED_FILES,
    },
)
