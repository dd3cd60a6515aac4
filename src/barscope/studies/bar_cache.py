"""Bars of the security master in memory: read once, shared by everything that asks, dropped when the file changes."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from barscope.domain.bars import Bars
    from barscope.domain.instruments import SymbolMapping
    from barscope.store.secmaster import SecurityMaster


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
        self._secmaster = secmaster
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._loading: dict[Hashable, threading.Lock] = {}
        self._entries: OrderedDict[Hashable, LoadedBars] = OrderedDict()
        self._token: Hashable = None

    def load(
        self, mappings: tuple[SymbolMapping, ...], rtype: int, on_rows: Callable[[int], None] | None = None
    ) -> LoadedBars:
        """The bars of some mappings, from memory or the file.

        Args:
            mappings: Instruments and the range of each.
            rtype: The record type.
            on_rows: Called with the number of rows read so far; what it raises ends the read.
        """
        key = (mappings, rtype)
        with self._lock:
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:  # a second caller waits for the first one's read instead of doubling it
            token = self._secmaster.change_token()
            found = self._find(key, token)
            if found is None:
                stored = self._secmaster.read_bars(mappings, rtype, on_rows=on_rows)
                found = LoadedBars(stored.to_bars())
                self._keep(key, found, token)
        return found

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
