"""The three databases have exactly the tables, columns, constraints and indexes of the contract."""

from contextlib import closing

import apsw
import pytest

from barscope.errors import SchemaVersionError, StoreError
from barscope.store.presets import PresetStore
from barscope.store.runs import RunStore
from barscope.store.runs_schema import EVENT_TABLES
from barscope.store.secmaster import SecurityMaster

# A column is `name TYPE`, with `!` for NOT NULL and `*` for the primary key.
SECMASTER = {
    "publishers": "publisher_id INTEGER*, name TEXT!, dataset TEXT!, venue TEXT",
    "instruments": "instrument_id INTEGER*, publisher_ref INTEGER!, source_instrument_id INTEGER, symbol TEXT, "
    "symbol_type TEXT",
    "ohlcv": "instrument_id INTEGER!*, rtype INTEGER!*, ts_event INTEGER!*, open INTEGER!, high INTEGER!, "
    "low INTEGER!, close INTEGER!, volume INTEGER!",
    "symbology": "publisher_ref INTEGER!*, symbol TEXT!*, symbol_type TEXT!*, source_instrument_id INTEGER!*, "
    "start_date TEXT!*, end_date TEXT!",
    "symbol_coverage": "publisher_id INTEGER!*, symbol TEXT!*, symbol_type TEXT!*, rtype INTEGER!*, min_ts INTEGER!, "
    "max_ts INTEGER!",
    "instrument_definitions": "publisher_ref INTEGER!*, symbol TEXT!*, expiration_ns INTEGER!*, "
    "source_instrument_id INTEGER, root TEXT!, instrument_class TEXT, activation_ns INTEGER, first_notice_ns INTEGER, "
    "tick_size INTEGER, multiplier REAL, currency TEXT, known_ns INTEGER!",
    "open_interest": "instrument_id INTEGER!*, day TEXT!*, known_ns INTEGER!*, open_interest INTEGER!",
    "ingested_files": "publisher_ref INTEGER!*, file_hash TEXT!*, filename TEXT!, rows INTEGER!",
}
EVENT = "id INTEGER*, run_id TEXT!, ts_event_ns INTEGER!, ts_created_ns INTEGER!, "
BAR = EVENT + "symbol TEXT!, bar_period TEXT!, open REAL!, high REAL!, low REAL!, close REAL!, volume INTEGER"
ORDER = EVENT + "system_order_id TEXT!, symbol TEXT!"
ACCEPTED = EVENT + "ts_broker_ns INTEGER!, associated_order_id TEXT!, broker_order_id TEXT"
REJECTED = EVENT + "ts_broker_ns INTEGER!, associated_order_id TEXT!, rejection_reason TEXT!, rejection_message TEXT!"
RUNS = {
    "runs": "run_id TEXT*, name TEXT!, ts_start INTEGER!, ts_end INTEGER, status TEXT!, config TEXT, metadata TEXT",
    "bars": BAR,
    "bars_processed": BAR + ", indicators TEXT!",
    "order_submissions": ORDER + ", order_type TEXT!, side TEXT!, quantity REAL!, limit_price REAL, stop_price REAL, "
    "action TEXT, signal TEXT",
    "order_cancellations": ORDER,
    "order_modifications": ORDER + ", quantity REAL, limit_price REAL, stop_price REAL",
    "orders_accepted": ACCEPTED,
    "cancellations_accepted": ACCEPTED,
    "modifications_accepted": ACCEPTED,
    "orders_rejected": REJECTED,
    "cancellations_rejected": REJECTED,
    "modifications_rejected": REJECTED,
    "fills": ACCEPTED + ", symbol TEXT!, fill_id TEXT!, broker_fill_id TEXT, side TEXT!, quantity_filled REAL!, "
    "fill_price REAL!, commission REAL!, exchange TEXT!",
    "expirations": ACCEPTED + ", symbol TEXT!",
    "run_columns": "run_id TEXT!*, symbol TEXT!*, series TEXT!*, chunk INTEGER!*, ts_first_ns INTEGER!, "
    "ts_last_ns INTEGER!, n INTEGER!, data BLOB!",
    "run_states": "run_id TEXT*, started_ns INTEGER!, refreshed_ns INTEGER!, executor_running INTEGER!, "
    "cycles INTEGER!, completed_cycle INTEGER, position_trigger_checks INTEGER!, position_revaluations INTEGER!, "
    "feed_lag_ns INTEGER, crashed_ns INTEGER, version TEXT!, exception TEXT",
    "run_state_parts": "run_id TEXT!*, part TEXT!*, data BLOB!",
    "sweep_chunks": (
        "run_id TEXT!*, chunk INTEGER!*, stretch TEXT!, symbol TEXT!, fingerprint TEXT!, n INTEGER!, data BLOB!"
    ),
}
PRESETS = {
    "symbol_presets": "name*, rtype, publisher_name, publisher_id, symbols, symbol_type",
    "explore_presets": "name*, config",
    "condition_presets": "name*, config",
    "indicator_defaults": "name*, config",
    "chart_settings": "owner*, config",
    "explorer_sessions": "session_id*, publisher_id, rtype, symbols, start_date, end_date, symbol_type, created_at, "
    "pinned, last_opened_at",
    "session_indicators": "run_id*, session_id, class_name, params_canonical, status, indicator_name, source_hash, "
    "data_fingerprint, created_at, error, indicators",
    "data_splits": "split_id*, name, created_at, publisher_id, publisher_name, rtype, symbols, symbol_type, "
    "total_start, total_end, train_pct, dev_pct, train_end, dev_end, train_bars, dev_bars, test_bars",
    "session_options": "session_id*, config",
    "annotations": "annotation_id*, publisher_id, symbol, symbol_type, config, created_at",
    "hedge_templates": "name*, config",
    "calendars": "owner*, config",
}
KINDS = {"sec.db": SecurityMaster, "runs.db": RunStore, "presets.db": PresetStore}


