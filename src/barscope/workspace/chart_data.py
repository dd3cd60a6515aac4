"""From the columns of a run and its record to what a chart draws. The record alone says how a series is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.charts.data import ChartData, ChartSeries, VerticalMark
from barscope.charts.markers import trade_markers
from barscope.domain.periods import period_of_rtype
from barscope.studies.recorded_request import recorded_timeframe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barscope.domain.roundtrips import RoundTrip
    from barscope.studies.results import SymbolColumns


def chart_data(
    symbol: str, columns: SymbolColumns, config: Mapping[str, Any], zone: str, trips: Sequence[RoundTrip] = ()
) -> ChartData:
    """The chart of one symbol of a run.

    Args:
        symbol: The symbol.
        columns: Its bars and series.
        config: The run's config; its `outputs` say in which pane each series goes and how it is drawn.
        zone: IANA time zone of the labels.
        trips: Round trips to mark; those of other symbols are passed over.
    """
    return ChartData(
        symbol=symbol,
        bars=columns.bars,
        period=period_of_rtype(config["rtype"]),
        timeframe=recorded_timeframe(config),
        series=chart_series(columns, config.get("outputs", {})),
        zone=zone,
        markers=trade_markers([trip for trip in trips if trip.symbol == symbol]),
        marks=roll_marks(config.get("bar_sources", {}).get(symbol, {})),
    )


def roll_marks(account: Mapping[str, Any]) -> tuple[VerticalMark, ...]:
    """A mark for each roll of a continuous future, from what is recorded of how its bars were made."""
    return tuple(VerticalMark(roll["ts_ns"], roll["to_contract"]) for roll in account.get("rolls", ()))


_TWINS = {"TA_ADX": "ADX", "TA_ATR": "ATR", "TA_ROC": "ROC", "TA_RSI": "RSI"}
"""TA-Lib's functions whose name a class of ours has too: what is chosen for every `RSI` counts for both."""


def chart_series(columns: SymbolColumns, outputs: Mapping[str, Mapping[str, Any]]) -> tuple[ChartSeries, ...]:
    """The series of some columns, drawn as `outputs` (series name → its recorded output) says."""
    lower_edges = {
        (output["group"], output["band"]): name for name, output in outputs.items() if output.get("edge") == "lower"
    }
    series = []
    for name, values in columns.series.items():
        output = outputs.get(name, {})
        if output.get("hidden"):  # recorded for analysis, too many to look at
            continue
        is_upper = output.get("edge") == "upper"
        indicator = output.get("indicator")
        twin = _TWINS.get(indicator or "")
        series.append(
            ChartSeries(
                name,
                values,
                pane=output.get("pane", "own"),
                group=output.get("group"),
                draw=output.get("draw", "line"),
                levels=tuple(output.get("levels", ())),
                band=lower_edges.get((output["group"], output["band"])) if is_upper else None,
                indicator=twin or indicator,
                key="value" if twin else output.get("key", "value"),
            )
        )
    return tuple(series)
