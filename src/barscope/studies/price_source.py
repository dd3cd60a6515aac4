"""Where the daily prices of a scenario come from: one small protocol, and the sources that need no vendor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from barscope.domain.bars import Bars
from barscope.domain.time import NS_PER_DAY, day_start_ns, iso, parse_date
from barscope.errors import InvalidParameterError, MissingBarsError, UnknownSymbolError, close_matches, cut
from barscope.studies.choice import resolve_choice
from barscope.studies.request import BarChoice

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.domain.bars import FloatArray
    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.bar_cache import BarCache
    from barscope.studies.scenario_request import ScenarioRequest, SyntheticPath

DAILY = 35
MOST_SYNTHETIC_DAYS = 25_000


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """Daily bars of one symbol.

    Attributes:
        bars: The bars, those before the first day of the scenario included.
        before: How many of them lie before it: a realised volatility looks back on them.
        publisher_id: Of the security master, or None.
        cost_usd: What the vendor charged.
        notes: How the prices came about, one sentence each.
    """

    bars: Bars
    before: int = 0
    publisher_id: int | None = None
    cost_usd: float = 0.0
    notes: tuple[str, ...] = ()


class PriceSource(Protocol):
    """A place that daily prices come from."""

    def check(self, request: ScenarioRequest) -> None:
        """Refuse, quickly and without cost, what this source cannot give.

        Raises:
            BarscopeError: It names the value and the remedy.
        """

    def fetch(self, request: ScenarioRequest, tell: Callable[[float, str], None]) -> PriceHistory:
        """The prices.

        Args:
            request: Symbol and dates.
            tell: Called with the share that is done and a message; what it raises ends the reading.

        Raises:
            DataError: If there are none, or the source fails.
        """


class StoredPrices:
    """Daily bars of the security master."""

    def __init__(self, secmaster: SecurityMaster, bars: BarCache) -> None:
        self._secmaster = secmaster
        self._bars = bars

    def check(self, request: ScenarioRequest) -> None:
        """Refuses a symbol or stretch without daily bars."""
        resolve_choice(self._choice(request, request.start_date), self._secmaster)

    def fetch(self, request: ScenarioRequest, tell: Callable[[float, str], None]) -> PriceHistory:
        """The stored bars up to the end of the stretch."""
        choice = self._choice(request, None)
        source = resolve_choice(choice, self._secmaster).sources[request.symbol]
        total = max(1, source.count(self._bars))
        bars = source.load(self._bars, lambda n: tell(min(1.0, n / total), f"{n:,} of {total:,} bars")).bars
        return PriceHistory(bars, days_before(bars, request.start_date), choice.publisher_id)

    def _choice(self, request: ScenarioRequest, start_date: str | None) -> BarChoice:
        return BarChoice(
            symbols=(request.symbol,),
            rtype=DAILY,
            publisher_id=self._publisher(request),
            start_date=start_date,
            end_date=request.end_date,
            symbol_type=request.symbol_type,
        )

    def _publisher(self, request: ScenarioRequest) -> int:
        """The publisher asked for, or the only one that has daily bars of the symbol."""
        if request.publisher_id is not None:
            return request.publisher_id
        covers = self._secmaster.coverage(rtype=DAILY, symbol_type=request.symbol_type)
        found = sorted({c.publisher_id for c in covers if c.symbol == request.symbol})
        if len(found) > 1:
            ids = ", ".join(map(str, found))
            raise InvalidParameterError(f"publishers {ids} have daily bars of {cut(request.symbol)}: give publisher_id")
        if not found:
            raise UnknownSymbolError(request.symbol, close_matches(request.symbol, {c.symbol for c in covers}))
        return found[0]


class SyntheticPrices:
    """Prices that no market made, as the request describes them."""

    def check(self, request: ScenarioRequest) -> None:
        """Refuses a path that cannot be drawn."""
        path = _path_of(request)
        closes = np.array(path.closes)
        if len(closes) and not (np.isfinite(closes) & (closes > 0)).all():
            raise InvalidParameterError("synthetic closes have to be prices above 0")
        if not len(closes) and path.days not in range(2, MOST_SYNTHETIC_DAYS + 1):
            bounds = f"from 2 to {MOST_SYNTHETIC_DAYS:,}"
            raise InvalidParameterError(f"a synthetic path of {path.days} days cannot be made: {bounds}")
        numbers = {"start_price": path.start_price, "volatility": path.volatility, "drift": path.drift}
        for name, value in numbers.items():
            if not math.isfinite(value) or (name != "drift" and value <= 0) or abs(value) > 1e9:
                raise InvalidParameterError(f"synthetic {name} {value} cannot be used: a number above 0")

    def fetch(self, request: ScenarioRequest, tell: Callable[[float, str], None]) -> PriceHistory:
        """The path on weekdays from the start date."""
        tell(0.0, "drawing a path")
        path = _path_of(request)
        closes = np.array(path.closes) if path.closes else _brownian(path)
        first = np.datetime64(parse_date(request.start_date), "D")
        days = np.busday_offset(first, np.arange(len(closes)), roll="forward").astype(np.int64)
        bars = Bars(days * NS_PER_DAY, closes, closes, closes, closes, np.zeros(len(closes), dtype=np.int64))
        if request.end_date is not None:
            bars = bars.rows(0, int(np.searchsorted(bars.ts, day_start_ns(request.end_date), "right")))
        return PriceHistory(bars, notes=("The prices are synthetic: no market made them.",))


def days_before(bars: Bars, start_date: str) -> int:
    """How many bars lie before a day.

    Raises:
        MissingBarsError: If all of them do.
    """
    before = int(np.searchsorted(bars.ts, day_start_ns(start_date)))
    if before == len(bars):
        there = f"there is {iso(bars.ts[0])} to {iso(bars.ts[-1])}" if len(bars) else "there are none at all"
        raise MissingBarsError(f"no daily bars from {start_date} on: {there}; choose an earlier start_date")
    return before


def _path_of(request: ScenarioRequest) -> SyntheticPath:
    if request.synthetic is None:
        raise InvalidParameterError("data_source is 'synthetic': describe the path in `synthetic`")
    return request.synthetic


def _brownian(path: SyntheticPath) -> FloatArray:
    year = 252
    noise = np.random.default_rng(path.seed).normal(0.0, path.volatility / math.sqrt(year), path.days - 1)
    steps = (path.drift - path.volatility**2 / 2) / year + noise
    closes: FloatArray = path.start_price * np.exp(np.concatenate([[0.0], np.cumsum(steps)]))
    return closes
