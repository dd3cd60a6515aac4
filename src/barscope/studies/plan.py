"""A request checked against what there is: everything that can be wrong is found here, before anything is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from barscope.errors import InvalidParameterError, cut
from barscope.indicators.registry import build_indicator
from barscope.studies.choice import ResolvedChoice, resolve_choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barscope.indicators.core import Indicator
    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.request import ExplorerRequest, IndicatorConfig

BASE_SERIES = ("ts", "open", "high", "low", "close", "volume")
"""Names that the columns of the bars themselves take in a run."""


@dataclass(frozen=True, slots=True)
class ExplorationPlan:
    """A request that holds: its bars known to exist, its indicators built."""

    request: ExplorerRequest
    bars: ResolvedChoice
    indicators: tuple[Indicator, ...]


def plan_exploration(request: ExplorerRequest, secmaster: SecurityMaster) -> ExplorationPlan:
    """Check a request and resolve it.

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
    resolved = resolve_choice(request, secmaster)
    return ExplorationPlan(request, resolved, build_indicators(request.indicators))


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
