"""What a connection for visitors can do: read its tables, for a while, and nothing else."""

from contextlib import closing

import apsw
import pytest

from barscope.errors import ReadOnlyStoreError, SchemaVersionError, StoreError
from barscope.store.authorizer import ReadLimits
from barscope.store.read_only_database import ReadOnlyDatabase
from barscope.store.run_events import read_events
from barscope.store.run_list import glance_at_runs
from barscope.store.run_reader import RunReader
from barscope.store.runs import RunStore
from barscope.store.runs_schema import EVENT_TABLES, RUNS

TABLES = ("runs", "run_columns", *EVENT_TABLES)


@pytest.fixture
def live(tmp_path):
    """A runs.db with one completed run, and somebody who goes on writing."""
    with closing(RunStore(tmp_path / "runs.db")) as runs:
        runs.begin("r", "a run", 1, {"mode": "backtest", "symbols": ["A"]}).complete(2, {})
        yield runs


def opened(store, tables=TABLES, **limits):
    """The file of a store as visitors get it."""
    return ReadOnlyDatabase(store.database.path, RUNS, tables, limits=ReadLimits(**limits))


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM runs",
        "UPDATE runs SET name = 'x'",
        "INSERT INTO runs (run_id, name, ts_start, status) VALUES ('x', 'x', 1, 'failed')",
        "CREATE TABLE t (a)",
        "CREATE TEMP TABLE t (a)",
        "CREATE TEMP TRIGGER t AFTER INSERT ON runs BEGIN SELECT 1; END",
        "DROP TABLE runs",
        "ALTER TABLE runs ADD COLUMN x",
        "ATTACH ':memory:' AS other",
        "VACUUM INTO '/tmp/stolen.db'",
        "REINDEX",
        "ANALYZE",
        "BEGIN IMMEDIATE",
        "SAVEPOINT s",
        "PRAGMA query_only = OFF",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA user_version = 7",
        "PRAGMA writable_schema = ON",
        "PRAGMA database_list",
        "SELECT load_extension('evil')",
        "SELECT writefile('/tmp/x', 'x')",
        "SELECT readfile('/etc/passwd')",
        "SELECT randomblob(1000000)",
        "SELECT zeroblob(1000000000)",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM dbstat",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        "SELECT '" + "x" * 30_000 + "'",
    ],
)
def test_everything_but_reading_is_refused(live, sql):
    """Writes, attached files, pragmas, extensions, file functions and endless recursion end in an error."""
    with closing(opened(live)) as database:
        before = live.database.rows("SELECT * FROM runs")
        with pytest.raises(StoreError):
            database.rows(sql)
        assert live.database.rows("SELECT * FROM runs") == before


def test_a_table_that_is_not_named_cannot_be_read(live):
    """Only the tables a reader was opened for can be looked at, also inside another query."""
    with closing(opened(live, ["runs"])) as database:
        assert database.rows("SELECT run_id FROM runs") == [("r",)]
        for sql in ("SELECT * FROM fills", "SELECT (SELECT count(*) FROM fills) FROM runs"):
            with pytest.raises(ReadOnlyStoreError, match="some of its tables only"):
                database.rows(sql)


def test_reading_works_as_in_the_store(live):
    """Lists, records, events and columns read the same through the authorizer."""
    with closing(opened(live)) as database:
        reader = RunReader(database)
        assert reader.list_runs() == live.list_runs()
        assert glance_at_runs(reader) == glance_at_runs(live)
        assert read_events(reader, "r", "fills") == []
        live.begin("s", "another", 3, {}).complete(4, {})
        assert [run.run_id for run in reader.list_runs()] == ["s", "r"]


def test_a_query_that_takes_long_is_ended(live):
    """The time limit ends a query in the middle; the next one has its own time."""
    slow = " CROSS JOIN ".join(f"pragma_table_info('runs') AS t{i}" for i in range(8))
    with closing(opened(live, seconds=0.05)) as database:
        with pytest.raises(StoreError, match="took too long"):
            database.rows(f"SELECT count(*) FROM {slow}")  # noqa: S608
        assert database.rows("SELECT run_id FROM runs") == [("r",)]


def test_an_answer_of_many_rows_is_refused(live):
    """More rows than the limit are an error, as many are not; streaming is counted too."""
    with closing(opened(live, rows=7)) as database:
        assert len(database.rows("SELECT name FROM pragma_table_info('runs')")) == 7
        with pytest.raises(StoreError, match="more than 7 rows"):
            database.rows("SELECT name FROM pragma_table_info('run_columns')")
        with pytest.raises(StoreError, match="more than 7 rows"):
            list(database.stream("SELECT name FROM pragma_table_info('fills')"))


def test_a_value_beyond_the_limit_is_refused(live):
    """A text larger than the limit cannot be read."""
    with live.database.atomic() as connection:
        connection.execute("UPDATE runs SET name = ?", ("x" * 200_000,))
    with closing(opened(live, value_bytes=100_000)) as database, pytest.raises(StoreError):
        database.rows("SELECT name FROM runs")


def test_a_foreign_file_and_nothing_are_refused(tmp_path):
    """A file of another program is left alone; where there is no file none is made."""
    with closing(apsw.Connection(str(tmp_path / "other.db"))) as other:
        other.execute("PRAGMA application_id = 5; CREATE TABLE t (a)")
    with pytest.raises(SchemaVersionError):
        ReadOnlyDatabase(tmp_path / "other.db", RUNS, TABLES)
    with pytest.raises(StoreError, match="no runs database yet"):
        ReadOnlyDatabase(tmp_path / "none.db", RUNS, TABLES)
    assert not (tmp_path / "none.db").exists()
