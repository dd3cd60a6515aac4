"""What is anchored to time: shaded stretches, marks and annotations, on bars of any length."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from barscope.charts.data import ChartData, ChartSpec, Highlight, VerticalMark
from barscope.charts.drawing import Drawing
from barscope.charts.figure import figure
from barscope.charts.shading import SHADE_BYTES, Stretches, path
from barscope.charts.timeline import Timeline
from barscope.domain.annotations import Annotation, Point
from barscope.domain.periods import BarPeriod
from barscope.errors import InvalidParameterError

MINUTE, DAY = 60 * 10**9, 86_400 * 10**9
GAP = np.array([0, 1, 2, 5, 6]) * MINUTE  # minutes 3 and 4 are missing


@pytest.mark.parametrize(
    ("minute", "place"), [(0, 0), (1.5, 1), (2, 2), (3, 2.5), (4.9, 2.5), (5, 3), (6.5, 4), (8, 6), (-2, -2)]
)
def test_the_place_of_a_moment(minute, place):
    """Inside a bar it is that bar, between two it is the line between them, outside each length counts as a bar."""
    assert Timeline(GAP, MINUTE).place(int(minute * MINUTE)) == place


@pytest.mark.parametrize("place", [-3, 0, 2, 4, 9])
def test_the_moment_of_a_place_is_where_it_is_placed(place):
    """Placing what was read off the axis comes back to the same place."""
    timeline = Timeline(GAP, MINUTE)
    assert timeline.place(timeline.moment(place)) == place


def test_a_moment_is_in_one_bar_of_any_length():
    """A minute in the middle of the second day is drawn at the second daily bar."""
    assert Timeline(np.arange(3) * DAY, DAY).place(DAY + 700 * MINUTE) == 1


def chart(bars, **more) -> ChartData:
    """A chart of minutes."""
    return ChartData("A", bars, BarPeriod.MINUTE, **more)


def paths(data, **spec) -> list[str]:
    """The shaded paths of a view."""
    return [s.path for s in figure(data, ChartSpec(**spec)).layout.shapes if s.type == "path"]


def test_a_highlight_covers_its_first_to_its_last_bar(make_bars):
    """From half a bar before the bar its first moment falls into to half a bar after that of its last; gaps aside."""
    bars = make_bars(ts=GAP)
    of = lambda a, b: paths(chart(bars, highlights=(Highlight(int(a * MINUTE), int(b * MINUTE)),)))  # noqa: E731
    assert of(1, 2) == ["M0.5,0V1H2.5V0Z"]
    assert of(1.5, 5.5) == ["M0.5,0V1H3.5V0Z"]
    assert of(3, 4.5) == []
    assert of(3, 5) == ["M2.5,0V1H3.5V0Z"]
    assert of(-9, 99) == ["M-0.5,0V1H4.5V0Z"]


def test_highlights_of_each_kind_have_their_colour_and_label(make_bars):
    """Kinds are told apart; a label stands at the foot of the prices where its stretch begins."""
    bars = make_bars(60)
    ts = bars.ts.tolist()
    kinds = ("condition", "session", "warning")
    shades = tuple(Highlight(ts[10 * i], ts[10 * i + 5], f"<{kind}>", kind) for i, kind in enumerate(kinds, 1))
    layout = figure(chart(bars, highlights=shades)).layout
    assert len({s.fillcolor for s in layout.shapes if s.type == "path"}) == 3
    found = {a.text: a.x for a in layout.annotations if a.xref == "x"}
    assert found == {f"&lt;{kind}&gt;": 10 * i - 0.5 for i, kind in enumerate(kinds, 1)}


def test_crowded_labels_are_thinned(make_bars):
    """Of a thousand labelled stretches a view shows some, none on top of each other."""
    bars = make_bars(4_000)
    shades = tuple(Highlight(t, t + MINUTE, "setup") for t in bars.ts[::4].tolist())
    places = [a.x for a in figure(chart(bars, highlights=shades)).layout.annotations if a.xref == "x"]
    assert 3 < len(places) <= 16
    assert min(np.diff(places)) > 200


def test_a_mark_stands_at_the_left_edge_of_its_bar(make_bars):
    """In a gap it stands between the bars; one before the first or after the last bar is not drawn."""
    bars = make_bars(ts=GAP)
    marks = tuple(VerticalMark(int(m * MINUTE), f"roll {m}") for m in (1, 3.5, -5, 20))
    layout = figure(chart(bars, marks=marks)).layout
    assert [s.path for s in layout.shapes if s.type == "path"] == ["M0.5,0V1M2.5,0V1"]
    assert [a.text for a in layout.annotations if a.xref == "x"] == ["roll 1", "roll 3.5"]


def test_annotations_are_drawn_at_their_bars_and_prices(make_bars):
    """Lines and boxes as shapes, texts as annotations; text is text."""
    bars = make_bars(60)
    point = lambda i, price: Point(int(bars.ts[i]), price)  # noqa: E731
    drawn = (
        Annotation("level", (point(3, 101.5),), "top"),
        Annotation("trend", (point(30, 99.0), point(5, 98.0)), colour="#aa0000"),
        Annotation("box", (point(10, 100.0), point(20, 101.0))),
        Annotation("text", (point(40, 100.5),), "<b>news</b>"),
    )
    layout = figure(chart(bars, annotations=drawn)).layout
    level, trend, box = (s for s in layout.shapes if s.line.width == 1.5)
    assert (level.xref, level.y0, level.y1, level.label.text) == ("paper", 101.5, 101.5, "top")
    assert (trend.x0, trend.y0, trend.x1, trend.y1, trend.line.color) == (5, 98, 30, 99, "#aa0000")
    assert (box.type, box.x0, box.x1, box.y0, box.y1) == ("rect", 10, 20, 100, 101)
    assert [(a.x, a.y, a.text) for a in layout.annotations if a.xref == "x"] == [(40, 100.5, "&lt;b&gt;news&lt;/b&gt;")]


def test_an_annotation_of_minutes_is_drawn_on_days_and_on_a_logarithmic_axis(make_bars):
    """The same annotation stands at the day it falls into; a text's price is its logarithm there, as Plotly wants."""
    days = make_bars(ts=np.arange(10) * DAY)
    drawn = (
        Annotation("trend", (Point(DAY + 5 * MINUTE, 99.0), Point(7 * DAY + MINUTE, 101.0))),
        Annotation("text", (Point(2 * DAY + MINUTE, 100.0),), "here"),
    )
    layout = figure(ChartData("A", days, BarPeriod.DAY, annotations=drawn), ChartSpec(scale="log")).layout
    trend = next(s for s in layout.shapes if s.line.width == 1.5)
    assert (trend.x0, trend.x1, trend.y0) == (1, 7, 99)
    assert [(a.x, a.y) for a in layout.annotations if a.xref == "x"] == [(2, 2)]


