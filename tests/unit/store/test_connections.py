"""What readers and writers of a file have in common: streams, and blocks in which nothing changes."""

from contextlib import closing

import pytest

from barscope.errors import StoreError
from barscope.store.database import Database
from barscope.store.schema import Schema

NUMBERS = Schema("list of numbers", 7, ("CREATE TABLE numbers (n INTEGER)",))


@pytest.fixture
def two(tmp_path):
    """A writer and a reader of one file that holds 1, 2, 3."""
    with closing(Database(tmp_path / "a.db", NUMBERS)) as writer:
        add(writer, 1, 2, 3)
        with closing(Database(tmp_path / "a.db", NUMBERS, readonly=True)) as reader:
            yield writer, reader


def add(database, *numbers):
    """Adds numbers to the list."""
    with database.atomic() as connection:
        connection.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in numbers])


def test_a_stream_gives_row_by_row(two):
    """Rows come in order, with bound values, and a stream that is left early lets go of the file."""
    _, reader = two
    rows = reader.stream("SELECT n FROM numbers WHERE n > ? ORDER BY n", (1,))
    assert next(rows) == (2,)
    rows.close()
    assert list(reader.stream("SELECT n FROM numbers ORDER BY n")) == [(1,), (2,), (3,)]
    with pytest.raises(StoreError):
        list(reader.stream("SELECT x FROM numbers"))


def test_a_block_sees_one_moment(two):
    """What is written meanwhile shows after the block."""
    writer, reader = two
    count = "SELECT count(*) FROM numbers"
    with reader.unchanging():
        assert reader.rows(count) == [(3,)]
        add(writer, 4)
        assert reader.rows(count) == [(3,)]
    assert reader.rows(count) == [(4,)]
