"""Ctrl-C and the kernel's interrupt, held back while a lock is held that nobody else could free."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_MEANT = 3
"""Whoever presses so often in one block means it now."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """A block that an interrupt reaches at its end.

    Python raises an interrupt between any two steps of the main thread, so also between the taking of a lock and the
    `try` that frees it: the lock would be held until the process ends. The third interrupt within a block is raised at
    once. In other threads, and where somebody else handles the signal, nothing changes.
    """
    if not _is_raised_here():
        yield
        return
    held: list[tuple[int, FrameType | None]] = []

    def hold(number: int, frame: FrameType | None) -> None:
        held.append((number, frame))
        if len(held) >= _MEANT:
            signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if 0 < len(held) < _MEANT:
            signal.default_int_handler(*held[0])


def _is_raised_here() -> bool:
    is_main = threading.current_thread() is threading.main_thread()
    return is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
