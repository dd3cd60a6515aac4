"""How series are drawn: styles, panes and their order, fills, backgrounds, what is hidden."""

from __future__ import annotations

import numpy as np
import pytest

from barscope.charts.data import ChartData, ChartSeries, ChartSpec
from barscope.charts.drawing import WIRE_BYTES, Drawing
from barscope.charts.figure import figure, figure_parts
from barscope.charts.legend import short_names
from barscope.charts.traces import drawn_series
from barscope.domain.periods import BarPeriod
from barscope.errors import InvalidParameterError


@pytest.fixture
def bars(make_bars):
    """400 minutes."""
    return make_bars(400)


def drawn(bars, *series, **spec):
    """The figure of some series on the prices, by trace name."""
    fig = figure(ChartData("A", bars, BarPeriod.MINUTE, series), ChartSpec(**spec))
    return fig, {trace.name: trace for trace in fig.data}


def test_lines_dashed_dotted_and_dots(bars):
    """Style, colour and width reach Plotly."""
    close = bars.close
    _, traces = drawn(
        bars,
        ChartSeries("line", close, colour="#ff0000", width=3),
        ChartSeries("dashed", close, draw="dashed"),
        ChartSeries("dotted", close, draw="dotted"),
        ChartSeries("dots", close, draw="dots", colour="#00ff00"),
    )
    assert (traces["line"].line.color, traces["line"].line.width, traces["line"].line.dash) == ("#ff0000", 3, "solid")
    assert len({traces[name].line.dash for name in ("line", "dashed", "dotted")}) == 3
    assert (traces["dots"].mode, traces["dots"].marker.color) == ("markers", "#00ff00")


def test_a_coloured_histogram_has_one_colour(bars):
    """Without a colour bars above and below zero differ; with one they share it."""
    wave = np.sin(np.arange(400.0))
    for colour, n in ((None, 2), ("#123456", 1)):
        fig, _ = drawn(bars, ChartSeries("h", wave, pane="own", draw="histogram", colour=colour))
        assert len({trace.marker.color for trace in fig.data if trace.name == "h"}) == n


def test_panes_above_the_prices_keep_the_main_axis(bars):
    """A pane above stands over the prices, whose axis is still `y`; volume and panes below follow."""
    s = (ChartSeries("up", bars.close, pane="above"), ChartSeries("low", bars.close, pane="own"))
    fig, traces = drawn(bars, *s)
    assert [traces[name].yaxis for name in ("A", "up", "Volume", "low")] == ["y", "y2", "y3", "y4"]
    tops = [fig.layout[axis].domain[1] for axis in ("yaxis2", "yaxis", "yaxis3", "yaxis4")]
    assert tops == sorted(tops, reverse=True)
    assert fig.layout.yaxis2.domain[1] == 1
    assert fig.layout.xaxis.anchor == "y4"


def test_panes_follow_the_order(bars):
    """Naming a series first puts its pane first; one that is not named comes last, and colours stay."""
    series = tuple(ChartSeries(name, bars.close, pane="own") for name in "abc")
    data = ChartData("A", bars, BarPeriod.MINUTE, series, order=("c", "gone", "a"))
    fig = figure(data)
    top = {trace.name: fig.layout[f"yaxis{trace.yaxis[1:]}"].domain[1] for trace in fig.data if trace.name in "abc"}
    assert sorted(top, key=top.get, reverse=True) == ["c", "a", "b"]
    before = {
        trace.name: trace.line.color for trace in figure(ChartData("A", bars, BarPeriod.MINUTE, series)).data[3:6]
    }
    assert {trace.name: trace.line.color for trace in fig.data if trace.name in "abc"} == before


def test_fills_between_any_two_series(bars):
    """Each filled series follows what it is filled up to, also in a chain, to a partner of two, or to a hidden one."""
    close = bars.close
    data = ChartData(
        "A",
        bars,
        BarPeriod.MINUTE,
        (
            ChartSeries("a", close, band="b", opacity=0.5),
            ChartSeries("b", close - 1, band="c"),
            ChartSeries("c", close - 2),
            ChartSeries("d", close + 1, band="c"),
            ChartSeries("e", close + 2, band="secret"),
            ChartSeries("secret", close + 3, hidden=True),
            ChartSeries("f", close, band="gone"),
        ),
    )
    values = {s.name: s.values for s in data.series}
    order = drawn_series(data)
    filled = {s.name: order[i - 1].values for i, s in enumerate(order) if s.band}
    assert {name: next(k for k, v in values.items() if v is partner) for name, partner in filled.items()} == {
        "a": "b",
        "b": "c",
        "d": "c",
        "e": "secret",
    }
    traces = figure(data).data
    assert next(t for t in traces if t.name == "a").fillcolor.endswith(",0.5)")
    assert all(t.line.width == 0 for t in traces if t.name.endswith(" fill"))
    assert not [t for t in traces if t.name == "secret"]


