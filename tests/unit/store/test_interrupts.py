"""Interrupts while a lock is held."""

import signal
import threading

import pytest

from barscope.store.database import Database
from barscope.store.interrupts import uninterrupted
from barscope.store.runs_schema import RUNS


def test_an_interrupt_waits_for_the_end_of_a_transaction(tmp_path):
    """What was begun is committed and the gate is free again; then the interrupt is raised."""
    database = Database(tmp_path / "runs.db", RUNS)
    add = "INSERT INTO runs (run_id, name, ts_start, status) VALUES ('r', 'n', 1, 'running')"
    with pytest.raises(KeyboardInterrupt):
        _write(database, add)
    with database.atomic() as connection:
        assert connection.execute("SELECT run_id FROM runs").fetchall() == [("r",)]
    database.close()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_insists_is_heard_at_once():
    """The third interrupt of a block is raised inside it."""
    reached = []
    with pytest.raises(KeyboardInterrupt):
        _press(reached)
    assert reached == [0, 1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_and_other_handlers_are_left_alone():
    """Only the main thread is ever interrupted, and a handler of somebody else stays in place."""
    seen = []
    other = threading.Thread(target=lambda: seen.append(_handler_inside()))
    other.start()
    other.join()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        seen.append(_handler_inside())
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.default_int_handler, signal.SIG_IGN]


def _write(database, statement):
    with database.atomic() as connection:
        signal.raise_signal(signal.SIGINT)
        connection.execute(statement)


def _press(reached):
    with uninterrupted():
        for press in range(5):
            signal.raise_signal(signal.SIGINT)
            reached.append(press)


def _handler_inside():
    with uninterrupted():
        return signal.getsignal(signal.SIGINT)
