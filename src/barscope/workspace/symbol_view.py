"""What the screen needs of one symbol of a session: its bars and the series of its runs, read in the background."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from barscope.errors import DataError, StoreError
from barscope.jobs import JobContext, Stage
from barscope.studies.choice import resolve_choice
from barscope.workspace.chart_data import chart_series, roll_marks
from barscope.workspace.session_shades import session_shades

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from barscope.charts.data import ChartSeries, Highlight, VerticalMark
    from barscope.domain.bars import Bars
    from barscope.jobs import Job
    from barscope.studies.bar_source import BarSource
    from barscope.studies.request import BarChoice
    from barscope.workspace.workspace import Workspace

STAGES = (Stage("loading bars", 4), Stage("opening results", 1))
STALE = "the stored bars have changed since it was computed"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class SymbolView:
    """The bars of one symbol and what runs have computed on them.

    Attributes:
        symbol: The symbol.
        bars: Its bars in the range of the session.
        series: Run id → its series, all of the length of the bars.
        problems: Run id → why its series cannot be shown on these bars.
        shades: The hours between regular sessions.
        marks: The rolls of a continuous future.
    """

    symbol: str
    bars: Bars
    series: Mapping[str, tuple[ChartSeries, ...]]
    problems: Mapping[str, str]
    shades: tuple[Highlight, ...] = ()
    marks: tuple[VerticalMark, ...] = ()


def enqueue_view(ws: Workspace, source: BarChoice, symbol: str, run_ids: Iterable[str] = ()) -> Job[SymbolView]:
    """Read one symbol of a choice of bars, with the series of some completed runs, without waiting for explorations.

    Args:
        ws: The workspace.
        source: The choice of bars; its indicators are not looked at.
        symbol: One of its symbols.
        run_ids: Completed runs over these bars.
    """
    wanted = tuple(run_ids)
    work = lambda context: read_view(context, ws, source, symbol, wanted)  # noqa: E731
    return ws.reads.submit(f"view-{next(_numbers)}", work, STAGES)


def read_view(context: JobContext, ws: Workspace, source: BarChoice, symbol: str, run_ids: Sequence[str]) -> SymbolView:
    """The work of `enqueue_view`.

    Raises:
        DataError: If the symbol is unknown or has no bars in the range.
    """
    context.enter("loading bars")
    made_of = _source(ws, source, symbol)
    bars = _bars(context, ws, made_of)
    context.enter("opening results")
    series: dict[str, tuple[ChartSeries, ...]] = {}
    problems: dict[str, str] = {}
    for position, run_id in enumerate(run_ids):
        context.report(position / len(run_ids))
        try:
            run = ws.run(run_id)
            columns = run.columns(symbol)
        except (StoreError, DataError) as error:
            problems[run_id] = str(error)
            continue
        if same_bars(columns.bars, bars):
            series[run_id] = chart_series(columns, run.config.get("outputs", {}))
        else:
            problems[run_id] = STALE
    shades = session_shades(ws.calendars, source, symbol, bars)
    return SymbolView(symbol, bars, series, problems, shades, roll_marks(made_of.account(ws.bars)))


def same_bars(these: Bars, those: Bars) -> bool:
    """Whether two columns of bars are equal bar by bar."""
    if these is those:
        return True
    return all(np.array_equal(getattr(these, f.name), getattr(those, f.name)) for f in fields(these))


def _source(ws: Workspace, source: BarChoice, symbol: str) -> BarSource:
    one = source.model_copy(update={"symbols": (symbol,)})
    return resolve_choice(one, ws.secmaster, ws.calendars).sources[symbol]


def _bars(context: JobContext, ws: Workspace, source: BarSource) -> Bars:
    total = max(1, source.count(ws.bars))

    def tell(rows: int) -> None:
        context.report(min(1.0, rows / total), f"{rows:,} of {total:,} bars")

    return source.load(ws.bars, tell).bars
