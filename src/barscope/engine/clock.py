"""The time and the ids of a run. Both are handed in, so that the same inputs give the same rows, byte for byte."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Protocol
from uuid import NAMESPACE_OID, UUID, uuid5

_NAMESPACE = uuid5(NAMESPACE_OID, "barscope")


class Clock(Protocol):
    """Tells the time of a run."""

    @property
    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""


class SimulatedClock:
    """A clock that stands still until it is set: in a replay, to the moment the latest bars became known."""

    def __init__(self, now_ns: int = 0) -> None:
        self.now_ns = now_ns


class SequentialIds:
    """Ids that depend only on what they are for and how many of that kind came before."""

    def __init__(self) -> None:
        self._made: Counter[str] = Counter()

    def __call__(self, what: str) -> UUID:
        """The next id of a kind of thing, such as `order of SMACrossover`."""
        self._made[what] += 1
        return nth_id(what, self._made[what])


def nth_id(what: str, n: int) -> UUID:
    """The n-th id of a kind of thing, counted from 1."""
    return UUID(int=_first_id(what) ^ n)


@cache
def _first_id(what: str) -> int:
    return uuid5(_NAMESPACE, what).int
