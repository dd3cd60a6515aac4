"""A request checked against what there is: everything that can be wrong is found here, before anything is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from barscope.domain.instruments import SymbolMapping, check_symbol, check_symbol_type
from barscope.domain.periods import BarPeriod, period_of_rtype
from barscope.domain.time import TimeRange, date_range, iso
from barscope.errors import InvalidParameterError, MissingBarsError, cut
from barscope.indicators.registry import build_indicator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from barscope.indicators.core import Indicator
    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.request import ExplorerRequest, IndicatorConfig

BASE_SERIES = ("ts", "open", "high", "low", "close", "volume")
"""Names that the columns of the bars themselves take in a run."""


@dataclass(frozen=True, slots=True)
class ExplorationPlan:
    """A request that holds: its indicators built, its symbols resolved, its bars known to exist."""

    request: ExplorerRequest
    period: BarPeriod
    range: TimeRange
    indicators: tuple[Indicator, ...]
    mappings: Mapping[str, tuple[SymbolMapping, ...]]


def plan_exploration(request: ExplorerRequest, secmaster: SecurityMaster) -> ExplorationPlan:
    """Check a request and resolve it.

    Raises:
        InvalidParameterError: For an empty or doubled selection, a wrong rtype, symbol type, date or parameter.
        UnknownIndicatorError: For a class that is not registered.
        UnknownPublisherError: For a publisher that is not there.
        UnknownSymbolError: For a symbol the publisher does not have.
        MissingBarsError: For a symbol without bars in the range; it names the coverage.
    """
    symbols = _selected_once(request.symbols, "symbol")
    for symbol in symbols:
        check_symbol(symbol)
    if not request.indicators:
        raise InvalidParameterError("No indicators selected")
    period = period_of_rtype(request.rtype)
    check_symbol_type(request.symbol_type)
    within = date_range(request.start_date, request.end_date)
    indicators = build_indicators(request.indicators)
    mappings = resolve(request, within, secmaster)
    return ExplorationPlan(request, period, within, indicators, mappings)


def build_indicators(configs: Sequence[IndicatorConfig]) -> tuple[Indicator, ...]:
    """The indicators of a request, whose series all have names of their own.

    Raises:
        InvalidParameterError: If two series share a name, or one takes that of a column of the bars.
        UnknownIndicatorError: For a class that is not registered.
    """
    indicators = tuple(build_indicator(config.class_name, config.params) for config in configs)
    names = Counter(output.name for indicator in indicators for output in indicator.outputs)
    for name, count in names.items():
        if count > 1:
            raise InvalidParameterError(f"{count} series are named {cut(name)}: remove the doubled indicator")
        if name in BASE_SERIES:
            raise InvalidParameterError(f"a series cannot be named {name}: the bars' own column has that name")
    return indicators


def resolve(
    request: ExplorerRequest, within: TimeRange, secmaster: SecurityMaster
) -> dict[str, tuple[SymbolMapping, ...]]:
    """The instruments of each symbol in the range, each known to have bars."""
    secmaster.publisher(request.publisher_id)
    found = {}
    for symbol in request.symbols:
        mappings = secmaster.mappings(request.publisher_id, symbol, request.symbol_type, within)
        if not mappings or not secmaster.has_bars(mappings, request.rtype):
            raise MissingBarsError(_missing(request, symbol, secmaster))
        found[symbol] = mappings
    return found


def _selected_once(values: Iterable[str], what: str) -> tuple[str, ...]:
    counts = Counter(values)
    if not counts:
        raise InvalidParameterError(f"No {what}s selected")
    doubled = [value for value, count in counts.items() if count > 1]
    if doubled:
        raise InvalidParameterError(f"{what} {cut(doubled[0])} is selected {counts[doubled[0]]} times: once is enough")
    return tuple(counts)


def _missing(request: ExplorerRequest, symbol: str, secmaster: SecurityMaster) -> str:
    asked = f"{cut(symbol)} has no bars of rtype {request.rtype}"
    if request.start_date or request.end_date:
        asked += f" from {request.start_date or 'the start'} to {request.end_date or 'the end'}"
    stored = secmaster.coverage(request.publisher_id, symbol=symbol, symbol_type=request.symbol_type)
    there = "; ".join(f"rtype {c.rtype} from {iso(c.min_ts)} to {iso(c.max_ts)}" for c in stored)
    return f"{asked}. There is {there}" if there else f"{asked}. Nothing is stored for it: ingest bars first"
