"""How a database file is opened, refused, written and closed."""

import threading
from contextlib import closing

import apsw
import pytest

from barscope.errors import (
    InvalidParameterError,
    ReadOnlyStoreError,
    SchemaVersionError,
    StoreBusyError,
    StoreError,
    StoreFullError,
)
from barscope.store.connections import plain
from barscope.store.database import Database
from barscope.store.locks import FileLock
from barscope.store.schema import Schema

ONE = Schema("test database", 0x74657374, ("CREATE TABLE t (x INTEGER PRIMARY KEY, y TEXT)",))
TWO = Schema(ONE.kind, ONE.application_id, (*ONE.migrations, "ALTER TABLE t ADD COLUMN z; UPDATE t SET z = x * 2"))
OTHER = Schema("other database", 0x6F746872, ONE.migrations)


@pytest.fixture
def database(tmp_path):
    """A new database, open for writing."""
    with closing(Database(tmp_path / "a.db", ONE)) as database:
        yield database


def put(database, x, y="y"):
    """Writes one row."""
    with database.atomic() as connection:
        connection.execute("INSERT INTO t (x, y) VALUES (?, ?)", (x, y))


def raw(path, sql):
    """Runs statements as another program would."""
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(sql)


def put_and_raise(database):
    """Writes one row in a transaction that fails."""
    with database.atomic() as connection:
        connection.execute("INSERT INTO t (x) VALUES (1)")
        raise KeyError


def content(folder):
    """Every file of a folder with its bytes."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_new_file_carries_its_identity_and_the_pragmas_of_the_contract(database):
    """A writer's connection is WAL, NORMAL, foreign keys on, with a busy timeout, and the file says whose it is."""
    connection = database.connection()
    names = ("journal_mode", "synchronous", "foreign_keys", "application_id", "user_version")
    assert [connection.pragma(name) for name in names] == ["wal", 1, 1, ONE.application_id, 1]
    assert connection.pragma("busy_timeout") > 0


def test_missing_folders_are_created_for_a_writer(tmp_path):
    """A writer may be pointed at a folder that does not exist yet."""
    with closing(Database(tmp_path / "x" / "y" / "a.db", ONE)) as database:
        assert database.path.exists()


def test_what_was_written_is_read_by_a_reader(database):
    """A read-only store sees committed rows while the writer is open."""
    put(database, 1)
    with closing(Database(database.path, ONE, readonly=True)) as reader:
        assert reader.rows("SELECT x, y FROM t WHERE x = ?", (1,)) == [(1, "y")]


def test_a_reader_cannot_write(database):
    """A read-only store refuses a transaction, and SQLite itself refuses a statement."""
    with closing(Database(database.path, ONE, readonly=True)) as reader:
        with pytest.raises(ReadOnlyStoreError, match="opened read-only"):
            put(reader, 1)
        with pytest.raises(ReadOnlyStoreError):
            reader.rows("INSERT INTO t (x) VALUES (1)")


def test_an_exception_undoes_the_whole_block(database):
    """atomic() keeps nothing of a block that raises, and the store goes on working."""
    with pytest.raises(KeyError):
        put_and_raise(database)
    put(database, 2)
    assert database.rows("SELECT x FROM t") == [(2,)]


def test_a_transaction_inside_a_transaction_is_refused(database):
    """Nested atomic() is an error, and the outer block still decides alone."""
    with database.atomic() as connection:
        connection.execute("INSERT INTO t (x) VALUES (1)")
        with pytest.raises(StoreError, match="inside atomic"):
            put(database, 2)
    assert database.rows("SELECT x FROM t") == [(1,)]


def test_a_durable_transaction_waits_for_the_disk_and_only_that_one(database):
    """durable=True is synchronous FULL for its transaction; the next one is NORMAL again."""
    with database.atomic(durable=True) as connection:
        assert connection.pragma("synchronous") == 2
    with database.atomic() as connection:
        assert connection.pragma("synchronous") == 1


def test_each_thread_has_its_own_connection(database):
    """No two threads share a connection, and a thread keeps its own."""
    seen = []
    thread = threading.Thread(
        target=lambda: seen.append(database.connection() is database.connection() and id(database.connection()))
    )
    thread.start()
    thread.join()
    assert seen[0]
    assert seen[0] != id(database.connection())


