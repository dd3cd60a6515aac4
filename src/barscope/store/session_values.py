"""Explorer sessions and the indicator runs of a session, as values and as rows of presets.db."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from barscope.errors import StoreError, cut
from barscope.store.json_text import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barscope.store.connections import Row


@dataclass(frozen=True, slots=True)
class ExplorerSession:
    """One choice of bars that indicators are explored on.

    Attributes:
        symbols: Sorted.
        start_date: `YYYY-MM-DD` as given, or None (as `end_date`).
        created_at: ISO 8601, UTC (as `last_opened_at`).
        pinned: Whether retention has to keep it.
        options: What its bars are made into, as the request has it; empty for bars as stored.
    """

    session_id: str
    publisher_id: int
    rtype: int
    symbols: tuple[str, ...]
    start_date: str | None
    end_date: str | None
    symbol_type: str
    created_at: str
    pinned: bool = False
    last_opened_at: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class IndicatorEntry:
    """One indicator of a run.

    Attributes:
        params_canonical: All its parameters as canonical JSON.
        series: The names of its series.
        status: Its own state: one indicator of a run can fail alone.
        source_hash: Of the code that computed it.
        error: Why it failed, or None.
        timeframe: The longer bars it was computed on, or None.
    """

    class_name: str
    params_canonical: str
    series: tuple[str, ...]
    status: str
    source_hash: str
    error: str | None = None
    timeframe: str | None = None


@dataclass(frozen=True, slots=True)
class SessionIndicator:
    """The run of one or several indicators in a session; the first fields describe the first of them.

    Attributes:
        indicator_name: What a person reads.
        data_fingerprint: Of the bars it was computed on.
        created_at: ISO 8601, UTC.
        indicators: Every indicator of the run.
    """

    run_id: str
    session_id: str
    class_name: str
    params_canonical: str
    status: str
    indicator_name: str | None
    source_hash: str | None
    data_fingerprint: str | None
    created_at: str
    error: str | None = None
    indicators: tuple[IndicatorEntry, ...] = ()


SESSION_COLUMNS = tuple(f.name for f in fields(ExplorerSession) if f.name != "options")
INDICATOR_COLUMNS = tuple(f.name for f in fields(SessionIndicator))


def session_of(row: Row) -> ExplorerSession:
    """The session of a row in the order of SESSION_COLUMNS.

    Raises:
        StoreError: If its symbols are broken.
    """
    values = dict(zip(SESSION_COLUMNS, row, strict=True))
    symbols = texts(values["symbols"], f"symbols of session {cut(row[0])} in explorer_sessions")
    return ExplorerSession(**values | {"symbols": symbols, "pinned": bool(values["pinned"])})


def indicator_of(row: Row) -> SessionIndicator:
    """The indicator run of a row in the order of INDICATOR_COLUMNS.

    Raises:
        StoreError: If its list of indicators is broken.
    """
    where = f"indicators of run {cut(row[0])} in session_indicators"
    indicator = SessionIndicator(*row)
    return replace(
        indicator, indicators=tuple(_entry(item, where) for item in json_list(str(indicator.indicators), where))
    )


def entries_json(entries: tuple[IndicatorEntry, ...]) -> str:
    """The text of the column `indicators`."""
    return to_json([asdict(entry) for entry in entries])


def json_list(text: str, where: str) -> list[Any]:
    """A stored JSON list.

    Raises:
        StoreError: If it is not one.
    """
    value = from_json(text, where)
    if not isinstance(value, list):
        raise StoreError(f"{where} is not a JSON list: correct or delete it: {cut(text)}")
    return value


def texts(text: str, where: str) -> tuple[str, ...]:
    """A stored JSON list of texts.

    Raises:
        StoreError: If it is not one.
    """
    values = json_list(text, where)
    if not all(isinstance(value, str) for value in values):
        raise StoreError(f"{where} is not a list of texts: correct or delete it: {cut(text)}")
    return tuple(values)


def _entry(item: Any, where: str) -> IndicatorEntry:  # noqa: ANN401 (JSON is of any type)
    try:
        return IndicatorEntry(**item | {"series": tuple(item["series"])})
    except (TypeError, KeyError) as error:
        raise StoreError(f"{where} holds something that is not an indicator: delete it: {cut(item)}") from error
