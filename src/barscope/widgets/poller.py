"""Looks at running work a few times a second, on the kernel's own loop, and rests when there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barscope.widgets.kernel_loop import kernel_loop

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

INTERVAL_S = 0.1


class Poller:
    """Calls `step` ten times a second for as long as it returns True.

    Under plain Python there is no loop, and nothing is ever called: whoever wants news calls the step.

    Args:
        step: Takes over what is new; tells whether more will come.
        interval: Seconds between two calls.
    """

    def __init__(self, step: Callable[[], object], interval: float = INTERVAL_S) -> None:
        self._step = step
        self._interval = interval
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._loop = kernel_loop()

    @property
    def is_resting(self) -> bool:
        """Whether nothing is due."""
        return self._timer is None

    def wake(self) -> None:
        """Begin to look, from any thread; does nothing while it is looking."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._begin)

    def stop(self) -> None:
        """Never look again."""
        self._closed = True
        if self._timer is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._timer.cancel)
        self._timer = None

    def _begin(self) -> None:
        if self._timer is None and not self._closed and self._loop is not None:
            self._timer = self._loop.call_later(self._interval, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if not self._closed and self._step():
            self._begin()
