"""Values of a chart that are stored: what is read is what was written."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given
from hypothesis import strategies as st

from barscope.charts.settings import ChartSettings, SeriesSettings
from barscope.domain.annotations import KINDS, POINTS, Annotation, Point
from barscope.errors import InvalidParameterError

COLOURS = st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)
SERIES = st.builds(
    SeriesSettings,
    pane=st.sampled_from([None, "above", "price", "own"]),
    draw=st.sampled_from([None, "line", "dotted", "histogram", "dots", "background", "background-all"]),
    colour=st.none() | COLOURS,
    width=st.none() | st.floats(0.5, 10),
    visible=st.none() | st.booleans(),
    fill_to=st.none() | st.text(max_size=5),
    opacity=st.none() | st.floats(0, 1),
)
NAMES = st.none() | st.lists(st.text(max_size=5), unique=True, max_size=4).map(tuple)
SETTINGS = st.builds(
    ChartSettings,
    chart_type=st.sampled_from([None, "candlestick", "ohlc", "close", "heikin-ashi"]),
    scale=st.sampled_from([None, "linear", "log", "percent"]),
    percent_from=st.none() | st.integers(-(2**62), 2**62),
    volume=st.none() | st.booleans(),
    sessions=st.none() | st.booleans(),
    compare=NAMES,
    order=NAMES,
    series=st.dictionaries(st.text(max_size=5), SERIES.filter(lambda s: s != SeriesSettings()), max_size=4),
)
POINT = st.builds(Point, st.integers(-(2**63) + 1, 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["series", "order", "kind"]), inner),
    max_leaves=6,
)


@st.composite
def annotations(draw) -> Annotation:
    """Any annotation."""
    kind = draw(st.sampled_from(KINDS))
    points = tuple(draw(st.lists(POINT, min_size=POINTS[kind], max_size=POINTS[kind])))
    text = draw(st.text(max_size=200)) if kind != "text" else draw(st.text(min_size=1, max_size=200).filter(str.strip))
    return Annotation(kind, points, text, draw(st.none() | COLOURS))


@given(SETTINGS)
def test_settings_survive_json(settings):
    """Settings written as JSON text and read again are equal."""
    assert ChartSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@given(SETTINGS, SETTINGS, SETTINGS)
def test_laying_over_is_associative(a, b, c):
    """Run over session over default is the same whichever two are joined first."""
    assert a.over(b).over(c) == a.over(b.over(c))


@given(annotations())
def test_annotations_survive_json(annotation):
    """An annotation written as JSON text and read again is equal."""
    assert Annotation.from_dict(json.loads(json.dumps(annotation.to_dict()))) == annotation


@given(JSON, st.sampled_from([ChartSettings, Annotation]))
def test_anything_stored_is_read_or_named(stored, kind):
    """No JSON value ends in another error than the one that names it."""
    with contextlib.suppress(InvalidParameterError):
        assert kind.from_dict(stored).to_dict()["version"] == 1
