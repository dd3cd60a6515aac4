"""Continuous futures out of stored contracts: which contracts there are, and a source of the bars put together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from barscope.domain.futures import ContinuousName, parse_continuous, parse_contract
from barscope.domain.instruments import SymbolMapping
from barscope.domain.reference import FUTURE
from barscope.domain.rolls import Chain, Contract, Roll, RollTable, adjusted, gap_between, pieces, steps
from barscope.domain.time import MIN_NS, NS_PER_DAY, TimeRange, date_of, iso
from barscope.errors import DataError, MissingBarsError, UnknownSymbolError, close_matches, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from barscope.domain.bars import Bars, IntArray
    from barscope.domain.instruments import Coverage
    from barscope.domain.reference import InstrumentDefinition
    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.bar_cache import BarCache, LoadedBars

_CONTRACT_TYPE = "raw_symbol"
_CORRECTION_NS = 180 * NS_PER_DAY
"""Two definitions of one symbol that expire closer together than this are one contract, whose date was corrected."""
_LATE_NS = 7 * NS_PER_DAY
_GAP_DAYS = 5
"""Days on which a bar at one time is looked for to measure a gap."""


class Splice(NamedTuple):
    """A continuous series inside a range: the stored bars it takes, in order, and its rolls."""

    mappings: tuple[SymbolMapping, ...]
    table: RollTable


@dataclass(frozen=True, slots=True)
class ContinuousBars:
    """The bars of a continuous series, from the contracts of a publisher.

    Attributes:
        publisher_id: Whose bars.
        name: The series.
        rtype: The record type.
        range: Bars outside are left out; what the series takes inside does not depend on where the range starts.
    """

    publisher_id: int
    name: ContinuousName
    rtype: int
    range: TimeRange

    def count(self, cache: BarCache) -> int:
        """How many bars there are."""
        return cache.secmaster.count_bars(self._splice(cache).mappings, self.rtype)

    def load(self, cache: BarCache, on_rows: Callable[[int], None] | None = None) -> LoadedBars:
        """The bars, one contract after the other, adjusted as the name says.

        Raises:
            MissingBarsError: If there are none in the range, or a gap that has to be adjusted is not known.
        """
        mappings, table = self._splice(cache)
        stored = cache.load(mappings, self.rtype, on_rows)
        if self.name.adjustment == "none":
            return stored
        return cache.made(self, lambda: adjusted(stored.bars, table.rolls, self.name.adjustment, str(self.name)))

    def account(self, cache: BarCache) -> Mapping[str, Any]:
        """The rule, the adjustment and every roll."""
        rule = {"rule": self.name.rule, "rank": self.name.rank, "days_before": self.name.days_before}
        return {**rule, "adjustment": self.name.adjustment, **self.roll_table(cache).account()}

    def roll_table(self, cache: BarCache) -> RollTable:
        """The rolls inside the range."""
        return self._splice(cache).table

    def _splice(self, cache: BarCache) -> Splice:
        return cache.fact(("splice", self), lambda: _splice(cache.secmaster, self))


def continuous_bars(
    secmaster: SecurityMaster, publisher_id: int, symbol: str, rtype: int, within: TimeRange
) -> ContinuousBars:
    """The source of a continuous series.

    Raises:
        UnknownSymbolError: If the symbol names no such series, or the publisher has no contract of its root.
        MissingBarsError: If no contract has bars in the range.
        DataError: If the series rolls by open interest and there is none.
    """
    name = parse_continuous(symbol)
    if name is None:
        raise UnknownSymbolError(symbol, [f"{root}.c.0" for root in roots(secmaster, publisher_id, rtype)[:3]])
    contracts, _ = contracts_of(secmaster, publisher_id, name, rtype)
    if not contracts:
        known = roots(secmaster, publisher_id, rtype)
        raise UnknownSymbolError(
            symbol, [f"{root}{symbol[len(name.root) :]}" for root in close_matches(name.root, known)]
        )
    source = ContinuousBars(publisher_id, name, rtype, within)
    if name.rule == "open_interest" and not any(
        secmaster.reference.has_open_interest(_mappings(secmaster, publisher_id, contract)) for contract in contracts
    ):
        calm = ContinuousName(name.root, "volume", name.rank, name.days_before, name.adjustment)
        raise DataError(f"{symbol} rolls by open interest, and none is stored of {name.root}: ingest it, or use {calm}")
    if not any(secmaster.has_bars(_mappings(secmaster, publisher_id, c, within), rtype) for c in contracts):
        raise MissingBarsError(_nothing(symbol, rtype, [c.symbol for c in contracts], secmaster, publisher_id))
    return source


def is_made(secmaster: SecurityMaster, publisher_id: int, symbol: str) -> bool:
    """Whether a continuous symbol is put together here, because the vendor's files do not say what it stands for."""
    vendor = secmaster.coverage(publisher_id, symbol=symbol, symbol_type="continuous")
    return not vendor and parse_continuous(symbol) is not None


