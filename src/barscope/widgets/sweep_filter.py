"""The filter over the children of a sweep, as a person types it: `sharpe > 1, fast_period <= 20, AAPL`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from barscope.charts.sweep_metrics import metric_of
from barscope.errors import InvalidParameterError, close_matches, cut
from barscope.studies.sweep_frame import PARAM

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from barscope.studies.sweep_result import SweepResult

EXAMPLE = "sharpe > 1, max_drawdown < 20%"
_CONDITION = re.compile(r"\s*(.+?)\s*(<=|>=|!=|=|<|>)\s*(.+?)\s*")
_WORDS = ("symbol", "stretch", "state")


def filter_of(result: SweepResult, text: str) -> pl.Expr | None:
    """The children that hold every condition, and every word in symbol, stretch or state; None is all.

    Raises:
        InvalidParameterError: If a name is neither a parameter nor a metric, or a value is no number where one is
            compared.
    """
    columns = _columns(result)
    found = [_condition(part, columns) for part in text.split(",") if part.strip()]
    if not found:
        return None
    whole = found[0]
    for condition in found[1:]:
        whole &= condition
    return whole


def _columns(result: SweepResult) -> Mapping[str, str]:
    """What a person may call a column → the column."""
    names = {"combination": "combination", "symbol": "symbol", "stretch": "stretch", "state": "state"}
    for metric in result.metrics:
        names |= {metric.casefold(): metric, metric_of(metric).label.casefold(): metric}
    return names | {name.casefold(): f"{PARAM}{name}" for name in result.parameter_names}


def _condition(part: str, columns: Mapping[str, str]) -> pl.Expr:
    import polars as pl

    found = _CONDITION.fullmatch(part)
    if found is None:
        word = part.strip().casefold()
        holds = [pl.col(name).str.to_lowercase().str.contains(word, literal=True) for name in _WORDS]
        return pl.any_horizontal(*holds)
    name, how, text = found.groups()
    column = columns.get(name.casefold())
    if column is None:
        near = close_matches(name.casefold(), columns)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(columns)}"
        raise InvalidParameterError(f"{cut(name)} is neither a parameter nor a metric: {hint}")
    value = _value(text)
    field = pl.col(column)
    if isinstance(value, str):
        if how not in ("=", "!="):
            raise InvalidParameterError(f"{cut(part.strip())}: {cut(text)} is no number to compare with")
        same = field.cast(pl.String) == value
        return same if how == "=" else ~same
    if column in _WORDS:
        raise InvalidParameterError(f"{cut(part.strip())}: {column} is a text; write the word alone")
    compared: dict[str, pl.Expr] = {
        "<": field < value,
        "<=": field <= value,
        ">": field > value,
        ">=": field >= value,
        "=": field == value,
        "!=": field != value,
    }
    return compared[how]


def _value(text: str) -> Any:  # noqa: ANN401  # a number, a truth value or a text
    if text.endswith("%"):
        number = _value(text[:-1].strip())
        return number / 100 if isinstance(number, int | float) else text
    try:
        value = json.loads(text.lower() if text.lower() in ("true", "false") else text)
    except ValueError:
        return text.strip("\"'")
    return value if isinstance(value, bool | int | float) else text.strip("\"'")
