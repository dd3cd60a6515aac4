"""The loop of the kernel that widgets live in, and its output thread, which an interrupt must not break.

ipykernel sends every message from one thread, and asks `Thread.is_alive` before it hands that thread the next one.
Before Python 3.13 an interrupt (■ in a notebook; closing a notebook sends one too) inside `is_alive` marks the living
thread as ended (CPython issue 90882). From then on messages are sent from several threads at once on one socket: their
parts get mixed, pages show a state that never was, and the kernel may abort.
"""

from __future__ import annotations

import asyncio
import sys
from functools import wraps
from typing import TYPE_CHECKING, Any

from IPython import get_ipython

from barscope.store.interrupts import uninterrupted

if TYPE_CHECKING:
    from collections.abc import Callable


def kernel_loop() -> asyncio.AbstractEventLoop | None:
    """The kernel's loop, whose messages stay whole from then on; None under plain Python, which has none."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    if sys.version_info < (3, 13):
        _keep_output_alive(get_ipython())
    return loop


def _keep_output_alive(shell: Any) -> None:  # noqa: ANN401  # a shell outside a kernel has no such thread
    output = getattr(getattr(shell, "kernel", None), "iopub_thread", None)
    if output is not None and "is_alive" not in vars(output.thread):
        output.thread.is_alive = _whole(output.thread.is_alive)


def _whole(ask: Callable[[], bool]) -> Callable[[], bool]:
    @wraps(ask)
    def asked() -> bool:
        with uninterrupted():
            return ask()

    return asked
