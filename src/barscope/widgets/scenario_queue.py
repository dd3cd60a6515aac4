"""The scenarios a panel lists. No widgets here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barscope.errors import InvalidParameterError
from barscope.studies.recorded_request import request_of
from barscope.studies.scenario_request import ScenarioRequest
from barscope.widgets.formats import count, moment
from barscope.widgets.run_queue import RunQueue

if TYPE_CHECKING:
    from barscope.jobs import Job
    from barscope.store.run_reader import RunRecord
    from barscope.workspace.workspace import Workspace


class ScenarioQueue(RunQueue[ScenarioRequest]):
    """Scenarios by run id, newest first."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, "scenario", ScenarioRequest, _recorded_name, _outcome)

    def add(self, request: ScenarioRequest) -> Job[Any]:
        """Queue a scenario; the one under way is cancelled.

        Raises:
            BarscopeError: If it does not hold; nothing changes then.
        """
        job = self._workspace.scenario(request)
        self.put(job, _label(request))
        return job


def _recorded_name(record: RunRecord) -> str:
    try:
        request = request_of(record.config)
    except InvalidParameterError:
        return record.name
    return _label(request) if isinstance(request, ScenarioRequest) else record.name


def _label(request: ScenarioRequest) -> str:
    """What a person called it, or what tells it from others of the list."""
    named = request.scenario_name.strip()
    return named or f"{request.symbol} · {request.start_date} · loan {request.loan_amount:,.10g}"


def _outcome(record: RunRecord) -> str:
    """When it began, and how many of its templates were never called where it was completed."""
    began = moment(record.ts_start)
    found = record.metadata.get("scenario")
    if record.status != "completed" or not found:
        return began
    templates = found["template_results"]
    survived = sum(template["summary_metrics"]["survived"] for template in templates)
    return f"{survived} of {count(len(templates), 'template')} survived · {began}"
