"""The heavy fields of a run's state: pictures and metrics, which follow from what the run recorded."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from barscope.domain.periods import period_of_rtype
from barscope.domain.run_state import PICTURE_FORMATS, PICTURE_THEMES, PICTURE_TYPES, plain_json
from barscope.domain.time import iso
from barscope.errors import InvalidParameterError, UnknownRunError, cut
from barscope.workspace.chart_data import chart_data

if TYPE_CHECKING:
    from collections.abc import Callable

    from barscope.charts import picture as drawn
    from barscope.domain.run_state import Picture, RunState
    from barscope.store.run_states import RunStates
    from barscope.workspace.run import Run

ALL_PICTURES: tuple[Picture, ...] = tuple(
    (kind, theme, form) for kind in PICTURE_TYPES for theme in PICTURE_THEMES for form in PICTURE_FORMATS
)


def thumbnail(run: Run, which: Picture) -> bytes:
    """One picture of the outcome of a run: equity of a backtest, heat map of a sweep, else candlesticks.

    Raises:
        UnknownRunError: If the run is not completed.
        InvalidParameterError: If there is no such picture.
    """
    if which not in ALL_PICTURES:
        choices = "; ".join(", ".join(names) for names in (PICTURE_TYPES, PICTURE_THEMES, PICTURE_FORMATS))
        raise InvalidParameterError(f"no picture {cut(which)}: use one each of {choices}")
    _check_results(run)
    kind, theme, form = which
    picture = _drawn(run, kind, theme)
    return picture.svg().encode() if form == "svg" else picture.png()


def summary_statistics(run: Run) -> dict[str, Any]:
    """What came out of a run, JSON values: metrics of a backtest, of a scenario, counts of a sweep, else columns.

    Raises:
        UnknownRunError: If the run is not completed.
    """
    _check_results(run)
    if run.config.get("mode") == "backtest":
        return dict(plain_json(asdict(run.summary())))
    if isinstance(run.record.metadata.get("scenario"), dict):
        return dict(plain_json(run.record.metadata["scenario"]))
    if run.config.get("mode") == "sweep":
        from barscope.studies.sweep_overview import sweep_statistics

        return dict(plain_json(sweep_statistics(run.sweep)))
    return {symbol: _columns_of(run, symbol) for symbol in run.symbols}


def whole_state(run: Run, states: RunStates, draw: Callable[[Run, Picture], bytes] = thumbnail) -> RunState:
    """The state of a run with everything; without pictures and metrics where it did not complete.

    Args:
        run: The run.
        states: Where its state is.
        draw: Draws one picture, or has it already.
    """
    state = replace(states.get(run.run_id), source_code=states.source(run.run_id))
    try:
        summary = summary_statistics(run)
        pictures = {which: draw(run, which) for which in ALL_PICTURES}
    except UnknownRunError:
        return state
    return replace(state, visualisation=pictures, summary_statistics=summary)


def _check_results(run: Run) -> None:
    if run.status != "completed":
        raise UnknownRunError(f"run {cut(run.run_id)} is {run.status}: only completed runs have results")
    if not run.config.get("symbols") or "rtype" not in run.config:
        raise UnknownRunError(f"run {cut(run.run_id)} is of another program: its record names no symbols and no rtype")


def _drawn(run: Run, kind: str, theme: str) -> drawn.Picture:
    from barscope.charts.sweep_thumbnail import heatmap_picture
    from barscope.charts.thumbnail import LARGE, SMALL, candlesticks, equity
    from barscope.studies.sweep_overview import overview

    size = SMALL if kind == "small" else LARGE
    look: Any = {"size": size, "theme": theme}
    if run.config.get("mode") == "backtest":
        period = period_of_rtype(run.config["rtype"])
        return equity(run.result.equity, period=period, zone=run.zone, **look)
    if run.config.get("mode") == "sweep":
        return heatmap_picture(overview(run.sweep), **look)
    symbol = run.symbols[0]
    recorded = chart_data(symbol, run.columns(symbol), run.config, run.zone)
    return candlesticks(recorded, volume=kind == "large", **look)


def _columns_of(run: Run, symbol: str) -> dict[str, Any]:
    columns = run.columns(symbol)
    ts = columns.bars.ts
    return {
        "bars": len(ts),
        "first_bar": iso(int(ts[0])) if len(ts) else None,
        "last_bar": iso(int(ts[-1])) if len(ts) else None,
        "series": list(columns.series),
    }
