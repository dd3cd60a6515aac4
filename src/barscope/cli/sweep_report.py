"""What `barscope sweep` tells at the end: the best, the plateau pick, what failed, and train against test."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, TypeVar

from rich.table import Table

from barscope.cli.console import STDERR, plain, say
from barscope.errors import InvalidParameterError, cut
from barscope.studies.sweep_frame import DONE, FAILED, INDICATOR, PARAM, SKIPPED, metrics_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    from barscope.charts.sweep_metrics import Metric
    from barscope.studies.sweep_columns import Pick
    from barscope.studies.sweep_judgement import DeflatedSharpe
    from barscope.studies.sweep_result import SweepResult

_PICKS: tuple[Pick, ...] = ("best", "plateau")
_REASONS = 3
_DEFLATED = ("combination", "sharpe", "trials", "expected_maximum", "probability")
T = TypeVar("T")


def check_metric(metric: str | None, way: str) -> None:
    """Refuse a metric that the children will not have.

    Raises:
        InvalidParameterError: If it is none of theirs.
    """
    names = metrics_of(way)
    if metric is not None and metric not in names:
        raise InvalidParameterError(f"no metric {cut(metric)}: there is {', '.join(names)}")


def report(result: SweepResult, metric: str | None, top: int) -> None:
    """Tell a person, on stderr."""
    from barscope.charts.sweep_metrics import metric_of

    found = findings(result, metric, top)
    known = metric_of(found["metric"])
    say(_counted(result))
    for state, reasons in found["reasons"].items():
        for why in reasons:
            say(f"  {state}: {why}")
    symbols = result.request.symbols
    over = f", mean over {len(symbols)} symbols" if len(symbols) > 1 else ""
    where = f" in {result.stretches[0]}" if len(result.stretches) > 1 else ""
    if not found["best"]:
        say(f"no combination has {known.label}{where}: look at another metric, such as total_return")
        return
    say(f"{known.label}{where}{over}:")
    STDERR.print(_best_table(found, known))
    if found["proof"]:
        say("What became of the picks (rank: the share of the others that did worse):")
        STDERR.print(_proof_table(found["proof"], known, result))
    deflated = _deflated(result)
    if deflated is not None:
        say(deflated)


def as_text(run_id: str, result: SweepResult, metric: str | None, top: int) -> str:
    """The same as JSON; a number that is not finite is null."""
    deflated = _deflated(result)
    numbers = None if deflated is None else {name: _finite(getattr(deflated, name)) for name in _DEFLATED}
    told = {"run_id": run_id, **findings(result, metric, top), "deflated_sharpe": numbers}
    return json.dumps(told, indent=2, allow_nan=False)


def findings(result: SweepResult, metric: str | None, top: int) -> dict[str, Any]:
    """Counts, the first reasons, the best, the plateau pick, and what became of both in the other stretches."""
    from barscope.studies.sweep_overview import main_metric

    chosen = metric or main_metric(result)
    around = _where_possible(lambda: result.plateau(chosen).drop_nulls("score").head(1))
    return {
        "counts": result.counts(),
        "reused": result.reused,
        "reasons": {SKIPPED: list(result.reasons.values())[:_REASONS], FAILED: _failures(result)},
        "metric": chosen,
        "best": _rows(result.ranking(chosen).head(top)),
        "plateau": None if around is None or around.is_empty() else _rows(around)[0],
        "proof": _proof(result, chosen),
    }


def _failures(result: SweepResult) -> list[str]:
    failed = result.children.filter(state=FAILED).head(_REASONS)
    return [
        f"combination {row['combination']} on {row['symbol']}, {row['stretch']}: {row['error']}"
        for row in failed.iter_rows(named=True)
    ]


def _proof(result: SweepResult, metric: str) -> list[dict[str, Any]]:
    """The picks over all symbols in the other stretches; none where there is one stretch."""
    first, *others = result.stretches
    proved = {}
    for pick in _PICKS if others else ():
        how = lambda pick=pick: result.train_against_test(first, others, metric, pick=pick).tail(1)  # noqa: E731
        proved[pick] = _where_possible(how)
    return [{"pick": pick, **_rows(found)[0]} for pick, found in proved.items() if found is not None]


def _deflated(result: SweepResult) -> DeflatedSharpe | None:
    return None if result.way == INDICATOR else _where_possible(result.deflated_sharpe)


def _where_possible(judge: Callable[[], T]) -> T | None:
    """What a judgement says; None where there are too few combinations to say it."""
    try:
        return judge()
    except InvalidParameterError:
        return None


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Each row with its parameters together under `parameters`."""
    params = [name for name in frame.columns if name.startswith(PARAM)]
    return [
        {
            "combination": row["combination"],
            "parameters": {name.removeprefix(PARAM): row[name] for name in params},
            **{name: _finite(value) for name, value in row.items() if name not in (*params, "combination")},
        }
        for row in frame.iter_rows(named=True)
    ]


def _finite(value: Any) -> Any:  # noqa: ANN401  # any value of a column
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _counted(result: SweepResult) -> str:
    counts = result.counts()
    said = [f"{counts[state]:,} {state}" for state in (DONE, SKIPPED, FAILED) if counts[state]]
    return ", ".join([*said, *([f"{result.reused:,} known before"] if result.reused else [])])


def _best_table(found: Mapping[str, Any], metric: Metric) -> Table:
    plateau = found["plateau"]
    shown = list(found["best"])
    if plateau is not None and plateau["combination"] not in [row["combination"] for row in shown]:
        shown.append(plateau)
    table = Table("", "combination", *(shown[0]["parameters"] if shown else ()), metric.label, box=None)
    for place, row in enumerate(shown):
        marks = ["best"] if place == 0 else []
        marks += ["plateau"] if plateau is not None and row["combination"] == plateau["combination"] else []
        table.add_row(*_cells(", ".join(marks), row), plain(_text(metric, row[metric.name])))
    return _aligned(table)


def _proof_table(proof: list[dict[str, Any]], metric: Metric, result: SweepResult) -> Table:
    first, *others = result.stretches
    heads = [head for stretch in others for head in (stretch, "rank")]
    table = Table("", "combination", *proof[0]["parameters"], first, *heads, box=None)
    for row in proof:
        cells = [_text(metric, row[f"{metric.name}:{first}"])]
        for stretch in others:
            rank = row[f"rank:{stretch}"]
            cells += [_text(metric, row[f"{metric.name}:{stretch}"]), "–" if rank is None else f"{rank:.0%}"]
        table.add_row(*_cells(row["pick"], row), *map(plain, cells))
    return _aligned(table)


def _aligned(table: Table) -> Table:
    """Numbers to the right, and no line broken."""
    for column in table.columns:
        column.no_wrap, column.justify = True, "right" if column.header else "left"
    return table


def _cells(mark: str, row: Mapping[str, Any]) -> list[Any]:
    return [plain("–" if x is None else x) for x in (mark, row["combination"], *row["parameters"].values())]


def _text(metric: Metric, value: float | None) -> str:
    return "–" if value is None else metric.text(value)
