"""A disk that fails on demand.

The system calls that SQLite makes are replaced (`xSetSystemCall`), so that it meets what an operating system says:
`ENOSPC`, `EIO`, half of a write. It offers no such way in for `fsync`: that one fails by an exception, in a file layer
in between. Use it only where no log is taken into its file by itself: SQLite passes over what fails then, an exception
does not.
"""

from __future__ import annotations

import ctypes
import errno
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import apsw
from simulated_disk import BELOW, installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_INT, _SIZE, _OFFSET, _POINTER = ctypes.c_int, ctypes.c_size_t, ctypes.c_int64, ctypes.c_void_p
_CALLS = {
    "read": ("read", ctypes.CFUNCTYPE(ctypes.c_ssize_t, _INT, _POINTER, _SIZE, use_errno=True)),
    "pread": ("read", ctypes.CFUNCTYPE(ctypes.c_ssize_t, _INT, _POINTER, _SIZE, _OFFSET, use_errno=True)),
    "pread64": ("read", ctypes.CFUNCTYPE(ctypes.c_ssize_t, _INT, _POINTER, _SIZE, _OFFSET, use_errno=True)),
    "write": ("write", ctypes.CFUNCTYPE(ctypes.c_ssize_t, _INT, _POINTER, _SIZE, use_errno=True)),
    "pwrite": ("write", ctypes.CFUNCTYPE(ctypes.c_ssize_t, _INT, _POINTER, _SIZE, _OFFSET, use_errno=True)),
    "pwrite64": ("write", ctypes.CFUNCTYPE(ctypes.c_ssize_t, _INT, _POINTER, _SIZE, _OFFSET, use_errno=True)),
    "ftruncate": ("truncate", ctypes.CFUNCTYPE(_INT, _INT, _OFFSET, use_errno=True)),
    "unlink": ("delete", ctypes.CFUNCTYPE(_INT, ctypes.c_char_p, use_errno=True)),
}
"""System call → what a fault calls it, and its type."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong.

    Attributes:
        name: What a person calls it.
        calls: The calls it concerns.
        errno: What they fail with.
        lasting: Whether every such call fails from then on, until the disk is mended, or one only.
        short: Whether half of the bytes reach the file in a call before that.
    """

    name: str
    calls: frozenset[str]
    errno: int = errno.EIO
    lasting: bool = False
    short: bool = False

    def __str__(self) -> str:
        return self.name


FAULTS = (
    Fault("no space", frozenset({"write"}), errno.ENOSPC, lasting=True),
    Fault("short write", frozenset({"write"}), errno.ENOSPC, short=True),
    Fault("failing write", frozenset({"write"})),
    Fault("failing read", frozenset({"read"})),
    Fault("failing sync", frozenset({"sync"})),
    Fault("dead disk", frozenset({"read", "write", "truncate", "delete"}), lasting=True),
)


class FaultyDisk:
    """Fails at the n-th call that a fault concerns, counted from when it was set.

    Attributes:
        calls: How many calls of each kind there were since then.
        failed: How many of them failed.
    """

    def __init__(self) -> None:
        self.set()

    def set(self, fault: Fault | None = None, at: int = 0) -> None:
        """Counts anew, and fails at call `at` of those a fault concerns; without one it is mended."""
        self.calls: Counter[str] = Counter()
        self.failed = 0
        self._fault, self._at = fault, at

    def fails(self, call: str) -> Fault | None:
        """Counts a call; the fault it has to fail with, if any."""
        self.calls[call] += 1
        fault = self._fault
        if fault is None or call not in fault.calls:
            return None
        done = sum(self.calls[name] for name in fault.calls)
        if done == self._at or (fault.lasting and done > self._at) or (fault.short and done == self._at + 1):
            self.failed += 1
            return fault
        return None

    def call(self, kind: str, real: Callable[..., int]) -> Callable[..., int]:
        """A system call as this disk does it."""

        def do(*args: int) -> int:
            fault = self.fails(kind)
            if fault is None:
                return real(*args)
            if fault.short and self.failed == 1:
                return real(args[0], args[1], args[2] // 2, *args[3:])
            ctypes.set_errno(fault.errno)
            return -1

        return do


class _FaultySyncs(apsw.VFS):
    def __init__(self, disk):
        super().__init__("faulty syncs", BELOW, makedefault=True)
        self._disk = disk

    def xOpen(self, name, flags):  # noqa: N802 (SQLite's name)
        return _FaultyFile(self._disk, name, flags)


class _FaultyFile(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        super().__init__(BELOW, name, flags)
        self._disk = disk

    def xSync(self, flags):  # noqa: N802
        if self._disk.fails("sync"):
            error = apsw.exception_for(apsw.SQLITE_IOERR_FSYNC)
            error.args = ("disk I/O error",)  # as SQLite says
            raise error
        super().xSync(flags)


@contextmanager
def failing_syncs(disk: FaultyDisk) -> Iterator[None]:
    """Connections opened inside the block can fail to bring a file to the disk."""
    with installed(_FaultySyncs(disk)):
        yield


@contextmanager
def failing_calls(disk: FaultyDisk) -> Iterator[None]:
    """Every other system call of SQLite can fail inside the block."""
    below = apsw.VFS("system calls", BELOW)
    replaced = {}  # SQLite knows their addresses only: they have to live as long
    try:
        for name, (kind, c_type) in _CALLS.items():
            address = below.xGetSystemCall(name)
            if address:
                replaced[name] = c_type(disk.call(kind, c_type(address)))
                below.xSetSystemCall(name, ctypes.cast(replaced[name], _POINTER).value)
        yield
    finally:
        below.xSetSystemCall(None, 0)  # all as they were
        below.unregister()