@dataclass(frozen=True, slots=True)
class Product:
    """What continuous series can be made of: the contracts of one product.

    Attributes:
        publisher_id: Whose bars.
        rtype: The record type.
        root: The product, such as `ES`.
        contracts: How many contracts have bars.
        min_ts, max_ts: The first and the last bar of any of them.
    """

    publisher_id: int
    rtype: int
    root: str
    contracts: int
    min_ts: int
    max_ts: int

    @property
    def series(self) -> tuple[str, ...]:
        """The names to offer: by the calendar and by volume, as traded and adjusted."""
        return tuple(f"{self.root}.{rule}.0{adjustment}" for rule in "cv" for adjustment in ("", "+diff", "+ratio"))


def products(secmaster: SecurityMaster, publisher_id: int | None = None, rtype: int | None = None) -> list[Product]:
    """The products with contracts that have bars, sorted by publisher, record type and root."""
    covered = secmaster.coverage(publisher_id, rtype, symbol_type=_CONTRACT_TYPE)
    defined = {
        publisher: {d.symbol: d.root for d in _futures(secmaster, publisher)}
        for publisher in {c.publisher_id for c in covered}
    }
    found: dict[tuple[int, int, str], list[Coverage]] = {}
    for c in covered:
        name = parse_contract(c.symbol)
        root = defined[c.publisher_id].get(c.symbol) or (name.root if name else "")
        if root:
            found.setdefault((c.publisher_id, c.rtype, root), []).append(c)
    return [
        Product(*key, len(of), min(c.min_ts for c in of), max(c.max_ts for c in of))
        for key, of in sorted(found.items())
    ]


def roots(secmaster: SecurityMaster, publisher_id: int, rtype: int) -> list[str]:
    """The products of which a publisher has contracts with bars, sorted."""
    return [product.root for product in products(secmaster, publisher_id, rtype)]


def contracts_of(
    secmaster: SecurityMaster, publisher_id: int, series: ContinuousName, rtype: int
) -> tuple[list[Contract], tuple[str, ...]]:
    """The contracts of a series that may have bars, ordered by their end, and those that are defined without bars.

    A definition says what a symbol is and when it ends. Where there is none the name does: by the calendar such a
    contract is held until its delivery month, by volume or open interest until the others overtake it.
    """
    defined: dict[str, list[InstrumentDefinition]] = {}
    for definition in _futures(secmaster, publisher_id):
        defined.setdefault(definition.symbol, []).append(definition)
    found: list[Contract] = []
    covered = secmaster.coverage(publisher_id, rtype, symbol_type=_CONTRACT_TYPE)
    for coverage in covered:
        found += _contracts(coverage, _corrected(defined.get(coverage.symbol, [])), series)
    with_bars = {coverage.symbol for coverage in covered}
    missing = [s for s, of in defined.items() if s not in with_bars and any(d.root == series.root for d in of)]
    return sorted(found, key=lambda c: (c.last_day, c.symbol)), tuple(sorted(missing))


def _futures(secmaster: SecurityMaster, publisher_id: int) -> list[InstrumentDefinition]:
    return [d for d in secmaster.reference.definitions(publisher_id) if d.instrument_class in (None, FUTURE)]


def _corrected(definitions: Sequence[InstrumentDefinition]) -> list[InstrumentDefinition]:
    """One definition per contract of a symbol, by expiration: of two that differ little in it, the later word."""
    found: list[InstrumentDefinition] = []
    for definition in sorted(definitions, key=lambda d: d.expiration_ns):
        if found and definition.expiration_ns - found[-1].expiration_ns < _CORRECTION_NS:
            found[-1] = max(found[-1], definition, key=lambda d: d.known_ns)
        else:
            found.append(definition)
    return found


def _contracts(
    coverage: Coverage, defined: Sequence[InstrumentDefinition], series: ContinuousName
) -> Iterator[Contract]:
    """The contracts that one symbol was during its coverage; one-digit years come again every ten years."""
    symbol, name = coverage.symbol, parse_contract(coverage.symbol)
    if defined and defined[0].root != series.root:
        return
    if name is None or (defined and name.root != series.root):
        edges = [MIN_NS, *(d.expiration_ns + _LATE_NS for d in defined)]
        for definition, (start, end) in zip(defined, pairwise(edges), strict=True):
            yield Contract(symbol, TimeRange(start, end), *definition.last_day)
        return
    if name.root != series.root:
        return
    with_delivery = series.rule != "calendar" and not series.days_before
    for year in name.years(date_of(coverage.min_ts), date_of(coverage.max_ts)):
        during = name.range_of(year)
        ends = (d.last_day for d in defined if during.start_ns <= d.expiration_ns < during.end_ns)
        yield Contract(
            symbol, during, *next(ends, (name.last_day(year, with_delivery=with_delivery), "delivery month"))
        )


