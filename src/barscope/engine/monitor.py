"""What a run tells whoever started it, and where it learns that it should stop."""

from __future__ import annotations

from typing import Protocol

STAGES = (("validating", 1.0), ("fetching prices", 10.0), ("calculating", 50.0), ("recording", 39.0))
"""The stages of a backtest and their expected shares of the time."""


class Monitor(Protocol):
    """The starter's end of a run. Every call may raise `JobCancelledError`, which cancels the run."""

    def enter(self, label: str, message: str = "") -> None:
        """A stage begins."""

    def report(self, fraction: float, message: str = "") -> None:
        """A fraction of the stage is done, 0 to 1."""

    def check(self) -> None:
        """Here the run can be stopped."""

    def publish(self, preview: object) -> None:
        """The results, before they are recorded."""

    def seal(self) -> None:
        """From here on it is too late to cancel."""


class SilentMonitor:
    """Hears nothing and never cancels."""

    def enter(self, label: str, message: str = "") -> None:
        """Passed over."""

    def report(self, fraction: float, message: str = "") -> None:
        """Passed over."""

    def check(self) -> None:
        """Goes on."""

    def publish(self, preview: object) -> None:
        """Passed over."""

    def seal(self) -> None:
        """Passed over."""
