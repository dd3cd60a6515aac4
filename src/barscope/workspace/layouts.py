"""What the explorer shows as values to keep: watchlists, indicator sets and whole layouts, with their JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from barscope.charts.settings import ChartSettings
from barscope.domain.instruments import check_symbol_type
from barscope.domain.periods import period_of_rtype
from barscope.errors import InvalidParameterError, cut
from barscope.store.preset_values import SymbolPreset
from barscope.studies.condition_presets import condition_json, condition_preset_of
from barscope.studies.presets import VERSION, fields_of, versioned
from barscope.studies.request import ExplorerRequest, IndicatorConfig

if TYPE_CHECKING:
    from barscope.store.secmaster import SecurityMaster
    from barscope.studies.request import BarChoice
    from barscope.studies.segments import ByCondition

LAYOUT, INDICATOR_SET = "layout", "indicator set"
"""What `explore_presets` holds, by the `kind` of its values."""
MOST_PUBLISHERS = 2**31 - 1
_WATCHLIST = frozenset({"rtype", "publisher_name", "publisher_id", "symbols", "symbol_type"})
_TOLD = 5
"""How many missing symbols a message names."""


@dataclass(frozen=True, slots=True)
class ShownIndicator:
    """An indicator of a layout.

    Attributes:
        config: Its class, parameters and timeframe.
        visible: Whether the chart draws it.
    """

    config: IndicatorConfig
    visible: bool = True


@dataclass(frozen=True, slots=True)
class IndicatorSet:
    """Indicators to compute on any bars, in the order they are listed."""

    indicators: tuple[ShownIndicator, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """What the explorer shows.

    Attributes:
        source: Which bars, without indicators.
        publisher_name: The name of their publisher; its id may be another in another workspace.
        symbol: The symbol in the chart; None is the first.
        indicators: The indicators, in the order they are listed.
        chart: How the chart is drawn.
        condition: That of the form of setups.
    """

    source: ExplorerRequest
    publisher_name: str
    symbol: str | None = None
    indicators: tuple[ShownIndicator, ...] = ()
    chart: ChartSettings = field(default_factory=ChartSettings)
    condition: ByCondition | None = None


# ---- what is stored of what was chosen


def watchlist_of(choice: BarChoice, secmaster: SecurityMaster) -> SymbolPreset:
    """The symbols of a choice of bars, with whose and which bars they are.

    Raises:
        InvalidParameterError: If there are none.
        UnknownPublisherError: If there is no such publisher.
    """
    if not choice.symbols:
        raise InvalidParameterError("No symbols selected")
    name = secmaster.publisher(choice.publisher_id).name
    return SymbolPreset(choice.rtype, name, choice.publisher_id, choice.symbols, choice.symbol_type)


def source_of_watchlist(watchlist: SymbolPreset) -> ExplorerRequest:
    """The bars of a watchlist, all days, as stored."""
    return ExplorerRequest(
        symbols=watchlist.symbols,
        rtype=watchlist.rtype,
        publisher_id=watchlist.publisher_id,
        symbol_type=watchlist.symbol_type,
    )


def stored_source(
    source: ExplorerRequest, publisher_name: str, secmaster: SecurityMaster
) -> tuple[ExplorerRequest, tuple[str, ...]]:
    """What is stored here of a choice of bars, and what is not, as messages.

    Raises:
        InvalidParameterError: If there is nothing of it, or no publisher of that name.
    """
    named = [p.publisher_id for p in secmaster.publishers() if p.name == publisher_name]
    if not named:
        raise InvalidParameterError(f"no publisher {cut(publisher_name)} is stored here: ingest its bars first")
    publisher_id = source.publisher_id if source.publisher_id in named else named[0]
    there = set(secmaster.symbols(publisher_id, source.rtype, source.symbol_type))
    kept = tuple(symbol for symbol in source.symbols if symbol in there)
    gone = [symbol for symbol in source.symbols if symbol not in there]
    listed = ", ".join(map(cut, gone[:_TOLD])) + (f" and {len(gone) - _TOLD} more" if gone[_TOLD:] else "")
    where = f"no bars of rtype {source.rtype} from {cut(publisher_name)} are stored of {listed}"
    if not kept:
        raise InvalidParameterError(f"{where}: ingest them first")
    found = source.model_copy(update={"symbols": kept, "publisher_id": publisher_id, "indicators": ()})
    return found, ((f"{where[0].upper()}{where[1:]}: left out.",) if gone else ())


# ---- JSON


def watchlist_json(watchlist: SymbolPreset) -> dict[str, Any]:
    """A watchlist as JSON."""
    return {"version": VERSION, **asdict(watchlist), "symbols": list(watchlist.symbols)}


def watchlist_of_json(value: object) -> SymbolPreset:
    """The watchlist of some JSON.

    Raises:
        InvalidParameterError: If it is broken.
        SchemaVersionError: If a newer barscope saved it.
    """
    fields = fields_of(versioned(value), _WATCHLIST)
    publisher_name = _text("publisher_name", fields["publisher_name"])
    request = ExplorerRequest(**{name: fields[name] for name in _WATCHLIST - {"publisher_name"}})
    _check_source(request)
    return SymbolPreset(request.rtype, publisher_name, request.publisher_id, request.symbols, request.symbol_type)


def indicator_set_json(indicators: IndicatorSet) -> dict[str, Any]:
    """An indicator set as JSON."""
    return {
        "version": VERSION,
        "kind": INDICATOR_SET,
        "indicators": [_indicator_json(shown) for shown in indicators.indicators],
    }


def indicator_set_of_json(value: object) -> IndicatorSet:
    """The indicator set of some JSON.

    Raises:
        InvalidParameterError: If it is broken.
        SchemaVersionError: If a newer barscope saved it.
    """
    fields = fields_of(_of_kind(INDICATOR_SET, value), {"kind", "indicators"})
    return IndicatorSet(_indicators(fields["indicators"]))


def layout_json(layout: Layout) -> dict[str, Any]:
    """A layout as JSON."""
    source = layout.source.model_copy(update={"indicators": ()}).recorded()
    return {
        "version": VERSION,
        "kind": LAYOUT,
        "source": {name: value for name, value in source.items() if name != "indicators"},
        "publisher_name": layout.publisher_name,
        "symbol": layout.symbol,
        "indicators": [_indicator_json(shown) for shown in layout.indicators],
        "chart": layout.chart.to_dict(),
        "condition": None if layout.condition is None else condition_json(layout.condition),
    }


def layout_of_json(value: object) -> Layout:
    """The layout of some JSON.

    Raises:
        InvalidParameterError: If it is broken.
        SchemaVersionError: If a newer barscope saved it, or a part of it.
    """
    required = {"kind", "source", "publisher_name", "indicators"}
    fields = fields_of(_of_kind(LAYOUT, value), required, {"symbol", "chart", "condition"})
    symbol, condition = fields.get("symbol"), fields.get("condition")
    source = fields["source"]
    if not isinstance(source, dict):
        raise InvalidParameterError(f"the source {cut(repr(source))} is not a JSON object")
    request = ExplorerRequest(**source)
    _check_source(request)
    return Layout(
        request,
        _text("publisher_name", fields["publisher_name"]),
        None if symbol is None else _text("symbol", symbol),
        _indicators(fields["indicators"]),
        chart_of_json(fields.get("chart", {"version": VERSION})),
        None if condition is None else condition_preset_of(condition),
    )


def chart_of_json(value: object) -> ChartSettings:
    """The chart settings of some JSON.

    Raises:
        InvalidParameterError: If they are broken.
        SchemaVersionError: If a newer barscope saved them.
    """
    versioned(value)
    return ChartSettings.from_dict(value)


def indicator_defaults_of_json(value: object) -> dict[str, Any]:
    """The parameters of some JSON, by name.

    Raises:
        InvalidParameterError: If they are broken.
        SchemaVersionError: If a newer barscope saved them.
    """
    params: Any = versioned(value) if isinstance(value, dict) and "version" in value else value
    return dict(IndicatorConfig(class_name="", params=params).params)


def is_layout(stored: object) -> bool:
    """Whether a value of `explore_presets` is a layout, or nothing this barscope knows, which is told as one."""
    return not is_indicator_set(stored)


def is_indicator_set(stored: object) -> bool:
    """Whether a value of `explore_presets` is an indicator set."""
    return isinstance(stored, dict) and stored.get("kind") == INDICATOR_SET


def _of_kind(kind: str, value: object) -> dict[str, Any]:
    fields = versioned(value)
    if fields.get("kind") != kind:
        raise InvalidParameterError(f"its kind is {cut(repr(fields.get('kind')))}, not {kind!r}")
    return fields


def _indicator_json(shown: ShownIndicator) -> dict[str, Any]:
    return {**shown.config.model_dump(mode="json"), "visible": shown.visible}


def _indicators(value: object) -> tuple[ShownIndicator, ...]:
    if not isinstance(value, list):
        raise InvalidParameterError(f"the indicators {cut(repr(value))} are not a list")
    return tuple(map(_indicator, value))


def _indicator(value: object) -> ShownIndicator:
    fields = fields_of(value, {"class_name"}, {"params", "timeframe", "visible"})
    visible = fields.get("visible", True)
    if not isinstance(visible, bool):
        raise InvalidParameterError(f"visible {cut(repr(visible))} is not true or false")
    return ShownIndicator(IndicatorConfig(**{k: v for k, v in fields.items() if k != "visible"}), visible)


def _check_source(request: ExplorerRequest) -> None:
    if not request.symbols:
        raise InvalidParameterError("No symbols selected")
    for symbol in request.symbols:
        _text("symbol", symbol)
    check_symbol_type(request.symbol_type)
    period_of_rtype(request.rtype)
    if not 0 <= request.publisher_id <= MOST_PUBLISHERS:
        raise InvalidParameterError(f"publisher_id {cut(request.publisher_id)} is not from 0 to {MOST_PUBLISHERS}")


def _text(what: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise InvalidParameterError(f"{what} {cut(repr(value))} is not plain text")
    return value
