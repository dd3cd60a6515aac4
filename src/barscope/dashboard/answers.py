"""The answers of the endpoints: values of a run as strict JSON, text or a picture. No HTTP here but the status codes.

A stranger never sees the message of an exception, the text of a log record, a place in the code, or source code: each
may hold a secret or a path.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from barscope.dashboard.answer import Answer, error_answer, json_answer
from barscope.domain.run_state import PICTURE_FORMATS, PICTURE_THEMES, PICTURE_TYPES, utc
from barscope.errors import InvalidParameterError, UnknownRunError, cut
from barscope.store.run_log import NOTES
from barscope.studies.publication import public_record
from barscope.workspace.state_view import summary_statistics, thumbnail, whole_state

if TYPE_CHECKING:
    from barscope.domain.run_state import Picture, RunState
    from barscope.store.run_states import RunStates
    from barscope.workspace.run import Run

_TEXT = "text/plain; charset=utf-8"
_PICTURE_TYPES = {"svg": "image/svg+xml", "png": "image/png"}
_KEPT_PICTURES = 128

_PICTURE_CHOICES: Mapping[str, Sequence[str]] = {
    "type": PICTURE_TYPES,
    "theme": PICTURE_THEMES,
    "format": PICTURE_FORMATS,
}
"""Parameters of `/visualisation`; the first of each is what is sent when none is asked for."""


class StateSource(Protocol):
    """Where runs are: a workspace, or one for reading only."""

    def states(self) -> RunStates:
        """The states of all runs."""

    def run(self, run_id: str) -> Run:
        """A run by its id."""


Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a run.

    Attributes:
        source: Opens where the runs are.
        query: The parameters.
        is_owner: Whether the caller may see everything.
    """

    source: Callable[[], StateSource]
    query: Query
    is_owner: bool

    def state(self) -> RunState:
        """The state of the run that is asked for; by default of the one that goes on, else of the newest.

        Raises:
            UnknownRunError: If there is none.
        """
        states = self.source().states()
        state = states.get(self.query["run"]) if "run" in self.query else states.current()
        if state is None:
            raise UnknownRunError("there is no run yet: explore or backtest something first")
        return self.shown(state)

    def shown(self, state: RunState) -> RunState:
        """The state as the caller may see it."""
        if self.is_owner:
            return state
        failure = None if state.exception is None else state.exception.unexplained()
        return replace(state, exception=failure, source_code=None)


def status(asked: Asked) -> Answer:
    """How a run is doing: its state without the heavy fields; 503 with the same content when it crashed."""
    state = asked.state()
    return json_answer(state.export(), HTTPStatus.SERVICE_UNAVAILABLE if state.crashed else HTTPStatus.OK)


def source(asked: Asked) -> Answer:
    """The code that ran, as plain text."""
    run_id = asked.state().executor_id
    if not asked.is_owner:
        return error_answer(HTTPStatus.FORBIDDEN, "source code is shown to callers with a token only")
    code = asked.source().states().source(run_id)
    if code is None:
        return error_answer(HTTPStatus.NOT_FOUND, f"nobody recorded the source code of run {cut(run_id)}")
    return Answer(HTTPStatus.OK, _TEXT, code.encode("utf-8", "replace"), kept=True)


def summary(asked: Asked) -> Answer:
    """The metrics of a run; none before it completed."""
    run = asked.source().run(asked.state().executor_id)
    metrics = summary_statistics(run) if run.status == "completed" else {}
    said = {"executor_id": run.run_id, "status": run.status, "summary_statistics": metrics}
    return json_answer(said)


def metadata(asked: Asked) -> Answer:
    """What a run is: its name, times, choices and parameters, without source code and paths."""
    run = asked.source().run(asked.state().executor_id)
    record = public_record(run.record, run.zone)
    outcome = record.metadata if asked.is_owner else {k: v for k, v in record.metadata.items() if k != "error"}
    said = {
        "executor_id": record.run_id,
        "name": record.name,
        "mode": record.config.get("mode"),
        "status": record.status,
        "started_at": utc(record.ts_start).isoformat(),
        "ended_at": None if record.ts_end is None else utc(record.ts_end).isoformat(),
        "config": record.config,
        "outcome": outcome,
    }
    return json_answer(said)


def logs(asked: Asked) -> Answer:
    """The last records of a run, oldest first; a stranger sees what the run notes itself, and of others no message."""
    records = asked.source().states().logs(asked.state().executor_id)
    if not asked.is_owner:
        records = [r if r["logger"] == NOTES else r | {"message": ""} for r in records]
    return json_answer(records)


class Pictures:
    """Pictures of completed runs, drawn when first asked for and kept for a while."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int, Picture], bytes] = OrderedDict()

    def of(self, run: Run, which: Picture) -> bytes:
        """One picture of a run."""
        key = (run.run_id, run.record.ts_start, which)
        with self._lock:
            drawn = self._kept.get(key)
        if drawn is None:
            drawn = thumbnail(run, which)
            with self._lock:
                self._kept[key] = drawn
                while len(self._kept) > _KEPT_PICTURES:
                    self._kept.popitem(last=False)
        return drawn

    def visualisation(self, asked: Asked) -> Answer:
        """A picture of the run that is asked for, by default of the newest that completed; nothing before one did."""
        kind, theme, form = (asked.query.get(name, choices[0]) for name, choices in _PICTURE_CHOICES.items())
        state = asked.state() if "run" in asked.query else asked.source().states().completed()
        if state is None:
            return Answer(HTTPStatus.NO_CONTENT, _PICTURE_TYPES[form], b"")
        run = asked.source().run(state.executor_id)
        return Answer(HTTPStatus.OK, _PICTURE_TYPES[form], self.of(run, (kind, theme, form)), kept=True)

    def state(self, asked: Asked) -> Answer:
        """The whole state of a run, with pictures, metrics and source."""
        run = asked.source().run(asked.state().executor_id)
        return json_answer(asked.shown(whole_state(run, asked.source().states(), self.of)).to_dict())


def endpoints() -> dict[str, Callable[[Asked], Answer]]:
    """What each address answers."""
    pictures = Pictures()
    return {
        "status": status,
        "source": source,
        "visualisation": pictures.visualisation,
        "summary": summary,
        "metadata": metadata,
        "state": pictures.state,
        "logs": logs,
    }


def check_query(name: str, query: Query) -> None:
    """Refuse parameters and values that an address does not know.

    Raises:
        InvalidParameterError: It names the choices.
    """
    choices = _PICTURE_CHOICES if name == "visualisation" else {}
    known = ("run", *choices)
    for parameter, value in query.items():
        if parameter not in known:
            raise InvalidParameterError(f"unknown parameter {cut(parameter)}: use one of {', '.join(known)}")
        if parameter in choices and value not in choices[parameter]:
            raise InvalidParameterError(f"unknown {parameter} {cut(value)}: use one of {', '.join(choices[parameter])}")
