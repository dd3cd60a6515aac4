"""What a person chose about a chart, as one value that can be stored, laid over another, and applied to data.

A choice that was not made is None (a series that is not named), and what lies below counts: the settings of a run over
those of its session, these over those of the indicator, these over what the indicator's own record says.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self, get_args

from barscope.charts.data import ChartType, Draw, Pane, Scale, between, one_of
from barscope.domain.annotations import check_colour
from barscope.errors import InvalidParameterError, cut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barscope.charts.data import ChartData, ChartSeries, ChartSpec

VERSION = 1
NO_FILL = ""
"""As `fill_to`: not filled, whatever the indicator says."""


@dataclass(frozen=True, slots=True)
class _Choices:
    """Values each of which may be left open."""

    def over(self, lower: Self) -> Self:
        """The choices made here, and those of `lower` where none was."""
        made = {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}
        return replace(lower, **made)

    def made(self) -> dict[str, Any]:
        """The choices made, by name, as plain JSON values."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class SeriesSettings(_Choices):
    """What was chosen for one series.

    Attributes:
        pane: On the prices, or in a pane above (`above`) or below (`own`) them.
        draw: How it is drawn.
        colour: `#rrggbb`.
        width: Of its line, pixels.
        visible: Whether it is drawn.
        fill_to: The series up to which the area is filled; `NO_FILL` for none.
        opacity: How strong that fill is, 0 to 1.
    """

    pane: Pane | None = None
    draw: Draw | None = None
    colour: str | None = None
    width: float | None = None
    visible: bool | None = None
    fill_to: str | None = None
    opacity: float | None = None

    def __post_init__(self) -> None:
        _choice("pane", self.pane, get_args(Pane))
        _choice("draw", self.draw, get_args(Draw))
        check_colour(self.colour)
        for name, low, high in (("width", 0.5, 10), ("opacity", 0, 1)):
            if getattr(self, name) is not None:
                between(name, getattr(self, name), low, high)
        _of_type("visible", self.visible, bool)
        _of_type("fill_to", self.fill_to, str)


