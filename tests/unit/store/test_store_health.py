"""Looking at a database file from end to end."""

from __future__ import annotations

from barscope.store.health import Health, examine
from barscope.store.secmaster import SecurityMaster
from barscope.store.secmaster_schema import SECMASTER


def store(path, minute_bars):
    """Makes a security master of 20,000 bars."""
    master = SecurityMaster(path)
    publisher = master.ensure_publisher("test", "TEST")
    master.write(publisher.publisher_id, [minute_bars(n=20_000)])
    master.close()


def test_a_sound_file_is_counted(tmp_path, minute_bars):
    """The version and the rows of each table are told."""
    path = tmp_path / "secmaster.db"
    store(path, minute_bars)
    assert examine(path, SECMASTER, ("publishers", "ohlcv")) == Health(True, 1, {"publishers": 1, "ohlcv": 20_000})


def test_a_missing_file_is_no_problem_and_stays_missing(tmp_path):
    """Looking does not make a file."""
    path = tmp_path / "secmaster.db"
    assert examine(path, SECMASTER, ()) == Health(exists=False)
    assert not path.exists()


def test_a_damaged_page_is_found(tmp_path, minute_bars):
    """A file that opens well but is damaged in the middle has a problem."""
    path = tmp_path / "secmaster.db"
    store(path, minute_bars)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    assert examine(path, SECMASTER, ("ohlcv",)).problem


def test_a_foreign_file_is_named_as_such(tmp_path):
    """Text in the place of the database is a problem with its reason."""
    path = tmp_path / "secmaster.db"
    path.write_text("not a database, but long enough to be mistaken for one " * 20)
    assert "is not a security master" in examine(path, SECMASTER, ()).problem