def test_series_of_different_panes_are_not_filled(bars):
    """An area between two scales means nothing."""
    series = (ChartSeries("a", bars.close, band="b"), ChartSeries("b", bars.close, pane="own"))
    assert not [s for s in drawn_series(ChartData("A", bars, BarPeriod.MINUTE, series)) if s.band]


def test_a_hidden_series_leaves_no_trace_and_no_pane(bars):
    """Hidden, neither its line nor its pane nor its levels nor its name in the legend remain."""
    fig, traces = drawn(bars, ChartSeries("s", bars.close, pane="own", levels=(30.0,), hidden=True))
    assert "s" not in traces
    assert "yaxis3" not in fig.layout.to_plotly_json()
    assert all(shape.y0 != 30 for shape in fig.layout.shapes)
    assert all("s</span>" not in a.text for a in fig.layout.annotations)


def test_a_background_shades_where_it_is_not_zero(bars):
    """One path per sign, from half a bar before the first to half a bar after the last bar of each run."""
    flag = np.zeros(400)
    flag[10:20], flag[30], flag[50:52] = 1, 2, -1
    fig, traces = drawn(bars, ChartSeries("flag", flag, draw="background", pane="own"))
    paths = [shape for shape in fig.layout.shapes if shape.type == "path"]
    assert [p.path for p in paths] == ["M9.5,0V1H19.5V0ZM29.5,0V1H30.5V0Z", "M49.5,0V1H51.5V0Z"]
    assert {p.yref for p in paths} == {"y3 domain"}
    assert paths[0].fillcolor != paths[1].fillcolor
    assert "flag" not in traces


def test_a_background_of_all_panes_needs_none_of_its_own(bars):
    """It is drawn across the whole height, and makes no pane."""
    fig, _ = drawn(bars, ChartSeries("flag", np.ones(400), draw="background-all", pane="own"))
    (path,) = (shape for shape in fig.layout.shapes if shape.type == "path")
    assert path.yref == "paper"
    assert "yaxis3" not in fig.layout.to_plotly_json()


def test_legend_names_are_as_short_as_they_can_be():
    """Parameters that tell nothing apart are left out; the live legend keeps the full name beside it."""
    names = ["SMA(20, CLOSE)", "SMA(50, CLOSE)", "EMA(20, CLOSE)", "EMA(20, OPEN)", "RSI_14", "BB(20, 2.0).upper"]
    assert list(short_names(names).values()) == ["SMA(20)", "SMA(50)", *names[2:4], "RSI_14", "BB(20) upper"]


def test_the_live_legend_finds_the_traces_of_each_series(bars):
    """With hidden copies and backgrounds among them, each name still points at its own traces."""
    series = (
        ChartSeries("a", bars.close, band="c"),
        ChartSeries("b", bars.close, band="c"),
        ChartSeries("bg", bars.close, draw="background"),
        ChartSeries("c", bars.close),
        ChartSeries("h", bars.close, pane="own", draw="histogram"),
    )
    parts = figure_parts(Drawing(ChartData("A", bars, BarPeriod.MINUTE, series)), ChartSpec(), hover=False)
    entries = [entry for pane in parts["layout"]["meta"]["panes"] for entry in pane["series"]]
    found = {entry["name"]: [parts["data"][i]["name"] for i in entry["traces"]] for entry in entries}
    assert found == {"a": ["a"], "b": ["b"], "bg": [], "c": ["c"], "h": ["h", "h"]}


def test_a_zoom_step_with_everything_stays_small_on_the_wire(session_data):
    """Backgrounds that change at every bar, copies for fills and compared symbols stay within 52 kB with the shapes."""
    import json
    from dataclasses import replace

    from barscope.charts.compared import ComparedSymbol

    n = len(session_data.bars)
    close = session_data.bars.close
    flags = tuple(ChartSeries(f"flag{i}", np.arange(n) % 2 * 2.0 - 1, draw="background") for i in range(2))
    fills = tuple(ChartSeries(f"fill{i}", close, band="Lower") for i in range(3))
    data = replace(session_data, series=(*session_data.series, *flags, *fills), compared=(ComparedSymbol("B", close),))
    drawing = Drawing(data)
    for width in (50, 400, 3_000, n):
        view = drawing.view(ChartSpec(visible=(100, 100 + width)))
        arrays = sum(a.nbytes for arrays in view.arrays for a in arrays.values() if isinstance(a, np.ndarray))
        assert arrays + len(json.dumps(view.layout["shapes"])) <= WIRE_BYTES + 4_000


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"draw": "wavy"}, "unknown draw 'wavy'"),
        ({"pane": "left"}, "unknown pane"),
        ({"colour": "red;}"}, "colour 'red;}' is not of the form #rrggbb"),
        ({"width": 0}, "width 0 is not a number from 0.5 to 10"),
        ({"opacity": float("nan")}, "opacity nan"),
    ],
)
def test_bad_styles_are_refused(bars, choice, message):
    """The error names the value and what it may be."""
    with pytest.raises(InvalidParameterError, match=message):
        ChartSeries("s", bars.close, **choice)