@dataclass(frozen=True, slots=True)
class ChartSettings(_Choices):
    """What was chosen for a chart.

    Attributes:
        chart_type: Candlesticks, OHLC bars, a line of closes or Heikin-Ashi.
        scale: Linear, logarithmic or percent.
        percent_from: The moment that is 0 percent, ns UTC; None is the first visible bar.
        volume: Whether there is a volume pane.
        sessions: Whether stretches of sessions are shaded; they are unless this is False.
        compare: Symbols to compare with, drawn in percent.
        order: Names of series in the order of their panes and in the legend; those not named come last.
        series: What was chosen for each series, by name; of an indicator by the key of its output.
    """

    chart_type: ChartType | None = None
    scale: Scale | None = None
    percent_from: int | None = None
    volume: bool | None = None
    sessions: bool | None = None
    compare: tuple[str, ...] | None = None
    order: tuple[str, ...] | None = None
    series: Mapping[str, SeriesSettings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _choice("chart type", self.chart_type, get_args(ChartType))
        _choice("scale", self.scale, get_args(Scale))
        _of_type("percent_from", self.percent_from, int)
        for name in ("volume", "sessions"):
            _of_type(name, getattr(self, name), bool)
        for name in ("compare", "order"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _names(name, getattr(self, name)))

    def over(self, lower: ChartSettings) -> ChartSettings:
        """The choices made here, and those of `lower` where none was, series by series."""
        series = dict(lower.series) | {
            name: chosen.over(lower.series.get(name, SeriesSettings())) for name, chosen in self.series.items()
        }
        return _Choices.over(replace(self, series=series), lower)

    def with_series(self, name: str, **choices: Any) -> ChartSettings:  # noqa: ANN401  # fields of SeriesSettings
        """The same with other choices for one series."""
        chosen = replace(self.series.get(name, SeriesSettings()), **choices)
        return replace(self, series={**self.series, name: chosen})

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain JSON values; choices that were not made are left out."""
        series = {name: chosen.made() for name, chosen in self.series.items() if chosen.made()}
        made = {name: list(v) if isinstance(v, tuple) else v for name, v in replace(self, series={}).made().items()}
        return {"version": VERSION, **made, "series": series}

    @classmethod
    def from_dict(cls, values: Any) -> ChartSettings:  # noqa: ANN401  # whatever was stored
        """The settings of some JSON values.

        Raises:
            InvalidParameterError: If they are broken, or of a newer barscope.
        """
        if not isinstance(values, dict):
            raise InvalidParameterError(f"chart settings {cut(repr(values))} are not a JSON object")
        if values.get("version", VERSION) != VERSION:
            raise InvalidParameterError(f"chart settings of version {cut(values['version'])}: upgrade barscope")
        series = values.get("series", {})
        if not isinstance(series, dict):
            raise InvalidParameterError(f"the series {cut(repr(series))} of chart settings are not a JSON object")
        known = {name: _made(SeriesSettings, chosen, f"of {cut(name)}") for name, chosen in series.items()}
        chosen = {name: value for name, value in values.items() if name != "version"}
        settings: ChartSettings = _made(cls, chosen | {"series": known}, "of a chart")
        return settings


def _made(kind: Any, values: Any, where: str) -> Any:  # noqa: ANN401  # one of the two classes above
    if not isinstance(values, dict):
        raise InvalidParameterError(f"settings {where} {cut(repr(values))} are not a JSON object")
    unknown = set(values) - {f.name for f in fields(kind)}
    if unknown:
        raise InvalidParameterError(f"unknown settings {where}: {cut(', '.join(sorted(unknown)))}")
    return kind(**values)


def _choice(what: str, value: object, choices: tuple[str, ...]) -> None:
    if value is not None:
        one_of(what, value, choices)


def _of_type(what: str, value: object, kind: type) -> None:
    if value is not None and type(value) is not kind:
        raise InvalidParameterError(f"{what} {cut(repr(value))} is not of type {kind.__name__}")


def _names(what: str, value: Any) -> tuple[str, ...]:  # noqa: ANN401  # whatever was stored
    if not isinstance(value, (list, tuple)) or not all(isinstance(name, str) for name in value):
        raise InvalidParameterError(f"{what} {cut(repr(value))} is not a list of names")
    return tuple(dict.fromkeys(value))


# ---- applying


def apply_settings(
    data: ChartData, settings: ChartSettings, of_indicators: Mapping[str, ChartSettings] | None = None
) -> ChartData:
    """The data as they are to be drawn; series that no setting names keep what their indicator says.

    Args:
        data: The data, with every session and compared symbol there is.
        settings: What was chosen for this chart.
        of_indicators: What was chosen for an indicator wherever it is drawn, by class.
    """
    of_class = of_indicators or {}
    compare = settings.compare or ()
    return replace(
        data,
        series=tuple(_applied(s, chosen_for(s, data.series, settings, of_class)) for s in data.series),
        order=settings.order or (),
        highlights=tuple(h for h in data.highlights if h.kind != "session" or settings.sessions is not False),
        compared=tuple(other for other in data.compared if other.symbol in compare),
    )


def apply_to_spec(spec: ChartSpec, settings: ChartSettings) -> ChartSpec:
    """The same part of a chart, looked at as was chosen."""
    return replace(
        spec,
        chart_type=settings.chart_type or "candlestick",
        scale=settings.scale or "linear",
        percent_from=settings.percent_from,
        show_volume=settings.volume is not False,
    )


def chosen_for(
    s: ChartSeries, series: Sequence[ChartSeries], settings: ChartSettings, of_class: Mapping[str, ChartSettings]
) -> SeriesSettings:
    """What counts for a series: the choice for its name, over that for its output of its indicator."""
    own = settings.series.get(s.name, SeriesSettings())
    lower = of_class.get(s.indicator or "", ChartSettings()).series.get(s.key)
    if lower is None:
        return own
    if lower.fill_to:
        siblings = {t.key: t.name for t in series if t.indicator == s.indicator and t.group == s.group}
        lower = replace(lower, fill_to=siblings.get(lower.fill_to))
    return own.over(lower)


def _applied(s: ChartSeries, chosen: SeriesSettings) -> ChartSeries:
    made = chosen.made()
    if "fill_to" in made:
        made["band"] = made.pop("fill_to") or None
    if "visible" in made:
        made["hidden"] = not made.pop("visible")
    return replace(s, **made) if made else s