def test_panning_keeps_shapes_and_a_zoom_does_not_move_them(make_bars):
    """Stretches are in bar positions whatever the level of detail."""
    bars = make_bars(30_000)
    data = chart(bars, highlights=(Highlight(int(bars.ts[12_000]), int(bars.ts[12_499])),))
    for visible in (None, (11_000, 14_000), (12_100, 12_200)):
        assert paths(data, visible=visible) == ["M11999.5,0V1H12499.5V0Z"]


def test_many_stretches_are_one_small_path():
    """A hundred thousand stretches take little of the wire at any width, and far ones are left out."""
    first = np.arange(0, 1_000_000, 10)
    many = Stretches(first, first + 2)
    for width in (50, 3_000, 1_000_000):
        drawing = path(many, (0, width), (0, width))
        assert drawing is not None
        assert len(drawing) <= SHADE_BYTES
    assert path(many, (0, 50), (0, 50)).count("M") == 6
    assert path(Stretches(first[:0], first[:0]), (0, 50), (0, 50)) is None


def test_overlapping_stretches_are_one():
    """Stretches that touch or overlap are drawn once, also one inside another."""
    found = Stretches(np.array([0, 2, 10, 14]), np.array([8, 3, 13, 20])).merged(1)
    assert (found.first.tolist(), found.last.tolist()) == ([0, 10], [8, 20])


def test_a_highlight_cannot_end_before_it_begins():
    """A reversed stretch and an unknown kind are refused by name."""
    with pytest.raises(InvalidParameterError, match="cannot end"):
        Highlight(2, 1)
    with pytest.raises(InvalidParameterError, match="unknown kind 'noise'"):
        replace(Highlight(1, 2), kind="noise")


def test_a_click_is_a_bar_and_a_price(make_bars):
    """A point off the middle of a bar belongs to that bar, with the decimals that prices have."""
    bars = make_bars(50)
    assert Drawing(chart(bars)).point(7.4, 100.123456) == Point(int(bars.ts[7]), 100.12)
