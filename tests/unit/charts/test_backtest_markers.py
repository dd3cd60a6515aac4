"""Marks of trades beside the candles, at any zoom."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from barscope.charts.data import ChartData, ChartSpec
from barscope.charts.drawing import WIRE_BYTES, Drawing
from barscope.charts.figure import figure, figure_parts
from barscope.charts.markers import BUYS, KINDS, MARKER_BYTES, TradeMarker, trade_markers
from barscope.domain.periods import BarPeriod
from barscope.domain.roundtrips import Direction, RoundTrip
from barscope.errors import InvalidParameterError

MINUTE = 60 * 10**9


def marked(data: ChartData, every: int, kinds: tuple[str, ...] = KINDS) -> ChartData:
    """A marker every some bars, kinds in turn, each 30 s after the open of its bar and named by it."""
    places = range(0, len(data.bars), every)
    found = [
        TradeMarker(int(data.bars.ts[at]) + 30 * 10**9, 1.0, kinds[n % len(kinds)], f"bar {at}")
        for n, at in enumerate(places)
    ]
    return replace(data, markers=tuple(reversed(found)))


def drawn(drawing: Drawing, spec: ChartSpec, *, wire: bool = True):
    """For each kind, its marks as (first bar of the candle, last bar, y, text)."""
    view = drawing.view(spec, wire=wire)
    b, arrays = view.buckets, view.arrays[-len(KINDS) :]
    return {
        kind: [
            (int(b.start[i]), int(b.stop[i]) - 1, float(y), text)
            for i, x, y, text in zip(m.candle, a["x"], a["y"], a["customdata"], strict=True)
            if x == b.x[i] or pytest.fail(f"{x} is not the middle of its candle")
        ]
        for kind, m, a in zip(KINDS, view.marks, arrays, strict=True)
    }


def reference(places: list[int], candles: list[tuple[int, int]], width: int) -> list[tuple[int, int, str]]:
    """One mark for the markers of each 128th of the view at most, at the candle of the first of them."""
    reach = 1
    while reach * 128 < width:
        reach *= 2
    runs: dict[int, list[int]] = {}
    for at in places:
        runs.setdefault(at // reach, []).append(at)
    found = []
    for start, stop in candles:
        mine = [at for run in runs.values() if start <= run[0] <= stop for at in run]
        if mine:
            found.append((start, stop, f"bar {mine[0]}" if len(mine) == 1 else f"{len(mine):,} long entries"))
    return found


@pytest.mark.parametrize("width", [20, 100, 700, 3_000, 15_600])
@pytest.mark.parametrize("every", [1, 7, 400, 3_000])
def test_marks_stand_at_the_candle_of_their_bar(session_data, width, every):
    """At every zoom a mark is beside the candle its first marker falls into and says how many it stands for."""
    data, first = marked(session_data, every, ("entry-long",)), 5_000 if width < 10_000 else 0
    spec = ChartSpec(visible=(first - 0.5, first + width - 0.5))
    drawing = Drawing(data)
    b, marks = drawing.view(spec).buckets, drawn(drawing, spec)["entry-long"]
    candles = list(zip(b.start.tolist(), (b.stop - 1).tolist(), strict=True))
    places = list(range(0, len(data.bars), every))
    assert [(start, stop, text) for start, stop, _, text in marks] == reference(places, candles, width)
    lows = [data.bars.low[start : stop + 1].min() for start, stop, *_ in marks]
    np.testing.assert_allclose([y for _, _, y, _ in marks], lows, rtol=1e-6)


def test_a_whole_view_accounts_for_every_marker(session_data):
    """The numbers that the marks of all bars say add up to the markers there are."""
    data = marked(session_data, 7, ("entry-long",))
    texts = [text for *_, text in drawn(Drawing(data), ChartSpec())["entry-long"]]
    assert sum(1 if text.startswith("bar") else int(text.split()[0].replace(",", "")) for text in texts) == 2_229


def test_buys_stand_below_and_sells_above(session_data):
    """A buy is at the low of its bar and a sell at the high; entries and exits have other shapes."""
    data = marked(session_data, 10)
    bars = data.bars
    for kind, marks in drawn(Drawing(data), ChartSpec(visible=(1_000, 1_100))).items():
        assert marks
        side = bars.low if kind in BUYS else bars.high
        assert all(y == pytest.approx(side[start], rel=1e-6) for start, _, y, _ in marks)
    symbols = {t.name: t.marker.symbol for t in figure(data).data if t.name in KINDS}
    assert symbols["entry-long"] == symbols["entry-short"] != symbols["exit-long"] == symbols["exit-short"]


def test_near_views_show_every_marker(session_data):
    """Where there is room, one mark and one text for each marker."""
    data = marked(session_data, 5)
    marks = drawn(Drawing(data), ChartSpec(visible=(999.5, 1_100.5)))
    texts = [text for of_kind in marks.values() for start, _, _, text in of_kind if 1_000 <= start <= 1_100]
    assert sorted(texts) == sorted(f"bar {at}" for at in range(1_000, 1_101, 5))


def test_panning_never_changes_a_mark(session_data):
    """Two views of one width agree on the marks of the candles both draw."""
    drawing, seen = Drawing(marked(session_data, 3)), {}
    for first in range(0, 9_000, 371):
        for kind, marks in drawn(drawing, ChartSpec(visible=(first, first + 4_000))).items():
            for start, _, _, text in marks:
                assert seen.setdefault((kind, start), text) == text
    assert any("entries" in text for text in seen.values())


def test_markers_keep_a_zoom_step_small(session_data):
    """A marker of long text at every bar stays within the budget of a zoom step, texts included."""
    every = tuple(
        TradeMarker(int(ts), 1.0, kind, "ä" * 500) for ts in session_data.bars.ts[:8_000] for kind in KINDS[::3]
    )
    drawing = Drawing(replace(session_data, markers=every))
    sizes = []
    for width in (10, 60, 300, 1_000, 4_000, 15_000):
        view = drawing.view(ChartSpec(visible=(100, 100 + width)))
        texts = sum(len(json.dumps(a["customdata"])) for a in view.arrays[-4:])
        numbers = sum(v.nbytes for a in view.arrays for v in a.values() if isinstance(v, np.ndarray))
        assert texts <= MARKER_BYTES
        sizes.append(texts + numbers)
    assert max(sizes) <= WIRE_BYTES
    assert max(sizes) > WIRE_BYTES / 3


def test_markers_outside_the_bars_are_left_out(session_data):
    """A marker before the first bar or after the last one is not drawn; one inside the last bar is."""
    ts = session_data.bars.ts
    times = (ts[0] - 1, ts[-1] + MINUTE - 1, ts[-1] + MINUTE)
    markers = tuple(TradeMarker(int(t), 1.0, "exit-short", str(n)) for n, t in enumerate(times))
    drawing = Drawing(replace(session_data, markers=markers))
    assert [text for *_, text in drawn(drawing, ChartSpec())["exit-short"]] == ["1"]


def test_the_hover_label_tells_the_trade_escaped(session_data):
    """The static label has the text as text; the live figure tells the crosshair which traces are marks."""
    marker = TradeMarker(int(session_data.bars.ts[390]), 1.0, "entry-long", "<b onclick=x>Long 5")
    data, spec = replace(session_data, markers=(marker,)), ChartSpec(visible=(385, 395))
    label = figure(data, spec).data[-1].text
    assert [i for i, text in enumerate(label) if "&lt;b onclick=x&gt;Long 5" in text] == [
        figure(data, spec).data[-1].x.tolist().index(390)
    ]
    parts = figure_parts(Drawing(data), spec, hover=False)
    assert [parts["data"][i]["name"] for i in parts["layout"]["meta"]["markers"]] == list(KINDS)


def test_a_chart_without_markers_is_as_before(session_data):
    """No markers, no traces for them."""
    assert not {t.name for t in figure(session_data).data} & set(KINDS)
    assert figure_parts(Drawing(session_data), ChartSpec(), hover=False)["layout"]["meta"]["markers"] == []


def test_round_trips_become_markers():
    """A closed trade is an entry and an exit, an open one only an entry; in order of time."""
    values = dict.fromkeys(("high_watermark", "low_watermark", "max_drawdown", "mae", "mfe", "commission"), 0.0)
    trip = RoundTrip(
        symbol="A",
        direction=Direction.SHORT,
        entry_ts=10,
        exit_ts=40,
        is_open=False,
        entry_price=100 / 3,
        exit_price=30.5,
        quantity=2.0,
        max_position=2.0,
        duration_bars=3,
        pnl_before_commission=5.0,
        pnl_after_commission=5.0,
        **values,
    )
    still = replace(trip, direction=Direction.LONG, entry_ts=20, is_open=True)
    assert trade_markers([trip, still]) == (
        TradeMarker(10, 100 / 3, "entry-short", "Short 2 @ 33.3333"),
        TradeMarker(20, 100 / 3, "entry-long", "Long 2 @ 33.3333"),
        TradeMarker(40, 30.5, "exit-short", "Exit short @ 30.50  +5.00"),
    )
    named = trade_markers([replace(trip, strategy="a"), replace(still, strategy="b")])
    assert [marker.text.split(":")[0] for marker in named] == ["a", "b", "a"]


def test_an_unknown_kind_is_refused():
    """The error names the kinds there are."""
    with pytest.raises(InvalidParameterError, match="entry-long, exit-long"):
        TradeMarker(0, 1.0, "buy", "")


def test_one_bar_with_both_ends_of_a_trade(make_bars):
    """A trade of one bar on a chart of one bar has both marks."""
    bars = make_bars(1)
    markers = tuple(TradeMarker(int(bars.ts[0]), 1.0, kind, kind) for kind in ("entry-long", "exit-long"))
    marks = drawn(Drawing(ChartData("A", bars, BarPeriod.DAY, markers=markers)), ChartSpec())
    assert [len(marks[kind]) for kind in KINDS] == [1, 1, 0, 0]