@pytest.fixture(params=KINDS)
def kind(request):
    """Each of the three kinds of database."""
    return KINDS[request.param]


@pytest.fixture
def secmaster(tmp_path):
    """An empty security master."""
    with closing(SecurityMaster(tmp_path / "sec.db")) as store:
        yield store


@pytest.fixture
def runs(tmp_path):
    """An empty runs database with one completed run `r`."""
    with closing(RunStore(tmp_path / "runs.db")) as store:
        store.begin("r", "name", 1, {}).complete(2, {})
        yield store


def tables(store, full=True):
    """Table → its columns in the notation above."""
    names = [name for (name,) in store.database.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {name: columns(store, name, full) for name in names}


def columns(store, table, full):
    """The columns of a table in the notation above; with type and NOT NULL if `full`."""
    rows = store.database.rows('SELECT name, type, "notnull", pk FROM pragma_table_info(?)', (table,))
    return ", ".join(
        name + (f" {kind}{'!' if notnull else ''}" if full else "") + ("*" if pk else "")
        for name, kind, notnull, pk in rows
    )


def indexed(store, table):
    """The columns of every index of a table, those of constraints too."""
    names = [row[1] for row in store.database.rows(f"PRAGMA index_list({table})")]
    return {tuple(row[2] for row in store.database.rows(f"PRAGMA index_info({name})")) for name in names}


def referenced(store, table):
    """(column, table it refers to, column there) of every foreign key."""
    return {(row[3], row[2], row[4]) for row in store.database.rows(f"PRAGMA foreign_key_list({table})")}


def refuses(store, sql, args=()):
    """Whether a statement breaks a constraint."""
    with pytest.raises(StoreError, match="refused a row"), store.database.atomic() as connection:
        connection.execute(sql, args)
    return True


def test_secmaster_has_the_tables_of_the_contract(secmaster):
    """Every table and column of secmaster.db, and no other."""
    assert tables(secmaster) == SECMASTER


def test_runs_has_the_tables_of_the_contract(runs):
    """Every table and column of runs.db, and no other."""
    assert tables(runs) == RUNS


def test_presets_has_the_tables_of_the_contract(tmp_path):
    """Every table and column of presets.db, and no other."""
    with closing(PresetStore(tmp_path / "presets.db")) as store:
        assert tables(store, full=False) == PRESETS


def test_keys_and_defaults_of_secmaster(secmaster):
    """Unique keys, foreign keys, the default symbol type and the clustered bars are as in the contract."""
    assert indexed(secmaster, "publishers") == {("name", "dataset")}
    assert indexed(secmaster, "instruments") == {
        ("publisher_ref", "source_instrument_id"),
        ("publisher_ref", "symbol", "symbol_type"),
    }
    assert ("symbol",) in indexed(secmaster, "symbology")
    assert referenced(secmaster, "instruments") == {("publisher_ref", "publishers", "publisher_id")}
    assert referenced(secmaster, "ohlcv") == {("instrument_id", "instruments", "instrument_id")}
    assert {table for _, table, _ in referenced(secmaster, "symbology")} == {"publishers", "instruments"}
    defaults = secmaster.database.rows("SELECT name, dflt_value FROM pragma_table_info('symbol_coverage')")
    assert dict(defaults)["symbol_type"] == "'raw_symbol'"
    assert secmaster.database.rows("SELECT wr FROM pragma_table_list('ohlcv')") == [(1,)]


@pytest.mark.parametrize(
    "row",
    [
        (9, 33, 1, 2, 3, 1, 2, 0),
        (1, 31, 1, 2, 3, 1, 2, 0),
        (1, 37, 1, 2, 3, 1, 2, 0),
        (1, 33, 1, 2, 3, 1, 2, -1),
        (1, 33, 1, 2, 1, 3, 2, 0),
        (1, 33, 1, 4, 3, 1, 2, 0),
        (1, 33, 1, 2, 3, 1, 0, 0),
        (1, 33, 1, None, 3, 1, 2, 0),
    ],
    ids=["instrument", "rtype-31", "rtype-37", "volume", "high-low", "open", "close", "null"],
)
def test_ohlcv_refuses_rows_that_break_a_rule(secmaster, row):
    """The table itself keeps out bars that no reader could trust."""
    secmaster.ensure_publisher("p", "d")
    with secmaster.database.atomic() as connection:
        connection.execute("INSERT INTO instruments VALUES (1, 1, NULL, 'A', 'raw_symbol')")
        connection.execute("INSERT INTO ohlcv VALUES (1, 36, 1, 2, 3, 1, 2, 0)")
    assert refuses(secmaster, "INSERT INTO ohlcv VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO instruments VALUES (1, 1, NULL, NULL, NULL)",
        "INSERT INTO instruments VALUES (1, 1, NULL, 'A', NULL)",
        "INSERT INTO instruments VALUES (1, 9, 5, NULL, NULL)",
        "INSERT INTO symbology VALUES (1, 'A', 'raw_symbol', 99, '2024-01-01', '2024-01-02')",
        "INSERT INTO symbology VALUES (1, 'A', 'raw_symbol', 7, '2024-01-02', '2024-01-01')",
        "INSERT INTO publishers (name, dataset) VALUES ('p', 'd')",
    ],
)
def test_instruments_and_symbology_refuse_rows_that_break_a_rule(secmaster, sql):
    """Nameless instruments, unknown references, reversed dates and a second publisher of one name stay out."""
    secmaster.ensure_publisher("p", "d")
    with secmaster.database.atomic() as connection:
        connection.execute("INSERT INTO instruments VALUES (7, 1, 7, NULL, NULL)")
    assert refuses(secmaster, sql)


