"""A sweep request checked whole: its combinations, those that cannot be, its bars, and how it is computed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from barscope.domain.parameters import plain
from barscope.domain.periods import period_of_rtype
from barscope.domain.sampling import Combinations, combinations, grid_size
from barscope.domain.time import date_range
from barscope.engine.bus import EventBus
from barscope.engine.clock import SimulatedClock
from barscope.engine.configuration import configured
from barscope.engine.manifest import library_versions, source_of
from barscope.engine.registry import strategy_class
from barscope.engine.series import IndicatorBoard
from barscope.engine.signal_strategy import SignalStrategy
from barscope.engine.simulated_broker import SimulatedBroker
from barscope.errors import InvalidParameterError, cut
from barscope.indicators.registry import indicator_class
from barscope.indicators.sourcecode import class_hash
from barscope.studies.bar_source import known_at
from barscope.studies.choice import resolve_choice
from barscope.studies.sweep_axes import IndicatorSpec, axes_of
from barscope.studies.sweep_frame import EVENTS, INDICATOR, VECTORISED
from barscope.studies.sweep_work import SweepWork, SymbolBars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barscope.domain.periods import BarPeriod
    from barscope.domain.sampling import Axis
    from barscope.engine.strategy import Strategy
    from barscope.indicators import Indicator
    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.bar_cache import BarCache
    from barscope.studies.bar_source import BarSource
    from barscope.studies.calendar_book import CalendarBook
    from barscope.studies.sweep_request import Stretch, SweepRequest

_MOST = 10_000_000
_SHOWN_REASONS = 100
_NEED_EVENTS = ("on_bar", "on_fill", "on_order")


@dataclass(frozen=True, eq=False)
class SweepPlan:
    """What a sweep is going to do.

    Attributes:
        request: The request.
        work: What is the same for all children.
        combinations: All of them, those that are skipped too.
        skipped: The number of a combination whose values do not fit together → why.
        axes: Parameter → its values in order; empty where it may be any number.
        sources: (stretch, symbol) → period → where its bars come from.
    """

    request: SweepRequest
    work: SweepWork
    combinations: Combinations
    skipped: Mapping[int, str]
    axes: Mapping[str, tuple[Any, ...]]
    sources: Mapping[tuple[str, str], Mapping[BarPeriod, BarSource]]

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the combinations that are tried."""
        return tuple(number for number in range(len(self.combinations)) if number not in self.skipped)

    @property
    def reasons(self) -> dict[int, str]:
        """Why the first of the skipped ones are skipped."""
        return dict(islice(self.skipped.items(), _SHOWN_REASONS))

    @property
    def children(self) -> int:
        """How many are to be computed."""
        return len(self.numbers) * len(self.sources)

    def load(self, stretch: str, symbol: str, cache: BarCache) -> SymbolBars:
        """The bars of a symbol over a stretch."""
        bars, known = {}, {}
        for period, source in self.sources[stretch, symbol].items():
            bars[period] = source.load(cache).bars
            known[period] = known_at(source, bars[period], period, cache)
        return SymbolBars(symbol, bars, known)

    def bars_to_play(self, cache: BarCache) -> int:
        """About how many bars all children together go over."""
        stored = sum(source.count(cache) for of_symbol in self.sources.values() for source in of_symbol.values())
        return stored * len(self.numbers)

    @cached_property
    def key(self) -> str:
        """Equal for sweeps whose children mean the same, whatever their combinations, symbols and stretches."""
        told = {
            "target": self.request.target,
            "code": class_hash(self.work.target),
            "indicators": sorted(_indicator_hashes(self.work)),
            "fixed": self._fixed(),
            "broker": dict(self.request.broker),
            "period": self.work.period.name,
            "way": self.work.way,
            "versions": library_versions(),
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()

    def _fixed(self) -> dict[str, Any]:
        """The values of the parameters that do not vary, whether given or the default."""
        values = {name: spec.default for name, spec in self.work.target.parameters.items()} | dict(self.request.fixed)
        return {name: plain(value) for name, value in values.items() if name not in self.request.parameters}


def plan_sweep(request: SweepRequest, secmaster: SecurityMaster, calendars: CalendarBook) -> SweepPlan:
    """Check a request and plan it.

    Raises:
        BarscopeError: If it does not hold: no or two targets, an empty grid, bounds reversed or out of range, a
            parameter that the class does not have, bars that are not there, more combinations than can be numbered.
    """
    target = _target(request)
    specs = _specs(request, target)
    axes = axes_of(request, specs)
    _check_size(request, axes)
    found = combinations(axes, request.sampling, request.samples, request.seed)
    skipped = _skipped(request, target, found)
    if len(skipped) == len(found):
        raise InvalidParameterError(f"no combination fits together; the first one: {next(iter(skipped.values()))}")
    if request.strategy is not None:
        configured(SimulatedBroker, **request.broker).check_settings(request.symbols)
    work = SweepWork(target, _way(request, target), period_of_rtype(request.rtype), request.fixed, request.broker)
    listed = {axis.name: axis.values for axis in axes}
    return SweepPlan(request, work, found, skipped, listed, _sources(request, target, secmaster, calendars))


def _target(request: SweepRequest) -> type[Strategy] | type[Indicator]:
    name = request.target
    if request.indicator is not None and request.broker:
        raise InvalidParameterError("an indicator does not trade: leave the settings of the broker out")
    return indicator_class(name) if request.strategy is None else strategy_class(name)


def _specs(request: SweepRequest, target: type[Any]) -> Mapping[str, Any]:
    if request.strategy is not None:
        return dict(target.parameters)
    return {name: IndicatorSpec(parameter) for name, parameter in target.parameters.items()}


def _check_size(request: SweepRequest, axes: tuple[Axis, ...]) -> None:
    size = request.samples if request.samples is not None else grid_size(axes)
    if size > _MOST and size != float("inf"):
        remedy = "take a random sample of them" if request.samples is None else "take fewer samples"
        raise InvalidParameterError(f"{size:,.0f} combinations are more than {_MOST:,}: {remedy}")


def _skipped(request: SweepRequest, target: type[Any], found: Combinations) -> dict[int, str]:
    skipped = {}
    for number in range(len(found)):
        values = {**request.fixed, **found[number]}
        try:
            _check_together(request, target, values)
        except InvalidParameterError as error:
            skipped[number] = str(error)
    return skipped


def _check_together(request: SweepRequest, target: type[Any], values: Mapping[str, Any]) -> None:
    if request.strategy is None:
        target(**values)
        return
    defaults = {name: spec.default for name, spec in target.parameters.items()}
    target.check_parameters(MappingProxyType(defaults | dict(values)))


def _way(request: SweepRequest, target: type[Any]) -> str:
    """Signals are computed over all bars at once where nothing needs an event: no rule of the strategy's own, and no
    fill that depends on volume or on the money there is.
    """  # noqa: D205
    if request.strategy is None:
        return INDICATOR
    broker = configured(SimulatedBroker, **request.broker)
    is_plain = issubclass(target, SignalStrategy) and all(
        getattr(target, name) is getattr(SignalStrategy, name) for name in _NEED_EVENTS
    )
    needs_events = broker.buying_power_check or broker.max_participation_pct is not None or target.bar_periods
    return VECTORISED if is_plain and not needs_events else EVENTS


def _sources(
    request: SweepRequest, target: type[Any], secmaster: SecurityMaster, calendars: CalendarBook
) -> dict[tuple[str, str], dict[BarPeriod, BarSource]]:
    main = period_of_rtype(request.rtype)
    periods = dict.fromkeys((main, *getattr(target, "bar_periods", ())))
    if request.timeframe is not None and len(periods) > 1:
        raise InvalidParameterError(
            f"strategy {cut(request.target)} names the periods of its bars itself: leave out the timeframe"
        )
    _check_stretches(request)
    sources: dict[tuple[str, str], dict[BarPeriod, BarSource]] = {}
    for stretch in request.spans:
        for period in periods:
            dates = {"start_date": stretch.start_date, "end_date": stretch.end_date, "rtype": period.rtype}
            resolved = resolve_choice(request.model_copy(update=dates), secmaster, calendars)
            for symbol, source in resolved.sources.items():
                sources.setdefault((stretch.name, symbol), {})[period] = source
    return sources


def _check_stretches(request: SweepRequest) -> None:
    names = [stretch.name for stretch in request.stretches]
    if len(set(names)) < len(names) or not all(names):
        raise InvalidParameterError(f"stretches need a name each, and no two the same: {cut(names)}")
    dates = date_range(request.start_date, request.end_date)
    for stretch in request.stretches:
        asked = date_range(stretch.start_date, stretch.end_date)
        if dates.intersect(asked) != asked:
            raise InvalidParameterError(
                f"stretch {cut(stretch.name)}, {_days(stretch)}, reaches beyond the dates of the sweep, "
                f"{_days(request)}: leave out the dates, or choose a stretch within them"
            )


def _days(chosen: Stretch | SweepRequest) -> str:
    return f"{chosen.start_date or 'the first bar'} to {chosen.end_date or 'the last bar'}"


def code_of(work: SweepWork) -> str:
    """The code of the class that is tried."""
    target: Any = work.target
    return str(target.source_text) if work.way == INDICATOR else source_of(target)


def _indicator_hashes(work: SweepWork) -> Iterator[str]:
    if work.way == INDICATOR:
        return
    board = IndicatorBoard()
    strategy: Any = configured(work.target, symbols=("X",), **work.fixed)
    try:
        strategy(EventBus(SimulatedClock()), board, strategy.bar_periods or (work.period,)).setup()
    except (Exception, SystemExit):  # noqa: BLE001  # code of users; each child says for itself what it raises
        return
    for indicator in board.indicators:
        yield f"{indicator.class_name} {indicator.source_hash()}"