def _mappings(
    secmaster: SecurityMaster, publisher_id: int, contract: Contract, within: TimeRange | None = None
) -> tuple[SymbolMapping, ...]:
    during = contract.range if within is None else contract.range.intersect(within)
    return () if during is None else secmaster.mappings(publisher_id, contract.symbol, _CONTRACT_TYPE, during)


def _splice(secmaster: SecurityMaster, source: ContinuousBars) -> Splice:
    contracts, without_bars = contracts_of(secmaster, source.publisher_id, source.name, source.rtype)
    chain = _chain(secmaster, source, contracts)
    taken = pieces(chain, (made := steps(chain, source.name)), source.range.end_ns) if chain else []
    inside = [(c, part) for c, during in taken if (part := during.intersect(source.range))]
    mappings = tuple(
        SymbolMapping(str(source.name), mapping.instrument_id, mapping.range)
        for contract, part in inside
        for mapping in _mappings(secmaster, source.publisher_id, contract, part)
    )
    if chain is None or not secmaster.has_bars(mappings, source.rtype):
        symbols = [contract.symbol for contract in contracts]
        raise MissingBarsError(_nothing(str(source.name), source.rtype, symbols, secmaster, source.publisher_id))
    reasons = {step.day: step.reason for step in made}
    rolls = [
        _roll(secmaster, source, chain, old, new, part.start_ns, reasons[part.start_ns // NS_PER_DAY])
        for (old, _), (new, part) in pairwise(inside)
        if old != new
    ]
    return Splice(mappings, RollTable(str(source.name), inside[0][0].symbol, tuple(rolls), without_bars))


def _chain(secmaster: SecurityMaster, source: ContinuousBars, contracts: Sequence[Contract]) -> Chain | None:
    """What the contracts did until the range ends; None if none of them had bars."""
    until = TimeRange(MIN_NS, source.range.end_ns)
    mappings = {c: _mappings(secmaster, source.publisher_id, c, until) for c in contracts}
    by_day = {c: secmaster.reference.volume_by_day(of, source.rtype) for c, of in mappings.items()}
    alive = tuple(contract for contract in contracts if len(by_day[contract]))
    if not alive:
        return None
    days = np.unique(np.concatenate([by_day[contract][:, 0] for contract in alive]))
    volume = np.zeros((len(alive), len(days)), dtype=np.int64)
    has_bars = np.zeros(volume.shape, dtype=bool)
    for row, contract in enumerate(alive):
        at = np.searchsorted(days, by_day[contract][:, 0])
        volume[row, at] = by_day[contract][:, 1]
        has_bars[row, at] = True
    known = None
    if source.name.rule == "volume":
        known = np.concatenate([np.zeros((len(alive), 1), dtype=np.int64), volume[:, :-1]], axis=1)
    elif source.name.rule == "open_interest":
        known = np.stack([_as_of(secmaster.reference.open_interest(mappings[c]), days) for c in alive])
    return Chain(alive, days, has_bars, known)


def _as_of(values: IntArray, days: IntArray) -> IntArray:
    """The last value that was published before each day began, 0 where there is none; shape (days,)."""
    at = np.searchsorted(values[:, 0], days * NS_PER_DAY, side="right")
    return np.concatenate([[0], values[:, 1]])[at]


def _roll(
    secmaster: SecurityMaster,
    source: ContinuousBars,
    chain: Chain,
    old: Contract,
    new: Contract,
    ts_ns: int,
    reason: str,
) -> Roll:
    both = chain.has_bars[chain.contracts.index(old)] & chain.has_bars[chain.contracts.index(new)]
    days = chain.days[both & (chain.days < ts_ns // NS_PER_DAY)][-_GAP_DAYS:]
    gap, ratio, measured = float("nan"), float("nan"), None
    for day in days[::-1].tolist():
        within = TimeRange(day * NS_PER_DAY, (day + 1) * NS_PER_DAY)
        gap, ratio, measured = gap_between(*(_bars(secmaster, source, contract, within) for contract in (old, new)))
        if measured is not None:
            break
    return Roll(ts_ns, old.symbol, new.symbol, gap, ratio, measured, reason)


def _bars(secmaster: SecurityMaster, source: ContinuousBars, contract: Contract, within: TimeRange) -> Bars:
    return secmaster.read_bars(_mappings(secmaster, source.publisher_id, contract, within), source.rtype).to_bars()


def _nothing(symbol: str, rtype: int, contracts: Sequence[str], secmaster: SecurityMaster, publisher_id: int) -> str:
    names = set(contracts)
    there = [c for c in secmaster.coverage(publisher_id, rtype, symbol_type=_CONTRACT_TYPE) if c.symbol in names]
    shown = "; ".join(f"{cut(c.symbol)} from {iso(c.min_ts)} to {iso(c.max_ts)}" for c in there[:4])
    more = f" and {len(there) - 4} more contracts" if len(there) > 4 else ""
    return f"{cut(symbol)} has no bars of rtype {rtype} in this range. There is {shown}{more}"