def test_there_are_thirteen_event_tables_that_refer_to_their_run(runs):
    """Every event table and run_columns has a foreign key on runs."""
    assert len(EVENT_TABLES) == 13
    for table in (*EVENT_TABLES, "run_columns"):
        assert referenced(runs, table) == {("run_id", "runs", "run_id")}


def test_indexes_of_runs(runs):
    """Runs by start, bars and fills by symbol and time, orders by time and by order id."""
    by_symbol, by_time = ("run_id", "symbol", "ts_event_ns"), ("run_id", "ts_event_ns")
    assert ("ts_start",) in indexed(runs, "runs")
    for table in EVENT_TABLES:
        found = indexed(runs, table)
        assert (by_symbol in found) == (table in ("bars", "bars_processed", "fills"))
        if table not in ("bars", "bars_processed"):
            assert by_time in found
            assert {("system_order_id",), ("associated_order_id",)} & found
    assert ("run_id", "symbol", "series", "chunk") in indexed(runs, "run_columns")


def test_runs_refuses_unknown_statuses_and_rows_of_unknown_runs(runs):
    """The status is one of four, and an event belongs to a run."""
    assert refuses(runs, "INSERT INTO runs (run_id, name, ts_start, status) VALUES ('x', 'n', 1, 'done')")
    assert refuses(
        runs,
        "INSERT INTO order_cancellations (run_id, ts_event_ns, ts_created_ns, system_order_id, symbol) "
        "VALUES ('nobody', 1, 1, 'o', 'A')",
    )


def test_a_fill_is_simulated_unless_it_says_otherwise(runs):
    """fills.exchange defaults to SIMULATED."""
    assert (
        dict(runs.database.rows("SELECT name, dflt_value FROM pragma_table_info('fills')"))["exchange"] == "'SIMULATED'"
    )


def test_each_kind_refuses_the_files_of_the_others(tmp_path):
    """The three databases have three application ids, and none opens as another."""
    for name, store in KINDS.items():
        store(tmp_path / name).close()
    for name, own in KINDS.items():
        for store in set(KINDS.values()) - {own}:
            with pytest.raises(SchemaVersionError, match="choose another file"):
                store(tmp_path / name)


def test_a_file_of_the_contract_without_application_id_opens(tmp_path, kind):
    """A version 1 file with the right tables that other code created is accepted, read-only too."""
    with closing(kind(tmp_path / "made.db")) as store:
        scripts = [sql for (sql,) in store.database.rows("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")]
    with closing(apsw.Connection(str(tmp_path / "theirs.db"))) as connection:
        connection.execute(";".join(scripts) + "; PRAGMA user_version = 1")
    kind(tmp_path / "theirs.db", readonly=True).close()
    kind(tmp_path / "theirs.db").close()


def test_a_version_without_the_tables_is_refused(tmp_path, kind):
    """user_version 1 alone does not make a file ours."""
    with closing(apsw.Connection(str(tmp_path / "theirs.db"))) as connection:
        connection.execute("CREATE TABLE runs (x); PRAGMA user_version = 1")
    with pytest.raises(SchemaVersionError):
        kind(tmp_path / "theirs.db")


def test_tables_beyond_the_contract_are_added_without_another_version(tmp_path):
    """A writer adds them to a file that has none and keeps its user_version; a reader does without."""
    path = tmp_path / "presets.db"
    PresetStore(path).close()
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("DROP TABLE annotations; DROP TABLE hedge_templates")
    with closing(PresetStore(path, readonly=True)) as reader:
        assert not reader.database.has_addition("annotations")
    with closing(PresetStore(path)) as writer:
        assert writer.database.has_addition("annotations")
        assert writer.database.has_addition("hedge_templates")
        assert writer.database.connection().pragma("user_version") == 1
