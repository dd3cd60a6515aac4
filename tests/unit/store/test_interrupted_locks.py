"""A lock that is interrupted while it is taken or freed is free, though the traceback lives on as in a notebook."""

from __future__ import annotations

import sys
from itertools import count

import pytest

from barscope.store import locks
from barscope.store.locks import FileLock, Gate

WITHIN = (locks.__file__, sys.modules["_weakrefset"].__file__)


def interrupted_after(number, work):
    """Do some work, interrupted after its call number so many into the system: where Python looks for interrupts.

    Returns:
        The interrupt with its traceback, or None where the work made fewer calls.
    """
    left = iter(range(number))

    def profile(frame, event, _function):
        if event == "c_return" and frame.f_code.co_filename in WITHIN and next(left, None) is None:
            raise KeyboardInterrupt

    sys.setprofile(profile)
    try:
        work()
    except KeyboardInterrupt as interrupt:
        return interrupt
    finally:
        sys.setprofile(None)
    return None


def each_interrupt(work):
    """The interrupts of all places, one at a time; each lives on while the next is looked at."""
    for number in count():
        interrupt = interrupted_after(number, work)
        if interrupt is None:
            return
        yield number, interrupt


def test_a_gate_is_open_after_any_interrupt(tmp_path):
    """Wherever a writer is interrupted on its way through the gate, the next one passes at once."""
    database, kept = tmp_path / "runs.db", []

    def write():
        with Gate(database, 1).passed():
            pass

    for number, interrupt in each_interrupt(write):
        kept.append(interrupt)
        with Gate(database, 0.01).passed():
            kept.append(number)
    assert len(kept) > 25


@pytest.mark.parametrize("remove", [False, True])
def test_a_lock_is_free_after_any_interrupt(tmp_path, remove):
    """The same for a lock that is taken and released."""
    path, kept = tmp_path / "lock", []

    def hold():
        lock = FileLock(path)
        kept.append(lock)
        if lock.try_acquire():
            lock.release(remove=remove)

    for _number, interrupt in each_interrupt(hold):
        kept.append(interrupt)
        other = FileLock(path)
        assert other.try_acquire()
        other.release()
    assert len(kept) > 10
