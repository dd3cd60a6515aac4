"""What the screen needs of a sweep, whole or so far: pictures, rows and files, made in the background.

Nothing here computes a child; everything is read from the children that are there.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from barscope.charts.description import Description
from barscope.domain.performance.measures import LOWER_IS_BETTER
from barscope.domain.sweeps import NO_COMBINATION, SweepGrid
from barscope.errors import InvalidParameterError
from barscope.jobs import Stage
from barscope.studies.sweep_frame import PARAM
from barscope.workspace.run_view import parts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from barscope.charts.data import ChartSpec
    from barscope.charts.parallel_coordinates import Brush
    from barscope.jobs import Job
    from barscope.studies.sweep_result import SweepResult
    from barscope.workspace.run_view import FigureParts
    from barscope.workspace.shelf import Shelf

SYMBOL, STRETCH = "symbol", "stretch"
"""What a heat map may have up its side beside a parameter."""
_MOST_ROWS = 5000
_READING = (Stage("reading"),)
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class SweepLook:
    """How a sweep is looked at.

    Attributes:
        metric: Which metric.
        stretch: In which stretch.
        symbol: On which symbol; None is the mean over all.
        x: The parameter along x.
        y: The parameter along y, or `symbol` or `stretch`.
        pick: The combination that is marked; None is the best.
    """

    metric: str
    stretch: str
    symbol: str | None
    x: str
    y: str
    pick: int | None = None


@dataclass(frozen=True, slots=True)
class SweepPicture:
    """A figure of a sweep.

    Attributes:
        parts: The figure.
        description: It in words.
        grid: What a heat map shows, by which a click is told.
    """

    parts: FigureParts
    description: Description
    grid: SweepGrid | None = None


@dataclass(frozen=True, eq=False, slots=True)
class SweepRows:
    """Some children as rows.

    Attributes:
        names: The columns.
        rows: Their values.
        total: How many children there would be.
    """

    names: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    total: int


def enqueue(ws: Shelf, what: str, work: Callable[[], Any]) -> Job[Any]:
    """Do something for the screen without waiting for what is being computed."""
    return ws.reads.submit(f"sweep-{what}-{next(_numbers)}", lambda _context: work(), _READING)


def grid_of(result: SweepResult, look: SweepLook) -> SweepGrid:
    """A metric over two parameters, or over one of them and the symbols or stretches."""
    if look.y not in (SYMBOL, STRETCH):
        return result.grid(look.metric, look.x, look.y, look.symbol, look.stretch)
    if look.y == SYMBOL:
        sides: dict[str, tuple[str | None, str]] = {s: (s, look.stretch) for s in result.request.symbols}
    else:
        sides = {stretch: (look.symbol, stretch) for stretch in result.stretches}
    tried = {name: result.ranking(look.metric, stretch, symbol) for name, (symbol, stretch) in sides.items()}
    column = f"{PARAM}{look.x}"
    listed = list(result.axes[look.x]) or sorted({v for ranked in tried.values() for v in ranked[column].to_list()})
    places = {value: place for place, value in enumerate(listed)}
    values = np.full((len(tried), len(listed)), np.nan)
    numbers = np.full(values.shape, NO_COMBINATION, np.int64)
    for row, ranked in enumerate(tried.values()):
        for value, found, number in ranked.select(column, look.metric, "combination").rows():
            if numbers[row, places[value]] == NO_COMBINATION:  # the best comes first
                values[row, places[value]], numbers[row, places[value]] = found, number
    return SweepGrid(look.x, tuple(listed), look.y, tuple(tried), look.metric, values, numbers)


def heatmap(result: SweepResult, look: SweepLook, spec: ChartSpec) -> SweepPicture:
    """The heat map with the pick, and a line around the cells next to the pick of the plateau view."""
    from barscope.charts.sweep_heatmap import describe_heatmap, heatmap_figure

    grid = grid_of(result, look)
    pick = look.pick if look.pick is not None else best_of(result, look)
    figure = heatmap_figure(grid, spec, pick=pick, plateau=plateau_of(result, look, grid))
    return SweepPicture(parts_of(figure), describe_heatmap(grid, pick), grid)


def best_of(result: SweepResult, look: SweepLook) -> int | None:
    """The best combination; None where none has the metric yet."""
    ranked = result.ranking(look.metric, look.stretch, look.symbol)
    return int(ranked["combination"][0]) if len(ranked) else None


def plateau_of(result: SweepResult, look: SweepLook, grid: SweepGrid) -> tuple[int, ...]:
    """The combination with the best neighbourhood, and those in the cells beside it; empty where that is not known."""
    from barscope.studies.sweep_judgement import plateau

    try:
        ranked = plateau(result.children, look.metric, look.symbol, look.stretch)
    except InvalidParameterError:  # too few are there yet
        return ()
    score = ranked["score"][0] if len(ranked) else None
    cell = grid.cell_of(int(ranked["combination"][0])) if score is not None else None
    if cell is None or look.y in (SYMBOL, STRETCH):
        return ()
    row, column = cell
    beside = grid.combinations[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
    return tuple(int(number) for number in beside.ravel() if number != NO_COMBINATION)


def lines(result: SweepResult, look: SweepLook, spec: ChartSpec, brushes: Sequence[Brush]) -> SweepPicture:
    """The combinations as parallel coordinates."""
    from barscope.charts.parallel_coordinates import describe_parallel, parallel_figure

    found = result.lines(look.metric, look.symbol, look.stretch)
    figure = parallel_figure(found, look.metric, spec, labels=labels_of(result, look), brushes=brushes)
    return SweepPicture(parts_of(figure), describe_parallel(found, look.metric))


def labels_of(result: SweepResult, look: SweepLook) -> dict[str, list[Any]]:
    """Of parameters that are no numbers: what stands at each place."""
    ranked = result.ranking(look.metric, look.stretch, look.symbol)
    columns = {name: ranked[f"{PARAM}{name}"] for name in result.parameter_names}
    return {name: column.unique().sort().to_list() for name, column in columns.items() if not column.dtype.is_numeric()}


def rows(result: SweepResult, filtered: pl.Expr | None, order: str) -> SweepRows:
    """The first children by a metric, those that a filter leaves."""
    found = _table(result, filtered)
    if order in found.columns:
        found = found.sort(order, descending=order not in LOWER_IS_BETTER, nulls_last=True, maintain_order=True)
    shown = found.head(_MOST_ROWS)
    return SweepRows(tuple(shown.columns), shown.rows(), len(found))


def csv(result: SweepResult, filtered: pl.Expr | None) -> bytes:
    """The children that a filter leaves, as CSV."""
    content = io.BytesIO()
    _table(result, filtered).write_csv(content)
    return content.getvalue()


def _table(result: SweepResult, filtered: pl.Expr | None) -> pl.DataFrame:
    """The children without what serves judgement alone; NaN as null, which sorts last."""
    import polars as pl

    from barscope.studies.sweep_frame import BLOCK_COLUMNS, TRUST

    kept = result.children.drop(*BLOCK_COLUMNS, *TRUST, strict=False).with_columns(pl.col(pl.Float64).fill_nan(None))
    return kept if filtered is None else kept.filter(filtered)
