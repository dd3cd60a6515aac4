"""The sweeps a panel lists. No widgets here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.charts.text import plain
from barscope.errors import InvalidParameterError
from barscope.studies.recorded_request import request_of
from barscope.studies.sweep_request import SweepRequest
from barscope.widgets.formats import moment
from barscope.widgets.run_queue import RunQueue

if TYPE_CHECKING:
    from barscope.jobs import Job
    from barscope.store.run_reader import RunRecord
    from barscope.workspace.workspace import Workspace


class SweepQueue(RunQueue[SweepRequest]):
    """Sweeps by run id, newest first."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, "sweep", SweepRequest, _recorded_name, _outcome)

    def add(self, job: Job[Any], request: SweepRequest) -> None:
        """List a sweep that was queued."""
        self.put(job, label_of(request))


def label_of(request: SweepRequest) -> str:
    """What a person called it, or what it tries on which symbols."""
    symbols = request.symbols
    shown = ", ".join(plain(symbol) for symbol in symbols[:3]) + (f" +{len(symbols) - 3}" if len(symbols) > 3 else "")
    named = request.name.strip()
    return named or f"{request.target} · {', '.join(request.parameters)} · {shown}"


def _recorded_name(record: RunRecord) -> str:
    try:
        request = request_of(record.config)
    except InvalidParameterError:
        return record.name
    return label_of(request) if isinstance(request, SweepRequest) else record.name


def _outcome(record: RunRecord) -> str:
    """When it began, and how many children are there."""
    began = moment(record.ts_start)
    counts = record.metadata.get("sweep")
    if not counts:
        return began
    failed = f", {counts['failed']:,} failed" if counts.get("failed") else ""
    return f"{counts.get('done', 0):,} done{failed} · {began}"
