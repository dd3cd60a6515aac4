"""Where a process can be killed: what the stores do, as events of the scene they happen in.

The code under test is not changed, only watched: SQLite's own hooks tell of rows and commits. The call that writes to a
file is replaced in SQLite's table of system calls, so that a checkpoint or a commit can die in the middle of a page.
"""

import ctypes
import os
import signal
import threading
from collections import Counter
from contextlib import contextmanager
from functools import wraps
from pathlib import Path

import apsw

from barscope.store import database, locks, presets, run_writer, runs, secmaster, state_writer
from barscope.store.bar_writer import BarWriter
from barscope.store.named_table import NamedTable

_here = threading.local()
_PWRITE = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64)

SCENES = {
    "create": (database.Database, "_prepare"),
    "begin": (runs.RunStore, "begin"),
    "record": (run_writer.RunWriter, "_push"),
    "complete": (run_writer.RunWriter, "complete"),
    "drop": (run_writer.RunWriter, "_drop"),
    "heartbeat": (state_writer.StateWriter, "refresh"),
    "recover": (runs.RunStore, "_recover"),
    "delete": (runs.RunStore, "_delete"),
    "forget": (presets.PresetStore, "delete_sessions"),
    "note": (presets.PresetStore, "update_indicator"),
    "preset": (NamedTable, "set"),
    "ingest": (secmaster.SecurityMaster, "write"),
}
"""Scene → the method whose work it is; an inner one counts, not the outer."""


class Watch:
    """Counts events, and kills this process at the n-th of one.

    Args:
        at: A scene and an event, such as `complete/commit`; `any/…` is that event in every scene; None never kills.
        nth: At which of them.
    """

    def __init__(self, at=None, nth=1):
        self._at, self._nth = at, nth
        self._lock = threading.Lock()
        self.counts = Counter()

    def tell(self, event):
        """Something happened on this thread."""
        if self.is_next(event):
            die()

    def is_next(self, event):
        """Counts an event; whether it is the one to die at."""
        scene = getattr(_here, "scenes", None) or ["outside"]
        with self._lock:
            self.counts.update((f"{scene[-1]}/{event}", f"any/{event}"))
            return self._at in (f"{scene[-1]}/{event}", f"any/{event}") and self.counts[self._at] == self._nth

    def start(self):
        """From here on, everything is watched; once in a process."""
        for scene, (cls, method) in SCENES.items():
            setattr(cls, method, self._in_scene(scene, getattr(cls, method)))
        database.Database._open = self._with_hooks(database.Database._open)
        database.Database.atomic = self._telling_of_commits(database.Database.atomic)
        BarWriter._tell = self._after(BarWriter._tell, "slice")
        locks.FileLock.try_acquire = self._after(locks.FileLock.try_acquire, "locked", _is_owner_lock)
        locks.FileLock.release = self._after(locks.FileLock.release, "released", _is_owner_lock)
        if self._at is not None and "/write" in self._at:
            self._watch_writes()

    def _in_scene(self, scene, method):
        @wraps(method)
        def entered(*args, **options):
            _here.scenes = [*getattr(_here, "scenes", []), scene]
            try:
                self.tell("entered")
                result = method(*args, **options)
                self.tell("left")
                return result
            finally:
                _here.scenes.pop()

        return entered

    def _after(self, method, event, counts=lambda _self: True):
        @wraps(method)
        def told(of, *args, **options):
            result = method(of, *args, **options)
            if counts(of) and result is not False:
                self.tell(event)
            return result

        return told

    def _with_hooks(self, open_connection):
        @wraps(open_connection)
        def opened(store):
            connection = open_connection(store)
            connection.set_update_hook(lambda _what, _database, table, _rowid: self.tell(f"row {table}"))
            connection.set_commit_hook(lambda: bool(self.tell("commit")))  # to refuse nothing
            return connection

        return opened

    def _telling_of_commits(self, atomic):
        @contextmanager
        def told(store, *, durable=False):
            with atomic(store, durable=durable) as connection:
                yield connection
            self.tell("committed")

        return told

    def _watch_writes(self):
        """Half of the fatal write reaches the file."""
        real = _PWRITE(ctypes.cast(ctypes.CDLL(None).pwrite64, ctypes.c_void_p).value)

        @_PWRITE
        def pwrite(file, data, size, offset):
            if self.is_next(f"write {_kind_of(file)}"):
                real(file, data, size // 2, offset)
                die()
            return real(file, data, size, offset)

        self._kept = pwrite, _Unix()
        self._kept[1].xSetSystemCall("pwrite64", ctypes.cast(pwrite, ctypes.c_void_p).value)


class _Unix(apsw.VFS):
    def __init__(self):
        super().__init__("watched", base="unix")


def die():
    """Ends this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def _is_owner_lock(lock):
    return lock.path.parent.name.endswith(".owners")


def _kind_of(file):
    name = Path(f"/proc/self/fd/{file}").readlink().name
    return next((kind for kind in ("db", "wal", "journal", "shm") if name.endswith(kind)), "other")
