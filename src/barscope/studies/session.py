"""An explorer session is one choice of bars, under which indicators are tried and kept: its id, and their states."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from barscope.studies.request import ExplorerRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from barscope.store.session_values import ExplorerSession


@dataclass(frozen=True, slots=True)
class IndicatorState:
    """An indicator of a session and where it stands.

    Attributes:
        run_id: The run that holds, or will hold, its series.
        class_name: The indicator.
        params: Its parameters, defaults filled in.
        series: The names of its series.
        status: A job status while it lives; `completed`, `failed` or `cancelled` afterwards.
        stage: What is being done now.
        progress: 0 to 1.
        error: Why it failed, or None.
        timeframe: The longer bars it is computed on, or None.
    """

    run_id: str
    class_name: str
    params: dict[str, object]
    series: tuple[str, ...]
    status: str
    stage: str = ""
    progress: float = 0.0
    error: str | None = None
    timeframe: str | None = None


def compute_session_id(
    publisher_id: int,
    rtype: int,
    symbols: Iterable[str],
    start_date: str | None = None,
    end_date: str | None = None,
    symbol_type: str = "raw_symbol",
    options: Mapping[str, Any] | None = None,
) -> str:
    """The id of the session of a choice of bars: a SHA-256 over its JSON, hexadecimal.

    Options (`BarChoice.options`) are keys of that JSON only where they are set, so bars as stored have the id of
    everyone who follows the contract.
    """
    choice = {
        "publisher_id": publisher_id,
        "rtype": rtype,
        "symbols": sorted(symbols),
        "start_date": start_date,
        "end_date": end_date,
        "symbol_type": symbol_type,
        **(options or {}),
    }
    return hashlib.sha256(json.dumps(choice, sort_keys=True).encode()).hexdigest()


def source_of(session: ExplorerSession) -> ExplorerRequest:
    """The choice of bars of a session, as a request without indicators.

    Raises:
        InvalidParameterError: If it has an option that this barscope does not know.
    """
    return ExplorerRequest(
        symbols=session.symbols,
        rtype=session.rtype,
        publisher_id=session.publisher_id,
        start_date=session.start_date,
        end_date=session.end_date,
        symbol_type=session.symbol_type,
        **session.options,
    )


def session_id_of(request: ExplorerRequest) -> str:
    """The id of the session a request belongs to."""
    return compute_session_id(
        request.publisher_id,
        request.rtype,
        request.symbols,
        request.start_date,
        request.end_date,
        request.symbol_type,
        request.options(),
    )
