"""Segments found, drawn as thumbnails and summed up in the background: of a large run, or of what a chart shows."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from barscope.charts.clock import local_ns, moment_text
from barscope.charts.data import ChartData
from barscope.charts.thumbnail import svg
from barscope.domain.periods import period_of_rtype
from barscope.jobs import JobContext, Stage
from barscope.studies.forward_returns import HORIZONS, forward_returns
from barscope.studies.results import SymbolColumns
from barscope.workspace.segments import find_segments

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.charts.data import Theme
    from barscope.jobs import Job
    from barscope.studies.forward_returns import ReturnSpread
    from barscope.studies.segments import Cutting
    from barscope.workspace.run import Run
    from barscope.workspace.segments import Segments
    from barscope.workspace.workspace import Workspace

SEARCHING, SUMMING, DRAWING = Stage("cutting bars", 3), Stage("summing up returns", 1), Stage("drawing")
PAGE = 24
"""Thumbnails drawn at once."""
CAPTION_HORIZON = 5
"""Bars after the signal that a caption tells the return of."""
_LEAST_AROUND = 12
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, eq=False)
class SegmentView:
    """The segments of what a chart shows.

    Attributes:
        chart: Symbol, bars and series that were searched.
        segments: What was found.
        spreads: How forward returns are spread, by horizon and sample.
    """

    chart: ChartData
    segments: Segments
    spreads: dict[tuple[int, str], ReturnSpread]

    def title(self, n: int) -> str:
        """When segment `n` begins, in the time of the chart."""
        return self._moment(self._stretch(n)[0])

    def range(self, n: int) -> tuple[int, int]:
        """First and last position of segment `n` without context."""
        return self._stretch(n)

    def shown(self, n: int) -> tuple[int, int]:
        """First and last position to look at: the segment with its context and at least some bars around it."""
        spans = self.segments.found[0].spans
        first, last = self._stretch(n)
        around = max(_LEAST_AROUND, (last - first + 1) // 2)
        start, stop = min(int(spans.start[n]), first - around), max(int(spans.stop[n]) - 1, last + around)
        return max(start, 0), min(stop, len(self.chart.bars) - 1)

    def outcome(self, n: int, horizon: int = CAPTION_HORIZON) -> float:
        """The forward return of segment `n`."""
        signal = int(self.segments.found[0].spans.signal[n])
        return float(forward_returns(self.chart.bars.close[signal : signal + horizon + 1], horizon)[0])

    def _stretch(self, n: int) -> tuple[int, int]:
        spans = self.segments.found[0].spans
        start, stop = spans.condition or (spans.start, spans.stop)
        return int(start[n]), int(stop[n]) - 1

    def _moment(self, position: int) -> str:
        local = local_ns(self.chart.bars.ts[position : position + 1], self.chart.zone, self.chart.period)
        return moment_text(int(local[0]), self.chart.period)


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """One segment as a small picture.

    Attributes:
        number: Place of the segment, from 0.
        svg: The picture.
        title: When it begins.
        outcome: Its return some bars later; NaN where the bars end before.
    """

    number: int
    svg: str
    title: str
    outcome: float


def enqueue_segments(ws: Workspace, run: Run, how: Cutting, symbol: str | None = None) -> Job[Segments]:
    """`run.segments` in the background, symbol by symbol, without waiting for explorations.

    Args:
        ws: The workspace of the run.
        run: A completed run.
        how: The way to cut its bars.
        symbol: One symbol; None is all of the run.
    """

    def work(context: JobContext) -> Segments:
        context.enter(SEARCHING.label)
        symbols = run.symbols if symbol is None else (symbol,)
        period = period_of_rtype(run.config["rtype"])
        return find_segments(how, symbols, run.columns, period, run.zone, _telling(context, len(symbols)))

    return ws.reads.submit(f"segments-{next(_numbers)}", work, (SEARCHING,))


def enqueue_segment_view(ws: Workspace, chart: ChartData, how: Cutting) -> Job[SegmentView]:
    """Cut the bars of a chart, whose series a condition can name, and sum up what came after the segments."""

    def work(context: JobContext) -> SegmentView:
        context.enter(SEARCHING.label, f"{len(chart.bars):,} bars")
        columns = SymbolColumns(chart.bars, {series.name: series.values for series in chart.series})
        found = find_segments(how, [chart.symbol], lambda _symbol: columns, chart.period, chart.zone)
        context.enter(SUMMING.label)
        return SegmentView(chart, found, found.spreads(HORIZONS))

    return ws.reads.submit(f"segments-{next(_numbers)}", work, (SEARCHING, SUMMING))


def enqueue_thumbnails(
    ws: Workspace, view: SegmentView, first: int, size: tuple[int, int], theme: Theme
) -> Job[tuple[Thumbnail, ...]]:
    """Draw up to `PAGE` segments from place `first` on, each with its stretch marked."""
    numbers = range(first, min(first + PAGE, len(view.segments)))

    def work(context: JobContext) -> tuple[Thumbnail, ...]:
        context.enter(DRAWING.label)
        return tuple(_thumbnail(context, view, n, size, theme) for n in numbers)

    return ws.reads.submit(f"thumbnails-{next(_numbers)}", work, (DRAWING,))


def _thumbnail(context: JobContext, view: SegmentView, n: int, size: tuple[int, int], theme: Theme) -> Thumbnail:
    context.check()
    (start, last), (first, end), chart = view.shown(n), view.range(n), view.chart
    bars = slice(start, last + 1)
    series = tuple(replace(s, values=s.values[bars]) for s in chart.series if s.pane == "price")
    part = ChartData(chart.symbol, chart.bars.rows(start, last + 1), chart.period, series, chart.zone)
    picture = svg(part, size=size, theme=theme, highlight=(first - start, end - start))
    return Thumbnail(n, picture, view.title(n), view.outcome(n))


def _telling(context: JobContext, total: int) -> Callable[[int, str], None]:
    return lambda done, symbol: context.report(done / total, f"{symbol}, {done:,} of {total:,} symbols")
