"""Chart settings: laid over each other, applied to data, stored as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from barscope.charts.compared import ComparedSymbol
from barscope.charts.data import ChartData, ChartSeries, ChartSpec, Highlight
from barscope.charts.settings import NO_FILL, ChartSettings, SeriesSettings, apply_settings, apply_to_spec
from barscope.domain.periods import BarPeriod
from barscope.errors import InvalidParameterError

OSCILLATOR = {"pane": "own", "levels": (30.0, 70.0)}


@pytest.fixture
def data(make_bars):
    """A band of three series and an oscillator, as an indicator's record says they are drawn."""
    bars = make_bars(30)
    of = {"group": "BB(20)", "indicator": "BB"}
    series = (
        ChartSeries("up", bars.close + 1, band="low", key="upper", **of),
        ChartSeries("mid", bars.close, key="middle", **of),
        ChartSeries("low", bars.close - 1, key="lower", **of),
        ChartSeries("RSI_14", bars.close, indicator="RSI", **OSCILLATOR),
    )
    shades = (Highlight(int(bars.ts[0]), int(bars.ts[5]), kind="session"), Highlight(int(bars.ts[7]), int(bars.ts[9])))
    others = (ComparedSymbol("X", bars.close), ComparedSymbol("Y", bars.close))
    return ChartData("A", bars, BarPeriod.MINUTE, series, highlights=shades, compared=others)


def test_without_settings_the_indicators_record_counts(data):
    """Bands are filled, oscillators have their pane and their lines, sessions are shaded, nothing is compared."""
    found = apply_settings(data, ChartSettings())
    assert found.series == data.series or [repr(s) for s in found.series] == [repr(s) for s in data.series]
    assert found.series[0].band == "low"
    assert (found.series[3].pane, found.series[3].levels) == ("own", (30.0, 70.0))
    assert (len(found.highlights), found.compared, found.order) == (2, (), ())
    assert apply_to_spec(ChartSpec(), ChartSettings()) == ChartSpec()


def test_choices_change_what_they_name_and_nothing_else(data):
    """Each choice reaches its series; an unknown name waits for a series of that name."""
    chosen = ChartSettings(
        series={
            "up": SeriesSettings(draw="dotted", colour="#112233", width=2.5, fill_to="mid", opacity=0.4),
            "RSI_14": SeriesSettings(pane="above", visible=False),
            "later": SeriesSettings(draw="dots"),
        }
    )
    up, mid, low, rsi = apply_settings(data, chosen).series
    assert (up.draw, up.colour, up.width, up.band, up.opacity) == ("dotted", "#112233", 2.5, "mid", 0.4)
    assert (rsi.pane, rsi.hidden, rsi.levels) == ("above", True, (30.0, 70.0))
    assert (mid, low) == data.series[1:3]


def test_a_new_indicator_has_its_defaults_although_settings_exist(data):
    """Settings of other series and an order that does not name it leave a new series as its record says, last."""
    settings = ChartSettings(order=("mid",), series={"mid": SeriesSettings(visible=False)})
    new = ChartSeries("NEW", data.bars.close, **OSCILLATOR)
    found = apply_settings(data.with_series((*data.series, new)), settings)
    assert found.ordered[-1].name == "NEW"
    assert (found.ordered[-1].pane, found.ordered[-1].hidden) == ("own", False)


def test_no_fill_takes_the_fill_away(data):
    """An empty name is a choice: not filled, whatever the record says."""
    found = apply_settings(data, ChartSettings(series={"up": SeriesSettings(fill_to=NO_FILL)}))
    assert found.series[0].band is None


def test_an_indicators_settings_lie_below_those_of_the_chart(data):
    """By class and output key; what the chart itself says of the series is stronger, choice by choice."""
    everywhere = {
        "BB": ChartSettings(series={"upper": SeriesSettings(colour="#00ff00", width=3, fill_to="middle")}),
        "RSI": ChartSettings(series={"value": SeriesSettings(pane="above")}),
    }
    chosen = ChartSettings(series={"up": SeriesSettings(colour="#ff0000")})
    up, *_, rsi = apply_settings(data, chosen, everywhere).series
    assert (up.colour, up.width, up.band, rsi.pane) == ("#ff0000", 3, "mid", "above")


def test_sessions_and_comparison_are_chosen(data):
    """Shades of sessions go when they are switched off, those of a condition stay; named symbols are compared with."""
    found = apply_settings(data, ChartSettings(sessions=False, compare=("Y", "Z")))
    assert [h.kind for h in found.highlights] == ["condition"]
    assert [other.symbol for other in found.compared] == ["Y"]


def test_the_spec_takes_type_scale_and_volume():
    """What is looked at and in which colours stays."""
    spec = ChartSpec(theme="dark", visible=(3, 9))
    chosen = ChartSettings(chart_type="ohlc", scale="percent", percent_from=5, volume=False)
    assert apply_to_spec(spec, chosen) == replace(
        spec, chart_type="ohlc", scale="percent", percent_from=5, show_volume=False
    )


def test_upper_settings_win_choice_by_choice():
    """A choice that was not made above is taken from below, for the chart and for each series."""
    run = ChartSettings(scale="log", series={"a": SeriesSettings(width=3)})
    session = ChartSettings(
        chart_type="ohlc", scale="percent", series={"a": SeriesSettings(width=1, draw="dots"), "b": SeriesSettings()}
    )
    assert run.over(session) == ChartSettings(
        chart_type="ohlc",
        scale="log",
        series={"a": SeriesSettings(width=3, draw="dots"), "b": SeriesSettings()},
    )
    assert run.over(ChartSettings()) == ChartSettings().over(run) == run


def test_only_choices_are_stored():
    """What was left open is not in the JSON, so a later default can be better."""
    chosen = ChartSettings(volume=False, series={"a": SeriesSettings(draw="dots"), "b": SeriesSettings()})
    assert chosen.to_dict() == {"version": 1, "volume": False, "series": {"a": {"draw": "dots"}}}
    assert ChartSettings.from_dict({"version": 1}) == ChartSettings()


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ([1], "are not a JSON object"),
        ({"version": 2}, "version 2: upgrade barscope"),
        ({"pie": 1}, "unknown settings of a chart: pie"),
        ({"chart_type": "renko"}, "unknown chart type 'renko'"),
        ({"scale": ["log"]}, "unknown scale"),
        ({"volume": "no"}, "volume 'no' is not of type bool"),
        ({"order": "abc"}, "order 'abc' is not a list of names"),
        ({"compare": [1]}, "is not a list of names"),
        ({"series": []}, "are not a JSON object"),
        ({"series": {"a": 1}}, "settings of a 1 are not a JSON object"),
        ({"series": {"a": {"glow": 1}}}, "unknown settings of a: glow"),
        ({"series": {"a": {"colour": "url(x)"}}}, "colour 'url"),
        ({"series": {"a": {"width": "3"}}}, "width '3' is not a number"),
        ({"series": {"a": {"opacity": 2}}}, "opacity 2 is not a number from 0 to 1"),
        ({"series": {"a": {"visible": 1}}}, "visible 1 is not of type bool"),
    ],
)
def test_broken_and_newer_settings_are_named(stored, message):
    """Whatever stands in the store, the error says what is wrong with it."""
    with pytest.raises(InvalidParameterError, match=message):
        ChartSettings.from_dict(json.loads(json.dumps(stored)))
