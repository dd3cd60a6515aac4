"""Running a recorded run again from its record, and telling whether it came out equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from barscope.errors import InvalidParameterError
from barscope.studies.comparison import Difference, config_differences, first_difference
from barscope.studies.request import ExplorerRequest
from barscope.studies.scenario_request import ScenarioRequest
from barscope.studies.sweep_request import SweepRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barscope.jobs import Job
    from barscope.workspace.run import Run
    from barscope.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Repetition:
    """A run and its repetition.

    Attributes:
        original: The recorded run.
        run: The new one.
        difference: The first event in which they differ, or None.
        changed: What the two came from differently, such as code, bars or library versions: key → the two values.
    """

    original: Run
    run: Run
    difference: Difference | None
    changed: Mapping[str, tuple[Any, Any]]

    @property
    def equal(self) -> bool:
        """Whether every event came out the same."""
        return self.difference is None

    def __str__(self) -> str:
        lines = [f"{self.run.run_id} {'equals' if self.equal else 'differs from'} {self.original.run_id}"]
        lines += [f"  first difference: {self.difference}"] if self.difference else []
        lines += [f"  changed: {key}: {old} → {new}" for key, (old, new) in self.changed.items()]
        return "\n".join(lines)

    __repr__ = __str__


def repeat(workspace: Workspace, run_id: str, timeout: float | None = None) -> Repetition:
    """Run a recorded run again and compare.

    Args:
        workspace: Where the run is.
        run_id: A completed run.
        timeout: Seconds to wait for the repetition; None is as long as it takes.

    Raises:
        UnknownRunError: If there is no such run, or it is not completed.
        InvalidParameterError: If its record does not tell how to repeat it.
        TimeoutError: If it takes longer than `timeout`; it goes on.
    """
    again = enqueue_again(workspace, run_id).result(timeout)
    return compare_again(workspace, run_id, again.run_id)


def enqueue_again(workspace: Workspace, run_id: str) -> Job[Run]:
    """Queue a recorded run once more, under an id of its own; raises as `repeat`."""
    request = workspace.run(run_id).request
    workspace.runs_store.symbols(run_id)  # only a completed run has results to compare
    if isinstance(request, ExplorerRequest):
        return workspace.explore(request, fresh=True)
    if isinstance(request, ScenarioRequest):
        return workspace.scenario(request)
    if isinstance(request, SweepRequest):
        raise InvalidParameterError("a sweep is not repeated: run it again, what is known of it is not computed anew")
    return workspace.backtest(request)


def compare_again(
    workspace: Workspace, run_id: str, again_id: str, check: Callable[[], None] = lambda: None
) -> Repetition:
    """Compare a run with its repetition.

    Args:
        workspace: Where both are.
        run_id: The original.
        again_id: The repetition.
        check: Called now and then; what it raises ends the comparison.
    """
    original, again = workspace.run(run_id), workspace.run(again_id)
    difference = first_difference(workspace.runs_store, run_id, again_id, check)
    return Repetition(original, again, difference, config_differences(original.config, again.config))
