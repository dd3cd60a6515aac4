"""A request checked against what there is: everything that can be wrong is found here, before anything is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from barscope.domain.periods import BarPeriod
from barscope.domain.timeframes import check_timeframe, parse_timeframe
from barscope.errors import InvalidParameterError, cut
from barscope.indicators.registry import build_indicator
from barscope.studies.calendar_book import CalendarBook
from barscope.studies.choice import ResolvedChoice, resolve_choice
from barscope.studies.higher_period import HigherPeriod

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barscope.domain.timeframes import Timeframe
    from barscope.indicators.core import Indicator
    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.request import ExplorerRequest, IndicatorConfig

BASE_SERIES = ("ts", "open", "high", "low", "close", "volume")
"""Names that the columns of the bars themselves take in a run."""


AnyIndicator: TypeAlias = "Indicator | HigherPeriod"


@dataclass(frozen=True, slots=True)
class ExplorationPlan:
    """A request that holds: its bars known to exist, its indicators built.

    Attributes:
        request: The request.
        bars: Its bars.
        indicators: Its indicators.
        calendars: Symbol → calendar, where hours, a timeframe or an indicator of longer bars needs one.
    """

    request: ExplorerRequest
    bars: ResolvedChoice
    indicators: tuple[AnyIndicator, ...]
    calendars: Mapping[str, str]


def plan_exploration(
    request: ExplorerRequest, secmaster: SecurityMaster, calendars: CalendarBook | None = None
) -> ExplorationPlan:
    """Check a request and resolve it.

    Args:
        request: The request.
        secmaster: Where the bars are.
        calendars: The calendars of symbols; None goes by the venues alone.

    Raises:
        InvalidParameterError: For an empty or doubled selection, a wrong rtype, symbol type, date or parameter.
        UnknownIndicatorError: For a class that is not registered.
        UnknownPublisherError: For a publisher that is not there.
        UnknownSymbolError: For a symbol the publisher does not have.
        MissingBarsError: For a symbol without bars in the range; it names the coverage.
    """
    if not request.symbols:
        raise InvalidParameterError("No symbols selected")
    if not request.indicators:
        raise InvalidParameterError("No indicators selected")
    book = calendars or CalendarBook(secmaster)
    resolved = resolve_choice(request, secmaster, book)
    indicators = build_indicators(request.indicators)
    _check_longer(indicators, resolved.bar_length)
    by_session = bool(request.options()) or any(isinstance(i, HigherPeriod) for i in indicators)
    needs_calendar = by_session and resolved.period is not BarPeriod.DAY
    codes = {symbol: book.code(request.publisher_id, symbol) for symbol in request.symbols if needs_calendar}
    return ExplorationPlan(request, resolved, indicators, codes)


def planned_indicator(config: IndicatorConfig) -> AnyIndicator:
    """The indicator of a config.

    Raises:
        InvalidParameterError: If a parameter or the timeframe does not hold.
        UnknownIndicatorError: If the class is not registered.
    """
    indicator = build_indicator(config.class_name, config.params)
    return indicator if config.timeframe is None else HigherPeriod(indicator, parse_timeframe(config.timeframe))


def _check_longer(indicators: Sequence[AnyIndicator], bar_length: BarPeriod | Timeframe) -> None:
    for indicator in indicators:
        if isinstance(indicator, HigherPeriod):
            check_timeframe(indicator.timeframe, bar_length)


def build_indicators(configs: Sequence[IndicatorConfig]) -> tuple[AnyIndicator, ...]:
    """The indicators of a request, whose series all have names of their own.

    Raises:
        InvalidParameterError: If two series share a name, or one takes that of a column of the bars.
        UnknownIndicatorError: For a class that is not registered.
    """
    indicators = tuple(map(planned_indicator, configs))
    names = Counter(output.name for indicator in indicators for output in indicator.outputs)
    for name, count in names.items():
        if count > 1:
            raise InvalidParameterError(f"{count} series are named {cut(name)}: remove the doubled indicator")
        if name in BASE_SERIES:
            raise InvalidParameterError(f"a series cannot be named {name}: the bars' own column has that name")
    return indicators
