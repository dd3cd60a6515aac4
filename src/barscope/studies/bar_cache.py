"""Bars of the security master in memory: read once, shared by everything that asks, dropped when the file changes."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from barscope.domain.bars import Bars
    from barscope.domain.instruments import SymbolMapping
    from barscope.store.secmaster import SecurityMaster


T = TypeVar("T")


@dataclass(frozen=True)
class LoadedBars:
    """Bars, and a fingerprint of them: equal fingerprints mean equal bars."""

    bars: Bars

    @cached_property
    def fingerprint(self) -> str:
        """A 128-bit BLAKE2b of the columns, hexadecimal; computed when it is first asked for."""
        digest = hashlib.blake2b(digest_size=16)
        for column in (self.bars.ts, self.bars.open, self.bars.high, self.bars.low, self.bars.close, self.bars.volume):
            digest.update(column.data)
        return digest.hexdigest()


class BarCache:
    """Bars per instruments, period and range, the least recently used dropped beyond `max_bytes`.

    A change of the file, by whatever process, makes every entry stale.
    """

    def __init__(self, secmaster: SecurityMaster, max_bytes: int = 1 << 30) -> None:
        self.secmaster = secmaster
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._loading: dict[Hashable, threading.Lock] = {}
        self._entries: OrderedDict[Hashable, LoadedBars] = OrderedDict()
        self._token: Hashable = None
        self._facts: dict[Hashable, Any] = {}
        self._facts_token: Hashable = None

    def load(
        self, mappings: tuple[SymbolMapping, ...], rtype: int, on_rows: Callable[[int], None] | None = None
    ) -> LoadedBars:
        """The bars of some mappings, from memory or the file.

        Args:
            mappings: Instruments and the range of each.
            rtype: The record type.
            on_rows: Called with the number of rows read so far; what it raises ends the read.
        """
        read = lambda: self.secmaster.read_bars(mappings, rtype, on_rows=on_rows).to_bars()  # noqa: E731
        return self.made((mappings, rtype), read)

    def made(self, key: Hashable, make: Callable[[], Bars]) -> LoadedBars:
        """Bars made of stored ones, from memory or by `make`, such as those of a continuous future.

        Args:
            key: What tells these bars from all others, such as their `BarSource`.
            make: Makes them; it may load others from this cache.
        """
        with self._lock:
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:  # a second caller waits for the first one's read instead of doubling it
            token = self.secmaster.change_token()
            found = self._find(key, token)
            if found is None:
                found = LoadedBars(make())
                self._keep(key, found, token)
        return found

    def fact(self, key: Hashable, make: Callable[[], T]) -> T:
        """Something small that follows from what is stored, such as a roll table; made again when the file changes."""
        token = self.secmaster.change_token()
        with self._lock:
            if token == self._facts_token and key in self._facts:
                return cast("T", self._facts[key])
        made = make()
        with self._lock:
            if token != self._facts_token:
                self._facts, self._facts_token = {}, token
            self._facts[key] = made
        return made

    def _find(self, key: Hashable, token: Hashable) -> LoadedBars | None:
        with self._lock:
            if token != self._token:
                self._entries.clear()
                self._token = token
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def _keep(self, key: Hashable, entry: LoadedBars, token: Hashable) -> None:
        with self._lock:
            self._loading.pop(key, None)
            if token != self._token or entry.bars.nbytes > self._max_bytes:
                return
            self._entries[key] = entry
            while sum(kept.bars.nbytes for kept in self._entries.values()) > self._max_bytes:
                self._entries.popitem(last=False)
