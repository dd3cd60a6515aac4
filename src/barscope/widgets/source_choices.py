"""Which bars can be chosen: the combinations that the security master holds, as pure values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from barscope.domain.futures import parse_continuous
from barscope.domain.periods import BarPeriod
from barscope.domain.time import date_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from barscope.domain.instruments import Coverage, Publisher
    from barscope.studies.continuous import Product

PERIOD_NAMES = {
    BarPeriod.DAY.rtype: "1 day",
    BarPeriod.HOUR.rtype: "1 hour",
    BarPeriod.MINUTE.rtype: "1 minute",
    BarPeriod.SECOND.rtype: "1 second",
}
"""Record types that can be explored, in the order they are offered."""

CONTINUOUS = "continuous"
SYMBOL_TYPE_NAMES = {"raw_symbol": "Raw symbol", CONTINUOUS: "Continuous", "ticker": "Ticker"}


@dataclass(frozen=True, slots=True)
class SourceChoices:
    """What can be chosen at each step, given the steps before it.

    Attributes:
        publishers: All publishers.
        coverage: First and last bar of every symbol and record type.
        products: What continuous futures can be made of; one contract alone makes none.
    """

    publishers: tuple[Publisher, ...]
    coverage: tuple[Coverage, ...]
    products: tuple[Product, ...] = ()

    def rtypes(self) -> tuple[int, ...]:
        """The record types there are bars of."""
        there = {c.rtype for c in self.coverage}
        return tuple(rtype for rtype in PERIOD_NAMES if rtype in there)

    def datasets(self, rtype: int) -> tuple[str, ...]:
        """The datasets with bars of a record type."""
        return tuple(dict.fromkeys(p.dataset for p in self._publishers(rtype)))

    def publishers_of(self, rtype: int, dataset: str) -> tuple[Publisher, ...]:
        """Who publishes bars of a record type in a dataset."""
        return tuple(p for p in self._publishers(rtype) if p.dataset == dataset)

    def symbol_types(self, rtype: int, publisher_id: int) -> tuple[str, ...]:
        """The kinds of names a publisher's symbols have."""
        there = {c.symbol_type for c in self._of(rtype, publisher_id)}
        if any(self._made(rtype, publisher_id)):
            there.add(CONTINUOUS)
        return tuple(kind for kind in SYMBOL_TYPE_NAMES if kind in there)

    def symbols(self, rtype: int, publisher_id: int, symbol_type: str) -> tuple[str, ...]:
        """The symbols with bars, sorted; of continuous futures the usual ones."""
        stored = {c.symbol for c in self._of(rtype, publisher_id) if c.symbol_type == symbol_type}
        made = self._made(rtype, publisher_id) if symbol_type == CONTINUOUS else ()
        return tuple(sorted(stored.union(*(product.series for product in made))))

    def has(self, rtype: int, publisher_id: int, symbol_type: str, symbol: str) -> bool:
        """Whether there are bars of a symbol, or contracts to make its bars of."""
        return self.days(rtype, publisher_id, symbol_type, (symbol,)) is not None

    def days(
        self, rtype: int, publisher_id: int, symbol_type: str, symbols: Sequence[str]
    ) -> tuple[dt.date, dt.date] | None:
        """The first and the last day on which any of the symbols has a bar, UTC; None for no symbols."""
        chosen = set(symbols)
        there: list[Coverage | Product] = [
            c for c in self._of(rtype, publisher_id) if c.symbol_type == symbol_type and c.symbol in chosen
        ]
        if symbol_type == CONTINUOUS:
            asked = {name.root for symbol in symbols if (name := parse_continuous(symbol)) is not None}
            there += (product for product in self._made(rtype, publisher_id) if product.root in asked)
        if not there:
            return None
        return date_of(min(c.min_ts for c in there)), date_of(max(c.max_ts for c in there))

    def _publishers(self, rtype: int) -> Iterable[Publisher]:
        there = {c.publisher_id for c in self.coverage if c.rtype == rtype}
        return (p for p in self.publishers if p.publisher_id in there)

    def _made(self, rtype: int, publisher_id: int) -> Iterable[Product]:
        return (p for p in self.products if (p.rtype, p.publisher_id) == (rtype, publisher_id) and p.contracts > 1)

    def _of(self, rtype: int, publisher_id: int) -> Iterable[Coverage]:
        return (c for c in self.coverage if c.rtype == rtype and c.publisher_id == publisher_id)