def test_threads_take_turns(database):
    """Transactions of several threads all succeed and none is lost."""

    def work(first):
        for x in range(first, first + 50):
            put(database, x)

    threads = [threading.Thread(target=work, args=(1000 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.rows("SELECT count(*) FROM t") == [(200,)]


def test_a_closed_store_says_so(database):
    """Using a store after close() is a StoreError, on every thread."""
    database.close()
    with pytest.raises(StoreError, match="closed"):
        database.rows("SELECT 1")


def test_closing_leaves_a_connection_at_work_alone(database):
    """close() during a transaction of another thread lets that transaction commit."""
    inside, closed = threading.Event(), threading.Event()

    def work():
        with database.atomic() as connection:
            inside.set()
            closed.wait(10)
            connection.execute("INSERT INTO t (x) VALUES (1)")

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(10)
    database.close()
    closed.set()
    thread.join()
    with closing(Database(database.path, ONE, readonly=True)) as reader:
        assert reader.rows("SELECT x FROM t") == [(1,)]


def test_the_last_close_leaves_no_log_behind(database):
    """Closing the only store of a file folds the -wal into the file."""
    put(database, 1)
    database.close()
    assert {file.name for file in database.path.parent.iterdir()} == {"a.db", "a.db.gate", "a.db.gate-next"}


@pytest.mark.parametrize("readonly", [False, True])
@pytest.mark.parametrize("wal", [False, True])
@pytest.mark.parametrize(
    "setup",
    [
        "CREATE TABLE theirs (x)",
        "CREATE TABLE theirs (x); PRAGMA user_version = 1",
        "PRAGMA application_id = 7; CREATE TABLE t (x INTEGER PRIMARY KEY, y TEXT); PRAGMA user_version = 1",
        f"PRAGMA application_id = {OTHER.application_id}; CREATE TABLE t (x, y); PRAGMA user_version = 1",
        "CREATE TABLE t (x INTEGER PRIMARY KEY); PRAGMA user_version = 1",
        "CREATE TABLE t (x INTEGER PRIMARY KEY, y TEXT)",
    ],
    ids=["tables", "version", "another-id", "our-other-kind", "missing-column", "no-version"],
)
def test_a_database_of_another_program_is_refused_untouched(tmp_path, setup, wal, readonly):
    """A foreign SQLite file raises SchemaVersionError and neither changes nor gets company in its folder."""
    raw(tmp_path / "a.db", setup + ("; PRAGMA journal_mode = WAL" if wal else ""))
    before = content(tmp_path)
    with pytest.raises(SchemaVersionError, match=r"a\.db is not a test database"):
        Database(tmp_path / "a.db", ONE, readonly=readonly)
    assert content(tmp_path) == before


@pytest.mark.parametrize("text", [b"hello", b"x" * 5000, b"SQLite format 3\0" + b"\0" * 4])
def test_a_file_that_is_no_database_is_refused_untouched(tmp_path, text):
    """A text, garbage or a cut-off header raises SchemaVersionError and stays as it is."""
    (tmp_path / "a.db").write_bytes(text)
    with pytest.raises(SchemaVersionError, match="is not a test database"):
        Database(tmp_path / "a.db", ONE)
    assert content(tmp_path) == {"a.db": text}


@pytest.mark.parametrize("readonly", [False, True])
def test_a_newer_file_is_refused_untouched(tmp_path, readonly):
    """A file of a newer version raises SchemaVersionError that names both versions."""
    Database(tmp_path / "a.db", TWO).close()
    before = content(tmp_path)
    with pytest.raises(SchemaVersionError, match="version 2, this barscope knows 1: update"):
        Database(tmp_path / "a.db", ONE, readonly=readonly)
    assert content(tmp_path) == before


def test_a_newer_version_still_in_the_log_is_refused(tmp_path):
    """A migration that a living newer program has not folded into the file yet is seen too."""
    Database(tmp_path / "a.db", ONE).close()
    with closing(Database(tmp_path / "a.db", TWO)), pytest.raises(SchemaVersionError, match="version 2"):
        Database(tmp_path / "a.db", ONE)


def test_refusing_a_file_does_not_fold_its_log(tmp_path):
    """A -wal that a newer program left behind is still there, byte for byte, after the refusal."""
    Database(tmp_path / "a.db", ONE).close()
    newer = Database(tmp_path / "a.db", TWO)
    newer.connection().config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    newer.connection().close()
    before = content(tmp_path)
    assert before["a.db-wal"]
    with pytest.raises(SchemaVersionError, match="version 2"):
        Database(tmp_path / "a.db", ONE)
    after = content(tmp_path)
    assert (after["a.db"], after["a.db-wal"]) == (before["a.db"], before["a.db-wal"])


def test_an_older_file_is_migrated_in_order(tmp_path):
    """Opening an older file for writing applies the missing migrations and keeps its rows."""
    with closing(Database(tmp_path / "a.db", ONE)) as database:
        put(database, 4)
    with closing(Database(tmp_path / "a.db", TWO)) as database:
        assert database.rows("SELECT x, y, z FROM t") == [(4, "y", 8)]
        assert database.connection().pragma("user_version") == 2


def test_a_migration_that_fails_changes_nothing(tmp_path):
    """A broken migration leaves version, tables and rows as they were."""
    with closing(Database(tmp_path / "a.db", ONE)) as database:
        put(database, 4)
    broken = Schema(ONE.kind, ONE.application_id, (*TWO.migrations, "ALTER TABLE nowhere ADD COLUMN q"))
    with pytest.raises(StoreError, match="nowhere"):
        Database(tmp_path / "a.db", broken)
    with closing(Database(tmp_path / "a.db", ONE)) as database:
        assert database.rows("SELECT * FROM t") == [(4, "y")]


def test_a_reader_does_not_migrate(tmp_path):
    """An older file opened read-only is refused with the way out."""
    Database(tmp_path / "a.db", ONE).close()
    with pytest.raises(SchemaVersionError, match="open it for writing once"):
        Database(tmp_path / "a.db", TWO, readonly=True)


def test_a_file_of_the_contract_made_by_another_program_opens(tmp_path):
    """Version 1 with the right tables and no application id is ours; a writer stamps it and keeps its rows."""
    raw(tmp_path / "a.db", "CREATE TABLE t (x INTEGER PRIMARY KEY, y TEXT, more); INSERT INTO t VALUES (1, 'y', 2)")
    raw(tmp_path / "a.db", "PRAGMA user_version = 1")
    with closing(Database(tmp_path / "a.db", ONE, readonly=True)) as reader:
        assert reader.rows("SELECT x FROM t") == [(1,)]
    with closing(Database(tmp_path / "a.db", ONE)) as database:
        assert database.connection().pragma("application_id") == ONE.application_id
        assert database.rows("SELECT x FROM t") == [(1,)]


def test_an_empty_file_becomes_a_database(tmp_path):
    """A file of zero bytes is taken as new."""
    (tmp_path / "a.db").touch()
    with closing(Database(tmp_path / "a.db", ONE)) as database:
        put(database, 1)


@pytest.mark.parametrize("exists", [False, True])
def test_there_is_nothing_to_read_in_a_missing_or_empty_file(tmp_path, exists):
    """A reader of no file, or of an empty one, is told to create it and does not."""
    if exists:
        (tmp_path / "a.db").touch()
    before = content(tmp_path)
    with pytest.raises(StoreError, match="open it for writing once"):
        Database(tmp_path / "a.db", ONE, readonly=True)
    assert content(tmp_path) == before


def test_a_damaged_file_is_named(tmp_path):
    """A page of garbage in a file of ours is a StoreError that names the file."""
    with closing(Database(tmp_path / "a.db", ONE)) as database:
        put(database, 1, "y" * 80_000)
        page = database.connection().pragma("page_size")
    path = tmp_path / "a.db"
    path.write_bytes(path.read_bytes()[:page] + b"\xff" * (path.stat().st_size - page))
    with closing(Database(path, ONE)) as database, pytest.raises(StoreError, match=r"a\.db is damaged"):
        database.rows("SELECT * FROM t")


def test_half_a_checkpoint_is_no_damage(tmp_path):
    """A file whose pages are partly in the log only, as a process killed while folding it leaves it, opens whole."""
    path, log = tmp_path / "a.db", tmp_path / "a.db-wal"
    database = Database(path, ONE)
    database.connection().wal_autocheckpoint(0)
    put(database, 1, "y" * 50_000)
    database.connection().config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    database.connection().close()
    pages_in_log = log.read_bytes()
    Database(path, ONE).close()
    path.write_bytes(path.read_bytes()[:4096])
    log.write_bytes(pages_in_log)
    with closing(Database(path, ONE)) as database:
        assert database.rows("SELECT x, length(y) FROM t") == [(1, 50_000)]


def test_a_full_disk_undoes_the_transaction(database):
    """SQLITE_FULL becomes StoreFullError; the rows before it stay, those of the transaction go."""
    put(database, 1)
    connection = database.connection()
    connection.pragma("max_page_count", connection.pragma("page_count") + 2)
    with pytest.raises(StoreFullError, match=r"a\.db"):
        put(database, 2, "y" * 100_000)
    assert database.rows("SELECT x FROM t") == [(1,)]


def test_a_folder_that_is_a_file_cannot_be_written(tmp_path):
    """A path below a plain file raises ReadOnlyStoreError that names it."""
    (tmp_path / "folder").write_text("not a folder")
    with pytest.raises(ReadOnlyStoreError, match="folder"):
        Database(tmp_path / "folder" / "a.db", ONE)


def test_a_folder_in_place_of_the_file_cannot_be_opened(tmp_path):
    """A path that is a folder raises ReadOnlyStoreError."""
    (tmp_path / "a.db").mkdir()
    with pytest.raises(ReadOnlyStoreError, match=r"a\.db"):
        Database(tmp_path / "a.db", ONE)


@pytest.mark.parametrize("name", ["a\0b", "x" * 10_000])
def test_a_hostile_path_is_a_typed_error(tmp_path, name):
    """A NUL or ten thousand characters in a path do not end in a bare OSError or ValueError."""
    with pytest.raises((StoreError, InvalidParameterError)):
        Database(f"{tmp_path}/{name}", ONE)


@pytest.mark.parametrize("name", ["a?mode=memory", "a#b", "a%20b", "ä b'\""])
def test_characters_of_a_uri_are_part_of_the_name(tmp_path, name):
    """A path is never read as a URI."""
    with closing(Database(tmp_path / name, ONE)) as database:
        put(database, 1)
    assert (tmp_path / name).stat().st_size > 0


def test_waiting_for_the_gate_is_bounded(tmp_path):
    """A writer that does not get its turn raises StoreBusyError with the file and the remedy."""
    with closing(Database(tmp_path / "a.db", ONE, patience_s=0.01)) as database:
        gate = FileLock(tmp_path / "a.db.gate")
        assert gate.try_acquire()
        with pytest.raises(StoreBusyError, match=r"a\.db .*try again"):
            put(database, 1)
        gate.release()
        put(database, 1)


def test_waiting_for_a_program_that_knows_no_gate_is_bounded(tmp_path):
    """A write lock held by other code ends in StoreBusyError too, and frees the gate again."""
    with closing(Database(tmp_path / "a.db", ONE, patience_s=0.01)) as database:
        with closing(apsw.Connection(str(tmp_path / "a.db"))) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreBusyError):
                put(database, 1)
        put(database, 1)


def test_a_broken_constraint_is_a_store_error(database):
    """A row that the schema refuses raises StoreError and undoes the transaction."""
    put(database, 1)
    with pytest.raises(StoreError, match="refused a row"):
        put(database, 1)


@pytest.mark.parametrize("value", ["\ud800", 2**70])
def test_a_value_sqlite_cannot_hold_is_an_invalid_parameter(database, value):
    """Half a character or a number beyond 64 bits is refused by name."""
    with pytest.raises(InvalidParameterError, match="cannot store a value"):
        database.rows("SELECT ?", (value,))


def test_numpy_numbers_are_bound_as_numbers():
    """plain() keeps SQLite from storing the bytes of a numpy integer as a blob."""
    np = pytest.importorskip("numpy")
    values = plain([np.int64(3), np.float64(0.5), "x", None, 7])
    assert values == (3, 0.5, "x", None, 7)
    assert type(values[0]) is int
