"""Locks between processes and threads: the gate of a database's writers, and the owner of a run.

All are `flock` locks, so the kernel frees them when their process dies, however it dies. A lock belongs to
one open file: a second `FileLock` on the same path waits, in the same process too. A forked child closes
the files it inherits, so it neither holds nor frees the locks of its parent.

An interrupt (Ctrl-C in a notebook) may come between any two calls, and IPython keeps the traceback with all that its
frames refer to. So whatever is raised while a lock is taken or freed leaves it free.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

from barscope.store.failures import busy, file_errors
from barscope.store.owners import is_held, is_owned, owner_path, owners_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import FileIO

_POLL_S = 0.001
_LOOK_S = 5.0


class FileLock:
    """A lock on a file, held until released or until its process ends; shared ones can be held by many at once."""

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        self.path = path
        self._kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        self._file: FileIO | None = None

    def __del__(self) -> None:
        self.forget()  # what nobody holds on to is free

    @property
    def held(self) -> bool:
        """Whether this object holds the lock in this process."""
        return self._file is not None

    def try_acquire(self) -> bool:
        """Takes the lock if it is free."""
        with file_errors(self.path):
            while (file := _lock(self.path, self._kind)) is not None:
                try:
                    if _is_at(file, self.path):
                        _held.add(self)
                        self._file = file
                        return True
                except BaseException:
                    _free(file)
                    raise
                file.close()  # its owner removed the file meanwhile: that lock guards nothing
            return False

    def acquire(self, patience_s: float) -> bool:
        """Takes the lock, waiting at most `patience_s` seconds for it."""
        give_up = time.monotonic() + patience_s
        pause = threading.Event()
        while not self.try_acquire():
            if time.monotonic() >= give_up:
                return False
            pause.wait(_POLL_S)
        return True

    def release(self, *, remove: bool = False) -> None:
        """Frees the lock, after removing its file if asked to; does nothing when it is not held."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            _held.discard(self)
            if remove:
                self.path.unlink(missing_ok=True)
        finally:
            _free(file)

    def forget(self) -> None:
        """Closes the file: frees the lock, except in a forked child, where the parent still has it open."""
        if self._file is not None:
            self._file.close()
            self._file = None


class Gate:
    """The gate that the writers of one database pass one at a time, in turn.

    SQLite alone lets a busy writer starve the others. Two files make it a turnstile: whoever waits for the
    gate holds the place next to it, so a writer that comes again finds the place taken and queues behind.
    """

    def __init__(self, database: Path, patience_s: float) -> None:
        self._database = database
        self._patience_s = patience_s
        self._gate = database.with_name(database.name + ".gate")
        self._next = database.with_name(database.name + ".gate-next")

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Holds the gate for the block.

        Raises:
            StoreBusyError: If it is not this writer's turn within its patience.
        """
        gate = self._enter()
        try:
            yield
        finally:
            gate.release()

    def _enter(self) -> FileLock:
        give_up = time.monotonic() + self._patience_s
        place, gate = FileLock(self._next), FileLock(self._gate)
        try:
            try:
                if place.acquire(self._patience_s) and gate.acquire(give_up - time.monotonic()):
                    return gate
            finally:
                place.release()
        except BaseException:
            gate.release()
            raise
        raise busy(self._database)


class OwnerLocks:
    """The locks `<database>.owners/<id>` that say which runs have a living owner.

    They are taken, and what is left of them is removed, inside a write transaction only, so that nobody who does one of
    these meets another.
    """

    def __init__(self, database: Path) -> None:
        self._database = database

    def take(self, run_id: str) -> FileLock | None:
        """The lock of a run, now held here; None while a living process or thread owns the run."""
        lock = self.lock(run_id)
        if lock.try_acquire():
            return lock
        if self.owned(run_id):
            return None
        return lock if lock.acquire(_LOOK_S) else None  # somebody looked whether the run is owned, and has done so

    def lock(self, run_id: str) -> FileLock:
        """The lock of a run, not yet taken."""
        folder = owners_folder(self._database)
        with file_errors(folder):
            folder.mkdir(exist_ok=True)
        return FileLock(owner_path(self._database, run_id))

    def left(self) -> tuple[FileLock, ...]:
        """What killed processes left: locks that nobody holds."""
        folder = owners_folder(self._database)
        with file_errors(folder):
            paths = list(folder.iterdir()) if folder.is_dir() else []
        return tuple(FileLock(path) for path in paths if not is_held(path))

    @staticmethod
    def remove(left: Iterable[FileLock]) -> None:
        """Removes the files of locks, except of those that somebody holds by now."""
        for lock in left:
            if lock.try_acquire():
                lock.release(remove=True)

    def owned(self, run_id: str) -> bool:
        """Whether a living process or thread owns the run."""
        return is_owned(self._database, run_id)


class OpenMarks:
    """The marks `<database>.open/<id>` that say what somebody, here or in another process, has open."""

    def __init__(self, database: Path) -> None:
        self._folder = database.with_name(database.name + ".open")

    def hold(self, mark_id: str) -> FileLock:
        """Marks something as open until the lock is released.

        Raises:
            StoreBusyError: If somebody who looks whether it is open does not come to an end.
        """
        mark = self._mark(mark_id, shared=True)
        if not mark.acquire(_LOOK_S):
            raise busy(mark.path)
        return mark

    def is_open(self, mark_id: str) -> bool:
        """Whether anybody has it open."""
        probe = self._mark(mark_id, shared=False)
        if not probe.try_acquire():
            return True
        probe.release(remove=True)
        return False

    def _mark(self, mark_id: str, *, shared: bool) -> FileLock:
        with file_errors(self._folder):
            self._folder.mkdir(exist_ok=True)
        return FileLock(self._folder / mark_id, shared=shared)


def _lock(path: Path, kind: int = fcntl.LOCK_EX) -> FileIO | None:
    """The open file with the lock on it, or None while someone else holds it."""
    file = path.open("ab", buffering=0)
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    except BaseException:
        _free(file)
        raise
    return file


def _free(file: FileIO) -> None:
    """Frees the lock on a file: closing alone would not, where a fork in another thread has copied the file."""
    try:
        fcntl.flock(file, fcntl.LOCK_UN)
    finally:
        file.close()


def _is_at(file: FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


_held: WeakSet[FileLock] = WeakSet()


def _forget_all() -> None:
    for lock in list(_held):
        lock.forget()
    _held.clear()


os.register_at_fork(after_in_child=_forget_all)
