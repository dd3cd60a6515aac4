"""Certificates on the screen: examined in the background one at a time, and shown in a line of their own."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal

import ipywidgets as widgets

from barscope.charts.text import titled
from barscope.indicators.certificates import certify
from barscope.jobs import JobStatus, Stage
from barscope.widgets.fields import text_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barscope.indicators.certificates import Certificate
    from barscope.indicators.core import Indicator
    from barscope.jobs import Job, JobRunner

STAGES = (Stage("examining"),)
Tone = Literal["good", "warn", "bad"]
_SIGNS = {"good": "✓", "warn": "!", "bad": "✗"}
_numbers = itertools.count(1)


class Examiner:
    """Examines indicators off the kernel's loop, one at a time, and keeps what was proven.

    Args:
        proofs: Where it works.
    """

    def __init__(self, proofs: JobRunner) -> None:
        self._proofs = proofs
        self._known: dict[Indicator, Certificate | None] = {}
        self._job: Job[Certificate] | None = None
        self._examined: Indicator | None = None

    def known(self, indicator: Indicator) -> Certificate | None:
        """What was proven of an indicator; None while it is not known."""
        return self._known.get(indicator)

    def look(self, wanted: Iterable[Indicator]) -> bool:
        """Take over what was proven, and examine the first of some indicators that is not known yet.

        What is wanted no more is not examined, so that typing asks for the last value alone.

        Returns:
            Whether one is being examined.
        """
        self._take()
        if self._job is None:
            unknown = next((indicator for indicator in wanted if indicator not in self._known), None)
            if unknown is not None:
                self._examined = unknown
                work = lambda _context: certify(unknown)  # noqa: E731
                self._job = self._proofs.submit(f"certificate-{next(_numbers)}", work, STAGES)
                self._take()
        return self._job is not None

    def _take(self) -> None:
        job = self._job
        if job is None or self._examined is None or not job.snapshot.status.is_terminal:
            return
        self._job = None
        self._known[self._examined] = job.result() if job.snapshot.status is JobStatus.COMPLETED else None


class CertificateLine:
    """What was proven of the chosen indicator: a mark in colour and two short lines, the whole of it on hover.

    Attributes:
        widget: What a panel shows.
        lines: The two lines it says; empty while nothing is proven.
    """

    def __init__(self) -> None:
        self._shown: tuple[str, Certificate | None] | None = None
        self._tone: Tone | None = None
        self.lines = ("", "")
        self._verdict = text_line().add_class("barscope-verdict")
        self._parity = text_line().add_class("barscope-hint")
        self.widget = widgets.VBox([self._verdict, self._parity]).add_class("barscope-certificate")

    def show(self, class_name: str | None, certificate: Certificate | None) -> None:
        """Show a certificate; while there is none yet, the last one of the same class stays, dimmed."""
        if (class_name, certificate) == self._shown:
            self.widget.remove_class("barscope-waiting")
            return
        is_same = self._shown is not None and self._shown[0] == class_name
        if certificate is None and is_same:
            self.widget.add_class("barscope-waiting")
            return
        self._shown = None if class_name is None else (class_name, certificate)
        self.widget.remove_class("barscope-waiting")
        self.lines = verdict, parity = ("", "") if certificate is None else lines_of(certificate)
        self._colour(None if certificate is None else tone_of(certificate))
        whole = certificate or ""
        self._verdict.value, self._parity.value = titled(verdict, whole), titled(parity, whole)

    def _colour(self, tone: Tone | None) -> None:
        if tone != self._tone:
            if self._tone is not None:
                self.widget.remove_class(f"barscope-is-{self._tone}")
            if tone is not None:
                self.widget.add_class(f"barscope-is-{tone}")
            self._tone = tone


def tone_of(certificate: Certificate) -> Tone:
    """Red for a look-ahead, orange for what could not be proven, else green."""
    if certificate.first_lookahead is not None:
        return "bad"
    return "good" if certificate.is_causal and certificate.driver_difference is None else "warn"


def lines_of(certificate: Certificate) -> tuple[str, str]:
    """The two lines: what was proven, and how it compares with TA-Lib or what to make of it."""
    sign = _SIGNS[tone_of(certificate)]
    if certificate.problem is not None:
        return f"{sign} not examined", certificate.problem
    if certificate.first_lookahead is not None:
        return f"{sign} looks ahead, first at bar {certificate.first_lookahead}", "that value changes with later bars"
    start = "no warm-up" if not certificate.warm_up else f"first value at bar {certificate.warm_up}"
    if certificate.driver_difference is not None:
        return f"{sign} causal, {start}", f"bar by bar it differs from bar {certificate.driver_difference}"
    return f"{sign} causal, {start}", str(certificate.parity or "")
