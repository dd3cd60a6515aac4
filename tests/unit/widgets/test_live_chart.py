"""The live chart without a browser: what a person's moves and a program's calls do to it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable

import comm
import numpy as np
import pytest

from barscope.charts.data import ChartData, ChartSeries, ChartSpec
from barscope.domain.bars import Bars
from barscope.domain.periods import BarPeriod
from barscope.errors import InvalidParameterError, MissingBarsError
from barscope.widgets.live_chart import LiveChart
from barscope.widgets.live_figure import LiveFigure, Move

N = 20_000


def bars(n: int = N, seed: int = 3) -> Bars:
    """Minutes without gaps."""
    rng = np.random.default_rng(seed)
    close = np.round(100 + np.cumsum(rng.standard_normal(n)) / 10, 2)
    return Bars(np.arange(n) * 60 * 10**9, close, close + 0.5, close - 0.5, close, np.full(n, 100))


@pytest.fixture
def data() -> ChartData:
    """20,000 minutes with one overlay and one oscillator."""
    b = bars()
    series = (ChartSeries("SMA", b.close), ChartSeries("RSI", b.close - 50, pane="own"))
    return ChartData("AAPL", b, BarPeriod.MINUTE, series)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list:
    """Every step sent to the figure: (arrays, layout, source)."""
    sent, real = [], LiveFigure.step

    def step(self, arrays, layout, source=None):
        sent.append((arrays, layout, source))
        real(self, arrays, layout, source)

    monkeypatch.setattr(LiveFigure, "step", step)
    return sent


def drag(chart: LiveChart, first: float, last: float, kind: str = "view") -> None:
    """What a page says when a person moves its view."""
    for listener in chart.widget._listeners:
        listener(Move(kind, "v1", 800, (first, last)))


def drawn(chart: LiveChart) -> np.ndarray:
    """The positions of the candles in the figure."""
    return np.asarray(chart.widget.data[0].x)


def test_zoom_draws_the_candles_of_the_range(data):
    """A view of 200 bars has each of them as a candle, and the margins beside it."""
    chart = LiveChart(data)
    chart.zoom(5_000, 5_200)
    assert chart.visible == (5_000, 5_200)
    np.testing.assert_array_equal(drawn(chart), np.arange(4_950, 5_251))
    np.testing.assert_allclose(chart.widget.data[0].close, data.bars.close[4_950:5_251], rtol=1e-6)


def test_y_follows_the_visible_range(data):
    """The price axis is fitted to each view."""
    chart = LiveChart(data)
    for first in (100, 9_000, 19_500):
        chart.zoom(first, first + 300)
        low, high = data.bars.low[first : first + 301].min(), data.bars.high[first : first + 301].max()
        bottom, top = chart.widget.layout.yaxis.range
        assert bottom < low < high < top < high + 0.5 * (high - low)


def test_panning_inside_the_margin_sends_no_candles(data, steps):
    """A drag by a tenth of the view sends ranges and labels only; by a whole view it sends candles."""
    chart = LiveChart(data)
    drag(chart, 5_000, 5_200)
    drag(chart, 5_020, 5_220)
    drag(chart, 5_300, 5_500)
    assert [bool(arrays) for arrays, _, _ in steps] == [True, False, True]


def test_the_view_that_was_dragged_is_not_told_its_own_range(data, steps):
    """The answer to a drag names the view it came from; the answer to the wheel is for every view."""
    chart = LiveChart(data)
    drag(chart, 5_000, 5_200)
    drag(chart, 5_000, 5_100, "wheel")
    drag(chart, -9_000, -8_000)
    assert [source for _, _, source in steps] == ["v1", None, None]


def test_home_shows_all_bars(data):
    """Home, by call or by button, ends at the whole range."""
    chart = LiveChart(data)
    chart.zoom(1, 50)
    chart.home()
    assert chart.visible == (-0.5, N - 0.5)
    chart.zoom(1, 50)
    for listener in chart.widget._listeners:
        listener(Move("home", "v1", 800))
    assert chart.visible == (-0.5, N - 0.5)
    assert chart.spec.width == 800


def test_keys_pan_and_zoom(data):
    """Arrows move by a fifth of the view; plus and minus keep its middle."""
    chart = LiveChart(data)
    chart.zoom(1_000, 2_000)
    for kind, expected in (("right", (1_200, 2_200)), ("left", (1_000, 2_000)), ("in", (1_150, 1_850))):
        chart._on_move(Move(kind, "v1"))
        assert chart.visible == pytest.approx(expected)
    chart._on_move(Move("out", "v1"))
    assert chart.visible == pytest.approx((1_000, 2_000))


def test_a_view_beside_the_bars_comes_back(data):
    """However far a person drags, a bar stays in view; a view never narrows below three bars."""
    chart = LiveChart(data)
    drag(chart, 10**7, 10**7 + 100)
    assert chart.visible[0] < N - 0.5
    drag(chart, 500, 500.01)
    assert chart.visible[1] - chart.visible[0] == pytest.approx(3)


def test_series_come_and_go_without_moving_the_view(data):
    """Adding a pane and taking it away keeps the figure, the range and the theme."""
    chart = LiveChart(data, ChartSpec(theme="dark"))
    widget = chart.widget
    chart.zoom(3_000, 3_500)
    chart.add_series(ChartSeries("MACD", data.bars.close, pane="own"), ChartSeries("SMA", data.bars.open))
    assert [s.name for s in chart.data.series] == ["SMA", "RSI", "MACD"]
    assert chart.widget.layout.yaxis4.domain is not None
    chart.remove_series("RSI", "MACD")
    assert [t.name for t in chart.widget.data] == ["AAPL", "Volume", "Volume", "SMA"]
    assert chart.widget is widget
    assert chart.visible == (3_000, 3_500)
    assert tuple(chart.widget.layout.xaxis.range) == (3_000, 3_500)
    assert chart.widget.layout.template.layout.paper_bgcolor == "#131722"
    with pytest.raises(InvalidParameterError, match="no series RSI in this chart: it shows SMA"):
        chart.remove_series("RSI")


def test_other_bars_of_the_same_chart(data):
    """Showing another symbol keeps the figure and the theme and shows all its bars."""
    chart = LiveChart(data, ChartSpec(theme="dark"))
    chart.zoom(1, 100)
    chart.show(ChartData("MSFT", bars(500), BarPeriod.DAY))
    assert chart.visible == (-0.5, 499.5)
    assert chart.widget.data[0].name == "MSFT"
    assert chart.spec.theme == "dark"


def test_a_chart_without_bars_stays_as_it_is(data):
    """Data that cannot be drawn change nothing."""
    chart = LiveChart(data)
    with pytest.raises(MissingBarsError):
        chart.show(ChartData("NONE", Bars(*[np.empty(0)] * 6), BarPeriod.DAY))
    assert chart.data is data


def test_an_empty_chart_waits_for_data(data):
    """Before the first show there is a widget, no range, and moves do nothing."""
    chart = LiveChart(spec=ChartSpec(theme="dark"))
    chart._on_move(Move("home", "v", 800))
    assert chart.visible is None
    with pytest.raises(InvalidParameterError, match="show"):
        chart.home()
    chart.set_theme("light")
    chart.show(data)
    assert chart.spec.theme == "light"


class StillLoop:
    """A loop whose clock stands until the test moves it."""

    def __init__(self) -> None:
        self.later: list[tuple[float, Callable[[], None]]] = []

    def is_running(self) -> bool:
        """Always."""
        return True

    def call_soon_threadsafe(self, call: Callable[..., None], *values: object) -> None:
        """At once."""
        call(*values)

    def call_later(self, delay: float, call: Callable[[], None]) -> str:
        """When the test says so."""
        self.later.append((delay, call))
        return "timer"


def test_only_the_newest_of_quick_moves_counts(data, steps):
    """The first move is drawn at once; of those within 40 ms after it, the last; then all is quiet."""
    chart = LiveChart(data)
    chart._loop = loop = StillLoop()
    for k in range(50):
        drag(chart, 1_000 + k, 2_000 + k)
    assert chart.visible == (1_000, 2_000)
    assert [delay for delay, _ in loop.later] == [0.04]
    loop.later.pop()[1]()
    assert chart.visible == (1_049, 2_049)
    loop.later.pop()[1]()
    assert loop.later == []
    assert len(steps) == 2


def test_moves_from_another_thread_are_drawn_on_the_loop(data, monkeypatch):
    """A handler on a subshell thread hands its move to the loop the chart was made on."""
    drawn_on: list[int] = []
    monkeypatch.setattr(LiveFigure, "step", lambda *_: drawn_on.append(threading.get_ident()))

    async def run() -> None:
        chart = LiveChart(data)
        await asyncio.to_thread(drag, chart, 10, 20)
        while not drawn_on:
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(run(), 10))
    assert drawn_on == [threading.get_ident()]


def test_it_prints_what_it_shows(data):
    """The repr names data and spec, and costs nothing."""
    text = repr(LiveChart(data))
    assert "'AAPL', 20000 bars of 1m, 2 series" in text
    assert len(text) < 400


def test_the_drag_tool_a_person_chose_stays(data):
    """Drawing the figure anew does not turn box zoom back into pan."""
    chart = LiveChart(data)
    chart.widget.layout.dragmode = "zoom"
    chart.set_theme("dark")
    assert chart.widget.layout.dragmode == "zoom"


def test_a_zoom_step_at_a_million_bars_keeps_its_budget(monkeypatch):
    """With five series the median step takes the kernel less than 20 ms, and none sends more than 60 kB."""
    sizes: list[int] = []

    def publish(_comm, _type, data=None, _metadata=None, buffers=None, **_keys):
        sizes.append(len(json.dumps(data or {})) + sum(memoryview(b).nbytes for b in buffers or ()))

    b = bars(1_000_000)
    series = tuple(ChartSeries(f"S{k}", b.close + k, pane="own" if k > 2 else "price") for k in range(5))
    chart = LiveChart(ChartData("A", b, BarPeriod.MINUTE, series))
    chart.zoom(0, 10)
    monkeypatch.setattr(comm.DummyComm, "publish_msg", publish)
    times, bytes_ = [], []
    for k in range(31):
        sizes.clear()
        begin = time.thread_time()
        chart.zoom(1_000 * k, 1_000 * k + 960_000 / 1.4**k)
        times.append(time.thread_time() - begin)
        bytes_.append(sum(sizes))
    assert sorted(times)[15] < 0.02
    assert 30_000 < max(bytes_) < 60_000
    milliseconds = [round(t * 1e3, 1) for t in sorted(times)]
    print(f"\nkernel ms a step: median {milliseconds[15]}, worst {milliseconds[-1]}; bytes: worst {max(bytes_)}")


def test_a_pan_in_percent_sends_what_its_new_base_changes(data, steps):
    """The first visible bar is 0 percent, so a drag to another one sends prices with their new base."""
    chart = LiveChart(data, ChartSpec(scale="percent"))
    drag(chart, 5_000, 5_200)
    drag(chart, 5_020, 5_220)
    assert [arrays[0]["meta"] for arrays, _, _ in steps] == [
        ["1m", data.bars.close[5_000]],
        ["1m", data.bars.close[5_020]],
    ]


def test_a_step_repeats_no_shapes_and_texts(data, steps):
    """Lines and tags that stay the same are not sent again."""
    chart = LiveChart(data)
    drag(chart, 5_000, 5_200)
    assert not {"shapes", "annotations"} & set(steps[0][1])
