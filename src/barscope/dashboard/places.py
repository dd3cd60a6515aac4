"""Who has a place at the dashboard, and who has lost it. Knows nothing of kernels but their ids."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_CONNECTIONS = 3
"""Of one page: more than one only while it connects anew."""


@dataclass(slots=True)
class Seat:
    """A viewer's place.

    Attributes:
        connections: What closes each open one: the websockets, and the page while it is being sent.
        left: When the last of them was closed.
        heard: When the page last said something.
    """

    left: float
    heard: float
    connections: list[Callable[[], None]] = field(default_factory=list)


def _let_end() -> None:
    """A page that is being sent ends by itself."""


class Places:
    """A fixed number of viewers at a time.

    Args:
        number: How many.
        away_s: How long a place is kept for a page that is not connected.
        idle_s: How long it is kept for one that is connected but says nothing.
        clock: Seconds that only go forward.
    """

    def __init__(self, number: int, away_s: float, idle_s: float, clock: Callable[[], float]) -> None:
        self._number = number
        self._away_s = away_s
        self._idle_s = idle_s
        self._clock = clock
        self._seats: dict[str, Seat] = {}
        self._coming = 0

    @property
    def are_taken(self) -> bool:
        """Whether there is no place for one more."""
        return len(self._seats) + self._coming >= self._number

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Keeps a place while a page is being made."""
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1

    def take(self, kernel_id: str) -> None:
        """A viewer sits down."""
        now = self._clock()
        self._seats[kernel_id] = Seat(now, now)

    def free(self, kernel_id: str) -> None:
        """The viewer is gone, or has to go: what is still connected is closed."""
        if seat := self._seats.pop(kernel_id, None):
            for close in seat.connections:
                close()

    def __contains__(self, kernel_id: object) -> bool:
        return kernel_id in self._seats

    @property
    def kernel_ids(self) -> tuple[str, ...]:
        """The kernels of all viewers."""
        return tuple(self._seats)

    @contextmanager
    def connected(self, kernel_id: str) -> Iterator[None]:
        """Counts as connected a page that is still being sent."""
        self.connect(kernel_id, _let_end)
        try:
            yield
        finally:
            self.disconnect(kernel_id, _let_end)
            self.hear(kernel_id)

    def connect(self, kernel_id: str, close: Callable[[], None]) -> bool:
        """Counts a connection in; False if the page has as many as it may.

        Args:
            kernel_id: Of the page.
            close: Ends the connection when the viewer loses the place.
        """
        seat = self._seats.get(kernel_id)
        if seat is None or len(seat.connections) >= MOST_CONNECTIONS:
            return False
        seat.connections.append(close)
        return True

    def disconnect(self, kernel_id: str, close: Callable[[], None]) -> None:
        """Counts a connection out, by what it was counted in with."""
        if seat := self._seats.get(kernel_id):
            seat.connections.remove(close)
            seat.left = self._clock()

    def hear(self, kernel_id: str) -> None:
        """The page said something."""
        if seat := self._seats.get(kernel_id):
            seat.heard = self._clock()

    def overdue(self) -> tuple[str, ...]:
        """The kernels of viewers who left or fell silent too long ago."""
        now = self._clock()
        return tuple(id_ for id_, seat in self._seats.items() if self._is_overdue(seat, now))

    def _is_overdue(self, seat: Seat, now: float) -> bool:
        if not seat.connections and now - seat.left > self._away_s:
            return True
        return now - seat.heard > self._idle_s
