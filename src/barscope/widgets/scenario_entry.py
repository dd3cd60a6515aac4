"""Where a scenario would begin: entry, ratio, and how far the price may fall, read while the form is filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from barscope.charts.text import block, escape, price
from barscope.jobs import JobStatus
from barscope.widgets.fields import text_line
from barscope.widgets.scenario_cards import ratio
from barscope.workspace.scenarios import enqueue_entry

if TYPE_CHECKING:
    from barscope.jobs import Job
    from barscope.studies.scenario_entry import ScenarioEntry
    from barscope.studies.scenario_request import ScenarioRequest
    from barscope.workspace.workspace import Workspace

LABELS = ("Days", "Entry spot", "Start LTV", "Margin-call price", "Distance")


class EntryFacts:
    """A line of facts, and the reason why there will be no scenario.

    Attributes:
        widget: What a panel shows.
        texts: Label → text.
        entry: What is known, or None.
        problem: Why the scenario cannot run; empty where it can.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._job: Job[ScenarioEntry] | None = None
        self._asked: ScenarioRequest | None = None
        self.entry: ScenarioEntry | None = None
        self.problem = ""
        self.texts = dict.fromkeys(LABELS, "–")
        self._values = {label: text_line("–") for label in LABELS}
        facts = [
            widgets.Box([text_line(label).add_class("barscope-label"), value]).add_class("barscope-fact")
            for label, value in self._values.items()
        ]
        self._problem = text_line().add_class("barscope-problem")
        self.widget = widgets.Box([*facts, self._problem]).add_class("barscope-entry")

    def refuse(self, problem: str) -> None:
        """Say why there is nothing to read."""
        self._stop()
        self._asked = None
        self._show(None, problem)

    def ask(self, request: ScenarioRequest) -> None:
        """Read where a scenario would begin; nothing happens where that is known."""
        if request != self._asked:
            self._stop()
            self._asked = request
            self._job = enqueue_entry(self._workspace, request)

    def update(self) -> bool:
        """Take over what was read; tells whether it waits for more."""
        job = self._job
        if job is not None and job.snapshot.status.is_terminal:
            self._job = None
            if job.snapshot.status is JobStatus.COMPLETED:
                entry = job.result()
                self._show(entry, entry.problem or "")
            elif job.snapshot.status is JobStatus.FAILED:
                self._show(None, job.snapshot.error or "the prices cannot be read")
        return self._job is not None

    def close(self) -> None:
        """Read no further."""
        self._stop()

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _show(self, entry: ScenarioEntry | None, problem: str) -> None:
        self.entry, self.problem = entry, problem
        self.texts = dict.fromkeys(LABELS, "–") if entry is None else _texts(entry)
        for label, text in self.texts.items():
            self._values[label].value = escape(text)
        self._problem.value, self._problem.tooltip = block(problem), problem or None


def _texts(entry: ScenarioEntry) -> dict[str, str]:
    values = (
        f"{entry.days:,} from {entry.day}",
        price(entry.spot),
        ratio(entry.ltv),
        price(entry.margin_call_price),
        f"{entry.distance:+.1%}",
    )
    return dict(zip(LABELS, values, strict=True))
